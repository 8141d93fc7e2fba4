"""Does the watch find loops by their tenth call, and leave everything else alone?"""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.agents import Desk
from tests.guard.healthy import HEALTHY
from tests.guard.runaways import RUNAWAYS
from tests.laws.examples import each

from codesession.guard.runaway import Runaway, Thresholds, Watch
from codesession.model import Attempt, Step, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.model import Rule


@pytest.mark.parametrize("trace", [pytest.param(trace, id=trace.__name__) for trace in HEALTHY])
def test_what_is_no_loop_is_left_alone(trace: Callable[[Desk], None]) -> None:
    desk = Desk()
    trace(desk)

    assert desk.sent >= 6
    assert desk.found == []


@pytest.mark.parametrize(
    ("trace", "rule"), [pytest.param(trace, rule, id=trace.__name__) for trace, rule in RUNAWAYS.items()]
)
def test_a_loop_is_caught_by_its_tenth_call(trace: Callable[[Desk], None], rule: Rule) -> None:
    desk = Desk()
    trace(desk)

    call, runaway = desk.found[0]
    assert 3 <= call <= 10
    assert runaway.rule is rule


# --- what is remembered ---

OFF = Thresholds(nanos_per_minute=0, same_request=0, same_tool_call=0, errors=0, file_churn=0)


def attempt(body: bytes = b"1", steps: tuple[Step, ...] = (), **more: Any) -> Attempt:
    return Attempt(1, "openai", "gpt-4o", "chat", streamed=False, request_bytes=9, trace=Trace(body, steps), **more)


def said(runaway: Runaway | None) -> str:
    assert runaway is not None
    return runaway.sentence


def step(call: bytes, result: bytes | None = b"same", file: bytes | None = None, content: bytes | None = None) -> Step:
    return Step(call, result, file, content)


@pytest.mark.parametrize("trace", [pytest.param(trace, id=trace.__name__) for trace in RUNAWAYS])
def test_a_threshold_of_nothing_switches_a_rule_off(trace: Callable[[Desk], None]) -> None:
    desk = Desk(Watch(OFF))
    trace(desk)

    assert desk.found == []


def test_money_counts_for_a_minute() -> None:
    watch = Watch(replace(OFF, nanos_per_minute=10))
    watch.ended(attempt(), 6, 200, 1_000_000)
    watch.ended(attempt(), 6, 200, 1_030_000)

    assert said(watch.sent(attempt(), 1_030_000)).startswith("$0.000000012 was spent within a minute")
    assert watch.sent(attempt(), 1_060_000) is None


def test_as_much_as_may_be_spent_in_a_minute_is_no_loop() -> None:
    watch = Watch(replace(OFF, nanos_per_minute=10))
    watch.ended(attempt(), 10, 200, 1_000_000)

    assert watch.sent(attempt(), 1_000_000) is None


def sent_and_answered(watch: Watch, one: Attempt, now_ms: int, status: int = 200) -> Runaway | None:
    runaway = watch.sent(one, now_ms)
    watch.ended(one, 1 if status == 200 else None, status, now_ms + 1)
    return runaway


def test_the_same_request_is_counted_for_five_minutes() -> None:
    watch = Watch(replace(OFF, same_request=3))

    assert [bool(sent_and_answered(watch, attempt(), minute * 60_000)) for minute in (0, 2, 6, 10, 11, 12)] == [
        *(False, False, False, False, True, True)
    ]


def test_another_user_s_same_request_is_another() -> None:
    watch = Watch(replace(OFF, same_request=2))

    assert not any(sent_and_answered(watch, attempt(user=name), 0) for name in "abc")
    assert not any(sent_and_answered(watch, attempt(customer=name), 0) for name in "abc")
    assert sent_and_answered(watch, attempt(user="a"), 0)


def test_a_try_again_is_not_the_same_request_again() -> None:
    watch = Watch(replace(OFF, same_request=2))
    sent_and_answered(watch, attempt(), 0)

    assert sent_and_answered(watch, attempt(retry=1), 0) is None
    assert sent_and_answered(watch, attempt(), 0, status=500)
    assert sent_and_answered(Watch(replace(OFF, same_request=1)), attempt(), 0)


def test_a_call_that_was_held_back_is_found_as_long_as_it_is_tried() -> None:
    watch = Watch(replace(OFF, same_request=3))
    for _ in range(2):
        sent_and_answered(watch, attempt(), 0)

    assert all(watch.sent(attempt(), second * 1000) for second in range(5))


def test_a_call_that_is_never_heard_of_again_hides_repetitions_for_five_minutes_at_most() -> None:
    watch = Watch(replace(OFF, same_request=2))
    watch.sent(attempt(), 0)  # and something else refused it

    assert [bool(sent_and_answered(watch, attempt(), minute * 60_000)) for minute in (1, 4, 6, 7)] == [
        *(False, False, False, True)
    ]


def test_one_success_ends_a_row_of_errors() -> None:
    watch = Watch(replace(OFF, errors=3))
    for status in (500, 400, 200, 500, 400):
        sent_and_answered(watch, attempt(), 0, status)
    assert watch.sent(attempt(), 0) is None

    watch.ended(attempt(), None, None, 0)  # the provider could not be reached
    assert said(watch.sent(attempt(), 0)) == "3 calls failed, one after the other, and none succeeded."
    assert watch.sent(attempt(), 300_002) is None


def test_an_answer_without_a_price_is_no_error() -> None:
    watch = Watch(replace(OFF, errors=1))
    watch.ended(attempt(), None, 200, 0)

    assert watch.sent(attempt(), 0) is None


