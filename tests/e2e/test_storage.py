"""What does a user meet when the ledger cannot be used? One sentence that says what to do, and nothing is changed."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.e2e.conftest import eventually

from codesession.ledger import SqliteLedger
from codesession.ledger.opening import SCHEMA
from codesession.model import Attempt, Cost, Outcome, Scope, Usage

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

    from tests.e2e.conftest import Machine

resource = pytest.importorskip("resource", reason="Windows has neither modes nor limits of a file's size")

LOG = ("log-ai", "-p", "anthropic", "-m", "claude-sonnet-4-5", "--prompt-tokens", "8000", "--completion-tokens", "2000")
READS = (("status",), ("list",))
WRITES = (LOG, ("start", "another", "--close-stale"))
EVERY = READS + WRITES
FULL = Path("/dev/full")
PAGE = 4096
"""SQLite's page; the first holds the header and the names of the tables"""


@pytest.fixture
def used(machine: Machine) -> Machine:
    """A machine whose ledger has an active session with two calls of 10,000 tokens."""
    scope = Scope(str(machine.work))
    with closing(SqliteLedger(machine.database)) as ledger, ledger.writing() as writer:
        session = writer.begin_session(scope, "work", 1)
        asked = Attempt(session.id, "anthropic", "claude-sonnet-4-5", "log-ai", streamed=False, request_bytes=0)
        for _ in range(2):
            writer.record(asked, Outcome(Usage(input=8_000, output=2_000)), Cost(54_000_000, "table"), 1, 2)
    return machine


def refusals(
    machine: Machine, commands: Iterable[tuple[str, ...]], *, env: dict[str, str] | None = None, **options: Any
) -> set[str]:
    """What the commands, run at once, are refused with; the first of them also in its form for people."""
    first, *others = commands
    plain = machine.start(*first, env=env, **options)
    told = set()
    for asked in [machine.start(*words, "--json", env=env, **options) for words in (first, *others)]:
        program = machine.ended(asked)
        assert (program.returncode, program.stderr) == (1, b""), program
        document = json.loads(program.stdout)
        assert document["schemaVersion"] == 1
        assert document["error"]["code"] == "database_error", document
        assert document["error"]["path"] in document["error"]["message"]
        told.add(document["error"]["message"])
    person = machine.ended(plain)
    assert (person.returncode, person.stdout) == (1, b"")
    assert person.stderr.decode() in {f"cs: {message}\n" for message in told}
    return told


def everything(place: Path) -> dict[str, str]:
    """Each file of a directory with a sum of its bytes, but for what SQLite leaves when two programs close at once."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "directory"
        for file in place.iterdir()
        if not file.name.endswith("-shm") and not (file.name.endswith("-wal") and not file.stat().st_size)
    }


# --- files that are no ledger, or no more ---


def overwritten(path: Path) -> None:
    """All but the header page is rubbish."""
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(random.Random(20261122).randbytes(path.stat().st_size - PAGE))


def with_a_broken_schema(path: Path) -> None:
    """Rubbish, no UTF-8 either, where the statements stand that made the tables: SQLite quotes it in its error."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE call", b"CR\xd8\xffTE TABLE call"))


def cut_short(path: Path) -> None:
    os.truncate(path, PAGE)


def a_diary(path: Path) -> None:
    path.write_text("my diary\n" * 1000)


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (id INTEGER PRIMARY KEY, name TEXT)")


