"""Which sessions are there? A page of them, searched, filtered and sorted by the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from codesession.report.documents import session_document
from codesession.report.velocity import SessionCost, named_costs

if TYPE_CHECKING:
    from collections.abc import Generator

    from codesession.model.analysis import SessionQuery
    from codesession.model.ports import Ledger
    from codesession.report.documents import Document
    from codesession.report.views import SessionView

MOST_PROJECTS = 200
"""Projects that a list offers to choose from, the dearest."""
_AT_ONCE = 500


class Project(NamedTuple):
    """A project to choose."""

    directory: str
    name: str
    """the last part of its directory, and as much before it as tells it from the others"""


@dataclass(frozen=True, slots=True)
class SessionList:
    """A page of sessions."""

    query: SessionQuery
    rows: tuple[SessionCost, ...]
    total: int
    """how many there are on all pages"""
    projects: tuple[Project, ...] = ()
    """by name"""

    @property
    def is_filtered(self) -> bool:
        """Whether something was asked for that not all sessions are."""
        query = self.query
        return bool(query.search or query.directory) or query.is_active is not None

    @property
    def unpriced(self) -> int:
        """How many calls of these sessions have no known price."""
        return sum(row.view.totals.unpriced for row in self.rows)


def session_list(
    ledger: Ledger, query: SessionQuery, now_ms: int, *, or_last: bool = False, with_projects: bool = False
) -> SessionList:
    """The sessions that are asked for; with `or_last` an `offset` beyond the last page shows that one."""
    with ledger.reading() as reader:
        found = reader.find_sessions(query)
        if or_last and not found.rows and found.total:
            last = (found.total - 1) // query.limit * query.limit
            query = replace(query, offset=last)
            found = reader.find_sessions(query)
        rows = tuple(named_costs(reader, found.rows, now_ms))
        projects = [totals.directory for totals in reader.projects(MOST_PROJECTS)] if with_projects else []
    return SessionList(query, rows, found.total, told_apart(projects))


def found_sessions(
    ledger: Ledger, query: SessionQuery, limit: int | None, now_ms: int
) -> Generator[SessionView, None, None]:
    """Everything of every session that is asked for, on all pages, at most `limit` of them; as of one moment."""
    from codesession.report.views import whole_view

    with ledger.reading() as reader:
        offset = 0
        while limit is None or offset < limit:
            size = _AT_ONCE if limit is None else min(_AT_ONCE, limit - offset)
            rows = reader.find_sessions(replace(query, offset=offset, limit=size)).rows
            for session, totals in rows:
                yield whole_view(reader, session, totals, now_ms)
            offset += size
            if len(rows) < size:
                return


def told_apart(directories: list[str]) -> tuple[Project, ...]:
    """Each directory with a name of its own, as short as may be, by name.

    >>> [project.name for project in told_apart(["/home/a/web", "/home/b/web", "/srv/api"])]
    ['a/web', 'api', 'b/web']
    """
    parts = {directory: PurePath(directory).parts for directory in directories}
    length = dict.fromkeys(directories, 1)
    while True:
        names = {directory: "/".join(parts[directory][-length[directory] :]) or directory for directory in directories}
        count: dict[str, int] = {}
        for name in names.values():
            count[name] = count.get(name, 0) + 1
        longer = [one for one in directories if count[names[one]] > 1 and length[one] < len(parts[one])]
        if not longer:
            return tuple(sorted((Project(*item) for item in names.items()), key=lambda project: project.name.lower()))
        for directory in longer:
            length[directory] += 1


def session_list_document(view: SessionList) -> Document:
    """What ``/sessions`` answers."""
    rows = [session_document(row.view) | {"agents": list(row.agents)} for row in view.rows]
    return {"sessions": rows, "total": view.total}