def test_an_overloaded_provider_counts_half_and_for_its_request_only() -> None:
    watch = Watch(replace(OFF, errors=2))
    for _ in range(4):
        watch.ended(attempt(b"1"), None, 529, 0)

    assert watch.sent(attempt(b"2"), 0) is None
    assert said(watch.sent(attempt(b"1"), 0)).startswith("4 calls failed")


# --- what the steps show ---


def test_a_call_whose_results_change_may_be_made_four_times_as_often() -> None:
    watch = Watch(replace(OFF, same_tool_call=2))
    steps = tuple(step(b"poll", bytes([number])) for number in range(8))

    assert watch.sent(attempt(steps=steps[:7]), 0) is None
    assert (
        said(watch.sent(attempt(steps=steps), 0)) == "The same tool call was made 8 times, among the last 8 tool calls."
    )


def test_a_result_that_is_not_known_is_not_the_same() -> None:
    watch = Watch(replace(OFF, same_tool_call=2))

    assert watch.sent(attempt(steps=(step(b"a", None),) * 7), 0) is None
    assert watch.sent(attempt(steps=(step(b"a", None), step(b"b", None)) * 3), 0) is None


def test_ten_edits_of_one_file_are_work_and_nothing_but_edits_of_it_is_a_loop() -> None:
    watch = Watch(Thresholds())
    edits = tuple(step(bytes([number]), b"saved", b"file", bytes([number])) for number in range(22))
    reads = tuple(step(bytes([number]), bytes([number])) for number in range(100, 103))

    assert watch.sent(attempt(steps=edits), 0) is None
    assert watch.sent(attempt(steps=reads + edits[:21]), 0) is None
    assert said(watch.sent(attempt(steps=reads[:2] + edits), 0)) == "Of the last 24 tool calls 22 wrote the same file."


def test_one_content_written_again_and_again_is_a_loop() -> None:
    watch = Watch(Thresholds())
    steps = tuple(step(bytes([number]), bytes([number]), b"file", b"content") for number in range(5))

    assert said(watch.sent(attempt(steps=steps), 0)) == (
        "The same file was written 5 times with the same content, among the last 5 tool calls."
    )


# --- being forgiven ---


def test_what_was_forgiven_is_found_again_when_it_has_gone_on_as_long() -> None:
    watch = Watch(replace(OFF, same_tool_call=4))
    found = []
    for number in range(1, 20):
        runaway = watch.sent(attempt(bytes([number]), (step(b"a"),) * number), 0)
        if runaway:
            found.append(number)
            watch.forgive()

    assert found == [4, 9, 14, 19]


def test_one_circle_forgiven_does_not_hide_another() -> None:
    watch = Watch(replace(OFF, same_tool_call=4))
    assert watch.sent(attempt(steps=(step(b"a"),) * 4), 0)
    watch.forgive()

    assert watch.sent(attempt(steps=(step(b"a"),) * 5), 0) is None
    assert watch.sent(attempt(steps=(step(b"a"),) * 5 + (step(b"b"),) * 4), 0)


@pytest.mark.parametrize("trace", [pytest.param(trace, id=trace.__name__) for trace in RUNAWAYS])
def test_forgiving_lets_the_next_call_pass(trace: Callable[[Desk], None]) -> None:
    class Forgiving(Watch):
        def sent(self, attempt: Attempt, now_ms: int) -> Runaway | None:
            runaway = super().sent(attempt, now_ms)
            if runaway:
                self.forgive()
            return runaway

    desk = Desk(Forgiving(Thresholds()))
    trace(desk)

    calls = [call for call, _ in desk.found]
    assert 1 <= len(calls) <= 2
    assert not any(call + 1 in calls for call in calls)


# --- bounds ---


def room(thing: object) -> int:
    """Bytes of `thing` and all that it holds on to."""
    seen: dict[int, object] = {}
    ahead = [thing]
    while ahead:
        one = ahead.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen[id(one)] = one
            ahead += gc.get_referents(one)
    return sum(map(sys.getsizeof, seen.values()))


@pytest.mark.no_cover  # its many calls go where other tests go line by line
def test_ten_thousand_calls_that_all_differ_leave_little_behind() -> None:
    watch = Watch(Thresholds())
    for number in range(10_000):
        body = number.to_bytes(16)
        one = attempt(body, (step(body),) * 6, user=str(number))
        if watch.sent(one, number * 10) and number % 3 == 0:
            watch.forgive()
        failed = number % 1000 > 500
        watch.ended(one, None if failed else 1, 500 if failed else 200, number * 10 + 5)

    assert 10_000 < room(watch) < 1_000_000


DIGESTS = st.sampled_from([b"a", b"b", b"c"])
STEPS = st.lists(
    st.builds(Step, DIGESTS, st.none() | DIGESTS, st.none() | DIGESTS, st.none() | DIGESTS), max_size=24
).map(tuple)


@pytest.mark.no_cover  # its many examples go where other tests go line by line
@given(
    calls=st.lists(st.tuples(STEPS, st.none() | st.integers(0, 10**10), st.sampled_from([None, 200, 400, 529]))),
    thresholds=st.builds(Thresholds, st.integers(0, 10**10), *[st.integers(0, 30)] * 4),
)
@each(40)
def test_whatever_is_seen_a_finding_is_a_sentence(
    calls: list[tuple[tuple[Step, ...], int | None, int | None]], thresholds: Thresholds
) -> None:
    watch = Watch(thresholds)
    for number, (steps, cost, status) in enumerate(calls):
        one = attempt(b"1", steps)
        runaway = watch.sent(one, number * 1000)
        assert runaway is None or (runaway.sentence.endswith(".") and runaway.sentence[0] in "$T1234567890OF")
        if runaway and number % 2:
            watch.forgive()
        watch.ended(one, cost, status, number * 1000)
