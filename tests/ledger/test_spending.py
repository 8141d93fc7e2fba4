from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tests.ledger.fresh import fresh

from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Usage
from codesession.model.analysis import Spent

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_s_spending_is_told_by_agent_and_evidence(tmp_path: Path) -> None:
    with closing(fresh(tmp_path / "l.db")) as ledger:
        owner = ledger.claim(0)
        with ledger.writing() as tx:
            here, elsewhere = (tx.begin_session(Scope(place), "work", 0).id for place in ("/here", "/there"))

            def call(session: int, agent: str | None, evidence: Evidence, usage: Usage, cost: int | None) -> None:
                made = Attempt(session, "p", "m", "e", streamed=False, request_bytes=0, agent=agent)
                tx.record(made, Outcome(usage, evidence), None if cost is None else Cost(cost, "t"), 1, 2)

            call(here, "codex", Evidence.MEASURED, Usage(input=1, output=2), 5)
            call(here, "codex", Evidence.MEASURED, Usage(input=10, cache_read=4), 6)
            call(here, "codex", Evidence.IMPORTED, Usage(unsplit=9), None)
            call(here, None, Evidence.MEASURED, Usage(reasoning=3), 90)
            call(elsewhere, "codex", Evidence.MEASURED, Usage(input=1), 1)
            waiting = Attempt(here, "p", "m", "e", streamed=False, request_bytes=0)
            tx.hold(waiting, 7, owner, 3)
            tx.release(tx.hold(waiting, 7, owner, 3), 500, 4)
        with ledger.reading() as reader:
            assert reader.spent_in(here) == [
                ("", Evidence.MEASURED, Spent(1, 90, 0, Usage(reasoning=3))),
                ("codex", Evidence.MEASURED, Spent(2, 11, 0, Usage(input=11, cache_read=4, output=2))),
                ("codex", Evidence.IMPORTED, Spent(1, 0, 1, Usage(unsplit=9))),
            ]
            assert reader.spent_in(99) == []


def test_who_made_the_newest_calls_of_a_session_is_told_by_how_many_they_made(tmp_path: Path) -> None:
    with closing(fresh(tmp_path / "l.db")) as ledger:
        with ledger.writing() as tx:
            here, elsewhere = (tx.begin_session(Scope(place), "work", 0).id for place in ("/here", "/there"))
            for at, agent in enumerate(["first", *["codex", "aider", None, "codex"] * 7, "one", "two"]):
                made = Attempt(here, "p", "m", "e", streamed=False, request_bytes=0, agent=agent)
                tx.record(made, Outcome(Usage(input=1), Evidence.MEASURED), None, at, at)
        with ledger.reading() as reader:
            assert reader.agents_of(here) == ("codex", "aider", "one", "two")  # the first of 31 is not looked at
            assert reader.agents_of(elsewhere) == reader.agents_of(99) == ()
