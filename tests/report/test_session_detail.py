from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.errors import SessionNotFound
from codesession.model import (
    Account,
    Attempt,
    Budget,
    ChangeType,
    Commit,
    Cost,
    Evidence,
    FileChange,
    Mode,
    Outcome,
    Scope,
    ScopeKind,
    Usage,
    Window,
)
from codesession.report.session_detail import SessionDetail, session_detail, session_detail_document

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger
    from codesession.model.ports import Writer

B = 1_000_000_000
HOUR = 3_600_000


def begin(tx: Writer, directory: str = "/code/shop") -> int:
    return tx.begin_session(Scope(directory, directory, "a" * 40, "main"), "work", 0).id


def call(
    tx: Writer,
    session_id: int,
    cost: int | None,
    usage: Usage,
    agent: str | None = "codex",
    how: Evidence = Evidence.MEASURED,
) -> None:
    made = Attempt(session_id, "p", "m", "e", streamed=False, request_bytes=0, agent=agent)
    tx.record(made, Outcome(usage, how), None if cost is None else Cost(cost, "t"), 1, 2)


def detail(ledger: SqliteLedger, session_id: int, now_ms: int = 2 * HOUR) -> SessionDetail:
    with ledger.reading() as reader:
        return session_detail(reader, session_id, now_ms)


def test_a_session_s_figures_say_how_they_were_got(ledger: SqliteLedger) -> None:
    with ledger.writing() as tx:
        session = begin(tx)
        call(tx, session, 3 * B, Usage(input=90, output=10))
        call(tx, session, B, Usage(cache_read=60, output=10), agent=None, how=Evidence.IMPORTED)
        call(tx, session, None, Usage(unsplit=5), agent="aider", how=Evidence.MANUAL)
    found = detail(ledger, session)
    assert (found.project, found.head, found.agent_names) == ("shop", "aaaaaaaaaaaa", ("codex", "aider"))
    assert found.figure.cost_words == "$3.00 measured (75%) · $1.00 imported (25%) · 1 call unpriced, not counted"
    assert (found.figure.cost, found.cost.per_hour, found.average_cost) == (4 * B, 2 * B, 2 * B)
    assert (found.figure.spent.usage.tokens, found.ratio_words) == (175, "7.5 : 1")


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        pytest.param(Usage(input=5), None, id="nothing-written"),
        pytest.param(Usage(input=8, output=4), "2 : 1", id="whole"),
        pytest.param(Usage(input=1, output=4), "0.2 : 1", id="less-read"),
        pytest.param(Usage(input=123_456, output=10), "12,346 : 1", id="many"),
    ],
)
def test_a_ratio_is_told_as_people_say_it(ledger: SqliteLedger, usage: Usage, words: str | None) -> None:
    with ledger.writing() as tx:
        session = begin(tx)
        call(tx, session, 1, usage)
    assert detail(ledger, session).ratio_words == words


def test_a_session_without_calls_has_no_cost_by_call(ledger: SqliteLedger) -> None:
    with ledger.writing() as tx:
        session = tx.begin_session(Scope("/"), "work", 0).id
    found = detail(ledger, session)
    assert (found.average_cost, found.head, found.project, found.agents) == (None, None, "/", ())


def test_files_are_counted_once_each(ledger: SqliteLedger) -> None:
    with ledger.writing() as tx:
        session = begin(tx)
        files = [FileChange(path, ChangeType.MODIFIED, number) for number, path in enumerate(("a", "b", "a"))]
        tx.record_changes(session, files, [Commit("c" * 40, "made", 5)])
    found = detail(ledger, session)
    assert (found.files, len(found.recorded.files), found.view.totals.commits) == (2, 3, 1)


def test_budgets_of_this_session_alone_are_shown_whether_a_call_met_them_or_not(ledger: SqliteLedger) -> None:
    with ledger.writing() as tx:
        session, other = begin(tx), begin(tx, "/code/other")
        tx.set_budget(Budget(ScopeKind.SESSION, "", Window.SESSION, 5 * B))
        tx.set_budget(Budget(ScopeKind.SESSION, str(session), Window.SESSION, 2 * B, Mode.BLOCK))
        tx.set_budget(Budget(ScopeKind.SESSION, str(other), Window.SESSION, 9 * B))
        tx.set_budget(Budget(ScopeKind.SESSION, "", Window.SESSION, 8 * B, directory="/code/other"))
        tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 7 * B))
        call(tx, session, B, Usage(input=1))
        kept = tx.budgets()[1]
        tx.open_account(Account(kept, "", session, 0, None))
    found = detail(ledger, session)
    assert sorted((one.limit_nanos, one.spent_nanos) for one in found.standings) == [(2 * B, B), (5 * B, B)]
    with ledger.writing() as tx:
        tx.end_session(session, 5)
    assert detail(ledger, session).standings == ()


def test_a_session_that_is_not_there_is_not_found(ledger: SqliteLedger) -> None:
    with pytest.raises(SessionNotFound, match=r"No session has the id 9\."):
        detail(ledger, 9)
    with pytest.raises(SessionNotFound):
        session_detail_document(ledger, 9, 0, 5)


def test_the_document_has_the_newest_calls_and_says_how_many_there_are_besides(ledger: SqliteLedger) -> None:
    with ledger.writing() as tx:
        session = begin(tx)
        for cost in (1, 2, 3):
            call(tx, session, cost * B, Usage(input=1))
        tx.annotate(session, "remark", 5)
    document = session_detail_document(ledger, session, HOUR, 2)
    assert list(document) == ["session", "aiUsage", "aiUsageOmitted", "files", "commits", "notes"]
    assert [call["cost"] for call in document["aiUsage"]] == [2.0, 3.0]
    assert (document["aiUsageOmitted"], document["session"]["aiCost"]) == (1, 6.0)
    assert document["notes"][0]["message"] == "remark"
