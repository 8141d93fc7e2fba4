"""What does Prometheus read? Its format is loaded when it is first asked for: pages do without."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from codesession.errors import CodesessionError
from codesession.web.refusing import answer, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from codesession.app import App
    from codesession.web.exposition import Exposition


class Metrics:
    """The metrics, as an ASGI application; `unmetered` tells what a proxy has passed through unread, by provider."""

    def __init__(self, app: App, unmetered: Callable[[], Mapping[str, int]] | None = None) -> None:
        self._app = app
        self._unmetered = unmetered
        self._exposition: Exposition | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the format that is asked for."""
        del receive
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        try:
            async with self._turn:
                body, kind = await run_in_threadpool(self._written, accept)
        except CodesessionError as error:
            await refuse(send, error)
            return
        await answer(send, 200, [(b"content-type", kind.encode())], body if scope["method"] == "GET" else b"")

    def _written(self, accept: str) -> tuple[bytes, str]:
        if self._exposition is None:
            from codesession.web.exposition import Exposition

            self._exposition = Exposition(self._app.ledger, self._app.now_ms, self._unmetered)
        return self._exposition.write(accept)
