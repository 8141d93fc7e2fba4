"""``cs run``: a program, metered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesession.cli.limits import budget_options, session_terms
from codesession.cli.options import PORT
from codesession.cli.output import lasting, opened, tell, to_json
from codesession.errors import InvalidInput
from codesession.report import RunView, run_document, view_of_run
from codesession.report.runs import BlockedView
from codesession.report.text import run_text

if TYPE_CHECKING:
    from typing import Unpack

    from codesession.app import App, Run
    from codesession.app.runs import Blocked
    from codesession.cli.limits import Said


@click.command(
    short_help="Run a command and see what it cost.",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    epilog='Example: cs run --name "Fix the login" -- claude',
)
@click.option("-n", "--name", help="The session's name; otherwise the command, less prompts and keys.")
@click.option("-p", "--port", type=PORT, help="The proxy's port: 3739, or a free one if taken.")
@click.option("--no-proxy", is_flag=True, help="Track time, files and commits only.")
@click.option("--cache", "with_cache", is_flag=True, help="Answer identical requests from the cache, for $0.00.")
@budget_options
@click.option("--json", "as_json", is_flag=True, help="At the end, one JSON line on stderr (stdout is the command's).")
@click.option("--json-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the JSON to a file.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    command: tuple[str, ...],
    name: str | None,
    port: int | None,
    *,
    no_proxy: bool,
    with_cache: bool,
    budget: int | None,
    as_json: bool,
    json_file: Path | None,
    **said: Unpack[Said],
) -> int:
    """Run a command and see what it cost: its model calls pass through a local proxy.

    Its exit status is passed on.
    """
    from codesession.app import run as run_command
    from codesession.app import session_name, with_answers_kept

    lasting()

    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise InvalidInput(f"{json_file} cannot be written: its directory does not exist.")
    terms = session_terms(budget, said)
    if no_proxy and (terms or with_cache):
        option = "--budget cannot hold" if terms else "--cache cannot answer"
        raise InvalidInput(f"--no-proxy sees no call, and so {option}: leave one of them out.")
    with opened(quiet=as_json) as app:
        chosen = session_name(command) if name is None else name
        here = with_answers_kept(app) if with_cache else app
        done = run_command(here, command, name=chosen, port=port, with_proxy=not no_proxy, budget=terms)
        view = view_of(app, done)
    if json_file is not None:
        _write(json_file, to_json(run_document(view)) + "\n")
    tell(to_json(run_document(view)) if as_json else run_text(view))
    return done.exit_code


def view_of(app: App, done: Run) -> RunView:
    """What is shown of a run."""
    seconds = max(0, done.ended_ms - done.started_ms) // 1000
    session = view_of_run(app.ledger, done.session, done.owner_id, seconds, done.changes.files, done.changes.commits)
    tally = done.tally
    return RunView(
        session,
        done.exit_code,
        done.joined,
        done.port,
        dict(tally.unmetered) if tally else {},
        tally.unrecorded if tally else 0,
        dict(tally.unreachable) if tally else {},
        done.problem,
        None if done.blocked is None else _blocked(done.blocked),
    )


def _blocked(blocked: Blocked) -> BlockedView:
    refusal, standing = blocked.refusal, blocked.refusal.standing
    # of an answer that was ended, what it came to was held until then
    running = 0 if blocked.refusals else refusal.needed_nanos or 0
    return BlockedView(
        str(refusal.rule),
        refusal.sentence,
        standing.account.label if standing else None,
        standing.limit_nanos if standing else None,
        standing.spent_nanos + running if standing else None,
        blocked.refusals,
        blocked.stopped,
    )


def _write(file: Path, text: str) -> None:
    """Write the whole file or none of it; the run is over, so what fails is said and changes no exit status."""
    partial = file.with_name(file.name + ".new")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        tell(f"cs: {file} cannot be written: {error.strerror}.")
