"""Are hourly rates set as they were said, and found again by whatever words name the model?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.app.model_server import OLLAMA, ModelServer

from codesession.app import (
    Entry,
    SaidRate,
    add_local_model,
    detect_local_models,
    list_local_models,
    log_call,
    remove_rate,
    start_session,
)
from codesession.app.local_models import path_of, rated
from codesession.config import read_config
from codesession.errors import InvalidInput, UnknownModel
from codesession.model import HardwareTotals
from codesession.model.local import LocalModel, Power

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place

GPU = SaidRate(preset="local-gpu")


@pytest.fixture
def file(place: Place) -> Path:
    del place
    return path_of(read_config())


def rows(file: Path) -> list[tuple[str, str]]:
    return [(row["provider"], row["model"]) for row in json.loads(file.read_text())]


# --- which model ---

NAMED: dict[tuple[str, ...], tuple[str | None, tuple[str, str]]] = {
    ("llama3",): (None, ("ollama", "llama3")),
    ("  llama3 ",): ("LM Studio", ("lmstudio", "llama3")),
    ("vllm", "qwen/qwen3-8b"): (None, ("vllm", "qwen/qwen3-8b")),
    ("llama.cpp/*",): (None, ("llamacpp", "*")),
    ("hf.co/maker/m:Q4",): (None, ("ollama", "hf.co/maker/m:Q4")),
    ("qwen/qwen3-8b",): ("lmstudio", ("lmstudio", "qwen/qwen3-8b")),
    ("vllm/",): (None, ("ollama", "vllm/")),
    ("My Server", "m"): (None, ("My Server", "m")),
}


@pytest.mark.parametrize("words", NAMED)
def test_a_model_is_named_alone_or_after_its_provider(file: Path, words: tuple[str, ...]) -> None:
    provider, written = NAMED[words]
    model, before = add_local_model(read_config(), words, provider, GPU)
    assert (model.provider, model.model) == written
    assert before is None
    assert rows(file) == [written]


def test_a_provider_that_has_a_rate_is_known_before_a_slash(file: Path) -> None:
    config = read_config()
    add_local_model(config, ["tgi/a"], None, GPU)
    add_local_model(config, ["tgi", "b"], None, GPU)
    add_local_model(config, ["TGI/c"], None, GPU)
    assert rows(file) == [("ollama", "tgi/a"), ("tgi", "b"), ("TGI", "c")]


WRONG_NAMES: dict[str, tuple[list[str], str | None, str]] = {
    "a-word-too-many": (["a", "b", "c"], None, "'c' is too much"),
    "a-provider-twice": (["a", "b"], "c", "said twice: a and --provider c"),
    "a-blank-model": ([" "], None, "model is blank"),
    "a-blank-provider": (["m"], " ", "provider is blank"),
    "a-long-model": (["m" * 201], None, "at most 200"),
    "a-long-provider": (["m"], "p" * 101, "at most 100"),
    "a-provider-with-a-slash": (["m"], "a/b", "has a slash"),
}


@pytest.mark.parametrize("case", WRONG_NAMES)
def test_a_name_that_cannot_be_used_is_said_and_nothing_is_written(file: Path, case: str) -> None:
    words, provider, why = WRONG_NAMES[case]
    with pytest.raises(InvalidInput, match=why):
        add_local_model(read_config(), words, provider, GPU)
    with pytest.raises(InvalidInput, match=why):
        remove_rate(read_config(), words, provider)
    assert not file.parent.exists()


# --- what an hour costs ---


def test_a_rate_is_said_in_one_of_three_ways() -> None:
    def said(**how: object) -> LocalModel:
        return rated("ollama", "m", SaidRate(**how))  # type: ignore[arg-type]  # its fields

    assert said(preset="cloud-a100", gpu_name=" A  100 ", notes="rented") == LocalModel(
        "ollama", "m", 1_890_000_000, "A 100", "rented", "cloud-a100"
    )
    assert said(nanos_per_hour=5) == LocalModel("ollama", "m", 5)
    assert said(nanos_per_hour=0).nanos_per_hour == 0
    drawn = Power(350_000, 300_000_000)
    assert said(milliwatts=350_000, nanos_per_kwh=300_000_000) == LocalModel("ollama", "m", 105_000_000, power=drawn)
    worn = said(milliwatts=350_000, nanos_per_kwh=300_000_000, hardware_nanos=1_800_000_000_000, lifetime_hours=20_000)
    assert (worn.nanos_per_hour, worn.hardware) == (195_000_000, "$0.195/h")


WRONG_RATES: dict[str, tuple[SaidRate, str]] = {
    "none": (SaidRate(), "Say what an hour costs: --preset"),
    "only-a-name": (SaidRate(gpu_name="x"), "Say what an hour costs: --preset"),
    "two": (SaidRate("free", 5), "in one way only"),
    "a-rate-and-power": (SaidRate(nanos_per_hour=5, milliwatts=5), "in one way only"),
    "watts-alone": (SaidRate(milliwatts=5), "both --watts W and --price-per-kwh"),
    "wear-alone": (SaidRate(hardware_nanos=5, lifetime_hours=5), "both --watts W and --price-per-kwh"),
    "half-of-the-wear": (SaidRate(milliwatts=5, nanos_per_kwh=5, lifetime_hours=5), "--hardware-price USD and"),
    "a-blank-name": (SaidRate("free", gpu_name=" "), "hardware is blank"),
    "a-blank-note": (SaidRate("free", notes="\n"), "note is blank"),
    "a-long-note": (SaidRate("free", notes="n" * 1001), "at most 1000"),
}


@pytest.mark.parametrize("case", WRONG_RATES)
def test_a_rate_that_is_not_one_is_refused_and_nothing_is_asked_or_written(file: Path, case: str) -> None:
    said, why = WRONG_RATES[case]
    with pytest.raises(InvalidInput, match=why):
        add_local_model(read_config(), ["m"], None, said)
    with ModelServer(OLLAMA) as server:
        with pytest.raises(InvalidInput, match=why):
            detect_local_models(read_config(), server.address, said)
        assert server.asked == []
    assert not file.parent.exists()


def test_a_new_rate_replaces_the_old_one_and_that_is_told(file: Path) -> None:
    config = read_config()
    first, _ = add_local_model(config, ["m"], None, SaidRate("local-gpu", gpu_name="RTX 4090"))
    second, before = add_local_model(config, ["M"], None, SaidRate("free"))
    assert before == first
    assert (second.nanos_per_hour, second.gpu_name) == (0, None)
    assert len(rows(file)) == 1


# --- removing ---


def test_a_rate_is_removed_by_the_words_that_set_it(file: Path) -> None:
    config = read_config()
    for words in (["a"], ["vllm", "b"], ["vllm", "*"], ["My Server", "c"]):
        add_local_model(config, words, None, GPU)
    assert remove_rate(config, ["A"], None) == ("ollama", "A")
    assert remove_rate(config, ["b"], None) == ("vllm", "b")  # there is but one of that name
    assert remove_rate(config, ["vllm/*"], None) == ("vllm", "*")
    assert remove_rate(config, ["my server", "c"], None) == ("my server", "c")
    assert rows(file) == []


def test_one_of_two_of_a_name_is_removed_only_when_it_is_said_which(file: Path) -> None:
    config = read_config()
    add_local_model(config, ["m"], None, GPU)
    add_local_model(config, ["vllm", "m"], None, GPU)
    with pytest.raises(InvalidInput, match="m has a rate at ollama and vllm: say which"):
        remove_rate(config, ["m"], None)
    assert remove_rate(config, ["m"], "ollama") == ("ollama", "m")
    assert rows(file) == [("vllm", "m")]


def test_what_has_no_rate_of_its_own_cannot_lose_it(file: Path) -> None:
    config = read_config()
    with pytest.raises(UnknownModel, match="ollama/m has no rate of its own") as caught:
        remove_rate(config, ["m"], None)
    assert caught.value.extra == {"model": "m", "provider": "ollama"}
    assert not file.parent.exists()
    add_local_model(config, ["*"], None, GPU)
    with pytest.raises(UnknownModel):
        remove_rate(config, ["m"], None)
    assert rows(file) == [("ollama", "*")]


# --- looking ---


@pytest.mark.usefixtures("priced")
def test_the_list_has_rates_problems_and_the_time_of_every_session(place: Place, file: Path) -> None:
    app = place.app()
    add_local_model(app.config, ["llama3"], None, SaidRate("local-gpu", gpu_name="RTX 4090"))
    file.write_text(file.read_text().replace("\n]", ",\n7]"))
    start_session(app, "work")
    log_call(app, Entry("ollama", "llama3:latest", duration_s=90, is_local=True))
    rates = list_local_models(app)
    assert [model.model for model in rates.models] == ["llama3"]
    assert rates.hardware == (HardwareTotals("RTX 4090", 1, 90_000, 1_750_000),)
    assert [problem.endswith("it is not an object.") for problem in rates.problems] == [True]
    assert rates.path == file


def test_what_servers_have_is_told_with_its_rate(place: Place) -> None:
    config = place.app().config
    add_local_model(config, ["qwen3:8b"], None, GPU)
    with ModelServer(OLLAMA) as server:
        found = detect_local_models(config, server.address)
    (ollama,) = found.servers
    assert [(model.name, model.rate and model.rate.nanos_per_hour) for model in ollama.models] == [
        ("llama3.2:latest", None),
        ("qwen3:8b", 70_000_000),
        ("big:cloud", None),
    ]
    assert found.added == ()


def test_what_has_no_rate_gets_the_one_that_is_said_unless_it_runs_elsewhere(file: Path) -> None:
    config = read_config()
    add_local_model(config, ["qwen3:8b"], None, SaidRate("free"))
    with ModelServer(OLLAMA) as server:
        found = detect_local_models(config, server.address, SaidRate("local-cpu", gpu_name="M4"))
        assert [(model.model, model.hardware) for model in found.added] == [("llama3.2:latest", "M4")]
        assert rows(file) == [("ollama", "qwen3:8b"), ("ollama", "llama3.2:latest")]
        rates = [model.rate and model.rate.hardware for model in found.servers[0].models]
        assert rates == ["M4", "free", None]
        add_local_model(config, ["*"], None, SaidRate("free"))
        assert detect_local_models(config, server.address, SaidRate("free")).added == ()


def test_a_variable_of_ollamas_is_heeded(place: Place) -> None:
    with ModelServer(OLLAMA) as server:
        place.monkeypatch.setenv("OLLAMA_HOST", server.address)
        found = detect_local_models(read_config())
    assert server.address in [known.address for known in found.servers]
    assert found.asked == (server.address, "127.0.0.1:1234", "127.0.0.1:8080", "127.0.0.1:8000")


def test_what_is_wrong_with_the_file_is_said_beside_what_is_found(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("{")
    with ModelServer(OLLAMA) as server:
        found = detect_local_models(read_config(), server.address)
        assert len(found.servers) == 1
        assert [problem.startswith(str(file)) for problem in found.problems] == [True]
        with pytest.raises(InvalidInput, match="mend it, or move it away"):
            detect_local_models(read_config(), server.address, GPU)
    assert file.read_text() == "{"
