"""What has a person said to a session that runs?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SwitchState(StrEnum):
    """What becomes of a session's calls."""

    PAUSED = "paused"
    """they wait"""
    STOPPED = "stopped"
    """they are refused"""


@dataclass(frozen=True, slots=True)
class Switch:
    """A session whose calls a person holds up, until somebody allows them again."""

    session_id: int
    state: SwitchState
    since_ms: int
    wait_s: int = 0
    """of a pause: how many seconds a call waits before it is refused"""
