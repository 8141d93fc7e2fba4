from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from http.client import HTTPMessage
from typing import TYPE_CHECKING

import pytest

from codesession.demo import simulated_provider
from codesession.demo.truth import Received, Truth, from_json, to_json
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]


def row(number: int) -> Received:
    return Received(
        number, "openai", "chat", "a", "b", False, Usage(), Usage(), None, None, "open", 0, "r", None, "POST", "/",
        (), "", 0,
    )  # fmt: skip


def test_a_row_tells_what_was_received(provider: SimulatedProvider, ask: Ask) -> None:
    raw = b'{ "model": "claude-haiku-4-5", "max_tokens": 9 }'
    _, headers, _ = ask("/v1/messages?beta=true&x=%20", raw, headers={"X-Api-Key": "k"}, input=3, output=4)
    (told,) = provider.truth()
    assert (told.method, told.target) == ("POST", "/v1/messages?beta=true&x=%20")
    assert (told.body_bytes, told.body_sha256) == (len(raw), sha256(raw).hexdigest())
    assert (told.provider, told.endpoint, told.streamed) == ("anthropic", "messages", False)
    assert (told.model_asked, told.model) == ("claude-haiku-4-5", "claude-haiku-4-5-20251001")
    assert (told.status, told.ended, told.request_id) == (200, "complete", headers["request-id"])
    assert told.usage == told.planned == told.reported == Usage(input=3, output=4)
    assert ("X-Api-Key", "k") in told.headers
    assert told.headers[0][0] == "Host"


def test_the_truth_is_told_over_http(provider: SimulatedProvider, ask: Ask) -> None:
    ask()
    _, _, body = ask("/_sim/truth?wait_s=1", b"", method="GET")
    assert from_json(body) == provider.truth()
    ask("/_sim/truth", b"", method="DELETE")
    assert provider.truth() == []


def test_a_row_tells_the_terms_and_the_cost(provider: SimulatedProvider, ask: Ask) -> None:
    ask("/openrouter/v1/chat/completions", cost_nanos=7)
    ask("/v1/responses", service_tier="flex")
    ask("/v1/responses", status=500)
    assert [(told.terms, told.cost_nanos) for told in provider.truth()] == [
        (Terms(), 7),
        (Terms("flex"), None),
        (Terms(), None),
    ]
    _, _, body = ask("/_sim/truth", b"", method="GET")
    assert from_json(body) == provider.truth()


def test_clearing_forgets_but_goes_on_counting(provider: SimulatedProvider, ask: Ask) -> None:
    ask()
    provider.clear()
    ask()
    assert [told.number for told in provider.truth()] == [2]


def test_the_oldest_rows_are_dropped() -> None:
    truth = Truth(limit=2)
    for number in range(5):
        truth.opened(row(number))
    for number in range(5):
        truth.closed(number, ended="complete")
    assert [(told.number, told.ended) for told in asyncio.run(truth.rows())] == [(3, "complete"), (4, "complete")]


def test_waiting_for_the_truth_ends_with_the_last_open_row() -> None:
    async def scene() -> tuple[list[Received], list[Received]]:
        truth = Truth()
        truth.opened(row(1))
        truth.opened(row(2))
        early = await truth.rows(0.001)
        truth.closed(1, ended="complete")
        waiting = asyncio.ensure_future(truth.rows(10))
        await asyncio.sleep(0)
        truth.closed(2, ended="complete")
        return early, await waiting

    early, late = asyncio.run(scene())
    assert [told.ended for told in early] == ["open", "open"]
    assert [told.ended for told in late] == ["complete", "complete"]


def test_rows_survive_json() -> None:
    assert from_json(to_json([row(1)])) == [row(1)]


@pytest.mark.parametrize("stream", [False, True])
def test_the_truth_can_be_switched_off(stream: bool) -> None:  # noqa: FBT001 - a parameter
    anthropic = pytest.importorskip("anthropic")
    with simulated_provider(records=False) as provider, anthropic.Anthropic(base_url=provider.url, api_key="k") as sdk:
        message = {"role": "user", "content": "hi"}
        sdk.messages.create(model="claude-opus-4-8", max_tokens=5, messages=[message], stream=stream)
        assert provider.truth() == []
