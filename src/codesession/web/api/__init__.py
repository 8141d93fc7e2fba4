"""The JSON API: documented by itself, and drawn from the same views as the pages.

Each noun is a module of this room with a ``router``; see `common` for how an endpoint is written. The whole is one
FastAPI application, which stands under /api/v1 and, for readers of earlier tools, under /api.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from fastapi import FastAPI

from codesession.app.proxy_switch import ProxySwitch
from codesession.app.pushes import Intake
from codesession.web.api.common import EVERYWHERE
from codesession.web.api.describing import DESCRIPTION, TITLE, describe
from codesession.web.api.exchange import Exchange
from codesession.web.api.failing import HANDLERS

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from codesession.app import App

ROUTERS = [
    "proxy",
    "insights",
    "pricing",
    "cache",
    "live",
    "console",
    "budgets",
    "share",
    "reset",
    "changelog",
    "sessions",
    "calls",
    "ingest",
    "models",
    "overview",
    "start",
]
"""The modules of this room that have a ``router``: append a line, in any order."""


def build_api(app: "App", proxy_port: int | None = None) -> "ASGIApp":
    """The API over `app`; unguarded (see `codesession.web.guarding`).

    `proxy_port` is where the proxy listens that this program has beside it; None: it has none.
    """
    api = all_endpoints()
    api.state.app = app
    api.state.intake = Intake(app)
    api.state.proxy_switch = ProxySwitch(app, proxy_port)
    return Exchange(api)


def all_endpoints() -> FastAPI:
    """Everything that can be asked, of no ledger yet; its ``openapi()`` describes it."""
    api = FastAPI(
        title=TITLE,
        version="1",
        description=DESCRIPTION,
        responses=EVERYWHERE,
        exception_handlers=HANDLERS,
        openapi_url=None,  # `start` has it
        docs_url=None,  # these load a page of somebody else's
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for name in ROUTERS:
        api.include_router(import_module(f"codesession.web.api.{name}").router)
    api.openapi = lambda: describe(api)  # type: ignore[method-assign]  # as FastAPI documents it
    return api
