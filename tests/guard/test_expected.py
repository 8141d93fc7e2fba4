"""Does what a call is expected to use follow what calls like it have used?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.guard.values import NOON, attempt

from codesession.guard import expected
from codesession.guard.expected import CACHED_MS, FEW, NEWEST, UNKNOWN_OUTPUT, Experience
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.model import Attempt


def usage(of: Experience, asked: Attempt | None = None, now_ms: int = NOON, known: Iterable[int] = ()) -> Usage:
    return of.usage(asked or attempt(), now_ms, lambda: known)


def test_of_the_unknown_it_is_a_fourth_of_the_bytes_and_a_fixed_answer() -> None:
    assert usage(Experience()) == Usage(input=100, output=UNKNOWN_OUTPUT)
    assert usage(Experience(), attempt(request_bytes=401)).input == 101
    assert usage(Experience(), attempt(request_bytes=0)).input == 0


def test_an_answer_is_no_longer_than_the_request_lets_it_be() -> None:
    assert usage(Experience(), attempt(max_output=50)).output == 50
    assert usage(Experience(), attempt(max_output=UNKNOWN_OUTPUT + 1)).output == UNKNOWN_OUTPUT
    assert usage(Experience(), attempt(max_output=50), known=[9] * FEW).output == 9


@pytest.mark.parametrize(
    ("known", "output"),
    [
        (range(1, FEW), UNKNOWN_OUTPUT),
        (range(1, FEW + 1), 19),
        (range(1, 101), 95),
        (range(1, 2 * NEWEST + 1), NEWEST + 190),
    ],
    ids=["too-few", "just-enough", "a-hundred", "the-newest-alone"],
)
def test_with_enough_samples_it_is_their_95th_percentile(known: range, output: int) -> None:
    assert usage(Experience(), known=known).output == output


def test_the_ledger_is_asked_once_for_each_model_and_agent() -> None:
    of, asked = Experience(), list[str]()

    def known(of_what: str) -> list[int]:
        asked.append(of_what)
        return []

    for name in ("a", "b", "a"):
        of.usage(attempt(agent=name), NOON, lambda name=name: known(name))  # type: ignore[misc]
    assert asked == ["a", "b"]


def test_what_is_learnt_counts_as_a_sample() -> None:
    of = Experience()
    usage(of, known=[1] * (FEW - 1))
    of.learn(attempt(8), Usage(output=5, reasoning=2), NOON)
    assert usage(of, attempt(9)).output == 1
    for _ in range(FEW):
        of.learn(attempt(8), Usage(output=5, reasoning=2), NOON)
    assert usage(of, attempt(9)).output == 7
    assert usage(of, attempt(9, agent="other")).output == UNKNOWN_OUTPUT


def test_a_conversation_has_what_it_had_and_the_new_bytes() -> None:
    of = Experience()
    of.learn(attempt(), Usage(input=90, output=30), NOON)
    assert usage(of, attempt(request_bytes=480)).input == 90 + 20
    assert usage(of, attempt(request_bytes=400)).input == 90


def test_what_was_cached_lately_is_read_from_the_cache() -> None:
    of = Experience()
    of.learn(attempt(), Usage(input=10, cache_read=60, cache_write=20), NOON)
    found = usage(of, attempt(request_bytes=480), NOON + CACHED_MS)
    assert (found.input, found.cache_read, found.cache_write) == (0, 90, 20)
    found = usage(of, attempt(request_bytes=480), NOON + CACHED_MS + 1)
    assert (found.input, found.cache_read, found.cache_write) == (0, 0, 110)


def test_a_shorter_request_is_another_conversation() -> None:
    of = Experience()
    of.learn(attempt(), Usage(input=9000), NOON)
    assert usage(of, attempt(request_bytes=399)).input == 100


def test_conversations_are_told_apart() -> None:
    of = Experience()
    of.learn(attempt(), Usage(input=9000), NOON)
    changes: list[dict[str, Any]] = [
        {name: "other"} for name in ("client_session", "agent", "user", "customer", "model")
    ]
    for changed in changes:
        assert usage(of, replace(attempt(), **changed)).input == 100, changed
    assert usage(of, attempt(8)).input == 100
    assert usage(of).input == 9000


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "MOST_CONVERSATIONS", 2)
    of = Experience()
    for session_id in (1, 2, 1, 3):
        of.learn(attempt(session_id), Usage(input=9000), NOON)
    assert [usage(of, attempt(session_id)).input for session_id in (1, 2, 3)] == [9000, 100, 9000]
    for agent in "abc":
        usage(of, attempt(agent=agent), known=[1] * FEW)
    assert usage(of, attempt(agent="a"), known=[2] * FEW).output == 2
