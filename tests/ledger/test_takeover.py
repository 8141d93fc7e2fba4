"""Is an earlier tool's database taken over whole and once, with the original kept, and two of them as one?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.ledger.earlier_tools import CODESESSION_2, COSTHQ_4, earlier_database, fill, with_wal

from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger, opening
from codesession.ledger.earlier import kept_files, takeover
from codesession.ledger.earlier import lock as takeover_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Takeover

ROWS: dict[str, list[dict[str, Any]]] = {"sessions": [{"ai_cost": 0.0105, "ai_tokens": 1500}], "ai_usage": [{}]}


def names_beside(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()}


def taken(path: Path, **known: Any) -> list[Takeover]:
    """What the ledger says of takeovers, after it was opened."""
    with closing(SqliteLedger(path, **known)) as ledger, ledger.reading() as tx:
        return tx.takeovers()


def amounts(path: Path) -> dict[int, tuple[str, int, int]]:
    """Of each session: name, calls and cost."""
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.check().totals == []
        with ledger.reading() as tx:
            return {
                session.id: (session.name, totals.calls, totals.cost_nanos) for session, totals in tx.sessions(None)
            }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ours" / "sessions.db"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return tmp_path / "theirs" / "sessions.db"


# --- the original ---


def test_the_original_is_kept_byte_for_byte_and_taken_over_once(path: Path) -> None:
    before = earlier_database(path, ROWS).read_bytes()
    (takeover_,) = taken(path)
    kept = path.with_name("sessions.db.earlier")
    assert (takeover_.source, takeover_.kept) == (str(path), str(kept))
    assert kept.read_bytes() == before
    assert names_beside(path) == {"sessions.db", "sessions.db.earlier"}
    now = path.read_bytes()
    with closing(SqliteLedger(path)) as ledger:
        assert not ledger.was_taken_over
    assert (taken(path), path.read_bytes()) == ([takeover_], now)


def test_what_is_only_in_the_wal_is_taken_over_and_the_original_can_still_be_opened(path: Path) -> None:
    earlier_database(path, ROWS)
    with_wal(path, {"ai_usage": [{"cost": 2}]})
    wal = path.with_name("sessions.db-wal")
    before = path.read_bytes(), wal.read_bytes()
    assert amounts(path) == {1: ("Fix login", 2, 2_010_500_000)}
    kept = path.with_name("sessions.db.earlier")
    assert (kept.read_bytes(), kept.with_name(f"{kept.name}-wal").read_bytes()) == before
    assert names_beside(path) == {"sessions.db", "sessions.db.earlier", "sessions.db.earlier-wal"}
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*), sum(cost) FROM ai_usage").fetchone() == (2, 2.0105)


def test_a_transaction_that_a_killed_program_left_half_done_is_rolled_back(path: Path) -> None:
    earlier_database(path, ROWS)
    program = f"""
import os, sqlite3
connection = sqlite3.connect({str(path)!r})
connection.execute("PRAGMA cache_size = 1")
connection.execute("PRAGMA cache_spill = 1")
connection.execute("UPDATE sessions SET name = 'half'")
notes = [("x" * 3000,)] * 99
connection.executemany("INSERT INTO session_notes (session_id, message, timestamp) VALUES (1, ?, '')", notes)
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    journal = path.with_name("sessions.db-journal")
    before = path.read_bytes(), journal.read_bytes()
    assert b"half" in before[0]
    assert amounts(path) == {1: ("Fix login", 1, 10_500_000)}
    kept = path.with_name("sessions.db.earlier")
    assert (kept.read_bytes(), kept.with_name(f"{kept.name}-journal").read_bytes()) == before
    assert not journal.exists()


