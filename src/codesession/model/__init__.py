"""The words of the program: frozen values that every room shares. Standard library only."""

from codesession.model.call import Attempt, Call, CallState, Cost, Cut, Evidence, Hold, Outcome
from codesession.model.money import NANOS_PER_USD, Nanos, from_usd, to_usd
from codesession.model.session import (
    Annotation,
    ChangeType,
    Commit,
    FileChange,
    FileMark,
    ModelTotals,
    Scope,
    Session,
    Statistics,
    Totals,
)
from codesession.model.usage import USAGE_FIELDS, Usage

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
    "Totals",
    "Usage",
    "from_usd",
    "to_usd",
]
