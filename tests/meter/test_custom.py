"""Do the user's prices count, exactly and under every spelling, and does a broken file or row harm nothing else?"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.meter.custom import SOURCE, CustomPrices, read_rows
from codesession.meter.pricing import price
from codesession.meter.userfiles import exact_dollars
from codesession.model import USAGE_FIELDS, Usage
from codesession.model.classes import CLASS_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.meter import Catalogue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pricing.json"


@pytest.fixture
def prices(file: Path, catalogue: Catalogue) -> CustomPrices:
    return CustomPrices(file, catalogue.provider_of)


def row(dollars_in: float = 1, dollars_out: float = 2, **others: object) -> dict[str, object]:
    return {"input": dollars_in, "output": dollars_out, **others}


def listed_as(prices: CustomPrices, provider: str, model: str) -> str | None:
    found = prices.resolve(provider, model, NOW)
    return found.model if found else None


def cost(prices: CustomPrices, usage: Usage) -> int | None:
    found = prices.resolve("p", "m", NOW)
    assert found
    assert (found.source, found.is_custom) == (SOURCE, True)
    return price(found.rates, usage)


# --- what a row says ---


def test_a_price_is_dollars_per_million_tokens(file: Path, prices: CustomPrices) -> None:
    file.write_text('{"p/m": {"input": 2.5, "output": 10}}')
    assert cost(prices, Usage(input=1_000_000, output=100_000)) == 3_500_000_000


def test_a_class_that_is_not_named_is_billed_as_what_it_is_a_kind_of(file: Path, prices: CustomPrices) -> None:
    file.write_text('{"p/m": {"input": 3, "output": 15, "cacheWrite": 4, "notes": "ours"}}')
    million = 1_000_000
    assert cost(prices, Usage(cache_read=million)) == 3_000_000_000
    assert cost(prices, Usage(cache_write_1h=million)) == 4_000_000_000
    assert cost(prices, Usage(reasoning=million)) == 15_000_000_000
    assert cost(prices, Usage(web_searches=million)) is None


def test_every_class_can_have_its_own_price(file: Path, prices: CustomPrices) -> None:
    dollars = {name: number + 0.5 for number, name in enumerate(CLASS_NAMES.values())}
    file.write_text(json.dumps({"p/m": dollars}))
    found = prices.resolve("p", "m", NOW)
    assert found
    assert list(found.rates.bands[0].classes) == [500_000_000 + 10**9 * number for number in range(len(USAGE_FIELDS))]


@given(st.decimals(0, 1_000_000, places=15, allow_nan=False))
def test_no_price_is_rounded(dollars: Decimal) -> None:
    rows, problems = read_rows({"m": {"input": dollars, "output": 0}}, None)  # type: ignore[arg-type]  # not looked at
    assert problems == []
    rates = rows["m"]
    assert rates.bands[0].classes[0] == dollars * 10**9 * rates.per / 10**6


def test_a_tenth_is_a_tenth(file: Path, prices: CustomPrices) -> None:
    file.write_text('{"p/m": {"input": 0.1, "output": 0.0000000001}}')
    assert cost(prices, Usage(input=3_000_000)) == 300_000_000
    assert cost(prices, Usage(output=10_000_000_000_000)) == 1_000_000


# --- under which name ---


@pytest.mark.parametrize(
    ("key", "provider", "model"),
    [
        pytest.param("gpt-4o", "openai", "gpt-4o", id="name"),
        pytest.param("gpt-4o", "azure", "GPT-4o", id="wherever-it-is-called"),
        pytest.param("OpenAI/GPT-4o", "openai", "gpt-4o", id="case"),
        pytest.param("gpt-4o", "openai", "openai/gpt-4o", id="own-prefix"),
        pytest.param("openai/gpt-4o", "openai", "openai/gpt-4o-2024-08-06", id="own-prefix-and-date"),
        pytest.param("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5-20250929", id="dated"),
        pytest.param("claude-sonnet-4-5", "anthropic", "anthropic/claude-sonnet-4-5", id="prefixed"),
        pytest.param("claude-sonnet-4-5", "openrouter", "anthropic/claude-sonnet-4.5", id="a-reseller"),
        pytest.param("anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4.5", id="dots"),
        pytest.param("claude-3.5-sonnet", "anthropic", "claude-3-5-sonnet-20241022", id="dots-in-the-key"),
        pytest.param("gemini/gemini-2.5-pro", "google", "models/gemini-2.5-pro", id="another-word-for-google"),
        pytest.param("xai/grok-4", "x-ai", "grok-4", id="another-word-for-x-ai"),
        pytest.param("x-ai/grok-4", "xai", "grok-4", id="and-back"),
        pytest.param("ollama/llama3", "Ollama", "llama3", id="a-provider-nobody-publishes"),
        pytest.param("qwen/qwen3-coder", "openrouter", "qwen/qwen3-coder", id="a-name-with-a-slash"),
        pytest.param(" gpt-4o ", "openai", " gpt-4o ", id="blanks"),
    ],
)
def test_a_price_is_found_under(file: Path, prices: CustomPrices, key: str, provider: str, model: str) -> None:
    file.write_text(json.dumps({key: row()}))
    assert listed_as(prices, provider, model) == key


@pytest.mark.parametrize(
    ("key", "provider", "model"),
    [
        pytest.param("openai/gpt-4o", "azure", "gpt-4o", id="another-provider"),
        pytest.param("openai/gpt-4o", "openrouter", "openai/gpt-4o", id="a-reseller-of-that-provider"),
        pytest.param("gpt-4o", "openai", "gpt-4o-mini", id="another-model"),
        pytest.param("gpt-4o-2024-08-06", "openai", "gpt-4o", id="the-key-says-more"),
        pytest.param("gpt-oss-20b", "openrouter", "openai/gpt-oss-20b:free", id="free"),
        pytest.param("google", "google", "gemini-2.5-pro", id="a-provider-alone"),
    ],
)
def test_a_price_is_not_found_under(file: Path, prices: CustomPrices, key: str, provider: str, model: str) -> None:
    file.write_text(json.dumps({key: row()}))
    assert listed_as(prices, provider, model) is None


def test_a_provider_comes_before_any_and_the_exact_name_before_others(file: Path, prices: CustomPrices) -> None:
    dated = "claude-sonnet-4-5-20250929"
    keys = [f"anthropic/{dated}", "anthropic/claude-sonnet-4-5", dated, "claude-sonnet-4-5"]
    while keys:
        file.write_text(json.dumps({key: row() for key in reversed(keys)}))
        assert listed_as(prices, "anthropic", dated) == keys.pop(0)


def test_a_provider_by_the_name_that_was_used_comes_before_the_published_one(file: Path, prices: CustomPrices) -> None:
    file.write_text(json.dumps({"google/m": row(), "vertex_ai/m": row()}))
    assert listed_as(prices, "vertex_ai", "m") == "vertex_ai/m"
    assert listed_as(prices, "google", "m") == "google/m"


def test_only_a_price_without_provider_holds_anywhere(file: Path, prices: CustomPrices) -> None:
    file.write_text(json.dumps({"p/there": row(), "all": row()}))
    assert prices.anywhere("there") is None
    assert prices.anywhere("ALL-20260101")


# --- what cannot be used ---


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ('{"input": -1, "output": 2}', "input is not a number of dollars from 0 to 1,000,000"),
        ('{"input": NaN, "output": 2}', "input is not a number"),
        ('{"input": 1, "output": Infinity}', "output is not a number"),
        ('{"input": 1, "output": 1e7}', "output is not a number"),
        ('{"input": 1, "output": 1e-30}', "output is not a number"),
        ('{"input": 1, "output": 1e999999999999999999999}', "output is not a number"),
        ('{"input": "1", "output": 2}', "input is not a number"),
        ('{"input": true, "output": 2}', "input is not a number"),
        ('{"input": null, "output": 2}', "input is not a number"),
        ('{"input": 1}', "output is missing"),
        ('{"output": 1}', "input is missing"),
        ('{"input": 1, "output": 2, "cacheRead": -1}', "cacheRead is not a number"),
        ("[1, 2]", "it is not of the form"),
        ("3", "it is not of the form"),
    ],
)
def test_a_broken_row_is_named_and_the_others_count(file: Path, prices: CustomPrices, value: str, why: str) -> None:
    file.write_text(f'{{"broken": {value}, "p/m": {{"input": 1, "output": 2}}}}')
    (problem,) = prices.problems
    assert problem.startswith(f"{file}: the price of 'broken' is ignored: {why}")
    assert list(prices.rows) == ["p/m"]


def test_a_row_without_name_is_ignored(file: Path, prices: CustomPrices) -> None:
    file.write_text(json.dumps({" ": row()}))
    assert prices.problems == (f"{file}: the price of ' ' is ignored: its key is blank.",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "is not JSON"),
        (b"", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"m": {"input": 1\xff}}', "is not UTF-8"),
        (b"[]", "holds no object of prices by model"),
        (b"7", "holds no object of prices by model"),
    ],
    ids=["cut", "empty", "too-deep", "latin-1", "a-list", "a-number"],
)
def test_a_broken_file_is_ignored_with_one_sentence(file: Path, prices: CustomPrices, content: bytes, why: str) -> None:
    file.write_bytes(content)
    assert prices.resolve("p", "m", NOW) is None
    (problem,) = prices.problems
    assert problem.startswith(f"{file} {why}")
    assert problem.endswith(" It is ignored.")


def test_what_is_no_file_is_said(file: Path, prices: CustomPrices) -> None:
    file.mkdir()
    (problem,) = prices.problems
    assert problem.startswith(f"{file} cannot be read")


def test_a_place_that_cannot_be_looked_at_is_said(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (problem,) = CustomPrices(tmp_path / "file" / "pricing.json", catalogue.provider_of).problems
    assert "cannot be read" in problem


def test_without_a_file_nothing_is_wrong(prices: CustomPrices) -> None:
    assert (prices.resolve("p", "m", NOW), prices.problems, dict(prices.rows)) == (None, (), {})


def test_a_mark_at_the_beginning_of_the_file_does_no_harm(file: Path, prices: CustomPrices) -> None:
    file.write_text(json.dumps({"m": row()}), encoding="utf-8-sig")
    assert listed_as(prices, "p", "m") == "m"


# --- on other terms ---


def test_a_row_may_say_what_other_terms_cost(file: Path, prices: CustomPrices) -> None:
    file.write_text(json.dumps({"p/m": row(4, 8, batch=row(1, 2), fast=row(9, 9))}))
    batch = prices.on_basis("p", "M", "processing=batch")
    assert batch
    assert (batch.source, batch.is_custom) == ("custom (pricing.json), batch", True)
    assert price(batch.rates, Usage(input=1_000_000, output=1_000_000)) == 3_000_000_000
    for basis in ("speed=fast", "service_tier=fast"):
        fast = prices.on_basis("p", "m", basis)
        assert fast
        assert price(fast.rates, Usage(input=1_000_000)) == 9_000_000_000
    assert prices.on_basis("p", "m", "service_tier=flex") is None
    assert prices.on_basis("p", "other", "processing=batch") is None
    assert prices.problems == ()


def test_only_the_terms_of_a_row_that_cannot_be_used_are_ignored(file: Path, prices: CustomPrices) -> None:
    file.write_text(json.dumps({"p/m": row(4, 8, batch=row(-1, 2)), "q": row(1, 1, flex=3)}))
    assert cost(prices, Usage(input=1_000_000)) == 4_000_000_000
    assert prices.on_basis("p", "m", "processing=batch") is None
    first, second = prices.problems
    assert first.endswith(
        "the price of 'p/m' for batch is ignored: input is not a number of dollars from 0 to 1,000,000."
    )
    assert "'q' for flex is ignored: it is not of the form" in second


# --- while a proxy runs ---


def test_a_change_of_the_file_counts_at_once(file: Path, prices: CustomPrices) -> None:
    assert prices.resolve("p", "m", NOW) is None
    file.write_text('{"p/m": {"input": 1, "output": 1}}')
    assert cost(prices, Usage(input=1_000_000)) == 1_000_000_000
    before = file.stat()
    file.write_text('{"p/m": {"input": 2, "output": 1}}')
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert cost(prices, Usage(input=1_000_000)) == 2_000_000_000
    file.write_text("{")
    assert prices.resolve("p", "m", NOW) is None
    file.unlink()
    assert (prices.resolve("p", "m", NOW), prices.problems) == (None, ())


@pytest.mark.parametrize("value", [float("nan"), 0.5, "1", None, [], Decimal("NaN"), Decimal("Infinity"), -1, 10**7])
def test_what_is_no_exact_rate_is_none(value: object) -> None:
    assert exact_dollars(value) is None


def test_a_rate_may_have_thousands_of_digits_that_say_nothing_and_else_is_no_rate() -> None:
    assert exact_dollars(Decimal("2.5" + "0" * 5_000)) == (25, -1)
    assert exact_dollars(Decimal("0." + "1" * 5_000)) is None  # Python makes no int of so many
    assert exact_dollars(Decimal(100)) == (100, 0)


def test_zero_is_a_rate() -> None:
    assert exact_dollars(Decimal("0.00")) == exact_dollars(0) == (0, 0)
