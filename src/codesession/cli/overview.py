"""``cs`` alone: where one stands, and the three next steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.cli.output import answer, emit, opened
from codesession.errors import NoActiveSession

if TYPE_CHECKING:
    from codesession.report import SessionView

_BEFORE = (
    ("cs run -- claude", "run any command and see what it costs"),
    ('cs start "Fix the login"', "begin a session by hand"),
    ("cs list", "what earlier sessions came to"),
)
_MEANWHILE = (
    ("cs status", "all that it has come to so far"),
    ('cs note "…"', "keep a remark with the time"),
    ('cs end -n "…"', "end it, with its files and commits"),
)


def overview(*, as_json: bool) -> None:
    """Say which session is active here, and what to type next."""
    from codesession.app import active_session
    from codesession.report import active_document, document, view_of_session

    with opened(quiet=as_json) as app:
        view: SessionView | None
        try:
            view = view_of_session(app.ledger, active_session(app), app.now_ms(), newest_calls=0)
        except NoActiveSession:
            view = None
    steps = _MEANWHILE if view else _BEFORE
    if as_json:
        following = [{"command": command, "purpose": purpose} for command, purpose in steps]
        emit(document({"active": active_document(view) if view else None, "next": following}))
    else:
        answer(f"{_standing(view)}\n\n" + "\n".join(f"    {step:<26} {purpose}" for step, purpose in steps))
        answer("\nAll commands: cs -h")


def _standing(view: SessionView | None) -> str:
    if view is None:
        return "No session is active here."
    from codesession.report.formats import duration, money

    spent = f"{duration(view.seconds)} • {money(view.totals.cost_nanos)} AI cost"
    return f'Session {view.session.id} "{view.session.name}" is active here: {spent}'
