"""Are hourly rates and what servers have shown whole, to programs and to people?"""

from __future__ import annotations

from pathlib import Path

from codesession.model import HardwareTotals
from codesession.model.local import Detected, LocalModel, LocalRates, ModelServer, Power, ServedModel
from codesession.report.local_models import (
    added_document,
    added_text,
    detected_document,
    detected_text,
    local_models_document,
    local_models_text,
    removed_document,
    removed_text,
)

FILE = Path("/home/ada/local-models.json")
LLAMA = LocalModel("ollama", "llama3", 70_000_000, "RTX 4090", "desk", "local-gpu")
QWEN = LocalModel("ollama", "qwen3:8b", 105_000_000, power=Power(350_500, 300_000_000))
WORN = QWEN._replace(power=Power(350_000, 300_000_000, 1_800_000_000_000, 20_000))
H100 = LocalModel("vllm", "*", 2_990_000_000)
RATES = LocalRates((LLAMA, WORN, H100), (HardwareTotals("RTX 4090", 2, 720_000, 14_000_000),), ("odd",), FILE)
LLAMA_ROW = {
    "provider": "ollama",
    "model": "llama3",
    "costPerHour": 0.07,
    "hardware": "RTX 4090",
    "estimated": False,
    "gpuName": "RTX 4090",
    "notes": "desk",
    "preset": "local-gpu",
}
QWEN_ROW = {
    "provider": "ollama",
    "model": "qwen3:8b",
    "costPerHour": 0.105,
    "hardware": "$0.105/h",
    "estimated": True,
    "watts": 350.5,
    "pricePerKwh": 0.3,
}
SERVER = ModelServer(
    "ollama",
    "127.0.0.1:11434",
    (
        ServedModel("llama3:latest", 4_661_224_676, "8.0B", "Q4_0", is_loaded=True, rate=LLAMA),
        ServedModel("it's", is_loaded=False),
        ServedModel("big:cloud", runs_at="ollama.com"),
    ),
    "0.13.0",
)
EMPTY = ModelServer("openai-compatible", "127.0.0.1:8000", ())


# --- rates ---


def test_programs_are_told_everything_and_what_was_not_said_is_absent() -> None:
    document = local_models_document(RATES)
    assert document["models"] == [
        LLAMA_ROW,
        {**QWEN_ROW, "watts": 350, "hardwarePrice": 1800.0, "lifetimeHours": 20_000},
        {"provider": "vllm", "model": "*", "costPerHour": 2.99, "hardware": "$2.99/h", "estimated": False},
    ]
    assert document["hardware"] == [{"hardware": "RTX 4090", "calls": 2, "seconds": 720, "cost": 0.014}]
    assert (document["problems"], document["path"], document["schemaVersion"]) == (["odd"], str(FILE), 1)


def test_a_change_is_told_to_programs() -> None:
    assert added_document(QWEN, LLAMA, FILE).items() >= {**QWEN_ROW, "replaced": LLAMA_ROW, "path": str(FILE)}.items()
    assert added_document(LLAMA, None, FILE)["replaced"] is None
    told = {"removed": True, "provider": "vllm", "model": "*", "path": str(FILE)}
    assert removed_document("vllm", "*", FILE).items() >= told.items()


def test_people_see_a_line_for_each_rate_and_for_what_has_worked() -> None:
    rates, time = local_models_text(RATES).split("\n\n")
    assert [" ".join(line.split()) for line in rates.split("\n")] == [
        "Models on your own hardware",
        "Provider Model Per hour Hardware Rate Notes",
        "ollama llama3 $0.07 RTX 4090 preset local-gpu desk",
        "ollama qwen3:8b $0.105 $0.105/h estimated: 350 W at $0.30/kWh, $1,800.00 over 20,000 h",
        "vllm * $2.99 $2.99/h as given",
    ]
    assert [" ".join(line.split()) for line in time.split("\n")] == [
        "Time on your own hardware, in all sessions",
        "Hardware Calls Time Cost",
        "RTX 4090 2 12m $0.014",
    ]
    assert "Notes" not in local_models_text(RATES._replace(models=(QWEN,)))


def test_without_rates_people_are_told_how_to_give_one() -> None:
    told = local_models_text(LocalRates((), (), (), FILE))
    assert "cs local-models add llama3 --preset local-gpu" in told
    assert told.endswith("cs local-models detect")
    worked = local_models_text(LocalRates((), (HardwareTotals("", 1, 5000, 0),), (), FILE))
    assert worked.split("\n")[-1].split() == ["hardware", "without", "an", "hourly", "rate", "1", "5.0s", "-"]


