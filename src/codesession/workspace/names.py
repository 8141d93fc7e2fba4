r"""How does a file name of any bytes become text that JSON and the ledger can hold, and return?

Git and POSIX name files in bytes; most are UTF-8, none need be. Bytes that are not UTF-8 are written as
``\xff``. So that this reads back without doubt, the backslash of a name that really contains such a
sequence is itself written as ``\x5c``. Every other name is its plain UTF-8 text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_LOOKS_ESCAPED = re.compile(rb"\\(?=x(?:5c|[89a-f][0-9a-f]))")
_ESCAPE = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


def to_text(raw: bytes) -> str:
    r"""The name as text without lone surrogates; `to_raw` gives the same bytes back.

    >>> to_text("Übersicht.md".encode()), to_text(b"caf\xe9.txt")
    ('Übersicht.md', 'caf\\xe9.txt')
    """
    return _LOOKS_ESCAPED.sub(rb"\\x5c", raw).decode("utf-8", "backslashreplace")


def to_raw(text: str) -> bytes:
    r"""The bytes that `to_text` wrote as `text`.

    >>> to_raw("caf\\xe9.txt")
    b'caf\xe9.txt'
    """
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())


def directory_to_text(directory: Path) -> str:
    r"""An absolute directory as text; only a name that is not Unicode is escaped.

    Less eager than `to_text`: on Windows a backslash is a separator, and ``C:\x86`` must stay as it is.
    """
    text = str(directory)
    try:
        text.encode()
    except UnicodeEncodeError:
        return to_text(os.fsencode(directory))
    return text


def text_to_directory(text: str) -> Path:
    """The directory that `directory_to_text` wrote as `text`."""
    plain = Path(text)
    return plain if plain.is_dir() else Path(os.fsdecode(to_raw(text)))
