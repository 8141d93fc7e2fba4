"""Is a backup whole, one file, private, and never written over anything?"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from tests.ledger.test_condition import HEALTHY, fill, flipped
from tests.ledger.test_opening import POSIX, as_user, mode

from codesession.errors import DatabaseError, InvalidInput
from codesession.ledger import SqliteLedger
from codesession.ledger.backup import Backup
from codesession.model import Attempt, Cost, Outcome, Scope, Usage

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["as_user"]


def back_up(ledger: Path, target: Path, *, replace: bool = False) -> Backup:
    with closing(SqliteLedger(ledger)) as opened:
        return opened.back_up(target, replace=replace)


def test_a_backup_is_one_private_file_that_is_a_ledger(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    (tmp_path / "kept").mkdir()
    made = back_up(path, tmp_path / "kept" / "b.db")
    assert made == Backup(tmp_path / "kept" / "b.db", made.path.stat().st_size, sessions=1, calls=30)
    assert [file.name for file in made.path.parent.iterdir()] == ["b.db"]
    if sys.platform != "win32":
        assert mode(made.path) == 0o600
    with closing(SqliteLedger(made.path)) as copy, closing(sqlite3.connect(made.path)) as plain:
        assert copy.check() == HEALTHY
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_has_not_reached_the_file_itself_is_in_the_backup(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as writer:  # open: its writes are in the file beside
        with writer.writing() as tx:
            tx.begin_session(Scope("/there"), "late", 5)
        assert back_up(path, tmp_path / "b.db").sessions == 2


def test_a_backup_made_while_another_writes_is_of_one_moment(tmp_path: Path) -> None:
    path, ended = fill(tmp_path / "l.db"), Event()
    asked = Attempt(1, "p", "m", "e", streamed=False, request_bytes=1)

    def write() -> None:
        with closing(SqliteLedger(path)) as ledger:
            while not ended.is_set():
                with ledger.writing() as tx:
                    tx.record(asked, Outcome(Usage(input=1)), Cost(1, "table"), 2000, 2000)

    thread = Thread(target=write)
    thread.start()
    try:
        made = [back_up(path, tmp_path / f"{number}.db") for number in range(8)]
    finally:
        ended.set()
        thread.join()
    for backup in made:
        with closing(SqliteLedger(backup.path)) as copy:
            condition = copy.check()
            assert (condition.calls, condition.totals) == (backup.calls, [])


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path, target = fill(tmp_path / "l.db"), tmp_path / "mine.txt"
    target.write_text("mine")
    with pytest.raises(InvalidInput, match=r"mine\.txt exists already.*--force"):
        back_up(path, target)
    assert target.read_text() == "mine"
    assert back_up(path, target, replace=True).calls == 30
    assert target.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("beside", ["", "-wal", "-shm", "-owners"])
def test_the_ledger_is_never_its_own_backup(tmp_path: Path, beside: str, *, replace: bool) -> None:
    path = fill(tmp_path / "l.db")
    with pytest.raises(InvalidInput, match="is the ledger itself"):
        back_up(path, tmp_path / f"l.db{beside}", replace=replace)


@POSIX
def test_nor_is_a_link_to_it(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    (tmp_path / "link.db").symlink_to(path)
    with pytest.raises(InvalidInput, match="is the ledger itself"):
        back_up(path, tmp_path / "link.db", replace=True)


def test_a_name_whose_directory_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="its directory does not exist"):
        back_up(fill(tmp_path / "l.db"), tmp_path / "no" / "b.db")


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "b.db").mkdir()
    with pytest.raises(InvalidInput, match="is not a file"):
        back_up(fill(tmp_path / "l.db"), tmp_path / "b.db", replace=True)


def test_a_name_beside_which_another_database_has_left_its_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.db-wal").write_bytes(b"frames that SQLite would replay into our copy")
    with pytest.raises(InvalidInput, match=r"b\.db-wal lies beside"):
        back_up(fill(tmp_path / "l.db"), tmp_path / "b.db")


def test_a_file_that_comes_into_being_meanwhile_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target, real = fill(tmp_path / "l.db"), tmp_path / "b.db", os.fsync

    def somebody_is_quicker(descriptor: int) -> None:
        target.write_text("mine")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", somebody_is_quicker)
    with pytest.raises(InvalidInput, match="exists already"):
        back_up(path, target)
    assert target.read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.db", "l.db"]


@POSIX
def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path, target = fill(tmp_path / "l.db"), tmp_path / "b.db"
    assert back_up(path, target).calls == 30
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.db", "l.db"]


@pytest.mark.parametrize("table", ["call", "quarter_hour"])
def test_a_damaged_ledger_is_not_backed_up_as_if_it_were_whole(tmp_path: Path, table: str) -> None:
    path = fill(tmp_path / "l.db")
    flipped(path, table)
    with pytest.raises(DatabaseError, match="damaged; move it away and restore a backup"):
        back_up(path, tmp_path / "b.db")
    assert not any("b.db" in file.name for file in tmp_path.iterdir())


@POSIX
def test_a_directory_that_may_not_be_written_is_said(as_user: Path) -> None:
    path = fill(as_user / "l.db")
    closed = as_user / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(DatabaseError, match=r"b\.db could not be written \(Permission denied\); nothing was left"):
        back_up(path, closed / "b.db")
    assert list(closed.iterdir()) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger
ledger = SqliteLedger(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    ledger.back_up(Path(sys.argv[2]))
except DatabaseError as error:
    print(error.message)
"""


@POSIX
def test_a_disk_that_takes_no_more_leaves_nothing_behind(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    (tmp_path / "full").mkdir()
    command = [sys.executable, "-c", FULL_DISK, str(path), str(tmp_path / "full" / "b.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "b.db could not be written" in done.stdout
    assert list((tmp_path / "full").iterdir()) == []
