"""How is a moment written? As ISO 8601 in UTC, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(ms: int) -> str:
    """Milliseconds since the epoch as ISO 8601 in UTC.

    >>> iso(1_772_461_811_042)
    '2026-03-02T14:30:11.042Z'
    """
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
