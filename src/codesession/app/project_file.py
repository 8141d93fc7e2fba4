"""What does a project's ``codesession.toml`` say, and does the ledger say the same?

It may only tighten what the user set, and can do nothing else: its budgets and mandates are kept beside the user's,
marked with the project they hold for, and a call has to pass every one that applies to it. Anybody may have written
the file, so reading it must neither take long nor show what stands in it.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from codesession.errors import DatabaseError, InvalidInput
from codesession.model import Budget
from codesession.workspace.names import text_to_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal
    from pathlib import Path

    from codesession.model import Mandate
    from codesession.model.ports import Ledger, Reader, Writer

FILE = "codesession.toml"
MOST_BYTES = 64 * 1024
LONGEST_LINE = 1_000
"""Characters: on a line of 64 KB a name of 32,000 parts fits, which takes `tomllib` half a minute."""
EVERY_S = 1.0
"""How often it is looked whether a file has changed, in seconds."""

_LINE = re.compile(r"\(at line ([0-9]+), column [0-9]+\)\Z")
_STAYS = "What it set before stays in force."

Mark = tuple[int, ...]


class Said(NamedTuple):
    """What a project's file says."""

    budgets: list[Budget]
    mandates: list[Mandate]
    problems: list[str]
    is_whole: bool
    """whether every entry was understood; if not, what seems to be missing may be among the others"""


def key(one: Budget | Mandate) -> tuple[object, ...]:
    """What a source has one of: another of the same key stands in its place."""
    return (one.kind, one.name, one.window) if isinstance(one, Budget) else (one.kind, one.name)


def read_project_file(directory: str) -> tuple[list[Budget], list[Mandate], list[str]]:
    """The budgets and mandates that the file of the project `directory` sets for it, and what is wrong with the file.

    All three are empty where there is no file. Each problem is a sentence.
    """
    said = _read(directory)
    return said.budgets, said.mandates, said.problems


def sync_project_file(ledger: Ledger, directory: str) -> list[str]:
    """Make the ledger's budgets and mandates of the project `directory` those of its file; what is wrong with the file.

    What did not change is not touched, so that what was approved and told of it stands, and nothing at all is written
    where nothing changed. What the file no longer says is removed, unless some of it was not understood.

    Raises:
        DatabaseError: the ledger could not be read or written; it is as it was.
    """
    said = _read(directory)
    with ledger.reading() as reader:
        is_same = not any(_difference(reader, said, directory))
    if not is_same:
        with ledger.writing() as writer:
            _apply(writer, _difference(writer, said, directory))
    return said.problems


