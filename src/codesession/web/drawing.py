"""How does a view become HTML? Templates, and the words in which they write money, tokens and moments."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codesession import __version__
from codesession.app import zone_of
from codesession.report import formats
from codesession.web.pages import GROUPS, PAGES, Asked, Page

if TYPE_CHECKING:
    from datetime import tzinfo

    from codesession.app import App
    from codesession.errors import CodesessionError

SHORT = "%-d %b, %H:%M"
"""A moment of the last months."""

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"


class Drawing:
    """Draws pages; one for a server."""

    def __init__(self, app: App) -> None:
        self.zone = zone_of(app.config)
        self._hashes: dict[str, str] = {}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "money": money,
            "detailed": formats.detailed,
            "count": count,
            "short": short,
            "duration": formats.duration,
            "iso": formats.iso,
            "moment": self._moment,
        }
        self._environment.globals |= {
            "static": self._static,
            "menu": [(group, [page for page in PAGES if page.group == group]) for group in GROUPS],
            "version": __version__,
        }

    def page(self, page: Page, asked: Asked, view: object, address: str, ledger_version: str = "") -> str:
        """The HTML of `page` showing `view`, at `address`, of a version of the ledger, if any, or a later one."""
        return self._draw(page.name, page=page, asked=asked, view=view, address=address, ledger_version=ledger_version)

    def problem(self, error: CodesessionError, address: str) -> str:
        """A page that says why another could not be shown."""
        return self._plain("This page cannot be shown", error.message, address)

    def missing(self, address: str) -> str:
        """A page for an address where there is none."""
        return self._plain("There is no such page", "It may have moved, or been typed wrongly.", address)

    def fault(self, error: Exception, address: str) -> str:
        """A page for a mistake of ours."""
        what = f"{type(error).__name__}: something went wrong in codesession itself."
        return self._plain("Something went wrong", f"{what} The terminal where it runs says more.", address)

    def _plain(self, title: str, sentence: str, address: str) -> str:
        page = Page(address, "problem", title, is_live=False)
        return self._draw("problem", page=page, sentence=sentence, address=address)

    def _draw(self, template: str, *, address: str, **values: object) -> str:
        path = address.partition("?")[0]
        return self._environment.get_template(f"{template}.html").render(values, address=address, path=path)

    def _moment(self, ms: int, form: str = SHORT) -> str:
        return moment(ms, self.zone, form)

    def _static(self, name: str) -> str:
        """The address of a static file, another one whenever its content is."""
        if name not in self._hashes:
            file = _STATIC / name
            if not file.exists():  # of the built ones, where nothing was built: see `server`
                return f"/static/{name}"
            self._hashes[name] = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        return f"/static/{name}?v={self._hashes[name]}"


def money(nanos: int | None) -> str:
    """Dollars for nano-dollars; what is not known is a dash.

    >>> money(1_430_000_000), money(None)
    ('$1.43', '—')
    """
    return "—" if nanos is None else formats.money(nanos)


def count(number: int) -> str:
    """A whole number with its thousands told apart.

    >>> count(13_512)
    '13,512'
    """
    return f"{number:,}"


def short(number: int) -> str:
    """A whole number in at most five characters.

    >>> short(912), short(13_512), short(296_600_000), short(2_000_000)
    ('912', '13.5K', '296.6M', '2M')
    """
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + letter
    return str(number)


def moment(ms: int, zone: tzinfo | None, form: str = SHORT) -> str:
    """Milliseconds since the epoch as the user's clock shows them.

    >>> from datetime import timezone
    >>> moment(1_772_461_811_042, timezone.utc)
    '2 Mar, 14:30'
    """
    at = datetime.fromtimestamp(ms / 1000, tz=zone)
    return at.strftime(form.replace("%-d", str(at.day)))  # Windows has no %-d
