"""The command line: each command parses, calls one function, and renders. One module per noun, loaded when used."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from codesession import __version__
from codesession.cli.output import fail
from codesession.errors import CodesessionError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "demo": ("demo", "demo"),
    "end": ("sessions", "end"),
    "list": ("sessions", "list_"),
    "proxy": ("proxy", "proxy"),
    "run": ("run", "run"),
    "show": ("sessions", "show"),
    "start": ("sessions", "start"),
    "status": ("sessions", "status"),
}
"""Each command, with the module of this room and the name in it where it is found."""

_INTERRUPTED = 130
"""What a shell reports for Ctrl-C."""

ALIASES = {"ls": "list"}


class _Commands(click.Group):
    """Loads a command's module only when it is the one typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, by name."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias."""
        del ctx
        found = COMMANDS.get(ALIASES.get(cmd_name, cmd_name))
        if found is None:
            return None
        module, name = found
        command: click.Command = getattr(import_module(f"codesession.cli.{module}"), name)
        return command


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codesession")
@click.pass_context
def commands(context: click.Context) -> None:
    """What every AI agent run costs, in money, time, files and commits.

    Example: cs run -- python my_agent.py
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of `cs`: runs one command and exits with its status.

    Every error, that of a mistyped option included, is one sentence on stderr, or with ``--json`` one
    document on stdout, and exit status 1.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = _wants_json(words)
    try:
        status = commands.main(words, prog_name="cs", standalone_mode=False)
    except click.ClickException as error:
        fail(InvalidInput(error.format_message().rstrip(".") + ". See: " + _help_for(error)), as_json=as_json)
    except CodesessionError as error:
        fail(error, as_json=as_json)
    except click.Abort:
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if os.environ.get("CODESESSION_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        fail(
            OurFault(f"Something went wrong in codesession itself ({what}). CODESESSION_DEBUG=1 shows where."),
            as_json=as_json,
        )
    sys.exit(status if isinstance(status, int) else 0)


class OurFault(CodesessionError):
    """A mistake of ours, not of the user's."""

    code = "internal_error"


def _wants_json(words: Sequence[str]) -> bool:
    """Whether ``--json`` is ours: of `cs run`, what follows the program's name is the program's."""
    if not words or words[0] != "run":
        return "--json" in words
    takes_value = {"-n", "--name", "-p", "--port", "--json-file"}
    before = ""
    for word in words[1:]:
        if before not in takes_value:
            if word == "--json":
                return True
            if not word.startswith("-") or word == "--":
                return False
        before = word
    return False


def _help_for(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} -h" if context else "cs -h"
