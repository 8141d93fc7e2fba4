"""Is the ledger's file made, migrated, kept private, and left alone when it is not ours?"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger, opening
from codesession.ledger.totals import differences
from codesession.model import Account, Budget, Event, EventKind, Scope, ScopeKind, Window
from codesession.model.switch import Switch, SwitchState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RELEASED = {
    "0001_ledger.sql": "f0fc7be2d507f084df036837170068a567590aed1111ffd45b12eb29142a0a44",
    "0002_totals.sql": "69a79900c6eb7d13f0ad869138e24e84f5a04cb21a4f2bbeb1f733e561845b71",
    "0003_budgets.sql": "53450522dde5aac8337d42cc6af5ea9914db4041c1b25bf04491880bd4ad1227",
    "0004_terms.sql": "9bd5daa5a95a8dcbea6485a162145f42caca1e099d5779930a0c453c719e4043",
    "0005_analysis.sql": "f92a10621ae726aeba469f23b2ebbcd2bdf2da36e57010336ca8e47e5be790c3",
    "0006_switches.sql": "35143228eb985d29b5b145ae7a6dd9aec93fd1893ee0be623ff8ed49d71f811c",
    "0007_receipts.sql": "da045cf2c80112f246c596ed15aa152219abf2ce8dcef01906fb5c2bf2bc0147",
}
"""SHA-256 of every migration; one that has been released is never edited, a new one is added here."""

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(path: Path, name: str = "work") -> None:
    """A ledger with one session, closed."""
    with closing(SqliteLedger(path)) as ledger, ledger.writing() as tx:
        tx.begin_session(Scope("/here"), name, 1)


def names(path: Path) -> list[str]:
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as tx:
        return [session.name for session, _ in tx.sessions(100)]


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


# --- migrations ---


def test_released_migrations_are_never_edited() -> None:
    found = {
        file.name: hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for file in opening.MIGRATIONS.glob("*.sql")
    }
    assert found == RELEASED


def test_migrations_are_numbered_from_one_to_our_schema() -> None:
    numbers = sorted(int(file.name.partition("_")[0]) for file in opening.MIGRATIONS.glob("[0-9]*.sql"))
    assert numbers == list(range(1, opening.SCHEMA + 1))


@pytest.mark.parametrize("name", RELEASED)
def test_no_statement_of_a_migration_is_left_unfinished(name: str) -> None:
    script = (opening.MIGRATIONS / name).read_text(encoding="utf-8")
    assert script.endswith(";\n")
    assert "".join(opening._statements(script)) == script  # noqa: SLF001 - what is not in a statement is not run


def test_a_new_ledger_is_ours_and_says_which_migrations_made_it(tmp_path: Path) -> None:
    make(tmp_path / "l.db")
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (opening.APPLICATION_ID,)
        applied = connection.execute("SELECT number, name FROM migration ORDER BY number").fetchall()
    assert [f"{name}.sql" for _, name in applied] == sorted(RELEASED)
    assert [number for number, _ in applied] == list(range(1, opening.SCHEMA + 1))


@pytest.fixture
def two_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a next version of the program, whose new migration is the text given."""

    def upgrade(script: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(opening.MIGRATIONS, folder)
        number = opening.SCHEMA + 1
        (folder / f"{number:04d}_next.sql").write_text(script)
        monkeypatch.setattr(opening, "MIGRATIONS", folder)
        monkeypatch.setattr(opening, "SCHEMA", number)

    return upgrade


def test_an_older_ledger_is_migrated_and_keeps_what_it_holds(
    tmp_path: Path, two_migrations: Callable[[str], None]
) -> None:
    path = tmp_path / "l.db"
    make(path)
    two_migrations("-- a; comment\nCREATE TABLE extra (\n  id INTEGER\n) STRICT;\n")
    assert names(path) == ["work"]
    assert version_of(path) == opening.SCHEMA
    assert names(path) == ["work"]  # and is not migrated again


def test_a_ledger_of_the_first_schema_gets_its_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "l.db"
    first = tmp_path / "migrations"
    first.mkdir()
    shutil.copy(opening.MIGRATIONS / "0001_ledger.sql", first)
    with monkeypatch.context() as then:
        then.setattr(opening, "MIGRATIONS", first)
        then.setattr(opening, "SCHEMA", 1)
        SqliteLedger(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO owner (pid, started_ms) VALUES (1, 1)")
        connection.execute(
            "INSERT INTO session (name, directory, started_ms, ended_ms) VALUES ('old', '/here', 1, 9000)"
        )
        connection.execute(
            "INSERT INTO file_change (session_id, path, change, timestamp_ms) "
            "VALUES (1, 'a', 'created', 1), (1, 'a', 'modified', 2)"
        )
        connection.executemany(
            "INSERT INTO call (session_id, owner_id, state, provider, model, model_answered, endpoint, streamed, "
            "started_ms, ended_ms, cost_nanos, evidence, cut, input, output) "
            "VALUES (?, 1, ?, 'p', 'asked', ?, 'e', 0, ?, ?, ?, ?, ?, ?, ?)",
            [
                (1, "settled", "answered", 5, 6, 40, "measured", None, 10, 5),
                (1, "settled", "answered", 900_005, 900_006, None, "estimated", "client", 1, 0),
                (1, "lost", None, 5, 6, 7, "estimated", "process", None, None),
                (1, "released", None, 5, 6, None, None, None, None, None),
                (1, "held", None, 5, None, None, None, None, None, None),
                (None, "settled", None, 5, 6, 3, "reported", None, 1, 1),
            ],
        )
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as tx:
        totals = tx.totals(1)
        stats = tx.statistics()
    assert (totals.calls, totals.tokens, totals.cost_nanos, totals.unpriced) == (3, 16, 47, 1)
    assert (totals.cut, totals.lost, totals.failed, totals.held, totals.files) == (1, 1, 1, 1, 1)
    assert (stats.tokens, stats.cost_nanos, stats.files) == (16, 47, 1)
    with closing(sqlite3.connect(path)) as connection:
        assert differences(connection) == []
        assert connection.execute("SELECT count(*) FROM quarter_hour").fetchone() == (4,)


PUBLISHED = ("sessions", "ai_usage", "session_notes", "file_changes", "commits")
KEPT = ("session", "call", "session_model", "quarter_hour", "owner", "annotation")


def content(path: Path, tables: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table or view, by the names of their columns."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in tables}


def test_a_ledger_of_the_second_schema_gets_budgets_and_keeps_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.db"
    earlier = tmp_path / "migrations"
    earlier.mkdir()
    for name in sorted(RELEASED)[:2]:
        shutil.copy(opening.MIGRATIONS / name, earlier)
    with monkeypatch.context() as then:
        then.setattr(opening, "MIGRATIONS", earlier)
        then.setattr(opening, "SCHEMA", 2)
        SqliteLedger(path).close()
    script = (earlier / "0002_totals.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO owner (pid, started_ms) VALUES (1, 1)")
        connection.execute("INSERT INTO session (name, directory, started_ms) VALUES ('old', '/here', 1)")
        connection.execute("INSERT INTO annotation (session_id, message, timestamp_ms) VALUES (1, 'x', 1)")
        connection.executemany(
            "INSERT INTO call (session_id, owner_id, state, provider, model, endpoint, streamed, started_ms, ended_ms, "
            "hold_nanos, cost_nanos, evidence, cut, input, output) "
            "VALUES (?, 1, ?, 'p', 'm', 'e', 0, 5, ?, 9, ?, ?, ?, ?, ?)",
            [
                (1, "settled", 6, 40, "measured", None, 10, 5),
                (1, "settled", 6, None, "estimated", "client", 1, 0),
                (1, "lost", 6, 9, "estimated", "process", None, None),
                (1, "released", 6, None, None, None, None, None),
                (1, "held", None, None, None, None, None, None),
                (None, "settled", 6, 3, "reported", None, 1, 1),
            ],
        )
        for filling in re.findall(
            r"^INSERT INTO (?:session_model|quarter_hour)\n.*?;", script, re.DOTALL | re.MULTILINE
        ):
            connection.execute(filling)
    kept, published = content(path, KEPT), content(path, PUBLISHED)
    with closing(SqliteLedger(path)) as ledger:
        assert version_of(path) == opening.SCHEMA
        assert content(path, PUBLISHED) == published
        for name, rows in content(path, KEPT).items():
            known = [
                {column: row[column] for column in row if column in before}
                for row, before in zip(rows, kept[name], strict=True)
            ]
            assert known == kept[name]
            added = {row[column] for row in rows for column in row.keys() - kept[name][0].keys()}
            assert added <= {None, 0}
        assert ledger.check().totals == []
        with ledger.writing() as tx:
            found = tx.open_account(
                Account(tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 5)), "", None, 0, None)
            )
    assert (found.spent_nanos, found.held_nanos, found.unpriced) == (52, 9, 1)


def test_a_ledger_of_the_fifth_schema_keeps_its_events_and_takes_what_a_person_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.db"
    earlier = tmp_path / "migrations"
    earlier.mkdir()
    for name in sorted(RELEASED)[:5]:
        shutil.copy(opening.MIGRATIONS / name, earlier)
    with monkeypatch.context() as then:
        then.setattr(opening, "MIGRATIONS", earlier)
        then.setattr(opening, "SCHEMA", 5)
        SqliteLedger(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO session (name, directory, started_ms) VALUES ('old', '/here', 1)")
        connection.executemany(
            "INSERT INTO event (kind, at_ms, rule, session_id, provider, model, message, details) "
            "VALUES (?, ?, ?, 1, 'p', 'm', 'Nö.', '{\"a\": [1]}')",
            [("refused", 5, "budget"), ("warned", 6, None)],
        )
    kept = content(path, ("event",))["event"]
    with closing(SqliteLedger(path)) as ledger, ledger.writing() as tx:
        assert [event.details for event in tx.events()] == [{"a": [1]}, {"a": [1]}]
        assert tx.add_event(Event(EventKind.STOPPED, 7, session_id=1)) == 3
        tx.set_switch(Switch(1, SwitchState.STOPPED, 7))
    assert content(path, ("event",))["event"][:2] == kept
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA foreign_key_list(event)").fetchall() != []
        (plan,) = connection.execute("EXPLAIN QUERY PLAN SELECT 1 FROM event WHERE session_id = 1").fetchall()
    assert "event_session" in plan[-1]


def test_a_migration_that_fails_halfway_leaves_the_old_schema(
    tmp_path: Path, two_migrations: Callable[[str], None]
) -> None:
    path, before = tmp_path / "l.db", opening.SCHEMA
    make(path)
    two_migrations(
        "CREATE TABLE extra (id INTEGER) STRICT;\nUPDATE session SET name = 'changed';\nCREATE TABLE session (x);\n"
    )
    with pytest.raises(DatabaseError, match="already exists"):
        SqliteLedger(path)
    assert version_of(path) == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM session").fetchall() == [("work",)]
        assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM migration").fetchone() == (before,)


def test_a_migration_whose_transaction_is_gone_raises_what_went_wrong(
    tmp_path: Path, two_migrations: Callable[[str], None]
) -> None:
    make(tmp_path / "l.db")
    two_migrations("ROLLBACK;\nnonsense;\n")  # as some errors of the disk do
    with pytest.raises(DatabaseError, match="syntax error"):
        SqliteLedger(tmp_path / "l.db")


def test_an_interrupted_creation_is_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as far as a process came that died then
    make(path)
    assert names(path) == ["work"]


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "l.db").touch()
    make(tmp_path / "l.db")
    assert names(tmp_path / "l.db") == ["work"]


# --- two at once ---


@contextmanager
def watched(before: Callable[[int, str], None]) -> Iterator[None]:
    """Connections made in the block call `before` with each statement's number and text, and then run it."""
    real = sqlite3.connect

    class Watched(sqlite3.Connection):
        count = 0

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            before(self.count, sql)
            self.count += 1
            return super().execute(sql, *values)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda *args, **known: real(*args, **known, factory=Watched))
        yield


