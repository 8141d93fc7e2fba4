"""How is the user's ``local-models.json`` changed? As `rewriting` does it; what we do not know in it stays as it was.

A rate is kept with how it was got::

    {"provider": "ollama", "model": "qwen3:8b", "costPerHour": 0.195, "gpuName": "RTX 4090", "estimated": true,
     "watts": 350, "pricePerKwh": 0.30, "hardwarePrice": 1800, "lifetimeHours": 20000}
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from codesession.errors import InvalidInput
from codesession.meter.local import plain_provider, read_local_models
from codesession.meter.rewriting import exact_json, exclusive, write_whole
from codesession.meter.userfiles import read_json
from codesession.model.money import dollars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from codesession.model.local import LocalModel

_OURS = frozenset(
    {
        *("provider", "model", "costPerHour", "gpuName", "notes", "preset", "estimated"),
        *("watts", "pricePerKwh", "hardwarePrice", "lifetimeHours"),
    }
)
"""The keys of a row that a new rate replaces."""


def write_local_models(path: Path, models: Iterable[LocalModel]) -> list[LocalModel]:
    """Set the rate of each of `models`; one that had a rate has only the new one afterwards.

    Returns:
        The rates that were there before and are replaced.

    Raises:
        InvalidInput: the file holds something that is no list of models; it was left as it is.
        DatabaseError: the file cannot be written.
    """
    with exclusive(path):
        rows = _read_all(path)
        before = read_local_models(path)[0]
        replaced = []
        for model in models:
            name = _key(model.provider, model.model)
            replaced += [known for known in before if _key(known.provider, known.model) == name][:1]
            at = [number for number, row in enumerate(rows) if _name(row) == name]
            rest = {key: value for number in at for key, value in _unknown(rows[number])}
            place = at[0] if at else len(rows)
            rows = [row for number, row in enumerate(rows) if number not in at]
            rows.insert(place, _row(model) | rest)
        write_whole(path, exact_json(rows) + "\n")
        return replaced


def remove_local_model(path: Path, is_meant: Callable[[str, str], bool]) -> bool:
    """Remove the rows whose provider and model are meant; False if there are none, and nothing was touched.

    Raises:
        InvalidInput: the file holds something that is no list of models; it was left as it is.
        DatabaseError: the file cannot be written.
    """

    def kept(row: object) -> bool:
        return not (isinstance(row, dict) and is_meant(str(row.get("provider")), str(row.get("model"))))

    if all(map(kept, _read_all(path))):
        return False
    with exclusive(path):
        write_whole(path, exact_json([row for row in _read_all(path) if kept(row)]) + "\n")
    return True


def _read_all(path: Path) -> list[object]:
    """All that is in the file; empty when there is none."""
    content, problem = read_json(path)
    if problem is None and not isinstance(content, list | None):
        problem = f"{path} holds no list of models."
    if problem is not None:
        raise InvalidInput(f"{problem} It was left as it is: mend it, or move it away.", path=str(path))
    return content if isinstance(content, list) else []


def _key(provider: str, model: str) -> tuple[str, str]:
    return plain_provider(provider), model.strip().lower()


def _name(row: object) -> tuple[str, str] | None:
    """Whose rate a row is, whether or not it can be used."""
    if not isinstance(row, dict):
        return None
    provider, model = row.get("provider"), row.get("model")
    return _key(provider, model) if isinstance(provider, str) and isinstance(model, str) else None


def _unknown(row: object) -> list[tuple[str, object]]:
    """What somebody else has written into a row."""
    return [(key, value) for key, value in row.items() if key not in _OURS] if isinstance(row, dict) else []


def _row(model: LocalModel) -> dict[str, object]:
    row: dict[str, object] = {
        "provider": model.provider,
        "model": model.model,
        "costPerHour": _number(model.nanos_per_hour),
    }
    told = {"gpuName": model.gpu_name, "notes": model.notes, "preset": model.preset}
    row |= {key: value for key, value in told.items() if value is not None}
    if model.power is None:
        return row
    milliwatts, kwh, hardware, hours = model.power
    row |= {"estimated": True, "watts": _number(milliwatts * 1_000_000), "pricePerKwh": _number(kwh)}
    if hardware is not None:
        row |= {"hardwarePrice": _number(hardware), "lifetimeHours": hours}
    return row


def _number(billionths: int) -> Decimal:
    """A number that is kept in billionths, as its exact JSON."""
    return Decimal(dollars(billionths))
