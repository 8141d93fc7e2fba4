"""How does the API describe itself? As an OpenAPI document, from the routes that are there."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from codesession.web.api.common import Problem

TITLE = "codesession"
DESCRIPTION = """\
What every AI agent run costs, in money, time, files and commits. Everything stays on this machine.

Money is US dollars, times are ISO 8601 in UTC with milliseconds, durations are seconds, ids are whole numbers. A cost
of `null` is not known, and not 0: the call is unpriced. Keys may be added to any answer, and are never removed or
retyped. Every answer has `X-Codesession-Api-Version: 1`; an error is a sentence (`error`) and a word (`code`).

What changes something needs the token that `cs dashboard` shows, as `Authorization: Bearer TOKEN`; on this machine,
usage can be pushed without. Reached over a network, everything needs it.
"""
_SERVERS = [
    {"url": "/api/v1", "description": "This API."},
    {"url": "/api", "description": "The same, for readers of earlier tools."},
]
_REF = "#/components/schemas/{model}"
_PUSHED = ("/calls", "/sessions/active/ai")
_FREE: dict[str, list[str]] = {}
_TOKEN: dict[str, list[str]] = {"token": []}
_SCHEMES = {"token": {"type": "http", "scheme": "bearer", "description": "The token that `cs dashboard` shows."}}
_ETAG = {"description": "Names what this answer says; send it as If-None-Match.", "schema": {"type": "string"}}
_UNCHANGED = {"description": "It is what If-None-Match names."}
_PYDANTICS = ("HTTPValidationError", "ValidationError")


def describe(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `api`; it is made once."""
    if api.openapi_schema is None:
        whole = get_openapi(
            title=api.title, version=api.version, description=api.description, routes=api.routes, servers=_SERVERS
        )
        for path, operations in whole["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        components = whole.setdefault("components", {})
        components["securitySchemes"] = _SCHEMES
        for name in _PYDANTICS:  # errors have a shape of our own
            components["schemas"].pop(name, None)
        components["schemas"]["Problem"] = Problem.model_json_schema(ref_template=_REF)
        api.openapi_schema = whole
    return api.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say of an operation what holds for all of its kind."""
    first, _, rest = operation.pop("description", "").partition("\n\n")
    if first:
        operation["summary"] = first.replace("\n", " ").removesuffix(".")
    if rest:
        operation["description"] = rest
    responses = operation["responses"]
    responses.pop("422", None)
    if method == "get":
        responses["304"] = _UNCHANGED
        if "200" in responses:
            responses["200"]["headers"] = {"ETag": _ETAG}
    is_open = method == "get" or path in _PUSHED
    operation["security"] = [_FREE, _TOKEN] if is_open else [_TOKEN]