class ProjectFiles:
    """The files of the projects whose calls one process relays; may be used from several threads."""

    def __init__(self, ledger: Ledger, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """`say` takes each problem, once for as long as it stands; `clock` tells seconds."""
        self._ledger = ledger
        self._say = say
        self._clock = clock
        self._turn = threading.Lock()
        self._due: dict[str, float] = {}
        self._seen: dict[str, Mark | None] = {}
        self._told: dict[str, list[str]] = {}

    def is_due(self, directory: str) -> bool:
        """Whether `check` would look: at most once a second for each project."""
        due = self._due.get(directory)
        return due is None or self._clock() >= due

    def check(self, directory: str) -> None:
        """Take over what has changed in the file of `directory`, if it is due; the first time, whatever it says.

        When this returns, what the file said at most a second ago is in the ledger. A ledger that cannot be written is
        a problem that is told; it is tried again when it is due again.
        """
        if not self.is_due(directory):
            return
        with self._turn:
            if not self.is_due(directory):  # another thread has just looked
                return
            new = self._look(directory)
            self._due[directory] = self._clock() + EVERY_S
        for problem in new:
            self._say(problem)

    def _look(self, directory: str) -> list[str]:
        """Take over what has changed; the problems that have not been told."""
        mark = _mark(_file(directory))
        if directory in self._seen and self._seen[directory] == mark:
            return []
        try:
            problems = sync_project_file(self._ledger, directory)
            self._seen[directory] = mark
        except DatabaseError as error:
            problems = [f"{_file(directory)} could not be taken over. {error.message}"]
        new = [problem for problem in problems if problem not in self._told.get(directory, ())]
        self._told[directory] = problems
        return new


# --- the file ---


def _read(directory: str) -> Said:
    file = _file(directory)
    try:
        text = _text(file)
        if text is None:
            return Said([], [], [], is_whole=True)
        import tomllib

        content = tomllib.loads(text, parse_float=_number)
    except InvalidInput as error:
        return Said([], [], [f"{file} {error.message}. {_STAYS}"], is_whole=False)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets within brackets
        line = _LINE.search(str(error))
        where = f" (line {line[1]})" if line else ""
        return Said([], [], [f"{file} is not TOML{where}. {_STAYS}"], is_whole=False)
    from codesession.app.project_entries import read_entries  # most projects have no such file

    return read_entries(content, directory, str(file))


def _text(file: Path) -> str | None:
    """What stands in the file; None if there is none.

    Raises:
        InvalidInput: it cannot be read; the message is the end of a sentence.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise InvalidInput("is not a regular file")
        raw = _bytes(file)
    except FileNotFoundError:
        if file.is_symlink():
            raise InvalidInput("is a link that leads nowhere") from None
        return None
    except OSError as error:
        raise InvalidInput(f"cannot be read ({error.strerror})") from error
    if len(raw) > MOST_BYTES:
        raise InvalidInput(f"is larger than {MOST_BYTES // 1024} KB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("is not UTF-8") from None
    if any(len(line) > LONGEST_LINE for line in text.split("\n")):
        raise InvalidInput(f"has a line of more than {LONGEST_LINE:,} characters")
    return text


def _bytes(file: Path) -> bytes:
    """The beginning of the file. It may have become a pipe meanwhile, and must not be waited for."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor is no path
        return opened.read(MOST_BYTES + 1)


def _number(text: str) -> Decimal:
    """A TOML float, exactly; one beyond all bounds is none."""
    from decimal import Decimal, InvalidOperation

    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _file(directory: str) -> Path:
    return text_to_directory(directory) / FILE


def _mark(file: Path) -> Mark | None:
    """What shows that a file has changed: also when only its name now leads to another, or may be read."""
    try:
        found = file.stat()
    except OSError:  # what is wrong is told by whoever reads it
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns


# --- the ledger ---


class _Difference(NamedTuple):
    """What must happen to the ledger."""

    budgets: list[Budget]
    gone_budgets: list[Budget]
    mandates: list[Mandate]
    gone_mandates: list[Mandate]


def _difference(reader: Reader, said: Said, directory: str) -> _Difference:
    budgets = [replace(budget, id=0) for budget in reader.budgets() if budget.directory == directory]
    mandates = [replace(mandate, id=0) for mandate in reader.mandates() if mandate.directory == directory]
    wanted = {key(budget) for budget in said.budgets} | {key(mandate) for mandate in said.mandates}
    return _Difference(
        [budget for budget in said.budgets if budget not in budgets],
        [budget for budget in budgets if said.is_whole and key(budget) not in wanted],
        [mandate for mandate in said.mandates if mandate not in mandates],
        [mandate for mandate in mandates if said.is_whole and key(mandate) not in wanted],
    )


def _apply(writer: Writer, difference: _Difference) -> None:
    for budget in difference.gone_budgets:
        writer.remove_budget(budget.kind, budget.name, budget.window, budget.directory)
    for mandate in difference.gone_mandates:
        writer.remove_mandate(mandate.kind, mandate.name, mandate.directory)
    for budget in difference.budgets:
        writer.set_budget(budget)
    for mandate in difference.mandates:
        writer.set_mandate(mandate)
