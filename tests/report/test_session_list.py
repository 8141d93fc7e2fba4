from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codesession.model import Attempt, Cost, Outcome, Scope, Usage
from codesession.model.analysis import SessionOrder, SessionQuery
from codesession.report import session_list as module
from codesession.report.session_list import found_sessions, session_list, session_list_document

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger

HOUR = 3_600_000


@pytest.fixture
def filled(ledger: SqliteLedger) -> SqliteLedger:
    with ledger.writing() as tx:
        for number, name in enumerate(("first", "second", "third"), 1):
            session = tx.begin_session(Scope(f"/code/{name}"), name, number * HOUR)
            attempt = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0)
            cost = None if name == "third" else Cost(number * 1_000_000_000, "t")
            tx.record(attempt, Outcome(Usage(input=number)), cost, number * HOUR, number * HOUR)
            if name != "third":
                tx.end_session(session.id, number * HOUR + HOUR // 2)
    return ledger


def test_a_page_has_what_each_session_cost_and_by_the_hour(filled: SqliteLedger) -> None:
    found = session_list(filled, SessionQuery(), 4 * HOUR, with_projects=True)
    assert [(row.view.session.name, row.cost, row.per_hour) for row in found.rows] == [
        ("third", None, None),
        ("second", 2_000_000_000, 4_000_000_000),
        ("first", 1_000_000_000, 2_000_000_000),
    ]
    assert (found.total, found.unpriced, found.is_filtered) == (3, 1, False)
    assert [project.name for project in found.projects] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param(SessionQuery(search="SEC"), ["second"], id="searched"),
        pytest.param(SessionQuery(is_active=True), ["third"], id="live"),
        pytest.param(SessionQuery(directory="/code/first"), ["first"], id="of-a-project"),
    ],
)
def test_only_what_is_asked_for_is_found(filled: SqliteLedger, query: SessionQuery, names: list[str]) -> None:
    found = session_list(filled, query, 4 * HOUR)
    assert [row.view.session.name for row in found.rows] == names
    assert found.is_filtered
    assert found.projects == ()


def test_an_offset_beyond_the_last_page_shows_that_one_where_it_is_wanted(filled: SqliteLedger) -> None:
    found = session_list(filled, SessionQuery(limit=2, offset=50), 4 * HOUR, or_last=True)
    assert ([row.view.session.name for row in found.rows], found.query.offset) == (["first"], 2)
    assert session_list(filled, SessionQuery(search="nothing", offset=50), 4 * HOUR, or_last=True).rows == ()
    beyond = session_list(filled, SessionQuery(limit=2, offset=50), 4 * HOUR)
    assert (beyond.rows, beyond.total) == ((), 3)


def test_every_page_is_exported_and_no_more_than_the_limit(
    filled: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    query = SessionQuery(order=SessionOrder.NAME, descending=False)
    for limit, names in ((None, ["first", "second", "third"]), (1, ["first"]), (3, ["first", "second", "third"])):
        found = list(found_sessions(filled, query, limit, 4 * HOUR))
        assert [(view.session.name, len(view.calls)) for view in found] == [(name, 1) for name in names]


def test_the_document_has_the_keys_of_the_contract(filled: SqliteLedger) -> None:
    document = session_list_document(session_list(filled, SessionQuery(limit=1), 4 * HOUR))
    assert list(document) == ["sessions", "total"]
    assert document["total"] == 3
    (session,) = document["sessions"]
    assert (session["name"], session["status"], session["unpricedCalls"]) == ("third", "active", 1)
    assert "schemaVersion" not in json.dumps(document)


def test_a_directory_within_another_has_a_name_of_its_own() -> None:
    names = [project.name for project in module.told_apart(["/a/x", "/a/x/x", "/", ""])]
    assert len(set(names)) == 4
