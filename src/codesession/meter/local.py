"""What does an hour of a model on the user's own hardware cost? From ``local-models.json``.

::

    [{"provider": "ollama", "model": "llama3", "costPerHour": 0.07, "gpuName": "RTX 4090", "notes": "…"}]
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from codesession.meter.pricing import divide
from codesession.meter.userfiles import MOST_DOLLARS, exact_dollars, read_json
from codesession.model import from_usd

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.model import Nanos

_SECONDS_PER_HOUR = 3600


class LocalModel(NamedTuple):
    """A model that costs by the hour."""

    provider: str
    model: str
    nanos_per_hour: Nanos
    gpu_name: str | None = None
    notes: str | None = None


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
    dollars = exact_dollars(row.get("costPerHour"))
    if dollars is None:
        return f"costPerHour is not a number of dollars from 0 to {MOST_DOLLARS:,}"
    per_hour = from_usd(Decimal(dollars[0]).scaleb(dollars[1]))
    return LocalModel(provider.strip(), model.strip(), per_hour, _text(row.get("gpuName")), _text(row.get("notes")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def find_local_model(models: list[LocalModel], provider: str, model: str) -> LocalModel | None:
    """The first of `models` of that name at that provider, in any case of letters."""
    wanted = provider.strip().lower(), model.strip().lower()
    return next((known for known in models if (known.provider.lower(), known.model.lower()) == wanted), None)


def price_seconds(nanos_per_hour: Nanos, seconds: int) -> Nanos:
    """What `seconds` cost at an hourly rate, in nano-dollars, rounded half to even.

    >>> price_seconds(70_000_000, 150), price_seconds(1800, 1), price_seconds(5400, 1)
    (2916667, 0, 2)
    """
    return divide(nanos_per_hour * seconds, _SECONDS_PER_HOUR)
