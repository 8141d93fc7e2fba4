"""What does an hour of a model on the user's own hardware cost? From ``local-models.json``.

::

    [{"provider": "ollama", "model": "llama3", "costPerHour": 0.07, "gpuName": "RTX 4090", "notes": "…"},
     {"provider": "vllm",   "model": "*",      "costPerHour": 2.99, "preset": "cloud-h100"}]

The first form is the earlier tool's. A model is looked up by its exact name first, then by the other names of the same
weights, and at last under ``*``, which is every model of that provider without a row of its own.

The file is looked at before each answer and read again when it has changed, so a running proxy takes new rates.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from codesession.meter.pricing import divide
from codesession.meter.userfiles import MOST_DOLLARS, exact_dollars, file_mark, read_json
from codesession.model import from_usd
from codesession.model.local import EVERY_MODEL, LocalModel, Power

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from codesession.model import Nanos

_MS_PER_HOUR = 3_600_000
_LATEST = ":latest"
_NAMES_KEPT = 1024


class LocalPrices:
    """The hourly rates of the user's own models, as the file `path` holds them at each moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int, int] | None = None
        self._models: tuple[LocalModel, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._found = lru_cache(_NAMES_KEPT)(self._find)

    @property
    def models(self) -> tuple[LocalModel, ...]:
        """The models that have a rate, as they stand in the file."""
        self._refresh()
        return self._models

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for the file, or for each row of it, that cannot be used."""
        self._refresh()
        return self._problems

    def resolve(self, provider: str, model: str) -> LocalModel | None:
        """The rate of `model` on the server `provider`; None when the user has said none."""
        self._refresh()
        return self._found(provider, model) if self._models else None

    def _find(self, provider: str, model: str) -> LocalModel | None:
        return find_local_model(self._models, provider, model)

    def _refresh(self) -> None:
        """Read the file again if it is not the one that was read last."""
        mark = file_mark(self._path)
        if mark == self._mark:
            return
        models, problems = read_local_models(self._path)
        self._models, self._problems = tuple(models), tuple(problems)
        self._found = lru_cache(_NAMES_KEPT)(self._find)
        self._mark = mark


def read_local_models(path: Path) -> tuple[list[LocalModel], list[str]]:
    """The models in the file `path`, and a sentence for the file or each row that cannot be used."""
    content, problem = read_json(path)
    if problem is not None:
        return [], [f"{problem} It is ignored."]
    if content is None:
        return [], []
    if not isinstance(content, list):
        return [], [f"{path} holds no list of models. It is ignored."]
    models: list[LocalModel] = []
    problems: list[str] = []
    for number, row in enumerate(content, 1):
        model = _read_row(row)
        if isinstance(model, LocalModel):
            models.append(model)
        else:
            problems.append(f"{path}: model number {number} is ignored: {model}.")
    return models, problems


def _read_row(row: object) -> LocalModel | str:
    """One model, or why there is none."""
    if not isinstance(row, dict):
        return "it is not an object"
    provider, model = row.get("provider"), row.get("model")
    if not isinstance(provider, str) or not isinstance(model, str) or not provider.strip() or not model.strip():
        return "it has no provider and model"
    exact = exact_dollars(row.get("costPerHour"))
    if exact is None:
        return f"costPerHour is not a number of dollars from 0 to {MOST_DOLLARS:,}"
    gpu_name, notes, preset = (_text(row.get(key)) for key in ("gpuName", "notes", "preset"))
    return LocalModel(provider.strip(), model.strip(), _nanos(exact), gpu_name, notes, preset, _power(row))


def _nanos(exact: tuple[int, int]) -> Nanos:
    digits, exponent = exact
    return from_usd(Decimal(digits).scaleb(exponent))


def _power(row: Mapping[str, object]) -> Power | None:
    """From what the rate of a row was estimated; None unless that stands there in full."""
    watts, kwh, hardware = (exact_dollars(row.get(key)) for key in ("watts", "pricePerKwh", "hardwarePrice"))
    hours = row.get("lifetimeHours")
    if watts is None or kwh is None:
        return None
    milliwatts = _nanos(watts) // 1_000_000
    if hardware is None or not isinstance(hours, int) or isinstance(hours, bool) or hours <= 0:
        return Power(milliwatts, _nanos(kwh))
    return Power(milliwatts, _nanos(kwh), _nanos(hardware), hours)


def _text(value: object) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def find_local_model(models: Sequence[LocalModel], provider: str, model: str) -> LocalModel | None:
    """The one of `models` whose rate holds for `model` on the server `provider`; of two of a name the first.

    >>> mine = [LocalModel("ollama", "llama3", 1), LocalModel("ollama", "*", 2)]
    >>> [find_local_model(mine, "Ollama", name).model for name in ("llama3:latest", "llama3:8b", "qwen3")]
    ['llama3', 'llama3', '*']
    """
    there = plain_provider(provider)
    named: dict[str, LocalModel] = {}
    for known in models:
        if plain_provider(known.provider) == there:
            named.setdefault(known.model.lower(), known)
    return next((named[name] for name in _spellings(model.strip().lower()) if name in named), None)


def plain_provider(name: str) -> str:
    """`name` without what people write differently.

    >>> plain_provider("LM Studio"), plain_provider("llama.cpp")
    ('lmstudio', 'llamacpp')
    """
    return re.sub(r"[\s._-]", "", name.lower())


def _spellings(model: str) -> Iterator[str]:
    """The names under which the rate of a model may stand, the most exact first.

    Ollama's ``llama3`` is ``llama3:latest`` (https://docs.ollama.com/api, "Model names", read 2026-11-28); a rate
    without a tag is that of every tag. llama.cpp names a model by the file it has loaded, and LM Studio and Hugging
    Face put who made it before the name.
    """
    last = re.split(r"[/\\]", model)[-1]
    for name in dict.fromkeys((model, last, last.removesuffix(".gguf"))):
        yield name
        yield name.removesuffix(_LATEST) if name.endswith(_LATEST) else name + _LATEST
        bare, _, tag = name.rpartition(":")
        if bare and not re.search(r"[/\\]", tag):  # what follows the colon of C:\models is no tag
            yield bare
    yield EVERY_MODEL


def price_ms(nanos_per_hour: Nanos, ms: int) -> Nanos:
    """What `ms` milliseconds cost at an hourly rate, in nano-dollars, rounded half to even.

    >>> price_ms(70_000_000, 150_000), price_ms(1_800_000, 1), price_ms(5_400_000, 1)
    (2916667, 0, 2)
    """
    return divide(nanos_per_hour * ms, _MS_PER_HOUR)


def price_power(power: Power) -> Nanos:
    """What an hour at that power costs, with wear if it is known, in nano-dollars, rounded half to even.

    >>> price_power(Power(350_000, 300_000_000)), price_power(Power(350_000, 300_000_000, 1_800_000_000_000, 20_000))
    (105000000, 195000000)
    """
    per_kilowatt = 1_000_000  # milliwatts in it
    drawn = power.milliwatts * power.nanos_per_kwh
    if power.hardware_nanos is None or power.lifetime_hours is None:
        return divide(drawn, per_kilowatt)
    return divide(
        drawn * power.lifetime_hours + power.hardware_nanos * per_kilowatt, per_kilowatt * power.lifetime_hours
    )