def test_a_program_that_still_has_it_open_changes_nothing(path: Path) -> None:
    earlier_database(path, ROWS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        fill(connection, {"ai_usage": [{}]})
        assert amounts(path) == {1: ("Fix login", 2, 21_000_000)}
    assert amounts(path) == {1: ("Fix login", 2, 21_000_000)}  # its end has touched nothing of ours


def test_a_kept_file_is_never_overwritten(path: Path) -> None:
    earlier_database(path, ROWS)
    path.with_name("sessions.db.earlier").write_text("mine")
    path.with_name("sessions.db.earlier-2-wal").write_text("mine too")
    (takeover_,) = taken(path)
    assert takeover_.kept == f"{path}.earlier-3"
    assert path.with_name("sessions.db.earlier").read_text() == "mine"
    assert path.with_name("sessions.db.earlier-2-wal").read_text() == "mine too"


def test_an_original_that_was_put_back_is_taken_over_again_and_kept_once(path: Path) -> None:
    earlier_database(path, ROWS)
    taken(path)
    shutil.copy(path.with_name("sessions.db.earlier"), path)
    assert [found.calls for found in taken(path)] == [1]
    assert names_beside(path) == {"sessions.db", "sessions.db.earlier"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")
def test_what_was_readable_by_others_is_private_from_then_on(path: Path) -> None:
    earlier_database(path, ROWS).chmod(0o644)
    taken(path)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_without_links_the_original_is_copied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier_database(path, ROWS)
    with_wal(path, {"ai_usage": [{}]})
    before = path.read_bytes()

    def refused(*_arguments: Any, **_known: Any) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refused)
    assert amounts(path) == {1: ("Fix login", 2, 21_000_000)}
    assert path.with_name("sessions.db.earlier").read_bytes() == before
    assert names_beside(path) == {"sessions.db", "sessions.db.earlier", "sessions.db.earlier-wal"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    earlier_database(path, ROWS)
    with_wal(path, {"ai_usage": [{}]})
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert amounts(link) == {1: ("Fix login", 2, 21_000_000)}
    assert link.is_symlink()
    assert path.with_name("sessions.db.earlier").exists()


# --- what is not taken over ---


@pytest.mark.parametrize("in_wal_mode", [False, True])
def test_a_damaged_database_is_left_as_it_is(path: Path, *, in_wal_mode: bool) -> None:
    earlier_database(path, {"sessions": [{}] * 20, "ai_usage": [{}] * 200})
    if in_wal_mode:
        with_wal(path, {"ai_usage": [{}]})
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * 4096 + content[8192:])
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(DatabaseError, match="damaged; it is left as it is") as caught:
        SqliteLedger(path)
    assert caught.value.extra == {"path": str(path), "reason": "corrupt"}
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_rows_that_break_the_old_tables_own_rules_are_no_damage(path: Path) -> None:
    earlier_database(path, ROWS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'notes TEXT', 'notes TEXT NOT NULL')")
        connection.commit()
    assert amounts(path) == {1: ("Fix login", 1, 10_500_000)}


def test_another_programs_database_is_refused_with_its_wal_untouched(path: Path) -> None:
    earlier_database(path, {}, schema="CREATE TABLE sessions (id INTEGER PRIMARY KEY, name TEXT, status TEXT);")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO sessions VALUES (1, 'x', 'y')")
        connection.commit()
        before = {ending: path.with_name(path.name + ending).read_bytes() for ending in ("", "-wal")}
        with pytest.raises(DatabaseError, match="was not made by this version") as caught:
            SqliteLedger(path)
        assert caught.value.extra["reason"] == "foreign_schema"
        assert {ending: path.with_name(path.name + ending).read_bytes() for ending in ("", "-wal")} == before
        assert names_beside(path) == {"sessions.db", "sessions.db-wal", "sessions.db-shm"}


def test_a_view_with_the_columns_of_the_old_table_is_no_old_table(path: Path) -> None:
    schema = CODESESSION_2.partition("CREATE TABLE file_changes")[0].replace("TABLE sessions", "TABLE things")
    earlier_database(path, {}, schema=f"{schema} CREATE VIEW sessions AS SELECT * FROM things;")
    with pytest.raises(DatabaseError, match="was not made by this version"):
        SqliteLedger(path)


def test_a_ledger_of_ours_that_another_process_writes_to_is_opened_as_ever(path: Path) -> None:
    with closing(SqliteLedger(path)) as writing, writing.writing():
        assert path.with_name("sessions.db-wal").stat().st_size  # and the file itself tells whose it is
        code = (
            "import sys; from pathlib import Path; from codesession.ledger import SqliteLedger as L; "
            "L(Path(sys.argv[1])).close(); sys.exit('codesession.ledger.earlier.takeover' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code, path], check=True)


def test_a_ledger_that_is_only_in_the_wal_yet_is_known_as_ours(path: Path, other: Path) -> None:
    earlier_database(other, ROWS)
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        opening.migrate(connection)
        assert connection.execute("PRAGMA application_id").fetchone() == (opening.APPLICATION_ID,)
        assert path.read_bytes()[68:72] == bytes(4)  # where a file tells whose it is
        assert taken(path, elsewhere=other) == []
        assert names_beside(path) <= {"sessions.db", "sessions.db-wal", "sessions.db-shm"}


def test_a_program_that_keeps_writing_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier_database(path, ROWS)
    before = path.read_bytes()
    real = shutil.copyfileobj

    def and_it_writes(reading: Any, writing: Any, length: int) -> None:
        real(reading, writing, length)
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))

    monkeypatch.setattr(shutil, "copyfileobj", and_it_writes)
    monkeypatch.setattr(takeover, "PAUSE_S", 0)
    with pytest.raises(DatabaseError, match="another program keeps writing to it: end that") as caught:
        SqliteLedger(path)
    assert caught.value.extra["reason"] == "in_use"
    assert (path.read_bytes(), names_beside(path)) == (before, {"sessions.db"})


