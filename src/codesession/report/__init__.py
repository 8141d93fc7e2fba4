"""What did it come to? Questions to the ledger, answered as frozen views and rendered the same everywhere."""

from codesession.report.documents import (
    active_document,
    document,
    end_document,
    list_document,
    run_document,
    show_document,
    start_document,
    status_document,
)
from codesession.report.views import RunView, SessionView, view_of_run, view_of_session, views_of_sessions

__all__ = [
    "RunView",
    "SessionView",
    "active_document",
    "document",
    "end_document",
    "list_document",
    "run_document",
    "show_document",
    "start_document",
    "status_document",
    "view_of_run",
    "view_of_session",
    "views_of_sessions",
]
