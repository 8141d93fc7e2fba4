"""When the ledger is silent, does the last known answer count, and for what is unknown the careful one?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.guard.values import attempt

from codesession.guard import fences
from codesession.guard.fences import Fences


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_the_unknown_it_is_whether_there_is_any_budget(*, is_guarded: bool) -> None:
    assert Fences(is_guarded=is_guarded).may_block(attempt()) is is_guarded


def test_what_was_learnt_counts_for_calls_of_the_same_alone() -> None:
    known = Fences(is_guarded=True)
    known.learn(attempt(), blocks=False)
    assert not known.may_block(attempt(request_bytes=9, endpoint="chat"))
    others = ({name: "other"} for name in ("provider", "model", "agent", "user", "customer"))
    changes: list[dict[str, Any]] = [{"session_id": 8}, *others]
    for changed in changes:
        assert known.may_block(replace(attempt(), **changed)), changed


def test_the_newest_word_counts() -> None:
    known = Fences(is_guarded=False)
    known.learn(attempt(), blocks=True)
    assert known.may_block(attempt())
    known.learn(attempt(), blocks=False)
    assert not known.may_block(attempt())


def test_once_a_budget_was_seen_the_unknown_is_guarded() -> None:
    known = Fences(is_guarded=False)
    known.learn(attempt(), blocks=False)
    assert not known.may_block(attempt(agent="other"))
    known.learn(attempt(), blocks=True)
    assert known.may_block(attempt(agent="other"))


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fences, "MOST_KNOWN", 3)
    known = Fences(is_guarded=True)
    for session_id in range(4):
        known.learn(attempt(session_id), blocks=False)
    assert [known.may_block(attempt(session_id)) for session_id in range(4)] == [True, False, False, False]
