"""Do the ``cs local-models`` commands answer people and programs, whatever the state of the file and the servers?"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from tests.app.model_server import OLLAMA, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place
    from tests.cli.conftest import Cs


@pytest.fixture
def file(place: Place) -> Path:
    return place.home / ".codesession" / "local-models.json"


def test_a_rate_is_set_told_listed_and_removed(file: Path, cs: Cs) -> None:
    told = cs("local-models", "add", "llama3", "--preset", "local-gpu", "--gpu", "RTX 4090", "--json").json()
    assert [told[key] for key in ("provider", "model", "costPerHour", "gpuName", "replaced", "path")] == [
        "ollama", "llama3", 0.07, "RTX 4090", None, str(file),
    ]  # fmt: skip
    assert cs("local-models", "add", "llama3", "--cost-per-hour", "0.1").out == (
        f"llama3 at ollama now costs $0.10 an hour, as {file} says. It was $0.07.\n"
    )
    (row,) = cs("local-models", "--json").json()["models"]
    assert row["costPerHour"] == 0.1
    assert cs("local-models", "list", "--json").json()["models"] == [row]
    assert cs("local-models").out == cs("local-models", "list").out
    assert "llama3" in cs("local-models").out
    gone = cs("local-models", "remove", "llama3", "--json").json()
    assert [gone[key] for key in ("removed", "provider", "model")] == [True, "ollama", "llama3"]
    assert json.loads(file.read_text()) == []
    assert cs("local-models", "remove", "llama3", "--json").error()["code"] == "unknown_model"
    assert cs("local-models").out.startswith("No local model has an hourly rate.")


def test_a_rate_is_estimated_from_power_and_wear(file: Path, cs: Cs) -> None:
    power = ("--watts", "350", "--price-per-kwh", "0.30", "--hardware-price", "1800", "--lifetime-hours", "20000")
    told = cs("local-models", "add", "vllm", "*", *power, "--notes", "desk")
    assert told.out.startswith("Every other model at vllm now costs $0.195 an hour (estimated: 350 W at $0.30/kWh, ")
    assert json.loads(file.read_text())[0]["estimated"] is True
    cs("local-models", "add", "vllm/*", *power[:4])
    assert json.loads(file.read_text()) == [
        {
            "provider": "vllm",
            "model": "*",
            "costPerHour": 0.105,
            "estimated": True,
            "watts": 350,
            "pricePerKwh": 0.3,
        }
    ]
    assert cs("local-models", "remove", "*", "--provider", "vllm").out == "* at vllm has no rate of its own any more.\n"


def test_what_is_wrong_is_one_error(file: Path, cs: Cs) -> None:
    for words in (["m"], ["m", "--preset", "free", "--cost-per-hour", "1"], ["m", "--watts", "5"], ["a", "b", "c"]):
        assert cs("local-models", "add", *words, "--json").error()["code"] == "invalid_input"
    assert cs("local-models", "--json", "list").error()["message"].endswith("cs local-models list --json")
    assert cs("local-models", "detect", "--preset", "free").sentence().startswith("A rate is given with --add")
    assert cs("local-models", "detect", "--add").sentence().startswith("Say what an hour costs")
    assert not file.exists()


def test_a_broken_file_is_told_and_left_as_it_is(file: Path, cs: Cs) -> None:
    file.parent.mkdir()
    file.write_text("{")
    told = cs("local-models")
    assert (told.status, told.err.count("It is ignored.")) == (0, 1)
    (problem,) = cs("local-models", "--json").json()["problems"]
    assert problem.startswith(str(file))
    for words in (["add", "m", "--preset", "free"], ["remove", "m"]):
        assert cs("local-models", *words, "--json").error()["code"] == "invalid_input"
    assert file.read_text() == "{"


def test_what_servers_have_is_shown_and_given_a_rate(cs: Cs) -> None:
    with ModelServer(OLLAMA) as server:
        host = ("local-models", "detect", "--host", server.address)
        (ollama,) = cs(*host, "--json").json()["servers"]
        assert [model["costPerHour"] for model in ollama["models"]] == [None, None, None]
        assert "2 models without an hourly rate" in cs(*host).out
        assert "Added 2 models at $0.004 an hour" in cs(*host, "--add", "--preset", "local-cpu").out
        (ollama,) = cs(*host, "--json").json()["servers"]
        assert [model["costPerHour"] for model in ollama["models"]] == [0.004, 0.004, None]


def test_where_nothing_runs_that_is_no_error(cs: Cs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    told = cs("local-models", "detect", "--host", host)
    assert (told.status, told.out, told.err) == (0, f"No model server answered. Asked: {host}.\n", "")
    document = cs("local-models", "detect", "--host", host, "--json").json()
    assert (document["servers"], document["asked"], document["problems"]) == ([], [host], [])


@pytest.mark.usefixtures("priced")
def test_the_time_a_model_worked_is_in_every_report(cs: Cs) -> None:
    cs("start", "work", "--json")
    cs("local-models", "add", "llama3", "--preset", "local-gpu")
    logged = cs("log-ai", "-p", "ollama", "-m", "llama3", "--local", "--duration", "12m")
    assert logged.out.startswith("Logged ollama/llama3: 0 tokens, $0.014 for 12m on local-gpu at $0.07/h\n")
    row = {"hardware": "local-gpu", "calls": 1, "seconds": 720, "cost": 0.014}
    assert cs("show", "1", "--json").json()["hardware"] == [row]
    assert "12m on local-gpu, $0.014" in cs("show", "1").out
    assert cs("local-models", "--json").json()["hardware"] == [row]
    assert cs("stats", "--json").json()["hardware"] == []
    cs("end")
    assert cs("stats", "--json").json()["hardware"] == [row]
    assert "12m on local-gpu, $0.014" in cs("stats").out
    lost = cs("log-ai", "-p", "ollama", "-m", "other", "--local", "--duration", "5", "-s", "1", "--json").error()
    assert lost["code"] == "unknown_model"
    assert "cs local-models add other --provider ollama" in lost["message"]
