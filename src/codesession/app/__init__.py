"""How is the program put together? From the config, once per process; this is what the doors call.

Each name is loaded when first asked for: a command that only reads the ledger does not load what runs programs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.app.core import App, open_app
    from codesession.app.demonstration import demonstration
    from codesession.app.names import session_name
    from codesession.app.proxying import standalone_proxy, wait_for_end
    from codesession.app.runs import Run, run
    from codesession.app.sessions import active_session, changes_in, current_scope, end_session, start_session

_HOME = {
    "App": "core",
    "Run": "runs",
    "active_session": "sessions",
    "changes_in": "sessions",
    "current_scope": "sessions",
    "demonstration": "demonstration",
    "end_session": "sessions",
    "open_app": "core",
    "run": "runs",
    "session_name": "names",
    "standalone_proxy": "proxying",
    "start_session": "sessions",
    "wait_for_end": "proxying",
}

__all__ = [
    "App",
    "Run",
    "active_session",
    "changes_in",
    "current_scope",
    "demonstration",
    "end_session",
    "open_app",
    "run",
    "session_name",
    "standalone_proxy",
    "start_session",
    "wait_for_end",
]


def __getattr__(name: str) -> object:
    """The public `name`, loaded now and kept: a module of the same name would otherwise stand in its place."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found
