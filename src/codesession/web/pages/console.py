"""What does the Command centre show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.report.live import live_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.report.live import LiveView
    from codesession.web.pages import Asked

_SUGGESTED = 40
"""Directories that are offered for a new session, those worked in last first."""


class Shown(NamedTuple):
    """What runs now, and what its forms offer."""

    live: LiveView
    directories: Sequence[str]
    providers: Sequence[str]
    models: Sequence[str]
    agents: Sequence[str]


def view(asked: Asked) -> Shown:
    """What runs now."""
    with asked.app.ledger.reading() as reader:
        names = reader.names()
        projects = reader.projects()
    newest = sorted(projects, key=lambda project: -(project.last_ms or 0))
    return Shown(
        live_view(asked.app.ledger, asked.now_ms),
        [project.directory for project in newest[:_SUGGESTED]],
        names["provider"],
        names["model"],
        names["agent"],
    )
