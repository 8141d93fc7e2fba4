"""What is an open session watched for? Its files as they change, its commits, and whether somebody ends it.

One loop does it all, without threads: it waits for the system to tell of files, a fifth of a second at most, and looks
at everything else when its time has come. What was seen is written down at once, one transaction for what came
together; what could not be written is kept and tried again.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError
from codesession.workspace.commits import LiveCommits
from codesession.workspace.git import GitFailed
from codesession.workspace.names import text_to_directory
from codesession.workspace.touched import WatchFailed, touched_files
from codesession.workspace.watch import live_files

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator

    from codesession.app.core import App
    from codesession.model import Commit, FileChange, Session, Totals
    from codesession.workspace.touched import Touched
    from codesession.workspace.watch import LiveFiles

    Touches = Callable[[Path], Generator[Touched, None, None]]

_WAITING = 100_000
"""Touched paths that are kept at most, while git does not say which of them count."""


class Ending(Enum):
    """Why nobody watches any longer."""

    LEFT = "the session goes on"
    ENDED = "somebody ended the session"
    GONE = "the session was deleted"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often something is looked at, in seconds."""

    ledger_s: float = 1.0
    commits_s: float = 10.0
    idle_s: float = 0.2
    """how long one waits at a time when files are not watched"""
    git_wait_s: float = 10.0
    """how long git may take for one answer"""


@dataclass(slots=True)
class _Notebook:
    """What was seen and is not yet in the ledger."""

    app: App
    session: Session
    files: list[FileChange] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def tell_once(self, about: str, sentence: str) -> None:
        """Say `sentence`, unless something was said `about` the same before."""
        if about not in self.told:
            self.told.add(about)
            self.app.say(sentence)

    def write(self) -> bool:
        """Bring what was seen into the ledger; False when there was nothing, or it could not be written."""
        if not (self.files or self.commits):
            return False
        try:
            with self.app.ledger.writing() as writer:
                writer.record_changes(self.session.id, self.files, self.commits)  # refused once it has ended
        except DatabaseError as error:
            self.tell_once("ledger", f"{error.message} What is seen is kept, and written when that works again.")
            return False
        self.files.clear()
        self.commits.clear()
        return True


def watch_session(
    app: App,
    session: Session,
    asked: threading.Event,
    *,
    begun: Callable[[], None],
    show: Callable[[Totals], None],
    pace: Pace | None = None,
    touches: Touches = touched_files,
) -> Ending:
    """Record what happens in the scope of an active session until `asked` is set or the session is no longer active.

    `begun` is called once everything is watched, `show` once in `Pace.ledger_s` and after each change, with what the
    session comes to. Raises nothing for what goes wrong meanwhile: that is said, once.
    """
    pace = pace or Pace()
    notes = _Notebook(app, session)
    commits = LiveCommits(session, git_wait_s=pace.git_wait_s)
    same_file = _FileAt(app.config.database)
    with closing(_seen_files(notes, asked, pace, touches)) as seen:
        next(seen)
        begun()
        ledger_at = commits_at = time.monotonic()
        is_last = False
        while not is_last:
            is_last = asked.is_set()  # asked before the look: what was touched until now is still in it
            files = next(seen)
            notes.files += files
            now = time.monotonic()
            if is_last or now >= commits_at:
                notes.commits += _new_commits(notes, commits)
                commits_at = now + pace.commits_s
            is_due = is_last or now >= ledger_at
            if ((files or is_due) and notes.write()) or is_due:
                ledger_at = now + pace.ledger_s
                ending = _standing(notes, same_file, show)
                if ending is not None:
                    return ending
    if notes.files or notes.commits:
        app.say(f"{len(notes.files)} changes of files and {len(notes.commits)} commits could not be recorded.")
    return Ending.LEFT


def _standing(notes: _Notebook, same_file: _FileAt, show: Callable[[Totals], None]) -> Ending | None:
    """How the session ended, if it did; else what it comes to is shown."""
    session = notes.session
    if not same_file.is_still_there():
        return Ending.GONE
    try:
        with notes.app.ledger.reading() as reader:
            now = reader.session(session.id)
            totals = reader.totals(session.id)
    except DatabaseError as error:
        notes.tell_once("ledger", error.message)
        return None
    if now is None or now.started_ms != session.started_ms:
        return Ending.GONE
    if not now.is_active:
        return Ending.ENDED
    show(totals)
    return None


def _new_commits(notes: _Notebook, commits: LiveCommits) -> list[Commit]:
    try:
        found, problems = commits.look()
    except GitFailed as failure:
        notes.tell_once("git", f"{failure.message} Commits are counted when the session ends.")
        return []
    for problem in problems:
        notes.tell_once(problem, problem)
    return found


def _seen_files(
    notes: _Notebook, asked: threading.Event, pace: Pace, touches: Touches
) -> Generator[list[FileChange], None, None]:
    """What happens to the files of a session's scope, again and again; the first answer says that this has begun."""
    app, session = notes.app, notes.session
    root = text_to_directory(session.directory)
    try:
        with closing(touches(root)) as batches:
            next(batches)
            with app.ledger.reading() as reader:
                marks, recorded = reader.marks(session.id), reader.files(session.id)
            files = live_files(session, marks, recorded, now_ms=app.now_ms(), git_wait_s=pace.git_wait_s)
            ours = _ours(root, app)
            waiting = {path: is_new for path, is_new in files.missed.items() if not path.startswith(ours)}
            yield []
            if waiting:
                yield _changes(notes, files, waiting)
            for touched in batches:
                new = {path: is_new for path, is_new in touched.items() if not path.startswith(ours)}
                waiting |= new
                yield _changes(notes, files, waiting) if new or (waiting and asked.is_set()) else []
    except WatchFailed as failure:
        what = "what changes is not known" if session.git_root is None else "they are counted when the session ends"
        notes.tell_once("files", f"Files are not watched ({failure.message.rstrip('.')}): {what}.")
    while True:
        yield []
        asked.wait(pace.idle_s)


def _changes(notes: _Notebook, files: LiveFiles, touched: Touched) -> list[FileChange]:
    """What happened to the files of `touched`, which is emptied unless git must be asked again."""
    try:
        found = files.changes(touched, notes.app.now_ms())
    except GitFailed as failure:
        notes.tell_once("git", f"{failure.message} What git does not tell now is counted when the session ends.")
        if len(touched) < _WAITING:
            return []
        found = []
    touched.clear()
    return found


def _ours(root: Path, app: App) -> tuple[bytes, ...]:
    """How our own files below `root` begin: writing down that they changed would change them again."""
    ours = []
    for path, end in ((app.config.database, ""), (app.config.data_dir, "/")):
        whole = Path(os.path.realpath(path))
        if root in whole.parents:
            ours.append(os.fsencode(whole.relative_to(root).as_posix() + end))
    return tuple(ours)


class _FileAt:
    """One file, and whether it is still the one of that name: deleting the ledger's file deletes what is in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: tuple[int, int] | None = None
        self._first = self._look()

    def _look(self) -> tuple[int, int] | None:
        try:
            seen = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError:  # not to be seen now is not deleted
            return self._first
        return seen.st_dev, seen.st_ino

    def is_still_there(self) -> bool:
        """Whether it was not deleted, nor replaced."""
        return self._look() == self._first
