"""How is the program put together? From the config, once per process; this is what the doors call.

Each name is loaded when first asked for: a command that only reads the ledger does not load what runs programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.app.approvals import approve, deny, last_refusal
    from codesession.app.budgets import (
        Change,
        Terms,
        Unpriced,
        remove_budget,
        set_budget,
        set_budgets,
        set_session_budget,
        zone_of,
    )
    from codesession.app.caching import cache_contents, clear_cache, with_answers_kept
    from codesession.app.core import App, open_app
    from codesession.app.demo import demonstration
    from codesession.app.ending import asked_to_end, wait_until
    from codesession.app.entries import Entry, Logged, log_call
    from codesession.app.health import examine
    from codesession.app.local_models import (
        SaidRate,
        add_local_model,
        detect_local_models,
        list_local_models,
        remove_rate,
    )
    from codesession.app.mandates import list_mandates, remove_mandate, set_mandate
    from codesession.app.names import session_name
    from codesession.app.other_model import what_if
    from codesession.app.own_prices import reset_prices, set_price
    from codesession.app.price_board import PriceBoard, price_board
    from codesession.app.price_list import explain_price, list_prices
    from codesession.app.price_update import update_prices
    from codesession.app.project_file import ProjectFiles, read_project_file, sync_project_file
    from codesession.app.proxying import standalone_proxy, wait_for_end
    from codesession.app.repricing import reprice
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
    from codesession.app.situation import Situation, budgets_everywhere, budgets_now
    from codesession.app.switches import allow_session, heeding, pause_session, stop_session
    from codesession.app.upkeep import back_up, ledger_contents, reset_ledger
    from codesession.app.watching import Ending, watch_session

_HOME = {
    "App": "core",
    "Change": "budgets",
    "Ending": "watching",
    "Entry": "entries",
    "Logged": "entries",
    "PriceBoard": "price_board",
    "ProjectFiles": "project_file",
    "Run": "runs",
    "SaidRate": "local_models",
    "Situation": "situation",
    "Terms": "budgets",
    "Unpriced": "budgets",
    "active_session": "sessions",
    "add_local_model": "local_models",
    "allow_session": "switches",
    "annotate": "sessions",
    "any_session": "sessions",
    "approve": "approvals",
    "asked_to_end": "ending",
    "back_up": "upkeep",
    "budgets_everywhere": "situation",
    "budgets_now": "situation",
    "cache_contents": "caching",
    "changes_in": "sessions",
    "clear_cache": "caching",
    "current_scope": "sessions",
    "demonstration": "demo",
    "deny": "approvals",
    "detect_local_models": "local_models",
    "end_session": "sessions",
    "examine": "health",
    "explain_price": "price_list",
    "heeding": "switches",
    "last_refusal": "approvals",
    "ledger_contents": "upkeep",
    "list_local_models": "local_models",
    "list_mandates": "mandates",
    "list_prices": "price_list",
    "log_call": "entries",
    "open_app": "core",
    "pause_session": "switches",
    "price_board": "price_board",
    "read_project_file": "project_file",
    "recover": "sessions",
    "remove_budget": "budgets",
    "remove_mandate": "mandates",
    "remove_rate": "local_models",
    "reprice": "repricing",
    "reset_ledger": "upkeep",
    "reset_prices": "own_prices",
    "resume_session": "sessions",
    "run": "runs",
    "session_name": "names",
    "set_budget": "budgets",
    "set_budgets": "budgets",
    "set_mandate": "mandates",
    "set_price": "own_prices",
    "set_session_budget": "budgets",
    "standalone_proxy": "proxying",
    "start_session": "sessions",
    "stop_session": "switches",
    "sync_project_file": "project_file",
    "update_prices": "price_update",
    "wait_for_end": "proxying",
    "wait_until": "ending",
    "watch_session": "watching",
    "what_if": "other_model",
    "with_answers_kept": "caching",
    "zone_of": "budgets",
}

__all__ = [
    "App",
    "Change",
    "Ending",
    "Entry",
    "Logged",
    "PriceBoard",
    "ProjectFiles",
    "Run",
    "SaidRate",
    "Situation",
    "Terms",
    "Unpriced",
    "active_session",
    "add_local_model",
    "allow_session",
    "annotate",
    "any_session",
    "approve",
    "asked_to_end",
    "back_up",
    "budgets_everywhere",
    "budgets_now",
    "cache_contents",
    "changes_in",
    "clear_cache",
    "current_scope",
    "demonstration",
    "deny",
    "detect_local_models",
    "end_session",
    "examine",
    "explain_price",
    "heeding",
    "last_refusal",
    "ledger_contents",
    "list_local_models",
    "list_mandates",
    "list_prices",
    "log_call",
    "open_app",
    "pause_session",
    "price_board",
    "read_project_file",
    "recover",
    "remove_budget",
    "remove_mandate",
    "remove_rate",
    "reprice",
    "reset_ledger",
    "reset_prices",
    "resume_session",
    "run",
    "session_name",
    "set_budget",
    "set_budgets",
    "set_mandate",
    "set_price",
    "set_session_budget",
    "standalone_proxy",
    "start_session",
    "stop_session",
    "sync_project_file",
    "update_prices",
    "wait_for_end",
    "wait_until",
    "watch_session",
    "what_if",
    "with_answers_kept",
    "zone_of",
]

__getattr__ = names_of(__name__, _HOME)
