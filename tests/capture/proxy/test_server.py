"""How the relay begins and ends."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.wire import Books, Sessions, Wire, chunk, request, stream_head, upstreams
from tests.capture.recorded import recording
from tests.ledger.fresh import fresh

from codesession.capture.proxy import LOOPBACK, ProxyApp, WayOut, listen, server, serving
from codesession.errors import InvalidInput, PortTaken
from codesession.gate import LedgerGate
from codesession.ledger import WriteQueue
from codesession.model import CallState, Cut, Evidence, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.capture.proxy.wire import Provider

STREAM = recording("anthropic/text.sse")
ASK = b'{"model":"m","max_tokens":9,"stream":true}'


def relay_of(gate: Any, root: str = "http://127.0.0.1:9") -> tuple[ProxyApp, WayOut]:
    way_out = WayOut(5, 5)
    return ProxyApp(gate, Sessions(), way_out, version="9", upstreams=upstreams(root)), way_out


def test_only_the_loopback_is_listened_on() -> None:
    with listen(0) as listener:
        assert listener.getsockname()[0] == LOOPBACK == "127.0.0.1"
        assert listener.getsockname()[1] > 0


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} cannot be used") as told:
            listen(port)

    assert told.value.extra == {"port": port}
    listen(port).close()


@pytest.mark.parametrize("port", [65_536, -1])
def test_a_port_that_cannot_be_is_said_to_be(port: int) -> None:
    with pytest.raises(InvalidInput, match="is not a port"):
        listen(port)


def test_it_answers_while_the_block_runs_and_not_after() -> None:
    listener = listen(0)
    address = listener.getsockname()
    with serving(*relay_of(Books()), listener):
        wire = Wire(socket.create_connection(address))
        wire.send(request("GET", "/health"))
        assert wire.message().status == 200

    assert wire.is_closed()
    wire.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    assert "proxy" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_when_the_block_fails() -> None:
    def fail() -> None:
        with serving(*relay_of(Books()), listen(0)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "proxy" not in {thread.name for thread in threading.enumerate()}


def test_what_keeps_it_from_starting_is_raised_where_it_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    app, way_out = relay_of(Books())

    async def fail() -> None:
        raise OSError("no certificates")

    monkeypatch.setattr(way_out, "open", fail)
    listener = listen(0)
    with pytest.raises(OSError, match="no certificates"), serving(app, way_out, listener):
        pass
    assert listener.fileno() == -1


def test_a_stream_in_flight_at_its_end_is_settled(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE_S", 0)
    ledger = fresh(tmp_path / "sessions.db")
    queue = WriteQueue(ledger)
    gate = LedgerGate(queue, Free(), ledger.claim(1), lambda: 1000)
    listener = listen(0)
    with serving(*relay_of(gate, provider.root), listener):
        client = Wire(socket.create_connection(listener.getsockname()))
        client.send(request("POST", "/v1/messages", body=ASK))
        upstream = provider.accept()
        upstream.message()
        upstream.send(stream_head(), chunk(STREAM.body[: STREAM.body.index(b"event: content_block_stop")]))
        client.until(b"one of them")
    queue.close()
    with ledger.reading() as reader:
        row = reader.call(1)
    ledger.close()

    assert client.rest()[-5:] != b"0\r\n\r\n"
    client.close()
    assert upstream.is_closed()
    assert row
    assert (row.state, row.evidence) == (CallState.SETTLED, Evidence.ESTIMATED)
    assert row.cut in (Cut.CLIENT, Cut.PROCESS)
    assert row.usage == Usage(input=25, output=13)


class Free:
    """Prices nobody asks about."""

    def cost(self, *_: object) -> None:
        return None

    def ceiling(self, *_: object) -> None:
        return None


def test_an_answer_in_flight_may_still_come_whole(provider: Provider) -> None:
    books = Books()
    listener = listen(0)
    client = Wire(socket.create_connection(listener.getsockname()))

    def answer_late() -> None:
        upstream = provider.accept()
        upstream.message()
        upstream.send(stream_head(), chunk(STREAM.body[:99]))
        begun.set()
        ending.wait(10)
        upstream.send(chunk(STREAM.body[99:]), b"0\r\n\r\n")

    begun, ending = threading.Event(), threading.Event()
    answering = threading.Thread(target=answer_late)
    answering.start()
    with serving(*relay_of(books, provider.root), listener):
        client.send(request("POST", "/v1/messages", body=ASK))
        begun.wait(10)
        client.begin()
        ending.set()
    answering.join()

    assert client.rest().endswith(b"0\r\n\r\n")
    client.close()
    assert books.settled().usage == STREAM.usage


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")
@pytest.mark.parametrize("is_there", [True, False])
def test_the_quick_event_loop_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> None:
    if not is_there:
        monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = server._loop_factory()()  # noqa: SLF001 - which it is cannot be seen from outside
    name = type(loop).__module__
    loop.close()

    assert name.startswith("uvloop") is is_there


def test_it_also_runs_on_the_standard_event_loop(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_loop_factory", lambda: asyncio.new_event_loop)
    books = Books()
    listener = listen(0)
    with serving(*relay_of(books, provider.root), listener):
        client = Wire(socket.create_connection(listener.getsockname()))
        client.send(request("POST", "/v1/messages", body=ASK))
        upstream = provider.accept()
        upstream.message()
        upstream.send(stream_head(), chunk(STREAM.body), b"0\r\n\r\n")
        assert client.message().body == STREAM.body
        client.close()

    assert books.settled().usage == STREAM.usage
