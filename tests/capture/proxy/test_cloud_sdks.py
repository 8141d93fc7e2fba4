"""Do the SDKs for Claude at Google's and Amazon's clouds stop at once, show our sentence, and ask where we meter?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anthropic
import pytest
from tests.capture.proxy.played import NO, Watcher, answering, passed_on
from tests.capture.proxy.wire import answer
from tests.capture.recorded import recording

from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy import Upstream
from codesession.capture.proxy.refusing import refusal_answer
from codesession.errors import BudgetExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Provider, Proxy

pytestmark = pytest.mark.usefixtures("few_authorities")

HI: list[anthropic.types.MessageParam] = [{"role": "user", "content": "hi"}]
SONNET = "claude-sonnet-4-5@20250929"


def at_google(url: str, *, stream: bool) -> None:
    with anthropic.AnthropicVertex(
        region="us-east5", project_id="p", access_token="fake", base_url=f"{url}/v1"
    ) as client:
        told = client.messages.create(model=SONNET, max_tokens=9, messages=HI, stream=stream)
        if isinstance(told, anthropic.Stream):
            list(told)


def at_amazon(url: str, *, stream: bool) -> None:
    with anthropic.AnthropicBedrock(aws_region="us-east-1", api_key="fake", base_url=url) as client:
        client.messages.create(model="us.anthropic.claude-opus-4-8-v1:0", max_tokens=9, messages=HI, stream=stream)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("name", "ask"), [("vertex", at_google), ("bedrock", at_amazon)], ids=["vertex", "bedrock"])
def test_a_refusal_is_asked_for_once_and_shows_our_sentence(
    name: str, ask: Callable[..., None], *, stream: bool
) -> None:
    refused = refusal_answer(PROVIDERS[name], BudgetExceeded(NO), {})
    with answering(refused.status, refused.headers, refused.body) as server:
        with pytest.raises(anthropic.BadRequestError, match="Over the daily budget"):
            ask(server.url, stream=stream)

        assert server.count == 1


def test_a_stream_of_claudes_that_is_ended_raises_our_sentence_and_is_not_asked_for_again() -> None:
    one = recording("vertex/claude.sse")
    body = passed_on(one.units(), one.endpoint, Watcher(1), every=0).body
    with answering(200, [(b"content-type", b"text/event-stream")], body) as server:
        with pytest.raises(anthropic.APIStatusError, match="Over the daily budget"):
            at_google(server.url, stream=True)

        assert server.count == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("name", "ask", "model"),
    [("vertex", at_google, SONNET), ("bedrock", at_amazon, "us.anthropic.claude-opus-4-8-v1:0")],
    ids=["vertex", "bedrock"],
)
def test_what_they_ask_for_is_metered(
    start: Callable[..., Proxy], provider: Provider, name: str, ask: Callable[..., None], model: str, *, stream: bool
) -> None:
    relay = start(to={name: Upstream(provider.root)})
    with ThreadPoolExecutor() as aside:
        asking = aside.submit(ask, f"http://127.0.0.1:{relay.port}/{name}", stream=stream)
        upstream = provider.accept()
        upstream.message()
        upstream.send(answer(b"{}", b"content-type: application/json", status=b"400 Bad Request"))
        with pytest.raises(anthropic.BadRequestError):
            asking.result(timeout=10)
    attempt = relay.books.admitted()

    assert (attempt.provider, attempt.model, attempt.max_output) == (name, model, 9)
    assert (attempt.endpoint, attempt.streamed) == ("messages" if name == "vertex" else "invoke", stream)
