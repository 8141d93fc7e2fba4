"""Does a connection that does not ask, or asks too slowly, keep others from asking?"""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from codesession.web import patience
from codesession.web.bodies import read_whole
from codesession.web.listening import listen
from codesession.web.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

ASKED = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    body = await read_whole(headers, receive)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    found = listen("127.0.0.1", 0)
    with serving(echo, found.listener, lambda: None):
        yield "127.0.0.1", found.place.port


def connect(where: tuple[str, int]) -> socket.socket:
    return socket.create_connection(where, 10)


def is_ended(connection: socket.socket) -> bool:
    """Whether the other end has closed it without a word; waits for that for ten seconds."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nhost: x\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf",
    ],
)
def test_what_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(patience, "WAIT_S", 0.1)
    with served() as where, connect(where) as connection:
        connection.sendall(begun)
        assert is_ended(connection)


def test_a_second_question_is_not_waited_for_longer_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WAIT_S", 0.2)
    with served() as where, connect(where) as connection:
        connection.sendall(ASKED)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(ASKED[:9])
        assert is_ended(connection)


def test_beyond_a_number_of_connections_others_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "MOST_CONNECTIONS", 3)
    with served() as where, ExitStack() as stack:
        kept = [stack.enter_context(connect(where)) for _ in range(3)]
        assert is_ended(stack.enter_context(connect(where)))
        for connection in kept:
            connection.sendall(ASKED)
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200 OK\r\n")
