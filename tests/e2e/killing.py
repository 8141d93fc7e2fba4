"""What is left when a command is killed at its first step, at its second, and so on? One line of JSON for each.

    python killing.py '{"words": ["note", "hello"], "every": 1, "torn": false}'

It works on the ledger of ``HOME``, which it puts back each time, in the current directory. A step is a statement to
SQLite, a file opened for writing or renamed, or a process started. *Torn* writes are the other kind: the kernel kills
in the middle of the write that makes a file larger than so many bytes, first of what SQLite keeps beside the ledger, at
last of the ledger itself. The program is imported once and forked, so hundreds of kills are a matter of seconds.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import codesession.app.core
import codesession.app.entries
import codesession.app.own_prices
import codesession.app.pricing
import codesession.app.sessions
import codesession.cli.export
import codesession.cli.pricing
import codesession.cli.sessions
import codesession.cli.usage
import codesession.gate.expiry
import codesession.ledger.project_files
import codesession.ledger.writer
import codesession.meter.layers
import codesession.meter.overlay
import codesession.meter.pricefile
import codesession.meter.rewriting
import codesession.meter.userfiles
import codesession.model.sums
import codesession.report.documents
import codesession.report.exports
import codesession.report.pricing
import codesession.workspace.changes
import codesession.workspace.history
import codesession.workspace.marks  # noqa: F401 - imported so that no fork has to
from codesession.cli import main
from codesession.config import read_config
from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = read_config()
PLACE = CONFIG.data_dir
PRICES = PLACE / "pricing.json"
WAL = Path(f"{CONFIG.database}-wal")
SHM = 32_768
"""Bytes of the file that SQLite makes whole beside the ledger before it writes anything."""
COUNTED = ("file_change", "git_commit", "file_mark", "annotation", "call", "session_model", "quarter_hour")


class Steps:
    """Kills this process at the step `last`, counted from 1."""

    def __init__(self, last: int) -> None:
        self.left = last

    def step(self) -> None:
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        is_written = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if is_written or event in ("os.rename", "os.remove", "os.mkdir", "os.chmod", "subprocess.Popen"):
            self.step()

    def watch(self) -> None:
        """Count everything from now on."""
        connect, step = sqlite3.connect, self.step

        class Watched(sqlite3.Connection):
            def execute(self, *said: Any) -> sqlite3.Cursor:
                step()
                return super().execute(*said)

            def executemany(self, *said: Any) -> sqlite3.Cursor:
                step()
                return super().executemany(*said)

            def close(self) -> None:
                step()
                super().close()

        sqlite3.connect = lambda *args, **known: connect(*args, **known, factory=Watched)  # type: ignore[assignment]
        sys.addaudithook(self.audit)


def limit_files(size: int) -> None:
    """Let the kernel kill this process in the middle of the write that makes a file larger than `size` bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def forked(words: list[str], prepare: Callable[[], None]) -> tuple[int, str]:
    """The exit status (negative: the signal) of a command in a process of its own, and its stdout if it ends."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _run(words, prepare, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as said:
        out = said.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), out


def _run(words: list[str], prepare: Callable[[], None], writer: int) -> NoReturn:
    out = io.StringIO()
    status: object = None
    prepare()
    with contextlib.redirect_stdout(out):
        try:
            main(words)
        except SystemExit as ended:
            status = ended.code
    os.write(writer, out.getvalue().encode())
    os._exit(status if isinstance(status, int) else 99)


def found() -> dict[str, Any]:
    """What there is now, and everything that is wrong with it."""
    state: dict[str, Any] = {"prices": PRICES.read_text("utf-8") if PRICES.exists() else None}
    with closing(SqliteLedger(CONFIG.database)) as ledger:
        condition = ledger.check()
    with closing(sqlite3.connect(CONFIG.database)) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchall()
        state["sessions"] = connection.execute("SELECT id, ended_ms IS NOT NULL, notes FROM session").fetchall()
        for table in COUNTED:
            (state[table],) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    wrong = {name: asdict(condition)[name] for name in ("migrations", "references", "totals", "scopes", "values")}
    state["wrong"] = [] if whole == [("ok",)] and not any(wrong.values()) else [whole, wrong]
    return state


def leave_much_to_be_written_back() -> None:
    """Remarks that are committed, and not yet in the file of the ledger: what is written next makes a larger file."""

    def write_and_die() -> None:
        connection = sqlite3.connect(CONFIG.database, isolation_level=None)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        while not WAL.exists() or WAL.stat().st_size < SHM:
            connection.execute("INSERT INTO annotation (session_id, message, timestamp_ms) VALUES (1, 'more', 1)")
        os.kill(os.getpid(), signal.SIGKILL)

    forked([], write_and_die)
    Path(f"{CONFIG.database}-shm").unlink()


def kills(words: list[str], every: int, *, torn: bool) -> Iterator[dict[str, Any]]:
    """What there was, what each kill leaves behind, and what there is when the command ends before it is killed."""
    if torn:
        leave_much_to_be_written_back()
    originals = {file: file.read_bytes() for file in (CONFIG.database, WAL) if file.exists()}

    def killed_at(at: int) -> dict[str, Any]:
        for file in [file for file in PLACE.iterdir() if file.is_file()]:
            file.unlink()
        for file, content in originals.items():
            file.write_bytes(content)
        status, _ = forked(words, (lambda: limit_files(at)) if torn else Steps(at).watch)
        state = found()
        if status >= 0:
            return {"status": status, "state": state}
        again, document = forked(words, lambda: None)
        left = sorted(file.name for file in PLACE.iterdir() if file.is_file())
        return {"at": at, "state": state, "again": again, "document": document, "finally": found(), "left": left}

    at = WAL.stat().st_size if torn else 0
    yield {"state": found()}
    while "status" not in (kill := killed_at(at := at + every)):
        yield kill
    if not torn:  # the very last step too, which is after the work
        while at > 1 and "status" in (last := killed_at(at := at - 1)):
            pass
        yield last
    yield kill


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    for line in kills(asked["words"], asked["every"], torn=asked["torn"]):
        sys.stdout.write(json.dumps(line) + "\n")
