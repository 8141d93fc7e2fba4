"""The words of the program: frozen values that every room shares. Standard library only.

Each word is loaded when first asked for: making a class takes most of a millisecond, and a command needs a few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.model.attempt import Attempt, Hold, Outcome
    from codesession.model.budget import (
        EACH,
        Account,
        Alert,
        Budget,
        Level,
        Mandate,
        Mode,
        ScopeKind,
        Standing,
        Window,
        scope_text,
    )
    from codesession.model.call import Call, CallState, Cut, Evidence
    from codesession.model.changes import Annotation, ChangeType, Commit, FileChange, FileMark, not_recorded
    from codesession.model.cost import Cost
    from codesession.model.money import NANOS_PER_USD, Nanos, from_usd, to_usd
    from codesession.model.refusal import (
        ENDED,
        REFUSED,
        Event,
        EventKind,
        Figure,
        Question,
        QuestionState,
        Refusal,
        Rule,
        reason_of,
    )
    from codesession.model.session import Scope, Session
    from codesession.model.sums import HardwareTotals, ModelTotals, Statistics
    from codesession.model.takeover import Takeover
    from codesession.model.terms import STANDARD, Terms
    from codesession.model.totals import Totals
    from codesession.model.trace import Step, Trace
    from codesession.model.usage import BYTES_PER_TOKEN, REQUESTS, USAGE_FIELDS, Usage

_HOME = {
    "BYTES_PER_TOKEN": "usage",
    "EACH": "budget",
    "ENDED": "refusal",
    "NANOS_PER_USD": "money",
    "REFUSED": "refusal",
    "REQUESTS": "usage",
    "STANDARD": "terms",
    "USAGE_FIELDS": "usage",
    "Account": "budget",
    "Alert": "budget",
    "Annotation": "changes",
    "Attempt": "attempt",
    "Budget": "budget",
    "Call": "call",
    "CallState": "call",
    "ChangeType": "changes",
    "Commit": "changes",
    "Cost": "cost",
    "Cut": "call",
    "Event": "refusal",
    "EventKind": "refusal",
    "Evidence": "call",
    "Figure": "refusal",
    "FileChange": "changes",
    "FileMark": "changes",
    "HardwareTotals": "sums",
    "Hold": "attempt",
    "Level": "budget",
    "Mandate": "budget",
    "Mode": "budget",
    "ModelTotals": "sums",
    "Nanos": "money",
    "Outcome": "attempt",
    "Question": "refusal",
    "QuestionState": "refusal",
    "Refusal": "refusal",
    "Rule": "refusal",
    "Scope": "session",
    "ScopeKind": "budget",
    "Session": "session",
    "Standing": "budget",
    "Statistics": "sums",
    "Step": "trace",
    "Takeover": "takeover",
    "Terms": "terms",
    "Totals": "totals",
    "Trace": "trace",
    "Usage": "usage",
    "Window": "budget",
    "from_usd": "money",
    "not_recorded": "changes",
    "reason_of": "refusal",
    "scope_text": "budget",
    "to_usd": "money",
}

__all__ = [
    "BYTES_PER_TOKEN",
    "EACH",
    "ENDED",
    "NANOS_PER_USD",
    "REFUSED",
    "REQUESTS",
    "STANDARD",
    "USAGE_FIELDS",
    "Account",
    "Alert",
    "Annotation",
    "Attempt",
    "Budget",
    "Call",
    "CallState",
    "ChangeType",
    "Commit",
    "Cost",
    "Cut",
    "Event",
    "EventKind",
    "Evidence",
    "Figure",
    "FileChange",
    "FileMark",
    "HardwareTotals",
    "Hold",
    "Level",
    "Mandate",
    "Mode",
    "ModelTotals",
    "Nanos",
    "Outcome",
    "Question",
    "QuestionState",
    "Refusal",
    "Rule",
    "Scope",
    "ScopeKind",
    "Session",
    "Standing",
    "Statistics",
    "Step",
    "Takeover",
    "Terms",
    "Totals",
    "Trace",
    "Usage",
    "Window",
    "from_usd",
    "not_recorded",
    "reason_of",
    "scope_text",
    "to_usd",
]

__getattr__ = names_of(__name__, _HOME)
