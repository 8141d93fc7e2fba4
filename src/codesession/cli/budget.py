"""``cs budget``, ``approve`` and ``deny``: what may be spent, and what happens at the limit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from codesession.cli.limits import OFF, Dollars, check_none, option_of, terms, terms_options
from codesession.cli.options import as_json, one_session
from codesession.cli.output import answer, display, emit, opened
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from typing import Unpack

    from codesession.cli.limits import Said

_OR_OFF = Dollars({"off": OFF})
_WINDOWS = click.Choice(["session", "day", "week", "month", "total"])


@click.group(
    short_help="What may be spent, and what was.",
    invoke_without_command=True,
    epilog="Example: cs budget --session 2 --daily 10",
)
@click.option("--session", type=_OR_OFF, metavar="USD|off", help="The most that each session may cost.")
@click.option("--daily", type=_OR_OFF, metavar="USD|off", help="The most that all calls of a day may cost.")
@click.option("--enforce", is_flag=True, help="Refuse calls at the limit: --mode block.")
@terms_options
@as_json
@click.pass_context
def budget(
    context: click.Context,
    /,
    *,
    session: int | None,
    daily: int | None,
    enforce: bool,
    as_json: bool,
    **said: Unpack[Said],
) -> None:
    """What may be spent, and what was: every budget, or with --session or --daily those two anew.

    At the limit you are told, and calls go on, unless you say --enforce. What you leave out stays as it was.
    """
    amounts = {"session": session, "daily": daily}
    if context.invoked_subcommand is not None:
        given = [option_of(name) for name, value in context.params.items() if value not in (None, False)]
        if given:
            raise InvalidInput(f"Write {given[0]} after the command: cs budget {context.invoked_subcommand} …")
        return
    if session is None and daily is None:
        check_none({**said, "enforce": enforce}, "--session USD or --daily USD")
    _show(
        {name: amount for name, amount in amounts.items() if amount is not None}, said, enforce=enforce, as_json=as_json
    )


def _show(amounts: dict[str, int], said: Said, *, enforce: bool, as_json: bool) -> None:
    from codesession.app import budgets_now, set_budgets
    from codesession.app.budgets import budget_key

    scopes = {"session": "session", "daily": "all"}
    wanted = {
        budget_key(scopes[name]): None if amount == OFF else terms(amount, said, enforce=enforce)
        for name, amount in amounts.items()
    }
    with opened(quiet=as_json) as app:
        changes = set_budgets(app, wanted) if wanted else []
        now = budgets_now(app)
    if as_json:
        from codesession.report.budgets import budgets_document

        emit(budgets_document(now))
        return
    from codesession.report.budget_words import budgets_text, changes_text

    if changes:
        answer(changes_text(changes) + "\n")
    display(budgets_text(now))


@budget.command("set", epilog="Example: cs budget set customer:acme 50 --window month --mode block")
@click.argument("scope")
@click.argument("amount", type=Dollars())
@click.option("--window", type=_WINDOWS, help="From when on calls count; a day, or the session of a session.")
@terms_options
@as_json
def set_(scope: str, amount: int, window: str | None, *, as_json: bool, **said: Unpack[Said]) -> None:
    """Set the budget of a scope, in dollars; what you leave out stays as it was.

    SCOPE is session (each), session:ID, all, project (this one), project:PATH, agent:NAME, user:ID, customer:ID or
    model:PATTERN. A * for NAME, ID or PATH means each of them alone.
    """
    from codesession.app import set_budget
    from codesession.report.budget_words import changes_text, set_notes
    from codesession.report.budgets import set_budget_document

    wanted = terms(amount, said)
    with opened(quiet=as_json) as app:
        change = set_budget(app, scope, window, wanted)
    if as_json:
        emit(set_budget_document(change, set_notes(change.budget, change.standings)))
    else:
        answer(changes_text([change]))


@budget.command(epilog="Example: cs budget remove customer:acme")
@click.argument("scope")
@click.option("--window", type=_WINDOWS, help="Of which window, if the scope has several.")
@as_json
def remove(scope: str, window: str | None, *, as_json: bool) -> None:
    """Remove the budget of a scope; calls in flight go on, and the next one is free of it."""
    from codesession.app import Change, remove_budget
    from codesession.report.budget_words import changes_text, removed_notes
    from codesession.report.budgets import set_budget_document

    with opened(quiet=as_json) as app:
        removed = Change(remove_budget(app, scope, window), is_removed=True)
    if as_json:
        emit(set_budget_document(removed, removed_notes(removed.budget)))
    else:
        answer(changes_text([removed]))


@budget.command(epilog="Example: cs budget why")
@one_session("The last refusal in that session.")
@as_json
def why(session_id: int | None, *, as_json: bool) -> None:
    """Why the last call was refused, or the last answer ended, and how each budget stood then."""
    from codesession.app import last_refusal
    from codesession.report.refusals import why_document, why_text

    with opened(quiet=as_json) as app:
        event = last_refusal(app, session_id)
    if as_json:
        emit(why_document(event))
    else:
        display(why_text(event))


@click.command(short_help="Let a call that waits pass; allow more.", epilog="Example: cs approve +5")
@click.argument("amount", type=Dollars(signed=True), required=False)
@one_session("Only the calls of that session.")
@as_json
def approve(amount: int | None, session_id: int | None, *, as_json: bool) -> None:
    """Let the calls that wait for you pass; when none waits, allow more where a call was refused last.

    AMOUNT is how many dollars more, such as +5; otherwise it is what they lack.
    """
    from codesession.app import approve as approve_calls
    from codesession.report.refusals import approved_document, approved_text

    with opened(quiet=as_json) as app:
        if app.config.environ.get("CODESESSION_RUN") and not sys.stdin.isatty():
            raise InvalidInput("What cs run has started cannot approve its own calls: type this in another terminal.")
        approval = approve_calls(app, amount, session_id)
    if as_json:
        emit(approved_document(approval.answered, approval.raised))
    else:
        answer(approved_text(approval.answered, approval.raised))


@click.command(short_help="Refuse the calls that wait for you.", epilog="Example: cs deny")
@one_session("Only the calls of that session.")
@as_json
def deny(session_id: int | None, *, as_json: bool) -> None:
    """Refuse the calls that wait for you; their agents are told that a person said no."""
    from codesession.app import deny as deny_calls
    from codesession.report.refusals import denied_document, denied_text

    with opened(quiet=as_json) as app:
        answered = deny_calls(app, session_id)
    if as_json:
        emit(denied_document(answered))
    else:
        answer(denied_text(answered))