def test_a_rival_may_create_the_ledger_between_any_two_of_our_steps(tmp_path: Path) -> None:
    """A rival that is kept out changes nothing, so the next may come at our next step, into the same ledger.

    Once one was let in a fresh ledger is begun, and its first rival comes one step later.
    """
    plain = sqlite3.connect
    outcomes: list[str] = []
    first, is_made = 0, True
    while is_made:
        path, is_made = tmp_path / f"{first}.db", False

        def rival(number: int, _sql: str, path: Path = path) -> None:
            nonlocal first, is_made
            if is_made or number < first:
                return
            first = number + 1
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(sqlite3, "connect", plain)
                try:
                    SqliteLedger(path, wait_s=0).close()
                    outcomes.append("made")
                    is_made = True
                except DatabaseError as error:
                    outcomes.append(str(error.extra["reason"]))

        with watched(rival), closing(SqliteLedger(path, wait_s=0)) as ledger, ledger.writing() as tx:
            tx.begin_session(Scope("/here"), "work", 1)
        assert names(path) == ["work"]
    assert set(outcomes) == {"made", "SQLITE_BUSY"}  # it came first, or was kept out


def test_a_rival_that_is_switching_the_fresh_file_to_wal_is_waited_for(tmp_path: Path) -> None:
    path, tries = tmp_path / "l.db", list[str]()
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:

        def lock_for_the_first_try(_number: int, sql: str) -> None:
            if "journal_mode" in sql:
                rival.execute("ROLLBACK" if tries else "BEGIN IMMEDIATE")
                tries.append(sql)

        with watched(lock_for_the_first_try):
            make(path)
    assert len(tries) == 2
    assert names(path) == ["work"]


