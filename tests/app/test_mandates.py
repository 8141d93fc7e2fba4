"""Does a mandate say what was typed, and does the gate keep to it?"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.test_gate import World

from codesession.app import App, list_mandates, remove_mandate, set_mandate
from codesession.app.mandates import MOST_PATTERNS, model_patterns
from codesession.config import read_config
from codesession.errors import BudgetExceeded, BudgetNotFound, InvalidInput
from codesession.model import Mandate, Outcome, ScopeKind, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.place import Place


def kept(app: App) -> list[Mandate]:
    with app.ledger.reading() as tx:
        return [replace(one, id=0) for one in tx.mandates()]


def test_a_mandate_is_kept_as_it_was_said(place: Place) -> None:
    app = place.app()
    made, is_replaced = set_mandate(
        app,
        "agent:codex",
        allow=["GPT-5*", "openai/*", "gpt-5*"],
        deny=["*-pro*"],
        most_per_call_nanos=500_000_000,
        most_parallel=4,
    )
    said = Mandate(ScopeKind.AGENT, "codex", ("gpt-5*", "openai/*"), ("*-pro*",), 500_000_000, 4)
    assert (replace(made, id=0), is_replaced) == (said, False)
    assert kept(app) == [said]
    assert made.id


def test_a_mandate_replaces_the_former_one_of_its_scope_entirely(place: Place) -> None:
    app = place.app()
    set_mandate(app, "agent:codex", allow=["gpt-5*"], most_parallel=4)
    set_mandate(app, "agent:*", most_parallel=1)
    made, is_replaced = set_mandate(app, "agent:codex", deny=["*-pro*"])
    assert is_replaced
    assert (made.allow, made.deny, made.most_parallel) == ((), ("*-pro*",), None)
    assert [one.scope for one in kept(app)] == ["agent:*", "agent:codex"]


@pytest.mark.parametrize(
    ("scope", "kind", "name"),
    [
        ("all", ScopeKind.ALL, ""),
        ("agent:*", ScopeKind.AGENT, "*"),
        ("user: 7 ", ScopeKind.USER, "7"),
        ("customer:acme", ScopeKind.CUSTOMER, "acme"),
        ("project:*", ScopeKind.PROJECT, "*"),
    ],
)
def test_whose_mandate_it_is(place: Place, scope: str, kind: ScopeKind, name: str) -> None:
    made, _ = set_mandate(place.app(), scope, most_parallel=1)
    assert (made.kind, made.name) == (kind, name)
    assert remove_mandate(place.app(), scope) == made


@pytest.mark.parametrize("scope", ["project", "project:.", "project:..", "project:~/repo", "project:{repo}/sub"])
def test_a_project_is_where_a_session_there_would_be(place: Place, scope: str) -> None:
    sub = place.repo / "sub"
    sub.mkdir()
    place.monkeypatch.chdir(sub)
    made, _ = set_mandate(place.app(), scope.format(repo=place.repo), most_parallel=1)
    assert made.name == str(place.repo)


NO_SCOPE = (
    *(
        "",
        "x",
        "AGENT:codex",
        "session",
        "session:12",
        "model:gpt-5*",
        "all:x",
        "agent",
        "agent:",
        "agent: ",
        "agent:a\nb",
    ),
    *("project:nowhere", "project:old.txt", "project:~nobody-of-that-name/x", "project:a\0b"),
)


def test_what_can_have_no_mandate_is_refused(place: Place) -> None:
    app = place.app()
    for scope in NO_SCOPE:
        with pytest.raises(InvalidInput):
            set_mandate(app, scope, most_parallel=1)
        with pytest.raises(InvalidInput):
            remove_mandate(app, scope)
    assert kept(app) == []


def test_a_mandate_must_say_something(place: Place) -> None:
    with pytest.raises(InvalidInput, match="add --allow, --deny, --most-per-call or --parallel"):
        set_mandate(place.app(), "all")


@pytest.mark.parametrize("pattern", ["", " ", "gpt-[45]", "a,b", "m" * 201, "a\nb", "a\udcff"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="is not a pattern of models"):
        model_patterns(["*", pattern])


def test_a_mandate_with_a_bad_pattern_replaces_none(place: Place) -> None:
    app = place.app()
    set_mandate(app, "all", most_parallel=1)
    with pytest.raises(InvalidInput):
        set_mandate(app, "all", allow=["a,b"])
    with pytest.raises(InvalidInput):
        set_mandate(app, "all", deny=["a,b"])
    assert [one.most_parallel for one in kept(app)] == [1]


def test_there_is_an_end_to_patterns() -> None:
    patterns = [f"m{number}" for number in range(MOST_PATTERNS)]
    assert model_patterns(patterns) == tuple(patterns)
    with pytest.raises(InvalidInput, match="at most 100"):
        model_patterns([*patterns, "more"])


def test_what_is_not_there_cannot_be_removed(place: Place) -> None:
    app = place.app()
    set_mandate(app, "agent:*", most_parallel=1)
    with pytest.raises(BudgetNotFound, match="agent:codex has no mandate"):
        remove_mandate(app, "agent:codex")
    assert len(kept(app)) == 1


def test_the_mandate_of_a_project_that_is_gone_can_be_removed(place: Place) -> None:
    gone = place.outside("gone")
    made, _ = set_mandate(place.app(), "project", most_parallel=1)
    place.monkeypatch.chdir(place.home)
    gone.rmdir()
    assert remove_mandate(place.app(), f"project:{gone}") == made


def test_the_mandate_of_a_file_is_removed_in_the_file(place: Place) -> None:
    app = place.app()
    place.write("codesession.toml", '[[mandate]]\nscope = "agent:codex"\nparallel = 1\n')
    assert [one.directory for one in list_mandates(app)[0]] == [str(place.repo)]
    with pytest.raises(BudgetNotFound, match="not yours but that of the codesession"):
        remove_mandate(app, "agent:codex")
    set_mandate(app, "agent:codex", most_parallel=2)
    assert remove_mandate(app, "agent:codex").most_parallel == 2
    assert [one.most_parallel for one in kept(app)] == [1]


def test_the_list_takes_over_the_file_here_and_tells_what_is_wrong_with_it(place: Place) -> None:
    app = place.app()
    set_mandate(app, "user:7", deny=["*"])
    place.write("codesession.toml", "[[mandate]]\nparallel = 1\n[[mandate]]\n")
    mandates, problems = list_mandates(app)
    assert [(one.scope, one.directory) for one in mandates] == [
        ("user:7", None),
        (f"project:{place.repo}", str(place.repo)),
    ]
    (problem,) = problems
    assert problem.startswith(f"{place.repo / 'codesession.toml'}: [[mandate]] number 2")


# --- at the gate ---


@contextmanager
def gated(place: Place) -> Iterator[tuple[World, App]]:
    """A gate over the ledger that the commands change."""
    with closing(World(place.database)) as world:
        yield world, App(read_config(), world.ledger, world.clock, place.said.append)


def refused(world: World, **known: Any) -> BudgetExceeded:
    with pytest.raises(BudgetExceeded) as refusal:
        world.admit(**known)
    return refusal.value


def test_a_denied_model_is_refused(place: Place) -> None:
    with gated(place) as (world, app):
        world.admit(agent="codex", model="dear")
        set_mandate(app, "agent:codex", allow=["m", "p/d*"], deny=["DEAR"])
        refusal = refused(world, agent="codex", model="dear")
        assert refusal.extra["rule"] == "model"
        assert refusal.message.startswith("dear may not be called by agent:codex. Allowed: m, p/d*.")
        assert refused(world, agent="codex", model="free").extra["rule"] == "model"
        world.admit(agent="codex", model="dated")
        world.admit(agent="other", model="dear")
        remove_mandate(app, "agent:codex")
        world.admit(agent="codex", model="dear")


def test_a_call_that_can_cost_too_much_is_refused(place: Place) -> None:
    with gated(place) as (world, app):
        set_mandate(app, "all", most_per_call_nanos=220)
        world.admit(max_output=10)
        refusal = refused(world, max_output=11)
        assert refusal.extra["rule"] == "call_too_dear"
        assert "could cost $0.00000022" in refusal.message
        assert refused(world, model="unheard-of").extra["rule"] == "call_too_dear"


def test_one_call_too_many_at_a_time_is_refused(place: Place) -> None:
    with gated(place) as (world, app):
        set_mandate(app, "customer:*", most_parallel=2)
        held = [world.admit(customer="acme") for _ in range(2)]
        refusal = refused(world, customer="acme")
        assert refusal.extra["rule"] == "too_many_parallel"
        assert "has 2 calls in flight, and may have 2" in refusal.message
        world.admit(customer="other")
        world.settle(held[0], Outcome(Usage(input=1)))
        world.admit(customer="acme")
        assert refused(world, customer="acme").extra["rule"] == "too_many_parallel"


def test_every_mandate_that_applies_must_allow_a_call(place: Place) -> None:
    with gated(place) as (world, app):
        set_mandate(app, "agent:*", deny=["dear"])
        set_mandate(app, "agent:codex", allow=["*"])
        assert refused(world, agent="codex", model="dear").extra["rule"] == "model"
