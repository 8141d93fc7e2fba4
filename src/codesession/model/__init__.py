"""The words of the program: frozen values that every room shares. Standard library only.

Each word is loaded when first asked for: making a class takes most of a millisecond, and a command needs a few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.model.attempt import Attempt, Cost, Hold, Outcome
    from codesession.model.call import Call, CallState, Cut, Evidence
    from codesession.model.changes import Annotation, ChangeType, Commit, FileChange, FileMark, not_recorded
    from codesession.model.money import NANOS_PER_USD, Nanos, from_usd, to_usd
    from codesession.model.session import Scope, Session
    from codesession.model.sums import ModelTotals, Statistics
    from codesession.model.takeover import Takeover
    from codesession.model.totals import Totals
    from codesession.model.usage import USAGE_FIELDS, Usage

_HOME = {
    "NANOS_PER_USD": "money",
    "USAGE_FIELDS": "usage",
    "Annotation": "changes",
    "Attempt": "attempt",
    "Call": "call",
    "CallState": "call",
    "ChangeType": "changes",
    "Commit": "changes",
    "Cost": "attempt",
    "Cut": "call",
    "Evidence": "call",
    "FileChange": "changes",
    "FileMark": "changes",
    "Hold": "attempt",
    "ModelTotals": "sums",
    "Nanos": "money",
    "Outcome": "attempt",
    "Scope": "session",
    "Session": "session",
    "Statistics": "sums",
    "Takeover": "takeover",
    "Totals": "totals",
    "Usage": "usage",
    "from_usd": "money",
    "not_recorded": "changes",
    "to_usd": "money",
}

__all__ = [
    "NANOS_PER_USD",
    "USAGE_FIELDS",
    "Annotation",
    "Attempt",
    "Call",
    "CallState",
    "ChangeType",
    "Commit",
    "Cost",
    "Cut",
    "Evidence",
    "FileChange",
    "FileMark",
    "Hold",
    "ModelTotals",
    "Nanos",
    "Outcome",
    "Scope",
    "Session",
    "Statistics",
    "Takeover",
    "Totals",
    "Usage",
    "from_usd",
    "not_recorded",
    "to_usd",
]

__getattr__ = names_of(__name__, _HOME)
