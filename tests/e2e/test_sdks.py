"""Do the ledger's figures equal the provider's bill, whatever the real SDKs do? Token by token, and to the cent."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import AGENTS, WAIT_S, published_cost, told

from codesession.model import CallState, Cut, Evidence, to_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.e2e.conftest import Machine

    from codesession.demo.truth import Received
    from codesession.model import Call

FREE = ("count_tokens", "models")
PARALLEL = 30


@dataclass
class Came:
    """What came of one run of an SDK: as the agent, the provider, the ledger, and ``cs show`` tell it."""

    told: dict[str, dict[str, Any]]
    truth: list[Received]
    calls: list[Call]
    shown: dict[str, Any]
    stderr: str

    def truth_of(self, way: str) -> Received:
        """What the provider knows of the call that the agent tells of as `way`."""
        (row,) = (row for row in self.truth if row.response_id == self.told[way]["id"])
        return row


def came_of(machine: Machine, sdk: str, *words: str) -> Came:
    done = machine.run(sys.executable, str(AGENTS / f"{sdk}_sdk.py"), *words)
    truth = machine.provider.truth(WAIT_S)
    calls = machine.calls()
    shown = machine.json("show")
    return Came({line["way"]: line for line in told(done)}, truth, calls, shown, done.stderr.decode())


@pytest.fixture(scope="module", params=["anthropic", "openai"])
def whole(request: pytest.FixtureRequest, machines: Callable[[], AbstractContextManager[Machine]]) -> Iterator[Came]:
    with machines() as machine:
        yield came_of(machine, request.param)


@pytest.fixture(scope="module", params=["anthropic", "openai"])
def broken(request: pytest.FixtureRequest, machines: Callable[[], AbstractContextManager[Machine]]) -> Iterator[Came]:
    with machines() as machine:
        yield came_of(machine, request.param, "broken")


# --- all is well ---


def test_each_call_is_one_settled_row(whole: Came) -> None:
    billed = [row for row in whole.truth if row.endpoint not in FREE]
    assert len(billed) > PARALLEL
    assert {row.ended for row in whole.truth} == {"complete"}
    assert sorted(str(call.request_id) for call in whole.calls) == sorted(row.request_id for row in billed)
    assert {call.state for call in whole.calls} == {CallState.SETTLED}
    assert {call.evidence for call in whole.calls} == {Evidence.MEASURED}
    assert {call.cut for call in whole.calls} == {None}


def test_every_class_of_tokens_is_what_the_provider_bills(whole: Came) -> None:
    bill = {row.request_id: row for row in whole.truth}
    for call in whole.calls:
        row = bill[str(call.request_id)]
        assert call.usage == row.usage
        assert (call.provider, call.model, call.endpoint) == (row.provider, row.model, row.endpoint)
        assert (call.streamed, call.response_id, call.http_status) == (row.streamed, row.response_id, 200)
    assert {call.usage for call in whole.calls} == {row.usage for row in whole.truth if row.endpoint not in FREE}


def test_every_cost_is_the_published_price_to_the_nano_dollar(whole: Came) -> None:
    bill = {row.request_id: published_cost(str(row.model_asked), row.usage) for row in whole.truth if row.usage.tokens}
    assert {call.request_id: call.cost_nanos for call in whole.calls} == bill
    assert all(call.hold_nanos is not None and call.cost_nanos is not None for call in whole.calls)


def test_the_session_is_the_sum_of_its_calls(whole: Came) -> None:
    billed = [row for row in whole.truth if row.endpoint not in FREE]
    nanos = sum(published_cost(str(row.model_asked), row.usage) for row in billed)
    shown = whole.shown
    assert shown["aiCost"] == to_usd(nanos)
    assert shown["aiTokens"] == sum(row.usage.tokens for row in billed)
    assert shown["aiCalls"] == len(shown["aiUsage"]) == len(billed)
    assert sum(call["tokens"] for call in shown["aiUsage"]) == shown["aiTokens"]
    assert round(sum(call["cost"] for call in shown["aiUsage"]), 10) == shown["aiCost"]
    keys = ("unpricedCalls", "estimatedCalls", "interruptedCalls", "lostCalls", "callsInFlight")
    assert [shown[key] for key in keys] == [0] * 5


def test_what_is_shown_of_a_call_has_the_same_classes(whole: Came) -> None:
    bill = {row.request_id: row.usage for row in whole.truth}
    for call in whole.shown["aiUsage"]:
        usage = bill[call["requestId"]]
        assert call["promptTokens"] == usage.prompt_tokens
        assert call["completionTokens"] == usage.completion_tokens
        assert call["cacheReadTokens"] == usage.cache_read
        assert (call["cacheWriteTokens"], call["cacheWrite1hTokens"]) == (usage.cache_write, usage.cache_write_1h)
        assert call["reasoningTokens"] == usage.reasoning


def test_the_sdk_gets_its_own_answer(whole: Came) -> None:
    """Thirty calls in flight, and none gets another's text."""
    ways = [way for way, line in whole.told.items() if "text" in line]
    assert len(ways) >= PARALLEL + 3
    for way in ways:
        number = way.rpartition(" ")[2]
        if number.isdigit():
            assert whole.told[way]["text"] == f"naïve answer number {number} ✓"
        assert whole.told[way]["text"].startswith("naïve answer number ")
        assert whole.told[way]["id"] == whole.truth_of(way).response_id
    assert len({whole.told[way]["id"] for way in ways}) == len(ways)


