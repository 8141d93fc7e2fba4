from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import (
    Annotation,
    Attempt,
    ChangeType,
    Commit,
    Cost,
    Event,
    EventKind,
    FileChange,
    Outcome,
    Scope,
    Session,
    Usage,
)
from codesession.report import timeline as module
from codesession.report.timeline import Calls, Edge, Files, Fired, Made, Recorded, Remark, Timeline, timeline

if TYPE_CHECKING:
    import pytest

    from codesession.ledger import SqliteLedger

M = 60_000
NOTHING = Recorded((), (), ())


def begin(ledger: SqliteLedger) -> Session:
    with ledger.writing() as tx:
        return tx.begin_session(Scope("/here"), "work", 0)


def call(
    ledger: SqliteLedger,
    session: Session,
    at_ms: int,
    model: str = "m",
    cost: int | None = 1_000,
    agent: str | None = None,
) -> None:
    attempt = Attempt(session.id, "p", model, "e", streamed=False, request_bytes=0, agent=agent)
    with ledger.writing() as tx:
        tx.record(
            attempt, Outcome(Usage(input=10, output=1)), None if cost is None else Cost(cost, "t"), at_ms, at_ms + 500
        )


def told(ledger: SqliteLedger, session: Session, recorded: Recorded = NOTHING, offset: int = 0) -> Timeline:
    with ledger.reading() as reader:
        return timeline(reader, reader.session(session.id) or session, recorded, offset)


def test_calls_stand_together_between_other_things(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    call(ledger, session, 1 * M, "small", 5, agent="codex")
    call(ledger, session, 2 * M, "large", 70, agent="aider")
    call(ledger, session, 4 * M, "large", None)
    files = [FileChange("a.py", ChangeType.CREATED, 3 * M)]
    commits = [Commit("c" * 40, "made", 5 * M)]
    remarks = [Annotation(1, session.id, "a remark", 6 * M)]
    edge, first, file, second, made, remark = told(ledger, session, Recorded(files, commits, remarks)).entries
    assert edge == Edge(0, "Session began")
    assert isinstance(first, Calls)
    assert (first.at_ms, first.until_ms, first.title, first.models) == (
        M,
        2 * M + 500,
        "2 AI calls",
        ("large", "small"),
    )
    assert (first.figure.cost, first.figure.cost_words, first.agents) == (
        75,
        "$0.000000075 measured",
        ("aider", "codex"),
    )
    assert file == Files(3 * M, ChangeType.CREATED, ("a.py",))
    assert isinstance(second, Calls)
    assert (second.title, second.figure.cost, second.figure.spent.unpriced) == ("1 AI call", None, 1)
    assert (made, remark) == (Made(5 * M, commits[0]), Remark(6 * M, "a remark"))


def test_files_that_changed_alike_stand_together_each_once(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    changed = [("a", "modified"), ("b", "modified"), ("a", "modified"), ("a", "deleted")]
    files = [FileChange(path, ChangeType(change), number) for number, (path, change) in enumerate(changed)]
    _, modified, deleted = told(ledger, session, Recorded(files, (), ())).entries
    assert (modified, deleted) == (Files(0, ChangeType.MODIFIED, ("a", "b")), Files(3, ChangeType.DELETED, ("a",)))
    assert isinstance(modified, Files)
    assert modified.title == "Modified"


def test_what_the_firewall_did_is_told_without_who_speaks(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    with ledger.writing() as tx:
        said = "codesession refused this call: too much."
        tx.add_event(Event(EventKind.REFUSED, 5, session_id=session.id, model="m", message=said))
        tx.add_event(Event(EventKind.WARNED, 6, session_id=session.id, message="near its limit"))
        tx.add_event(Event(EventKind.WARNED, 7, session_id=None, message="of somebody else"))
    assert told(ledger, session).entries[1:] == (
        Fired(5, "Refused a call", "too much.", "m", is_refusal=True),
        Fired(6, "Warned", "near its limit", None, is_refusal=False),
    )


def test_an_ended_session_ends_with_its_notes(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    with ledger.writing() as tx:
        tx.end_session(session.id, 9 * M, notes="all done")
    assert told(ledger, session).entries == (Edge(0, "Session began"), Edge(9 * M, "Session ended", "all done"))


def test_calls_in_flight_and_failed_ones_are_counted_apart(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    owner = ledger.claim(0)
    attempt = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0)
    with ledger.writing() as tx:
        dead = tx.add_owner(2**22, 1)
        tx.hold(attempt, 1, owner, 1)
        tx.release(tx.hold(attempt, 1, owner, 2), 500, 3)
        tx.hold(attempt, 9, dead, 4)
        tx.lose(dead, 8)
    (_, calls) = told(ledger, session).entries
    assert isinstance(calls, Calls)
    assert (calls.number, calls.held, calls.failed, calls.figure.spent.calls) == (3, 1, 1, 1)
    assert calls.figure.cost_words == "$0.000000009 estimated"


def test_calls_far_apart_are_told_one_by_one(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    for minute in (1, 2, 40, 41):
        call(ledger, session, minute * M)
    numbers = [entry.number for entry in told(ledger, session).entries if isinstance(entry, Calls)]
    assert numbers == [2, 2]


def test_many_models_are_counted_after_the_first(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    for number in range(6):
        call(ledger, session, number, f"m{number}", 100 - number)
    _, calls = told(ledger, session).entries
    assert isinstance(calls, Calls)
    assert calls.models_words == "m0, m1, m2, m3 and 2 more"


def test_a_long_session_is_told_in_pages_and_nothing_twice(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALLS_OF_A_PAGE", 2)
    session = begin(ledger)
    for minute in (1, 2, 3, 4, 5):
        call(ledger, session, minute * M)
    remarks = [Annotation(minute, session.id, f"after {minute}", minute * M + 1) for minute in (0, 1, 2, 3, 4, 5)]
    pages = [told(ledger, session, Recorded((), (), remarks), offset) for offset in (4, 2, 0)]
    assert [(page.has_earlier, page.has_later, page.total) for page in pages] == [
        (False, True, 5),
        (True, True, 5),
        (True, False, 5),
    ]
    words = [
        [
            entry.message if isinstance(entry, Remark) else entry.title
            for entry in page.entries
            if not isinstance(entry, Made)
        ]
        for page in pages
    ]
    one = "1 AI call"
    assert words == [
        ["Session began", "after 0", one, "after 1"],
        [one, "after 2", one, "after 3"],
        [one, "after 4", one, "after 5"],
    ]
