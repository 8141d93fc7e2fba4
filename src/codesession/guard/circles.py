"""Which circles do the newest tool calls of one conversation make?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codesession.model import Step


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle, by the digests that make it."""

    rule: Rule
    sentence: str
    parts: tuple[bytes, ...]
    """what goes round: a circle whose parts were all pardoned is pardoned"""
    threshold: int
    """how many more calls a pardon lasts"""


_NEWEST = 12
"""Steps among which a tool call is counted, unless its threshold needs more."""
_OFTEN = 4
"""So many times as often a call may be made whose results change."""
_LONGEST = 5
"""Calls that may take turns in a circle."""
_SHARE = 11 / 12
"""Of all steps: when so many write one file, they are nearly all."""
_ALL = 24
"""Steps that must be known before a share of them says something."""


def circles(steps: Sequence[Step], same_tool_call: int, file_churn: int) -> Iterator[Circle]:
    """The circles in `steps` (oldest first), for thresholds of which 0 is off."""
    if same_tool_call:
        yield from _same_calls(steps, same_tool_call)
        yield from _turns(steps, same_tool_call)
    if file_churn:
        yield from _churn(steps, file_churn)


def _same_calls(steps: Sequence[Step], most: int) -> Iterator[Circle]:
    newest = steps[-max(_NEWEST, 2 * most) :]
    last = f"among the last {len(newest)} tool calls"
    pairs = Counter((step.call, step.result) for step in newest if step.result is not None)
    for (call, _), times in pairs.items():
        if times >= most:
            sentence = f"The same tool call was made {_times(times)} with the same result, {last}."
            yield Circle(Rule.SAME_TOOL_CALL, sentence, (call,), most)
    for call, times in Counter(step.call for step in steps).items():
        if times >= _OFTEN * most:
            sentence = f"The same tool call was made {_times(times)}, among the last {len(steps)} tool calls."
            yield Circle(Rule.SAME_TOOL_CALL, sentence, (call,), _OFTEN * most)


def _turns(steps: Sequence[Step], most: int) -> Iterator[Circle]:
    """Calls that take turns, each with the same result as the last time."""
    for turn in range(2, _LONGEST + 1):
        length = max(most + 2, 3 * turn)
        newest = [(step.call, step.result) for step in steps[-length:]]
        calls = tuple(sorted({call for call, _ in newest}))
        if (
            len(newest) == length
            and len(calls) > 1
            and all(result is not None for _, result in newest)
            and all(newest[at] == newest[at - turn] for at in range(turn, length))
        ):
            sentence = f"For the last {length} tool calls, the same {len(calls)} took turns with the same results."
            yield Circle(Rule.SAME_TOOL_CALL, sentence, calls, most)
            return


def _churn(steps: Sequence[Step], most: int) -> Iterator[Circle]:
    newest = steps[-max(_NEWEST, 3 * most) :]
    last = f"among the last {len(newest)} tool calls"
    checks = Counter((step.call, step.result) for step in newest if step.result is not None and step.file is None)
    stuck = max(checks.values(), default=0)
    for file, times in Counter(step.file for step in newest if step.file is not None).items():
        if times < most:
            continue
        contents = len({step.content for step in newest if step.file == file})
        if 2 * contents <= times:
            how = f"with {contents} contents in turn" if contents > 1 else "with the same content"
        elif stuck >= max(2, most - 1):
            how = f"and the same check came out the same {_times(stuck)}"
        else:
            continue
        yield Circle(Rule.FILE_CHURN, f"The same file was written {_times(times)} {how}, {last}.", (file,), most)
    for file, times in Counter(step.file for step in steps if step.file is not None).items():
        if len(steps) >= _ALL and times >= max(most, _SHARE * len(steps)):
            sentence = f"Of the last {len(steps)} tool calls {times} wrote the same file."
            yield Circle(Rule.FILE_CHURN, sentence, (file,), most)


def _times(times: int) -> str:
    return "once" if times == 1 else f"{times} times"
