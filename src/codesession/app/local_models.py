"""What has the user said that an hour of a local model costs? Setting and removing rates in ``local-models.json``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codesession.app.words import valid_text
from codesession.errors import InvalidInput, UnknownModel
from codesession.meter import LocalPrices, price_power, remove_local_model, write_local_models
from codesession.meter.local import plain_provider
from codesession.meter.userfiles import LOCAL_MODELS
from codesession.model.local import PRESETS, LocalModel, LocalRates, Power

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from codesession.app.core import App
    from codesession.config import Config
    from codesession.model import Nanos
    from codesession.model.local import Detected, ModelServer

LONGEST_PROVIDER = 100
LONGEST_MODEL = 200
LONGEST_NAME = 200
LONGEST_NOTES = 1000
"""characters of what is kept"""

OLLAMA = "ollama"
SERVERS = (OLLAMA, "lmstudio", "llamacpp", "vllm", "sglang")
"""The model servers whose name before a slash is a provider's: ``hf.co/…`` is part of a model's name at Ollama."""

_WAYS = "--preset NAME, --cost-per-hour USD, or --watts W with --price-per-kwh USD"


@dataclass(frozen=True, slots=True)
class SaidRate:
    """A rate as it was said, in one of three ways; None for what was not said."""

    preset: str | None = None
    nanos_per_hour: Nanos | None = None
    milliwatts: int | None = None
    nanos_per_kwh: Nanos | None = None
    hardware_nanos: Nanos | None = None
    lifetime_hours: int | None = None
    gpu_name: str | None = None
    notes: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether anything was."""
        return self != SaidRate()


def list_local_models(app: App) -> LocalRates:
    """Every local model that has a rate, and how long which hardware has worked, in all sessions."""
    prices = LocalPrices(path_of(app.config))
    with app.ledger.reading() as reader:
        worked = reader.hardware()
    return LocalRates(prices.models, tuple(worked), prices.problems, path_of(app.config))


def add_local_model(
    config: Config, words: Sequence[str], provider: str | None, said: SaidRate
) -> tuple[LocalModel, LocalModel | None]:
    """Set what an hour of a model costs; it holds from now on.

    Returns:
        The model as it was written, and what is replaced by that.

    Raises:
        InvalidInput: a name cannot be used, or the rate is said in no way or in two, or the file is broken; nothing
            was written.
        DatabaseError: the file cannot be written.
    """
    path = path_of(config)
    where, name = _named(words, provider, path)
    model = rated(where or OLLAMA, name, said)
    replaced = write_local_models(path, [model])
    return model, replaced[0] if replaced else None


def remove_rate(config: Config, words: Sequence[str], provider: str | None) -> tuple[str, str]:
    """Remove the rate of a model; returns its provider and name.

    Raises:
        UnknownModel: it has none.
        InvalidInput: a name cannot be used, or is that of several models, or the file is broken; nothing was changed.
        DatabaseError: the file cannot be written.
    """
    path = path_of(config)
    where, name = _named(words, provider, path)
    wanted = name.lower()
    same = [known for known in LocalPrices(path).models if known.model.lower() == wanted]
    if where is None and len({plain_provider(known.provider) for known in same}) > 1:
        providers = " and ".join(sorted({known.provider for known in same}))
        raise InvalidInput(f"{name} has a rate at {providers}: say which, with --provider.")
    where = where or (same[0].provider if same else OLLAMA)

    def is_meant(provider: str, model: str) -> bool:
        return plain_provider(provider) == plain_provider(where) and model.strip().lower() == wanted

    if not remove_local_model(path, is_meant):
        raise UnknownModel(
            f"{where}/{name} has no rate of its own. Those that have one: cs local-models list",
            model=name,
            provider=where,
        )
    return where, name


