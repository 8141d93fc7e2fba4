"""What has come of a batch of Anthropic's? One line of JSON for each request.

https://docs.claude.com/en/api/retrieving-message-batch-results (read 2026-11-28). Only what succeeded is billed.
"""

from __future__ import annotations

import msgspec

from codesession.capture.providers.anthropic_usage import tell
from codesession.capture.providers.base import Answered, Reading, whole
from codesession.capture.providers.values import Shape


class _Result(msgspec.Struct):
    message: Answered | None = None


class _Line(msgspec.Struct):
    result: _Result | None = None


_LINE = Shape(_Line)


def read_line(line: bytes) -> Reading | None:
    """The message in a line of a batch's results, if it has one; raises `Unreadable`."""
    result = _LINE.read(line).result
    message = result.message if result else None
    if message is None or not message.usage:
        return None
    return whole(tell(message.usage, message), message.model, message.id)
