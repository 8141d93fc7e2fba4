"""What an answer took beside its own tokens is kept as calls of their own, at prices of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.capture.proxy.wire import answer, request

from codesession.model import Evidence, Outcome, Terms, Usage

if TYPE_CHECKING:
    from tests.capture.proxy.wire import Provider, Proxy

ASK = b'{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}'
STEPS = [
    {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
    {"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 90, "output_tokens": 9},
]
MESSAGE = {
    "id": "msg_1",
    "model": "claude-sonnet-4-5",
    "usage": {"input_tokens": 3, "output_tokens": 5, "service_tier": "standard", "iterations": STEPS},
}


def kept(number: int, model: str, usage: Usage, **more: Any) -> Outcome:
    return Outcome(usage, Evidence.MEASURED, model, None, 200, response_id=f"msg_1/{number}", **more)


def test_each_part_of_an_answer_is_a_call_of_its_own(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(json.dumps(MESSAGE).encode(), b"content-type: application/json"))
    client.message()
    terms = Terms("standard")

    assert relay.books.settled().usage == Usage(input=3, output=5)
    assert [outcome for _, outcome in relay.books.results.values()] == [
        kept(1, "claude-sonnet-4-5", Usage(input=180_000, output=3_500), terms=terms),
        kept(2, "claude-opus-4-8", Usage(input=90, output=9), terms=terms),
    ]
    assert {attempt.endpoint for attempt, _ in relay.books.results.values()} == {"messages"}


def test_a_ledger_that_fails_is_counted(relay: Proxy, provider: Provider) -> None:
    relay.books.failing.add("record_results")
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(json.dumps(MESSAGE).encode()))

    assert client.message().status == 200
    assert relay.books.settled().usage == Usage(input=3, output=5)
    assert relay.app.tally.unrecorded == 1


def test_so_are_the_parts_of_a_batchs_answers(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("GET", "/v1/messages/batches/msgbatch_1/results"))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(json.dumps({"custom_id": "a", "result": {"message": MESSAGE}}).encode()))
    client.message()
    terms = Terms("standard", is_batch=True)

    assert [outcome for _, outcome in relay.books.results.values()] == [
        Outcome(
            Usage(input=3, output=5),
            Evidence.MEASURED,
            "claude-sonnet-4-5",
            http_status=200,
            response_id="msg_1",
            terms=terms,
        ),
        kept(1, "claude-sonnet-4-5", Usage(input=180_000, output=3_500), terms=terms),
        kept(2, "claude-opus-4-8", Usage(input=90, output=9), terms=terms),
    ]
