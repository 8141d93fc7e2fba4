"""What does a request show of the loop it is part of? Digests only: no text is kept."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One tool call of a conversation with its result, as digests of at most 16 bytes."""

    call: bytes
    """the tool's name and arguments"""
    result: bytes | None
    """what came back; None if nothing has yet"""
    file: bytes | None = None
    """the file it writes, if it is plainly a tool that writes one"""
    content: bytes | None = None
    """what it writes there"""


class Trace(NamedTuple):
    """What a request shows of its past."""

    request: bytes
    """of the whole body"""
    steps: tuple[Step, ...] = ()
    """the newest tool calls of the conversation, oldest first"""