def detect_local_models(config: Config, host: str | None = None, said: SaidRate | None = None) -> Detected:
    """Which models the servers on this machine have, or those of `host`; with `said`, models without a rate get it.

    Raises:
        InvalidInput: the host or the rate cannot be used, or the file is broken.
        DatabaseError: the file cannot be written.
    """
    from codesession.app.local_servers import find_servers, places

    asked, doubts = places(config.environ, host)
    if said is not None:
        rated(OLLAMA, "a model", said)  # what is wrong with the rate is said before anything is asked
    found = find_servers(asked)
    path = path_of(config)
    prices = LocalPrices(path)
    added: list[LocalModel] = []
    if said is not None:
        lacking = [
            (server.provider, model.name)
            for server in found.servers
            for model in server.models
            if model.runs_at is None and prices.resolve(server.provider, model.name) is None
        ]
        added = [rated(provider, name, said) for provider, name in dict.fromkeys(lacking)]
        if added:
            write_local_models(path, added)
    servers = tuple(_with_rates(server, prices) for server in found.servers)
    problems = (*doubts, *found.problems, *prices.problems)
    return found._replace(servers=servers, problems=problems, added=tuple(added))


def _with_rates(server: ModelServer, prices: LocalPrices) -> ModelServer:
    models = (
        model if model.runs_at else model._replace(rate=prices.resolve(server.provider, model.name))
        for model in server.models
    )
    return replace(server, models=tuple(models))


def path_of(config: Config) -> Path:
    """The file that says what the user's own models cost."""
    return config.data_dir / LOCAL_MODELS


def rated(provider: str, model: str, said: SaidRate) -> LocalModel:
    """The model with the rate that was `said`.

    Raises:
        InvalidInput: it was said in no way, or in two, or in half of one.
    """
    gpu_name = None if said.gpu_name is None else _text("name of the hardware", said.gpu_name, LONGEST_NAME)
    notes = None if said.notes is None else _text("note", said.notes, LONGEST_NOTES)
    drawn = (said.milliwatts, said.nanos_per_kwh, said.hardware_nanos, said.lifetime_hours)
    ways = [said.preset is not None, said.nanos_per_hour is not None, any(part is not None for part in drawn)]
    if sum(ways) != 1:
        raise InvalidInput(f"Say what an hour costs{', in one way only' if any(ways) else ''}: {_WAYS}.")
    if said.preset is not None:
        return LocalModel(provider, model, PRESETS[said.preset], gpu_name, notes, said.preset)
    if said.nanos_per_hour is not None:
        return LocalModel(provider, model, said.nanos_per_hour, gpu_name, notes)
    power = _power(said)
    return LocalModel(provider, model, price_power(power), gpu_name, notes, power=power)


def _power(said: SaidRate) -> Power:
    if said.milliwatts is None or said.nanos_per_kwh is None:
        raise InvalidInput("An hour is estimated from both --watts W and --price-per-kwh USD.")
    if (said.hardware_nanos is None) != (said.lifetime_hours is None):
        raise InvalidInput("Wear is estimated from both --hardware-price USD and --lifetime-hours H.")
    return Power(said.milliwatts, said.nanos_per_kwh, said.hardware_nanos, said.lifetime_hours)


def _named(words: Sequence[str], provider: str | None, path: Path) -> tuple[str | None, str]:
    """The provider, if it was said, and the model of ``MODEL``, ``PROVIDER/MODEL`` or ``PROVIDER MODEL``."""
    if len(words) > 2:  # noqa: PLR2004 - a provider and a model
        raise InvalidInput(f"{words[2]!r} is too much: say the model, or the provider and the model.")
    *before, name = words
    if before and provider is not None:
        raise InvalidInput(f"The provider is said twice: {before[0]} and --provider {provider}.")
    where = before[0] if before else provider
    if where is None:
        prefix, slash, rest = name.partition("/")
        if slash and rest and plain_provider(prefix) in _providers(path):
            where, name = prefix, rest
    return None if where is None else _provider(where), _text("model", name, LONGEST_MODEL)


def _providers(path: Path) -> Collection[str]:
    return {*SERVERS, *(plain_provider(known.provider) for known in LocalPrices(path).models)}


def _provider(said: str) -> str:
    """A provider's name, spelled as it is in the ledger if it is a server that we know."""
    name = _text("provider", said, LONGEST_PROVIDER)
    if "/" in name:
        raise InvalidInput(f"The provider {name!r} has a slash; a provider's name has none.")
    plain = plain_provider(name)
    return plain if plain in SERVERS else name


def _text(what: str, said: str, longest: int) -> str:
    """A name as it is kept."""
    text = " ".join(valid_text(said).split())
    if not text:
        raise InvalidInput(f"The {what} is blank.")
    if len(text) > longest:
        raise InvalidInput(f"The {what} has {len(text)} characters; at most {longest} are kept.")
    return text
