"""``cs cache``: the answers that are kept, if you asked for that."""

from __future__ import annotations

import time

import click

from codesession.cli.options import as_json
from codesession.cli.output import answer, display, emit
from codesession.config import read_config
from codesession.errors import InvalidInput


@click.group(
    short_help="Answers that are kept for identical requests.",
    invoke_without_command=True,
    epilog="Example: cs cache stats",
)
@as_json
@click.pass_context
def cache(context: click.Context, *, as_json: bool) -> None:
    """The exact cache: the same request again is answered here, for $0.00; alone it is `cache stats`.

    It is off unless you turn it on, because it keeps answers on this disk.
    """
    if context.invoked_subcommand is None:
        context.invoke(stats, as_json=as_json)
    elif as_json:
        raise InvalidInput(f"Write --json after the command: cs cache {context.invoked_subcommand} --json")


@cache.command(epilog="Example: cs cache stats --json")
@as_json
def stats(*, as_json: bool) -> None:
    """How many answers are kept, how large they are, how often they were used, and what that saved."""
    from codesession.app import cache_contents
    from codesession.report.cache import cache_document, cache_text

    config = read_config()
    found = cache_contents(config, time.time_ns() // 1_000_000)
    if as_json:
        emit(cache_document(found, is_enabled=config.cache.is_enabled))
    else:
        display(cache_text(found, is_enabled=config.cache.is_enabled))


@cache.command(epilog="Example: cs cache clear --here")
@click.option("--here", is_flag=True, help="Only the answers of this git repository or directory.")
@as_json
def clear(*, here: bool, as_json: bool) -> None:
    """Delete the answers that are kept, also while a `cs run` or `cs proxy` goes on; the ledger stays as it is."""
    from codesession.app import clear_cache
    from codesession.report.cache import cleared_document, cleared_text

    removed = clear_cache(read_config(), here=here)
    if as_json:
        emit(cleared_document(removed))
    else:
        answer(cleared_text(removed))