def of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (overwritten, "it is damaged; move it away and restore a backup."),
        (with_a_broken_schema, "it is damaged; move it away and restore a backup."),
        (cut_short, "it is damaged; move it away and restore a backup."),
        (a_diary, "it is not a ledger; move it away, or set CODESESSION_DB_PATH to another file."),
        (of_another_program, "set CODESESSION_DB_PATH to another file, or move this one away."),
        (of_a_newer_version, f"(schema {SCHEMA + 1}; this one knows {SCHEMA}): upgrade it."),
        (a_directory, "it is not a file; set CODESESSION_DB_PATH to one."),
    ],
    ids=lambda case: case.__name__ if callable(case) else "",
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_do_and_left_as_it_is(
    used: Machine, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(used.database)
    before = everything(used.database.parent)
    (message,) = refusals(used, EVERY)
    assert message.endswith(said)
    assert str(used.database) in message
    assert everything(used.database.parent) == before


def test_help_version_and_completion_need_no_ledger(used: Machine) -> None:
    a_diary(used.database)
    for words in (("-h",), ("--version",), ("completion", "bash"), ("status", "-h")):
        done = used.cs(*words)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout


def test_an_empty_file_becomes_a_ledger(machine: Machine) -> None:
    machine.database.touch()
    assert machine.json("list") == []
    assert machine.json("start", "work")["id"] == 1
    machine.check_file()


def test_a_path_that_leads_through_a_file_is_named(machine: Machine) -> None:
    diary = machine.root / "diary"
    a_diary(diary)
    (message,) = refusals(machine, EVERY, env={"CODESESSION_DB_PATH": str(diary / "deeper" / "sessions.db")})
    assert message.endswith("its path leads through a file, set CODESESSION_DB_PATH to another one.")
    assert diary.read_text().startswith("my diary\n")


# --- what the system does not let us do ---


_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_CAPBSET_DROP = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


def _as_anybody() -> None:
    """Be bound by the modes of files, as everybody but root is; see capabilities(7)."""
    if os.geteuid() == 0:
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            assert _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


bound_by_modes = pytest.mark.skipif(
    os.geteuid() == 0 and sys.platform != "linux",
    reason="root is not bound by modes, and elsewhere cannot give that up",
)


@bound_by_modes
@pytest.mark.parametrize("there", [True, False], ids=["with-a-ledger", "without-one"])
def test_a_directory_that_may_not_be_written_is_said(used: Machine, *, there: bool) -> None:
    place = used.database.parent
    if not there:
        used.database.unlink()
    before = everything(place)
    place.chmod(0o555)
    try:
        for message in refusals(used, EVERY, preexec_fn=_as_anybody):
            assert "check" in message
            assert "permissions" in message or "may be written" in message
    finally:
        place.chmod(0o755)
    assert everything(place) == before


@bound_by_modes
def test_a_ledger_that_may_only_be_read_is_read_and_not_written(used: Machine) -> None:
    before = used.database.read_bytes()
    used.database.chmod(0o400)
    for words in READS:
        done = used.ended(used.start(*words, "--json", preexec_fn=_as_anybody))
        assert (done.returncode, done.stderr) == (0, b"")
        assert b'"aiTokens": 20000' in done.stdout
    (message,) = refusals(used, WRITES, preexec_fn=_as_anybody)
    assert message.endswith("it may not be written; check the permissions of the file and of its directory.")
    assert used.database.read_bytes() == before


def _no_file_may_grow() -> None:
    """A write past the limit fails, as on a full disk: Python ignores the signal that comes with it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_disk_without_any_space_is_said_and_nothing_is_lost(used: Machine) -> None:
    before = used.database.read_bytes()
    (message,) = refusals(used, EVERY, preexec_fn=_no_file_may_grow)
    assert "the disk" in message
    assert used.database.read_bytes() == before
    used.check_file()
    assert used.json(*LOG)["session"]["aiTokens"] == 30_000


def test_a_disk_that_is_full_in_the_middle_of_a_write_is_said_and_reading_goes_on(used: Machine) -> None:
    before = used.calls()
    with closing(sqlite3.connect(used.database)) as other:
        other.execute("SELECT * FROM session").fetchone()  # what SQLite needs beside the ledger is there now
        (message,) = refusals(used, WRITES, preexec_fn=_no_file_may_grow)
        assert "the disk" in message
        for words in READS:
            done = used.ended(used.start(*words, "--json", preexec_fn=_no_file_may_grow))
            assert (done.returncode, done.stderr) == (0, b"")
            assert b'"aiTokens": 20000' in done.stdout
    used.check_file()
    assert used.calls() == before
    assert [session.is_active for session in used.sessions()] == [True]
    assert used.json(*LOG)["session"]["aiTokens"] == 30_000


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has it")
def test_an_answer_that_finds_no_space_is_said_and_what_was_done_stays_done(used: Machine) -> None:
    for words in (
        ("list",),
        ("list", "--json"),
        ("export",),
        ("export", "-f", "csv"),
        (*LOG, "--json"),
        ("frob", "--json"),
    ):
        with FULL.open("wb") as full:
            done = used.ended(used.start(*words, stdout=full))
        said = b"cs: The answer could not be written: No space left on device.\n"
        assert (done.returncode, done.stderr) == (1, said), words
    assert len(used.calls()) == 3


# --- somebody else is writing ---


def test_who_reads_does_not_wait_for_who_writes(used: Machine) -> None:
    with closing(sqlite3.connect(used.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE session SET name = 'changed'")
        assert used.json("status")["name"] == "work"
        assert [listed["name"] for listed in used.json("list")] == ["work"]
        other.execute("ROLLBACK")


def test_who_writes_waits_for_who_writes(used: Machine) -> None:
    with closing(sqlite3.connect(used.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [used.start(*LOG, "--json"), used.start("note", "hello", "--json")]
        eventually(lambda: all(has_open(process, used.database) for process in waiting))
        other.execute("ROLLBACK")
    for process in waiting:
        done = used.ended(process)
        assert (done.returncode, done.stderr) == (0, b"")
    with closing(SqliteLedger(used.database)) as ledger, ledger.reading() as reader:
        assert reader.totals(1).tokens == 30_000
        assert [remark.message for remark in reader.annotations(1)] == ["hello"]


def has_open(process: subprocess.Popen[bytes], path: Path) -> bool:
    return str(path) in {file.path for file in psutil.Process(process.pid).open_files()}
