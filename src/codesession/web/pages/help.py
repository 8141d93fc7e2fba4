"""What does the page that helps show? Where this user's files are; all other words are the template's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import Evidence
from codesession.report.evidence import GOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codesession.web.pages import Asked

_MEANINGS = {
    Evidence.MEASURED: "The proxy read the usage in the provider's own answer, and priced it.",
    Evidence.REPORTED: "The provider said itself what the call costs.",
    Evidence.IMPORTED: "It was read from the log of an agent, or taken over from an earlier tool.",
    Evidence.MANUAL: "Somebody said so: with cs log-ai, or by a push to the API.",
    Evidence.ESTIMATED: "The answer was cut, or told too little: it is a sound guess, and never below what is known.",
}


class Help(NamedTuple):
    """What the page says that is not the same for everybody."""

    evidence: Sequence[tuple[str, str]]
    """each way a number is got, in its words, and what that means"""
    files: Sequence[tuple[Path, str]]
    """where what is kept, and what it is; some may not be there yet"""


def view(asked: Asked) -> Help:
    """The words for evidence, and the files of the user who runs this server."""
    config = asked.app.config
    files = (
        (config.database, "every session and call: one SQLite file"),
        (config.data_dir / "config.toml", "your settings"),
        (config.data_dir / "pricing.json", "prices of your own"),
        (config.data_dir / "local-models.json", "what an hour of your own hardware costs"),
    )
    return Help([(GOT[evidence], meaning) for evidence, meaning in _MEANINGS.items()], files)
