"""``cs log-ai``: a call that did not pass the proxy."""

from __future__ import annotations

import click

from codesession.cli.options import Scaled, Whole, as_json, one_session, seconds
from codesession.cli.output import answer, emit, opened
from codesession.report import LoggedView, logged_document

_TOKENS = Whole("n", 0, 10**12)
_DOLLARS = Scaled("usd", 10**9, 10**6)


@click.command("log-ai", epilog="Example: cs log-ai -p anthropic -m claude-sonnet-4 -t 15000 -c 0.30")
@click.option("-p", "--provider", required=True, help="Such as anthropic, openai, google.")
@click.option("-m", "--model", required=True, help="The model, as its provider names it.")
@click.option("-t", "--tokens", type=_TOKENS, help="All tokens together.")
@click.option("--prompt-tokens", type=_TOKENS, help="Tokens read.")
@click.option("--completion-tokens", type=_TOKENS, help="Tokens written.")
@click.option("-c", "--cost", "cost_nanos", type=_DOLLARS, help="The cost in US dollars; otherwise it is worked out.")
@click.option("--agent", help="Who made the call; otherwise CODESESSION_AGENT_NAME.")
@click.option("--user", help="For whom: a user of your product.")
@click.option("--customer", help="For whom: a customer of yours.")
@click.option("--feature", help="For what: a feature of your product.")
@click.option("--duration", "duration_s", metavar="TIME", callback=seconds, help="How long it took: 120, 2m30s, 1h.")
@click.option("--local", "is_local", is_flag=True, help="A model on your own hardware: see cs local-models.")
@one_session("The session of that id, in any scope, active or ended.")
@as_json
def log_ai(session_id: int | None, *, as_json: bool, **said: object) -> None:
    """Keep a model call that did not pass the proxy, and price it."""
    from codesession.app import Entry, log_call

    with opened(quiet=as_json) as app:
        logged = log_call(app, Entry(**said), session_id)  # type: ignore[arg-type]  # the options have its types
    price = logged.price
    view = LoggedView(
        logged.call,
        logged.source,
        price.known,
        price.input_per_million,
        price.output_per_million,
        logged.per_hour,
        logged.session.id,
        logged.totals,
    )
    if as_json:
        emit(logged_document(view))
    else:
        from codesession.report.text import logged_text

        answer(logged_text(view))
