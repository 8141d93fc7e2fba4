"""Is an export whole, and one piece after the other?"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from codesession.model import Attempt, ChangeType, Commit, Cost, FileChange, Outcome, Scope, Usage
from codesession.report.exports import CSV_HEADER, export_csv, export_json

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger

NAME = 'a, "b"\nc'


@pytest.fixture
def filled(ledger: SqliteLedger) -> SqliteLedger:
    with ledger.writing() as tx:
        for number, name in enumerate((NAME, "second")):
            session = tx.begin_session(Scope("/here"), name, 1000 + number)
            for agent, cost in (("b", 12), (None, None), ("a", 1_430_000_000)):
                made = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0, agent=agent)
                tx.record(made, Outcome(Usage(input=1)), None if cost is None else Cost(cost, "table"), 1500, 1500)
            tx.annotate(session.id, "remark", 1600)
            changed = FileChange("a.py", ChangeType.CREATED, 1500)
            tx.end_session(session.id, 5000, files=[changed], commits=[Commit("c" * 40, "made", 1500)])
    return ledger


def test_json_comes_in_a_piece_for_each_session(filled: SqliteLedger) -> None:
    pieces = list(export_json(filled, None, 9000))
    assert len(pieces) == 3
    second, first = json.loads("".join(pieces))
    assert (first["name"], second["name"]) == (NAME, "second")
    assert [len(first[key]) for key in ("aiUsage", "files", "commits", "annotations")] == [3, 1, 1, 1]
    assert json.loads("".join(export_json(filled, 1, 9000))) == [second]


def test_csv_has_every_column_exactly(filled: SqliteLedger) -> None:
    header, _, first = csv.reader("".join(export_csv(filled, None, 9000)).splitlines(keepends=True))
    assert tuple(header) == CSV_HEADER
    started, ended = "1970-01-01T00:00:01.000Z", "1970-01-01T00:00:05.000Z"
    assert first == ["1", NAME, "completed", started, ended, "4", "1", "1", "3", "1.430000012", "a; b", ""]


def test_nothing_is_an_empty_array_and_a_header(ledger: SqliteLedger) -> None:
    assert "".join(export_json(ledger, None, 1)) == "[]"
    assert len(list(export_csv(ledger, None, 1))) == 1
