"""Does Google's own SDK stop at once and show our sentence, before an answer and in the middle of one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from google.genai import errors
from tests.capture.proxy.played import NO, Watcher, answering, passed_on
from tests.capture.recorded import recording

from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy.refusing import refusal_answer
from codesession.errors import BudgetExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("few_authorities")

MODEL = "gemini-2.5-flash"


def client(url: str, **vertex: Any) -> genai.Client:
    return genai.Client(api_key="fake", http_options=genai.types.HttpOptions(base_url=url), **vertex)


def generate(url: str) -> None:
    with client(url) as google:
        google.models.generate_content(model=MODEL, contents="hi")


def stream(url: str) -> None:
    with client(url) as google:
        list(google.models.generate_content_stream(model=MODEL, contents="hi"))


def embed(url: str) -> None:
    with client(url) as google:
        google.models.embed_content(model="gemini-embedding-001", contents="hi")


def at_vertex(url: str) -> None:
    with client(url, vertexai=True) as google:
        list(google.models.generate_content_stream(model=MODEL, contents="hi"))


@pytest.mark.parametrize("ask", [generate, stream, embed, at_vertex], ids=lambda ask: ask.__name__)
@pytest.mark.parametrize("name", ["google", "vertex"])
def test_a_refusal_is_asked_for_once_and_shows_our_sentence(name: str, ask: Callable[[str], None]) -> None:
    refused = refusal_answer(PROVIDERS[name], BudgetExceeded(NO), {})
    with answering(refused.status, refused.headers, refused.body) as server:
        with pytest.raises(errors.ClientError) as raised:
            ask(server.url)

        assert (raised.value.code, raised.value.message) == (400, NO)
        assert server.count == 1


@pytest.mark.parametrize("ends_at", [1, 2])
@pytest.mark.parametrize("ask", [stream, at_vertex], ids=lambda ask: ask.__name__)
def test_a_stream_that_is_ended_raises_our_sentence_and_is_not_asked_for_again(
    ask: Callable[[str], None], ends_at: int
) -> None:
    one = recording("google/text.sse")
    body = passed_on(one.units(), one.endpoint, Watcher(ends_at), every=0).body
    with answering(200, [(b"content-type", b"text/event-stream")], body) as server:
        with pytest.raises(errors.ClientError) as raised:
            ask(server.url)

        assert (raised.value.code, raised.value.message, raised.value.status) == (400, NO, "INVALID_ARGUMENT")
        assert server.count == 1
