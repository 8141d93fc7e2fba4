"""May a call be sent whose session a person has paused or stopped? No, and this is how that is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codesession.model import ENDED, REFUSED, Refusal, Rule
from codesession.model.switch import SwitchState

if TYPE_CHECKING:
    from codesession.model.switch import Switch

_GO_ON = (
    "Do not retry: finish here with what is done. To go on, a person can begin anew (cs start, or cs run), "
    "or allow calls again in the Command centre (cs dashboard)."
)
_RESUME = "Do not retry. A person can resume it in the Command centre (cs dashboard)."


def switched(switch: Switch) -> Refusal:
    """Why a call of that session is not sent; of a paused one, not yet."""
    if switch.state is SwitchState.STOPPED:
        return Refusal(Rule.STOPPED, f"{REFUSED}a person stopped session {switch.session_id}.", _GO_ON)
    return Refusal(Rule.PAUSED, f"{REFUSED}a person paused session {switch.session_id}.", _RESUME, ask_s=switch.wait_s)


def not_resumed(refusal: Refusal) -> Refusal:
    """The refusal of a call that has waited for a paused session as long as a call waits."""
    sentence = f"{refusal.sentence.removesuffix('.')}, and nobody resumed it within {refusal.ask_s} s."
    return replace(refusal, sentence=sentence, ask_s=0)


def stopped_answer(session_id: int | None) -> Refusal:
    """Why an answer does not go on whose session a person has stopped."""
    return Refusal(Rule.STOPPED, f"{ENDED}a person stopped session {session_id}.", _GO_ON)


def stopped_program(session_id: int) -> Refusal:
    """Why the program of that session does not go on."""
    return Refusal(Rule.STOPPED, f"A person stopped session {session_id}.", _GO_ON)
