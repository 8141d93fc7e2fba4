"""Is what a person types understood, or refused in words that help?"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.errors import InvalidInput
from codesession.guard.scopes import LONGEST, pattern_of, scope_of, window_of
from codesession.model import Budget, ScopeKind, Window


@pytest.mark.parametrize(
    ("typed", "kind", "name"),
    [
        ("session", ScopeKind.SESSION, ""),
        ("session:12", ScopeKind.SESSION, "12"),
        ("all", ScopeKind.ALL, ""),
        ("project", ScopeKind.PROJECT, "/here"),
        ("project:/p:q", ScopeKind.PROJECT, "/p:q"),
        ("project:*", ScopeKind.PROJECT, "*"),
        ("agent:codex", ScopeKind.AGENT, "codex"),
        ("agent: codex ", ScopeKind.AGENT, "codex"),
        ("user:ann:x", ScopeKind.USER, "ann:x"),
        ("customer:*", ScopeKind.CUSTOMER, "*"),
        ("customer:Æøå", ScopeKind.CUSTOMER, "Æøå"),
        ("model:GPT-5*", ScopeKind.MODEL, "gpt-5*"),
        ("model:openai/*", ScopeKind.MODEL, "openai/*"),
    ],
)
def test_a_scope_is_understood(typed: str, kind: ScopeKind, name: str) -> None:
    assert scope_of(typed, "/here") == (kind, name)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "is not a scope: write session"),
        ("Session", "is not a scope: write session"),
        ("sesion", "is not a scope: write session"),
        ("all:", "all has no name"),
        ("all:x", "all has no name"),
        ("session:", "lacks a name after the colon"),
        ("session:0", "named by its id"),
        ("session:-1", "named by its id"),
        ("session:012", "named by its id"),
        ("session:*", "named by its id"),
        ("session:\u0661", "named by its id"),
        ("session:" + "9" * 19, "named by its id"),
        ("agent", "lacks a name: write agent:NAME"),
        ("agent:", "lacks a name: write agent:NAME"),
        ("user: ", "lacks a name: write user:NAME"),
        ("customer", "lacks a name: write customer:NAME"),
        ("model", "not a pattern of models"),
        ("model:", "not a pattern of models"),
        ("model:gpt[45]", "not a pattern of models"),
        ("agent:a\nb", "printable"),
        ("agent:" + "a" * (LONGEST + 1), "at most 200"),
    ],
)
def test_what_is_no_scope_is_refused(typed: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        scope_of(typed, "/here")


@pytest.mark.parametrize("typed", ["project:", "project: "])
def test_project_with_a_colon_and_no_path_is_here(typed: str) -> None:
    assert scope_of(typed, "/here") == (ScopeKind.PROJECT, "/here")


def test_a_path_is_taken_as_it_is() -> None:
    assert scope_of("project:/with space ", "/here") == (ScopeKind.PROJECT, "/with space ")


@given(st.sampled_from(["agent", "user", "customer", "model", "session", "project"]), st.text(max_size=10))
def test_a_scope_that_was_understood_is_understood_again_as_it_is_shown(kind: str, name: str) -> None:
    try:
        found = scope_of(f"{kind}:{name}", "/here")
    except InvalidInput:
        return
    shown = Budget(*found, Window.DAY, 0).scope
    assert scope_of(shown, "/elsewhere") == found


@pytest.mark.parametrize("typed", ["", " ", "gpt[4]", "]"])
def test_a_pattern_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="gpt-5"):
        pattern_of(typed)


def test_a_pattern_is_kept_in_the_small_letters_of_ascii() -> None:
    assert pattern_of(" GPT-Ä* ") == "gpt-Ä*"  # as the ledger compares them


def test_what_is_not_said_is_the_session_or_the_day() -> None:
    assert window_of(ScopeKind.SESSION, None) is Window.SESSION
    assert {window_of(kind, None) for kind in ScopeKind if kind is not ScopeKind.SESSION} == {Window.DAY}


def test_a_session_has_but_its_own_window_and_all_has_every_other() -> None:
    refused = set()
    for kind in ScopeKind:
        for window in Window:
            try:
                assert window_of(kind, str(window)) is window
            except InvalidInput as error:
                assert "session" in error.message  # noqa: PT017 - which are refused is asserted below
                refused.add((kind, window))
    assert refused == {
        (ScopeKind.ALL, Window.SESSION),
        *((ScopeKind.SESSION, window) for window in Window if window is not Window.SESSION),
    }


@pytest.mark.parametrize("typed", ["", "Day", "year", "days"])
def test_what_is_no_window_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="write session, day, week, month or total"):
        window_of(ScopeKind.ALL, typed)
