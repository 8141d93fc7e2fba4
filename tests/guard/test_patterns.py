"""Does a pattern mean what it says, the same to the guard and to the ledger, and quickly whatever it is?"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from codesession.guard.patterns import means
from codesession.guard.scopes import pattern_of
from codesession.ledger.accounts import _PATTERN  # the ledger's own word, compared with the guard's

LETTERS = st.text("abAB*?.-/4ÄäßKİ\n", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "model", "is_meant"),
    [
        ("gpt-5*", "gpt-5-pro", True),
        ("gpt-5*", "gpt-5", True),
        ("gpt-5", "gpt-5-pro", False),
        ("GPT-5*", "gpt-5-PRO", True),
        ("openai/*", "anything", True),
        ("*/gpt-4o", "gpt-4o", True),
        ("google/*", "gpt-4o", False),
        ("gpt-?o", "gpt-4o", True),
        ("gpt-?o", "gpt-44o", False),
        ("gpt.4o", "gpt-4o", False),
        ("*", "", True),
        ("?", "", False),
    ],
)
def test_a_pattern_means_a_model_or_its_provider_with_it(pattern: str, model: str, *, is_meant: bool) -> None:
    assert means(pattern, "openai", model) is is_meant


@given(LETTERS, LETTERS, LETTERS)
@example("ä*", "", "Ä1")
@example("Ä*", "", "Ä1")
@example("k", "", "K")
def test_the_ledger_and_the_guard_mean_the_same(typed: str, provider: str, model: str) -> None:
    if not typed.strip():
        return
    pattern = pattern_of(typed)
    question = f"SELECT {_PATTERN} FROM (SELECT ?1 AS provider, ?2 AS model) call, (SELECT ?3 AS subject) account"
    with closing(sqlite3.connect(":memory:")) as connection:
        ((found,),) = connection.execute(question, (provider, model, pattern)).fetchall()
    assert means(pattern, provider, model) is bool(found)


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_a_star_is_any_text(pattern: str, model: str) -> None:
    assert means(pattern, "", model) is (_fits(pattern, model) or _fits(pattern, f"/{model}"))


def _fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return text[:1] == pattern[0] and _fits(pattern[1:], text[1:])


def test_a_pattern_of_many_stars_is_decided_at_once() -> None:
    assert not means("*a" * 60 + "b", "p", "a" * 200)  # with backtracking, longer than the world will last