def test_the_sdk_sees_the_usage_it_would_see_without_us(whole: Came) -> None:
    for way, line in whole.told.items():
        if "written" in line:
            usage = whole.truth_of(way).usage
            assert line["written"] == usage.completion_tokens
        if "cache_read" in line:
            assert (line["input"], line["cache_read"]) == (usage.input, usage.cache_read)


@pytest.mark.parametrize("whole", ["openai"], indirect=True)
def test_a_stream_that_asked_for_no_usage_sees_none(whole: Came) -> None:
    """The ledger is exact all the same: the proxy asks, and keeps the extra chunk for itself."""
    without = [way for way in whole.told if "stream" in way and way not in ("stream with usage", "responses stream")]
    assert len(without) == 2 + PARALLEL // 3
    for way in without:
        assert (whole.told[way]["extra"], whole.told[way]["usages"]) == (0, [])
        (call,) = (call for call in whole.calls if call.response_id == whole.told[way]["id"])
        assert call.usage == whole.truth_of(way).planned
        assert whole.truth_of(way).reported == call.usage
    asked = whole.told["stream with usage"]
    assert asked["extra"] == 1
    assert asked["usages"] == [whole.truth_of("stream with usage").usage.completion_tokens]


def test_what_costs_nothing_is_no_call(whole: Came) -> None:
    assert any(row.endpoint in FREE for row in whole.truth)
    assert not any(call.endpoint in FREE for call in whole.calls)
    assert "unmetered" not in whole.stderr


# --- all is not well ---


def test_the_sdk_raises_what_it_would_raise_without_us(broken: Came) -> None:
    errors = {way: line["error"] for way, line in broken.told.items()}
    assert None not in errors.values()
    statuses = [way for way in errors if way.isdigit()]
    assert len(statuses) in (4, 5)
    by_status = {row.status: row for row in broken.truth if row.status and row.status >= 400}
    for way in statuses:
        line, row = broken.told[way], by_status[int(way)]
        assert line["status"] == int(way)
        error = line["body"].get("error", line["body"])  # openai's SDK has taken the outer object off
        assert error["message"] == f"sorry, {way}"
        assert row.request_id in line["headers"].values()
        assert line["headers"]["content-type"] == "application/json"
        assert line["headers"]["retry-after"] == ("1" if way == "429" else None)
    assert len({errors[way] for way in statuses}) >= 3


def test_an_error_status_is_not_billed(broken: Came) -> None:
    refused = [row for row in broken.truth if row.status and row.status >= 400]
    released = [call for call in broken.calls if call.state is CallState.RELEASED]
    assert [call.http_status for call in released] == [row.status for row in refused]
    assert {call.cost_nanos for call in released} == {None}
    assert not any(call["state"] == "released" for call in broken.shown["aiUsage"])


def test_what_the_provider_cut_is_billed_and_marked(broken: Came) -> None:
    cut = [row for row in broken.truth if row.ended in ("cut", "error")]
    settled = [call for call in broken.calls if call.state is CallState.SETTLED]
    assert [call.request_id for call in settled] == [row.request_id for row in cut]
    assert {call.cut for call in settled} == {Cut.UPSTREAM}
    assert {call.evidence for call in settled} == {Evidence.ESTIMATED}
    assert all(call.cost_nanos for call in settled)
    assert broken.shown["interruptedCalls"] == len(cut)
    assert f"{len(cut)} calls interrupted, billed for what came" in broken.stderr
