"""Is everything deleted only when that is meant, and is a copy kept?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter
from tests.report.spending import DOLLAR, begin, call

from codesession.app.budgets import Terms, set_budget
from codesession.web.api.reset import ResetAnswer

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


def one_call(app: App) -> None:
    session = begin(app.ledger, "work", "2026-11-05T12:00+00:00")
    call(app.ledger, "2026-11-05T12:00+00:00", 2 * DOLLAR, session)


def sessions_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM session").fetchone()
    return int(count)


def test_nothing_is_deleted_unless_it_is_said_that_it_is_meant(app: App, client: TestClient) -> None:
    one_call(app)
    for words in ({}, {"headers": {"X-Confirm-Reset": "no"}}, {"params": {"confirm": "false"}}):
        answer = client.post("/reset", **words)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert "X-Confirm-Reset: yes" in answer.json()["error"]
    assert sessions_in(app.config.database) == 1


def test_everything_is_deleted_and_a_copy_is_kept(app: App, client: TestClient) -> None:
    one_call(app)
    document = client.post("/reset", headers={"X-Confirm-Reset": "yes"}).json()
    counts = {"sessions": 1, "calls": 1, "files": 0, "commits": 0, "annotations": 0}
    assert document["deleted"] == counts | {"budgets": 0, "mandates": 0}
    assert sessions_in(app.config.database) == 0
    assert sessions_in(Path(document["backup"])) == 1
    assert TypeAdapter(ResetAnswer).json_schema(by_alias=True)["properties"].keys() == document.keys()


def test_budgets_go_only_when_that_is_wanted(app: App, client: TestClient) -> None:
    set_budget(app, "all", "day", Terms(5))
    for wanted, deleted, left in (("false", 0, 1), ("true", 1, 0)):
        document = client.post("/reset", params={"confirm": "true", "backup": "false", "budgets": wanted}).json()
        assert document["deleted"]["budgets"] == deleted
        assert len(client.get("/budgets").json()["budgets"]) == left


def test_a_copy_may_be_left_out(app: App, client: TestClient) -> None:
    one_call(app)
    document = client.post("/reset", params={"confirm": "true", "backup": "false"}).json()
    assert (document["reset"], document["backup"]) == (True, None)
    assert list(app.config.database.parent.glob("sessions-before-reset-*")) == []


def test_a_ledger_in_use_is_not_emptied(app: App, client: TestClient) -> None:
    one_call(app)
    app.ledger.claim(1)
    answer = client.post("/reset", headers={"X-Confirm-Reset": "yes"})
    assert answer.status_code == 400
    assert "still writes to this ledger" in answer.json()["error"]
    assert sessions_in(app.config.database) == 1
