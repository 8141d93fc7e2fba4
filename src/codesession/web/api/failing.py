"""What is answered where something went wrong? A sentence for people and a word for programs, never a traceback."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from codesession.errors import CodesessionError, InvalidInput
from codesession.web.api.common import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from fastapi import Request, Response

LONGEST_FIELD = 100
"""Characters of a field's name that an error repeats: names may come from whoever asks."""


class NotFound(CodesessionError):
    """The API has nothing at that path."""

    code = "not_found"
    http_status = 404


class MethodNotAllowed(CodesessionError):
    """What is at that path cannot be asked like that; nothing was done."""

    code = "method_not_allowed"
    http_status = 405


class InternalError(CodesessionError):
    """A mistake of ours; a transaction that was open was rolled back."""

    code = "internal_error"
    http_status = 500


def refusal(error: CodesessionError) -> "Response":
    """An error of ours as an answer."""
    said = {"error": error.message, "code": error.code}
    return answer({**said, **error.extra, **said}, error.http_status)  # first, and whatever the facts are called


def sentence(errors: "Sequence[Any]") -> InvalidInput:
    """The first of pydantic's `errors` in one sentence that names the field, and repeats nothing else that was sent."""
    error = errors[0]
    where = [part for part in error["loc"][1:] if part not in _FORMS]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    if len(field) > LONGEST_FIELD:
        field = field[:LONGEST_FIELD] + "…"
    field = field or {"body": "the body"}.get(error["loc"][0], str(error["loc"][0]))
    said = _WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{field}: {said[0].lower()}{said[1:].rstrip('.')}.", field=field)


_FORMS = ("one", "several")
"""How `entries` tells the two forms of its body apart; not a part of what was sent."""
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "model_attributes_type": "an object was expected",
}


async def _ours(request: "Request", error: CodesessionError) -> "Response":
    del request
    return refusal(error)


async def _invalid(request: "Request", error: RequestValidationError) -> "Response":
    del request
    return refusal(sentence(error.errors()))


async def _http(request: "Request", error: HTTPException) -> "Response":
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refusal(NotFound("The API has nothing at that path; what it has is listed at /api/v1/."))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        may = sorted(_methods(request))
        response = refusal(MethodNotAllowed(f"That path takes {', '.join(may)} only."))
        response.headers["allow"] = ", ".join(may)
        return response
    return refusal(InvalidInput("What was sent cannot be read."))


def _methods(request: "Request") -> set[str]:
    """Every method that the path of a request takes; Starlette tells those of the first route only."""
    may = {
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    return may | {"HEAD"} if "GET" in may else may


async def _fault(request: "Request", error: Exception) -> "Response":
    del request
    kind = type(error).__name__
    return refusal(InternalError(f"A mistake of codesession's ({kind}); what the server prints has the details."))


HANDLERS: "dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]" = {
    CodesessionError: _ours,
    RequestValidationError: _invalid,
    HTTPException: _http,
    Exception: _fault,
}
