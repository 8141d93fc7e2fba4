"""How is a limit typed? The amounts and options that `cs budget`, `approve`, `start` and `run` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from codesession.cli.options import Scaled, Whole, seconds
from codesession.errors import InvalidDuration, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypedDict

    from codesession.app.budgets import Terms

    _Number = click.ParamType[int]

    class Said(TypedDict):
        """What `terms_options` say of a budget."""

        mode: str | None
        strict: bool
        balanced: bool
        warn_at: int | None
        ask: bool
        no_ask: bool
        ask_s: int | None
        unpriced: int | None

else:
    _Number = click.ParamType  # generic from click 8.2 on

Command = TypeVar("Command", bound="Callable[..., Any]")

OFF = -1
"""What `off` is as an amount."""

_PLAIN = Scaled("usd", 10**9, 100_000_000)


class Dollars(_Number):
    """An amount of dollars, as ``5``, ``2.50`` or ``$5``, in nano-dollars; what `words` name is what they say."""

    name = "usd"

    def __init__(self, words: Mapping[str, int] | None = None, *, signed: bool = False) -> None:
        """`signed` lets it be written as ``+5``."""
        self._words = words or {}
        self._signed = signed

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The amount; what is none is refused."""
        text = str(value)
        if text in self._words:
            return self._words[text]
        plain = (text.removeprefix("+") if self._signed else text).removeprefix("$")
        if not plain[:1].isdigit() and not plain.startswith("."):
            others = "".join(f", or {word}" for word in self._words)
            self.fail(f"{text!r} is not an amount: write dollars, such as 5 or 2.50{others}", param, ctx)
        return _PLAIN.convert(plain, param, ctx)


def _wait(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    total = seconds(context, parameter, value)
    if total == 0:
        raise InvalidDuration(f"{value!r} is no time to wait: write seconds, or such as 2m30s or 1h.")
    return total


REFUSE = -1
"""What ``--unpriced refuse`` is as an amount."""

_TERMS = (
    click.option("--mode", type=click.Choice(["warn", "block", "stop"]), help="At the limit: tell, refuse, or end."),
    click.option("--strict", is_flag=True, help="Hold the most each call can cost: the limit is never passed."),
    click.option("--balanced", is_flag=True, help="Hold what each call is expected to cost (the usual)."),
    click.option("--warn-at", type=Whole("percent", 1, 100), help="Tell at this percentage; 80 unless said."),
    click.option("--ask", is_flag=True, help="At the limit calls wait for: cs approve, or cs deny."),
    click.option("--no-ask", is_flag=True, help="They do not (the usual)."),
    click.option("--ask-for", "ask_s", metavar="TIME", callback=_wait, help="How long they wait; 5m unless said."),
    click.option(
        "--unpriced",
        type=Dollars({"refuse": REFUSE, "allow": 0}),
        metavar="refuse|allow|USD",
        help="What a call without a known price is, or counts as.",
    ),
)


def terms_options(command: Command) -> Command:
    """The options that say how a limit is kept; the command takes them as ``**said`` and asks `terms`."""
    for option in reversed(_TERMS):
        command = option(command)
    return command


def budget_options(command: Command) -> Command:
    """``--budget`` with the options that say how it is kept, for a command that asks `session_terms`."""
    limit = click.option("--budget", type=Dollars(), help="The most its calls may cost, in dollars: mode block.")
    return limit(terms_options(command))


def terms(limit_nanos: int, said: Said, *, enforce: bool = False) -> Terms:
    """The limit with what was `said` of it in `terms_options`; `enforce` is another word for mode block.

    Raises:
        InvalidInput: what was said contradicts itself.
    """
    from codesession.app.budgets import ASK_S, Terms, Unpriced
    from codesession.model import Mode

    mode, unpriced = said["mode"], said["unpriced"]
    if said["strict"] and said["balanced"]:
        raise InvalidInput("--strict and --balanced contradict each other: say one of them.")
    if said["no_ask"] and (said["ask"] or said["ask_s"]):
        raise InvalidInput("--ask and --no-ask contradict each other: say one of them.")
    if enforce and mode not in (None, "block"):
        raise InvalidInput(f"--enforce is mode block, and contradicts --mode {mode}: say one of them.")
    chosen = "block" if enforce else mode
    asks = said["ask_s"] or (ASK_S if said["ask"] else 0 if said["no_ask"] else None)
    return Terms(
        limit_nanos,
        Mode(chosen) if chosen else None,
        True if said["strict"] else False if said["balanced"] else None,
        said["warn_at"],
        asks,
        None if unpriced is None else Unpriced(None if unpriced == REFUSE else unpriced),
    )


def session_terms(budget: int | None, said: Said) -> Terms | None:
    """The budget of one session, as `budget_options` say it; None when they say nothing.

    Raises:
        InvalidInput: what was said contradicts itself, or says how, and not how much.
    """
    if budget is None:
        check_none(said, "--budget USD")
        return None
    from codesession.app.budgets import check_session_terms

    wanted = terms(budget, said)
    check_session_terms(wanted)
    return wanted


def check_none(said: Mapping[str, object], lacking: str) -> None:
    """Return if nothing was said of a limit that there is not.

    Raises:
        InvalidInput: something was.
    """
    for name, value in said.items():
        if value is not None and value is not False:
            raise InvalidInput(f"{option_of(name)} says how a limit is kept, and there is none: add {lacking}")


def option_of(parameter: str) -> str:
    """How the option of a parameter is typed."""
    return "--" + {"ask_s": "ask-for", "as_json": "json"}.get(parameter, parameter.replace("_", "-"))
