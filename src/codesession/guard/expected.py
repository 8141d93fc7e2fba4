"""What will a call probably cost? Balanced budgets hold that, and not the most it can."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

from codesession.guard.newest import keep
from codesession.model import BYTES_PER_TOKEN, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codesession.model import Attempt

FEW = 20
"""Samples below which the fixed figure is used."""
NEWEST = 200
"""Samples that count."""
UNKNOWN_OUTPUT = 2_000
"""Tokens expected of an answer while there are fewer samples: more than most of an agent's answers have. A stream that
writes more reserves more."""
PERCENTILE = 95

CACHED_MS = 5 * 60 * 1000
"""How long providers keep a prompt in their cache, at the least
(https://docs.claude.com/en/docs/build-with-claude/prompt-caching, read 2026-11-22)."""

MOST_CONVERSATIONS = 1_000


class _Last(NamedTuple):
    request_bytes: int
    usage: Usage
    at_ms: int


class Experience:
    """What calls have used so far, of this process and the newest of the ledger."""

    def __init__(self) -> None:
        self._outputs: OrderedDict[tuple[str, str, str | None], deque[int]] = OrderedDict()
        self._conversations: OrderedDict[tuple[object, ...], _Last] = OrderedDict()

    def usage(self, attempt: Attempt, now_ms: int, known: Callable[[], Iterable[int]]) -> Usage:
        """The usage to expect; `known` gives earlier answers' tokens when this model and agent are new here.

        The input is what the conversation was last measured to have, in the provider's cache if it used one lately,
        and a fourth of the bytes that have come since. The output is the 95th percentile of this model and agent.
        """
        last = self._conversations.get(conversation(attempt))
        expected = -(-attempt.request_bytes // BYTES_PER_TOKEN)
        output = self._output(attempt, known)
        if attempt.max_output is not None:
            output = min(output, attempt.max_output)
        if last is None or attempt.request_bytes < last.request_bytes:
            return Usage(input=expected, output=output)
        new = -(-(attempt.request_bytes - last.request_bytes) // BYTES_PER_TOKEN)
        before = last.usage.prompt_tokens
        if not last.usage.cache_read + last.usage.cache_write + last.usage.cache_write_1h:
            return Usage(input=before + new, output=output)
        if now_ms - last.at_ms > CACHED_MS:
            return Usage(cache_write=before + new, output=output)
        return Usage(cache_read=before, cache_write=new, output=output)

    def learn(self, attempt: Attempt, usage: Usage, now_ms: int) -> None:
        """Remember a call that was measured."""
        outputs = self._outputs.get(_model(attempt))
        if outputs is not None:
            outputs.append(usage.completion_tokens)
        last = _Last(attempt.request_bytes, usage, now_ms)
        keep(self._conversations, conversation(attempt), last, MOST_CONVERSATIONS)

    def _output(self, attempt: Attempt, known: Callable[[], Iterable[int]]) -> int:
        key = _model(attempt)
        outputs = self._outputs.get(key)
        if outputs is None:
            outputs = deque(known(), NEWEST)
            keep(self._outputs, key, outputs, MOST_CONVERSATIONS)
        if len(outputs) < FEW:
            return UNKNOWN_OUTPUT
        return sorted(outputs)[(len(outputs) * PERCENTILE - 1) // 100]


def _model(attempt: Attempt) -> tuple[str, str, str | None]:
    return attempt.provider, attempt.model, attempt.agent


def conversation(attempt: Attempt) -> tuple[object, ...]:
    """What calls of one conversation have in common, as far as they tell."""
    return attempt.session_id, attempt.client_session, *_model(attempt), attempt.user, attempt.customer
