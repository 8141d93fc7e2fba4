"""Is it said what would go, and which copies there are?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.report.spending import DOLLAR, begin, call
from tests.web.pages.drawn import words

from codesession.app.budgets import Terms, set_budget

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


def test_what_would_go_is_counted_and_the_copies_of_earlier_resets_are_listed(app: App, client: TestClient) -> None:
    session = begin(app.ledger, "work", "2026-11-05T12:00+00:00")
    call(app.ledger, "2026-11-05T12:00+00:00", 2 * DOLLAR, session)
    (app.config.database.parent / "sessions-before-reset-20261101-120000.db").write_bytes(b"x" * 5000)
    shown = words(client, "/reset")
    assert "<strong>1</strong> session</li>" in shown
    assert "<strong>1</strong> AI call, $2.00 in all</li>" in shown
    assert "sessions-before-reset-20261101-120000.db" in shown
    assert "5 kB" in shown


def test_a_call_without_a_price_is_named_and_is_not_nothing(app: App, client: TestClient) -> None:
    session = begin(app.ledger, "work", "2026-11-05T12:00+00:00")
    call(app.ledger, "2026-11-05T12:00+00:00", None, session)
    assert "<strong>1</strong> AI call, 1 of them unpriced</li>" in words(client, "/reset")
    call(app.ledger, "2026-11-05T13:00+00:00", DOLLAR, session)
    assert "<strong>2</strong> AI calls, $1.00 in all, 1 of them unpriced</li>" in words(client, "/reset")


def test_budgets_go_too_when_that_is_wanted(app: App, client: TestClient) -> None:
    assert "/api/v1/reset?budgets" not in words(client, "/reset")
    set_budget(app, "all", "day", Terms(5))
    shown = words(client, "/reset")
    assert "Delete 1 budget too" in shown
    assert "POST /api/v1/reset?budgets={budgets}" in shown


def test_where_there_is_nothing_nothing_would_go(client: TestClient) -> None:
    assert "Nothing: there is no session and no call." in words(client, "/reset")
