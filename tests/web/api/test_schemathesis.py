"""Does the API hold what its description promises, whatever is sent to it? Requests are drawn from the description.

Of each endpoint valid requests and wrong ones are drawn. No answer may be a mistake of ours or of another shape than is
described, and what is wrong has to be refused. Reading is done on a ledger that is filled, writing on another one.
"""

from __future__ import annotations

import os
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.web.api.conftest import after_two_months

from codesession.web.api import all_endpoints, build_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemathesis import Case

    from codesession.app import App

pytestmark = pytest.mark.no_cover  # many requests go where other tests go line by line

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
MOST = 500 if IS_NIGHTLY else 5
"""Requests of each kind for each endpoint."""

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
WRONG = (*CHECKS, negative_data_rejection)

FENCED = {"/proxy/start", "/proxy/stop"}
"""What acts outside of the ledger."""

DESCRIPTION = all_endpoints().openapi()
OPERATIONS = [
    pytest.param(method, path, id=f"{method} {path}")
    for path, methods in DESCRIPTION["paths"].items()
    for method in methods
    if path not in FENCED
]
ASKING = [
    pytest.param(method, path, id=f"{method} {path}")
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
    if path not in FENCED and ("parameters" in operation or "requestBody" in operation)
]
"""Those that can be asked in a wrong way."""


def schema_over(app: App) -> Any:
    """The description, to draw requests from to the API over `app`. Who may ask is tested with the guard."""
    description = deepcopy(DESCRIPTION) | {"servers": [{"url": "/"}]}
    del description["components"]["securitySchemes"]
    for methods in description["paths"].values():
        for operation in methods.values():
            del operation["security"]
    schema = schemathesis.openapi.from_dict(description)
    schema.app = build_api(app)
    return schema


@pytest.fixture(scope="module")
def schemas(busy: App, tmp_path_factory: pytest.TempPathFactory, compiled_prices: Path) -> Iterator[dict[bool, Any]]:
    """By whether only reading is done."""
    with after_two_months(tmp_path_factory, compiled_prices) as other:
        yield {True: schema_over(busy), False: schema_over(other)}


def ask(schema: Any, method: str, path: str, mode: GenerationMode) -> None:
    checks = list(WRONG if mode is GenerationMode.NEGATIVE else CHECKS)

    @settings(
        max_examples=MOST,
        database=None,
        derandomize=not IS_NIGHTLY,
        phases=(Phase.generate,) if not IS_NIGHTLY else tuple(Phase),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def one(case: Case[Any]) -> None:
        case.call_and_validate(checks=checks)

    one()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_the_description_allows_is_answered_as_it_says(schemas: dict[bool, Any], method: str, path: str) -> None:
    ask(schemas[method == "get"], method, path, GenerationMode.POSITIVE)


@pytest.mark.parametrize(("method", "path"), ASKING)
def test_what_it_does_not_allow_is_refused(schemas: dict[bool, Any], method: str, path: str) -> None:
    ask(schemas[method == "get"], method, path, GenerationMode.NEGATIVE)
