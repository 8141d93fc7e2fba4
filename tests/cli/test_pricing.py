"""Do the ``cs pricing`` commands answer people and programs, whatever the state of the files?"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from tests.app.few_prices import FEW, few, priced_by_few
from tests.meter.raw_list import as_bytes, model_in, raw_list

from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place
    from tests.cli.conftest import Cs

__all__ = ["few", "priced_by_few"]

COMMANDS = ["explain", "list", "reprice", "reset", "set", "update", "what-if"]


@pytest.fixture
def file(place: Place) -> Path:
    return place.home / ".codesession" / "pricing.json"


def given(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


# --- set ---


def test_a_price_is_set_and_told(file: Path, cs: Cs) -> None:
    told = cs("pricing", "set", "gpt-4o", "3.00", "12", "--provider", "azure", "--json").json()
    assert [told[name] for name in ("key", "input", "output", "path")] == ["azure/gpt-4o", 3.0, 12.0, str(file)]
    assert (told["schemaVersion"], told["codesessionVersion"]) == (1, told["costhqVersion"])
    told_person = cs("pricing", "set", "m", "0.0000001", "2", "--cache-read", "0.1", "--cache-write", "1.25")
    assert told_person.out == f"m now costs $0.0000001 in and $2 out per million tokens, as {file} says.\n"
    assert json.loads(file.read_text()) == {
        "azure/gpt-4o": {"input": 3.0, "output": 12},
        "m": {"input": 1e-7, "output": 2, "cacheRead": 0.1, "cacheWrite": 1.25},
    }


@pytest.mark.parametrize("amount", ["nan", "inf", "1_000", "-1", "5x", "-0.5", "1e3", ""])
def test_a_bad_amount_is_refused_and_nothing_is_written(file: Path, cs: Cs, amount: str) -> None:
    assert cs("pricing", "set", "gpt-4o", amount, "5", "--json").error()["code"] == "invalid_input"
    assert cs("pricing", "set", "gpt-4o", "5", amount, "--json").error()["code"] == "invalid_input"
    assert cs("pricing", "set", "gpt-4o", "5", "5", "--cache-read", amount, "--json").error()["code"] == "invalid_input"
    assert cs("pricing", "set", "gpt-4o", amount, "5").sentence()
    assert not file.exists()


def test_a_missing_amount_says_where_help_is(cs: Cs) -> None:
    assert cs("pricing", "set", "gpt-4o", "5").sentence().endswith("See: cs pricing set -h")


def test_a_broken_file_is_not_overwritten(file: Path, cs: Cs) -> None:
    given(file, "{")
    error = cs("pricing", "set", "gpt-4o", "1", "1", "--json").error()
    assert (error["code"], error["path"]) == ("invalid_input", str(file))
    assert "mend it, move it away" in error["message"]
    assert file.read_text() == "{"


def test_a_file_that_cannot_be_written_is_an_error(file: Path, cs: Cs) -> None:
    file.with_name(".pricing.json.lock").mkdir(parents=True)
    assert cs("pricing", "set", "gpt-4o", "1", "1", "--json").error()["code"] == "database_error"


# --- reset ---


def test_all_prices_are_removed_and_kept_beside(file: Path, cs: Cs) -> None:
    given(file, '{"a": {"input": 1, "output": 1}, "p/b": {"input": 1, "output": 1}}')
    told = cs("pricing", "reset", "--json").json()
    assert [told[name] for name in ("reset", "removed", "path")] == [True, 2, str(file)]
    assert not file.exists()
    assert file.with_name("pricing.json.bak").exists()
    assert cs("pricing", "reset").out == "There was no such price of yours.\n"


def test_one_price_is_removed(file: Path, cs: Cs) -> None:
    given(file, '{"a": {"input": 1, "output": 1}, "p/b": {"input": 1, "output": 1}}')
    told = cs("pricing", "reset", "b", "--provider", "p")
    assert told.out == f"Removed 1 price of yours; the file as it was is {file}.bak.\n"
    assert list(json.loads(file.read_text())) == ["a"]
    assert cs("pricing", "reset", "--provider", "p", "--json").json()["removed"] == 0


# --- list ---


@pytest.mark.usefixtures("priced_by_few")
def test_the_list_for_programs_has_everything(file: Path, cs: Cs) -> None:
    given(file, '{"openai/gpt-4o": {"input": 1, "output": 2}, "bad": {"input": -1, "output": 2}}')
    told = cs("pricing", "list", "--json").json()
    models = told["models"]
    assert models["openai/gpt-4o"] == models["gpt-4o"] == {"input": 1.0, "output": 2.0, "source": "custom"}
    for name in ("claude-sonnet-4", "claude-opus-4-6", "gpt-4o-mini", "anthropic/claude-3.5-sonnet", "o4-mini"):
        assert models[name]["source"] == "built-in"
    assert models["claude-sonnet-4"] == {"input": 3.0, "output": 15.0, "source": "built-in"}
    assert "groq/llama-3.3-70b-versatile" in models
    assert "llama-3.3-70b-versatile" not in models
    (problem,) = told["problems"]
    assert "'bad' is ignored" in problem


@pytest.mark.usefixtures("priced_by_few")
def test_the_list_for_people_is_short_unless_asked(cs: Cs) -> None:
    short = cs("pricing", "list")
    assert (short.status, short.err) == (0, "")
    assert "claude-sonnet-4-5" in short.out
    assert "groq" not in short.out
    assert "more at clouds and resellers: cs pricing list --all" in short.out
    assert "groq" in cs("pricing", "list", "--all").out
    groq = cs("pricing", "list", "--provider", "groq").out
    assert "llama-3.3-70b-versatile" in groq
    assert "anthropic" not in groq


@pytest.mark.usefixtures("priced_by_few")
def test_people_are_told_of_a_broken_file(file: Path, cs: Cs) -> None:
    given(file, "{")
    assert "is not JSON" in cs("pricing", "list").err


# --- explain ---


@pytest.mark.usefixtures("priced_by_few")
def test_a_price_is_explained(file: Path, cs: Cs) -> None:
    given(file, '{"claude-sonnet-4-5": {"input": 2, "output": 4}}')
    told = cs("pricing", "explain", "claude-sonnet-4-5-20250929", "--at", "2026-03-01T12:00:00Z", "--json").json()
    assert (told["provider"], told["at"]) == ("anthropic", "2026-03-01T12:00:00.000Z")
    assert (told["source"], told["listedAs"], told["classes"]["input"]) == ("custom", "claude-sonnet-4-5", 2.0)
    assert told["overrides"][0]["classes"]["cacheRead"] == 0.3
    person = cs("pricing", "explain", "gpt-4o", "--provider", "openai")
    assert person.out.startswith("gpt-4o at openai")
    assert "Source: genai-prices " in person.out


@pytest.mark.usefixtures("priced_by_few")
@pytest.mark.parametrize("moment", ["2026-03-01", "2026-03-01T00:00", "2026-03-01T01:00+01:00", " 20260301T000000Z "])
def test_a_time_is_iso_8601_and_utc_unless_it_says_otherwise(cs: Cs, moment: str) -> None:
    told = cs("pricing", "explain", "gpt-4o", "--at", moment, "--json").json()
    assert told["at"] == "2026-03-01T00:00:00.000Z"


@pytest.mark.parametrize("moment", ["", "5x", "yesterday", "2026-13-01", "1700000000000000", "0001-01-01T00:00+02:00"])
def test_what_is_no_time_is_refused(cs: Cs, moment: str) -> None:
    error = cs("pricing", "explain", "gpt-4o", "--at", moment, "--json").error()
    assert error["code"] == "invalid_input"
    assert "is no time" in error["message"]


@pytest.mark.usefixtures("priced_by_few")
@pytest.mark.parametrize(
    ("words", "terms", "price"),
    [
        pytest.param([], {}, 3.0, id="standard"),
        pytest.param(["--batch"], {"batch": True}, 1.5, id="half-in-a-batch"),
        pytest.param(
            ["--tier", "standard_only"], {"serviceTier": "standard_only"}, 3.0, id="the-providers-own-standard"
        ),
        pytest.param(["--tier", "Batch"], {"serviceTier": "Batch"}, 1.5, id="a-tier-that-is-a-batch"),
    ],
)
def test_a_price_is_explained_on_terms(cs: Cs, words: list[str], terms: dict[str, object], price: float) -> None:
    told = cs("pricing", "explain", "claude-sonnet-4-5", *words, "--json").json()
    assert told["terms"] == {"serviceTier": None, "speed": None, "geography": None, "batch": False} | terms
    assert told["classes"]["input"] == price


@pytest.mark.usefixtures("priced_by_few")
def test_terms_multiply_each_other_and_are_told_in_words(cs: Cs) -> None:
    words = ("claude-opus-4-6", "--at", "2026-11-28", "--speed", "fast", "--geography", "us")
    told = cs("pricing", "explain", *words, "--json").json()
    assert (told["terms"]["speed"], told["terms"]["geography"]) == ("fast", "us")
    assert told["classes"]["output"] == 165.0
    assert "on these terms: speed fast, geography us." in cs("pricing", "explain", *words).out


@pytest.mark.usefixtures("priced_by_few")
def test_terms_without_a_price_are_an_error_and_not_the_standard_price(cs: Cs) -> None:
    error = cs("pricing", "explain", "gpt-4o", "--tier", "scale", "--batch", "--json").error()
    assert (error["code"], error["model"], error["provider"]) == ("unknown_model", "gpt-4o", "openai")
    assert error["message"].startswith("No price of openai/gpt-4o is known on these terms (batch, tier scale)")


@pytest.mark.usefixtures("priced_by_few")
def test_your_own_price_for_anywhere_is_explained_on_terms(file: Path, cs: Cs) -> None:
    given(file, '{"mine": {"input": 2, "output": 4, "flex": {"input": 1, "output": 3}}}')
    assert cs("pricing", "explain", "mine", "--tier", "flex", "--json").json()["classes"]["output"] == 3.0
    assert cs("pricing", "explain", "mine", "--batch", "--json").error()["code"] == "unknown_model"


@pytest.mark.parametrize("option", ["--tier", "--speed", "--geography"])
@pytest.mark.parametrize("word", ["", " ", "a b", "flex,batch", "flex\n", "x" * 101])
def test_what_is_no_word_of_a_provider_is_refused(cs: Cs, option: str, word: str) -> None:
    error = cs("pricing", "explain", "gpt-4o", option, word, "--json").error()
    assert error["code"] == "invalid_input"
    assert error["message"].startswith(f"{option} {word!r} is no word of a provider's")


@pytest.mark.usefixtures("priced_by_few")
def test_an_unknown_model_is_an_error(cs: Cs) -> None:
    error = cs("pricing", "explain", "nobody-knows", "--json").error()
    assert (error["code"], error["model"], error["provider"]) == ("unknown_model", "nobody-knows", None)
    assert cs("pricing", "explain", "x", "--provider", "p").sentence().startswith("No price is known for p/x.")


# --- all of them ---


def test_on_a_fresh_home_the_prices_are_made_first(place: Place, cs: Cs) -> None:
    assert cs("pricing", "explain", "gpt-4o", "--json").json()["classes"]["input"] == 2.5
    assert not place.database.exists()


def test_without_published_prices_that_is_said(place: Place, cs: Cs) -> None:
    place.home.joinpath(".codesession").mkdir()
    place.home.joinpath(".codesession", "prices").write_text("in the way")
    told = cs("pricing", "list", "--json").json()
    assert "gpt-4o" not in told["models"]
    assert "could not be compiled" in told["problems"][0]
    assert "Every call will be unpriced." in cs("pricing", "list").err
    assert cs("pricing", "explain", "gpt-4o", "--json").error()["code"] == "unknown_model"
    cs("pricing", "set", "gpt-4o", "1", "2")
    assert cs("pricing", "list", "--json").json()["models"]["gpt-4o"]["source"] == "custom"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(cs: Cs, command: str) -> None:
    told = cs("pricing", command, "-h")
    assert (told.status, told.err) == (0, "")
    assert f"Example: cs pricing {command}" in told.out
    assert "--json" in told.out


@pytest.mark.usefixtures("priced_by_few")
def test_alone_it_is_the_list(cs: Cs) -> None:
    assert cs("pricing").out == cs("pricing", "list").out
    assert cs("pricing", "--json").json() == cs("pricing", "list", "--json").json()
    told = cs("pricing", "--json", "list").error()
    assert told["message"] == "Write --json after the command: cs pricing list --json"


def test_its_help_shows_its_commands(cs: Cs) -> None:
    told = cs("pricing", "-h")
    assert told.status == 0
    assert [word for word in COMMANDS if f"  {word} " in told.out] == COMMANDS


# --- a newer list ---


def newer(place: Place, **prices: float) -> str:
    """A file with the installed list, in which claude-haiku-4-5 costs something else."""
    raw = raw_list(*FEW)
    model_in(raw, "anthropic", "claude-haiku-4-5")["prices"].update(prices)
    (place.home / "new.json").write_bytes(as_bytes(raw))
    return str(place.home / "new.json")


def call_of_haiku(place: Place, cost: Cost | None, at_ms: int = 1_772_461_811_042) -> None:
    with place.app().ledger.writing() as tx:
        session = tx.active_session(str(place.repo)) or tx.begin_session(Scope(str(place.repo)), "Work", 1)
        asked = Attempt(session.id, "anthropic", "claude-haiku-4-5", "messages", streamed=True, request_bytes=9)
        tx.record(asked, Outcome(Usage(input=1_000_000), Evidence.MEASURED), cost, at_ms, at_ms)


@pytest.mark.usefixtures("priced_by_few")
def test_a_newer_list_is_used_by_every_command_from_then_on(place: Place, cs: Cs) -> None:
    call_of_haiku(place, Cost(1, "x"))
    source = newer(place, input_mtok=2)
    trial = cs("pricing", "update", "--from", source, "--dry-run")
    assert (trial.status, trial.err) == (0, "")
    assert "anthropic  claude-haiku-4-5  input       1      2" in trial.out
    assert cs("pricing", "explain", "claude-haiku-4-5", "--json").json()["classes"]["input"] == 1.0

    told = cs("pricing", "update", "--from", source, "--json").json()

    assert told["changes"][0]["after"] == 2.0
    assert (told["inUse"], told["from"], told["doubts"]) == (True, source, [])
    explained = cs("pricing", "explain", "claude-haiku-4-5", "--json").json()
    assert (explained["classes"]["input"], explained["priceSource"]) == (2.0, told["after"])
    doctor = cs("doctor", "--json").json()
    assert told["after"] in [finding.get("inUse") for finding in doctor["findings"]]
    assert "In use now: genai-prices 0." in cs("pricing", "update", "--installed").out
    assert cs("pricing", "explain", "claude-haiku-4-5", "--json").json()["classes"]["input"] == 1.0


@pytest.mark.usefixtures("priced_by_few")
def test_a_list_that_may_be_wrong_is_an_error_with_its_reasons(place: Place, cs: Cs) -> None:
    doubts = ["anthropic/claude-haiku-4-5 would cost $200 a million for input, not $1."]
    call_of_haiku(place, Cost(1, "x"))
    source = newer(place, input_mtok=200)
    error = cs("pricing", "update", "--from", source, "--json").error()
    assert (error["code"], error["doubts"]) == ("prices_refused", doubts)
    told = cs("pricing", "update", "--from", source)
    assert (told.status, told.out) == (1, "")
    assert told.err.splitlines()[0] == doubts[0]
    assert told.err.splitlines()[1].startswith("cs: The price list at ")
    assert cs("pricing", "update", "--from", source, "--yes", "--json").json()["doubts"] == doubts


@pytest.mark.usefixtures("priced_by_few")
def test_what_is_no_list_is_an_error(place: Place, cs: Cs) -> None:
    (place.home / "new.json").write_text("[1, 2")
    error = cs("pricing", "update", "--from", str(place.home / "new.json"), "--json").error()
    assert error["code"] == "prices_unavailable"
    assert cs("pricing", "update", "--from", "x", "--installed", "--json").error()["code"] == "invalid_input"


# --- calls priced anew ---


@pytest.mark.usefixtures("priced_by_few")
def test_calls_are_priced_anew_when_that_is_asked_for(place: Place, cs: Cs) -> None:
    call_of_haiku(place, None)
    trial = cs("pricing", "reprice", "--dry-run")
    assert trial.out.splitlines()[2].split()[:5] == ["anthropic", "claude-haiku-4-5", "1", "unpriced", "$1.00"]
    assert cs("pricing", "reprice", "--since", "1h", "--json").json()["calls"] == 0
    told = cs("pricing", "reprice", "--json").json()
    assert (told["written"], told["calls"], told["before"], told["after"]) == (True, 1, 0.0, 1.0)
    assert cs("status", "--json").json()["aiCost"] == 1.0
    assert cs("pricing", "reprice").out == "No call that has no price can be given one.\n"
    assert cs("doctor", "--json").json()["ok"]


# --- on another model ---


@pytest.mark.usefixtures("priced_by_few")
def test_past_calls_are_compared_with_another_model(place: Place, cs: Cs) -> None:
    now_ms = time.time_ns() // 1_000_000
    call_of_haiku(place, Cost(10**9, "x"), now_ms - 29 * 86_400_000)
    call_of_haiku(place, Cost(10**9, "x"), now_ms - 31 * 86_400_000)
    told = cs("pricing", "what-if", "-m", "gpt-5", "-p", "openai", "--json").json()
    assert (told["total"]["calls"], told["total"]["wouldBe"]) == (1, 1.25)
    assert told["assumptions"]
    assert cs("pricing", "what-if", "--model", "gpt-5", "-s", "1", "--json").json()["total"]["calls"] == 2
    assert cs("pricing", "what-if", "--model", "gpt-5", "--since", "5w", "--json").json()["total"]["calls"] == 2
    person = cs("pricing", "what-if", "--model", "gpt-5")
    assert "+$0.25" in person.out
    assert "Assumed:" in person.out
    error = cs("pricing", "what-if", "--model", "gpt5", "--json").error()
    assert (error["code"], error["model"]) == ("unknown_model", "gpt5")
    assert "Did you mean gpt-5" in error["hint"]


@pytest.mark.usefixtures("priced_by_few")
@pytest.mark.parametrize(
    ("typed", "since"),
    [("2026-03-01", "2026-03-01T00:00:00.000Z"), ("2026-03-01T02:00+01:00", "2026-03-01T01:00:00.000Z")],
)
def test_a_past_may_begin_on_a_date(cs: Cs, typed: str, since: str) -> None:
    assert cs("pricing", "reprice", "--since", typed, "--json").json()["since"] == since


@pytest.mark.usefixtures("priced_by_few")
@pytest.mark.parametrize(("typed", "hours"), [("12h", 12), ("30d", 720), ("2w", 336)])
def test_a_past_may_have_a_length(cs: Cs, typed: str, hours: int) -> None:
    before = time.time()
    since = datetime.fromisoformat(cs("pricing", "reprice", "--since", typed, "--json").json()["since"])
    assert before - 0.01 <= since.timestamp() + hours * 3600 <= time.time()
