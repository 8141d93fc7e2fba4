"""What must every ledger do with budgets, accounts, events and questions? Inherited as `LedgerContract` is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ledger_contract import CEILING, HERE, THERE, Opened, answered, attempt

from codesession.model import (
    Account,
    Budget,
    Cost,
    Event,
    EventKind,
    Evidence,
    Level,
    Mandate,
    Mode,
    Outcome,
    QuestionState,
    Refusal,
    Rule,
    ScopeKind,
    Standing,
    Usage,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model.ports import Ledger

DAY_MS = 86_400_000


def budget(kind: ScopeKind = ScopeKind.ALL, name: str = "", window: Window = Window.DAY, **known: Any) -> Budget:
    return replace(Budget(kind, name, window, 1000, Mode.BLOCK), **known)


def account(of: Budget, subject: str = "", session_id: int | None = None, day: int | None = 0) -> Account:
    """An account of a day since the epoch, or without an end."""
    return Account(of, subject, session_id, (day or 0) * DAY_MS, None if day is None else (day + 1) * DAY_MS)


class BudgetContract:
    """What holds for any ledger that keeps budgets."""

    def make(self, place: Path, *, wait_s: float = 10.0) -> Ledger:
        """The ledger at `place`, created if need be; it waits `wait_s` seconds for another writer."""
        raise NotImplementedError

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Iterator[Opened]:
        with closing(self.make(tmp_path)) as ledger:
            owner_id = ledger.claim(1)
            with ledger.writing() as tx:
                session = tx.begin_session(HERE, "work", 1)
            yield Opened(ledger, owner_id, session)

    # --- settings ---

    def test_a_budget_is_kept_as_it_was_set(self, kept: Opened) -> None:
        plain = budget()
        full = budget(
            ScopeKind.CUSTOMER,
            "Æ*'x",
            Window.MONTH,
            mode=Mode.STOP,
            is_strict=True,
            warn_at=50,
            ask_s=60,
            unpriced_nanos=0,
            directory="/p",
        )
        with kept.ledger.writing() as tx:
            set_now = [tx.set_budget(plain), tx.set_budget(full)]
        with kept.ledger.reading() as reader:
            assert reader.budgets() == set_now
        assert [replace(known, id=0) for known in set_now] == [plain, full]
        assert len({known.id for known in set_now} | {0}) == 3

    def test_a_budget_takes_the_place_of_one_of_the_same_scope_window_and_source(self, kept: Opened) -> None:
        others = [budget(window=Window.WEEK), budget(directory="/p"), budget(ScopeKind.AGENT, "codex")]
        with kept.ledger.writing() as tx:
            for known in (*others, budget(), budget(limit_nanos=7, mode=Mode.WARN)):
                tx.set_budget(known)
        with kept.ledger.reading() as reader:
            found = {replace(known, id=0) for known in reader.budgets()}
        assert found == {*others, budget(limit_nanos=7, mode=Mode.WARN)}

    def test_the_users_budgets_come_before_those_of_projects(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            for directory in ("/b", None, "/a"):
                tx.set_budget(budget(directory=directory))
                tx.set_mandate(Mandate(ScopeKind.ALL, "", directory=directory))
            assert [known.directory for known in tx.budgets()] == [None, "/a", "/b"]
            assert [known.directory for known in tx.mandates()] == [None, "/a", "/b"]

    def test_a_budget_is_removed_once(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            tx.set_budget(budget(directory="/p"))
            assert not tx.remove_budget(ScopeKind.ALL, "", Window.DAY)
            assert not tx.remove_budget(ScopeKind.ALL, "", Window.WEEK, "/p")
            assert tx.remove_budget(ScopeKind.ALL, "", Window.DAY, "/p")
            assert not tx.remove_budget(ScopeKind.ALL, "", Window.DAY, "/p")
            assert tx.budgets() == []

    def test_a_mandate_is_kept_replaced_and_removed(self, kept: Opened) -> None:
        first = Mandate(ScopeKind.AGENT, "codex", ("gpt-*", 'ä"'), ("*-pro",), 0, 3, "/p")
        with kept.ledger.writing() as tx:
            tx.set_mandate(replace(first, allow=(), most_parallel=None))
            known = tx.set_mandate(first)
            assert replace(known, id=0) == first
            assert tx.mandates() == [known]
            assert not tx.remove_mandate(ScopeKind.AGENT, "codex")
            assert tx.remove_mandate(ScopeKind.AGENT, "codex", "/p")
            assert not tx.remove_mandate(ScopeKind.AGENT, "codex", "/p")
            assert tx.mandates() == []

    def test_whether_any_budget_refuses_calls(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            assert tx.has_blocking_budget() is False
            tx.set_budget(budget(mode=Mode.WARN))
            assert tx.has_blocking_budget() is False
            tx.set_budget(budget(window=Window.WEEK, mode=Mode.STOP))
            assert tx.has_blocking_budget() is True

    def test_the_project_of_a_session_is_known(self, kept: Opened) -> None:
        with kept.ledger.reading() as reader:
            assert reader.directory_of(kept.session.id) == HERE.directory
            assert reader.directory_of(None) is None
            assert reader.directory_of(99) is None

    # --- which may apply ---

    def test_budgets_that_may_apply_are_found_and_others_left_out(self, kept: Opened) -> None:
        here = HERE.directory
        may = [
            budget(),
            budget(directory=here),
            budget(ScopeKind.SESSION, "", Window.SESSION),
            budget(ScopeKind.SESSION, str(kept.session.id), Window.SESSION),
            budget(ScopeKind.PROJECT, here),
            budget(ScopeKind.PROJECT, "*"),
            budget(ScopeKind.AGENT, "codex"),
            budget(ScopeKind.AGENT, "*", Window.SESSION),
            budget(ScopeKind.CUSTOMER, "acme"),
            budget(ScopeKind.MODEL, "claude-*"),
        ]
        never = [
            budget(directory=THERE.directory),
            budget(ScopeKind.SESSION, "99", Window.SESSION),
            budget(ScopeKind.PROJECT, THERE.directory),
            budget(ScopeKind.AGENT, "other"),
            budget(ScopeKind.USER, "ann"),
            budget(ScopeKind.CUSTOMER, "ACME"),
            budget(ScopeKind.MODEL, "claude-*", directory=THERE.directory),
        ]
        with kept.ledger.writing() as tx:
            for known in (*may, *never):
                tx.set_budget(known)
            asked = attempt(kept.session.id, agent="codex", customer="acme")
            found = {replace(known, id=0) for known in tx.budgets_for(asked, here)}
        assert found >= set(may)
        assert not found & set(never)

    def test_a_call_without_a_project_has_no_budget_of_one(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            tx.set_budget(budget(directory=HERE.directory))
            tx.set_budget(budget(ScopeKind.MODEL, "*", directory=HERE.directory))
            assert tx.budgets_for(attempt(None), None) == []

    def test_mandates_apply_by_scope_and_source(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            for kind, name, directory in (
                (ScopeKind.ALL, "", None),
                (ScopeKind.ALL, "", THERE.directory),
                (ScopeKind.AGENT, "codex", None),
                (ScopeKind.AGENT, "other", None),
                (ScopeKind.USER, "*", HERE.directory),
                (ScopeKind.PROJECT, HERE.directory, None),
            ):
                tx.set_mandate(Mandate(kind, name, directory=directory))
            asked = attempt(kept.session.id, agent="codex", user="ann")
            found = {(known.scope, known.directory) for known in tx.mandates_for(asked, HERE.directory)}
        assert found == {
            ("all", None),
            ("agent:codex", None),
            ("user:*", HERE.directory),
            (f"project:{HERE.directory}", None),
        }

    def test_calls_in_flight_are_counted_by_what_the_mandate_is_of(self, kept: Opened) -> None:
        kept.hold(agent="codex", customer="acme")
        kept.hold(agent="codex", session_id=None)
        kept.hold(agent="other", customer="acme")
        kept.spend(5, agent="codex", customer="acme")
        asked = attempt(kept.session.id, agent="codex", customer="acme")
        counted = {
            Mandate(ScopeKind.ALL, ""): 3,
            Mandate(ScopeKind.ALL, "", directory=HERE.directory): 2,
            Mandate(ScopeKind.AGENT, "codex"): 2,
            Mandate(ScopeKind.AGENT, "*"): 2,
            Mandate(ScopeKind.AGENT, "codex", directory=HERE.directory): 1,
            Mandate(ScopeKind.CUSTOMER, "acme"): 2,
            Mandate(ScopeKind.PROJECT, HERE.directory): 2,
            Mandate(ScopeKind.USER, "*"): 0,
        }
        with kept.ledger.reading() as reader:
            for mandate, calls in counted.items():
                assert reader.calls_in_flight(asked, mandate, HERE.directory) == calls, mandate

    # --- accounts ---

    def spend_somehow(self, kept: Opened) -> None:
        """Calls in every state, two of them held, of a known and an unknown price."""
        kept.spend(100)
        kept.spend(None)
        kept.hold()
        kept.hold(None)
        with kept.ledger.writing() as tx:
            tx.hold(attempt(kept.session.id), CEILING, kept.owner_id, 1000, expected=30)
            tx.release(tx.hold(attempt(kept.session.id), CEILING, kept.owner_id, 1000), 529, 2000)
            tx.settle(tx.hold(attempt(), CEILING, kept.owner_id, 1000), Outcome(None), None, 2000)
            reported = Outcome(Usage(input=1), Evidence.REPORTED)
            tx.record(attempt(kept.session.id), reported, Cost(7, "log"), 1000, 2000)
            tx.record(attempt(kept.session.id), reported, Cost(1, "log"), DAY_MS, DAY_MS)

    @pytest.mark.parametrize("is_strict", [True, False])
    @pytest.mark.parametrize("unpriced", [None, 0, 11])
    def test_an_account_that_is_opened_late_equals_one_that_was_there(
        self, kept: Opened, unpriced: int | None, *, is_strict: bool
    ) -> None:
        with kept.ledger.writing() as tx:
            early = tx.open_account(account(tx.set_budget(budget(is_strict=is_strict, unpriced_nanos=unpriced))))
        self.spend_somehow(kept)
        with kept.ledger.writing() as tx:
            late = tx.standing(account(tx.set_budget(budget(directory=HERE.directory, is_strict=is_strict))))
            found = tx.standing_of(early.id)
            assert found
            spent = {Evidence.MEASURED: 100, Evidence.REPORTED: 7, Evidence.ESTIMATED: CEILING + (unpriced or 0)}
            assert found.spent_by == spent
            assert found.held_nanos == CEILING + (unpriced or 0) + (CEILING if is_strict else 30)
            assert found.unpriced == 1
            assert (late.spent_by, late.id) == ({Evidence.MEASURED: 100, Evidence.REPORTED: 7}, 0)
            again = account(tx.set_budget(found.account.budget))
            anew = tx.open_account(again)
        assert replace(anew, account=found.account, id=found.id) == found

    def test_an_account_is_opened_once(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            here = account(tx.set_budget(budget()))
            assert tx.standing(here) == Standing(here)
            opened = tx.open_account(here)
            assert opened == tx.open_account(here) == tx.standing(here) == tx.standing_of(opened.id)
            assert opened.id > 0
            assert tx.standing_of(opened.id + 1) is None

    def test_only_what_began_in_its_window_counts(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            day = tx.open_account(account(tx.set_budget(budget()), day=1))
        for started_ms, nanos in ((DAY_MS - 1, 1), (DAY_MS, 10), (2 * DAY_MS - 1, 100), (2 * DAY_MS, 1000)):
            call_id = kept.hold(started_ms=started_ms)
            assert kept.settle(call_id, answered(), nanos, ended_ms=5 * DAY_MS)
        with kept.ledger.reading() as reader:
            found = reader.standing_of(day.id)
        assert found
        assert found.spent_nanos == 110

    def test_an_account_of_a_session_counts_its_calls_alone(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            other = tx.begin_session(THERE, "other", 1)
            each = tx.set_budget(budget(ScopeKind.SESSION, "", Window.SESSION))
            mine = tx.open_account(account(each, session_id=kept.session.id, day=None))
            theirs = tx.open_account(account(each, session_id=other.id, day=None))
        kept.spend(1)
        kept.spend(10, session_id=other.id)
        kept.spend(100, session_id=None)
        with kept.ledger.reading() as reader:
            found = [reader.standing_of(known.id) for known in (mine, theirs)]
        assert [standing.spent_nanos for standing in found if standing] == [1, 10]

    @pytest.mark.parametrize("window", [Window.SESSION, Window.TOTAL])
    @pytest.mark.parametrize(
        ("kind", "name", "subject"),
        [
            (ScopeKind.PROJECT, "*", HERE.directory),
            (ScopeKind.AGENT, "codex", "codex"),
            (ScopeKind.USER, "*", "ann"),
            (ScopeKind.CUSTOMER, "*", "acme"),
            (ScopeKind.MODEL, "claude-x*", "claude-x*"),
            (ScopeKind.MODEL, "anthropic/c*", "anthropic/c*"),
        ],
    )
    def test_an_account_counts_the_calls_of_its_subject(
        self, kept: Opened, kind: ScopeKind, name: str, subject: str, window: Window
    ) -> None:
        session_id = kept.session.id if window is Window.SESSION else None
        with kept.ledger.writing() as tx:
            other = tx.begin_session(THERE, "other", 1)
            here = account(tx.set_budget(budget(kind, name, window)), subject, session_id, None)
            opened = tx.open_account(here)
        kept.spend(1, agent="codex", user="ann", customer="acme", model="Claude-X1")
        kept.spend(10, agent="acme", user="codex", customer="ann", model="other", session_id=other.id)
        kept.spend(100, model="other", session_id=None)
        kept.spend(1000, agent="codex", user="ann", customer="acme", session_id=other.id)
        with kept.ledger.writing() as tx:
            early = tx.standing_of(opened.id)
            late = tx.open_account(replace(here, budget=tx.set_budget(here.budget)))
        assert early
        assert early.spent_nanos == late.spent_nanos
        is_elsewhere = window is Window.SESSION or kind is ScopeKind.PROJECT
        assert early.spent_nanos == (1 if is_elsewhere else 1001)

    def test_a_project_of_which_a_budget_is_counts_alone(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            other = tx.begin_session(THERE, "other", 1)
            of = tx.set_budget(budget(ScopeKind.AGENT, "codex", directory=HERE.directory))
            opened = tx.open_account(account(of, "codex"))
        kept.spend(1, agent="codex")
        kept.spend(10, agent="codex", session_id=other.id)
        kept.spend(100, agent="codex", session_id=None)
        kept.spend(1000, agent="Codex")
        with kept.ledger.reading() as reader:
            found = reader.standing_of(opened.id)
        assert found
        assert found.spent_nanos == 1

    def test_a_balanced_budget_holds_what_is_expected_from_then_on(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            balanced = tx.open_account(account(tx.set_budget(budget())))
            strict = tx.open_account(account(tx.set_budget(budget(window=Window.WEEK, is_strict=True))))
            call_id = tx.hold(attempt(), CEILING, kept.owner_id, 1000, expected=30)

            def held() -> tuple[int, ...]:
                found = [tx.standing_of(known.id) for known in (balanced, strict)]
                return tuple(standing.held_nanos for standing in found if standing)

            assert held() == (30, CEILING)
            tx.extend(call_id, 2 * CEILING)
            assert held() == (2 * CEILING, CEILING)
            tx.settle(call_id, answered(), Cost(1, "table"), 2000)
            assert held() == (0, 0)

    @pytest.mark.parametrize("end", ["settle", "release", "lose"])
    def test_extending_what_is_over_changes_nothing(self, kept: Opened, end: str) -> None:
        with kept.ledger.writing() as tx:
            opened = tx.open_account(account(tx.set_budget(budget())))
            call_id = tx.hold(attempt(), CEILING, kept.owner_id, 1000)
            match end:
                case "settle":
                    tx.settle(call_id, answered(), Cost(40, "table"), 2000)
                case "release":
                    tx.release(call_id, 529, 2000)
                case _:
                    tx.lose(kept.owner_id, 2000)
            before = tx.standing_of(opened.id)
            tx.extend(call_id, 500)
            tx.extend(call_id + 1, 500)
            assert tx.standing_of(opened.id) == before

    def test_setting_a_budget_again_begins_its_accounts_anew(self, kept: Opened) -> None:
        kept.spend(40)
        with kept.ledger.writing() as tx:
            opened = tx.open_account(account(tx.set_budget(budget())))
            tx.approve(opened.id, 500)
            anew = account(tx.set_budget(budget(limit_nanos=50)))
            assert tx.standings(0) == []
            found = tx.open_account(anew)
        assert (found.limit_nanos, found.spent_nanos) == (50, 40)

    def test_standings_are_those_of_now_without_ended_sessions(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            other = tx.begin_session(THERE, "other", 1)
            daily = tx.set_budget(budget())
            days = [tx.open_account(account(daily, day=day)) for day in (0, 1)]
            always = tx.open_account(account(tx.set_budget(budget(window=Window.TOTAL)), day=None))
            each = tx.set_budget(budget(ScopeKind.SESSION, "", Window.SESSION))
            mine, theirs = (
                tx.open_account(account(each, session_id=session_id, day=None))
                for session_id in (kept.session.id, other.id)
            )
            assert tx.standings(DAY_MS) == [days[1], always, mine, theirs]
            assert tx.standings(DAY_MS - 1) == [days[0], always, mine, theirs]
            tx.end_session(other.id, 5)
            assert tx.standings(DAY_MS) == [days[1], always, mine]

    def test_accounts_that_are_over_are_forgotten(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            daily = tx.set_budget(budget())
            days = [tx.open_account(account(daily, day=day)) for day in (0, 1)]
            always = tx.open_account(account(tx.set_budget(budget(window=Window.TOTAL)), day=None))
            each = tx.set_budget(budget(ScopeKind.SESSION, "", Window.SESSION))
            mine = tx.open_account(account(each, session_id=kept.session.id, day=None))
            assert tx.forget_accounts(DAY_MS) == 0
            assert tx.forget_accounts(DAY_MS + 1) == 1
            tx.end_session(kept.session.id, DAY_MS)
            assert tx.forget_accounts(DAY_MS) == 0
            assert tx.forget_accounts(DAY_MS + 1) == 1
            found = [tx.standing_of(known.id) for known in (days[0], days[1], always, mine)]
        assert [known is not None for known in found] == [False, True, True, False]

    # --- alerts ---

    def alerts(self, kept: Opened, nanos: int) -> list[Level]:
        """What is told of one more call."""
        with kept.ledger.writing() as tx:
            tx.record(attempt(kept.session.id), answered(), Cost(nanos, "table"), 1000, 2000)
            return [level for _, level in tx.due_alerts()]

    def test_an_account_tells_once_that_it_is_near_and_once_that_it_is_over(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            opened = tx.open_account(account(tx.set_budget(budget())))
        told = [self.alerts(kept, nanos) for nanos in (799, 1, 100, 99, 1, 5)]
        assert told == [[], [Level.NEAR], [], [], [Level.OVER], []]
        with kept.ledger.writing() as tx:
            assert tx.approve(opened.id, 1000)
            assert not tx.approve(opened.id + 1, 1000)
        assert [self.alerts(kept, nanos) for nanos in (0, 594, 1, 400, 1)] == [[], [], [Level.NEAR], [Level.OVER], []]

    def test_what_goes_over_at_once_is_not_told_to_come_near(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            tx.open_account(account(tx.set_budget(budget())))
        assert [self.alerts(kept, nanos) for nanos in (1000, 1)] == [[Level.OVER], []]

    def test_an_alert_has_the_standing_it_is_about(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            opened = tx.open_account(account(tx.set_budget(budget(warn_at=1))))
            tx.record(attempt(), answered(), Cost(10, "table"), 1000, 2000)
            ((standing, level),) = tx.due_alerts()
            assert tx.due_alerts() == []
        assert (standing.id, standing.spent_nanos, level) == (opened.id, 10, Level.NEAR)

    def test_what_is_only_held_tells_nothing(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            tx.open_account(account(tx.set_budget(budget(limit_nanos=CEILING))))
            call_id = tx.hold(attempt(), CEILING, kept.owner_id, 1000)
            assert tx.due_alerts() == []
            tx.release(call_id, 529, 2000)
            assert tx.due_alerts() == []

    def test_a_call_told_of_in_one_connection_is_not_told_of_in_another(self, kept: Opened, tmp_path: Path) -> None:
        with kept.ledger.writing() as tx:
            tx.open_account(account(tx.set_budget(budget())))
        with closing(self.make(tmp_path)) as second:
            other = replace(kept, ledger=second)
            told = [self.alerts(side, 450) for side in (kept, other, kept, other)]
        assert told == [[], [Level.NEAR], [Level.OVER], []]

    def test_a_refusal_is_told_as_over_once(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            opened = tx.open_account(account(tx.set_budget(budget())))
            assert tx.tell_over(opened.id)
            assert not tx.tell_over(opened.id)
            assert not tx.tell_over(opened.id + 1)
        assert self.alerts(kept, 1000) == []
        with kept.ledger.writing() as tx:
            tx.approve(opened.id, 1)
            assert tx.tell_over(opened.id)

    def test_a_transaction_that_failed_has_told_nothing(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            tx.open_account(account(tx.set_budget(budget())))

        def fail() -> None:
            with kept.ledger.writing() as tx:
                tx.record(attempt(), answered(), Cost(1000, "table"), 1000, 2000)
                assert tx.due_alerts()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert self.alerts(kept, 1000) == [Level.OVER]

    # --- what the guard learns from ---

    def test_outputs_are_of_measured_calls_alike_the_newest_last(self, kept: Opened) -> None:
        for output in (1, 2, 3):
            kept.spend(5, Usage(input=9, output=output, reasoning=10), agent="codex")
        kept.spend(5, Usage(output=99))
        kept.spend(5, Usage(output=98), agent="codex", model="other")
        kept.spend(5, Usage(output=97), agent="codex", provider="other")
        kept.hold(agent="codex")
        with kept.ledger.writing() as tx:
            tx.record(attempt(agent="codex"), answered(Usage(output=96), evidence=Evidence.REPORTED), None, 1, 1)
            asked = attempt(agent="codex")
            assert tx.outputs(asked, 200) == [11, 12, 13]
            assert tx.outputs(asked, 2) == [12, 13]
            assert tx.outputs(attempt(), 200) == [99]
            assert tx.outputs(attempt(model="unheard-of"), 200) == []

    # --- events and questions ---

    def test_an_event_is_kept_as_it_was(self, kept: Opened) -> None:
        call_id = kept.spend(5)
        full = Event(
            EventKind.REFUSED,
            1000,
            Rule.BUDGET,
            kept.session.id,
            call_id,
            "anthropic",
            "claude-✓",
            "codex",
            "Ann Ærø",
            "日本 \U0001f4b8",
            'It "was" too dear: 3 ¢\n',
            {"budgets": [{"limit": 10**15, "kept": False, "of": "日本"}], "none": None},
        )
        with kept.ledger.writing() as tx:
            ids = [tx.add_event(event) for event in (full, Event(EventKind.WARNED, 5))]
        with kept.ledger.reading() as reader:
            assert reader.events() == [replace(full, id=ids[0]), Event(EventKind.WARNED, 5, id=ids[1])]

    def test_events_are_found_by_kind_and_session_the_oldest_first(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            first, second, third, fourth = (
                tx.add_event(Event(kind, at, session_id=session_id))
                for kind, at, session_id in (
                    (EventKind.REFUSED, 9, kept.session.id),
                    (EventKind.WARNED, 8, kept.session.id),
                    (EventKind.REFUSED, 7, None),
                    (EventKind.REFUSED, 6, kept.session.id),
                )
            )

            def ids(**known: Any) -> list[int]:
                return [event.id for event in tx.events(**known)]

            assert ids() == [first, second, third, fourth]
            assert ids(kind=EventKind.REFUSED) == [first, third, fourth]
            assert ids(session_id=kept.session.id) == [first, second, fourth]
            assert ids(kind=EventKind.REFUSED, session_id=kept.session.id, newest=1) == [fourth]
            assert ids(newest=2) == [third, fourth]
            assert ids(newest=0) == []

    def test_a_person_is_asked_for_what_is_missing(self, kept: Opened) -> None:
        kept.spend(900)
        with kept.ledger.writing() as tx:
            standing = tx.open_account(account(tx.set_budget(budget())))
            refusal = Refusal(Rule.BUDGET, "Zu teuer: 3 ¢.", "Warte.", standing=standing, needed_nanos=150, ask_s=90)
            asked = tx.ask(refusal, kept.session.id, "claude-x", kept.owner_id, 1000)
            assert (asked.state, asked.rule, asked.message) == (QuestionState.WAITING, "budget", "Zu teuer: 3 ¢.")
            assert (asked.standing_id, asked.session_id, asked.model) == (standing.id, kept.session.id, "claude-x")
            assert (asked.needed_nanos, asked.asked_ms, asked.until_ms) == (50, 1000, 91_000)
            assert tx.question(asked.id) == asked
            assert tx.question(asked.id + 1) is None
            assert tx.waiting() == [(asked, kept.owner_id)]

    def test_a_question_about_no_budget_misses_nothing(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            asked = tx.ask(Refusal(Rule.SAME_REQUEST, "Again.", "Stop."), None, "m", kept.owner_id, 1000)
        assert (asked.standing_id, asked.session_id, asked.needed_nanos) == (None, None, None)

    def test_a_question_is_answered_once(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            first, second = (
                tx.ask(Refusal(Rule.SPEED, "Fast.", "Slow.", ask_s=5), None, "m", kept.owner_id, at) for at in (1, 2)
            )
            assert tx.answer(first.id, QuestionState.APPROVED)
            assert not tx.answer(first.id, QuestionState.DENIED)
            assert not tx.answer(first.id, QuestionState.EXPIRED)
            assert not tx.answer(second.id + 1, QuestionState.APPROVED)
            assert tx.question(first.id) == replace(first, state=QuestionState.APPROVED)
            assert tx.waiting() == [(second, kept.owner_id)]

    def test_a_question_outlives_the_account_it_was_about(self, kept: Opened) -> None:
        with kept.ledger.writing() as tx:
            standing = tx.open_account(account(tx.set_budget(budget())))
            refusal = Refusal(Rule.BUDGET, "No.", "Wait.", standing=standing, needed_nanos=1)
            asked = tx.ask(refusal, None, "m", kept.owner_id, 1)
            tx.remove_budget(ScopeKind.ALL, "", Window.DAY)
            assert tx.question(asked.id) == replace(asked, standing_id=None)