OPENER = """
import sys
from pathlib import Path
from codesession.ledger import SqliteLedger
from codesession.model import Scope
for line in sys.stdin:
    ledger = SqliteLedger(Path(line.strip()))
    with ledger.writing() as tx:
        tx.begin_session(Scope(sys.argv[1]), "work", 1)
    ledger.close()
    print("ok", flush=True)
"""


def test_processes_that_open_a_fresh_file_at_once_all_can_use_it(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, f"/{number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]
    try:
        for round_ in range(25):
            path = tmp_path / str(round_) / "l.db"
            for process in processes:
                assert process.stdin
                process.stdin.write(f"{path}\n")
            for process in processes:  # all at once: the line leaves with the flush
                assert process.stdin
                process.stdin.flush()
            assert [process.stdout.readline() for process in processes if process.stdout] == ["ok\n"] * 3
            assert len(names(path)) == 3
    finally:
        for process in processes:
            process.kill()
            process.communicate()


# --- files that are not ours, or broken ---


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def foreign_in_wal_mode(path: Path) -> None:
    foreign(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def newer(path: Path) -> None:
    make(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {opening.SCHEMA + 1}")


def text(path: Path) -> None:
    path.write_text("my diary\n" * 1000)


def short(path: Path) -> None:
    path.write_text("buy milk\n")


def truncated(path: Path) -> None:
    make(path)
    os.truncate(path, 4096)


def cut_in_its_header(path: Path) -> None:
    make(path)
    os.truncate(path, 50)


def garbled(path: Path) -> None:
    make(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))


REFUSED = [
    pytest.param(foreign, "not made by this version.*move this one away", id="another-program's-database"),
    pytest.param(foreign_in_wal_mode, "not made by this version", id="another-program's-database-in-wal-mode"),
    pytest.param(newer, "newer codesession.*upgrade", id="newer-schema"),
    pytest.param(text, "not a ledger; move it away", id="a-text"),
    pytest.param(short, "not a ledger; move it away", id="a-line"),
    pytest.param(truncated, "damaged; move it away and restore", id="truncated"),
    pytest.param(cut_in_its_header, "damaged; move it away", id="truncated-in-its-header"),
    pytest.param(garbled, "damaged; move it away and restore", id="zeros-instead-of-tables"),
]


@pytest.mark.parametrize(("spoil", "said"), REFUSED)
def test_a_file_that_cannot_be_used_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "l.db"
    spoil(path)
    path.chmod(0o640)
    before, listing = path.read_bytes(), sorted(tmp_path.iterdir())
    with pytest.raises(DatabaseError, match=said) as caught:
        make(path)
    assert caught.value.code == "database_error"
    assert caught.value.extra["path"] == str(path)
    assert str(path) in caught.value.message
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == listing
    if spoil not in (truncated, garbled) and sys.platform != "win32":  # those are ours, and private from then on
        assert mode(path) == 0o640


def test_a_directory_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.mkdir(mode=0o755)
    before = mode(path)
    with pytest.raises(DatabaseError, match="it is not a file; set CODESESSION_DB_PATH"):
        SqliteLedger(path)
    assert mode(path) == before
    assert list(path.iterdir()) == []


@POSIX
@pytest.mark.parametrize("kind", ["pipe", "device", "link-to-nowhere"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "l.db"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(os.devnull if kind == "device" else tmp_path / "nowhere")
    before = Path(os.devnull).stat().st_mode
    with pytest.raises(DatabaseError, match="it is not a file"):
        SqliteLedger(path)
    assert Path(os.devnull).stat().st_mode == before


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DatabaseError, match="leads through a file"):
        SqliteLedger(tmp_path / "file" / "l.db")
    with pytest.raises(DatabaseError, match="leads through a file"):
        SqliteLedger(tmp_path / "file" / "deeper" / "l.db")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def as_user() -> Iterator[Path]:
    """A directory of an ordinary user, whose permissions apply (to root none do)."""
    place = Path(tempfile.mkdtemp(prefix="codesession-test-"))
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.chown(place, 65534, 65534)
            os.seteuid(65534)
        yield place
    finally:
        if is_root:
            os.seteuid(0)
        place.chmod(0o700)
        shutil.rmtree(place)


@POSIX
def test_a_directory_that_may_not_be_written_is_refused(as_user: Path) -> None:
    as_user.chmod(0o555)
    with pytest.raises(DatabaseError, match="Permission denied; check the directory's permissions"):
        SqliteLedger(as_user / "l.db")
    with pytest.raises(DatabaseError, match="Permission denied; check the directory's permissions"):
        SqliteLedger(as_user / "new" / "l.db")
    assert list(as_user.iterdir()) == []


@POSIX
@pytest.mark.parametrize("file_mode", [0o600, 0o400], ids=["file-may-be-written", "file-may-be-read"])
def test_a_ledger_in_a_directory_that_may_not_be_written_is_refused_and_left(as_user: Path, file_mode: int) -> None:
    path = as_user / "l.db"
    make(path)
    before = path.read_bytes()
    path.chmod(file_mode)
    as_user.chmod(0o555)
    with pytest.raises(DatabaseError, match=r"check (the permissions|that the directory)"):
        make(path, "second")
    assert path.read_bytes() == before


@POSIX
def test_a_ledger_that_may_only_be_read_is_not_written(as_user: Path) -> None:
    path = as_user / "l.db"
    make(path)
    before = path.read_bytes()
    path.chmod(0o400)
    with (
        closing(SqliteLedger(path)) as ledger,
        pytest.raises(DatabaseError, match="may not be written; check the permissions"),
        ledger.writing() as tx,
    ):
        tx.begin_session(Scope("/there"), "second", 1)
    assert path.read_bytes() == before


def test_an_older_sqlite_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 9))
    with pytest.raises(DatabaseError, match=r"needs 3\.37"):
        SqliteLedger(tmp_path / "new" / "l.db")
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_does_not_end_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    make(path)
    with closing(SqliteLedger(path)) as busy, busy.writing(), closing(SqliteLedger(path, wait_s=0.05)) as other:
        with pytest.raises(DatabaseError, match="another program is writing") as caught, other.writing():
            raise AssertionError("two writers")
        assert caught.value.extra == {"path": str(path), "reason": "SQLITE_BUSY"}
        with other.reading() as tx:
            assert len(tx.active_sessions()) == 1


def test_a_fresh_file_that_another_program_keeps_locked_is_given_up_after_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="another program is writing"):
            SqliteLedger(path, wait_s=0.05)
        other.execute("ROLLBACK")
    make(path)


