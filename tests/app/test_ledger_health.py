"""Is what is wrong with a ledger found, said with what to do, and only repaired when asked to?"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.ledger.test_condition import fill, flipped, flipped_in_an_index, tampered, truncated
from tests.ledger.test_opening import POSIX, as_user, mode

from codesession.app.ledger_health import examine_ledger
from codesession.config import Config
from codesession.ledger import SqliteLedger
from codesession.ledger.opening import SCHEMA
from codesession.model import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.app.findings import Finding

__all__ = ["as_user"]


def examined(path: Path, *, fix: bool = False) -> list[Finding]:
    findings, _ = examine_ledger(Config(path.parent, path), fix=fix)
    assert all(finding.topic in ("ledger", "takeover") for finding in findings)
    return findings


def the_bad(path: Path, *, fix: bool = False) -> list[Finding]:
    return [finding for finding in examined(path, fix=fix) if finding.status != "ok"]


def the_only_bad(path: Path) -> Finding:
    (finding,) = the_bad(path)
    return finding


def private(path: Path) -> Path:
    path.chmod(0o600)
    return path


def test_a_ledger_in_order_is_said_to_be(tmp_path: Path) -> None:
    found = examined(fill(tmp_path / "l.db"))
    assert [finding.status for finding in found] == ["ok", "ok"]
    assert found[0].text == f"whole: 1 session, 30 calls, schema {SCHEMA}"
    assert found[1].facts["checks"] == ["migrations", "references", "totals", "scopes", "values"]


@pytest.mark.parametrize("empty", [False, True], ids=["none", "empty-file"])
def test_a_ledger_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path, *, empty: bool) -> None:
    path = tmp_path / "new" / "l.db"
    if empty:
        path.parent.mkdir()
        path.touch()
    (found,) = examined(path)
    assert (found.status, found.facts["exists"]) == ("ok", False)
    assert not path.exists() or path.stat().st_size == 0


def test_what_an_earlier_tool_kept_elsewhere_is_named(tmp_path: Path) -> None:
    earlier = tmp_path / ".costhq" / "sessions.db"
    earlier.parent.mkdir()
    earlier.touch()
    home = tmp_path / ".codesession"
    config = Config(home, home / "sessions.db", environ={"HOME": str(tmp_path)})
    (found,), _ = examine_ledger(config, fix=False)
    assert f"takes over what is in {earlier}" in found.text


def test_an_earlier_tools_database_is_left_for_the_next_command(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE sessions (id INTEGER PRIMARY KEY, name TEXT, start_time TEXT, end_time TEXT, status TEXT)"
        )
    before = path.read_bytes()
    (found,) = examined(private(path))
    assert found.status == "ok"
    assert "earlier tool" in found.text
    assert path.read_bytes() == before


@POSIX
def test_where_none_can_be_made_is_wrong(as_user: Path) -> None:
    as_user.chmod(0o500)
    found = the_only_bad(as_user / "new" / "l.db")
    assert found.status == "wrong"
    assert f"{as_user} may not be written" in found.text


def test_a_path_through_a_file_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = the_only_bad(tmp_path / "file" / "l.db")
    assert found.status == "wrong"
    assert "is not a directory" in found.text


# --- files that cannot be used ---


@pytest.mark.parametrize("spoil", [flipped, truncated, flipped_in_an_index])
def test_a_damaged_ledger_is_wrong_and_is_not_changed(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = fill(tmp_path / "l.db")
    spoil(path)
    before = path.read_bytes()
    for fix in (False, True):
        (found,) = the_bad(path, fix=fix)
        assert found.status == "wrong"
        assert "damaged" in found.text
        assert "restore a backup" in found.text + (found.advice or "")
    assert path.read_bytes() == before


def newer(path: Path) -> None:
    tampered(path, f"PRAGMA user_version = {SCHEMA + 1}")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE diary (line)")


def text(path: Path) -> None:
    path.write_text("my diary\n" * 1000)


def a_directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(newer, "newer codesession", id="newer-schema"),
        pytest.param(foreign, "not made by this version", id="another-program's"),
        pytest.param(text, "not a ledger; move it away", id="a-text"),
        pytest.param(a_directory, "it is not a file", id="a-directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_wrong(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "l.db"
    make(path)
    path.chmod(0o700)
    found = the_only_bad(path)
    assert found.status == "wrong"
    assert said in found.text
    assert found.facts["path"] == str(path)


@contextmanager
def locked(path: Path, how: str) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(how)
        yield
        other.execute("ROLLBACK")


def test_a_ledger_that_is_kept_locked_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codesession.app.ledger_health.WAIT_S", 0.01)
    path = fill(tmp_path / "l.db")
    with locked(path, "BEGIN IMMEDIATE"):
        found = the_only_bad(path)
    assert found.status == "wrong"
    assert "another program is writing to it" in found.text


@POSIX
def test_a_ledger_that_may_only_be_read_is_wrong(as_user: Path) -> None:
    path = fill(as_user / "l.db")
    path.chmod(0o400)
    found = the_only_bad(path)
    assert found.status == "wrong"
    assert "it may not be written; check the permissions" in found.text


@POSIX
def test_a_ledger_in_a_directory_that_may_only_be_read_is_wrong(as_user: Path) -> None:
    path = fill(as_user / "l.db")
    as_user.chmod(0o500)
    found = the_only_bad(path)
    assert found.status == "wrong"
    assert re.search("check (the permissions|that the directory)", found.text)


@POSIX
def test_a_ledger_others_could_read_is_made_private_and_that_is_said(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    path.chmod(0o644)
    found = the_only_bad(path)
    assert (found.status, found.facts["mode"]) == ("warning", "0644")
    assert "could read or change it (mode 0644); that has been taken from them" in found.text
    assert mode(path) == 0o600
    assert the_bad(path) == []


@POSIX
def test_a_damaged_ledger_others_could_read_is_told_to_be_made_private(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    flipped(path)
    path.chmod(0o644)
    assert [finding.advice for finding in the_bad(path)][1:] == [f"chmod 600 {path}"]


# --- rows that do not agree ---


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE session_model SET tokens = 1", "sums: 2 rows of session_model"),
        ("INSERT INTO annotation VALUES (1, 7, 'x', 1)", "references: 1 row of annotation"),
        ("DELETE FROM migration", "migrations: Migration 1 is not recorded."),
        ("UPDATE call SET ended_ms = 1 WHERE id = 1", "values of calls: 1 row of call"),
    ],
)
def test_rows_that_do_not_agree_are_wrong(tmp_path: Path, statement: str, said: str) -> None:
    found = the_only_bad(tampered(tmp_path / "l.db", statement))
    assert found.status == "wrong"
    assert said in found.text
    assert found.advice


def test_sums_are_made_anew_when_asked_and_nothing_else_is_changed(tmp_path: Path) -> None:
    path = tampered(
        tmp_path / "l.db", "UPDATE session_model SET tokens = 1", "INSERT INTO annotation VALUES (1, 7, 'x', 1)"
    )
    assert len(the_bad(path)) == 2
    fixed, *others = examined(path, fix=True)
    assert fixed.text.startswith("sums were made anew from the calls")
    assert [finding.facts["check"] for finding in others if finding.status == "wrong"] == ["references"]
    assert [finding.facts["check"] for finding in the_bad(path)] == ["references"]


def test_nothing_is_made_anew_that_is_right(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    assert not any("fixed" in finding.facts for finding in examined(path, fix=True))


def hold(ledger: SqliteLedger, owner_id: int) -> None:
    with ledger.writing() as tx:
        tx.hold(Attempt(None, "p", "m", "e", streamed=False, request_bytes=1), 9, owner_id, 1)


def test_calls_of_a_process_that_died_are_counted_and_left_to_the_next_command(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as ledger:
        hold(ledger, ledger.claim(1))
        (flying,) = [finding for finding in examined(path) if "inFlight" in finding.facts]
        assert (flying.status, flying.text) == ("ok", "1 call in flight")
        with ledger.writing() as tx:
            dead = tx.add_owner(os.getpid(), 1)
        hold(ledger, dead)
        found = the_only_bad(path)
    assert (found.status, found.facts) == ("warning", {"inFlight": 1, "abandoned": 1})
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.check().held[dead] == 1


def test_what_could_not_be_taken_over_is_listed_and_all_of_it_is_in_the_facts(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO takeover VALUES (1, '/old.db', '/kept.db', 1, 0, 0, 0, 0, 0)")
        connection.executemany(
            "INSERT INTO takeover_problem (takeover_id, place, problem) VALUES (1, ?, 'its cost is Infinity')",
            [(f"ai_usage {number}",) for number in range(25)],
        )
    found = the_only_bad(path)
    assert (found.topic, found.status) == ("takeover", "warning")
    assert "ai_usage 19: its cost is Infinity; and 5 more" in found.text
    problems = found.facts["problems"]
    assert isinstance(problems, list)
    assert len(problems) == 25
    assert problems[24] == {"source": "/old.db", "place": "ai_usage 24", "problem": "its cost is Infinity"}


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such modes")
def test_a_link_to_a_ledger_is_followed(tmp_path: Path) -> None:
    fill(tmp_path / "real.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    assert the_bad(tmp_path / "link.db") == []
    (tmp_path / "real.db").unlink()
    assert "it is not a file" in the_only_bad(tmp_path / "link.db").text
    assert not Path(tmp_path / "real.db").exists()
