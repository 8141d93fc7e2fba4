"""Is a loop found in the session it is in, and done about it what was set?"""

from __future__ import annotations

import pytest
from tests.guard.values import NOON, attempt

from codesession.guard import watches
from codesession.guard.runaway import Thresholds
from codesession.guard.watches import Action, Found, Watches
from codesession.model import Rule


def made(action: Action = Action.BLOCK, wait_s: int = 60) -> Watches:
    """Watches that take two failures in a row for a loop."""
    return Watches(Thresholds(errors=2), action, wait_s)


def fail(of: Watches, session_id: int | None = 7) -> Found | None:
    """A call that is sent and fails."""
    found = of.sent(attempt(session_id), NOON)
    of.ended(attempt(session_id), None, 500, NOON)
    return found


def test_a_loop_is_found_by_the_call_that_goes_on_with_it() -> None:
    of = made()
    assert [fail(of), fail(of)] == [None, None]
    found = of.sent(attempt(), NOON)
    assert found
    assert (found.refusal.rule, found.action) == (Rule.ERROR_LOOP, Action.BLOCK)
    assert found.refusal.sentence.startswith("codesession refused this call: 2 calls failed")
    assert "stop here" in found.refusal.advice
    assert (found.refusal.standing, found.refusal.mode, found.refusal.ask_s) == (None, None, 0)


def test_each_session_is_watched_alone() -> None:
    of = made()
    for session_id in (1, 2, None):
        assert [fail(of, session_id), fail(of, session_id)] == [None, None]
    assert of.sent(attempt(3), NOON) is None
    assert all(of.sent(attempt(session_id), NOON) for session_id in (1, 2, None))


def test_a_success_ends_a_loop() -> None:
    of = made()
    fail(of)
    of.ended(attempt(), 5, 200, NOON)
    fail(of)
    assert of.sent(attempt(), NOON) is None


@pytest.mark.parametrize(("action", "ask_s"), [(Action.WARN, 0), (Action.PAUSE, 60), (Action.BLOCK, 0)])
def test_only_a_pause_asks_and_only_a_block_says_that_it_refuses(action: Action, ask_s: int) -> None:
    of = made(action)
    fail(of)
    fail(of)
    found = of.sent(attempt(), NOON)
    assert found
    assert (found.action, found.refusal.ask_s) == (action, ask_s)
    assert ("refused" in found.refusal.sentence) is (action is Action.BLOCK)


def test_a_warning_is_said_once_and_again_when_it_has_gone_on_long() -> None:
    of = made(Action.WARN)
    assert [fail(of) is not None for _ in range(6)] == [False, False, True, False, False, False]
    later = NOON + watches.SAID_AGAIN_MS
    of.ended(attempt(), None, 500, later)
    of.ended(attempt(), None, 500, later)
    assert of.sent(attempt(), later)


@pytest.mark.parametrize("action", [Action.PAUSE, Action.BLOCK])
def test_a_block_holds_until_it_is_forgiven(action: Action) -> None:
    of = made(action)
    fail(of)
    fail(of)
    assert all(of.sent(attempt(), NOON) for _ in range(3))
    of.forgive(attempt(8))
    assert of.sent(attempt(), NOON)
    of.forgive(attempt())
    assert of.sent(attempt(), NOON) is None


def test_the_session_that_was_silent_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "MOST_SESSIONS", 2)
    of = made()
    for session_id in (1, 1, 2, 2, 1, 3):
        fail(of, session_id)
    assert of.sent(attempt(1), NOON)
    assert of.sent(attempt(2), NOON) is None
