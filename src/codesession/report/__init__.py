"""What did it come to? Questions to the ledger, answered as frozen views and rendered the same everywhere.

Each name is loaded when first asked for: a command shows one or two of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.report.documents import (
        active_document,
        document,
        end_document,
        list_document,
        logged_document,
        note_document,
        recover_document,
        run_document,
        show_document,
        start_document,
        stats_document,
        status_document,
    )
    from codesession.report.logged import LoggedView
    from codesession.report.runs import RunView, view_of_run
    from codesession.report.views import SessionView, view_of_session, views_of_sessions

_HOME = {
    "LoggedView": "logged",
    "RunView": "runs",
    "SessionView": "views",
    "active_document": "documents",
    "document": "documents",
    "end_document": "documents",
    "list_document": "documents",
    "logged_document": "documents",
    "note_document": "documents",
    "recover_document": "documents",
    "run_document": "documents",
    "show_document": "documents",
    "start_document": "documents",
    "stats_document": "documents",
    "status_document": "documents",
    "view_of_run": "runs",
    "view_of_session": "views",
    "views_of_sessions": "views",
}

__all__ = [
    "LoggedView",
    "RunView",
    "SessionView",
    "active_document",
    "document",
    "end_document",
    "list_document",
    "logged_document",
    "note_document",
    "recover_document",
    "run_document",
    "show_document",
    "start_document",
    "stats_document",
    "status_document",
    "view_of_run",
    "view_of_session",
    "views_of_sessions",
]

__getattr__ = names_of(__name__, _HOME)
