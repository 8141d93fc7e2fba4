"""``cs demo``: the main job, with nothing to set up."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import click

from codesession.cli.output import answer, emit, lasting, tell
from codesession.cli.run import view_of
from codesession.config import read_config
from codesession.report import run_document
from codesession.report.text import run_text

_NEXT = """
That was a pretend agent and a pretend provider, through the real proxy; nothing left this machine.
It is in a ledger of its own. Look at every call of it:

    {look}

Now your own agent, in your project:

    {cs} run -- claude                  any command: claude, codex, python my_agent.py
    {cs} list                           what your runs cost
    {cs} show --files --commits         all of the latest one"""


@click.command(short_help="See it work: no key, no network.", epilog="Example: cs demo")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def demo(*, as_json: bool) -> int:
    """See it work in a few seconds: no key, no network, and your ledger is not touched."""
    from codesession.app import demonstration

    lasting()
    stderr = 2
    with demonstration(read_config(), tell, stdout=stderr if as_json else None) as (app, done):
        view = view_of(app, done)
        ledger = app.config.database
    if as_json:
        emit(run_document(view))
    else:
        cs = _program()
        answer(f"\n{run_text(view)}\n{_NEXT.format(cs=cs, look=_with_ledger(ledger, f'{cs} show --json'))}")
    return done.exit_code


def _program() -> str:
    """How this program is called: by its name, or by its path where the shell would not find it."""
    ours = Path(sys.argv[0]).absolute()
    found = shutil.which("cs")
    if found and Path(found).resolve() == ours.resolve():
        return "cs"
    return shlex.join([sys.executable, "-m", "codesession"]) if ours.suffix == ".py" else shlex.quote(str(ours))


def _with_ledger(ledger: Path, command: str) -> str:
    """`command` over another ledger, as this system's shell takes it."""
    if sys.platform == "win32":
        return f'$env:CODESESSION_DB_PATH = "{ledger}"; {command}'
    return f"CODESESSION_DB_PATH={shlex.quote(str(ledger))} {command}"