# --- private ---


@POSIX
def test_the_file_and_the_directories_made_for_it_are_the_users_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "one" / "two" / "l.db"
        with closing(SqliteLedger(path)) as ledger:
            ledger.claim(1)
            files = sorted(file.name for file in path.parent.iterdir())
            assert files == ["l.db", "l.db-owners", "l.db-shm", "l.db-wal"]
            assert {mode(file) for file in path.parent.iterdir()} == {0o600}
        assert (mode(path.parent), mode(path.parent.parent)) == (0o700, 0o700)
    finally:
        os.umask(before)


@POSIX
def test_a_directory_that_was_there_is_left_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    make(shared / "l.db")
    assert mode(shared) == 0o755


@POSIX
@pytest.mark.parametrize("loose", [0o644, 0o640, 0o602, 0o777])
def test_a_ledger_that_others_can_see_is_tightened_with_the_files_beside_it(tmp_path: Path, loose: int) -> None:
    path = tmp_path / "l.db"
    before = os.umask(0)
    try:
        make(path)
        path.chmod(loose)
        with closing(sqlite3.connect(path)) as another_tool:
            another_tool.execute("SELECT count(*) FROM session").fetchone()  # makes -wal and -shm as loose
            assert mode(tmp_path / "l.db-wal") == loose & 0o666 or loose == 0o777
            with closing(SqliteLedger(path)):
                assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
    finally:
        os.umask(before)


@POSIX
def test_a_private_ledger_keeps_its_mode(tmp_path: Path) -> None:
    make(tmp_path / "l.db")
    (tmp_path / "l.db").chmod(0o700)
    assert names(tmp_path / "l.db") == ["work"]
    assert mode(tmp_path / "l.db") == 0o700


@POSIX
def test_a_link_to_a_ledger_is_followed(tmp_path: Path) -> None:
    make(tmp_path / "real.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    assert names(tmp_path / "link.db") == ["work"]


def test_a_path_with_any_characters_works(tmp_path: Path) -> None:
    path = tmp_path / "a b?c=d#e%20 Ü" / "mode=memory.db"
    make(path)
    assert names(path) == ["work"]
    assert path.is_file()
