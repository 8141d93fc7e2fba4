"""``cs export``: everything, as JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codesession.cli.options import LIMIT, as_json
from codesession.cli.output import emit, opened, write_pieces
from codesession.report import document

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_MEMORY = 1_000_000
_PIECE = 65_536
"""Characters of an export that are held at once: before a file is used for it, and while it is written."""


@click.command(short_help="Everything, as JSON or CSV.", epilog="Example: cs export -f csv > sessions.csv")
@click.option("-f", "--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@click.option("-l", "--limit", type=LIMIT, help="Only so many, the newest.")
@as_json
def export(form: str, limit: int | None, *, as_json: bool) -> None:
    """Every session with its calls, files, commits and remarks; as CSV a line for each session.

    With --json a CSV export comes inside a JSON document.
    """
    from codesession.report.exports import export_csv, export_json

    with opened(quiet=as_json) as app:
        if form == "json":
            write_pieces(_whole(export_json(app.ledger, limit, app.now_ms())), end="\n")
        elif as_json:
            emit(document({"format": "csv", "content": "".join(export_csv(app.ledger, limit, app.now_ms()))}))
        else:
            write_pieces(_whole(export_csv(app.ledger, limit, app.now_ms())))


def _whole(pieces: Iterator[str]) -> Iterator[str]:
    """The same text once all of it is there: a ledger that cannot be read to its end gives an error, and no half."""
    from tempfile import SpooledTemporaryFile

    with SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="") as spool:
        spool.writelines(pieces)
        spool.seek(0)
        while piece := spool.read(_PIECE):
            yield piece
