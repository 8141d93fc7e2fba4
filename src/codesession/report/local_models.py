"""Which models run on the user's own hardware, and what does an hour of that cost? As documents, and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import to_usd
from codesession.model.local import per_hour
from codesession.report.documents import Document, document
from codesession.report.formats import money, plural
from codesession.report.hardware import UNRATED, cost_text, hardware_rows, time_text
from codesession.report.tables import columns, harmless

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.model.local import Detected, LocalModel, LocalRates, ModelServer, ServedModel

_NONE = (
    "No local model has an hourly rate. Give one with: cs local-models add llama3 --preset local-gpu\n"
    "What runs here says: cs local-models detect"
)
_GB = 1_000_000_000
_TITLES = {"ollama": "Ollama", "lmstudio": "LM Studio", "llamacpp": "llama.cpp", "vllm": "vLLM", "sglang": "SGLang"}


# --- documents ---


def local_models_document(rates: LocalRates) -> Document:
    """What ``local-models list`` answers."""
    return document(
        {
            "models": [rate_document(model) for model in rates.models],
            "hardware": hardware_rows(rates.hardware),
            "problems": list(rates.problems),
            "path": str(rates.path),
        }
    )


def added_document(model: LocalModel, before: LocalModel | None, path: Path) -> Document:
    """What ``local-models add`` answers: the rate, and the one that it replaces."""
    replaced = {"replaced": None if before is None else rate_document(before)}
    return document(rate_document(model) | replaced | {"path": str(path)})


def removed_document(provider: str, model: str, path: Path) -> Document:
    """What ``local-models remove`` answers."""
    return document({"removed": True, "provider": provider, "model": model, "path": str(path)})


def detected_document(found: Detected) -> Document:
    """What ``local-models detect`` answers."""
    return document(
        {
            "servers": [
                {
                    "provider": server.provider,
                    "address": server.address,
                    "version": server.version,
                    "models": [_served(model) for model in server.models],
                }
                for server in found.servers
            ],
            "asked": list(found.asked),
            "added": [rate_document(model) for model in found.added],
            "problems": list(found.problems),
        }
    )


def rate_document(model: LocalModel) -> Document:
    """What an hour of a model costs; what was not said of it is absent."""
    told: Document = {"gpuName": model.gpu_name, "notes": model.notes, "preset": model.preset}
    power = model.power
    if power is not None:
        told |= {"watts": _watts(power.milliwatts), "pricePerKwh": to_usd(power.nanos_per_kwh)}
        if power.hardware_nanos is not None:
            told |= {"hardwarePrice": to_usd(power.hardware_nanos), "lifetimeHours": power.lifetime_hours}
    known = {
        "provider": model.provider,
        "model": model.model,
        "costPerHour": to_usd(model.nanos_per_hour),
        "hardware": model.hardware,
        "estimated": power is not None,
    }
    return known | {key: value for key, value in told.items() if value is not None}


def _served(model: ServedModel) -> Document:
    rate = model.rate
    told = {
        "sizeBytes": model.size_bytes,
        "parameters": model.parameters,
        "quantization": model.quantization,
        "loaded": model.is_loaded,
        "runsAt": model.runs_at,
    }
    known = {
        "model": model.name,
        "costPerHour": None if rate is None else to_usd(rate.nanos_per_hour),
        "hardware": None if rate is None else rate.hardware,
    }
    return known | {key: value for key, value in told.items() if value is not None}


def _watts(milliwatts: int) -> float | int:
    """Without a fraction where there is none."""
    return milliwatts / 1000 if milliwatts % 1000 else milliwatts // 1000


# --- text ---


def local_models_text(rates: LocalRates) -> str:
    """The rates, and the time that hardware worked, in two tables."""
    parts = [_rates_table(rates.models) if rates.models else _NONE]
    if rates.hardware:
        rows = [
            (worked.hardware or UNRATED, f"{worked.calls:,}", time_text(worked), cost_text(worked))
            for worked in rates.hardware
        ]
        names = ("Hardware", "Calls", "Time", "Cost")
        parts.append(columns("Time on your own hardware, in all sessions", names, rows, names[1:]))
    return "\n\n".join(parts)


def _rates_table(models: tuple[LocalModel, ...]) -> str:
    names = ["Provider", "Model", "Per hour", "Hardware", "Rate"]
    rows = [
        [model.provider, model.model, per_hour(model.nanos_per_hour), model.hardware, how_rated(model)]
        for model in models
    ]
    if any(model.notes for model in models):
        names.append("Notes")
        for row, model in zip(rows, models, strict=True):
            row.append(model.notes or "")
    return columns("Models on your own hardware", names, rows, ("Per hour",))


def how_rated(model: LocalModel) -> str:
    """How a rate was got."""
    if model.power is None:
        return f"preset {model.preset}" if model.preset else "as given"
    milliwatts, kwh, hardware, hours = model.power
    wear = "" if hardware is None else f", {money(hardware)} over {hours:,} h"
    return f"estimated: {_watts(milliwatts)} W at {per_hour(kwh)}/kWh{wear}"


def added_text(model: LocalModel, before: LocalModel | None, path: Path) -> str:
    """What a model now costs, in a sentence or two."""
    which = "Every other model" if model.model == "*" else model.model
    told = f"{which} at {model.provider} now costs {per_hour(model.nanos_per_hour)} an hour"
    if model.power is not None:
        told += f" ({how_rated(model)})"
    told += f" on {model.gpu_name}" if model.gpu_name else ""
    was = "" if before is None else f" It was {per_hour(before.nanos_per_hour)}."
    return f"{told}, as {path} says.{was}"


def removed_text(provider: str, model: str) -> str:
    """That there is no such rate any more."""
    return f"{model} at {provider} has no rate of its own any more."


def detected_text(found: Detected, *, adds: bool = False) -> str:
    """Each server with its models, and what to type for those without a rate; `adds` if they were to be given one."""
    parts = [_server_text(server) for server in found.servers]
    if not found.servers:
        parts.append(f"No model server answered. Asked: {', '.join(found.asked)}.")
    parts += [harmless(problem) for problem in found.problems]
    if found.added:
        rate = per_hour(found.added[0].nanos_per_hour)
        parts.append(f"Added {plural(len(found.added), 'model')} at {rate} an hour: cs local-models list")
    elif adds:
        parts.append("There was no model without a rate.")
    lacking = [
        (server.provider, model.name)
        for server in found.servers
        for model in server.models
        if model.rate is None and model.runs_at is None
    ]
    if lacking:
        parts.append(_advice(lacking))
    return "\n\n".join(parts)


def _server_text(server: ModelServer) -> str:
    version = f" {server.version}" if server.version else ""
    title = f"{_TITLES.get(server.provider, server.provider)}{version} at {server.address}"
    if not server.models:
        return harmless(f"{title} has no models.")
    names = ("Model", "Size", "Parameters", "Quantisation", "In memory", "Per hour")
    rows = [
        (
            model.name,
            f"{model.size_bytes / _GB:.1f} GB" if model.size_bytes else "-",
            model.parameters or "-",
            model.quantization or "-",
            {True: "yes", False: "no", None: "-"}[model.is_loaded],
            _rate(model),
        )
        for model in server.models
    ]
    return columns(title, names, rows, ("Size", "Parameters", "Per hour"))


def _rate(model: ServedModel) -> str:
    if model.runs_at:
        return f"runs at {model.runs_at}"
    return "no rate" if model.rate is None else per_hour(model.rate.nanos_per_hour)


def _advice(lacking: list[tuple[str, str]]) -> str:
    """What to type to give rates to models that have none: one by one, or all of a server's at once."""
    from shlex import quote

    provider, name = lacking[0]
    some = f"  cs local-models add {quote(name)} --provider {quote(provider)} --preset local-gpu"
    lines = [f"{plural(len(lacking), 'model')} without an hourly rate. Say what an hour costs with:", some]
    if len(lacking) > 1:
        lines += ["or, of all of them, with:", "  cs local-models detect --add --preset local-gpu"]
    return harmless("\n".join(lines))
