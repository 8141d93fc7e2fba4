from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from codesession.model import Attempt, Call, Cost, Cut, Evidence, Outcome, Scope, Terms, Usage
from codesession.model.analysis import CallOrder, CallQuery
from codesession.report import call_list as module
from codesession.report.call_exports import CSV_HEADER, calls_csv, calls_json
from codesession.report.call_list import (
    CLASS_WORDS,
    call_list,
    call_list_document,
    found_calls,
    whole_call_document,
)

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger


def attempt(session_id: int | None, model: str = "m", **more: object) -> Attempt:
    return Attempt(session_id, "p", model, "messages", streamed=True, request_bytes=0, **more)  # type: ignore[arg-type]


@pytest.fixture
def filled(ledger: SqliteLedger) -> SqliteLedger:
    owner = ledger.claim(0)
    with ledger.writing() as tx:
        session = tx.begin_session(Scope("/here"), "work", 0).id
        usage = Usage(input=3, cache_read=40, output=5)
        seen = Outcome(usage, Evidence.MEASURED, request_id="req_1", response_id="msg_1", http_status=200)
        tx.record(
            attempt(session, agent="codex", terms=Terms(service_tier="flex")), seen, Cost(20, "table 1"), 10, 1510
        )
        tx.record(attempt(session, "free"), Outcome(Usage(unsplit=7)), None, 20, 20)
        dead = tx.add_owner(2**22, 1)
        tx.hold(attempt(session), 99, dead, 30)
        tx.lose(dead, 40)
        tx.release(tx.hold(attempt(None), 99, owner, 50), 529, 60)
        tx.hold(attempt(None), 500_000_000, owner, 70)
        tx.hold(attempt(None, "free"), None, owner, 80)
        tx.settle(tx.hold(attempt(session), 8, owner, 85), Outcome(None, Evidence.ESTIMATED), None, 88)
        cut = Outcome(Usage(input=1), Evidence.ESTIMATED, cut=Cut.CLIENT)
        tx.record(attempt(session), cut, Cost(1, "t"), 90, 95)
    return ledger


def test_each_call_says_where_it_stands_and_how_its_cost_is_known(filled: SqliteLedger) -> None:
    found = call_list(filled, CallQuery(descending=False), with_names=True)
    assert [(row.status, row.how) for row in found.rows] == [
        (("", ""), "measured, priced by table 1"),
        (("unpriced", "warn"), "no price is known; tokens measured"),
        (("lost", "bad"), "the most it can have cost: the process that made it died"),
        (("failed", "bad"), "nothing was billed"),
        (("in flight", "live"), "in flight: $0.50 held"),
        (("in flight", "live"), "in flight: no price is known"),
        (("", ""), "the most it can have cost: what it used is not known"),
        (("cut", "warn"), "estimated, priced by t"),
    ]
    assert [row.tokens for row in found.rows] == [48, 7, None, None, None, None, None, 1]
    assert [row.took_ms for row in found.rows] == [1500, None, 10, 10, None, None, 3, 5]
    assert (found.total, found.is_exact, found.sessions) == (8, True, {1: "work"})
    assert found.names
    assert found.names["model"] == ["free", "m"]
    assert (found.cost, found.cost_words) == (128, "of the 8 calls of this page; 1 unpriced, not counted")
    assert found.rows[0].consumed == [("Input", 3), ("Read from cache", 40), ("Output", 5)]
    assert found.rows[2].consumed == []


def test_everything_else_that_is_known_has_a_name(filled: SqliteLedger) -> None:
    first, *_, cut = call_list(filled, CallQuery(descending=False)).rows
    assert first.facts == [
        ("Endpoint", "messages"),
        ("Answered", "as a stream"),
        ("On terms", "tier flex"),
        ("HTTP status", "200"),
        ("Request id", "req_1"),
        ("Answer id", "msg_1"),
        ("Agent", "codex"),
    ]
    assert ("Cut short", "The client hung up before the answer was complete.") in cut.facts


def test_every_class_of_usage_has_words() -> None:
    assert set(CLASS_WORDS) == set(Usage.__slots__)


def test_an_offset_beyond_the_last_page_shows_that_one_where_it_is_wanted(filled: SqliteLedger) -> None:
    query = CallQuery(limit=3, offset=300, descending=False)
    found = call_list(filled, query, or_last=True)
    assert ([row.call.started_ms for row in found.rows], found.query.offset, found.names) == ([85, 90], 6, None)
    beyond = call_list(filled, query)  # a program that asks for page after page comes to an end
    assert (beyond.rows, beyond.total, beyond.query.offset) == ((), found.total, 300)


def test_every_page_is_exported_and_no_more_than_the_limit(
    filled: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    query = CallQuery(order=CallOrder.COST)
    assert [call.cost_nanos for call in found_calls(filled, query, None)][:3] == [99, 20, 8]
    assert len(list(found_calls(filled, query, None))) == 8
    assert len(list(found_calls(filled, query, 4))) == 4


def calls(ledger: SqliteLedger) -> list[Call]:
    return list(found_calls(ledger, CallQuery(descending=False), None))


def test_documents_have_every_class_and_total(filled: SqliteLedger) -> None:
    document = call_list_document(call_list(filled, CallQuery(limit=1, descending=False)))
    assert (document["total"], document["totalExact"], len(document["calls"])) == (8, True, 1)
    whole = whole_call_document(calls(filled)[0])
    assert whole["usage"] == {"input": 3, "cacheRead": 40, "output": 5}
    assert (whole["responseId"], whole["httpStatus"], whole["retry"], whole["cost"]) == ("msg_1", 200, 0, 2e-08)
    assert whole_call_document(calls(filled)[4])["usage"] is None


def test_a_csv_file_has_a_line_for_each_call_and_nothing_where_nothing_is_known(filled: SqliteLedger) -> None:
    header, first, unpriced, *_ = csv.reader("".join(calls_csv(calls(filled))).splitlines())
    assert tuple(header) == CSV_HEADER
    row = dict(zip(header, first, strict=True))
    assert (row["model"], row["cost"], row["cacheRead"], row["startTime"]) == (
        "m",
        "0.00000002",
        "40",
        "1970-01-01T00:00:00.010Z",
    )
    assert (dict(zip(header, unpriced, strict=True))["cost"], unpriced[-1]) == ("", "7")


def test_a_json_file_has_each_call_as_the_list_has_it(filled: SqliteLedger) -> None:
    found = json.loads("".join(calls_json(calls(filled))))
    assert [call["cost"] for call in found][:2] == [2e-08, None]
