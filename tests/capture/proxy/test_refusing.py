from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capture.proxy.played import answering

from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy.outbound import Unreachable
from codesession.capture.proxy.peers import Forbidden
from codesession.capture.proxy.refusing import refusal_answer
from codesession.errors import BudgetExceeded, DatabaseError
from codesession.model.refusal import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.capture.proxy.refusing import Refused
    from codesession.errors import CodesessionError

pytestmark = pytest.mark.usefixtures("few_authorities")

SENTENCE = "This call could cost $0.25, and the daily budget has $0.10 left. Raise it with: cs budget --daily 10 ✓"
NO = BudgetExceeded(SENTENCE, rule=Rule.BUDGET)


def refused(
    name: str | None, error: CodesessionError = NO, **request_headers: str
) -> tuple[Refused, dict[bytes, bytes], object]:
    given_back = refusal_answer(PROVIDERS[name] if name else None, error, request_headers)
    return given_back, dict(given_back.headers), json.loads(given_back.body)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        (
            "openai",
            {"error": {"message": SENTENCE, "type": "budget_exceeded", "param": None, "code": "budget_exceeded"}},
        ),
        ("google", {"error": {"code": 400, "message": SENTENCE, "status": "INVALID_ARGUMENT"}}),
        ("ollama", {"error": SENTENCE}),
        (None, {"error": {"code": "budget_exceeded", "message": SENTENCE}}),
    ],
)
def test_a_no_has_the_shape_of_its_provider(name: str | None, document: object) -> None:
    told, headers, body = refused(name)

    assert (told.status, body) == (400, document)
    assert headers == {
        b"content-type": b"application/json",
        b"content-length": b"%d" % len(told.body),
        b"x-should-retry": b"false",
        b"x-codesession-refusal": b"budget",
    }


def test_a_no_of_anthropic_names_the_request_as_anthropic_does() -> None:
    told, headers, body = refused("anthropic")
    _, _, again = refused("anthropic")
    request_id = headers.pop(b"request-id").decode()

    assert re.fullmatch(r"req_\w{20,40}", request_id)
    assert body == {
        "type": "error",
        "error": {"type": "billing_error", "message": SENTENCE},
        "request_id": request_id,
    }
    assert again != body
    assert told.status == 400
    assert headers.keys() == {b"content-type", b"content-length", b"x-should-retry", b"x-codesession-refusal"}


@pytest.mark.parametrize(
    "headers",
    [
        {"originator": "codex_exec"},
        {"originator": "codex_cli_rs", "user-agent": "x"},
        {"user-agent": "codex_exec/0.169.0 (Debian 12; x86_64)"},
    ],
)
@pytest.mark.parametrize("provider", ["openai", None])
def test_codex_is_told_the_bare_sentence(headers: dict[str, str], provider: str | None) -> None:
    told = refusal_answer(PROVIDERS[provider] if provider else None, NO, headers)

    assert (told.status, told.body) == (400, SENTENCE.encode())
    assert dict(told.headers)[b"content-type"] == b"text/plain; charset=utf-8"
    assert dict(told.headers)[b"x-should-retry"] == b"false"


@pytest.mark.parametrize("headers", [{}, {"originator": "not_codex_"}, {"user-agent": "OpenAI/Python codex"}])
def test_others_are_not_taken_for_codex(headers: dict[str, str]) -> None:
    assert json.loads(refusal_answer(PROVIDERS["openai"], NO, headers).body)["error"]["message"] == SENTENCE


@pytest.mark.parametrize(
    ("error", "status"),
    [(DatabaseError("Full."), 503), (Forbidden("Not from there."), 403), (Unreachable("Gone."), 502)],
    ids=lambda value: getattr(value, "code", None),
)
@pytest.mark.parametrize("name", ["anthropic", "openai", "google", "ollama"])
def test_another_error_is_told_without_the_headers_of_a_no(name: str, error: CodesessionError, status: int) -> None:
    told, headers, body = refused(name, error, originator="codex_exec")

    assert body == PROVIDERS[name].refusal(status, error.code, error.message)
    assert told.status == status
    assert headers == {b"content-type": b"application/json", b"content-length": b"%d" % len(told.body)}


ANY_TEXT = st.text(st.characters(), max_size=80)  # lone surrogates, line ends and zeros among them


@given(rule=st.one_of(ANY_TEXT, st.none(), st.integers()), message=ANY_TEXT, name=st.sampled_from([*PROVIDERS, None]))
def test_no_rule_and_no_sentence_can_write_a_header(rule: object, message: str, name: str | None) -> None:
    error = BudgetExceeded(message, rule=rule)
    for request_headers in ({}, {"originator": "codex_exec"}):
        told = refusal_answer(PROVIDERS[name] if name else None, error, request_headers)

        assert told.status == 400
        assert all(re.fullmatch(rb"[a-z-]+", key) for key, _ in told.headers)
        assert all(re.fullmatch(rb"[\x21-\x7e][\x20-\x7e]*", value) for _, value in told.headers)
        assert re.fullmatch(rb"[\w.-]{1,64}", dict(told.headers)[b"x-codesession-refusal"])
        assert not {b"retry-after", b"retry-after-ms"} & {key for key, _ in told.headers}
        told.body.decode()


# --- what the real clients make of it ---


def claude(url: str) -> object:
    with anthropic.Anthropic(base_url=url, api_key="fake") as client:
        return client.messages.create(
            model="claude-opus-4-8", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
        )


def gpt_chat(url: str) -> object:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="fake") as client:
        return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}], stream=True)


def gpt_responses(url: str) -> object:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="fake") as client:
        return client.responses.create(model="gpt-5", input="hi")


@pytest.mark.parametrize(
    ("name", "ask"),
    [("anthropic", claude), ("openai", gpt_chat), ("openai", gpt_responses)],
    ids=["messages", "chat", "responses"],
)
def test_an_sdk_asks_once_and_raises_our_sentence(name: str, ask: Callable[[str], object]) -> None:
    told = refusal_answer(PROVIDERS[name], NO, {})
    with answering(told.status, told.headers, told.body) as server:
        with pytest.raises((anthropic.BadRequestError, openai.BadRequestError)) as raised:
            ask(server.url)

        error = raised.value
        assert isinstance(error, (anthropic.BadRequestError, openai.BadRequestError))
        assert SENTENCE in str(error)
        assert error.response.headers["x-codesession-refusal"] == "budget"
        if name == "anthropic":
            assert error.request_id == dict(told.headers)[b"request-id"].decode()
        assert server.count == 1
