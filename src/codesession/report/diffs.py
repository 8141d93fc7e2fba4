"""What does a unified diff say? Files, hunks and numbered lines, as people read them beside each other.

The format is git's (git-diff(1), "Generating patch text with -p"). Nothing is thrown away: `join` gives the text back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    from codesession.report.documents import Document

    class Stat(Protocol):
        """How many lines one file gained and lost; None for what is no text."""

        @property
        def path(self) -> str:
            """Relative to the repository."""
            ...

        @property
        def additions(self) -> int | None:
            """Lines it gained."""
            ...

        @property
        def deletions(self) -> int | None:
            """Lines it lost."""
            ...


LONG_FILE = 500
"""Lines of one file's diff from which on it is shown only when asked for."""
LONG_DIFF = 3000
"""Lines of all files together after which the rest is shown only when asked for."""
MOST_READ = 100_000
"""Lines of a diff that are read for a page: the two million that fit in four megabytes would take a gigabyte."""
MOST_SHOWN = 20_000
"""Lines of a diff that a page shows unfolded, at most."""

CONTEXT, ADDED, REMOVED, REMARK, OTHER = "context", "added", "removed", "remark", "other"
_KINDS = {" ": CONTEXT, "+": ADDED, "-": REMOVED, "\\": REMARK}
_FILE = "diff --git "
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@(.*)", re.DOTALL | re.ASCII)
_ESCAPE = re.compile(r'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


class Line(NamedTuple):
    """One line of a hunk."""

    text: str
    """as it stands in the diff, its sign included"""
    kind: str
    """``context``, ``added``, ``removed``, ``remark`` (that no line end follows) or ``other``"""
    old: int | None = None
    """its number before"""
    new: int | None = None
    """its number after"""
    differs: tuple[int, int] | None = None
    """from where to where in `text` it differs from the line it took the place of, or that took its"""


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of lines that stand together."""

    head: str
    """its first line: where it is"""
    lines: tuple[Line, ...] = ()

    @property
    def within(self) -> str:
        """In what the lines stand, such as a function's first line; empty where git did not say."""
        found = _HUNK.fullmatch(self.head)
        return found[3].strip() if found else ""


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What happened to one file."""

    head: tuple[str, ...]
    """the lines before its first hunk"""
    hunks: tuple[Hunk, ...] = ()
    path: str = ""
    old_path: str | None = None
    """its name before, if it was moved or copied"""
    change: str = "modified"
    """or ``created``, ``deleted``, ``renamed``, ``copied``"""
    is_binary: bool = False
    modes: tuple[str, str] | None = None
    """its mode before and after, if that has changed, such as ``100644`` and ``100755``"""
    additions: int = 0
    deletions: int = 0

    @property
    def size(self) -> int:
        """How many lines its hunks have."""
        return sum(len(hunk.lines) for hunk in self.hunks)


@dataclass(frozen=True, slots=True)
class DiffView:
    """A diff, file by file."""

    files: tuple[FileDiff, ...] = ()
    lead: tuple[str, ...] = ()
    """lines before the first file"""
    is_cut: bool = False
    """whether the text goes on and was not read to its end"""
    folded: frozenset[int] = field(default_factory=frozenset)
    """the numbers of those `files` that are long and shown only when asked for"""

    @property
    def additions(self) -> int:
        """Lines gained in all files."""
        return sum(file.additions for file in self.files)

    @property
    def deletions(self) -> int:
        """Lines lost in all files."""
        return sum(file.deletions for file in self.files)


def view_of_diff(text: str, *, is_cut: bool = False, is_whole: bool = False) -> DiffView:
    """The diff in `text`; with `is_whole` nothing of it is folded. It is cut where it is too long for a page."""
    text, is_long = _beginning(text, MOST_SHOWN if is_whole else MOST_READ)
    is_cut = is_cut or is_long
    view = parse_diff(text)
    folded: set[int] = set()
    shown = 0
    for number, file in enumerate(view.files):
        if not is_whole and (file.size > LONG_FILE or shown + file.size > LONG_DIFF):
            folded.add(number)
        else:
            shown += file.size
    return DiffView(view.files, view.lead, is_cut, frozenset(folded))


def _beginning(text: str, most: int) -> tuple[str, bool]:
    r"""The first `most` lines of a text, and whether there are more.

    >>> _beginning("a\nb\nc\n", 2)
    ('a\nb\n', True)
    """
    if text.count("\n") <= most:
        return text, False
    return "\n".join(text.split("\n", most)[:most]) + "\n", True


def stats_document(stats: Iterable[Stat]) -> list[Document]:
    """What ``/sessions/{id}/diff-stats`` answers; what is no text has null for its lines."""
    return [{"filePath": stat.path, "additions": stat.additions, "deletions": stat.deletions} for stat in stats]


def parse_diff(text: str) -> DiffView:
    r"""The files of a unified diff as git writes it.

    >>> parse_diff("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n").files[0].additions
    1
    """
    if not text:
        return DiffView()
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith(_FILE)]
    ends = [*starts[1:], len(lines)]
    files = tuple(_file(lines[start:end]) for start, end in zip(starts, ends, strict=True)) if starts else ()
    return DiffView(files, tuple(lines[: starts[0]] if starts else lines))


def join(view: DiffView) -> str:
    """The text that `parse_diff` made `view` of."""
    lines = list(view.lead)
    for file in view.files:
        lines += file.head
        for hunk in file.hunks:
            lines += [hunk.head, *(line.text for line in hunk.lines)]
    return "\n".join(lines)


# --- reading ---


def _file(lines: Sequence[str]) -> FileDiff:
    first = next((number for number, line in enumerate(lines) if _HUNK.fullmatch(line)), len(lines))
    head = tuple(lines[:first])
    hunks = tuple(_hunks(lines[first:]))
    kinds = [line.kind for hunk in hunks for line in hunk.lines]
    said = dict(_said(head))
    old, new = said.get("old mode"), said.get("new mode")
    change = next((what for what, key in _CHANGES if key in said), "modified")
    return FileDiff(
        head,
        hunks,
        path=_path(head[0], said),
        old_path=_name(said.get("rename from") or said.get("copy from"), ""),
        change=change,
        is_binary="Binary files" in said or "GIT binary patch" in said,
        modes=(old, new) if old and new else None,
        additions=kinds.count(ADDED),
        deletions=kinds.count(REMOVED),
    )


_CHANGES = (
    ("created", "new file mode"),
    ("deleted", "deleted file mode"),
    ("renamed", "rename to"),
    ("copied", "copy to"),
)
_KEYS = (
    "old mode", "new mode", "new file mode", "deleted file mode", "rename from", "rename to", "copy from", "copy to",
    "---", "+++", "Binary files", "GIT binary patch",
)  # fmt: skip


def _said(head: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the lines before the first hunk tell, by how they begin."""
    for line in head[1:]:
        for key in _KEYS:
            if line.startswith(key):
                yield key, line.removeprefix(key).removeprefix(" ")
                break


def _path(first: str, said: dict[str, str]) -> str:
    """The name of a file after the change, or, of one that was deleted, before it."""
    for key, prefix in (("rename to", ""), ("copy to", ""), ("+++", "b/"), ("---", "a/")):
        name = _name(said.get(key), prefix)
        if name is not None and name != "/dev/null":
            return name
    both = first.removeprefix(_FILE)
    if both.endswith('"') and ' "b/' in both:
        return _name('"b/' + both.rpartition(' "b/')[2], "b/") or both
    # Without hunks the two names are the same one, and both may hold spaces: the half of them is it.
    return both[len(both) // 2 + 1 :].removeprefix("b/") if len(both) % 2 else both


def _name(said: str | None, prefix: str) -> str | None:
    r"""A file name as a diff writes it, without what stands before it.

    >>> _name('"b/tab\\there"', "b/"), _name("b/two words\t", "b/")
    ('tab\there', 'two words')
    """
    if said is None:
        return None
    if said.startswith('"') and said.endswith('"'):
        said = _unescaped(said[1:-1])
    return said.removesuffix("\t").removeprefix(prefix)


def _unescaped(text: str) -> str:
    raw = re.sub(
        _ESCAPE.pattern.encode(),
        lambda found: bytes([_ESCAPED.get(found[1].decode()) or int(found[1], 8) & 0xFF]),
        text.encode("utf-8", "surrogatepass"),
    )
    return raw.decode("utf-8", "backslashreplace")


def _hunks(lines: Sequence[str]) -> Iterator[Hunk]:
    """The hunks of one file, the first line of which is the head of the first."""
    starts = [(number, found) for number, line in enumerate(lines) if (found := _HUNK.fullmatch(line))]
    for at, (start, found) in enumerate(starts):
        end = starts[at + 1][0] if at + 1 < len(starts) else len(lines)
        old, new = int(found[1]), int(found[2])
        body: list[Line] = []
        for text in lines[start + 1 : end]:
            kind = _KINDS.get(text[:1], OTHER)
            body.append(_line(text, kind, old, new))
            old += kind in (CONTEXT, REMOVED)
            new += kind in (CONTEXT, ADDED)
        yield Hunk(lines[start], tuple(_compared(body)))


def _line(text: str, kind: str, old: int, new: int) -> Line:
    has_old, has_new = kind in (CONTEXT, REMOVED), kind in (CONTEXT, ADDED)
    return Line(text, kind, old if has_old else None, new if has_new else None)


def _compared(lines: Sequence[Line]) -> list[Line]:
    """The same lines; as many added as were removed just before them are compared with those, one by one."""
    result = list(lines)
    number = 0
    while number < len(lines):
        removed = _run(lines, number, REMOVED)
        added = _run(lines, number + removed, ADDED)
        if removed and removed == added:
            for at in range(number, number + removed):
                result[at], result[at + removed] = _differing(lines[at], lines[at + removed])
        number += (removed + added) or 1
    return result


def _run(lines: Sequence[Line], start: int, kind: str) -> int:
    end = start
    while end < len(lines) and lines[end].kind == kind:
        end += 1
    return end - start


_LIKE = 0.3
"""The share of two lines that must be the same for what differs to be worth pointing at."""


def _differing(old: Line, new: Line) -> tuple[Line, Line]:
    """Two lines, each with where it differs from the other, unless they have next to nothing in common."""
    one, other = old.text[1:], new.text[1:]
    shorter = min(len(one), len(other))
    ahead = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    behind = next((at for at in range(shorter - ahead) if one[-1 - at] != other[-1 - at]), shorter - ahead)
    if len((one[:ahead] + one[len(one) - behind :]).strip()) < _LIKE * max(len(one.strip()), len(other.strip()), 1):
        return old, new
    return (
        old._replace(differs=(1 + ahead, 1 + len(one) - behind)),
        new._replace(differs=(1 + ahead, 1 + len(other) - behind)),
    )
