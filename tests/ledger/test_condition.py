"""Is everything that can be wrong with a ledger found, and nothing changed by looking?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger
from codesession.ledger.condition import Condition, Trouble, inspect_file, kind_of
from codesession.ledger.opening import SCHEMA
from codesession.model import Attempt, ChangeType, Commit, Cost, FileChange, Outcome, Scope, Usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEALTHY = Condition(SCHEMA, sessions=1, calls=30, newest_ms=1060)


def fill(path: Path) -> Path:
    """A ledger with one ended session of thirty calls, one file and one commit."""
    with closing(fresh(path)) as ledger, ledger.writing() as tx:
        session = tx.begin_session(Scope("/here"), "work", 1000)
        asked = Attempt(session.id, "anthropic", "claude-x" * 40, "messages", streamed=True, request_bytes=9)
        for at in range(1000, 1030):
            tx.record(asked, Outcome(Usage(input=10, output=5)), Cost(70, "table"), at, at + 1)
        changes = [FileChange("a.py", ChangeType.CREATED, 1050)], [Commit("abc1234", "Made it", 1050)]
        tx.end_session(session.id, 1060, files=changes[0], commits=changes[1])
    return path


def tampered(path: Path, *statements: str) -> Path:
    """A ledger into which somebody has written with plain SQL, minding no rule."""
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)
    return path


def seen(path: Path) -> Condition:
    found = inspect_file(path, 1)
    assert found.damage == []
    assert found.condition is not None
    return found.condition


def test_a_ledger_in_order_has_nothing_to_tell(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    assert seen(path) == HEALTHY
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.check() == HEALTHY


def test_a_ledger_without_anything_has_nothing_to_tell(tmp_path: Path) -> None:
    fresh(tmp_path / "l.db").close()
    assert seen(tmp_path / "l.db") == Condition(SCHEMA, sessions=0, calls=0, newest_ms=None)


@pytest.mark.parametrize(
    ("statement", "field", "sentence"),
    [
        pytest.param(
            "UPDATE session_model SET cost_nanos = cost_nanos + 1",
            "totals",
            "2 rows of session_model do not equal the calls they sum up.",
            id="a-changed-sum",
        ),
        pytest.param(
            "DELETE FROM quarter_hour",
            "totals",
            "1 rows of quarter_hour do not equal the calls they sum up.",
            id="a-missing-sum",
        ),
        pytest.param(
            "UPDATE session SET files = 0",
            "totals",
            "1 row of session counting fewer files than are recorded.",
            id="too-few-files",
        ),
        pytest.param(
            "UPDATE session SET commits = 0",
            "totals",
            "1 row of session counting fewer commits than are recorded.",
            id="too-few-commits",
        ),
        pytest.param(
            "INSERT INTO annotation (session_id, message, timestamp_ms) VALUES (7, 'x', 1), (8, 'x', 1)",
            "references",
            "2 rows of annotation belonging to a row of session that does not exist.",
            id="a-remark-on-nothing",
        ),
        pytest.param(
            "DELETE FROM migration WHERE number = 1", "migrations", "Migration 1 is not recorded.", id="a-gap"
        ),
        pytest.param(
            f"INSERT INTO migration VALUES ({SCHEMA + 5}, 'x', 1)",
            "migrations",
            f"Migration {SCHEMA + 5} is recorded, and unknown.",
            id="a-migration-of-the-future",
        ),
        pytest.param(
            "UPDATE call SET ended_ms = 5 WHERE id = 3",
            "values",
            "1 row of call: a call that ended before it began.",
            id="an-end-before-the-beginning",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, statement: str, field: str, sentence: str) -> None:
    condition = seen(tampered(tmp_path / "l.db", statement))
    assert getattr(condition, field) == [sentence]
    others = {"totals", "references", "migrations", "values", "scopes"} - {field}
    assert all(getattr(condition, other) == [] for other in others)


def test_two_active_sessions_in_one_scope_are_named(tmp_path: Path) -> None:
    twin = "INSERT INTO session (name, directory, started_ms) VALUES ('x', '/there', 1)"
    condition = seen(tampered(tmp_path / "l.db", "DROP INDEX session_active", twin, twin))
    assert condition.scopes == ["2 active sessions in /there; there can be one."]


def test_calls_that_were_never_billed_and_cost_something_are_named(tmp_path: Path) -> None:
    path = tampered(
        tmp_path / "l.db",
        "UPDATE call SET state = 'released', evidence = NULL WHERE id < 3",
        "UPDATE call SET cut = 'process' WHERE id = 4",
    )
    assert seen(path).values == [
        "2 rows of call: a call that was never billed, and yet has a cost.",
        "1 row of call: a call that is said to be cut by its process's death, and was not lost.",
    ]


def test_more_files_than_rows_are_fine_since_an_earlier_tool_kept_only_the_number(tmp_path: Path) -> None:
    assert seen(tampered(tmp_path / "l.db", "UPDATE session SET files = 9, commits = 9")) == HEALTHY


def test_sums_that_are_wrong_are_made_anew(tmp_path: Path) -> None:
    path = tampered(
        tmp_path / "l.db",
        "UPDATE session_model SET calls = 0",
        "DELETE FROM quarter_hour",
        "UPDATE session SET files = 0",
    )
    with closing(SqliteLedger(path)) as ledger:
        assert len(ledger.check().totals) == 3
        ledger.rebuild_totals()
        assert ledger.check() == HEALTHY


def test_calls_in_flight_and_troubles_of_a_takeover_are_told(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as ledger, ledger.writing() as tx:
        owner_id = tx.add_owner(1, 1)
        tx.hold(Attempt(None, "p", "m", "e", streamed=False, request_bytes=1), 9, owner_id, 99_000)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO takeover VALUES (1, '/old.db', '/old.db', 1, 0, 0, 0, 0, 0)")
        connection.execute("INSERT INTO takeover_problem VALUES (1, 1, 'ai_usage 17', 'its cost is Infinity')")
    condition = seen(path)
    assert condition.held == {owner_id: 1}
    assert condition.newest_ms == 99_000
    assert condition.troubles == [Trouble("/old.db", "ai_usage 17", "its cost is Infinity")]


# --- files that are damaged, or not ours ---


def flipped(path: Path, table: str = "call") -> None:
    """Bytes in the middle of the file, where the rows of `table` are."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content, first = bytearray(path.read_bytes()), (page - 1) * size
    content[first : first + size] = bytes(byte ^ 0xFF for byte in content[first : first + size])
    path.write_bytes(content)


