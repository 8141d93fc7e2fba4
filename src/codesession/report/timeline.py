"""What happened in a session, one after the other? Calls between the files, commits, remarks and refusals they led to.

It is told in pages of so many calls, from the last one backwards, so that a session of a hundred thousand calls is
shown as quickly as one of ten. With each page comes whatever else happened in the time of its calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import CallState, ChangeType, EventKind, Evidence, reason_of
from codesession.model.analysis import CallOrder, CallQuery, Spent
from codesession.report.evidence import Figure, figure_of
from codesession.report.formats import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codesession.model import Annotation, Call, Commit, Event, FileChange, Session
    from codesession.model.ports import Reader

CALLS_OF_A_PAGE = 500
MOST_MODELS = 4
"""Models that a group of calls names."""
MOST_FILES = 12
"""Files of a group that are named at once."""
_MOST_EVENTS = 2000
_PAUSE_MS = 30 * 60 * 1000
"""Calls that are further apart are told of one by one."""


class Calls(NamedTuple):
    """Calls that were made one after the other, with nothing else between them."""

    at_ms: int
    until_ms: int
    """when the last of them ended, or began, as far as that is known"""
    figure: Figure
    """of those that were billed"""
    models: tuple[str, ...]
    """dearest first"""
    agents: tuple[str, ...]
    held: int = 0
    failed: int = 0
    kind: str = "calls"

    @property
    def number(self) -> int:
        """How many they are."""
        return self.figure.spent.calls + self.held + self.failed

    @property
    def title(self) -> str:
        """The same in words."""
        return plural(self.number, "AI call")

    @property
    def models_words(self) -> str:
        """Which models answered."""
        more = len(self.models) - MOST_MODELS
        return ", ".join(self.models[:MOST_MODELS]) + (f" and {more} more" if more > 0 else "")


class Files(NamedTuple):
    """Files that changed, one after the other and in the same way."""

    at_ms: int
    change: ChangeType
    paths: tuple[str, ...]
    """each once"""
    kind: str = "files"

    @property
    def title(self) -> str:
        """What happened to them."""
        return str(self.change).capitalize()


class Made(NamedTuple):
    """A commit."""

    at_ms: int
    commit: Commit
    kind: str = "commit"


class Remark(NamedTuple):
    """A note."""

    at_ms: int
    message: str
    kind: str = "note"


class Fired(NamedTuple):
    """What the firewall did."""

    at_ms: int
    title: str
    message: str
    model: str | None
    is_refusal: bool
    kind: str = "event"


class Edge(NamedTuple):
    """The session's beginning or end."""

    at_ms: int
    title: str
    message: str = ""
    kind: str = "edge"


