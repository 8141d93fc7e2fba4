"""Is the file of hourly rates changed whole or not at all, and does nothing in it get lost?"""

from __future__ import annotations

import json
import stat
import sys
import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from codesession.errors import DatabaseError, InvalidInput
from codesession.meter import read_local_models, remove_local_model, write_local_models
from codesession.model.local import LocalModel, Power

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LLAMA = LocalModel("ollama", "llama3", 70_000_000, "RTX 4090", "desk", "local-gpu")
QWEN = LocalModel("ollama", "qwen3:8b", 195_000_000, power=Power(350_500, 300_000_000, 1_800_000_000_000, 20_000))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "local-models.json"


def given(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)


def test_the_first_rate_makes_the_file_in_the_form_of_the_earlier_tool(file: Path) -> None:
    assert write_local_models(file, [LLAMA._replace(preset=None)]) == []
    assert json.loads(file.read_text()) == [
        {"provider": "ollama", "model": "llama3", "costPerHour": 0.07, "gpuName": "RTX 4090", "notes": "desk"}
    ]
    assert file.read_text().endswith("}\n]\n")
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_written_is_read_back_with_how_it_was_got(file: Path) -> None:
    whole = [LLAMA, QWEN, LocalModel("vllm", "*", 1, power=Power(1, 1))]
    write_local_models(file, whole)
    assert read_local_models(file) == (whole, [])
    assert json.loads(file.read_text(), parse_float=str)[1] == {
        "provider": "ollama", "model": "qwen3:8b", "costPerHour": "0.195", "estimated": True,
        "watts": "350.5", "pricePerKwh": "0.3", "hardwarePrice": 1800, "lifetimeHours": 20_000,
    }  # fmt: skip


def test_a_rate_is_replaced_in_its_place_and_what_we_do_not_know_stays(file: Path) -> None:
    given(
        file,
        '[7, {"provider": "Ollama", "model": "LLAMA3", "costPerHour": 0.12345678901, "gpuName": "old", "id": 3},'
        ' {"provider": "vllm", "model": "m", "costPerHour": 1.50, "own": {"x": [1e-7, null]}},'
        ' {"provider": "ollama", "model": "llama3", "costPerHour": "much", "tag": "b"}]',
    )
    (before,) = write_local_models(file, [LocalModel("ollama", "llama3", 2)])
    assert (before.nanos_per_hour, before.gpu_name) == (123_456_789, "old")
    text = file.read_text()
    assert json.loads(text, parse_float=Decimal) == [
        7,
        {"provider": "ollama", "model": "llama3", "costPerHour": Decimal("2E-9"), "id": 3, "tag": "b"},
        {"provider": "vllm", "model": "m", "costPerHour": Decimal("1.50"), "own": {"x": [Decimal("1E-7"), None]}},
    ]
    assert '"costPerHour": 1.50,' in text  # to the last digit


def test_several_are_written_at_once(file: Path) -> None:
    write_local_models(file, [LLAMA])
    dearer = LLAMA._replace(nanos_per_hour=5)
    assert write_local_models(file, [QWEN, dearer]) == [LLAMA]
    assert read_local_models(file)[0] == [dearer, QWEN]


@pytest.mark.parametrize("content", ["{", "{}", "7"])
def test_a_broken_file_is_left_as_it_is_and_the_error_says_what_to_do(file: Path, content: str) -> None:
    given(file, content)
    with pytest.raises(InvalidInput, match="It was left as it is: mend it, or move it away") as caught:
        write_local_models(file, [LLAMA])
    assert caught.value.extra == {"path": str(file)}
    with pytest.raises(InvalidInput):
        remove_local_model(file, lambda *_: True)
    assert file.read_text() == content


def test_only_what_is_meant_is_removed_and_without_that_nothing_is_touched(file: Path) -> None:
    assert not remove_local_model(file, lambda *_: True)
    assert not file.parent.exists()
    given(file, '[7, {"provider": "a", "model": "x"}, {"provider": "b", "model": "x", "costPerHour": 0.10}]')
    assert not remove_local_model(file, lambda provider, model: (provider, model) == ("c", "x"))
    assert [kept.name for kept in file.parent.iterdir()] == [file.name]
    assert remove_local_model(file, lambda provider, model: (provider, model) == ("a", "x"))
    assert json.loads(file.read_text(), parse_float=str) == [7, {"provider": "b", "model": "x", "costPerHour": "0.10"}]


def test_where_it_cannot_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DatabaseError, match="cannot be written"):
        write_local_models(tmp_path / "data" / "local-models.json", [LLAMA])


def test_of_two_at_once_the_second_sees_what_the_first_wrote(file: Path) -> None:
    """The rival starts inside our turn, waits for it to end, and then still finds our rate."""
    rival = threading.Thread(target=write_local_models, args=(file, [QWEN]))

    def looked_at_within_the_lock() -> Iterator[LocalModel]:
        rival.start()
        rival.join(0.3)
        assert rival.is_alive()
        yield LLAMA

    write_local_models(file, looked_at_within_the_lock())
    rival.join()
    assert read_local_models(file)[0] == [LLAMA, QWEN]
