"""``cs export``: everything, as JSON or CSV."""

from __future__ import annotations

import click

from codesession.cli.options import LIMIT, as_json
from codesession.cli.output import emit, opened, write_pieces
from codesession.report import document


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
            write_pieces(export_json(app.ledger, limit, app.now_ms()), end="\n")
        elif as_json:
            emit(document({"format": "csv", "content": "".join(export_csv(app.ledger, limit, app.now_ms()))}))
        else:
            write_pieces(export_csv(app.ledger, limit, app.now_ms()))