Entry = Calls | Files | Made | Remark | Fired | Edge


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of what happened, oldest first."""

    entries: tuple[Entry, ...]
    offset: int
    """how many calls come after those of this page"""
    total: int
    """how many calls there are, as far as they are counted"""
    has_earlier: bool

    @property
    def has_later(self) -> bool:
        """Whether it does not reach to the last call."""
        return self.offset > 0


class Recorded(NamedTuple):
    """What is recorded of a session besides its calls."""

    files: Sequence[FileChange]
    commits: Sequence[Commit]
    annotations: Sequence[Annotation]


def timeline(reader: Reader, session: Session, recorded: Recorded, offset: int = 0) -> Timeline:
    """What happened in a session, without its last `offset` calls and what came with or after them."""
    query = CallQuery(session_id=session.id, order=CallOrder.STARTED, limit=CALLS_OF_A_PAGE + 1, offset=offset)
    found = reader.find_calls(query)
    calls = list(reversed(found.rows[:CALLS_OF_A_PAGE]))
    has_earlier = len(found.rows) > CALLS_OF_A_PAGE
    later = reader.find_calls(CallQuery(session_id=session.id, limit=1, offset=offset - 1)).rows if offset else ()
    from_ms = calls[0].started_ms if calls and has_earlier else None
    to_ms = later[0].started_ms if later else None

    marked: list[tuple[int, int, object]] = [(call.started_ms, 0, call) for call in calls]
    events = reader.events(session_id=session.id, newest=_MOST_EVENTS)
    others: list[Entry] = [*_changes(recorded.files), *_commits(recorded.commits), *_remarks(recorded)]
    others += [_fired(event) for event in events]
    marked += ((other.at_ms, 1, other) for other in others)
    within = [
        (at_ms, rank, thing)
        for at_ms, rank, thing in marked
        if (from_ms is None or at_ms >= from_ms) and (to_ms is None or at_ms < to_ms or rank == 0)
    ]
    entries: list[Entry] = [] if has_earlier else [Edge(session.started_ms, "Session began")]
    entries += _grouped([thing for _, _, thing in sorted(within, key=lambda one: one[:2])])
    if not offset and session.ended_ms is not None:
        entries.append(Edge(session.ended_ms, "Session ended", session.notes or ""))
    return Timeline(tuple(entries), offset, found.total, has_earlier)


def _changes(files: Iterable[FileChange]) -> list[Files]:
    return [Files(file.timestamp_ms, file.change, (file.path,)) for file in files]


def _commits(commits: Iterable[Commit]) -> list[Made]:
    return [Made(commit.timestamp_ms, commit) for commit in commits]


def _remarks(recorded: Recorded) -> list[Remark]:
    return [Remark(annotation.timestamp_ms, annotation.message) for annotation in recorded.annotations]


_FIRED = {
    EventKind.REFUSED: "Refused a call",
    EventKind.ENDED: "Ended an answer",
    EventKind.ASKED: "Asked for approval",
    EventKind.APPROVED: "Approved",
    EventKind.DENIED: "Denied",
    EventKind.WARNED: "Warned",
}
_NOES = frozenset({EventKind.REFUSED, EventKind.ENDED, EventKind.DENIED, EventKind.STOPPED})


def _fired(event: Event) -> Fired:
    title = _FIRED.get(event.kind, str(event.kind).capitalize())
    return Fired(event.at_ms, title, reason_of(event.message), event.model, event.kind in _NOES)


def _grouped(things: Iterable[object]) -> list[Entry]:
    """The same things, with calls next to each other put together, and files that changed in the same way."""
    entries: list[Entry] = []
    calls: list[Call] = []
    for thing in things:
        if isinstance(thing, (Files, Made, Remark, Fired)):
            if calls:
                entries.append(_together(calls))
                calls = []
            last = entries[-1] if entries else None
            if isinstance(thing, Files) and isinstance(last, Files) and last.change == thing.change:
                paths = tuple(dict.fromkeys(last.paths + thing.paths))
                entries[-1] = last._replace(paths=paths)
            else:
                entries.append(thing)
        else:
            call: Call = thing  # type: ignore[assignment]  # nothing else is put in
            if calls and call.started_ms - calls[-1].started_ms > _PAUSE_MS:
                entries.append(_together(calls))
                calls = []
            calls.append(call)
    return [*entries, _together(calls)] if calls else entries


def _together(calls: Sequence[Call]) -> Calls:
    billed = [call for call in calls if call.is_billed]
    cost: dict[str, int] = {}
    for call in calls:
        cost[call.model] = cost.get(call.model, 0) + (call.cost_nanos or 0)
    return Calls(
        calls[0].started_ms,
        max(call.ended_ms or call.started_ms for call in calls),
        figure_of((call.evidence or Evidence.ESTIMATED, _spent(call)) for call in billed),
        tuple(sorted(cost, key=lambda model: (-cost[model], model))),
        tuple(sorted({call.agent for call in calls if call.agent})),
        held=sum(call.state is CallState.HELD for call in calls),
        failed=sum(call.state is CallState.RELEASED for call in calls),
    )


def _spent(call: Call) -> Spent:
    usage = {} if call.usage is None else {"usage": call.usage}
    return Spent(calls=1, cost_nanos=call.cost_nanos or 0, unpriced=int(call.cost_nanos is None), **usage)
