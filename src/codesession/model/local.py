"""What runs on the user's own hardware, and what does an hour of that cost?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from codesession.model.money import dollars

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from codesession.model.money import Nanos
    from codesession.model.sums import HardwareTotals

PRESETS: Mapping[str, Nanos] = {
    "local-cpu": 4_000_000,
    "local-gpu": 70_000_000,
    "cloud-4090": 400_000_000,
    "cloud-a100": 1_890_000_000,
    "cloud-h100": 2_990_000_000,
    "free": 0,
}
"""Nano-dollars an hour of kinds of hardware, as CostHQ 4.0.0 had them (read 2026-11-28): round, and nobody's bill."""

EVERY_MODEL = "*"
"""the name of a row that stands for every model of its provider that has none of its own"""


class Power(NamedTuple):
    """What hardware draws and wears, from which an hourly rate is estimated."""

    milliwatts: int
    nanos_per_kwh: Nanos
    hardware_nanos: Nanos | None = None
    """what it cost to buy; None: that is left out"""
    lifetime_hours: int | None = None
    """over how many hours of work that is spread"""


class LocalModel(NamedTuple):
    """A model that costs by the hour."""

    provider: str
    model: str
    nanos_per_hour: Nanos
    gpu_name: str | None = None
    notes: str | None = None
    preset: str | None = None
    """which of `PRESETS` the rate is, if it is one"""
    power: Power | None = None
    """from what the rate was estimated, if it was"""

    @property
    def hardware(self) -> str:
        """What it runs on, as reports name it: as the user does, else the preset, else by its rate.

        >>> LocalModel("ollama", "llama3", 70_000_000, "RTX 4090").hardware
        'RTX 4090'
        >>> LocalModel("ollama", "llama3", 70_000_000).hardware
        '$0.07/h'
        """
        return self.gpu_name or self.preset or f"{per_hour(self.nanos_per_hour)}/h"


def per_hour(nanos: Nanos) -> str:
    """An hourly rate exactly, with its cents written out.

    >>> per_hour(400_000_000), per_hour(4_000_000)
    ('$0.40', '$0.004')
    """
    whole, _, cents = dollars(nanos).partition(".")
    return f"${whole}.{cents:0<2}"


class LocalRates(NamedTuple):
    """Every local model that has a rate, and how long which hardware has worked."""

    models: tuple[LocalModel, ...]
    hardware: tuple[HardwareTotals, ...]
    problems: tuple[str, ...]
    """a sentence for what in the file cannot be used"""
    path: Path


class ServedModel(NamedTuple):
    """A model that a server on this machine has."""

    name: str
    size_bytes: int | None = None
    parameters: str | None = None
    """such as 8.0B"""
    quantization: str | None = None
    """such as Q4_K_M"""
    is_loaded: bool | None = None
    """whether it is in memory; None: the server does not say"""
    runs_at: str | None = None
    """the host where it runs, if that is not the server's own hardware"""
    rate: LocalModel | None = None
    """the hourly rate that holds for it"""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A model server that answered."""

    provider: str
    address: str
    """host:port"""
    models: tuple[ServedModel, ...]
    version: str | None = None


class Detected(NamedTuple):
    """Which servers answered, of those that were asked."""

    servers: tuple[ModelServer, ...]
    asked: tuple[str, ...]
    """addresses, host:port"""
    problems: tuple[str, ...] = ()
    """a sentence for each address where something is, and told nothing"""
    added: tuple[LocalModel, ...] = ()
    """models that were given a rate because they had none"""
