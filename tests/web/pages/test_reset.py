"""Is it said what would go, and which copies there are?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.report.spending import DOLLAR, begin, call
from tests.web.pages.drawn import words

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


def test_what_would_go_is_counted_and_the_copies_of_earlier_resets_are_listed(app: App, client: TestClient) -> None:
    session = begin(app.ledger, "work", "2026-11-05T12:00+00:00")
    call(app.ledger, "2026-11-05T12:00+00:00", 2 * DOLLAR, session)
    (app.config.database.parent / "sessions-before-reset-20261101-120000.db").write_bytes(b"x" * 5000)
    shown = words(client, "/reset")
    assert "<strong>1</strong> sessions" in shown
    assert "<strong>1</strong> AI calls, $2.00 in all" in shown
    assert "sessions-before-reset-20261101-120000.db" in shown
    assert "5 kB" in shown


def test_where_there_is_nothing_nothing_would_go(client: TestClient) -> None:
    assert "Nothing: there is no session and no call." in words(client, "/reset")
