"""The command line: each command parses, calls one function, and renders. One module per noun, loaded when used."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from codesession import __version__
from codesession.cli.output import answer, emit, fail
from codesession.errors import CodesessionError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "approve": ("budget", "approve"),
    "backup": ("upkeep", "backup"),
    "budget": ("budget", "budget"),
    "cache": ("cache", "cache"),
    "completion": ("completion", "completion"),
    "dashboard": ("dashboard", "dashboard"),
    "demo": ("demo", "demo"),
    "deny": ("budget", "deny"),
    "doctor": ("upkeep", "doctor"),
    "end": ("sessions", "end"),
    "export": ("export", "export"),
    "list": ("sessions", "list_"),
    "local-models": ("local_models", "local_models"),
    "log-ai": ("usage", "log_ai"),
    "mandate": ("mandate", "mandate"),
    "note": ("sessions", "note"),
    "pricing": ("pricing", "pricing"),
    "proxy": ("proxy", "proxy"),
    "recover": ("sessions", "recover"),
    "reset": ("upkeep", "reset"),
    "run": ("run", "run"),
    "serve": ("serve", "serve"),
    "show": ("sessions", "show"),
    "start": ("sessions", "start"),
    "stats": ("sessions", "stats"),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed; of one that there is not, the one that was probably meant is named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            meant = " or ".join(get_close_matches(args[0], [*COMMANDS, *ALIASES], 2))
            if not meant:
                raise
            said = error.format_message().rstrip(".")
            raise click.UsageError(f"{said} (did you mean {meant}?)", ctx) from None


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", "asks_version", is_flag=True, help="Show the version and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def commands(context: click.Context, *, asks_version: bool, as_json: bool) -> None:
    """What every AI agent run costs, in money, time, files and commits.

    Alone it shows the session that is active here. Example: cs run -- python my_agent.py
    """
    if asks_version:
        _tell_version(as_json=as_json)
        context.exit()
    if context.invoked_subcommand is None:
        from codesession.cli.overview import overview

        overview(as_json=as_json)
    elif as_json:
        raise InvalidInput(f"Write --json after the command: cs {context.invoked_subcommand} --json")


def _tell_version(*, as_json: bool) -> None:
    if as_json:
        from codesession.report import document

        emit(document({"version": __version__}))
    else:
        answer(f"codesession, version {__version__}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of `cs`: runs one command and exits with its status.

    Every error, that of a mistyped option included, is one sentence on stderr, or with ``--json`` one
    document on stdout, and exit status 1.
    """
    _have_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = _wants_json(words)
    gc.disable()  # most commands end before there is garbage; looking for it takes some ms. See `output.lasting`.
    try:
        status = commands.main(words, prog_name="cs", standalone_mode=False)
    except click.ClickException as error:
        fail(InvalidInput(error.format_message().rstrip(".") + ". See: " + _help_for(error, words)), as_json=as_json)
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
    finally:
        gc.enable()
    sys.exit(status if isinstance(status, int) else 0)


class OurFault(CodesessionError):
    """A mistake of ours, not of the user's."""

    code = "internal_error"


def _have_streams() -> None:
    """Put what goes nowhere in the place of a stream that was closed before we began, as in ``cs list >&-``."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - no path; until we end


def _wants_json(words: Sequence[str]) -> bool:
    """Whether ``--json`` is ours: of `cs run`, what follows the program's name is the program's."""
    if not words or words[0] != "run":
        return "--json" in words
    takes_value = {"-n", "--name", "-p", "--port", "--json-file"}
    takes_value |= {"--budget", "--mode", "--warn-at", "--ask-for", "--unpriced"}
    before = ""
    for word in words[1:]:
        if before not in takes_value:
            if word == "--json":
                return True
            if not word.startswith("-") or word == "--":
                return False
        before = word
    return False


def _help_for(error: click.ClickException, words: Sequence[str]) -> str:
    """Where help is: click does not say which command it was that lacks an option's value."""
    context = getattr(error, "ctx", None)
    if context is not None:
        return f"{context.command_path} -h"
    path = ["cs"]
    command: click.Command | None = commands
    for word in words:
        command = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if command is None:
            break
        path.append(word)
    return f"{' '.join(path)} -h"
