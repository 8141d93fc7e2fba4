"""Are hourly rates of local models read as the earlier tool wrote them?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codesession.meter import LocalModel, find_local_model, price_seconds, read_local_models

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "local-models.json"


def test_a_model_has_a_rate_per_hour(file: Path) -> None:
    file.write_text(
        '[{"provider": "ollama", "model": "llama3", "costPerHour": 0.07, "gpuName": "RTX 4090", "notes": "desk"},'
        ' {"provider": " vllm ", "model": "qwen", "costPerHour": 0, "gpuName": 7}]'
    )
    models, problems = read_local_models(file)
    assert problems == []
    assert models == [LocalModel("ollama", "llama3", 70_000_000, "RTX 4090", "desk"), LocalModel("vllm", "qwen", 0)]
    assert find_local_model(models, "Ollama", "LLAMA3") is models[0]
    assert find_local_model(models, "vllm", "llama3") is None


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


def test_an_hour_costs_the_rate_and_no_time_nothing() -> None:
    assert price_seconds(1_890_000_000, 3600) == 1_890_000_000
    assert price_seconds(1_890_000_000, 0) == 0
