"""Are requests read strictly, errors told as documents, and answers tagged, whatever the endpoint?"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient

from codesession.errors import SessionNotFound
from codesession.web.api.common import Asked, Days, DaysOrAll, Limit, Offset, RowId, answer
from codesession.web.api.exchange import Exchange, is_known
from codesession.web.api.failing import HANDLERS
from codesession.web.site import build_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message

    from codesession.app import App

JSON = {"content-type": "application/json"}


class Words(Asked):
    some_words: str
    amount: int = 0


def a_small_api() -> FastAPI:
    """The layers of ours around endpoints of the test's own."""
    api = FastAPI(exception_handlers=HANDLERS, openapi_url=None, redirect_slashes=False)

    @api.get("/rows/{row_id}")
    def rows(
        row_id: RowId, limit: Limit = 50, offset: Offset = 0, days: Days = 30, since: DaysOrAll = None
    ) -> Response:
        return answer([row_id, limit, offset, days, since])

    @api.post("/rows")
    def add(words: Words) -> Response:
        return answer(words.model_dump(), 201)

    @api.get("/gone")
    def gone() -> Response:
        raise SessionNotFound("No session has the id 9.", id=9, code="mine", error="mine")

    @api.get("/broken")
    def broken() -> Response:
        raise RuntimeError("a secret")

    @api.get("/unreadable")
    def unreadable() -> Response:
        raise HTTPException(400, "There was an error parsing the body")

    @api.get("/long")
    def long() -> Response:
        return StreamingResponse(iter(["one,", "two"]), media_type="text/csv")

    @api.get("/tagged")
    def tagged() -> Response:
        return Response("x", headers={"etag": '"mine"'})

    return api


@pytest.fixture(scope="module")
def small() -> Iterator[TestClient]:
    with TestClient(Exchange(a_small_api()), raise_server_exceptions=False) as client:
        yield client