def test_a_program_that_ends_while_it_is_copied_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier_database(path, ROWS)
    with_wal(path, {"ai_usage": [{}]})
    real, copies = shutil.copyfileobj, list[int]()

    def and_it_ends(reading: Any, writing: Any, length: int) -> None:
        real(reading, writing, length)
        if not copies:
            sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()  # there was a -wal
        copies.append(1)

    monkeypatch.setattr(shutil, "copyfileobj", and_it_ends)
    assert amounts(path) == {1: ("Fix login", 2, 21_000_000)}
    assert names_beside(path) == {"sessions.db", "sessions.db.earlier"}


def test_what_is_written_while_the_new_ledger_is_built_is_taken_over_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier_database(path, ROWS)
    real, builds = os.fsync, list[int]()

    def write_once(descriptor: int) -> None:
        real(descriptor)
        if any("-new" in name for name in names_beside(path)) and not builds:
            builds.append(1)
            with closing(sqlite3.connect(path)) as connection:
                fill(connection, {"ai_usage": [{}]})

    monkeypatch.setattr(os, "fsync", write_once)
    assert amounts(path) == {1: ("Fix login", 2, 21_000_000)}
    assert builds


def test_another_process_that_does_it_is_waited_for(path: Path) -> None:
    earlier_database(path, ROWS)
    opened = []
    with takeover_lock.alone(path, 0):
        with pytest.raises(DatabaseError, match="Another codesession is just taking over"):
            SqliteLedger(path, wait_s=0)
        waiting = threading.Thread(target=lambda: opened.append(taken(path)))
        waiting.start()
    waiting.join()
    assert [found.calls for found in opened[0]] == [1]
    assert names_beside(path) == {"sessions.db", "sessions.db.earlier"}


@pytest.mark.skipif(sys.platform == "win32", reason="no file is removed there while it is open")
def test_a_lock_file_that_was_removed_meanwhile_locks_nobody_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path.parent.mkdir()
    real, files = fcntl.flock, list[set[str]]()

    def just_released(descriptor: int, operation: int) -> None:
        files.append(names_beside(path))
        if len(files) == 1:  # between our opening it and our locking it, its holder was done
            path.with_name(".sessions.db.takeover").unlink()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", just_released)
    with takeover_lock.alone(path, 10):
        assert names_beside(path) == {".sessions.db.takeover"}
    assert len(files) == 2


def test_threads_that_open_it_at_once_take_it_over_once(path: Path) -> None:
    earlier_database(path, ROWS)
    opened: list[bool] = []

    def open_it() -> None:
        with closing(SqliteLedger(path)) as ledger:
            opened.append(ledger.was_taken_over)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [False, False, False, True]


