"""``cs pricing``: what models cost, and what you say they cost."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from codesession.cli.options import as_json
from codesession.cli.output import answer, display, emit, silent, tell
from codesession.config import read_config
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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

    listed = list_prices(read_config(), _talk(quiet=as_json), _now_ms(), provider)
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
@as_json
def explain(model: str, provider: str | None, moment: str | None, *, as_json: bool) -> None:
    """Which price applies to a model, since when, and where it is from."""
    from codesession.app import explain_price
    from codesession.report.pricing import price_document, price_text

    at_ms = _now_ms() if moment is None else _ms(moment)
    explained = explain_price(read_config(), _talk(quiet=as_json), model, at_ms, provider)
    if as_json:
        emit(price_document(explained))
    else:
        display(price_text(explained))


def _ms(moment: str) -> int:
    """An ISO 8601 time in milliseconds since the epoch."""
    try:
        read = datetime.fromisoformat(moment.strip())
        at = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{moment!r} is no time: write it as 2026-03-01 or 2026-03-01T12:00:00Z.") from None
    return round((at - _EPOCH).total_seconds() * 1000)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _talk(*, quiet: bool) -> Callable[[str], None]:
    """How something is said in passing; with ``--json`` the document says it."""
    return silent if quiet else tell
