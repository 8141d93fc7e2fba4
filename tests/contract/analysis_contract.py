"""What must every ledger answer about many calls at once? Inherited as `LedgerContract` is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ledger_contract import Opened, answered, attempt

from codesession.model import CallState, ChangeType, Commit, Cost, Cut, Evidence, FileChange, Outcome, Scope, Usage
from codesession.model.analysis import (
    MOST_COUNTED,
    CallOrder,
    CallQuery,
    Hotspot,
    Hour,
    SessionOrder,
    SessionQuery,
    Span,
    Spent,
    SpentByModel,
    Work,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Session
    from codesession.model.analysis import CallsFound, SessionsFound
    from codesession.model.ports import Ledger

QUARTER, HOUR, DAY = 900_000, 3_600_000, 86_400_000
SUNDAY = 3 * DAY
"""4 January 1970."""
HERE, THERE = Scope("/projects/here"), Scope("/projects/there")


class AnalysisContract:
    """What holds for any ledger that pages ask."""

    def make(self, place: Path, *, wait_s: float = 10.0) -> Ledger:
        """The ledger at `place`, created if need be; it waits `wait_s` seconds for another writer."""
        raise NotImplementedError

    @pytest.fixture
    def filled(self, tmp_path: Path) -> Iterator[Opened]:
        with closing(self.make(tmp_path)) as ledger:
            owner_id = ledger.claim(1)
            with ledger.writing() as tx:
                session = tx.begin_session(HERE, "work", 1)
            yield Opened(ledger, owner_id, session)

    def spend(
        self, filled: Opened, started_ms: int, nanos: int | None = 10, outcome: Outcome | None = None, **known: Any
    ) -> int:
        """A call that was made, cost so much, and read ten tokens and wrote five; returns its id."""
        with filled.ledger.writing() as tx:
            asked = attempt(**{"session_id": filled.session.id, **known})
            cost = None if nanos is None else Cost(nanos, "table")
            return tx.record(asked, outcome or answered(), cost, started_ms, started_ms + 500)

    def session(
        self, filled: Opened, name: str, started_ms: int, ended_ms: int | None = None, scope: Scope = THERE, **end: Any
    ) -> Session:
        """A session, which ends if `ended_ms` says when."""
        with filled.ledger.writing() as tx:
            session = tx.begin_session(scope, name, started_ms)
            if ended_ms is not None:
                tx.end_session(session.id, ended_ms, **end)
        return session

    # --- what was spent ---

    def test_nothing_was_spent_in_an_empty_ledger(self, filled: Opened) -> None:
        with filled.ledger.reading() as tx:
            assert tx.spent() == {}
            assert (tx.spent_by_model(), tx.agents(), tx.hotspots(5)) == ([], [], [])
            assert tx.spent_between([0, DAY]) == [Spent()]
            assert tx.find_calls(CallQuery()).rows == ()
            assert tx.names() == {"provider": [], "model": [], "agent": [], "customer": []}

    def test_what_was_spent_is_told_by_how_it_is_known_and_never_guessed(self, filled: Opened) -> None:
        self.spend(filled, DAY, 10)
        self.spend(filled, 2 * DAY, None)
        self.spend(filled, 9 * DAY, 30)
        self.spend(filled, 9 * DAY, 5, answered(evidence=Evidence.REPORTED))
        with filled.ledger.writing() as tx:
            asked = attempt(filled.session.id)
            tx.hold(asked, 900, filled.owner_id, 9 * DAY)
            tx.release(tx.hold(asked, 900, filled.owner_id, 9 * DAY), 529, 9 * DAY)
            lost = tx.add_owner(1, 1)
            tx.hold(asked, 700, lost, 10 * DAY)
            tx.lose(lost, 10 * DAY + 1)
        with filled.ledger.reading() as tx:
            assert tx.spent() == {
                Evidence.MEASURED: Spent(3, 40, 1, Usage(input=30, output=15)),
                Evidence.REPORTED: Spent(1, 5, 0, Usage(input=10, output=5)),
                Evidence.ESTIMATED: Spent(1, 700, 0, Usage()),
            }

    @pytest.mark.parametrize(
        ("span", "nanos"),
        [
            pytest.param(Span(), 1111111, id="always"),
            pytest.param(Span(None, DAY), 1, id="before-a-day"),
            pytest.param(Span(DAY, 2 * DAY), 110, id="a-day"),
            pytest.param(Span(DAY + QUARTER, 9 * DAY + QUARTER), 11100, id="from-a-quarter-to-a-quarter"),
            pytest.param(Span(9 * DAY, None), 1110000, id="from-a-day-on"),
            pytest.param(Span(10 * DAY + QUARTER, None), 1000000, id="the-last-quarter"),
            pytest.param(Span(20 * DAY, 30 * DAY), 0, id="after-everything"),
            pytest.param(Span(5 * DAY, 5 * DAY), 0, id="no-time-at-all"),
        ],
    )
    def test_a_call_counts_in_the_span_in_which_it_began(self, filled: Opened, span: Span, nanos: int) -> None:
        moments = (DAY - 1, DAY, DAY + QUARTER, 3 * DAY + 5, 9 * DAY, 10 * DAY, 10 * DAY + QUARTER)
        for place, moment in enumerate(moments):
            self.spend(filled, moment, 10**place, agent="bot")
        with filled.ledger.reading() as tx:
            assert sum(spent.cost_nanos for spent in tx.spent(span).values()) == nanos
            assert sum(one.spent.cost_nanos for one in tx.spent_by_model(span)) == nanos
            assert sum(spent.cost_nanos for _, spent in tx.agents(span)) == nanos

    def test_models_and_agents_come_dearest_first(self, filled: Opened) -> None:
        self.spend(filled, DAY, 10, model="small")
        self.spend(filled, 2 * DAY, 30, agent="bot", outcome=answered(model="large-1"), model="large")
        self.spend(filled, 5 * DAY, 20, agent="bot", model="small", outcome=answered(evidence=Evidence.IMPORTED))
        usage = Usage(input=10, output=5)
        with filled.ledger.reading() as tx:
            assert tx.spent_by_model() == [
                SpentByModel("anthropic", "large-1", Evidence.MEASURED, Spent(1, 30, 0, usage)),
                SpentByModel("anthropic", "small", Evidence.IMPORTED, Spent(1, 20, 0, usage)),
                SpentByModel("anthropic", "small", Evidence.MEASURED, Spent(1, 10, 0, usage)),
            ]
            assert tx.agents() == [("bot", Spent(2, 50, 0, usage + usage)), ("", Spent(1, 10, 0, usage))]

    @pytest.mark.parametrize("shift", [0, 2 * HOUR, 5 * HOUR + 2 * QUARTER, 5 * HOUR + 3 * QUARTER])
    def test_days_of_any_time_zone_are_told_apart_to_the_millisecond(self, filled: Opened, shift: int) -> None:
        midnights = [DAY * day - shift for day in range(1, 12)]
        for place, midnight in enumerate(midnights):
            self.spend(filled, midnight - 1, 10 ** (place + 3))
            self.spend(filled, midnight, place)
        with filled.ledger.reading() as tx:
            days = tx.spent_between(midnights)
        assert [spent.cost_nanos for spent in days] == [place + 10 ** (place + 4) for place in range(10)]
        assert {(spent.calls, spent.usage) for spent in days} == {(2, Usage(input=20, output=10))}

    def test_a_call_of_before_counts_where_it_began(self, filled: Opened) -> None:
        for moment in (40 * DAY, 2 * DAY, 41 * DAY, 3 * DAY + 1, 2 * DAY + HOUR):  # as an import brings them
            self.spend(filled, moment, 7, agent="bot")
        with filled.ledger.reading() as tx:
            spent = tx.spent_between([2 * DAY, 3 * DAY, 4 * DAY, 40 * DAY, 41 * DAY, 42 * DAY])
            assert [one.calls for one in spent] == [2, 1, 0, 1, 1]
            assert [one.spent.calls for one in tx.projects()] == [5]
            assert tx.agents(Span(2 * DAY, 3 * DAY))[0][1].cost_nanos == 14
            assert tx.spent_by_project(Span(2 * DAY, 3 * DAY)) == [(filled.session.directory, Spent(2, 14))]

    def test_what_is_priced_anew_is_told_anew(self, filled: Opened) -> None:
        self.spend(filled, 2 * DAY, None)
        self.spend(filled, 9 * DAY, 5)
        with filled.ledger.writing() as tx:
            (unpriced,) = tx.unpriced_calls(None, 0, 10)
            assert tx.reprice(unpriced, Cost(70, "today"), 10 * DAY)
        with filled.ledger.reading() as tx:
            (spent,) = tx.spent().values()
            assert (spent.cost_nanos, spent.unpriced) == (75, 0)
            assert [one.cost_nanos for one in tx.spent_between([2 * DAY, 3 * DAY])] == [70]
            assert tx.projects()[0].spent.cost_nanos == 75
            assert tx.find_calls(CallQuery(is_unpriced=True)).rows == ()

    # --- what was done ---

    def test_work_is_that_of_the_sessions_that_began_then(self, filled: Opened) -> None:
        files = [FileChange("a", ChangeType.CREATED, DAY), FileChange("b", ChangeType.MODIFIED, DAY)]
        self.session(filled, "one", DAY, DAY + 1999, files=files, commits=[Commit("c", "x", DAY)])
        self.session(filled, "two", 2 * DAY, 2 * DAY + 60_000)
        self.session(filled, "three", 2 * DAY + HOUR)
        with filled.ledger.reading() as tx:
            assert tx.work() == Work(4, 2, 61, 2, 1)
            assert tx.work(Span(DAY, 2 * DAY)) == Work(1, 0, 1, 2, 1)
            assert tx.work(Span(2 * DAY, None)) == Work(2, 1, 60, 0, 0)
            assert tx.work(Span(2 * DAY, None), 2 * DAY + HOUR + 5_000) == Work(2, 1, 65, 0, 0)
            assert tx.sessions_between([0, DAY, 2 * DAY, 3 * DAY, 4 * DAY]) == [1, 1, 2, 0]

    def test_projects_have_what_was_done_and_spent_in_them(self, filled: Opened) -> None:
        other = self.session(filled, "one", DAY, DAY + 5000)
        self.session(filled, "two", 3 * DAY)
        self.spend(filled, 2, 10)
        self.spend(filled, DAY, 30, session_id=other.id)
        self.spend(filled, 4 * DAY, None, session_id=other.id)
        self.spend(filled, 4 * DAY, 1000, session_id=None)
        usage = Usage(input=10, output=5)
        with filled.ledger.reading() as tx:
            dear, cheap = tx.projects()
            assert [dear] == tx.projects(1)
        assert (dear.directory, dear.work, dear.last_ms) == (THERE.directory, Work(2, 1, 5, 0, 0), 3 * DAY)
        assert dear.spent == Spent(2, 30, 1, usage + usage)
        assert (cheap.directory, cheap.spent, cheap.last_ms) == (HERE.directory, Spent(1, 10, 0, usage), 1)

    def test_files_that_are_changed_again_and_again_come_first(self, filled: Opened) -> None:
        created, modified, deleted = ChangeType.CREATED, ChangeType.MODIFIED, ChangeType.DELETED
        with filled.ledger.writing() as tx:
            tx.record_changes(filled.session.id, [FileChange("a", created, 5), FileChange("b", created, 5)], [])
            tx.record_changes(filled.session.id, [FileChange("a", modified, 9), FileChange("a", deleted, 8)], [])
        self.session(filled, "other", DAY, DAY + 1, THERE, files=[FileChange("a", modified, DAY)])
        with filled.ledger.writing() as tx:
            tx.end_session(filled.session.id, 2 * DAY)
        self.session(filled, "again", 3 * DAY, 3 * DAY + 1, HERE, files=[FileChange("a", created, 3 * DAY)])
        with filled.ledger.reading() as tx:
            assert tx.hotspots(2) == [
                Hotspot(HERE.directory, "a", 4, 2, 3 * DAY, 2, 1, 1),
                Hotspot(HERE.directory, "b", 1, 1, 5, 1, 0, 0),
            ]
            assert len(tx.hotspots(9)) == 3

    @pytest.mark.parametrize(
        ("ahead_ms", "hour"),
        [
            pytest.param(0, 0, id="UTC"),
            pytest.param(2 * HOUR, 2, id="Cairo"),
            pytest.param(-5 * HOUR, 163, id="New-York-on-Saturday"),
            pytest.param(5 * HOUR + 3 * QUARTER, 6, id="Kathmandu"),
        ],
    )
    def test_hours_of_the_week_are_those_of_the_clock(self, filled: Opened, ahead_ms: int, hour: int) -> None:
        self.session(filled, "on Sunday", SUNDAY + QUARTER, SUNDAY + HOUR)
        for week in (0, 1, 9):
            self.spend(filled, SUNDAY + QUARTER + 7 * DAY * week, 10)
            self.spend(filled, SUNDAY + QUARTER + 7 * DAY * week, None)
        with filled.ledger.reading() as tx:
            hours = {one.hour: one for one in tx.week([(Span(SUNDAY, None), ahead_ms)])}
        assert hours == {hour: Hour(hour, 1, 6, 30, 3)}

    def test_each_stretch_of_the_week_has_its_own_clock(self, filled: Opened) -> None:
        for day in (0, 7, 14):
            self.spend(filled, SUNDAY + DAY * day, 1)
        turn = SUNDAY + 7 * DAY
        with filled.ledger.reading() as tx:
            hours = tx.week([(Span(SUNDAY, turn), HOUR), (Span(turn, None), 2 * HOUR)])
        assert hours == [Hour(1, 0, 1, 1), Hour(2, 0, 2, 2)]

    # --- sessions ---

    def found(self, filled: Opened, **asked: Any) -> SessionsFound:
        with filled.ledger.reading() as tx:
            return tx.find_sessions(SessionQuery(**asked))

    def names(self, filled: Opened, **asked: Any) -> list[str]:
        return [session.name for session, _ in self.found(filled, **asked).rows]

    @pytest.fixture
    def sorted_ones(self, filled: Opened) -> Opened:
        """Three ended sessions besides the active one, each first in another order."""
        files = [FileChange(str(number), ChangeType.CREATED, 1) for number in range(3)]
        commits = [Commit(str(number), "x", 1) for number in range(2)]
        beta = self.session(filled, "beta", 2000, 9000, files=files[:1], commits=commits)
        Alpha = self.session(filled, "Alpha", 3000, 33_000, files=files)  # noqa: N806 - it is called so
        delta = self.session(filled, "delta", 4000, 5000, commits=commits[:1])
        self.spend(filled, 1, 25)
        self.spend(filled, 1, 30, answered(Usage(input=1)), session_id=beta.id)
        self.spend(filled, 1, 1, answered(Usage(input=100)), session_id=Alpha.id)
        for _ in range(3):
            self.spend(filled, 1, 2, answered(Usage(input=2)), session_id=delta.id)
        return filled

    @pytest.mark.parametrize(
        ("order", "names"),
        [
            (SessionOrder.STARTED, ["delta", "Alpha", "beta", "work"]),
            (SessionOrder.NAME, ["work", "delta", "beta", "Alpha"]),
            (SessionOrder.COST, ["beta", "work", "delta", "Alpha"]),
            (SessionOrder.TOKENS, ["Alpha", "work", "delta", "beta"]),
            (SessionOrder.FILES, ["Alpha", "beta", "delta", "work"]),
            (SessionOrder.COMMITS, ["beta", "delta", "Alpha", "work"]),
            (SessionOrder.CALLS, ["delta", "Alpha", "beta", "work"]),
        ],
    )
    def test_sessions_come_in_every_order_page_by_page(
        self, sorted_ones: Opened, order: SessionOrder, names: list[str]
    ) -> None:
        assert self.names(sorted_ones, order=order) == names
        if order not in (SessionOrder.CALLS, SessionOrder.FILES):  # where none are alike
            assert self.names(sorted_ones, order=order, descending=False) == names[::-1]
        assert [self.names(sorted_ones, order=order, limit=1, offset=at)[0] for at in range(4)] == names
        page = self.found(sorted_ones, order=order, limit=1, offset=4)
        assert (page.rows, page.total) == ((), 4)

    def test_how_long_an_active_session_will_last_is_not_known_so_it_comes_last(self, sorted_ones: Opened) -> None:
        longest = ["Alpha", "beta", "delta"]
        assert self.names(sorted_ones, order=SessionOrder.DURATION) == [*longest, "work"]
        assert self.names(sorted_ones, order=SessionOrder.DURATION, descending=False) == [*longest[::-1], "work"]

    def test_sessions_are_told_with_what_they_amount_to(self, sorted_ones: Opened) -> None:
        with sorted_ones.ledger.reading() as tx:
            rows = tx.find_sessions(SessionQuery()).rows
            assert [(session, tx.totals(session.id)) for session, _ in rows] == list(rows)
            assert [tx.session(session.id) for session, _ in rows] == [session for session, _ in rows]

    def test_a_call_that_ends_after_its_session_still_counts(self, filled: Opened) -> None:
        early, late = self.session(filled, "early", 1000, 2000), self.session(filled, "late", 3000, 4000)
        self.spend(filled, 1, 10, session_id=early.id)
        self.spend(filled, 1, 5, session_id=late.id)
        assert self.names(filled, order=SessionOrder.COST, is_active=False) == ["early", "late"]
        self.spend(filled, 1, 6, session_id=late.id)
        assert self.names(filled, order=SessionOrder.COST, is_active=False) == ["late", "early"]

    @pytest.mark.parametrize(
        ("asked", "names"),
        [
            pytest.param({"is_active": True}, ["work"], id="active"),
            pytest.param({"is_active": False}, ["delta", "Alpha", "beta"], id="ended"),
            pytest.param({"directory": "/projects/here"}, ["work"], id="a-project"),
            pytest.param({"directory": "/projects"}, [], id="no-project"),
            pytest.param({"started": Span(3000, 4000)}, ["Alpha"], id="a-span"),
            pytest.param({"search": "ELTA"}, ["delta"], id="upper-case"),
            pytest.param({"search": "alp"}, ["Alpha"], id="lower-case"),
            pytest.param({"search": "ta"}, ["delta", "beta"], id="a-part"),
            pytest.param({"search": "there"}, ["delta", "Alpha", "beta"], id="a-directory"),
            pytest.param({"search": "%"}, [], id="a-percent-sign"),
            pytest.param({"search": "_"}, [], id="an-underscore"),
            pytest.param({"search": "ta", "is_active": False, "limit": 1, "offset": 1}, ["beta"], id="all-of-it"),
        ],
    )
    def test_sessions_are_found(self, sorted_ones: Opened, asked: dict[str, Any], names: list[str]) -> None:
        assert self.names(sorted_ones, **asked) == names
        total = 2 if "limit" in asked else len(names)
        assert self.found(sorted_ones, **asked).total == total

    @pytest.mark.parametrize(
        ("name", "search"),
        [
            ("100% of it", "0% o"),
            ("a_b", "A_B"),
            ("C:\\tmp", "c:\\T"),
            ("Über die Straße", "über"),
            ("ÉTÉ", "été"),
            ("ПРИВЕТ", "привет"),
            ('it\'s "so"', "'s \""),
        ],
    )
    def test_every_letter_is_a_letter(self, filled: Opened, name: str, search: str) -> None:
        self.session(filled, "another 100 ab c:tmp", 5, 6)
        self.session(filled, name, 10, 11)
        assert self.names(filled, search=search) == [name]

    def test_notes_are_searched_too(self, filled: Opened) -> None:
        self.session(filled, "one", 5, 6, notes="It worked, at last")
        assert self.names(filled, search="AT LAST") == ["one"]

    # --- calls ---

    def calls(self, filled: Opened, **asked: Any) -> CallsFound:
        with filled.ledger.reading() as tx:
            return tx.find_calls(CallQuery(**asked))

    def ids(self, filled: Opened, **asked: Any) -> list[int]:
        return [call.id for call in self.calls(filled, **asked).rows]

    @pytest.fixture
    def mixed(self, filled: Opened) -> Opened:
        """Ten calls of all kinds, in no order of time; the ids are 1 to 10."""
        other = self.session(filled, "other", 5, 6)
        self.spend(filled, 5000, 50, agent="codex", outcome=answered(request_id="req_1"))
        self.spend(filled, 1000, 10, provider="openai", model="gpt-5", agent="codex", customer="Acme")
        self.spend(filled, 3000, None, model="mystery", customer="acme west")
        self.spend(filled, 4000, 40, agent="claude-code", session_id=None, outcome=answered(model="claude-x-1"))
        self.spend(filled, 2000, 20, session_id=other.id, outcome=answered(evidence=Evidence.REPORTED), user="ada")
        with filled.ledger.writing() as tx:
            asked = attempt(filled.session.id)
            tx.release(tx.hold(asked, 9, filled.owner_id, 6000), 529, 6001)
            gone = tx.add_owner(1, 1)
            tx.hold(replace(asked, agent="codex"), 60, gone, 7000)
            tx.lose(gone, 7001)
            tx.hold(replace(asked, agent="codex"), 9, filled.owner_id, 4500)
        self.spend(filled, DAY, 80, answered(evidence=Evidence.MANUAL, cut=Cut.CLIENT), feature="chat_Ü")
        self.spend(filled, 9 * DAY, 5)
        return filled

    NEWEST = (10, 9, 7, 6, 1, 8, 4, 3, 5, 2)
    DEAREST = (9, 7, 1, 4, 5, 2, 10, 8, 6, 3)
    CHEAPEST = (10, 2, 5, 4, 1, 7, 9, 3, 6, 8)

    def test_calls_come_by_when_they_began(self, mixed: Opened) -> None:
        assert self.ids(mixed) == list(self.NEWEST)
        assert self.ids(mixed, descending=False) == list(self.NEWEST[::-1])

    def test_calls_come_by_what_they_cost_and_unknown_costs_last(self, mixed: Opened) -> None:
        assert self.ids(mixed, order=CallOrder.COST) == list(self.DEAREST)
        assert self.ids(mixed, order=CallOrder.COST, descending=False) == list(self.CHEAPEST)

    @pytest.mark.parametrize("order", list(CallOrder))
    @pytest.mark.parametrize("way", ["down", "up"])
    @pytest.mark.parametrize("asked", [{}, {"agent": "codex"}, {"search": "c"}, {"provider": "anthropic"}], ids=str)
    def test_pages_are_parts_of_the_whole(
        self, mixed: Opened, order: CallOrder, way: str, asked: dict[str, Any]
    ) -> None:
        known = {**asked, "order": order, "descending": way == "down"}
        whole = self.calls(mixed, **known)
        assert len(whole.rows) == whole.total > 2
        for size in (1, 3):
            pages = [self.calls(mixed, **known, limit=size, offset=at) for at in range(0, whole.total + size, size)]
            assert tuple(row for page in pages for row in page.rows) == whole.rows
            assert {(page.total, page.is_exact) for page in pages} == {(whole.total, True)}

    def test_a_call_is_told_whole(self, mixed: Opened) -> None:
        with mixed.ledger.reading() as tx:
            rows = tx.find_calls(CallQuery()).rows
            assert [tx.call(row.id) for row in rows] == list(rows)

    @pytest.mark.parametrize(
        ("asked", "ids"),
        [
            pytest.param({"session_id": 1}, [10, 9, 7, 6, 1, 8, 3, 2], id="a-session"),
            pytest.param({"session_id": 2}, [5], id="another-session"),
            pytest.param({"session_id": 77}, [], id="no-session"),
            pytest.param({"provider": "openai"}, [2], id="a-provider"),
            pytest.param({"provider": "anthropic", "model": "claude-x"}, [10, 9, 7, 6, 1, 8, 5], id="both"),
            pytest.param({"model": "claude-x-1"}, [4], id="the-model-that-answered"),
            pytest.param({"model": "nothing"}, [], id="no-model"),
            pytest.param({"agent": "codex"}, [7, 1, 8, 2], id="an-agent"),
            pytest.param({"customer": "Acme"}, [2], id="a-customer"),
            pytest.param({"evidence": Evidence.ESTIMATED}, [7], id="estimated"),
            pytest.param({"evidence": Evidence.MEASURED}, [10, 1, 4, 3, 2], id="measured"),
            pytest.param({"state": CallState.HELD}, [8], id="in-flight"),
            pytest.param({"state": CallState.RELEASED}, [6], id="failed"),
            pytest.param({"state": CallState.LOST}, [7], id="lost"),
            pytest.param({"state": CallState.SETTLED}, [10, 9, 1, 4, 3, 5, 2], id="settled"),
            pytest.param({"is_unpriced": True}, [3], id="unpriced"),
            pytest.param({"started": Span(3000, 5000)}, [8, 4, 3], id="a-span"),
            pytest.param({"started": Span(DAY, None)}, [10, 9], id="from-a-moment"),
            pytest.param({"started": Span(0, QUARTER)}, [7, 6, 1, 8, 4, 3, 5, 2], id="a-quarter-of-an-hour"),
            pytest.param({"agent": "codex", "started": Span(4500, None)}, [7, 1, 8], id="an-agent-in-a-span"),
            pytest.param({"agent": "codex", "provider": "openai"}, [2], id="two-things"),
            pytest.param({"agent": "codex", "evidence": Evidence.REPORTED}, [], id="nothing-in-common"),
            pytest.param({"agent": "", "provider": "", "search": "  "}, list(NEWEST), id="empty-is-any"),
            pytest.param({"search": "CODEX"}, [7, 1, 8, 2], id="search-an-agent"),
            pytest.param({"search": "acme"}, [3, 2], id="search-customers"),
            pytest.param({"search": "gpt"}, [2], id="search-a-model"),
            pytest.param({"search": "ada"}, [5], id="search-a-user"),
            pytest.param({"search": "t_ü"}, [9], id="search-a-feature"),
            pytest.param({"search": "req_1"}, [1], id="search-a-request"),
            pytest.param({"search": "req_"}, [], id="half-a-request"),
            pytest.param({"search": "claude"}, [10, 9, 7, 6, 1, 8, 4, 5], id="search-model-and-agent"),
            pytest.param({"search": "open acme"}, [2], id="search-two-words"),
            pytest.param({"search": "%"}, [], id="search-a-percent-sign"),
        ],
    )
    def test_calls_are_found(self, mixed: Opened, asked: dict[str, Any], ids: list[int]) -> None:
        found = self.calls(mixed, **asked)
        assert [call.id for call in found.rows] == ids
        assert (found.total, found.is_exact) == (len(ids), True)
        dearest = [call_id for call_id in self.DEAREST if call_id in ids]
        assert self.ids(mixed, **asked, order=CallOrder.COST) == dearest

    def test_many_are_counted_so_far_and_no_further(self, filled: Opened) -> None:
        total = self.many(filled, MOST_COUNTED + 5) + 2
        unpriced = self.spend(filled, total, None, agent="bot", customer="acme")
        held = filled.hold(started_ms=total + 1, agent="bot", customer="acme")
        everything = self.calls(filled)
        assert (everything.total, everything.is_exact, len(everything.rows)) == (total, True, 50)
        some = self.calls(filled, agent="bot")
        assert (some.total, some.is_exact) == (MOST_COUNTED, False)
        fewer = self.calls(filled, agent="bot", customer="acme")
        assert 50 < fewer.total < total
        assert not fewer.is_exact
        assert self.calls(filled, agent="bot", offset=MOST_COUNTED, limit=9).total == total
        ends = {CallOrder.STARTED: [2, 1], CallOrder.COST: [held, unpriced]}
        for asked in ({}, {"agent": "bot"}, {"agent": "bot", "customer": "acme"}, {"search": "bot"}):
            for order, end in ends.items():
                last = self.calls(filled, **asked, offset=MOST_COUNTED - 5, order=order)
                assert (len(last.rows), last.total, last.is_exact) == (12, total, True)
                assert [call.id for call in last.rows[-2:]] == end
                first = self.ids(filled, **asked, order=order, limit=3)
                assert first == (
                    [held, unpriced, total - 2] if order is CallOrder.STARTED else [total - 2, total - 3, total - 4]
                )
        assert self.ids(filled, agent="bot", customer="acme", order=CallOrder.COST, descending=False, limit=2) == [1, 2]
        self.spend(filled, total + 2, total, agent="other", customer="acme")
        for order in CallOrder:
            common = self.ids(filled, agent="bot", customer="acme", order=order, limit=2)
            assert common == ([held, unpriced] if order is CallOrder.STARTED else [total - 2, total - 3])

    def many(self, filled: Opened, count: int) -> int:
        """So many calls, each dearer than the one before; how many there are."""
        with filled.ledger.writing() as tx:
            asked = attempt(filled.session.id, agent="bot", customer="acme")
            for number in range(count):
                tx.record(asked, answered(), Cost(number, "table"), number, number)
        return count

    # --- what else ---

    def test_calls_in_flight_come_in_the_order_in_which_they_began(self, filled: Opened) -> None:
        late, early = filled.hold(started_ms=2000), filled.hold(started_ms=1000)
        with filled.ledger.reading() as tx:
            assert [call.id for call in tx.held_calls(9)] == [early, late]
            assert [call.id for call in tx.held_calls(1)] == [early]
        with filled.ledger.writing() as tx:
            tx.release(early, None, 3000)
            assert [call.id for call in tx.held_calls(9)] == [late]

    def test_names_are_those_that_calls_have_in_flight_or_not(self, mixed: Opened) -> None:
        mixed.hold(provider="mistral", model="small")
        with mixed.ledger.reading() as tx:
            assert tx.names() == {
                "provider": ["anthropic", "mistral", "openai"],
                "model": ["claude-x", "claude-x-1", "gpt-5", "mystery", "small"],
                "agent": ["claude-code", "codex"],
                "customer": ["Acme", "acme west"],
            }

    def test_everything_began_with_the_first_session_or_call(self, filled: Opened, tmp_path: Path) -> None:
        with filled.ledger.reading() as tx:
            assert tx.began_ms() == 1
        self.spend(filled, 0)
        with filled.ledger.reading() as tx:
            assert tx.began_ms() == 0
        with closing(self.make(tmp_path / "empty")) as ledger, ledger.reading() as tx:
            assert tx.began_ms() is None

    def test_the_version_is_another_after_every_change_and_only_then(self, filled: Opened, tmp_path: Path) -> None:
        def version() -> str:
            with filled.ledger.reading() as tx:
                return tx.version()

        seen = [version()]
        assert version() == seen[0]
        self.spend(filled, 5)
        seen.append(version())
        with closing(self.make(tmp_path)) as other:
            for number in range(2):
                with other.writing() as tx:
                    tx.annotate(filled.session.id, "from elsewhere", number)
                seen.append(version())
        assert len(set(seen)) == 4
        with filled.ledger.reading() as reader:
            assert [reader.version(), reader.version()] == [seen[-1]] * 2
