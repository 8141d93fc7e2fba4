"""``cs proxy``: the relay without a program of ours."""

from __future__ import annotations

import sys

import click

from codesession.cli.options import PORT
from codesession.cli.output import answer, emit, lasting, opened, tell
from codesession.config import PROXY_PORT
from codesession.errors import InvalidInput
from codesession.report import document, view_of_session
from codesession.report.text import summary_line


@click.command(short_help="Meter programs started elsewhere.", epilog='Example: cs proxy --session "agent run"')
@click.argument("verb", required=False)
@click.option("-p", "--port", type=PORT, default=PROXY_PORT, show_default=True, help="0: any free one.")
@click.option("-s", "--session", "name", help="Begin a session of this name; it ends with the proxy.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document when it listens.")
def proxy(verb: str | None, port: int, name: str | None, *, as_json: bool) -> None:
    """Meter any program that calls its provider through this proxy, until Ctrl-C.

    Calls go to the session that is active where the calling program runs.
    """
    from codesession.app import standalone_proxy, wait_for_end

    lasting()

    if verb not in (None, "start"):
        raise InvalidInput(f"cs proxy has no command {verb!r}. See: cs proxy -h")
    with opened(quiet=as_json) as app:
        with standalone_proxy(app, port, name) as (metering, session):
            root = metering.root
            if as_json:
                urls = {"ANTHROPIC_BASE_URL": root, "OPENAI_BASE_URL": f"{root}/v1"}
                emit(document({"url": root, "port": metering.port, "sessionId": session and session.id, "env": urls}))
            else:
                answer(f"The proxy listens on {root}. Point your tools at it:\n\n{_settings(root)}\n")
                tell("Ctrl-C ends it.")
            wait_for_end()
        if session and not as_json:
            with app.ledger.reading() as reader:
                ended = reader.session(session.id) or session
            tell(f"Done {ended.name}\n{summary_line(view_of_session(app.ledger, ended, app.now_ms()))}")


def _settings(root: str) -> str:
    """The two variables, as this system's shell sets them."""
    form = '$env:{} = "{}"' if sys.platform == "win32" else "export {}={}"
    return "\n".join(
        form.format(variable, address)
        for variable, address in (("ANTHROPIC_BASE_URL", root), ("OPENAI_BASE_URL", f"{root}/v1"))
    )
