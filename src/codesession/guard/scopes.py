"""Which scope and which window does a person mean? What was typed, as the words of a budget."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codesession.errors import InvalidInput
from codesession.guard.patterns import lowered
from codesession.model import EACH, ScopeKind, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

SCOPES = "session, all, project[:PATH], agent:NAME, user:ID, customer:ID or model:PATTERN"
LONGEST = 200
"""Characters of a name, as many as the ledger keeps of one in a call."""


def scope_of(text: str, here: str) -> tuple[ScopeKind, str]:
    """The kind and name of a scope as it was typed; ``project`` alone is the project `here`.

    ``session:12`` is that session, ``customer:*`` each customer alone. A path is taken as it is: who calls has made
    it absolute.

    >>> scope_of("customer:acme", "/p"), scope_of("project", "/p")
    ((<ScopeKind.CUSTOMER: 'customer'>, 'acme'), (<ScopeKind.PROJECT: 'project'>, '/p'))

    Raises:
        InvalidInput: it is no scope.
    """
    word, _, name = text.partition(":")
    try:
        kind = ScopeKind(word)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a scope: write {SCOPES}.") from None
    match kind:
        case ScopeKind.ALL if ":" in text:
            raise InvalidInput(f"{text!r} is not a scope: all has no name.")
        case ScopeKind.SESSION if name and not re.fullmatch(r"[1-9][0-9]{0,17}", name):
            raise InvalidInput(f"{text!r} is not a scope: a session is named by its id, as in session:12.")
        case ScopeKind.PROJECT if not name.strip():
            name = here
        case ScopeKind.MODEL:
            name = pattern_of(name)
        case ScopeKind.AGENT | ScopeKind.USER | ScopeKind.CUSTOMER if not name.strip():
            raise InvalidInput(f"{text!r} lacks a name: write {kind}:NAME, or {kind}:{EACH} for each alone.")
    if ":" in text and not name:
        raise InvalidInput(f"{text!r} lacks a name after the colon.")
    if kind is not ScopeKind.PROJECT and (len(name) > LONGEST or not name.isprintable()):
        raise InvalidInput(f"{text!r} is not a scope: a name has at most {LONGEST} printable characters.")
    return kind, name if kind is ScopeKind.PROJECT else name.strip()


def pattern_of(text: str) -> str:
    """A pattern of models as it is kept: in lower case, with ``*`` and ``?`` as its only marks.

    Raises:
        InvalidInput: it is empty, or has brackets.
    """
    if not text.strip() or re.search(r"[\[\]]", text):
        raise InvalidInput(f"{text!r} is not a pattern of models: write one such as gpt-5* or openai/*.")
    return lowered(text.strip())


def window_of(kind: ScopeKind, text: str | None) -> Window:
    """The window of a scope: as typed, else the session of a session and a day of all else.

    Raises:
        InvalidInput: it is no window, or none that the scope can have.
    """
    if text is None:
        return Window.SESSION if kind is ScopeKind.SESSION else Window.DAY
    windows: Sequence[str] = [str(window) for window in Window]
    if text not in windows:
        raise InvalidInput(f"{text!r} is not a window: write {', '.join(windows[:-1])} or {windows[-1]}.")
    window = Window(text)
    if kind is ScopeKind.SESSION and window is not Window.SESSION:
        raise InvalidInput(
            f"A session's budget lasts as long as the session. For a {window} write: all --window {window}"
        )
    if kind is ScopeKind.ALL and window is Window.SESSION:
        raise InvalidInput("For a limit of each session write: session")
    return window