# --- the one elsewhere ---


def test_where_there_is_no_ledger_the_one_elsewhere_becomes_it_and_stays(path: Path, other: Path) -> None:
    earlier_database(other, ROWS, schema=COSTHQ_4)
    with_wal(other, {"ai_usage": [{}]})
    (other.parent / "pricing.json").write_text('{"m": {}}')
    (other.parent / "local-models.json").write_text("[]")
    path.parent.mkdir()
    (path.parent / "local-models.json").write_text("mine")
    before = {file.name: file.read_bytes() for file in other.parent.iterdir()}
    (takeover_,) = taken(path, elsewhere=other)
    assert (takeover_.source, takeover_.kept, takeover_.calls) == (str(other), str(other), 2)
    assert {file.name: file.read_bytes() for file in other.parent.iterdir()} == before
    assert names_beside(path) == {"sessions.db", "pricing.json", "local-models.json"}
    assert (path.parent / "pricing.json").read_text() == '{"m": {}}'
    assert (path.parent / "local-models.json").read_text() == "mine"


def test_an_empty_file_is_no_ledger_yet(path: Path, other: Path) -> None:
    earlier_database(other, ROWS)
    path.parent.mkdir()
    path.touch()
    assert len(taken(path, elsewhere=other)) == 1


def test_a_ledger_of_ours_takes_nothing_over(path: Path, other: Path) -> None:
    SqliteLedger(path).close()
    earlier_database(other, ROWS)
    assert taken(path, elsewhere=other) == []


@pytest.mark.parametrize(
    "make", [lambda p: p.mkdir(), lambda p: p.touch(), lambda _: None], ids=["dir", "empty", "none"]
)
def test_where_there_is_nothing_elsewhere_a_new_ledger_is_made(path: Path, other: Path, make: Any) -> None:
    other.parent.mkdir()
    make(other)
    assert taken(path, elsewhere=other) == []


def test_somebody_elses_database_elsewhere_is_none_of_our_business(path: Path, other: Path) -> None:
    earlier_database(other, {}, schema="CREATE TABLE diary (day TEXT);")
    assert taken(path, elsewhere=other) == []


def test_a_damaged_one_elsewhere_is_told(path: Path, other: Path) -> None:
    earlier_database(other, {"ai_usage": [{}] * 200})
    content = other.read_bytes()
    other.write_bytes(content[:-4096] + b"\xff" * 4096)
    with pytest.raises(DatabaseError, match="damaged") as caught:
        SqliteLedger(path, elsewhere=other)
    assert caught.value.extra["path"] == str(other)
    assert not path.exists()


# --- both ---


def both(path: Path, here: Any, other: Path, there: Any) -> list[Takeover]:
    earlier_database(path, here)
    earlier_database(other, there, schema=COSTHQ_4)
    return taken(path, elsewhere=other)


def test_a_copy_of_the_same_database_adds_nothing(path: Path, other: Path) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "sessions": [{}, {}, {"name": "b", "status": "active", "end_time": None}],
        "ai_usage": [{}, {}, {"cost": None}, {"session_id": 2}, {"session_id": 77}],
        "file_changes": [{}, {}],
        "commits": [{}],
        "session_notes": [{}, {}],
    }
    earlier_database(path, rows)
    alone = path.with_name("alone.db")
    shutil.copy(path, alone)
    first, second = both(path.with_name("x.db"), rows, other, rows)
    assert (first.sessions, first.calls, first.files, first.commits, first.annotations) == (3, 5, 2, 1, 2)
    assert (second.sessions, second.calls, second.files, second.commits, second.annotations) == (0, 0, 0, 0, 0)
    assert amounts(path.with_name("x.db")) == amounts(alone)


