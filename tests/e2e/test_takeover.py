"""Is a database of an earlier tool taken over whole, once, and with its original kept, whatever is killed when?"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.ledger.earlier_tools import COSTHQ_4, earlier_database, with_wal

from codesession.ledger.opening import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Machine

SESSIONS: list[dict[str, Any]] = [{"name": f"session {number}", "git_root": f"/repo{number}"} for number in range(3)]
EXPECTED = {1: 2, 2: 1, 3: 1}
"""How many calls each session has, those of the ``-wal`` included."""

KILLER = """
import os, sys
import codesession.app.core, codesession.cli.sessions, codesession.config
import codesession.ledger.earlier.takeover, codesession.report.documents, locale
from codesession.cli import main

CHANGES = {"open", "os.rename", "os.remove", "os.link", "os.chmod", "sqlite3.connect"}

def cs(home, killed_at):
    os.environ["HOME"] = home
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(os.path.join(home, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    seen = 0

    def watch(event, arguments):
        nonlocal seen
        if event in CHANGES and not isinstance(arguments[0], int) and os.fsdecode(arguments[0]).startswith(home):
            seen += 1
            if seen == killed_at:
                os.kill(os.getpid(), 9)

    sys.addaudithook(watch)
    try:
        main(["list", "--json"])
    except SystemExit as ended:
        os._exit(ended.code)

for line in sys.stdin:
    home, killed_at = line.split()
    child = os.fork()
    if not child:
        cs(home, int(killed_at))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs ``cs list --json`` again and again: each line it reads is a home, and before which step to die (0: never)."""


@pytest.fixture
def cs_killed_at() -> Iterator[Callable[[Path, int], int]]:
    """Runs ``cs list --json`` in a home, killed before that step; returns its status."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CODESESSION_", "COSTHQ_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )

    def run(home: Path, step: int) -> int:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{home} {step}\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield run
    process.communicate()


def in_place(home: Path) -> Path:
    path = earlier_database(
        home / ".codesession" / "sessions.db", {"sessions": SESSIONS, "ai_usage": [{}, {"session_id": 2}]}
    )
    with_wal(path, {"ai_usage": [{"model": "other"}, {"session_id": 3}]})
    return path


def elsewhere(home: Path) -> Path:
    calls: list[dict[str, Any]] = [{}, {"session_id": 2}, {"model": "other"}, {"session_id": 3}]
    (home / ".costhq").mkdir(parents=True)
    (home / ".costhq" / "pricing.json").write_text("{}")
    return earlier_database(
        home / ".costhq" / "sessions.db", {"sessions": SESSIONS, "ai_usage": calls}, schema=COSTHQ_4
    )


def without_wal(home: Path) -> Path:
    path = in_place(home)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def both(home: Path) -> Path:
    elsewhere(home)
    return in_place(home)


def calls_at(path: Path, aside: Path) -> int | None:
    """How many calls a database has, ours or an earlier one; None if there is none. It is looked at as a copy."""
    if not path.exists() or not path.stat().st_size:
        return None
    aside.mkdir()
    for ending in ("", "-wal", "-journal"):
        if path.with_name(path.name + ending).exists():
            shutil.copy(path.with_name(path.name + ending), aside / f"looked-at{ending}")
    with closing(sqlite3.connect(aside / "looked-at")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        table = "call" if owner == APPLICATION_ID else "ai_usage"
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each run is a fork of one process, or this would take a minute")
@pytest.mark.parametrize("make", [in_place, without_wal, elsewhere, both])
def test_a_takeover_killed_before_any_of_its_steps_loses_nothing_and_is_finished_by_the_next(
    tmp_path: Path, make: Callable[[Path], Path], cs_killed_at: Callable[[Path, int], int]
) -> None:
    template = tmp_path / "0"
    made = make(template)
    for step in range(1, 1000):
        home = tmp_path / str(step)
        shutil.copytree(template, home)
        original = home / made.relative_to(template)
        wal = original.with_name("sessions.db-wal")
        before = original.read_bytes(), wal.read_bytes() if wal.exists() else None
        ledger = home / ".codesession" / "sessions.db"

        status = cs_killed_at(home, step)

        left = calls_at(ledger, home / "aside")
        assert left == 4 or (left is None and make is elsewhere), f"killed before step {step}: {left} calls"
        assert cs_killed_at(home, 0) == 0, (home / "err").read_text()
        listed = json.loads((home / "out").read_text())
        assert {row["id"]: row["aiCalls"] for row in listed} == EXPECTED
        kept = original if make is elsewhere else ledger.with_name("sessions.db.earlier")
        kept_wal = kept.with_name(f"{kept.name}-wal")
        assert (kept.read_bytes(), kept_wal.read_bytes() if kept_wal.exists() else None) == before
        names = {file.name for file in ledger.parent.iterdir() if file.is_file()}
        lock = {".sessions.db.takeover"}  # left by one that was killed when all was done
        assert names - lock <= {"sessions.db", kept.name, kept_wal.name, "pricing.json"}
        if status == 0:
            assert step > 20
            assert not names & lock
            return
        assert status == -9
        shutil.rmtree(home)
    raise AssertionError("it never ended")


def test_a_document_stays_one_document_and_what_was_taken_over_is_said_once(machine: Machine) -> None:
    machine.database.unlink(missing_ok=True)
    path = earlier_database(
        machine.database, {"sessions": SESSIONS, "ai_usage": [{}, {"cost": float("inf")}, {"cost": -1.0}]}
    )
    done = machine.cs("list", "--json")
    assert (done.returncode, len(json.loads(done.stdout))) == (0, 3)
    assert done.stderr.decode() == (
        f"cs: took over 3 sessions and 3 calls from {path}; the original is kept as {path}.earlier. "
        "3 values could not be kept as they were: cs doctor lists them.\n"
    )
    again = machine.cs("list", "--json")
    assert (again.stdout, again.stderr) == (done.stdout, b"")


def test_commands_that_start_at_once_take_it_over_once(machine: Machine) -> None:
    earlier_database(machine.database, {"sessions": SESSIONS, "ai_usage": [{}] * 500})
    done = [machine.ended(process) for process in [machine.start("list", "--json") for _ in range(4)]]
    assert [command.returncode for command in done] == [0] * 4
    assert len({command.stdout for command in done}) == 1
    assert sorted(len(command.stderr) > 0 for command in done) == [False, False, False, True]
    assert not machine.database.with_name("sessions.db.earlier-2").exists()


def test_a_session_of_the_earlier_tool_goes_on(machine: Machine) -> None:
    active = {"status": "active", "end_time": None, "git_root": None, "working_directory": str(machine.work)}
    earlier_database(machine.database, {"sessions": [active], "ai_usage": [{}]})
    ended = machine.cs("end", "--json")
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["id"], answer["status"], answer["aiCost"]) == (0, 1, "completed", 0.0105)


def test_the_database_of_costhq_is_taken_over_where_the_ledgers_place_is_not_named(machine: Machine) -> None:
    costhq = elsewhere(machine.home)
    named = machine.cs("list", "--json", env={"CODESESSION_DB_PATH": str(machine.root / "named.db")})
    assert (named.stdout, named.stderr) == (b"[]\n", b"")
    moved = machine.cs("list", "--json", env={"COSTHQ_DATA_DIR": str(machine.root / "moved")})
    assert (moved.stdout, moved.stderr) == (b"[]\n", b"")
    done = machine.cs("list")
    assert done.stderr.decode().startswith(
        f"cs: took over 3 sessions and 4 calls from {costhq}; the original stays where it is. 3 values could not"
    )
    assert (machine.home / ".codesession" / "pricing.json").read_text() == "{}"


def test_two_databases_are_told_in_one_sentence(machine: Machine) -> None:
    whole = {"ai_cost": 0.0105, "ai_tokens": 1500}
    here = earlier_database(machine.database, {"sessions": [whole], "ai_usage": [{}]})
    there = earlier_database(
        machine.home / ".costhq" / "sessions.db", {"sessions": [whole, {"name": ""}], "ai_usage": [{}]}, schema=COSTHQ_4
    )
    assert machine.cs("list").stderr.decode() == (
        f"cs: took over 1 session and 1 call from {here}; the original is kept as {here}.earlier; "
        f"1 session and 0 calls from {there}; the original stays where it is. "
        "1 value could not be kept as it was: cs doctor lists it.\n"
    )
