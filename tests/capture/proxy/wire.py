"""Both ends of the relay, byte by byte: a provider that the test plays itself, and a client that hides nothing.

A test is a script: the client sends, the provider accepts, reads and answers, the client reads. Nothing is waited
for but what must come; `WAIT_S` only bounds how long a failing test takes.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesession.capture.proxy import LOOPBACK, ProxyApp, Upstream
from codesession.errors import DatabaseError, SessionNotFound
from codesession.model import Attempt, Hold, Outcome, Refusal, Rule, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from codesession.model import Session, Totals

WAIT_S = 10.0
Headers = list[tuple[bytes, bytes]]
LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112, section 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def request(method: str, path: str, *headers: bytes, body: bytes | None = None, host: bytes = b"127.0.0.1") -> bytes:
    """A request as it goes over the wire, with a length if it has a body."""
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1"), b"host: " + host, *headers]
    if body is not None:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def answer(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer with its length."""
    return head(b"content-length: %d" % len(body), *headers, status=status) + body


def head(*headers: bytes, status: bytes = b"200 OK") -> bytes:
    """The beginning of an answer, body to follow."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers]) + b"\r\n\r\n"


def stream_head(*headers: bytes) -> bytes:
    """The beginning of an event stream in chunks."""
    return head(b"content-type: text/event-stream", b"transfer-encoding: chunked", *headers)


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer as it came, its body without framing."""

    start: bytes
    headers: Headers
    body: bytes
    chunks: list[bytes] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.start.split(b" ")[1])

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def names(self) -> list[bytes]:
        return [key.lower() for key, _ in self.headers]


