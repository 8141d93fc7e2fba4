"""Does a session go in a circle? Found from what its requests show of their past, how its calls end, and their cost.

Pure: the time and every figure is handed in. Two sources, for two kinds of loop. The conversation within one request
shows the circles of a model (the same tool call, one file written over and over); agents that work side by side
cannot be mixed up there, and nothing has to be remembered. Between requests one has to remember: the same request
again, errors in a row, money by the minute. All that is remembered has a bound.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.guard.circles import circles
from codesession.guard.newest import keep
from codesession.model import NANOS_PER_USD, Rule
from codesession.model.money import money

if TYPE_CHECKING:
    from codesession.guard.circles import Circle
    from codesession.model import Attempt, Nanos


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how much on it is a loop; 0 switches a rule off.

    The defaults leave room for what healthy agents do, and catch a loop by its tenth call: `tests/guard/` has traces
    of both.
    """

    nanos_per_minute: Nanos = 10 * NANOS_PER_USD
    """of money settled within a minute. Ten agents side by side that each make six calls a minute, with 100,000 cached
    tokens at $0.50 and 1,000 written at $25 a million, come to $4.50; $10 a minute is $600 an hour"""
    same_request: int = 8
    """times within five minutes, each after it was answered. One may ask the same thing five times over to compare the
    answers, and people say the same"""
    same_tool_call: int = 6
    """times with the same result among the newest steps. A model that is told of an error tries again two or three
    times. With results that change, it may be made four times as often: that is how one waits for a build"""
    errors: int = 8
    """failed calls in a row, within five minutes. SDKs try three times, Claude Code and Codex some more where the
    provider says that it is overloaded: such a failure counts half, and only for the request that it answered"""
    file_churn: int = 5
    """times one file is written, with contents that come back or the same check failing after each"""


@dataclass(frozen=True, slots=True)
class Runaway:
    """What was found."""

    rule: Rule
    sentence: str
    """for the person and the model, with figures, and no text of theirs"""


_MINUTE_MS = 60_000
_LATELY_MS = 5 * _MINUTE_MS
"""How long ago a request or a failure still counts."""

_MOST = 256
"""Requests, and parts of circles, that are remembered; of more, the oldest is forgotten."""
_MOST_FAILURES = 128
_MOST_IN_FLIGHT = 64
_BAD = 400
"""From this status on a call has failed."""

_NOT_NOW = frozenset({429, 503, 529})
"""Statuses that ask to come again later; the client that does so is no fault."""


@dataclass(slots=True)
class _Request:
    """One body, as often as it was sent."""

    rounds: deque[int]
    """when it was sent after it had been answered, in milliseconds"""
    in_flight: deque[int]
    """when the calls with it were sent that have not ended; one of which nothing is heard is forgotten in time"""
    was_answered: bool = False
    sent_ms: int = 0