def flipped_in_the_schema(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:1000] + bytes(byte ^ 0xFF for byte in content[1000:9000]) + content[9000:])


def flipped_in_an_index(path: Path) -> None:
    """An entry of an index that names no row: all reads go well, and are wrong."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE INDEX call_session ON call (id)' WHERE name = 'call_session'"
        )


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def damage_in(path: Path) -> list[str]:
    """What is found; a file that is worse than that cannot be read at all, and says so."""
    try:
        found = inspect_file(path, 1)
    except DatabaseError as error:
        return [error.message]
    assert found.condition is None
    return found.damage


@pytest.mark.parametrize("spoil", [flipped, flipped_in_the_schema, truncated, flipped_in_an_index])
def test_damage_is_seen_and_the_file_left_as_it_is(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = fill(tmp_path / "l.db")
    spoil(path)
    before = path.read_bytes()
    assert 0 < len(damage_in(path)) <= 20
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    path.write_text("my diary\n" * 1000)
    for look in (kind_of, lambda path: inspect_file(path, 1)):
        with pytest.raises(DatabaseError, match="not a ledger"):
            look(path)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        pytest.param(None, "ours", id="ours"),
        pytest.param("CREATE TABLE diary (line)", "foreign", id="another-program's"),
        pytest.param("PRAGMA user_version = 0", "empty", id="nobody's"),
        pytest.param(
            "CREATE TABLE sessions (id INTEGER PRIMARY KEY, name TEXT, start_time TEXT, end_time TEXT, status TEXT)",
            "earlier",
            id="an-earlier-tool's",
        ),
    ],
)
def test_whose_a_file_is_shows_without_a_trace(tmp_path: Path, statement: str | None, kind: str) -> None:
    path = tmp_path / "l.db"
    if statement is None:
        fill(path)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(statement)
    before = path.read_bytes()
    assert kind_of(path) == kind
    assert [file.name for file in tmp_path.iterdir()] == ["l.db"]
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened"):
        inspect_file(tmp_path / "l.db", 1)
    assert list(tmp_path.iterdir()) == []


def test_the_rows_of_another_schema_are_not_looked_at(tmp_path: Path) -> None:
    path = tampered(tmp_path / "l.db", f"PRAGMA user_version = {SCHEMA + 1}")
    assert inspect_file(path, 1).condition is None


def test_rows_that_cannot_be_read_in_a_whole_file_are_an_error(tmp_path: Path) -> None:
    path = tampered(tmp_path / "l.db", "DROP TABLE migration")
    with pytest.raises(DatabaseError, match="no such table: migration"):
        inspect_file(path, 1)


def test_a_ledger_that_another_program_keeps_to_itself_is_waited_for_and_then_said(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseError, match="another program"):
            inspect_file(path, 0.01)
