"""Where is the same list, asked for otherwise? The addresses behind its columns, filters and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping


class Listing(NamedTuple):
    """A list at an address that says what it shows."""

    path: str
    said: Mapping[str, str]
    """what it is asked for, by name"""
    usual: Mapping[str, str] = {}
    """what is meant where nothing is said: left out of addresses"""

    def at(self, **changes: object) -> str:
        """The address of the same list with those words changed; another choice than of a page begins at its start.

        >>> Listing("/calls", {"model": "m", "offset": "50"}, {"dir": "desc"}).at(dir="desc", sort="cost")
        '/calls?model=m&sort=cost'
        """
        said = {**self.said, **({} if "offset" in changes else {"offset": ""})}
        said |= {name: str(value) for name, value in changes.items()}
        return self._address(self.path, said)

    def page(self, offset: int) -> str:
        """The address of the page that begins with that row, from 0 on."""
        return self.at(offset=offset or "")

    def sorted_by(self, order: str, down: bool) -> str:  # noqa: FBT001 - as the macro of columns calls it
        """Where the list is sorted so."""
        return self.at(sort=order, dir="desc" if down else "asc")

    def elsewhere(self, path: str, **changes: object) -> str:
        """The address `path`, asked for the same."""
        return self._address(path, {**self.said, "offset": ""} | {name: str(said) for name, said in changes.items()})

    def _address(self, path: str, said: Mapping[str, str]) -> str:
        query = urlencode({name: word for name, word in said.items() if word and word != self.usual.get(name)})
        return f"{path}?{query}" if query else path
