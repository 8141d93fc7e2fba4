"""Does the first page show what it is to show, in words and figures?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.report.spending import DOLLAR, begin, call, end

from codesession.model import Usage
from codesession.web.drawing import money

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


def text(client: TestClient, address: str = "/") -> str:
    """The page's words, with single spaces between them; what is not known is a question mark."""
    answer = client.get(address)
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split()).replace(money(None), "?")


def work(app: App) -> None:
    """A session of yesterday, and one that goes on."""
    ledger = app.ledger
    done = begin(ledger, "Fix the login", "2026-11-27T10:00+00:00")
    call(
        ledger,
        "2026-11-27T10:00+00:00",
        6 * DOLLAR,
        done,
        usage=Usage(input=50, cache_read=150, output=10),
        agent="codex",
    )
    end(ledger, done, "2026-11-27T10:30+00:00")
    live = begin(ledger, "<b>Bold</b>", "2026-11-28T14:10+00:00")
    call(ledger, "2026-11-28T14:10+00:00", 2 * DOLLAR, live)


def test_figures_come_with_words_for_what_they_are_and_how_they_were_got(app: App, client: TestClient) -> None:
    work(app)
    shown = text(client)
    assert "Today $2.00 $2.00 measured $6.00 / day average" in shown
    assert "Last 30 days $8.00 $8.00 measured nothing known of the 30 days before" in shown
    assert "Projected, November $24.00 estimated. Projected: each coming day at the average of" in shown
    assert "$8.00 so far, 2 days to go" in shown
    assert "Sessions 2 begun in the last 30 days: measured 1 live 2 calls 2 measured · 320 tok" in shown
    assert "Cost / session $4.00" in shown
    assert "From cache 50%" in shown


def test_it_is_compared_with_the_days_before(app: App, client: TestClient) -> None:
    work(app)
    call(app.ledger, "2026-10-20T10:00+00:00", 10 * DOLLAR)
    assert "↓ 20% vs $10.00 since 20 Oct" in text(client)
    call(app.ledger, "2025-10-20T10:00+00:00", DOLLAR)
    assert "↓ 20% vs $10.00 before" in text(client)


def test_sessions_are_listed_and_their_names_are_no_markup(app: App, client: TestClient) -> None:
    work(app)
    page = client.get("/").text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold" not in page
    assert '<a href="/sessions/1">Fix the login</a>' in page
    shown = text(client)
    assert "Fix the login $12.00/h 1 call, none estimated · 30m" in shown
    assert "Fix the login Fix the login codex ended 27 Nov" in shown


def test_the_days_can_be_chosen(app: App, client: TestClient) -> None:
    work(app)
    page = client.get("/?days=7").text
    assert '<a href="/?days=7" aria-current="true">7d</a>' in page
    assert '<a href="/">30d</a>' in page
    assert "Last 7 days" in text(client, "/?days=7")


def test_days_that_are_no_choice_are_thirty(app: App, client: TestClient) -> None:
    work(app)
    assert "Last 30 days" in text(client, "/?days=1000000")


def test_what_has_no_price_is_said_and_is_a_dash(app: App, client: TestClient) -> None:
    call(app.ledger, "2026-11-28T14:10+00:00", None)
    shown = text(client)
    assert "1 unpriced call : no price is known" in shown
    assert "Today ? 1 call unpriced, not counted ? / day average" in shown
    assert "$0.00 measured" not in shown


def test_without_a_session_the_calls_are_still_shown(app: App, client: TestClient) -> None:
    call(app.ledger, "2026-11-28T14:10+00:00", DOLLAR)
    assert "Calls were made outside of any session." in text(client)


def test_an_empty_ledger_leads_to_a_first_run(client: TestClient) -> None:
    page = client.get("/").text
    assert "chart-cost" not in page
    assert page.count("<h1>") == 1


def test_every_chart_says_in_words_what_it_shows(app: App, client: TestClient) -> None:
    work(app)
    page = client.get("/").text
    charts = re.findall(r'<div class="chart[^>]*aria-label="([^"]+)"[^>]*data-options="\{', page)
    assert len(charts) == 4
