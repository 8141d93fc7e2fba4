"""May this call be sent? Pure rules: they read figures and say no, or nothing. `gate` asks them, and acts.

Each name is loaded when first asked for: a command that sets a budget needs two or three of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.guard.accounts import accounts_of
    from codesession.guard.expected import NEWEST, Experience, conversation
    from codesession.guard.fences import Fences
    from codesession.guard.rules import Case, check
    from codesession.guard.runaway import Thresholds
    from codesession.guard.scopes import SCOPES, pattern_of, scope_of, window_of
    from codesession.guard.switches import not_resumed, stopped_answer, stopped_program, switched
    from codesession.guard.watches import Action, Watches
    from codesession.guard.windows import span
    from codesession.guard.words import alert_sentence, asking, ended, more_than, not_approved, unwritten

_HOME = {
    "NEWEST": "expected",
    "SCOPES": "scopes",
    "Action": "watches",
    "Case": "rules",
    "Experience": "expected",
    "Fences": "fences",
    "Thresholds": "runaway",
    "Watches": "watches",
    "accounts_of": "accounts",
    "alert_sentence": "words",
    "asking": "words",
    "check": "rules",
    "conversation": "expected",
    "ended": "words",
    "more_than": "words",
    "not_approved": "words",
    "not_resumed": "switches",
    "pattern_of": "scopes",
    "scope_of": "scopes",
    "span": "windows",
    "stopped_answer": "switches",
    "stopped_program": "switches",
    "switched": "switches",
    "unwritten": "words",
    "window_of": "scopes",
}

__all__ = [
    "NEWEST",
    "SCOPES",
    "Action",
    "Case",
    "Experience",
    "Fences",
    "Thresholds",
    "Watches",
    "accounts_of",
    "alert_sentence",
    "asking",
    "check",
    "conversation",
    "ended",
    "more_than",
    "not_approved",
    "not_resumed",
    "pattern_of",
    "scope_of",
    "span",
    "stopped_answer",
    "stopped_program",
    "switched",
    "unwritten",
    "window_of",
]

__getattr__ = names_of(__name__, _HOME)
