"""When a person stops a session: does each of its calls end at once, whole where it can, settled once, and no other?"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from tests.capture.proxy.played import NO, passed_on
from tests.capture.proxy.wire import answer, chunk, head, request, stream_head
from tests.capture.recorded import recording

from codesession.capture.proxy import exchange
from codesession.capture.proxy.stopping import Stop, Stopped
from codesession.model import Cut, Evidence, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Provider, Proxy, Wire

STREAM = recording("anthropic/text.sse")
MESSAGE = recording("anthropic/message.json")
BEGUN, REST = STREAM.units()[0], STREAM.body[len(STREAM.units()[0]) :]
ASK = b'{"model":"claude-opus-4-8","max_tokens":9,"stream":true}'
SAID = "A person stopped it. Do not retry."
ENDING = ('event: error\ndata: {"type":"error","error":{"type":"billing_error","message":"' + SAID + '"}}\n\n').encode()


def called(relay: Proxy, provider: Provider, session: int = 7) -> tuple[Wire, Wire]:
    """A client that has sent a call of that session, and the provider that has it."""
    client = relay.send(request("POST", f"/s/{session}/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    relay.books.admitted()
    return client, upstream


def streaming(relay: Proxy, provider: Provider, session: int = 7, sent: bytes = BEGUN) -> tuple[Wire, Wire]:
    """Such a call, whose answer has begun; the client has had `sent` of it."""
    client, upstream = called(relay, provider, session)
    upstream.send(stream_head(), chunk(sent))
    client.until(sent)
    return client, upstream


# --- while an answer runs ---


def test_a_stream_that_says_nothing_is_ended_at_once_and_its_provider_told(relay: Proxy, provider: Provider) -> None:
    client, upstream = streaming(relay, provider)
    relay.app.stop({7})

    assert client.until(b"0\r\n\r\n").endswith(ENDING + b"\r\n0\r\n\r\n")
    assert upstream.is_closed()
    told = relay.books.settled()
    assert (told.usage, told.evidence, told.cut, told.rule) == (
        Usage(input=25, output=1),
        Evidence.ESTIMATED,
        Cut.CLIENT,
        "stopped",
    )
    assert [attempt.session_id for attempt in relay.books.stops] == [7]
    assert relay.books.are_closed()


def test_calls_of_other_sessions_go_on(relay: Proxy, provider: Provider) -> None:
    others = [streaming(relay, provider, 12) for _ in range(3)]
    client, _ = streaming(relay, provider)
    relay.app.stop({7, 99})
    client.until(ENDING)
    assert relay.books.settled().rule == "stopped"

    for client, upstream in others:
        upstream.send(chunk(REST), b"0\r\n\r\n")
        client.until(REST)
        assert relay.books.settled().rule is None


def test_every_call_of_the_session_ends_once_however_often_it_is_said(relay: Proxy, provider: Provider) -> None:
    running = [streaming(relay, provider) for _ in range(8)]
    for _ in range(3):
        relay.app.stop({7})

    for client, _ in running:
        client.until(ENDING)
    assert [relay.books.settled().rule for _ in running] == ["stopped"] * 8
    relay.beat()
    assert len(relay.books.stops) == 8
    assert relay.books.are_closed()


def test_an_event_of_which_the_client_has_a_part_is_completed_first(relay: Proxy, provider: Provider) -> None:
    client, upstream = streaming(relay, provider, sent=BEGUN + REST[:10])
    relay.app.stop({7})
    relay.beat()
    upstream.send(chunk(REST[10:]))

    whole = STREAM.units()[1]
    assert client.until(b"0\r\n\r\n") == b"\r\n" + chunk(whole[10:]) + chunk(ENDING) + b"0\r\n\r\n"
    assert relay.books.settled().rule == "stopped"


def test_an_event_that_does_not_go_on_is_broken_off(
    relay: Proxy, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "REST_S", 0.05)
    client, upstream = streaming(relay, provider, sent=BEGUN + REST[:10])
    relay.app.stop({7})

    assert client.rest() == b"\r\n"
    assert upstream.is_closed()
    assert (relay.books.settled().rule, len(relay.books.stops)) == ("stopped", 1)


def test_a_stream_of_a_length_that_was_told_is_broken_off(relay: Proxy, provider: Provider) -> None:
    client, upstream = called(relay, provider)
    upstream.send(head(b"content-type: text/event-stream", b"content-length: %d" % len(STREAM.body)), BEGUN)
    client.until(BEGUN)
    relay.app.stop({7})

    assert client.rest() == b""
    assert upstream.is_closed()
    assert relay.books.settled().rule == "stopped"


def test_a_stream_that_has_said_its_end_is_whole(relay: Proxy, provider: Provider) -> None:
    client, _ = streaming(relay, provider, sent=STREAM.body)
    relay.app.stop({7})

    assert client.until(b"0\r\n\r\n") == b"\r\n0\r\n\r\n"
    told = relay.books.settled()
    assert (told.usage, told.evidence, told.rule, relay.books.stops) == (STREAM.usage, Evidence.MEASURED, None, [])


def test_an_answer_that_is_no_stream_comes_to_its_end(relay: Proxy, provider: Provider) -> None:
    client, upstream = called(relay, provider)
    whole = answer(MESSAGE.body, b"content-type: application/json")
    upstream.send(whole[:-20])
    client.begin()
    relay.app.stop({7})
    relay.beat()
    upstream.send(whole[-20:])

    assert client.exactly(len(MESSAGE.body)) == MESSAGE.body
    assert relay.books.settled().rule is None


@pytest.mark.parametrize("file", ["anthropic/text.sse", "openai/chat_usage.sse", "openai/responses.sse"])
def test_one_that_is_stopped_while_a_piece_goes_to_its_client_ends_behind_that_piece(file: str) -> None:
    one = recording(file)
    got = passed_on(one.units(), one.endpoint, stops_at=1)

    first, ending, *rest = got.steps
    assert (first, rest) == (one.units()[0], ["settled", b""])
    assert isinstance(ending, bytes)
    assert NO.encode() in ending
    assert got.answer.was_ended


# --- before an answer has begun ---


def test_a_call_to_which_no_answer_has_come_is_refused_and_billed_for_what_was_read(
    relay: Proxy, provider: Provider
) -> None:
    client, upstream = called(relay, provider)
    relay.app.stop({7})

    told = client.message()
    assert told.status == 400
    assert told.values(b"x-codesession-refusal") == [b"stopped"]
    assert json.loads(told.body)["error"]["message"] == SAID
    assert upstream.is_closed()
    assert relay.books.settled() == Outcome(
        Usage(input=len(ASK) // 4), Evidence.ESTIMATED, cut=Cut.CLIENT, rule="stopped"
    )
    assert relay.books.are_closed()


def test_one_that_was_not_sent_yet_is_not_sent(
    start: Callable[..., Proxy], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = start()
    admit = relay.books.admit

    async def admit_and_stop(attempt):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        hold = await admit(attempt)
        relay.app.stop({7})
        await asyncio.sleep(0)
        return hold

    monkeypatch.setattr(relay.books, "admit", admit_and_stop)
    told = relay.ask(request("POST", "/s/7/v1/messages", body=ASK))

    assert told.status == 400
    assert provider.was_not_called()
    assert relay.books.released() is None
    assert relay.books.are_closed()


def test_a_client_that_leaves_in_the_same_moment_is_settled_once(relay: Proxy, provider: Provider) -> None:
    for _ in range(5):
        client, upstream = streaming(relay, provider)
        client.reset()
        relay.app.stop({7})
        assert relay.books.settled().cut is Cut.CLIENT
        assert upstream.is_closed()
        relay.beat()
        assert relay.books.are_closed()


def test_a_relay_that_has_relayed_nothing_has_nothing_to_stop(relay: Proxy) -> None:
    relay.app.stop({7})
    assert relay.ask(request("GET", "/health")).status == 200


# --- the stop itself ---


async def why() -> str:
    return SAID


def test_a_stop_ends_what_is_waited_for_and_nothing_else() -> None:
    async def wait() -> list[str]:
        stop, order = Stop(why), list[str]()
        task = asyncio.current_task()
        assert task

        async def for_ever() -> None:
            asyncio.get_running_loop().call_soon(stop.press)
            try:
                await asyncio.Event().wait()
            finally:
                order.append("ended")

        assert await stop.unless(asyncio.sleep(0, "done")) == "done"
        with pytest.raises(Stopped) as stopped:
            await stop.unless(for_ever())
        order.append(await stopped.value.why())
        assert task.cancelling() == 0
        await asyncio.sleep(0)  # what comes after it is not cancelled
        with pytest.raises(Stopped):
            stop.check()
        return order

    assert asyncio.run(wait()) == ["ended", SAID]


def test_a_stop_that_is_pressed_while_nothing_is_waited_for_cancels_nothing() -> None:
    async def wait() -> None:
        stop = Stop(why)
        stop.press()
        stop.press()
        await asyncio.sleep(0)
        with pytest.raises(Stopped):
            stop.check()

    asyncio.run(wait())


def test_who_is_cancelled_by_somebody_else_stays_cancelled() -> None:
    async def both() -> None:
        stop = Stop(why)
        waiting = asyncio.ensure_future(stop.unless(asyncio.Event().wait()))
        await asyncio.sleep(0)
        waiting.cancel()
        stop.press()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(both())