class _Memory:
    """What a session's calls leave behind."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.spent: deque[list[int]] = deque()
        """nano-dollars by the second: a row is [second, nanos]"""
        self.failures: deque[tuple[int, bool, bytes]] = deque(maxlen=max(_MOST_FAILURES, 2 * thresholds.errors))
        """since the last success: when, whether it said to come again later, and of which request"""
        self.requests: OrderedDict[tuple[object, ...], _Request] = OrderedDict()


class Watch:
    """Looks for loops in one session."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._memory = _Memory(thresholds)
        self._found: OrderedDict[bytes, int] = OrderedDict()
        """parts of the circles that were found, and how many calls a pardon of them lasts"""
        self._pardoned: OrderedDict[bytes, int] = OrderedDict()

    def sent(self, attempt: Attempt, now_ms: int) -> Runaway | None:
        """Note that a call is about to be sent at `now_ms` (epoch milliseconds); the loop it belongs to, if it does.

        When there is one, the call is taken to be held back until somebody forgives.
        """
        request = self._request(attempt, now_ms)
        found = (
            self._too_fast(now_ms)
            or self._failing(attempt, now_ms)
            or (self._repeated(request) if request else None)
            or self._circling(attempt)
        )
        if request and not found:
            request.in_flight.append(now_ms)
        return found

    def ended(self, attempt: Attempt, cost_nanos: Nanos | None, http_status: int | None, now_ms: int) -> None:
        """Note how a call ended: what it cost in nano-dollars, if that is known, and the provider's status.

        Without a cost and without a good status it has failed.
        """
        failed = cost_nanos is None and (http_status is None or http_status >= _BAD)
        memory = self._memory
        if request := memory.requests.get(_key(attempt)):
            if request.in_flight:
                request.in_flight.pop()
            request.was_answered = not failed
        if failed:
            memory.failures.append((now_ms, http_status in _NOT_NOW, _body(attempt)))
            return
        memory.failures.clear()
        second = now_ms // 1000
        if memory.spent and memory.spent[-1][0] >= second:
            memory.spent[-1][1] += cost_nanos or 0
        else:
            memory.spent.append([second, cost_nanos or 0])
        self._forget_spent(now_ms)

    def forgive(self) -> None:
        """Begin anew: what was found is found again only when it has gone on as long once more."""
        self._memory = _Memory(self._thresholds)
        for part, calls in self._found.items():
            keep(self._pardoned, part, calls, _MOST)
        self._found.clear()

    def _too_fast(self, now_ms: int) -> Runaway | None:
        most = self._thresholds.nanos_per_minute
        self._forget_spent(now_ms)
        spent = sum(nanos for _, nanos in self._memory.spent)
        if not most or spent <= most:
            return None
        return Runaway(Rule.SPEED, f"{money(spent)} was spent within a minute, which is more than {money(most)}.")

    def _forget_spent(self, now_ms: int) -> None:
        spent = self._memory.spent
        while spent and spent[0][0] <= (now_ms - _MINUTE_MS) // 1000:
            spent.popleft()

    def _failing(self, attempt: Attempt, now_ms: int) -> Runaway | None:
        most = self._thresholds.errors
        failures = self._memory.failures
        while failures and failures[0][0] < now_ms - _LATELY_MS:
            failures.popleft()
        body = _body(attempt)
        plain = sum(not not_now for _, not_now, _ in failures)
        not_now = sum(not_now and of == body for _, not_now, of in failures)
        if not most or 2 * plain + not_now < 2 * most:
            return None
        return Runaway(Rule.ERROR_LOOP, f"{plain + not_now} calls failed, one after the other, and none succeeded.")

    def _request(self, attempt: Attempt, now_ms: int) -> _Request | None:
        """What is known of the request, with this time counted; None if it may be repeated as often as one likes.

        It counts when it is sent after it was answered: tries in parallel are one, and a try after an error is none.
        Embeddings are left out, as a text may well occur in many documents.
        """
        most = self._thresholds.same_request
        if not most or attempt.trace is None or attempt.max_output == 0:
            return None
        requests, key = self._memory.requests, _key(attempt)
        request = requests.get(key)
        if request is None or request.sent_ms < now_ms - _LATELY_MS:
            request = _Request(deque([now_ms], maxlen=most), deque(maxlen=_MOST_IN_FLIGHT))
        _forget(request.in_flight, now_ms - _LATELY_MS)
        if request.was_answered and not request.in_flight and not attempt.retry:
            request.rounds.append(now_ms)
        keep(requests, key, request, _MOST)
        request.sent_ms = now_ms
        _forget(request.rounds, now_ms - _LATELY_MS)
        return request

    def _repeated(self, request: _Request) -> Runaway | None:
        times = len(request.rounds)
        if times < self._thresholds.same_request:
            return None
        return Runaway(
            Rule.SAME_REQUEST,
            f"The same request was sent {times} times within five minutes, each time after it had been answered.",
        )

    def _circling(self, attempt: Attempt) -> Runaway | None:
        """The first circle that the request shows and nobody has pardoned; a pardon wears off with each call."""
        steps = attempt.trace.steps if attempt.trace else ()
        found: list[Circle] = []
        worn: set[bytes] = set()
        for circle in circles(steps, self._thresholds.same_tool_call, self._thresholds.file_churn):
            if all(self._pardoned.get(part) for part in circle.parts):
                worn.update(circle.parts)
            else:
                found.append(circle)
        for part in worn:
            self._pardoned[part] -= 1
        for circle in found:
            for step in steps:
                if step.call in circle.parts or step.file in circle.parts:  # both: it may be found by the other too
                    for digest in (step.call, step.file):
                        if digest is not None:
                            keep(self._found, digest, circle.threshold, _MOST)
        return Runaway(found[0].rule, found[0].sentence) if found else None


def _forget(times: deque[int], before_ms: int) -> None:
    while times and times[0] < before_ms:
        times.popleft()


def _body(attempt: Attempt) -> bytes:
    return attempt.trace.request if attempt.trace else b""


def _key(attempt: Attempt) -> tuple[object, ...]:
    """The same request of the same one: two customers may say the same."""
    who = (attempt.agent, attempt.user, attempt.customer, attempt.client_session)
    return (_body(attempt), attempt.provider, attempt.endpoint, *who)
