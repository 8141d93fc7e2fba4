"""Is it known whether a proxy of ours listens, whatever else does?"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from codesession import __version__
from codesession.app import start_session
from codesession.app.proxy_status import ProxyStatus, proxy_status
from codesession.app.proxying import standalone_proxy
from codesession.capture.proxy import listen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.place import Place

WAIT_S = 30


@pytest.mark.usefixtures("priced")
def test_a_proxy_says_what_it_is(place: Place) -> None:
    app = place.app()
    session = start_session(app, "work")
    with standalone_proxy(app, 0, None) as (proxy, _):
        assert proxy_status(proxy.port, WAIT_S) == ProxyStatus(
            running=True, port=proxy.port, version=__version__, session_id=session.id
        )


def test_where_nobody_listens_none_runs() -> None:
    with closing(listen(0)) as listener:
        port = listener.getsockname()[1]
    assert proxy_status(port, WAIT_S) == ProxyStatus(running=False, port=port)


def test_one_that_does_not_answer_is_not_waited_for() -> None:
    with closing(listen(0)) as listener:
        assert not proxy_status(listener.getsockname()[1], 0.01).running


@contextmanager
def somebody_else(body: bytes) -> Iterator[int]:
    """Something that answers every question with that; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is to be said."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(WAIT_S)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"status": "running"}', b'{"codesessionVersion": "1"}'])
def test_who_else_listens_there_is_no_proxy_of_ours(body: bytes) -> None:
    with somebody_else(body) as port:
        assert not proxy_status(port, WAIT_S).running


def test_what_it_passed_on_unread_is_told() -> None:
    told = b'{"status":"running","codesessionVersion":"1","unmetered":{"openai":2,"xai":1},"unrecorded":4}'
    with somebody_else(told) as port:
        assert proxy_status(port, WAIT_S) == ProxyStatus(
            running=True, port=port, version="1", unmetered=3, unrecorded=4
        )
