"""How is the program put together? From the config, once per process; this is what the doors call.

Each name is loaded when first asked for: a command that only reads the ledger does not load what runs programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.app.core import App, open_app
    from codesession.app.demo import demonstration
    from codesession.app.ending import asked_to_end
    from codesession.app.entries import Entry, Logged, log_call
    from codesession.app.health import examine
    from codesession.app.names import session_name
    from codesession.app.own_prices import reset_prices, set_price
    from codesession.app.price_list import explain_price, list_prices
    from codesession.app.proxying import standalone_proxy, wait_for_end
    from codesession.app.runs import Run, run
    from codesession.app.sessions import (
        active_session,
        annotate,
        any_session,
        changes_in,
        current_scope,
        end_session,
        recover,
        resume_session,
        start_session,
    )
    from codesession.app.upkeep import back_up, ledger_contents, reset_ledger
    from codesession.app.watching import Ending, watch_session

_HOME = {
    "App": "core",
    "Ending": "watching",
    "Entry": "entries",
    "Logged": "entries",
    "Run": "runs",
    "active_session": "sessions",
    "annotate": "sessions",
    "any_session": "sessions",
    "asked_to_end": "ending",
    "back_up": "upkeep",
    "changes_in": "sessions",
    "current_scope": "sessions",
    "demonstration": "demo",
    "end_session": "sessions",
    "examine": "health",
    "explain_price": "price_list",
    "ledger_contents": "upkeep",
    "list_prices": "price_list",
    "log_call": "entries",
    "open_app": "core",
    "recover": "sessions",
    "reset_ledger": "upkeep",
    "reset_prices": "own_prices",
    "resume_session": "sessions",
    "run": "runs",
    "session_name": "names",
    "set_price": "own_prices",
    "standalone_proxy": "proxying",
    "start_session": "sessions",
    "wait_for_end": "proxying",
    "watch_session": "watching",
}

__all__ = [
    "App",
    "Ending",
    "Entry",
    "Logged",
    "Run",
    "active_session",
    "annotate",
    "any_session",
    "asked_to_end",
    "back_up",
    "changes_in",
    "current_scope",
    "demonstration",
    "end_session",
    "examine",
    "explain_price",
    "ledger_contents",
    "list_prices",
    "log_call",
    "open_app",
    "recover",
    "reset_ledger",
    "reset_prices",
    "resume_session",
    "run",
    "session_name",
    "set_price",
    "standalone_proxy",
    "start_session",
    "wait_for_end",
    "watch_session",
]

__getattr__ = names_of(__name__, _HOME)
