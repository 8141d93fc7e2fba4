"""Do the pages of sessions, of one session and of calls show what is asked for?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from codesession.app.sessions import annotate, end_session, start_session
from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Usage
from codesession.web.site import build_site

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

HOUR = 3_600_000


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(build_site(app))


def begin(app: App, place: Place, name: str, cost: int | None = 1_000_000_000, *, is_over: bool = True) -> int:
    """A session of half an hour, outside git, with one call."""
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope(f"/code/{name}"), name, place.now_ms - HOUR)
        made = Attempt(session.id, "p", "model-x", "e", streamed=False, request_bytes=0, agent="codex")
        outcome = Outcome(Usage(input=30, output=4), request_id=f"req_{name}")
        tx.record(
            made, outcome, None if cost is None else Cost(cost, "t"), place.now_ms - HOUR, place.now_ms - HOUR + 9
        )
        if is_over:
            tx.end_session(session.id, place.now_ms - HOUR // 2, notes="closing words")
        return session.id


def text(html: str) -> str:
    """What a reader sees, roughly: without tags, in one line."""
    main = html[html.index("<main") :]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


# --- sessions ---


def test_each_session_is_a_row_with_its_cost_by_the_hour(client: TestClient, app: App, place: Place) -> None:
    number = begin(app, place, "<b>mine</b>", 2_000_000_000)
    page = client.get("/sessions").text
    assert f'<a href="/sessions/{number}">&lt;b&gt;mine&lt;/b&gt;</a>' in page
    assert "<b>mine" not in page
    shown = text(page)
    for figure in ("30m", "$2.00", "$4.00", " of 1", "codex"):
        assert figure in shown


def test_an_unpriced_session_costs_not_zero_and_is_marked(client: TestClient, app: App, place: Place) -> None:
    number = begin(app, place, "free", None)
    page = client.get("/sessions").text
    row = page[page.index(f'id="session-{number}"') :]
    assert "—" in text(row.replace("<tr", "<main", 1) if "<main" in row else f"<main>{row[: row.index('</tr>')]}")
    assert f'href="/calls?session={number}&amp;unpriced=1"' in page
    assert "1 unpriced call</strong>" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["beta", "alpha"]),
        ("?search=ALPH", ["alpha"]),
        ("?status=active", ["beta"]),
        ("?status=completed", ["alpha"]),
        ("?project=/code/alpha", ["alpha"]),
        ("?sort=name&dir=asc", ["alpha", "beta"]),
        ("?sort=nonsense&dir=up&status=odd&days=x&offset=zz", ["beta", "alpha"]),
    ],
)
def test_sessions_are_searched_filtered_and_sorted(
    client: TestClient, app: App, place: Place, query: str, names: list[str]
) -> None:
    begin(app, place, "alpha")
    begin(app, place, "beta", is_over=False)
    page = client.get(f"/sessions{query}").text
    assert re.findall(r'<a href="/sessions/\d+">(\w+)</a>', page) == names


def test_exports_are_of_what_is_shown(client: TestClient, app: App, place: Place) -> None:
    begin(app, place, "alpha")
    page = client.get("/sessions?search=alp&status=completed&offset=50").text
    assert 'href="/api/v1/export?search=alp&amp;status=completed&amp;format=csv"' in page
    assert client.get("/api/v1/export?search=alp&status=completed&format=csv").status_code == 200


def test_no_session_says_how_to_begin_and_none_found_says_so(client: TestClient, app: App, place: Place) -> None:
    assert "No session yet" in client.get("/sessions").text
    begin(app, place, "alpha")
    assert "No session is like that" in client.get("/sessions?search=zzz").text


# --- one session ---


def test_a_session_has_its_figures_and_where_it_began(client: TestClient, app: App, place: Place) -> None:
    number = begin(app, place, "alpha", 2_000_000_000)
    page = client.get(f"/sessions/{number}").text
    shown = text(page)
    for figure in (
        "$2.00",
        "$4.00 an hour",
        "34",
        "7.5 : 1 prompt to completion",
        "30m",
        "/code/alpha",
        "outside git",
        "codex",
    ):
        assert figure in shown
    assert "Session ended: closing words" in shown
    assert 'data-opens="end-session"' not in page


@pytest.mark.parametrize("tab", ["timeline", "files", "commits", "calls", "notes"])
def test_a_tab_is_an_address_of_its_own(client: TestClient, app: App, place: Place, tab: str) -> None:
    number = begin(app, place, "alpha")
    page = client.get(f"/sessions/{number}?tab={tab}").text
    assert re.findall(r'role="tab" id="tab-(\w+)"[^>]*aria-selected="true"[^>]*tabindex="0"', page) == [tab]
    assert f'role="tabpanel" id="panel" class="panel" aria-labelledby="tab-{tab}"' in page


def test_a_live_session_can_be_ended_and_shows_its_budget(client: TestClient, app: App, place: Place) -> None:
    from codesession.app import set_session_budget
    from codesession.app.budgets import Terms

    number = begin(app, place, "alpha", 1_500_000_000, is_over=False)
    set_session_budget(app, number, Terms(2_000_000_000))
    page = client.get(f"/sessions/{number}").text
    assert f'name="sessionId" data-type="integer" value="{number}"' in page
    assert "$1.50 of $2.00" in page
    assert '<progress max="1000" value="750"' in page


def test_the_diff_of_a_session_is_in_the_page_only_where_it_is_asked_for(
    client: TestClient, app: App, place: Place
) -> None:
    place.now_ms = 1_000
    session = start_session(app, "work")
    place.write("<new>.py", "one = '<1>'\n")
    place.write("old.txt", "y\n")
    made = place.commit("<made>")
    address = f"/sessions/{session.id}"
    assert f'hx-get="{address}?tab=files&amp;part=diff"' in client.get(f"{address}?tab=files").text
    page = client.get(f"{address}?tab=files&part=diff").text
    assert "2 files changed" in text(page)
    assert (
        '<td data-line=""></td><td data-line="1"></td><td data-sign="+"><span class="hidden-but-read">added: </span>'
        in page
    )
    assert "<code>one = &#39;&lt;1&gt;&#39;</code>" in page
    assert "<code><mark>x</mark></code>" not in page
    one = client.get(f"{address}?tab=files&part=diff&file=old.txt").text
    assert "1 file changed" in text(one)
    commits = client.get(f"{address}?tab=commits").text
    assert f'id="commit-{made}"' in commits
    assert "&lt;made&gt;" in commits
    assert f"commit={made}" in commits
    opened = client.get(f"{address}?tab=commits&part=diff&commit={made}").text
    assert f'id="commit-{made}-file-1" open' in opened


def test_a_diff_that_cannot_be_read_says_why_on_the_page(client: TestClient, app: App, place: Place) -> None:
    number = begin(app, place, "alpha")
    answer = client.get(f"/sessions/{number}?tab=files&part=diff")
    assert (answer.status_code, "is not in a git repository" in answer.text) == (200, True)
    answer = client.get(f"/sessions/{number}?tab=commits&part=diff&commit=abcd")
    assert answer.status_code == 200


def test_commits_of_a_live_session_whose_repository_is_gone_say_so(client: TestClient, app: App) -> None:
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/gone", "/gone"), "work", 5)
    page = client.get(f"/sessions/{session.id}?tab=commits").text
    assert "No git repository can be read at /gone." in text(page)


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        pytest.param(None, "tokens not known", id="nothing"),
        pytest.param(Usage(unsplit=2_000), "2K tok", id="their-number"),
        pytest.param(Usage(input=30, output=4), "30 in · 4 out", id="both-sides"),
    ],
)
def test_the_timeline_says_what_is_known_of_tokens_and_no_more(
    client: TestClient, app: App, place: Place, usage: Usage | None, words: str
) -> None:
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/code/odd"), "odd", place.now_ms - HOUR)
        made = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0)
        tx.record(made, Outcome(usage, Evidence.ESTIMATED), Cost(5, "t"), place.now_ms - HOUR, place.now_ms)
    shown = text(client.get(f"/sessions/{session.id}").text)
    assert words in shown
    assert (" in · " in shown) == (words.endswith("out"))


def test_notes_are_shown_as_they_were_written(client: TestClient, app: App, place: Place) -> None:
    number = begin(app, place, "alpha")
    annotate(app, "two\nlines <b>", number)
    page = client.get(f"/sessions/{number}?tab=notes").text
    assert "two\nlines &lt;b&gt;" in page
    assert "closing words" in page
    assert f'data-api="POST /api/v1/sessions/{number}/notes"' in page


def test_a_long_timeline_leads_to_what_came_before(
    client: TestClient, app: App, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codesession.report import timeline
    from codesession.web.pages import session as page_of_session

    for module in (timeline, page_of_session):
        monkeypatch.setattr(module, "CALLS_OF_A_PAGE", 2)
    number = begin(app, place, "alpha")
    with app.ledger.writing() as tx:
        for at in range(4):
            made = Attempt(number, "p", "m", "e", streamed=False, request_bytes=0)
            tx.record(made, Outcome(Usage(input=1)), Cost(1, "t"), place.now_ms + at, place.now_ms + at)
    newest = client.get(f"/sessions/{number}").text
    assert f'rel="prev" href="/sessions/{number}?offset=2"' in newest
    middle = client.get(f"/sessions/{number}?offset=2").text
    assert f'rel="prev" href="/sessions/{number}?offset=4"' in middle
    assert f'rel="next" href="/sessions/{number}"' in middle
    assert 'rel="prev"' not in client.get(f"/sessions/{number}?offset=4").text


def test_an_ended_session_in_a_repository_tells_where_it_began(client: TestClient, app: App, place: Place) -> None:
    place.now_ms = 1_000
    session = start_session(app, "work")
    end_session(app)
    page = client.get(f"/sessions/{session.id}").text
    assert place.git("rev-parse", "HEAD")[:12] in page
    assert f'data-stats="/api/v1/sessions/{session.id}/diff-stats"' in page


# --- calls ---


def test_each_call_is_a_row_with_all_that_is_known_below(client: TestClient, app: App, place: Place) -> None:
    begin(app, place, "alpha", 1_234_500_000)
    page = client.get("/calls").text
    shown = text(page)
    for part in ("model-x", "$1.23", "measured, priced by t", "req_alpha", "Input 30", "Output 4", " of 1"):
        assert part in shown
    assert 'aria-controls="more-1"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?search=req_alpha", 1),
        ("?model=model-x&provider=p&agent=codex", 2),
        ("?session=1", 1),
        ("?unpriced=1", 1),
        ("?evidence=imported", 0),
        ("?state=held", 0),
        ("?state=odd&evidence=odd&days=odd&session=x", 2),
        ("?days=1", 2),
        ("?customer=nobody", 0),
    ],
)
def test_calls_are_searched_and_filtered(client: TestClient, app: App, place: Place, query: str, found: int) -> None:
    begin(app, place, "alpha")
    begin(app, place, "beta", None)
    page = client.get(f"/calls{query}").text
    assert page.count("data-row") == found
    assert ("No call is like that" in page) == (not found)


def test_a_call_without_a_price_leads_to_where_it_is_set(client: TestClient, app: App, place: Place) -> None:
    begin(app, place, "alpha", None)
    assert 'href="/pricing?model=model-x&amp;provider=p"' in client.get("/calls").text


def test_calls_of_one_session_say_whose_they_are(client: TestClient, app: App, place: Place) -> None:
    begin(app, place, "alpha")
    page = client.get("/calls?session=1&sort=cost&dir=asc").text
    assert "Only calls of" in page
    assert '<a href="/sessions/1">alpha</a>' in page
    assert 'name="session" value="1"' in page
    assert 'href="/api/v1/calls/export?session=1&amp;sort=cost&amp;dir=asc&amp;format=json"' in page
