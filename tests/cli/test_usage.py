"""Does `cs log-ai` take what people and frameworks type, and refuse the rest?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.model import Scope

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs

pytestmark = pytest.mark.usefixtures("priced")

SONNET = ("log-ai", "-p", "anthropic", "-m", "claude-sonnet-4")


def test_a_program_reads_the_call_its_price_and_the_session(cs: Cs) -> None:
    cs("start", "x", "--json")
    split = ("--prompt-tokens", "8000", "--completion-tokens", "2000")
    told = cs(*SONNET, *split, "--agent", "Code Review Bot", "--json").json()
    assert told["logged"] == {
        "id": 1, "provider": "anthropic", "model": "claude-sonnet-4", "tokens": 10_000, "promptTokens": 8000,
        "completionTokens": 2000, "cost": 0.054, "agentName": "Code Review Bot", "evidence": "manual",
    }  # fmt: skip
    assert told["pricing"] == {
        "source": "built-in", "modelKnown": True, "inputPer1M": 3.0, "outputPer1M": 15.0, "estimated": False,
    }  # fmt: skip
    assert told["session"] == {"id": 1, "aiCost": 0.054, "aiTokens": 10_000, "totalCost": 0.054, "totalTokens": 10_000}

    told = cs(*SONNET, "-t", "10000", "--duration", "2m30s", "--json").json()
    assert {"promptTokens", "completionTokens"}.isdisjoint(told["logged"])
    assert (told["logged"]["cost"], told["pricing"]["estimated"]) == (0.066, True)
    assert told["pricing"]["durationSeconds"] == 150
    told = cs("log-ai", "--provider", "acme", "--model", "m", "--tokens", "5", "--cost", "0", "--json").json()
    assert (told["logged"]["cost"], told["pricing"]["source"], told["pricing"]["modelKnown"]) == (0.0, "manual", False)
    assert (told["pricing"]["inputPer1M"], told["pricing"]["outputPer1M"]) == (None, None)

    used = cs("status", "--json").json()["aiUsage"]
    assert [call["cost"] for call in used] == [0.054, 0.066, 0.0]
    assert [call.get("promptTokens") for call in used] == [8000, None, None]
    assert [call.get("durationSeconds") for call in used] == [None, 150, None]
    assert used[0]["agentName"] == "Code Review Bot"


def test_a_person_reads_it_in_words(cs: Cs) -> None:
    cs("start", "x")
    told = cs(*SONNET, "-t", "15000", "-c", "0.30")
    assert told.out.splitlines() == [
        "Logged anthropic/claude-sonnet-4: 15,000 tokens, $0.30 as given",
        "Session 1 now: 15,000 tokens, $0.30",
    ]


WRONG: dict[str, tuple[list[str], str]] = {
    **{
        f"{option}-{value}": ([option, value], "invalid_input")
        for option in ("--tokens", "--prompt-tokens", "--completion-tokens")
        for value in ("-1", "1.5", "nan", "inf", "Infinity", "1e3", "5x", "1_000", "٣", "", " 5", "10000000000000")
    },
    **{
        f"--cost-{value}": (["-t", "5", "--cost", value], "invalid_input")
        for value in ("-1", "nan", "inf", "Infinity", "-0.1", "1x", "$1", "1,5", "1_0", "", "1e9", "1e999", "0x1")
    },
    **{
        f"--duration-{value}": (["-t", "5", "--duration", value], "invalid_duration")
        for value in ("", "x", "-5", "1.5h", "2m30", "h", "5s3m", "1d")
        if value != "2m30"
    },
    "no-tokens": ([], "missing_tokens"),
    "tokens-zero": (["-t", "0"], "missing_tokens"),
    "an-option-twice-misspelled": (["--token", "5", "--frob"], "invalid_input"),
    "a-session-that-is-not": (["-t", "5", "-s", "99"], "session_not_found"),
    "a-session-that-is-no-number": (["-t", "5", "-s", "1x"], "invalid_input"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_one_error_and_nothing_is_written(place: Place, cs: Cs, case: str) -> None:
    words, code = WRONG[case]
    with place.app().ledger.writing() as tx:
        tx.begin_session(Scope(str(place.repo)), "x", 1)
    assert cs(*SONNET, "--json", *words).error()["code"] == code
    assert cs("status", "--json").json()["aiUsage"] == []


@pytest.mark.parametrize("missing", ["provider", "model"])
def test_provider_and_model_must_be_named(cs: Cs, missing: str) -> None:
    cs("start", "x", "--json")
    words = {"provider": ["-m", "m"], "model": ["-p", "p"]}[missing]
    error = cs("log-ai", *words, "-t", "5", "--json").error()
    assert error["code"] == "invalid_input"
    assert f"--{missing}" in error["message"]


@pytest.mark.parametrize(
    ("typed", "seconds"), [("120", 120), ("2m30s", 150), ("1h", 3600), ("1h1m1s", 3661), ("90s", 90), ("1h5", 3605)]
)
def test_a_length_of_time_in_every_form(cs: Cs, typed: str, seconds: int) -> None:
    cs("start", "x", "--json")
    assert cs(*SONNET, "-t", "5", "--duration", typed, "--json").json()["pricing"]["durationSeconds"] == seconds


def test_an_unknown_model_names_itself(cs: Cs) -> None:
    cs("start", "x", "--json")
    error = cs("log-ai", "-p", "acme", "-m", "mystery", "-t", "5", "--json").error()
    assert (error["code"], error["model"], error["provider"]) == ("unknown_model", "mystery", "acme")


@pytest.mark.parametrize(
    ("cost", "nanos"), [("0.30", 0.3), ("1e-3", 0.001), (".5", 0.5), ("2.", 2.0), ("1000000", 1e6)]
)
def test_a_cost_is_taken_exactly(cs: Cs, cost: str, nanos: float) -> None:
    cs("start", "x", "--json")
    assert cs(*SONNET, "-t", "5", "-c", cost, "--json").json()["logged"]["cost"] == nanos