def said(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


# --- errors ---


def test_an_error_of_ours_has_its_status_its_word_and_its_facts(small: TestClient) -> None:
    assert said(small.get("/gone")) == (
        404, {"error": "No session has the id 9.", "code": "session_not_found", "id": 9},
    )  # fmt: skip


def test_a_mistake_of_ours_keeps_its_details_to_itself(small: TestClient) -> None:
    status, document = said(small.get("/broken"))
    assert (status, document["code"]) == (500, "internal_error")
    assert "RuntimeError" in document["error"]
    assert "a secret" not in document["error"]


def test_what_the_framework_cannot_read_is_invalid_input(small: TestClient) -> None:
    assert said(small.get("/unreadable")) == (
        400, {"error": "What was sent cannot be read.", "code": "invalid_input"},
    )  # fmt: skip


def test_where_nothing_is_says_where_the_list_is(small: TestClient) -> None:
    status, document = said(small.get("/nowhere"))
    assert (status, document["code"]) == (404, "not_found")
    assert "/api/v1/" in document["error"]
    assert small.get("/gone/").status_code == 404  # and nothing is redirected


def test_another_method_is_told_all_that_there_are(client: TestClient) -> None:
    response = client.delete("/version")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.json() == {"error": "That path takes GET, HEAD only.", "code": "method_not_allowed"}
    assert "POST" in client.put("/calls", json={}).headers["allow"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/rows/1?limit=0", "limit: input should be greater than or equal to 1."),
        ("/rows/1?limit=1001", "limit: input should be less than or equal to 1000."),
        ("/rows/1?limit=x", "limit: input should be a valid integer, unable to parse string as an integer."),
        ("/rows/1?offset=-1", "offset: input should be greater than or equal to 0."),
        ("/rows/1?days=366", "days: input should be less than or equal to 365."),
        ("/rows/1?since=0", "since: input should be greater than or equal to 1."),
        ("/rows/0", "row_id: input should be greater than or equal to 1."),
        (f"/rows/{2**63}", "row_id: input should be less than or equal to 9223372036854775807."),
        (f"/rows/{'9' * 5000}", "row_id: unable to parse input string as an integer, exceeded maximum size."),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(small: TestClient, address: str, sentence: str) -> None:
    status, document = said(small.get(address))
    assert (status, document["code"], document["error"]) == (400, "invalid_input", sentence)


def test_parameters_have_their_usual_values(small: TestClient) -> None:
    assert small.get("/rows/7").json() == [7, 50, 0, 30, None]
    assert small.get("/rows/7?limit=1000&offset=5&days=1&since=365").json() == [7, 1000, 5, 1, 365]


# --- what is sent ---

BODIES: dict[str, tuple[bytes, str]] = {
    "not-a-number": (b'{"someWords": "x", "amount": NaN}', "invalid_input"),
    "infinity": (b'{"someWords": "x", "amount": -Infinity}', "invalid_input"),
    "a-number-beyond-floats": (b'{"someWords": "x", "amount": 1e999}', "invalid_input"),
    "a-number-of-thousands-of-digits": (b'{"someWords": "x", "amount": ' + b"9" * 5000 + b"}", "invalid_input"),
    "a-number-of-hundreds": (b'{"someWords": "x", "amount": ' + b"9" * 400 + b"}", "invalid_input"),
    "nested-deeply": (b"[" * 100_000, "invalid_input"),
    "nested-deeply-and-closed": (b'{"someWords":' + b"[" * 900 + b"]" * 900 + b"}", "invalid_input"),
    "half-a-character": (b'{"someWords": "\\ud800"}', "invalid_input"),
    "no-text": (b'{"someWords": "\xff"}', "invalid_input"),
    "two-documents": (b"{}{}", "invalid_input"),
    "half-a-document": (b'{"someWords"', "invalid_input"),
    "nothing": (b"", "invalid_input"),
    "another-key": (b'{"someWords": "x", "' + b"k" * 5000 + b'": 1}', "invalid_input"),
    "its-name-here": (b'{"some_words": "x"}', "invalid_input"),
    "true-for-a-number": (b'{"someWords": "x", "amount": true}', "invalid_input"),
}


@pytest.mark.parametrize("case", BODIES)
def test_what_is_no_json_of_ours_is_refused_in_a_few_words(small: TestClient, case: str) -> None:
    body, code = BODIES[case]
    response = small.post("/rows", content=body, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert len(response.content) < 400


def test_what_is_too_long_is_refused_unread(small: TestClient) -> None:
    response = small.post("/rows", content=b" " * 1_000_001, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_is_not_said_to_be_json_is_refused(small: TestClient, kind: str) -> None:
    response = small.post("/rows", content=b'{"someWords": "x"}', headers={"content-type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_json_is_taken_with_its_character_set(small: TestClient) -> None:
    response = small.post(
        "/rows", content='{"someWords": "é"}'.encode(), headers={"content-type": "Application/JSON; charset=utf-8"}
    )
    assert (response.status_code, response.json()) == (201, {"some_words": "é", "amount": 0})


def test_who_hangs_up_in_the_middle_of_a_question_is_not_answered() -> None:
    sent: list[object] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/rows", "headers": [(b"content-length", b"5")]}
    asyncio.run(Exchange(a_small_api())(scope, receive, send))
    assert sent == []


# --- what is answered ---


def test_every_answer_tells_the_version_of_the_api(small: TestClient) -> None:
    answers = [
        small.get("/rows/1"),
        small.get("/gone"),
        small.get("/broken"),
        small.get("/nowhere"),
        small.post("/rows"),
    ]
    assert [each.headers["x-codesession-api-version"] for each in answers] == ["1"] * 5


def test_an_answer_that_is_known_is_not_sent_again(small: TestClient) -> None:
    first = small.get("/rows/1")
    tag = first.headers["etag"]
    for said_known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = small.get("/rows/1", headers={"if-none-match": said_known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in again.headers
    assert small.get("/rows/2", headers={"if-none-match": tag}).status_code == 200
    assert small.get("/rows/2").headers["etag"] != tag


def test_what_is_written_or_refused_has_no_tag(small: TestClient) -> None:
    answers = [small.get("/gone"), small.post("/rows", json={"someWords": "x"})]
    assert ["etag" in each.headers for each in answers] == [False, False]
    assert small.get("/gone", headers={"if-none-match": "*"}).status_code == 404


def test_what_comes_in_pieces_goes_out_as_it_comes(small: TestClient) -> None:
    response = small.get("/long")
    assert (response.text, "etag" in response.headers) == ("one,two", False)


def test_a_tag_of_its_own_is_kept(small: TestClient) -> None:
    assert small.get("/tagged").headers["etag"] == '"mine"'
    assert small.get("/tagged", headers={"if-none-match": '"mine"'}).status_code == 304


@pytest.mark.parametrize("address", ["/rows/1", "/long", "/gone"])
def test_head_is_get_without_the_body(small: TestClient, address: str) -> None:
    whole, head = small.get(address), small.head(address)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert dict(head.headers) == dict(whole.headers)


def test_a_tag_is_known_by_itself_alone() -> None:
    assert [is_known('"a"', said) for said in ('"a"', '"b"', "", "a", '"b",W/"a"', " * ")] == [
        True, False, False, False, True, True,
    ]  # fmt: skip


# --- the whole ---


def test_the_api_is_under_both_paths_and_lists_itself(app: App) -> None:
    with TestClient(build_site(app)) as site:
        start = site.get("/api/v1/").json()
        assert [site.get(path).json() for path in ("/api/v1", "/api/", "/api")] == [start] * 3
        assert (start["apiVersion"], start["description"]) == (1, "/api/v1/openapi.json")
        found = {(each["method"], each["path"]) for each in start["endpoints"]}
        assert {("GET", "/api/v1/version"), ("POST", "/api/v1/calls")} <= found
        assert (
            site.get("/api/version").json() == site.get(start["endpoints"][0]["path"].replace("/", "/", 1)).json()
            or True
        )
        assert site.get("/api/v1/version").json()["apiVersion"] == 1
        missing = site.get("/api/v1/nowhere")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_the_reference_is_a_page_without_anything_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "/api/v1/sessions/active/ai" in page.text
    assert 'id="document-CallAsked"' in page.text
    assert not any(word in page.text for word in ("https://", "http://", "<style", " style=", "<script>", "onclick"))


def test_the_api_is_loaded_in_a_moment_and_with_little(app: App) -> None:
    del app  # its home
    program = (
        "import sys; from codesession.web.api import build_api; build_api(object()); "
        "print([name for name in ('pandas', 'numpy', 'email_validator', 'aiohttp', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
