"""What does the server answer? The pages, their static files, and, once it is asked for, the API."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from codesession.errors import CodesessionError
from codesession.web.drawing import Drawing
from codesession.web.pages import PAGES, Asked, Page, view_of
from codesession.web.sealing import is_api

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from codesession.app import App

STATIC = Path(__file__).parent / "static"


class _Row(IntegerConvertor):
    """The id of a row in a path; Starlette's own whole numbers may have more digits than the ledger or Python takes."""

    regex = "[0-9]{1,18}"


register_url_convertor("row", _Row())


def build_site(app: App, routes: Sequence[BaseRoute] = (), proxy_port: int | None = None) -> ASGIApp:
    """The pages and the API over `app`, with further `routes`; unguarded (see `guarding`).

    `proxy_port` is where the proxy listens that this program has beside it; None: it has none.
    """
    drawing = Drawing(app)
    pages = [Route(page.path, partial(_show, app, drawing, page), methods=["GET"]) for page in PAGES]
    api = Later(app, proxy_port)
    return Starlette(
        routes=[
            *pages,
            *routes,
            Mount("/static", StaticFiles(directory=STATIC)),
            Mount("/api/v1", api),
            Mount("/api", api),
        ],
        exception_handlers={404: partial(_not_found, drawing), Exception: partial(_failed, drawing)},
    )


class Later:
    """The API, which is loaded when it is first asked: FastAPI takes half a second, and pages do without."""

    def __init__(self, app: App, proxy_port: int | None) -> None:
        self._app = app
        self._proxy_port = proxy_port
        self._api: ASGIApp | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the API does."""
        async with self._turn:  # there is one, with one proxy that it may have started, whoever comes at once
            if self._api is None:
                self._api = await run_in_threadpool(self._load)
        await self._api(scope, receive, send)

    def _load(self) -> ASGIApp:
        from codesession.web.api import build_api

        return build_api(self._app, self._proxy_port)


async def _show(app: App, drawing: Drawing, page: Page, request: Request) -> Response:
    return await run_in_threadpool(_drawn, app, drawing, page, request)


def _drawn(app: App, drawing: Drawing, page: Page, request: Request) -> Response:
    origin = f"{request.url.scheme}://{request.url.netloc}"
    asked = Asked(app, request.path_params, request.query_params, app.now_ms(), drawing.zone, origin)
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        with app.ledger.reading() as reader:
            version = reader.version()  # before it is looked at: what changes from here on is drawn once more
        view = view_of(page)(asked)
    except CodesessionError as error:
        return HTMLResponse(drawing.problem(error, address), error.http_status)
    return HTMLResponse(drawing.page(page, asked, view, address, version))


async def _not_found(drawing: Drawing, request: Request, error: Exception) -> Response:
    del error
    if is_api(request.url.path):  # one with a line break in it, which is no path of the API's
        return JSONResponse({"error": "The API has nothing at that path.", "code": "not_found"}, 404)
    return HTMLResponse(drawing.missing(request.url.path), 404)


async def _failed(drawing: Drawing, request: Request, error: Exception) -> Response:
    return HTMLResponse(drawing.fault(error, request.url.path), 500)
