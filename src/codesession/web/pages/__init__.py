"""Which pages are there, and how is one drawn? A page is a view of `report`, a template, and a line in `PAGES`.

The module of this room that has a page's name offers ``view(asked)``, whose answer the template of the same name gets
as ``view``. It is loaded when the page is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from codesession.app import App


class Page(NamedTuple):
    """One page: where it is, which module and template it has, and what it is called."""

    path: str
    name: str
    title: str
    group: str = ""
    """where the menu has it; empty: nowhere"""
    has_charts: bool = False
    is_live: bool = True
    """whether it is drawn anew when the ledger has changed"""


WATCH, SPEND, MORE = "Watch", "Understand", "More"

PAGES = (
    Page("/", "overview", "Overview", WATCH, has_charts=True),
    Page("/console", "console", "Command centre", WATCH),
    Page("/sessions", "sessions", "Sessions", WATCH),
    Page("/sessions/{session_id:row}", "session", "Session"),
    Page("/calls", "calls", "AI calls", WATCH),
    Page("/models", "models", "Models", SPEND, has_charts=True),
    Page("/insights", "insights", "Insights", SPEND, has_charts=True),
    Page("/alerts", "alerts", "Budgets & alerts", SPEND),
    Page("/pricing", "pricing", "Pricing", SPEND),
    Page("/share", "share", "Share card", MORE, is_live=False),
    Page("/help", "help", "Help", MORE, is_live=False),
    Page("/changelog", "changelog", "Changelog", MORE, is_live=False),
    Page("/reset", "reset", "Start fresh", MORE),
)
GROUPS = (WATCH, SPEND, MORE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is asked for."""

    app: App
    path: Mapping[str, int | str]
    """what stands in its address for a name in the page's path"""
    query: Mapping[str, str]
    now_ms: int
    """milliseconds since the epoch"""
    zone: tzinfo | None
    """where the user's days begin; None: in the system's time zone"""
    origin: str = "http://127.0.0.1:3737"
    """where this server is, as the browser knows it"""

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """The word of the address under that name, if it is one of the choices; else the first of them."""
        said = self.query.get(name, "")
        return said if said in choices else choices[0]

    def count(self, name: str, otherwise: int, most: int) -> int:
        """The whole number of the address under that name, from 0 to `most`; what is none is `otherwise`."""
        said = self.query.get(name, "")
        return min(int(said), most) if said.isascii() and said.isdigit() and len(said) < _LONGEST else otherwise


_LONGEST = 19
"""Digits that fit the integers of the ledger."""


class ViewOf(Protocol):
    """What a page's module offers as ``view``."""

    def __call__(self, asked: Asked, /) -> object:
        """What the template shows.

        Raises:
            CodesessionError: it cannot be shown; `NotFound` errors become a page that says so.
        """
        ...


def view_of(page: Page) -> ViewOf:
    """The view of a page; its module is loaded now."""
    view: ViewOf = import_module(f"codesession.web.pages.{page.name}").view
    return view
