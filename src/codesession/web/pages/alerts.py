"""What does the page of budgets and alerts show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.app import budgets_everywhere
from codesession.report.alerts import alerts_view
from codesession.report.formats import dollars

if TYPE_CHECKING:
    from codesession.report.alerts import AlertsView
    from codesession.web.pages import Asked

_MOST_NAMES = 100
"""Of each kind that are offered where a scope is typed."""


class Shown(NamedTuple):
    """The page, and what a new budget can be set for."""

    alerts: AlertsView
    scopes: list[str]
    """as they are typed"""

    def dollars(self, nanos: int) -> str:
        """An amount of nano-dollars as it is typed."""
        return dollars(nanos)


def view(asked: Asked) -> Shown:
    """Budgets with what they have come to, sessions over their limit, and what the firewall did lately."""
    now = budgets_everywhere(asked.app)
    with asked.app.ledger.reading() as reader:
        names = reader.names()
        scopes = ["session", "all"]
        for kind in ("agent", "customer", "model"):
            scopes += [f"{kind}:{name}" for name in names.get(kind, [])[:_MOST_NAMES]]
        scopes += [f"project:{project.directory}" for project in reader.projects(_MOST_NAMES)]
        return Shown(alerts_view(now, reader), scopes)