def test_what_only_the_other_has_is_added(path: Path, other: Path) -> None:
    shared = {"name": "shared"}
    first, second = both(
        path,
        {"sessions": [shared, {"name": "only here"}], "ai_usage": [{}, {}, {"session_id": 2}], "commits": [{}]},
        other,
        {
            "sessions": [shared, {"name": "only there"}],
            "ai_usage": [{}, {"model": "new"}, {}, {}, {"session_id": 2, "cost": 4}],
            "commits": [{}, {"hash": "ff"}],
            "file_changes": [{}],
            "session_notes": [{}, {"message": "more"}],
        },
    )
    assert amounts(path) == {
        1: ("shared", 4, 42_000_000),  # of three that are alike two were there
        2: ("only here", 1, 10_500_000),
        3: ("only there", 1, 4_000_000_000),
    }
    assert (first.sessions, first.calls) == (2, 3)
    assert (second.sessions, second.calls, second.files, second.commits, second.annotations) == (1, 3, 1, 1, 2)
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as tx:
        assert [commit.hash for commit in tx.commits(1)] == ["0123456789abcdef", "ff"]
        assert tx.totals(1).commits == 2


def test_free_ids_are_kept(path: Path, other: Path) -> None:
    both(
        path,
        {"sessions": [{"name": "a"}], "ai_usage": [{}]},
        other,
        {
            "sessions": [{"name": "b", "id": 1}, {"name": "c", "id": 8}],
            "ai_usage": [{"id": 1, "session_id": 8}, {"id": 5}],
        },
    )
    assert {number: name for number, (name, _, _) in amounts(path).items()} == {1: "a", 8: "c", 9: "b"}
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as tx:
        assert [(call.id, call.session_id) for call in (*tx.calls(1), *tx.calls(8), *tx.calls(9))] == [
            (1, 1),
            (6, 8),
            (5, 9),
        ]


def test_a_session_that_ended_in_the_other_has_ended(path: Path, other: Path) -> None:
    active = {"status": "active", "end_time": None, "duration": None, "git_root": None, "working_directory": "/w"}
    ended = {"git_root": "/w", "working_directory": "/w", "notes": "done", "files_changed": 3}
    both(path, {"sessions": [active]}, other, {"sessions": [ended]})
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as tx:
        session = tx.session(1)
        assert session
        assert (session.is_active, session.notes, session.git_root, tx.totals(1).files) == (False, "done", "/w", 3)
        assert [problem for found in tx.takeovers() for problem in found.problems] == []


def test_money_beside_a_session_is_not_billed_where_the_other_has_its_calls(path: Path, other: Path) -> None:
    session = {"ai_cost": 0.0105, "ai_tokens": 1500}
    both(path, {"sessions": [session]}, other, {"sessions": [session], "ai_usage": [{}]})
    assert amounts(path) == {1: ("Fix login", 1, 10_500_000)}


# --- what is left behind ---


@pytest.fixture
def leftovers(path: Path) -> Iterator[list[Path]]:
    path.parent.mkdir()
    files = [path.parent / f".sessions.db.takeover-4711-{name}" for name in ("new", "here", "here-wal", "there")]
    for file in files:
        file.write_text("half")
    mine = path.parent / "sessions.db.copy-2024"
    mine.write_text("a backup of the user's own")
    yield files
    assert mine.exists()


def test_what_a_killed_takeover_left_is_swept(path: Path, leftovers: list[Path]) -> None:
    earlier_database(path, ROWS)
    taken(path)
    assert not any(file.exists() for file in leftovers)


def test_a_note_of_a_killed_takeover_counts_only_for_the_copy_it_is_about(path: Path) -> None:
    earlier_database(path, ROWS)
    kept = path.with_name("sessions.db.earlier with spaces")
    with takeover_lock.alone(path, 0) as lock:
        lock.note(path, kept)
        assert lock.noted(path) == kept
        assert kept_files.place_for(path, lock) == path.with_name("sessions.db.earlier")  # it is gone
        kept.touch()
        assert kept_files.place_for(path, lock) == kept
    with takeover_lock.alone(path, 0) as lock:
        assert lock.noted(path) == kept
        with closing(sqlite3.connect(path)) as connection:
            fill(connection, {"ai_usage": [{}]})
        assert lock.noted(path) is None
        lock.forget()
    assert not path.with_name(".sessions.db.takeover").exists()
