"""Are hourly rates of local models read as the earlier tool wrote them, and found under every name of a model?"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.meter import LocalPrices, find_local_model, price_ms, price_power, read_local_models
from codesession.model.local import PRESETS, LocalModel, Power

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "local-models.json"


# --- the file ---


def test_a_model_has_a_rate_per_hour(file: Path) -> None:
    file.write_text(
        '[{"provider": "ollama", "model": "llama3", "costPerHour": 0.07, "gpuName": "RTX 4090", "notes": "desk"},'
        ' {"provider": " vllm ", "model": "qwen", "costPerHour": 0, "gpuName": 7, "notes": " "}]'
    )
    models, problems = read_local_models(file)
    assert problems == []
    assert models == [LocalModel("ollama", "llama3", 70_000_000, "RTX 4090", "desk"), LocalModel("vllm", "qwen", 0)]


def test_how_a_rate_was_got_is_read_too(file: Path) -> None:
    power: dict[str, object] = {"watts": 350.5, "pricePerKwh": 0.3}
    wear: dict[str, object] = {"hardwarePrice": 1800, "lifetimeHours": 20_000}
    rates: list[dict[str, object]] = [
        {"preset": "local-gpu"},
        power,
        power | wear,
        {"watts": "much"} | wear,
        power | {"lifetimeHours": 0},
    ]
    name: dict[str, object] = {"provider": "p", "model": "m", "costPerHour": 1}
    file.write_text(json.dumps([name | rate for rate in rates]))
    models, problems = read_local_models(file)
    assert problems == []
    assert [(model.preset, model.power) for model in models] == [
        ("local-gpu", None),
        (None, Power(350_500, 300_000_000)),
        (None, Power(350_500, 300_000_000, 1_800_000_000_000, 20_000)),
        (None, None),
        (None, Power(350_500, 300_000_000)),
    ]


def test_without_a_file_there_are_none(file: Path) -> None:
    assert read_local_models(file) == ([], [])


@pytest.mark.parametrize("content", [b"{", b"{}", b"\xff"])
def test_a_broken_file_is_ignored_with_one_sentence(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    models, (problem,) = read_local_models(file)
    assert models == []
    assert problem.startswith(str(file))
    assert problem.endswith(" It is ignored.")


@pytest.mark.parametrize(
    "row",
    [
        7,
        {"provider": "p", "costPerHour": 1},
        {"provider": "p", "model": " ", "costPerHour": 1},
        {"provider": 1, "model": "m", "costPerHour": 1},
        {"provider": "p", "model": "m"},
        {"provider": "p", "model": "m", "costPerHour": -1},
        {"provider": "p", "model": "m", "costPerHour": "1"},
        {"provider": "p", "model": "m", "costPerHour": True},
        {"provider": "p", "model": "m", "costPerHour": float("inf")},
    ],
)
def test_a_broken_row_is_named_and_the_others_count(file: Path, row: object) -> None:
    file.write_text(json.dumps([row, {"provider": "p", "model": "good", "costPerHour": 1}]))
    models, (problem,) = read_local_models(file)
    assert [model.model for model in models] == ["good"]
    assert problem.startswith(f"{file}: model number 1 is ignored: ")


# --- which rate ---

ROWS = ("llama3", "llama3:8b", "qwen3:latest", "hf.co/maker/big", "phi.gguf", "*")
FOUND: dict[str, str | None] = {
    "llama3": "llama3",
    "LLAMA3 ": "llama3",
    "llama3:latest": "llama3",
    "llama3:8b": "llama3:8b",
    "llama3:70b-instruct-q4_0": "llama3",
    "qwen3": "qwen3:latest",
    "qwen3:8b": "*",
    "hf.co/maker/big:Q4_K_M": "hf.co/maker/big",
    "hf.co/maker/llama3": "llama3",
    "C:\\models\\llama3.gguf": "llama3",
    "/srv/models/phi.gguf": "phi.gguf",
    "phi.gguf": "phi.gguf",
    "never heard of": "*",
}


@pytest.mark.parametrize("model", FOUND)
def test_a_model_is_found_by_its_exact_name_before_others(model: str) -> None:
    rows = [LocalModel("ollama", name, 1) for name in ROWS]
    found = find_local_model(rows, "Ollama", model)
    assert found is not None
    assert found.model == FOUND[model]


def test_a_rate_is_that_of_one_server_however_its_name_is_written() -> None:
    rows = [LocalModel("LM Studio", "m", 1), LocalModel("llama.cpp", "*", 2), LocalModel("lmstudio", "M", 3)]
    assert find_local_model(rows, "lm-studio", "m") is rows[0]
    assert find_local_model(rows, "llamacpp", "m") is rows[1]
    assert find_local_model(rows, "vllm", "m") is None
    assert find_local_model(rows, "lmstudio", "other") is None


def test_a_running_program_takes_what_the_file_says_now(file: Path) -> None:
    prices = LocalPrices(file)
    assert prices.resolve("ollama", "m") is None
    assert (prices.models, prices.problems) == ((), ())
    file.write_text('[{"provider": "ollama", "model": "m", "costPerHour": 1}]')
    assert prices.resolve("ollama", "m") == LocalModel("ollama", "m", 1_000_000_000)
    file.write_text('[{"provider": "ollama", "model": "m", "costPerHour": 2.5}, 7]')
    assert prices.resolve("ollama", "m") == LocalModel("ollama", "m", 2_500_000_000)
    assert [problem.endswith("it is not an object.") for problem in prices.problems] == [True]
    file.unlink()
    assert prices.resolve("ollama", "m") is None
    assert prices.problems == ()


def test_a_file_that_cannot_be_looked_at_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no directory")
    prices = LocalPrices(tmp_path / "data" / "local-models.json")
    assert prices.resolve("ollama", "m") is None
    assert [problem.endswith("It is ignored.") for problem in prices.problems] == [True]


def test_a_file_that_did_not_change_is_not_read_again(file: Path) -> None:
    text = '[{"provider": "ollama", "model": "m", "costPerHour": 1}]'
    file.write_text(text)
    prices = LocalPrices(file)
    assert prices.models[0].nanos_per_hour == 1_000_000_000
    seen = file.stat()
    file.write_text(text.replace("1}", "2}"))
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # as if nobody had touched it
    assert prices.models[0].nanos_per_hour == 1_000_000_000


def test_hardware_is_called_what_the_user_calls_it_then_by_preset_then_by_rate() -> None:
    assert LocalModel("p", "m", 70_000_000, "RTX 4090", preset="local-gpu").hardware == "RTX 4090"
    assert LocalModel("p", "m", 70_000_000, preset="local-gpu").hardware == "local-gpu"
    assert LocalModel("p", "m", 70_000_000).hardware == "$0.07/h"
    assert LocalModel("p", "m", 1_500_000).hardware == "$0.0015/h"


# --- what time costs ---


def test_an_hour_costs_the_rate_and_no_time_nothing() -> None:
    assert price_ms(1_890_000_000, 3_600_000) == 1_890_000_000
    assert price_ms(1_890_000_000, 0) == 0
    assert price_ms(70_000_000, 250) == 4861  # 4861.1


@given(st.integers(0, 10**15), st.integers(0, 10**10))
def test_time_is_priced_exactly_and_rounded_half_to_even(rate: int, ms: int) -> None:
    assert price_ms(rate, ms) == round(Fraction(rate * ms, 3_600_000))


@given(
    st.integers(0, 10**8), st.integers(0, 10**12), st.none() | st.tuples(st.integers(0, 10**15), st.integers(1, 10**6))
)
def test_power_is_priced_exactly_and_rounded_half_to_even(
    milliwatts: int, kwh: int, wear: tuple[int, int] | None
) -> None:
    true = Fraction(milliwatts * kwh, 10**6) + (Fraction(*wear) if wear else 0)
    assert price_power(Power(milliwatts, kwh, *(wear or ()))) == round(true)


def test_the_presets_are_those_of_the_earlier_tool() -> None:
    assert PRESETS == {
        "local-cpu": 4_000_000,
        "local-gpu": 70_000_000,
        "cloud-4090": 400_000_000,
        "cloud-a100": 1_890_000_000,
        "cloud-h100": 2_990_000_000,
        "free": 0,
    }
