"""Is a call that somebody logged by hand kept as it was said, and priced as it should be?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codesession.app import Entry, end_session, log_call, start_session
from codesession.errors import (
    CodesessionError,
    InvalidDuration,
    InvalidInput,
    MissingTokens,
    NoActiveSession,
    SessionNotFound,
    UnknownModel,
)
from codesession.model import Evidence, HardwareTotals, Terms, Usage

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

pytestmark = pytest.mark.usefixtures("priced")

SONNET = Entry("anthropic", "claude-sonnet-4")  # $3 and $15 per million


@pytest.fixture
def app(place: Place) -> App:
    app = place.app()
    start_session(app, "work")
    return app


COSTS: dict[str, tuple[dict[str, int | None], Usage, int, Evidence]] = {
    "both-sides": (
        {"prompt_tokens": 8000, "completion_tokens": 2000},
        Usage(input=8000, output=2000), 54_000_000, Evidence.MANUAL,
    ),
    "only-what-was-read": ({"prompt_tokens": 8000}, Usage(input=8000), 24_000_000, Evidence.MANUAL),
    "only-what-was-written": ({"completion_tokens": 2000}, Usage(output=2000), 30_000_000, Evidence.MANUAL),
    "only-the-total": ({"tokens": 10_000}, Usage(unsplit=10_000), 66_000_000, Evidence.ESTIMATED),
    "an-odd-total": ({"tokens": 5}, Usage(unsplit=5), 4 * 3000 + 1 * 15_000, Evidence.ESTIMATED),
    "the-total-and-one-side": (
        {"tokens": 10_000, "prompt_tokens": 8000},
        Usage(input=8000, output=2000), 54_000_000, Evidence.MANUAL,
    ),
    "the-total-and-the-other": (
        {"tokens": 10_000, "completion_tokens": 2000},
        Usage(input=8000, output=2000), 54_000_000, Evidence.MANUAL,
    ),
    "a-total-with-more-than-its-parts": (
        {"tokens": 20_000, "prompt_tokens": 8000, "completion_tokens": 2000},
        Usage(input=8000, output=2000, unsplit=10_000), 54_000_000, Evidence.MANUAL,
    ),
    "a-cost-that-is-given": (
        {"tokens": 10_000, "cost_nanos": 300_000_000},
        Usage(unsplit=10_000), 300_000_000, Evidence.MANUAL,
    ),
    "a-cost-of-nothing": (
        {"prompt_tokens": 8000, "completion_tokens": 2000, "cost_nanos": 0},
        Usage(input=8000, output=2000), 0, Evidence.MANUAL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COSTS)
def test_what_is_said_is_kept_and_priced(app: App, case: str) -> None:
    said, usage, nanos, evidence = COSTS[case]
    logged = log_call(app, SONNET._replace(**said))  # type: ignore[arg-type]  # the fields named above
    assert (logged.call.usage, logged.call.cost_nanos, logged.call.evidence) == (usage, nanos, evidence)
    assert logged.source == ("manual" if "cost_nanos" in said else "built-in")
    assert (logged.price.input_per_million, logged.price.output_per_million) == (3_000_000_000, 15_000_000_000)
    assert (logged.totals.cost_nanos, logged.totals.tokens) == (nanos, usage.tokens)


def test_the_price_of_the_user_wins(app: App, place: Place) -> None:
    price = {"claude-sonnet-4": {"input": 1, "output": 2}, "other/claude-sonnet-4": {"input": 9, "output": 9}}
    (place.home / ".codesession" / "pricing.json").write_text(json.dumps(price))
    logged = log_call(app, SONNET._replace(prompt_tokens=1_000_000, completion_tokens=1_000_000))
    assert (logged.source, logged.call.cost_nanos) == ("custom", 3_000_000_000)
    logged = log_call(app, SONNET._replace(provider="other", prompt_tokens=1_000_000))
    assert logged.call.cost_nanos == 9_000_000_000


def test_a_model_without_a_price_needs_a_cost(app: App) -> None:
    unknown = Entry("acme", "mystery-1", tokens=10)
    with pytest.raises(UnknownModel, match=r"acme/mystery-1: .* cs pricing set mystery-1") as caught:
        log_call(app, unknown)
    assert caught.value.extra == {"model": "mystery-1", "provider": "acme"}
    with app.ledger.reading() as tx:
        assert tx.calls(1) == []
    logged = log_call(app, unknown._replace(cost_nanos=7))
    assert (logged.source, logged.price.known, logged.call.cost_nanos) == ("manual", False, 7)


def own(place: Place, *rows: dict[str, object]) -> None:
    (place.home / ".codesession" / "local-models.json").write_text(json.dumps(rows))


OWN: dict[str, object] = {"provider": "ollama", "model": "llama3", "costPerHour": 0.4, "gpuName": "RTX 4090"}
LOCAL = Entry("ollama", "llama3", is_local=True)


def test_a_model_of_ones_own_costs_by_the_hour(app: App, place: Place) -> None:
    own(place, OWN)
    logged = log_call(app, LOCAL._replace(duration_s=90))
    assert (logged.source, logged.call.cost_nanos, logged.per_hour) == ("local", 10_000_000, 400_000_000)
    assert logged.call.terms == Terms(is_local=True, took_ms=90_000)
    assert (logged.call.hardware, logged.call.price_source) == ("RTX 4090", "local (RTX 4090)")
    with pytest.raises(InvalidDuration, match="--duration"):
        log_call(app, LOCAL._replace(tokens=5))


def test_it_is_one_of_ones_own_without_saying_so_where_no_other_price_is_known(app: App, place: Place) -> None:
    own(place, OWN, {**OWN, "provider": "anthropic", "model": "*"})
    logged = log_call(app, LOCAL._replace(is_local=False, model="LLAMA3:8b", tokens=5, duration_s=90))
    assert (logged.source, logged.call.terms.is_local) == ("local", True)
    listed = log_call(app, SONNET._replace(tokens=10, duration_s=90))
    assert (listed.source, listed.call.terms.is_local, listed.call.hardware) == ("built-in", False, None)


def test_the_time_of_a_model_of_ones_own_counts_whoever_says_what_it_cost(app: App, place: Place) -> None:
    own(place, OWN)
    log_call(app, LOCAL._replace(duration_s=90))
    log_call(app, LOCAL._replace(duration_s=30, cost_nanos=7))
    given = log_call(app, LOCAL._replace(model="unknown", provider="vllm", duration_s=5, cost_nanos=9))
    assert (given.source, given.call.terms.is_local, given.call.hardware) == ("manual", True, None)
    log_call(app, LOCAL._replace(model="unknown", provider="vllm", tokens=5, cost_nanos=0))
    log_call(app, LOCAL._replace(is_local=False, duration_s=60, tokens=5, cost_nanos=1))
    with app.ledger.reading() as tx:
        assert tx.hardware(1) == [HardwareTotals("RTX 4090", 2, 120_000, 10_000_007), HardwareTotals("", 2, 5000, 9)]


def test_one_of_ones_own_without_a_rate_says_how_to_give_it_one(app: App, place: Place) -> None:
    own(place, OWN, {"provider": "x"})
    with pytest.raises(UnknownModel, match="no hourly rate") as caught:
        log_call(app, LOCAL._replace(provider="my server", model="other", duration_s=5))
    assert "cs local-models add other --provider 'my server' --cost-per-hour USD" in caught.value.message
    assert caught.value.extra == {"model": "other", "provider": "my server"}
    assert [said.endswith("it has no provider and model.") for said in place.said] == [True]
    with app.ledger.reading() as tx:
        assert tx.calls(1) == []


def test_a_call_without_tokens_is_none(app: App) -> None:
    for said in ({}, {"tokens": 0}, {"prompt_tokens": 0, "completion_tokens": 0}, {"cost_nanos": 5}):
        with pytest.raises(MissingTokens):
            log_call(app, SONNET._replace(**said))  # type: ignore[arg-type]  # the fields named above


BAD: dict[str, tuple[Entry, str]] = {
    "a-total-below-its-parts": (SONNET._replace(tokens=5, prompt_tokens=6), "less than the 6 tokens"),
    "a-blank-provider": (SONNET._replace(provider=" ", tokens=1), "provider is blank"),
    "a-blank-model": (SONNET._replace(model="\n", tokens=1), "model is blank"),
    "a-long-provider": (SONNET._replace(provider="p" * 101, tokens=1), "at most 100"),
    "a-long-model": (SONNET._replace(model="m" * 201, tokens=1), "at most 200"),
    "a-long-customer": (SONNET._replace(customer="c" * 201, tokens=1), "at most 200"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_said_and_nothing_is_written(app: App, case: str) -> None:
    entry, words = BAD[case]
    with pytest.raises(InvalidInput, match=words):
        log_call(app, entry)
    with app.ledger.reading() as tx:
        assert tx.calls(1) == []


def test_who_made_it_is_kept(app: App, place: Place) -> None:
    tags = {"user": "ada", "customer": "acme", "feature": "search"}
    call = log_call(app, SONNET._replace(tokens=1, agent=" Review  Bot ", **tags)).call  # type: ignore[arg-type]
    assert (call.agent, call.user, call.customer, call.feature) == ("Review Bot", "ada", "acme", "search")
    assert log_call(app, SONNET._replace(tokens=1)).call.agent is None
    for variable, name in (("COSTHQ_AGENT_NAME", "older"), ("CODESESSION_AGENT_NAME", "newer")):
        place.monkeypatch.setenv(variable, name)
        assert log_call(place.app(), SONNET._replace(tokens=1)).call.agent == name


def test_it_goes_to_the_session_here_or_to_the_one_of_that_id_ended_or_not(app: App, place: Place) -> None:
    ended = end_session(app)
    entry = SONNET._replace(tokens=1)
    with pytest.raises(NoActiveSession):
        log_call(app, entry)
    assert log_call(app, entry, ended.id).session.id == ended.id
    here = start_session(app, "next")
    place.outside()
    assert log_call(app, entry, here.id).session == here
    for other in (NoActiveSession, SessionNotFound):
        with pytest.raises(other):
            log_call(app, entry, None if other is NoActiveSession else 99)


def test_nothing_is_priced_before_it_is_known_where_it_goes(app: App) -> None:
    with pytest.raises(CodesessionError) as caught:
        log_call(app, Entry("acme", "mystery", tokens=1), 99)
    assert caught.value.code == "session_not_found"
