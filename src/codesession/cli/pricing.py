"""``cs pricing``: what models cost, what you say they cost, and what other prices would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codesession.cli.options import as_json, moment_ms, now_ms, one_session, since
from codesession.cli.output import answer, display, emit, opened, silent, tell
from codesession.config import read_config
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

_USUAL_MS = 30 * 24 * 3_600_000
"""thirty days: the past that is meant when none is named"""


@click.group(
    short_help="What models cost, and why; your own prices.",
    invoke_without_command=True,
    epilog="Example: cs pricing explain claude-sonnet-4-5",
)
@as_json
@click.pass_context
def pricing(context: click.Context, *, as_json: bool) -> None:
    """What models cost: the published prices, and your own over them; alone it is `pricing list`."""
    if context.invoked_subcommand is None:
        context.invoke(list_, as_json=as_json)
    elif as_json:
        raise InvalidInput(f"Write --json after the command: cs pricing {context.invoked_subcommand} --json")


@pricing.command("list", epilog="Example: cs pricing list --provider anthropic")
@click.option("--provider", help="Only the prices at this provider.")
@click.option("--all", "everything", is_flag=True, help="Clouds and resellers too (JSON always has them).")
@as_json
def list_(provider: str | None, *, everything: bool, as_json: bool) -> None:
    """The prices that hold now, in dollars per million tokens."""
    from codesession.app import list_prices
    from codesession.report.pricing import price_list_document, price_list_text

    listed = list_prices(read_config(), _talk(quiet=as_json), now_ms(), provider)
    if as_json:
        emit(price_list_document(listed))
    else:
        display(price_list_text(listed, everything=everything or provider is not None))


@pricing.command("set", epilog="Example: cs pricing set gpt-4o 3.00 12.00 --provider azure")
@click.argument("model")
@click.argument("input_", metavar="INPUT")
@click.argument("output")
@click.option("--provider", help="Only for calls to this provider.")
@click.option("--cache-read", help="The price of cached input; otherwise that of input.")
@click.option("--cache-write", help="The price of input that is put into the cache; otherwise that of input.")
@as_json
def set_(
    model: str,
    input_: str,
    output: str,
    provider: str | None,
    cache_read: str | None,
    cache_write: str | None,
    *,
    as_json: bool,
) -> None:
    """Set your own price of a model: dollars per million tokens of input and of output.

    It comes before the published price, for calls from now on.
    """
    from codesession.app import set_price
    from codesession.report.pricing import set_price_document

    done = set_price(
        read_config(), model, input_, output, provider=provider, cache_read=cache_read, cache_write=cache_write
    )
    if as_json:
        emit(set_price_document(done.key, done.input, done.output, done.path))
    else:
        dollars = f"${done.input:f} in and ${done.output:f} out"
        answer(f"{done.key} now costs {dollars} per million tokens, as {done.path} says.")


@pricing.command(epilog="Example: cs pricing reset gpt-4o --provider azure")
@click.argument("model", required=False)
@click.option("--provider", help="Only prices set for this provider.")
@as_json
def reset(model: str | None, provider: str | None, *, as_json: bool) -> None:
    """Remove your own prices: all of them, a provider's, or one model's.

    The file as it was stays beside it, as pricing.json.bak.
    """
    from codesession.app import reset_prices
    from codesession.report.formats import plural
    from codesession.report.pricing import reset_prices_document

    removed, path = reset_prices(read_config(), model, provider)
    if as_json:
        emit(reset_prices_document(removed, path))
    elif removed:
        answer(f"Removed {plural(removed, 'price')} of yours; the file as it was is {path}.bak.")
    else:
        answer("There was no such price of yours.")


@pricing.command(epilog="Example: cs pricing explain claude-sonnet-4-5 --at 2026-03-01T12:00Z")
@click.argument("model")
@click.option("--provider", help="Where it is called; otherwise the maker of the model.")
@click.option("--at", "moment", help="A time as ISO 8601 (UTC unless it says otherwise); otherwise now.")
@click.option("--batch", is_flag=True, help="For a call in a batch.")
@click.option("--tier", metavar="NAME", help="For a service tier, as the provider calls it: flex, priority.")
@click.option("--speed", metavar="NAME", help="For a speed, as the provider calls it: fast.")
@click.option("--geography", metavar="NAME", help="For a call that must run there, such as us.")
@as_json
def explain(
    model: str,
    provider: str | None,
    moment: str | None,
    tier: str | None,
    speed: str | None,
    geography: str | None,
    *,
    batch: bool,
    as_json: bool,
) -> None:
    """Which price applies to a model, since when, and where it is from.

    Without other words it is the price on standard terms.
    """
    from codesession.app import explain_price
    from codesession.model.terms import Terms
    from codesession.report.pricing import price_document, price_text

    at_ms = now_ms() if moment is None else moment_ms(moment)
    terms = Terms(tier, speed, geography, is_batch=batch)
    explained = explain_price(read_config(), _talk(quiet=as_json), model, at_ms, provider, terms)
    if as_json:
        emit(price_document(explained))
    else:
        display(price_text(explained))


@pricing.command(epilog="Example: cs pricing update --installed")
@click.option(
    "--from", "source", metavar="FILE|URL", help="A list from here; otherwise the one genai-prices publishes."
)
@click.option("--installed", is_flag=True, help="Back to the list that came with the installation.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Take the list although it looks wrong.")
@as_json
def update(source: str | None, *, installed: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Put newer published prices in use, and show what changes for the models you use.

    The one command that fetches prices. It takes only a list that has most of the models there were.
    """
    from codesession.app import update_prices
    from codesession.report.price_changes import update_document, update_text

    with opened(quiet=as_json) as app:
        done = update_prices(app, source, to_installed=installed, is_trial=dry_run, accepts=yes)
    if as_json:
        emit(update_document(done))
    else:
        display(update_text(done))


@pricing.command(epilog="Example: cs pricing reprice --since 30d --dry-run")
@since("Only calls sent since then: 30d, 12h, 2w, or a date.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@as_json
def reprice(since_ms: int | None, *, dry_run: bool, as_json: bool) -> None:
    """Give calls that had no price one, as of the moment they were sent.

    Nothing else is changed: what was measured, reported or typed in stays. Each change is kept in the ledger.
    """
    from codesession.app import reprice
    from codesession.report.price_changes import repricing_document, repricing_text

    with opened(quiet=as_json) as app:
        done = reprice(app, since_ms, is_trial=dry_run)
    if as_json:
        emit(repricing_document(done))
    else:
        display(repricing_text(done))


@pricing.command("what-if", epilog="Example: cs pricing what-if --model claude-haiku-4-5 --since 30d")
@click.option("-m", "--model", required=True, help="The model to compare with.")
@click.option("-p", "--provider", help="Where it would be called; otherwise the maker of the model.")
@since("Only calls sent since then: 30d (the default), 12h, 2w, or a date.")
@one_session("Only the calls of the session with this id.")
@as_json
def what_if(model: str, provider: str | None, since_ms: int | None, session_id: int | None, *, as_json: bool) -> None:
    """What past calls, of all directories, would have cost on another model."""
    from codesession.app import what_if
    from codesession.report.price_changes import what_if_document, what_if_text

    if since_ms is None and session_id is None:
        since_ms = now_ms() - _USUAL_MS
    with opened(quiet=as_json) as app:
        view = what_if(app, model, provider, since_ms, session_id)
    if as_json:
        emit(what_if_document(view))
    else:
        display(what_if_text(view))


def _talk(*, quiet: bool) -> Callable[[str], None]:
    """How something is said in passing; with ``--json`` the document says it."""
    return silent if quiet else tell
