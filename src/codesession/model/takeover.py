"""What was taken over from an earlier tool?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Takeover:
    """A database of an earlier tool whose rows were taken over; how many, of those that were not there already."""

    source: str
    """the path it had"""
    kept: str
    """the path where it lies, unchanged"""
    taken_ms: int
    """when, in milliseconds since the epoch"""
    sessions: int
    calls: int
    files: int
    commits: int
    annotations: int
    problems: tuple[tuple[str, str], ...] = ()
    """what could not be kept as it was: table and row there, and what is so now"""
