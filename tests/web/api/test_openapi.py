"""Is the API described as it is: by a valid document, with every error, and with what may be asked without a token?"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from starlette.testclient import TestClient

from codesession.web import api
from codesession.web.api import ROUTERS, all_endpoints, build_api
from codesession.web.api.common import LARGEST, MOST_DAYS, MOST_ROWS
from codesession.web.guarding import Guard, Place
from codesession.web.passes import Passes
from codesession.web.site import build_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.app import App

DOCUMENT = all_endpoints().openapi()
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]
WRITING = [each for each in OPERATIONS if each[0] != "get"]
JSON = "application/json"


def references(value: Any) -> Iterator[str]:
    """Every document that is referred to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_both_addresses_are_told(app: App) -> None:
    with TestClient(build_site(app)) as site:
        told = site.get("/api/v1/openapi.json").json()
        assert site.get("/api/openapi.json").json() == told
    assert [server["url"] for server in told["servers"]] == ["/api/v1", "/api"]
    assert (told["openapi"], told["info"]["version"]) == ("3.1.0", "1")


def test_it_is_a_valid_document() -> None:
    schemathesis.openapi.from_dict(deepcopy(DOCUMENT)).validate()
    broken = deepcopy(DOCUMENT | {"paths": {"/version": DOCUMENT["paths"]["/version"]}})
    del broken["paths"]["/version"]["get"]["responses"]["200"]["description"]
    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(broken).validate()


def test_every_reference_leads_to_a_document_and_every_document_is_used() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    known = {f"#/components/schemas/{name}" for name in schemas}
    assert set(references(DOCUMENT)) <= known
    assert known - set(references(DOCUMENT)) == set(), "nobody uses them"
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert sorted(set(names)) == sorted(names)
    assert all(name.isidentifier() for name in names)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_says_what_it_is_what_it_answers_and_how_it_refuses(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"][0].isupper()
    assert not operation["summary"].endswith(".")
    answers = operation["responses"]
    assert {"400", "401", "403", "500", "503", "default"} <= answers.keys()
    assert "422" not in answers
    for status, answer in answers.items():
        if status == "default" or int(status) >= 400:
            assert answer["content"] == {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert ("404" in answers) or "{" not in path
    assert ("304" in answers) == (method == "get")
    good = [answer for status, answer in answers.items() if status in ("200", "201")]
    assert good[0]["content"].values(), "what it answers is not described"
    for kind, content in good[0]["content"].items():  # what is a file says no more
        assert content.get("schema") or kind != JSON or path.endswith("export")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_number_that_is_asked_with_is_bounded(method: str, path: str, operation: dict[str, Any]) -> None:
    del method
    is_whole = path.endswith("export")
    for parameter in operation.get("parameters", ()):
        name, schema = parameter["name"], parameter["schema"]
        for kind in schema.get("anyOf", [schema]):
            if kind.get("type") == "integer":
                assert "minimum" in kind, name
                assert kind["maximum"] <= MOST.get(name, LARGEST) or is_whole, name


MOST = {"limit": MOST_ROWS, "days": MOST_DAYS}


def test_no_module_is_forgotten() -> None:
    modules = [file.stem for file in Path(api.__file__).parent.glob("*.py") if "\nrouter = " in file.read_text("utf-8")]
    assert sorted(ROUTERS) == sorted(modules)


# --- what is answered ---


def undescribed(schema: Any, value: Any, where: str = "") -> Iterator[str]:
    """Every key of an answer that its description does not have."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        missing = [list(undescribed(each, value, where)) for each in schema["anyOf"] if fits(each, value)]
        yield from min(missing, key=len, default=[f"{where}: nothing fits"])
    elif isinstance(value, list):
        for each in value:
            yield from undescribed(schema["items"], each, f"{where}[]")
    elif isinstance(value, dict):
        others = schema.get("additionalProperties", False)
        for key, inner in value.items():
            described = schema.get("properties", {}).get(key, others)
            if described is False:
                yield f"{where}.{key}"
            elif described is not True:
                yield from undescribed(described, inner, f"{where}.{key}")


def fits(schema: Any, value: Any) -> bool:
    """Whether a value is of the kind that a part of a description is about."""
    kinds: dict[str, type] = {"null": type(None), "array": list, "string": str, "boolean": bool}
    kind = "object" if "$ref" in schema else schema.get("type")
    if kind in ("integer", "number"):
        return isinstance(value, (int, float))
    return isinstance(value, kinds.get(kind, dict))


@pytest.fixture(scope="module")
def names(busy: App) -> dict[str, int]:
    """What stands for a name in a path."""
    with busy.ledger.reading() as reader:
        (session, _) = reader.sessions(3)[2]
        return {"session_id": session.id, "call_id": reader.calls(session.id)[0].id}


READING = [
    (path, operation)
    for method, path, operation in OPERATIONS
    if method == "get" and "diff" not in path and "export" not in path and path != "/changelog"
]


@pytest.mark.parametrize(("path", "operation"), READING, ids=[path for path, _ in READING])
def test_an_answer_has_no_key_that_is_not_described(
    busy: App, names: dict[str, int], path: str, operation: dict[str, Any]
) -> None:
    with TestClient(build_api(busy)) as client:
        answer = client.get(path.format(**names), params={"limit": 100})
    assert answer.status_code == 200
    schema = operation["responses"]["200"]["content"][JSON]["schema"]
    assert sorted(set(undescribed(schema, answer.json()))) == []


# --- who may ask ---

TOKEN = "t" * 43


@pytest.fixture
def guarded(app: App) -> Iterator[TestClient]:
    """The site as it is served on this machine, asked by a program."""
    guard = Guard(build_site(app), Place("127.0.0.1", 80, frozenset({"testserver"})), Passes(TOKEN, 80))
    with TestClient(guard) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "operation"), WRITING, ids=[f"{method} {path}" for method, path, _ in WRITING]
)
def test_what_needs_the_token_is_refused_without_it(
    guarded: TestClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    answer = guarded.request(method, f"/api/v1{path}", json={"unknown": 1})
    assert (answer.status_code == 401) == ({} not in operation["security"])
    if answer.status_code == 401:
        assert answer.json()["code"] == "token_required"


def test_what_only_reads_needs_none(guarded: TestClient) -> None:
    assert guarded.get("/api/v1/version").status_code == 200
    reading = [operation["security"] for method, _, operation in OPERATIONS if method == "get"]
    assert reading == [[{}, {"token": []}]] * len(reading)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_method_that_is_not_described_is_refused_with_those_that_are(guarded: TestClient, path: str) -> None:
    described = {method.upper() for method in DOCUMENT["paths"][path]}
    described |= {"HEAD"} if "GET" in described else set()
    filled = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
    method = next(each for each in ("PATCH", "PUT", "DELETE", "POST") if each not in described)
    answer = guarded.request(method, f"/api/v1{filled}", headers={"authorization": f"Bearer {TOKEN}"}, json={})
    assert answer.status_code == 405
    assert described <= set(answer.headers["allow"].split(", "))
