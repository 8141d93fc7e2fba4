"""What does a form with files say? Its short fields, and how much of it is text; the files themselves are passed over.

``multipart/form-data``: RFC 7578, on the framing of RFC 2046, section 5.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 1000
"""Bytes of a field that is kept."""
_MOST = 100
"""Fields that are kept."""

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(rb';\s*name=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?=", re.IGNORECASE)


class Form(NamedTuple):
    """What is read of a form."""

    fields: dict[str, str]
    """the short fields by their names; of several of one name, the first"""
    text_bytes: int
    """how many bytes it has beside its files"""


def is_form(content_type: str) -> bool:
    """Whether a body of that type is a form with files.

    >>> is_form("multipart/form-data; boundary=x"), is_form("application/json")
    (True, False)
    """
    return content_type.strip().lower().startswith("multipart/form-data")


def read_form(body: bytes, content_type: str) -> Form:
    r"""The fields of a form; none where it is not one.

    >>> body = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x--\r\n'
    >>> read_form(body, "multipart/form-data; boundary=x").fields
    {'model': 'whisper-1'}
    """
    fields: dict[str, str] = {}
    text_bytes = len(body)
    for head_end, start, end in _parts(body, content_type):
        told = _DISPOSITION.search(body[start:head_end].replace(b"\r\n", b"\n"))
        disposition = told[1] if told else b""
        found = _NAME.search(disposition)
        content = head_end + 4
        if _FILE.search(disposition):
            text_bytes -= end - content
        elif found and end - content <= _LONGEST and len(fields) < _MOST:
            key = (found[1] or found[2] or b"").decode("utf-8", "replace")
            fields.setdefault(key, body[content:end].decode("utf-8", "replace"))
    return Form(fields, text_bytes)


def _parts(body: bytes, content_type: str) -> Iterator[tuple[int, int, int]]:
    """Where the head of each part ends, where it begins, and where its content ends; only whole parts are told."""
    named = _BOUNDARY.search(content_type)
    mark = b"--" + (named[1] or named[2]).encode("latin-1", "replace") if named else b""
    start = body.find(mark) + len(mark) if named and (body.startswith(mark) or b"\n" + mark in body) else -1
    while start >= 0 and not body.startswith(b"--", start):
        end = body.find(b"\r\n" + mark, start)
        if end < 0:
            return
        head_end = body.find(b"\r\n\r\n", start, end)
        if head_end >= 0:
            yield head_end, start, end
        start = end + 2 + len(mark)
