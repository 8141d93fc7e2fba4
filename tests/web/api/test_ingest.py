"""Does what an app tells us of its calls get into the ledger once, whole, and in the right session?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.api.pushing import ONE, kept, push, refused

from codesession.app import Entry, budgets_now, end_session, pricing, pushes, set_budget
from codesession.app.budgets import Terms
from codesession.app.push_receipts import Push, PushedCall, Taken
from codesession.app.push_sessions import Where, look_at
from codesession.app.pushes import Intake
from codesession.meter import PricesUnavailable
from codesession.model import EventKind, Evidence, Mode, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.testclient import TestClient
    from tests.app.place import Place

    from codesession.app import App
    from codesession.app.push_sessions import Place as Look

pytestmark = pytest.mark.usefixtures("priced")

PUSHED = PushedCall(Entry("anthropic", "claude-sonnet-4", prompt_tokens=8000, completion_tokens=2000))


# --- what was said ---


def test_a_call_is_kept_priced_and_answered(client: TestClient, app: App, place: Place) -> None:
    answered = push(client, ONE)
    (call,) = kept(app)
    assert (call.usage, call.cost_nanos, call.evidence) == (Usage(input=8000, output=2000), 54_000_000, Evidence.MANUAL)
    assert (call.started_ms, call.ended_ms, call.session_id) == (place.now_ms, place.now_ms, None)
    logged = answered["logged"]
    assert (logged["id"], logged["cost"], logged["tokens"], logged["evidence"]) == (1, 0.054, 10_000, "manual")
    assert answered["session"] is None


def test_another_list_that_is_put_in_use_prices_what_comes_next(
    client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_directory: object) -> None:
        raise PricesUnavailable("The disk is full.")

    published = ONE | {"model": "claude-haiku-4-5"}
    with monkeypatch.context() as patch:
        patch.setattr(pricing, "ensure_shards", unavailable)
        push(client, published)
    push(client, published)
    assert [call.cost_nanos for call in kept(app)] == [None, 18_000_000]


def test_all_that_is_said_is_kept(client: TestClient, app: App) -> None:
    push(
        client,
        ONE
        | {
            "cacheReadTokens": 5000, "cacheWriteTokens": 1000, "cacheWrite1hTokens": 500, "reasoningTokens": 700,
            "agentName": "Reviewer", "user": "u1", "customer": "acme", "feature": "search", "requestId": "req_1",
            "timestamp": "2026-03-01T12:00:00.250+01:00", "durationSeconds": 2.5,
        },
    )  # fmt: skip
    (call,) = kept(app)
    assert call.usage == Usage(
        input=1500, cache_read=5000, cache_write=1000, cache_write_1h=500, output=1300, reasoning=700
    )
    assert call.usage.tokens == 10_000
    # $3, $0.30, $3.75 and $6 per million read, $15 written
    assert call.cost_nanos == 4_500_000 + 1_500_000 + 3_750_000 + 3_000_000 + 30_000_000
    assert (call.agent, call.user, call.customer, call.feature) == ("Reviewer", "u1", "acme", "search")
    assert (call.request_id, call.started_ms, call.ended_ms) == ("req_1", 1_772_362_800_250, 1_772_362_802_750)


COSTS: dict[str, tuple[dict[str, object], int | None, str]] = {
    "a-cost-that-is-given-wins": ({"cost": 0.3}, 300_000_000, "manual"),
    "a-cost-of-nothing-too": ({"cost": 0}, 0, "manual"),
    "a-total-is-split": ({"tokens": 10_000, "promptTokens": None, "completionTokens": None}, 66_000_000, "estimated"),
    "without-a-price-it-is-unpriced": ({"model": "mystery-1"}, None, "manual"),
    "and-so-is-a-total-without-one": (
        {"model": "mystery-1", "tokens": 9, "promptTokens": None, "completionTokens": None}, None, "manual",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COSTS)
def test_what_it_cost(client: TestClient, app: App, case: str) -> None:
    said, nanos, evidence = COSTS[case]
    logged = push(client, ONE | said)["logged"]
    (call,) = kept(app)
    assert (call.cost_nanos, call.evidence, call.is_unpriced) == (nanos, evidence, nanos is None)
    assert (logged["cost"], logged["unpriced"]) == (None if nanos is None else nanos / 10**9, nanos is None)


def test_a_model_of_ones_own_costs_by_the_hour(client: TestClient, app: App, place: Place) -> None:
    row = {"provider": "ollama", "model": "llama3", "costPerHour": 0.4, "gpuName": "RTX 4090"}
    (place.home / ".codesession" / "local-models.json").write_text(json.dumps([row]))
    mine = {"provider": "ollama", "model": "llama3", "tokens": 100, "durationSeconds": 90}
    push(client, [mine | {"local": True}, mine, mine | {"local": True, "cost": 1}, mine | {"durationSeconds": None}])
    told, untold, paid, timeless = kept(app)
    assert (told.cost_nanos, told.hardware, told.evidence) == (10_000_000, "RTX 4090", Evidence.MANUAL)
    assert (untold.cost_nanos, untold.terms.is_local) == (10_000_000, True)
    assert (paid.cost_nanos, paid.hardware) == (1_000_000_000, "RTX 4090")
    assert timeless.is_unpriced


MISTAKES: dict[str, tuple[Any, str, str]] = {
    "no-provider": ({"model": "x", "tokens": 1}, "invalid_input", "provider: is missing."),
    "a-blank-name": (ONE | {"provider": " "}, "invalid_input", "The provider is blank."),
    "a-long-name": (ONE | {"model": "m" * 201}, "invalid_input", "model: string should have at most 200 characters."),
    "an-unknown-key": (ONE | {"promptToken": 1}, "invalid_input", "promptToken: there is no such field."),
    "no-tokens": (
        {"provider": "a", "model": "b", "cost": 1}, "missing_tokens",
        "Say how many tokens were used: tokens, or promptTokens and completionTokens.",
    ),
    "none-used": ({"provider": "a", "model": "b", "tokens": 0}, "missing_tokens", "Say how many"),
    "a-negative-amount": (ONE | {"promptTokens": -1}, "invalid_input", "promptTokens: input should be greater than"),
    "half-a-token": (ONE | {"promptTokens": 1.5}, "invalid_input", "promptTokens: input should be a valid integer"),
    "a-word-for-a-number": (ONE | {"cost": "1"}, "invalid_input", "cost: input should be a valid number."),
    "more-cached-than-read": (ONE | {"cacheReadTokens": 9000}, "invalid_input", "Cached tokens are part of promptTok"),
    "more-thought-than-written": (ONE | {"reasoningTokens": 9000}, "invalid_input", "Reasoning is part of completion"),
    "a-total-below-its-parts": (ONE | {"tokens": 5}, "invalid_input", "tokens 5 is less than the 10000 tokens"),
    "a-time-without-zone": (ONE | {"timestamp": "2026-03-01T12:00:00"}, "invalid_input", "timestamp: write it as"),
    "no-time": (ONE | {"timestamp": "yesterday"}, "invalid_input", "timestamp: write it as"),
    "a-time-out-of-bounds": (ONE | {"timestamp": "0001-01-01T00:00:00+14:00"}, "invalid_input", "timestamp: it lies"),
    "the-day-after-tomorrow": (ONE | {"timestamp": "2026-03-04T14:30:11Z"}, "invalid_input", "timestamp: it lies"),
    "two-agents": (ONE | {"agent": "a", "agentName": "b"}, "invalid_input", "agent and agentName differ"),
    "two-sessions": (ONE | {"sessionId": 1, "sessionName": "b"}, "invalid_input", "Say sessionId, or sessionName"),
    "no-session-of-that-id": (ONE | {"sessionId": 9}, "session_not_found", "No session has the id 9."),
    "a-relative-directory": (ONE | {"directory": "src"}, "invalid_input", "The directory 'src' is not an absolute"),
    "no-call": ([], "invalid_input", "the body: list should have at least 1 item"),
    "too-many": ([ONE] * 1001, "invalid_input", "the body: list should have at most 1000 items"),
    "no-object": (["x"], "invalid_input", "[0]: an object was expected."),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_said_in_a_sentence_and_nothing_is_kept(client: TestClient, app: App, case: str) -> None:
    body, code, sentence = MISTAKES[case]
    status, said_code, said = refused(client, body)
    assert (status, said_code) == (404 if code == "session_not_found" else 400, code)
    assert said.startswith(sentence)
    assert kept(app) == []


# --- all or none ---


def test_several_calls_are_kept_in_their_order(client: TestClient, app: App) -> None:
    answered = push(client, [ONE | {"customer": name} for name in ("a", "b", "c")])
    assert [call["customer"] for call in answered["logged"]] == ["a", "b", "c"]
    assert [call.customer for call in kept(app)] == ["a", "b", "c"]
    assert answered["sessions"] == []


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        pytest.param({"tokens": 1}, "[2] tokens 1 is less than the 10000 tokens of its parts.", id="before"),
        pytest.param({"sessionId": 9}, "[2] No session has the id 9.", id="within-the-transaction"),
    ],
)
def test_one_mistake_among_several_keeps_none(client: TestClient, app: App, bad: object, sentence: str) -> None:
    begins = ONE | {"sessionName": "begun in vain"}
    answer = client.post("/calls", json=[begins, ONE, ONE | bad, ONE], headers={"idempotency-key": "k"})  # type: ignore[operator]
    assert (answer.json()["error"], answer.json()["index"]) == (sentence, 2)
    assert kept(app) == []
    with app.ledger.reading() as reader:
        assert (reader.active_sessions(), reader.receipt("k")) == ([], None)


# --- once ---


def test_the_same_key_again_answers_the_same_and_counts_once(client: TestClient, app: App) -> None:
    body = ONE | {"sessionName": "Nightly"}
    first = client.post("/calls", json=body, headers={"idempotency-key": "a"})
    push(client, body)  # the session has come to more since
    again = client.post("/calls", json=dict(reversed(body.items())), headers={"idempotency-key": "a"})
    assert (again.status_code, again.content) == (201, first.content)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert len(kept(app)) == 2


def test_a_key_may_stand_in_the_call(client: TestClient, app: App) -> None:
    keyed = ONE | {"idempotencyKey": "a"}
    first = push(client, keyed)
    assert push(client, ONE, key="a") == first
    assert push(client, keyed, key="a") == first
    assert refused(client, keyed, key="b")[1] == "invalid_input"
    answered = push(client, [keyed, ONE | {"idempotencyKey": "b"}, ONE | {"idempotencyKey": "b"}])
    assert [call["id"] for call in answered["logged"]] == [1, 2, 2]
    assert len(kept(app)) == 2


def test_a_list_has_a_key_of_its_own(client: TestClient, app: App) -> None:
    both = [ONE | {"sessionName": "x"}, ONE]
    assert push(client, both, key="a") == push(client, both, key="a")
    assert refused(client, both[:1], key="a")[:2] == (409, "idempotency_conflict")
    assert len(kept(app)) == 2


@pytest.mark.parametrize(
    "other",
    [{"promptTokens": 1}, {"customer": "b"}, {"sessionName": "x"}, {"cost": 0}],
    ids=lambda other: next(iter(other)),
)
def test_the_same_key_with_something_else_is_refused(client: TestClient, app: App, other: Mapping[str, object]) -> None:
    push(client, ONE, key="a")
    assert refused(client, {**ONE, **other}, key="a")[:2] == (409, "idempotency_conflict")
    assert refused(client, ONE, "/sessions/active/ai", key="a")[:2] == (409, "idempotency_conflict")
    assert len(kept(app)) == 1


def test_a_refused_push_uses_up_no_key(client: TestClient) -> None:
    assert refused(client, ONE | {"sessionId": 1}, key="a")[1] == "session_not_found"
    push(client, ONE, key="a")


def test_a_key_survives_a_restart_and_the_end_of_the_session(client: TestClient, app: App, place: Place) -> None:
    body = ONE | {"sessionName": "Nightly"}
    first = push(client, body, key="a")
    end_session(app, first["session"]["id"])
    taken = Intake(place.app()).take(_same(body, "a"))
    assert (taken.is_repeated, [call.id for call in taken.calls]) == (True, [1])
    with app.ledger.reading() as reader:
        assert reader.active_sessions() == []


def test_a_key_is_forgotten_after_thirty_days(client: TestClient, app: App, place: Place) -> None:
    push(client, ONE, key="a")
    place.now_ms += 29 * 86_400_000
    push(client, ONE, key="b")
    assert push(client, ONE, key="a")["logged"]["id"] == 1
    place.now_ms += 2 * 86_400_000
    push(client, ONE, key="c")
    assert push(client, ONE, key="a")["logged"]["id"] == 4
    with app.ledger.reading() as reader:
        assert reader.receipt("b") is not None


def _same(body: Mapping[str, Any], key: str) -> Push:
    """What the route makes of `body`."""
    entry = Entry("anthropic", "claude-sonnet-4", prompt_tokens=8000, completion_tokens=2000)
    return Push((PushedCall(entry, Where(name=body["sessionName"])),), key)


# --- at the same time, and killed ---


def test_a_rival_with_the_same_key_that_comes_between_is_seen(
    place: Place, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival, wanted = Intake(place.app()), Push((PUSHED,), "a")

    def look_while_the_rival_pushes(app: App, wheres: Iterable[Any]) -> dict[str, Look]:
        monkeypatch.undo()
        assert not rival.take(wanted).is_repeated
        return look_at(app, wheres)

    monkeypatch.setattr(pushes, "look_at", look_while_the_rival_pushes)
    taken = Intake(app).take(wanted)
    assert (taken.is_repeated, [call.id for call in taken.calls]) == (True, [1])
    assert len(kept(app)) == 1


def test_many_threads_with_one_key_count_once(place: Place, app: App) -> None:
    intakes = [Intake(app), Intake(place.app())]
    barrier = threading.Barrier(8)
    taken: list[Taken] = []

    def push_one(number: int) -> None:
        barrier.wait()
        taken.extend(intakes[number % 2].take(Push((PUSHED, PUSHED), f"k{key}")) for key in range(5))

    threads = [threading.Thread(target=push_one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert sum(not each.is_repeated for each in taken) == 5
    assert len(kept(app)) == 10


KILLED = """
import itertools, sys
from codesession.app import Entry, open_app
from codesession.app.push_receipts import Push, PushedCall, Taken
from codesession.app.pushes import Intake
from codesession.config import read_config