def test_people_are_told_of_a_change_in_a_sentence() -> None:
    assert added_text(LLAMA, None, FILE) == f"llama3 at ollama now costs $0.07 an hour on RTX 4090, as {FILE} says."
    assert added_text(QWEN, LLAMA, FILE) == (
        f"qwen3:8b at ollama now costs $0.105 an hour (estimated: 350.5 W at $0.30/kWh), as {FILE} says. It was $0.07."
    )
    assert added_text(H100, None, FILE).startswith("Every other model at vllm now costs $2.99 an hour, as")
    assert removed_text("vllm", "m") == "m at vllm has no rate of its own any more."


# --- servers ---


def test_programs_are_told_what_servers_have() -> None:
    found = Detected((SERVER, EMPTY), ("127.0.0.1:11434",), ("odd",), (LLAMA,))
    assert (
        detected_document(found).items()
        >= {
            "servers": [
                {
                    "provider": "ollama",
                    "address": "127.0.0.1:11434",
                    "version": "0.13.0",
                    "models": [
                        {
                            "model": "llama3:latest",
                            "costPerHour": 0.07,
                            "hardware": "RTX 4090",
                            "sizeBytes": 4_661_224_676,
                            "parameters": "8.0B",
                            "quantization": "Q4_0",
                            "loaded": True,
                        },
                        {"model": "it's", "costPerHour": None, "hardware": None, "loaded": False},
                        {"model": "big:cloud", "costPerHour": None, "hardware": None, "runsAt": "ollama.com"},
                    ],
                },
                {"provider": "openai-compatible", "address": "127.0.0.1:8000", "version": None, "models": []},
            ],
            "asked": ["127.0.0.1:11434"],
            "added": [LLAMA_ROW],
            "problems": ["odd"],
        }.items()
    )


def test_people_see_a_table_for_each_server_and_what_to_type() -> None:
    ollama, empty, odd, advice = detected_text(Detected((SERVER, EMPTY), (), ("odd",))).split("\n\n")
    assert [" ".join(line.split()) for line in ollama.split("\n")] == [
        "Ollama 0.13.0 at 127.0.0.1:11434",
        "Model Size Parameters Quantisation In memory Per hour",
        "llama3:latest 4.7 GB 8.0B Q4_0 yes $0.07",
        "it's - - - no no rate",
        "big:cloud - - - - runs at ollama.com",
    ]
    assert empty == "openai-compatible at 127.0.0.1:8000 has no models."
    assert odd == "odd"
    assert advice.split("\n") == [
        "1 model without an hourly rate. Say what an hour costs with:",
        """  cs local-models add 'it'"'"'s' --provider ollama --preset local-gpu""",
    ]


def test_for_several_models_there_is_a_way_to_give_all_a_rate() -> None:
    server = ModelServer("vllm", "a:1", (ServedModel("x"), ServedModel("y")))
    told = detected_text(Detected((server,), ("a:1",)))
    assert "2 models without an hourly rate." in told
    assert told.endswith("  cs local-models detect --add --preset local-gpu")


def test_what_was_added_is_told_and_that_nothing_was() -> None:
    rated = ModelServer("ollama", "a:1", (ServedModel("x", rate=LLAMA),))
    told = detected_text(Detected((rated,), ("a:1",), added=(LLAMA,)), adds=True)
    assert told.endswith("Added 1 model at $0.07 an hour: cs local-models list")
    assert detected_text(Detected((rated,), ("a:1",)), adds=True).endswith("There was no model without a rate.")
    assert "without a rate" not in detected_text(Detected((rated,), ("a:1",)))


def test_where_nobody_answers_it_is_told_who_was_asked() -> None:
    assert detected_text(Detected((), ("a:1", "b:2"))) == "No model server answered. Asked: a:1, b:2."


def test_no_name_of_a_server_commands_the_terminal() -> None:
    hostile = "m\x1b[2J\u202e"
    server = ModelServer(hostile, "a:1", (ServedModel(hostile, None, hostile, hostile),), hostile)
    told = detected_text(Detected((server, ModelServer(hostile, "b:1", ())), (), (hostile,)))
    assert {"\x1b", "\u202e"}.isdisjoint(told)
