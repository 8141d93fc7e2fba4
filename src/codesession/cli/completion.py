"""``cs completion``: what makes a shell complete our commands and options."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from codesession.cli.options import as_json
from codesession.cli.output import answer, emit
from codesession.errors import InvalidInput
from codesession.report import document

SHELLS = ("bash", "zsh", "fish")
_ALIASES = {
    "csr": "cs run",
    "css": "cs start",
    "cse": "cs end",
    "csl": "cs list",
    "csst": "cs status",
}


@click.command(
    short_help="Let your shell complete commands and options.", epilog="Example: cs completion bash >> ~/.bashrc"
)
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.option("--aliases", is_flag=True, help="Short names too: csr, css, cse, csl, csst.")
@as_json
def completion(shell: str | None, *, aliases: bool, as_json: bool) -> None:
    """Print the lines that make a shell complete `cs`: add them to its start file.

    Without a name it is the shell you are in.
    """
    named = shell or PurePath(os.environ.get("SHELL", "")).name
    if named not in SHELLS:
        raise InvalidInput(f"Name your shell: cs completion {'|'.join(SHELLS)}")
    script = "\n".join(_script(named, program) for program in ("cs", "codesession"))
    if aliases:
        script += "\n" + "\n".join(f"alias {name}='{words}'" for name, words in _ALIASES.items())
    if as_json:
        emit(document({"shell": named, "script": script}))
    else:
        answer(script)


def _script(shell: str, program: str) -> str:
    """Click's own script for one program."""
    from click.shell_completion import get_completion_class

    from codesession.cli import commands

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all of SHELLS
    return kind(commands, {}, program, f"_{program.upper()}_COMPLETE").source().strip()