class Closed(Exception):
    """The other end has closed the connection; `data` is what came before."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data[-100:])
        self.data = data


class Wire:
    """One end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(WAIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self._got = bytearray()

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def send_aside(self, data: bytes) -> threading.Thread:
        """Send what is too large to fit in anyone's buffers while the test goes on, unless the other end closes."""

        def send() -> None:
            with suppress(ConnectionError):
                self.socket.sendall(data)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        return thread

    def until(self, mark: bytes) -> bytes:
        """All that comes up to `mark`, with it."""
        while (at := self._got.find(mark)) < 0:
            self._more()
        return self._cut(at + len(mark))

    def exactly(self, size: int) -> bytes:
        while len(self._got) < size:
            self._more()
        return self._cut(size)

    def rest(self) -> bytes:
        """All that comes until the other end closes, however it does."""
        try:
            while True:
                self._more()
        except Closed as closed:
            return closed.data

    def has_nothing(self) -> bool:
        """Whether no byte waits to be read now."""
        if self._got:
            return False
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(WAIT_S)

    def message(self, *, bodiless: bool = False) -> Message:
        """One whole message; `bodiless` for an answer whose head may speak of a body that does not follow."""
        start, headers = self.begin()
        values = {key.lower(): value for key, value in headers}
        if bodiless or b" 204 " in start or b" 304 " in start:
            return Message(start, headers, b"")
        if b"chunked" in values.get(b"transfer-encoding", b""):
            chunks = list(self._chunks())
            return Message(start, headers, b"".join(chunks), chunks)
        if b"content-length" in values:
            return Message(start, headers, self.exactly(int(values[b"content-length"])))
        return Message(start, headers, self.rest() if start.startswith(b"HTTP/") else b"")

    def begin(self) -> tuple[bytes, Headers]:
        """A message's first line and its headers; its body still to come."""
        start, *lines = self.until(b"\r\n\r\n")[:-4].split(b"\r\n")
        pairs = (line.partition(b":") for line in lines)
        return start, [(name, value.strip(b" \t")) for name, _, value in pairs]

    def next_chunk(self) -> bytes:
        """The data of the next chunk of a chunked body; empty for the last."""
        size = int(self.until(b"\r\n"), 16)
        data = self.exactly(size)
        assert self.exactly(2) == b"\r\n"
        return data

    def _chunks(self) -> Iterable[bytes]:
        while data := self.next_chunk():
            yield data

    def is_closed(self) -> bool:
        """Wait until the other end closes; whether it sent nothing more."""
        return not self.rest()

    def secure(self, certificate: Path) -> None:
        """Go on with TLS, as the server, with the certificate and key in that file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Break the connection off (RST)."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _more(self) -> None:
        try:
            data = self.socket.recv(256 * 1024)
        except (ConnectionError, ssl.SSLError):
            data = b""
        if not data:
            raise Closed(self._cut(len(self._got)))
        self._got += data

    def _cut(self, size: int) -> bytes:
        data = bytes(self._got[:size])
        del self._got[:size]
        return data


class Provider:
    """Where the relay's requests arrive; the test answers them."""

    def __init__(self, name: str = LOOPBACK) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(WAIT_S)
        self._wires: list[Wire] = []
        self.port: int = self._listener.getsockname()[1]
        self.root = f"http://{name}:{self.port}"

    def accept(self) -> Wire:
        wire = Wire(self._listener.accept()[0])
        self._wires.append(wire)
        return wire

    def was_not_called(self) -> bool:
        self._listener.setblocking(False)
        try:
            self._listener.accept()
        except BlockingIOError:
            return True
        finally:
            self._listener.settimeout(WAIT_S)
        return False

    def close(self) -> None:
        for wire in self._wires:
            wire.close()
        self._listener.close()


@dataclass(frozen=True, slots=True)
class Admitted:
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Settled:
    attempt: Attempt
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Released:
    attempt: Attempt
    http_status: int | None


Entry = Admitted | Settled | Released


class Books:
    """A `Gate` that keeps its books in memory, and can be made to fail or to take its time."""

    def __init__(self) -> None:
        self._entries: queue.Queue[Entry] = queue.Queue()
        self.failing: set[str] = set()
        self.hits: list[tuple[str, int | None]] = []
        """calls answered from the cache: by which model, and what that saved"""
        self.stops: list[Attempt] = []
        """calls that were ended because a person stopped their session"""
        self.results: dict[str, tuple[Attempt, Outcome]] = {}
        """answers of batches, by their ids"""
        self.may_settle = threading.Event()
        self.may_settle.set()
        self.asked_to_settle = threading.Event()
        self._ids = 0

    async def admit(self, attempt: Attempt) -> Hold:
        self._fail("admit")
        self._entries.put(Admitted(attempt))
        self._ids += 1
        return Hold(self._ids, attempt, 0)

    async def refuses(self) -> bool:
        return False

    async def admit_unmetered(self, attempt: Attempt) -> None:
        raise AssertionError(attempt)

    async def extend(self, hold: Hold, usage: Usage) -> Hold | Refusal:
        raise AssertionError(hold, usage)

    async def stopped(self, attempt: Attempt, hold: Hold | None) -> Refusal:
        del hold
        self.stops.append(attempt)
        return Refusal(Rule.STOPPED, "A person stopped it.", "Do not retry.")

    async def hit(self, attempt: Attempt, answered: str, saved_nanos: int | None) -> None:
        del attempt
        self.hits.append((answered, saved_nanos))

    async def record_results(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> int:
        self.asked_to_settle.set()
        self._fail("record_results")
        await asyncio.to_thread(self.may_settle.wait, WAIT_S)
        new = {str(outcome.response_id): (attempt, outcome) for outcome in outcomes}
        before = len(self.results)
        self.results = new | self.results
        return len(self.results) - before

    async def settle(self, hold: Hold, outcome: Outcome) -> None:
        self.asked_to_settle.set()
        self._fail("settle")
        if not self.may_settle.is_set():  # what a gate was asked for is entered, even if who asked is cancelled then
            await asyncio.to_thread(self.may_settle.wait, WAIT_S)
        self._entries.put(Settled(hold.attempt, outcome))

    async def release(self, hold: Hold, http_status: int | None) -> None:
        self._fail("release")
        self._entries.put(Released(hold.attempt, http_status))

    def admitted(self) -> Attempt:
        entry = self._next()
        assert isinstance(entry, Admitted), entry
        return entry.attempt

    def settled(self) -> Outcome:
        """How the next call ended; its admission may still be unread."""
        entry = self._next()
        if isinstance(entry, Admitted):
            entry = self._next()
        assert isinstance(entry, Settled), entry
        return entry.outcome

    def released(self) -> int | None:
        entry = self._next()
        if isinstance(entry, Admitted):
            entry = self._next()
        assert isinstance(entry, Released), entry
        return entry.http_status

    def are_closed(self) -> bool:
        """Whether nothing was entered that the test has not seen."""
        return self._entries.empty()

    def _next(self) -> Entry:
        return self._entries.get(timeout=WAIT_S)

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise DatabaseError("The disk is full.")


class Sessions:
    """Sessions that are known by a set of ids; unnamed calls are nobody's."""

    def __init__(self) -> None:
        self.known = {7, 12}
        self.asked: list[tuple[int | None, tuple[str, int] | None]] = []
        self.is_failing = False
        self.now: tuple[Session, Totals] | None = None

    async def attribute(self, named: int | None, peer: tuple[str, int] | None) -> int | None:
        if self.is_failing:
            raise DatabaseError("The disk is full.")
        self.asked.append((named, peer))
        if named is not None and named not in self.known:
            raise SessionNotFound(f"No session has the id {named}.", id=named)
        return named

    async def standing(self) -> tuple[Session, Totals] | None:
        return self.now


@dataclass
class Proxy:
    """A relay at work, and what it is wired to."""

    app: ProxyApp
    port: int
    books: Books
    sessions: Sessions
    wires: list[Wire] = field(default_factory=list)

    def connect(self) -> Wire:
        wire = Wire(socket.create_connection((LOOPBACK, self.port), timeout=WAIT_S))
        self.wires.append(wire)
        return wire

    def send(self, *data: bytes) -> Wire:
        """A new client that has sent `data`."""
        client = self.connect()
        client.send(*data)
        return client

    def ask(self, *data: bytes) -> Message:
        """What is answered to `data` without asking any provider."""
        client = self.send(*data)
        told = client.message()
        client.close()
        return told

    def close(self) -> None:
        """Hang up as every client."""
        for wire in self.wires:
            wire.close()

    def beat(self) -> None:
        """Return when the relay has done all that it could do by now."""
        for _ in range(3):
            assert self.ask(request("GET", "/health")).status == 200


def upstreams(root: str, *names: str) -> dict[str, Upstream]:
    return {name: Upstream(root) for name in names or ("anthropic", "openai", "google", "mistral")}


def eventually(is_true: Callable[[], Any]) -> None:
    """Fail if it does not become true in time."""
    deadline = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)
