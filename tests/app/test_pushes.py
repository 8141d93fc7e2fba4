"""Is every pushed call counted once, however often, in whatever company, and in which order it comes?"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesession.app import Entry
from codesession.app.push_receipts import Push, PushedCall
from codesession.app.push_sessions import Where
from codesession.app.pushes import Intake

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.app.place import Place

KEYS = st.none() | st.integers(0, 5)
"""A call without a key, or with one of six."""
PUSHES = st.lists(st.tuples(KEYS, st.lists(KEYS, min_size=1, max_size=4)), max_size=8)
"""Pushes, each with a key of its own or none, of some calls."""


@pytest.fixture
def fresh() -> Callable[[], str]:
    """Makes a word that no key begins with yet."""
    words = (f"example {number}" for number in itertools.count())
    return lambda: next(words)


@pytest.mark.usefixtures("priced")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(pushes=PUSHES)
def test_law_every_key_counts_once_and_every_call_without_one_each_time(
    place: Place, fresh: Callable[[], str], pushes: Sequence[tuple[int | None, Sequence[int | None]]]
) -> None:
    intake, word, known, expected = _intake(place), fresh(), set[object](), 0
    for own, calls in pushes:
        named = None if own is None else (own, tuple(calls))  # the same key always names the same calls
        if named is None or named not in known:
            fresh_keys = {key for key in calls if key is not None} - known
            expected += sum(key is None for key in calls) + len(fresh_keys)
            known |= fresh_keys | ({named} if named else set())
        intake.take(
            Push(
                tuple(_call(word, key) for key in calls),
                None if named is None else f"{word} {named}",
                needs_session=True,
            )
        )
    with place.app().ledger.reading() as reader:
        sessions = [session for session in reader.active_sessions() if session.name == word]
        totals = [reader.totals(session.id) for session in sessions]
    assert [(total.calls, total.cost_nanos) for total in totals] == ([(expected, expected * 7)] if expected else [])


def _intake(place: Place) -> Intake:
    return Intake(place.app())


def _call(word: str, key: int | None) -> PushedCall:
    entry = Entry("acme", "model", tokens=1, cost_nanos=7)
    return PushedCall(entry, Where(name=word), key=None if key is None else f"{word} {key}")