call = PushedCall(Entry("anthropic", "claude-sonnet-4", prompt_tokens=8000, completion_tokens=2000))
with open_app(read_config(), print) as app:
    intake = Intake(app)
    for number in itertools.count():
        intake.take(Push((call,) * 20, f"k{number}"))
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_server_that_is_killed_leaves_whole_pushes_that_count_once_when_they_are_sent_again(
    place: Place, app: App
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, env=os.environ | {"HOME": str(place.home)}
    )
    assert child.stdout is not None
    for _ in range(3):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    done = 3 + len(child.stdout.readlines())
    child.stdout.close()
    calls = len(kept(app))
    assert calls in (20 * done, 20 * (done + 1))  # the last one may have been kept, and not told
    taken = [Intake(app).take(Push((PUSHED,) * 20, f"k{number}")) for number in range(done + 2)]
    assert [each.is_repeated for each in taken[:done]] == [True] * done
    assert len(kept(app)) == 20 * (done + 2)


# --- budgets ---


def test_it_counts_toward_budgets_is_refused_by_none_and_told(client: TestClient, app: App, place: Place) -> None:
    set_budget(app, "customer:acme", "day", Terms(50_000_000, Mode.BLOCK))
    push(client, [ONE | {"customer": "acme"}, ONE | {"customer": "other"}, ONE | {"customer": "acme"}])
    (standing,) = budgets_now(app).rules[0][1]
    assert standing.spent_nanos == 108_000_000
    with app.ledger.reading() as reader:
        (event,) = reader.events(EventKind.WARNED)
    assert "acme" in event.message
    assert place.said == [event.message]


def test_a_repeated_push_counts_once_toward_budgets(client: TestClient, app: App) -> None:
    set_budget(app, "all", "month", Terms(10**9, Mode.WARN))
    for _ in range(3):
        push(client, ONE, key="a")
    (standing,) = budgets_now(app).rules[0][1]
    assert standing.spent_nanos == 54_000_000
