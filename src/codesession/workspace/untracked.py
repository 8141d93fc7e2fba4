"""What is in a file that git does not know yet? The whole of it, as a diff would add it; no process is started."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_MOST_COUNTED = 4 * 1024 * 1024
"""Bytes of a file in which lines are counted; a longer one has no number of lines."""
_LOOKED_AT = 8000
"""Bytes in which a zero byte says that a file is no text: as git has it (xdiff-interface.c)."""
_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}
_FIRST_PRINTED = 32
_DELETE = 127


class _File(NamedTuple):
    mode: str
    content: bytes
    is_whole: bool


def additions(root: Path, path: bytes, most: int) -> tuple[bytes, bool]:
    r"""The diff that adds the file `path` below `root`, and whether it was cut after `most` bytes.

    A symlink is added as the text it holds, and not followed. Empty for what cannot be read, and for what is neither
    file nor symlink.
    """
    found = _read(root, path, most)
    if found is None:
        return b"", False
    old, new = _quoted(b"a/" + path), _quoted(b"b/" + path)
    head = b"diff --git %s %s\nnew file mode %s\n" % (old, new, found.mode.encode())
    if _is_binary(found.content):
        return head + b"Binary files /dev/null and %s differ\n" % new, False
    if not found.content:
        return head, False
    is_ended = found.content.endswith(b"\n")
    lines = found.content.count(b"\n") + (not is_ended)
    size = b"" if lines == 1 else b",%d" % lines
    tab = b"\t" if b" " in path and not new.startswith(b'"') else b""  # as git marks where such a name ends
    body = b"+%s\n" % found.content.removesuffix(b"\n").replace(b"\n", b"\n+")  # as a whole: lines may be millions
    rest = b"" if is_ended or not found.is_whole else b"\\ No newline at end of file\n"
    return head + b"--- /dev/null\n+++ %s%s\n@@ -0,0 +1%s @@\n" % (new, tab, size) + body + rest, not found.is_whole


def count_lines(root: Path, path: bytes) -> int | None:
    """How many lines the file `path` below `root` has; None for what is no text, cannot be read, or is very long."""
    found = _read(root, path, _MOST_COUNTED)
    if found is None or not found.is_whole or _is_binary(found.content):
        return None
    return found.content.count(b"\n") + (not found.content.endswith(b"\n") and found.content != b"")


def _read(root: Path, path: bytes, most: int) -> _File | None:
    name = os.fsdecode(path)
    full = root / name
    try:
        if not full.parent.resolve().is_relative_to(root):  # a directory was swapped for a symlink just now
            return None
        if full.is_symlink():
            return _File("120000", os.fsencode(full.readlink()), is_whole=True)
        # Neither a symlink that has come here since nor a pipe, which would never end, is opened.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(full, flags), "rb") as file:  # noqa: PTH123 - a descriptor
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return None
            content = file.read(most + 1)
    except OSError:  # gone since, or not ours to read: git would not show it either
        return None
    mode = "100755" if about.st_mode & stat.S_IXUSR else "100644"
    return _File(mode, content[:most], is_whole=len(content) <= most)


def _is_binary(content: bytes) -> bool:
    return b"\0" in content[:_LOOKED_AT]


def _quoted(name: bytes) -> bytes:
    r"""A file name as git writes it with ``core.quotePath=false``.

    >>> _quoted(b"a b"), _quoted(b'a"\n')
    (b'a b', b'"a\\"\\n"')
    """
    if not any(byte < _FIRST_PRINTED or byte in _ESCAPES or byte == _DELETE for byte in name):
        return name
    shown = [
        _ESCAPES.get(byte) or (b"\\%03o" % byte if byte < _FIRST_PRINTED or byte == _DELETE else bytes([byte]))
        for byte in name
    ]
    return b'"%s"' % b"".join(shown)
