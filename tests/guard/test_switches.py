"""Does a call of a held-up session hear who did that, and how to go on?"""

from __future__ import annotations

from codesession import guard
from codesession.model import Rule, reason_of
from codesession.model.switch import Switch, SwitchState

PAUSED = Switch(7, SwitchState.PAUSED, 1000, 300)
STOPPED = Switch(7, SwitchState.STOPPED, 1000)


def test_a_call_of_a_stopped_session_is_refused_at_once() -> None:
    refusal = guard.switched(STOPPED)
    assert (refusal.rule, refusal.ask_s, refusal.mode, refusal.standing) == (Rule.STOPPED, 0, None, None)
    assert refusal.message == (
        "codesession refused this call: a person stopped session 7. Do not retry: finish here with what is done. To go "
        "on, a person can begin anew (cs start, or cs run), or allow calls again in the Command centre (cs dashboard)."
    )


def test_a_call_of_a_paused_session_waits_and_is_refused_then() -> None:
    refusal = guard.switched(PAUSED)
    assert (refusal.rule, refusal.ask_s) == (Rule.PAUSED, 300)
    refused = guard.not_resumed(refusal)
    assert (refused.rule, refused.ask_s) == (Rule.PAUSED, 0)
    assert refused.message == (
        "codesession refused this call: a person paused session 7, and nobody resumed it within 300 s. Do not retry. "
        "A person can resume it in the Command centre (cs dashboard)."
    )


def test_an_answer_that_ran_and_a_program_hear_it_too() -> None:
    assert guard.stopped_answer(7).sentence == "codesession ended this answer: a person stopped session 7."
    assert reason_of(guard.stopped_answer(7).sentence) == "a person stopped session 7."
    assert guard.stopped_program(7).sentence == "A person stopped session 7."
    assert guard.stopped_program(7).advice == guard.stopped_answer(7).advice == guard.switched(STOPPED).advice
