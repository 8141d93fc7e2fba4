"""``cs local-models``: what an hour of a model on your own hardware costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codesession.cli.options import Command, Scaled, Whole, as_json
from codesession.cli.output import answer, display, emit, opened
from codesession.config import read_config
from codesession.errors import InvalidInput
from codesession.model.local import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypedDict, Unpack

    class Said(TypedDict):
        """The options that say a rate."""

        preset: str | None
        nanos_per_hour: int | None
        milliwatts: int | None
        nanos_per_kwh: int | None
        hardware_nanos: int | None
        lifetime_hours: int | None
        gpu_name: str | None
        notes: str | None


_DOLLARS = Scaled("usd", 10**9, 10**6)
_WATTS = Scaled("w", 10**3, 10**5)
_HOURS = Whole("h", 1, 10**6)

_RATE: tuple[Callable[[Command], Command], ...] = (
    click.option("--preset", type=click.Choice(list(PRESETS)), help="The rate of a kind of hardware."),
    click.option("--cost-per-hour", "nanos_per_hour", type=_DOLLARS, help="What an hour costs, in US dollars."),
    click.option("--watts", "milliwatts", type=_WATTS, help="Estimate it: what the hardware draws at work."),
    click.option("--price-per-kwh", "nanos_per_kwh", type=_DOLLARS, help="With it: what a kilowatt-hour costs."),
    click.option("--hardware-price", "hardware_nanos", type=_DOLLARS, help="With it, for wear: what it cost to buy."),
    click.option("--lifetime-hours", type=_HOURS, help="With that: in how many hours of work it is worn out."),
    click.option("--gpu", "gpu_name", help="What the hardware is called in reports."),
    click.option("--notes", help="A remark to keep with it."),
)
"""How a rate is said."""

_PROVIDER = click.option(
    "--provider", help="The model server: ollama unless the words say it, lmstudio, llamacpp, vllm."
)


def _rate_options(command: Command) -> Command:
    for option in reversed(_RATE):
        command = option(command)
    return command


@click.group(
    "local-models",
    short_help="What an hour of a model on your own hardware costs.",
    invoke_without_command=True,
    epilog="Example: cs local-models",
)
@as_json
@click.pass_context
def local_models(context: click.Context, *, as_json: bool) -> None:
    """Models on your own hardware, which cost by the hour; alone it is `local-models list`."""
    if context.invoked_subcommand is None:
        context.invoke(list_, as_json=as_json)
    elif as_json:
        raise InvalidInput(f"Write --json after the command: cs local-models {context.invoked_subcommand} --json")


@local_models.command("list", epilog="Example: cs local-models list --json")
@as_json
def list_(*, as_json: bool) -> None:
    """Your hourly rates, and how long which hardware has worked."""
    from codesession.app import list_local_models
    from codesession.report.local_models import local_models_document, local_models_text

    with opened(quiet=as_json) as app:
        rates = list_local_models(app)
        if as_json:
            emit(local_models_document(rates))
            return
        for problem in rates.problems:
            app.problem(problem)
    display(local_models_text(rates))


@local_models.command(epilog="Example: cs local-models add llama3 --preset local-gpu --gpu 'RTX 4090'")
@click.argument("words", nargs=-1, required=True, metavar="[PROVIDER] MODEL")
@_PROVIDER
@_rate_options
@as_json
def add(words: tuple[str, ...], provider: str | None, *, as_json: bool, **said: Unpack[Said]) -> None:
    """Set what an hour of a model costs, for calls from now on; a former rate is replaced entirely.

    MODEL may be * for every model of the server that has no rate of its own. Presets in dollars an hour: local-cpu
    0.004, local-gpu 0.07, cloud-4090 0.40, cloud-a100 1.89, cloud-h100 2.99, free 0.
    """
    from codesession.app import SaidRate, add_local_model
    from codesession.app.local_models import path_of
    from codesession.report.local_models import added_document, added_text

    config = read_config()
    model, before = add_local_model(config, words, provider, SaidRate(**said))
    if as_json:
        emit(added_document(model, before, path_of(config)))
    else:
        answer(added_text(model, before, path_of(config)))


@local_models.command(epilog="Example: cs local-models remove qwen3:8b")
@click.argument("words", nargs=-1, required=True, metavar="[PROVIDER] MODEL")
@_PROVIDER
@as_json
def remove(words: tuple[str, ...], provider: str | None, *, as_json: bool) -> None:
    """Remove the rate of a model."""
    from codesession.app import remove_rate
    from codesession.app.local_models import path_of
    from codesession.report.local_models import removed_document, removed_text

    config = read_config()
    where, model = remove_rate(config, words, provider)
    if as_json:
        emit(removed_document(where, model, path_of(config)))
    else:
        answer(removed_text(where, model))


@local_models.command(epilog="Example: cs local-models detect")
@click.option("--host", help="Ask this host, or this host:port, instead of this machine.")
@click.option("--add", "adds", is_flag=True, help="Give the rate that you say to every model without one.")
@_rate_options
@as_json
def detect(host: str | None, *, adds: bool, as_json: bool, **said: Unpack[Said]) -> None:
    """Which models Ollama, LM Studio, llama.cpp and vLLM have on this machine, and which of them have a rate.

    They are asked now, at their usual ports. Nothing leaves this machine unless you name another host.
    """
    from codesession.app import SaidRate, detect_local_models
    from codesession.report.local_models import detected_document, detected_text

    rate = SaidRate(**said)
    if rate.is_said and not adds:
        raise InvalidInput("A rate is given with --add, to every model without one.")
    found = detect_local_models(read_config(), host, rate if adds else None)
    if as_json:
        emit(detected_document(found))
    else:
        display(detected_text(found, adds=adds))
