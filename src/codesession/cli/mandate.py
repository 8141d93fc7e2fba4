"""``cs mandate``: which models may be called, how dear one call may be, and how many there may be at a time."""

from __future__ import annotations

import click

from codesession.cli.options import Scaled, Whole, as_json
from codesession.cli.output import answer, display, emit, opened
from codesession.errors import InvalidInput

_DOLLARS = Scaled("usd", 10**9, 10**6)
_CALLS = Whole("n", 1)


@click.group(
    short_help="Which models may be called, how dear, and how many at a time.",
    invoke_without_command=True,
    epilog="Example: cs mandate",
)
@as_json
@click.pass_context
def mandate(context: click.Context, *, as_json: bool) -> None:
    """What an agent, a project, a user or a customer may do, whatever it costs; alone it is `mandate list`.

    Every mandate that applies to a call must allow it; what it forbids is refused before it is sent.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_, as_json=as_json)
    elif as_json:
        raise InvalidInput(f"Write --json after the command: cs mandate {context.invoked_subcommand} --json")


@mandate.command("list", epilog="Example: cs mandate list --json")
@as_json
def list_(*, as_json: bool) -> None:
    """Every mandate: yours, and those of projects.

    What the codesession.toml here says is taken over first.
    """
    from codesession.app import list_mandates
    from codesession.report.mandates import mandates_document, mandates_text

    with opened(quiet=as_json) as app:
        mandates, problems = list_mandates(app)
        if as_json:
            emit(mandates_document(mandates, problems))
            return
        for problem in problems:
            app.problem(problem)
        display(mandates_text(mandates))


@mandate.command("set", epilog="Example: cs mandate set agent:codex --allow 'gpt-5*' --most-per-call 0.50 --parallel 4")
@click.argument("scope")
@click.option("--allow", multiple=True, metavar="PATTERN", help="Models that may be called, and no others.")
@click.option("--deny", multiple=True, metavar="PATTERN", help="Models that may not be called.")
@click.option("--most-per-call", type=_DOLLARS, help="The most one call may be able to cost, in US dollars.")
@click.option("--parallel", type=_CALLS, help="How many calls may be in flight at a time.")
@as_json
def set_(
    scope: str,
    allow: tuple[str, ...],
    deny: tuple[str, ...],
    most_per_call: int | None,
    parallel: int | None,
    *,
    as_json: bool,
) -> None:
    """Set the mandate of SCOPE.

    It stands in the place of the former one, of which nothing remains, and holds from the next call on. SCOPE is all,
    project[:PATH], agent:NAME, user:ID or customer:ID; agent:* is each agent. A PATTERN is such
    as gpt-5* or openai/*; the option is given once for each.
    """
    from codesession.app import set_mandate
    from codesession.report.mandates import set_mandate_document, set_mandate_text

    with opened(quiet=as_json) as app:
        made, is_replaced = set_mandate(
            app, scope, allow=allow, deny=deny, most_per_call_nanos=most_per_call, most_parallel=parallel
        )
    if as_json:
        emit(set_mandate_document(made, is_replaced=is_replaced))
    else:
        answer(set_mandate_text(made, is_replaced=is_replaced))


@mandate.command(epilog="Example: cs mandate remove agent:codex")
@click.argument("scope")
@as_json
def remove(scope: str, *, as_json: bool) -> None:
    """Remove your mandate of SCOPE.

    One that a project's codesession.toml has set is removed there.
    """
    from codesession.app import remove_mandate
    from codesession.report.mandates import removed_mandate_document, removed_mandate_text

    with opened(quiet=as_json) as app:
        removed = remove_mandate(app, scope)
    if as_json:
        emit(removed_mandate_document(removed))
    else:
        answer(removed_mandate_text(removed))
