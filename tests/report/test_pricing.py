"""Are prices shown as the contract says to programs, and in plain words to people?"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from codesession.model import USAGE_FIELDS
from codesession.model.price import AppliedPrice, ListedPrice, PriceExplanation, PriceList, PriceTier
from codesession.report.pricing import (
    price_document,
    price_list_document,
    price_list_text,
    price_text,
    reset_prices_document,
    set_price_document,
)


def tier(above: int = -1, per_request: str = "0", **dollars: str) -> PriceTier:
    classes = {field: Decimal(dollars[field]) if field in dollars else None for field in USAGE_FIELDS}
    return PriceTier(above, classes, Decimal(per_request))


SONNET = tier(
    input="3",
    cache_read="0.3",
    cache_write="3.75",
    cache_write_1h="6",
    output="15",
    reasoning="15",
    web_searches="10000",
)
PUBLISHED = AppliedPrice(
    "anthropic",
    "claude-sonnet-4-5",
    "genai-prices 0.2.3",
    False,
    (SONNET, tier(200_000, input="6", output="22.5")),
    date(2026, 3, 13),
    (time(1, 0), time(4, 0)),
)
CUSTOM = AppliedPrice(
    "anthropic",
    "claude-sonnet-4-5",
    "custom (pricing.json)",
    True,
    (tier(input="1", cache_read="1", output="2", reasoning="2"),),
)
AT_MS = 1_772_461_811_042
EXPLAINED = PriceExplanation(
    "anthropic", "claude-sonnet-4-5", 1_772_461_811_042, (CUSTOM, PUBLISHED), ("A row is bad.",)
)

LIST = PriceList(
    (
        ListedPrice(None, "mine", Decimal("0.1"), Decimal("0.2"), is_custom=True, is_set=True),
        ListedPrice("azure", "gpt-4o", Decimal(3), Decimal(12), is_custom=True, is_set=True),
        ListedPrice("openai", "gpt-4o", Decimal("2.5"), Decimal(10), is_custom=False, first_party=True),
        ListedPrice("openai", "embed", Decimal("0.02"), None, is_custom=False, first_party=True),
        ListedPrice("groq", "mine", Decimal("0.1"), Decimal("0.2"), is_custom=True),
        ListedPrice("groq", "llama", Decimal("0.0833333333333333"), Decimal(1234), is_custom=False),
        ListedPrice("mistral", "gpt-4o", Decimal(9), Decimal(9), is_custom=False, first_party=True),
    ),
    "genai-prices 0.2.3",
)


# --- documents ---


def test_the_list_has_each_model_by_provider_and_by_name_at_its_maker() -> None:
    told = price_list_document(LIST)
    assert told["schemaVersion"] == 1
    assert (told["source"], told["problems"]) == ("genai-prices 0.2.3", [])
    gpt = {"input": 2.5, "output": 10.0, "source": "built-in"}
    assert told["models"] == {
        "mine": {"input": 0.1, "output": 0.2, "source": "custom"},
        "azure/gpt-4o": {"input": 3.0, "output": 12.0, "source": "custom"},
        "openai/gpt-4o": gpt,
        "gpt-4o": gpt,
        "openai/embed": {"input": 0.02, "output": None, "source": "built-in"},
        "embed": {"input": 0.02, "output": None, "source": "built-in"},
        "groq/mine": {"input": 0.1, "output": 0.2, "source": "custom"},
        "groq/llama": {"input": 0.0833333333, "output": 1234.0, "source": "built-in"},
        "mistral/gpt-4o": {"input": 9.0, "output": 9.0, "source": "built-in"},
    }


def test_a_name_the_user_has_priced_is_not_replaced_by_the_makers() -> None:
    own = ListedPrice(None, "gpt-4o", Decimal(1), Decimal(1), is_custom=True)
    assert price_list_document(replace(LIST, prices=(own, *LIST.prices)))["models"]["gpt-4o"]["source"] == "custom"


def test_an_explanation_has_every_class_and_what_is_beaten() -> None:
    told = price_document(EXPLAINED)
    assert (told["model"], told["provider"], told["known"]) == ("claude-sonnet-4-5", "anthropic", True)
    assert told["at"] == "2026-03-02T14:30:11.042Z"
    assert (told["source"], told["priceSource"]) == ("custom", "custom (pricing.json)")
    assert (told["tiers"], told["problems"]) == ([], ["A row is bad."])
    assert "validFrom" not in told
    (beaten,) = told["overrides"]
    assert beaten["classes"] == {
        "input": 3.0,
        "cacheRead": 0.3,
        "cacheWrite": 3.75,
        "cacheWrite1h": 6.0,
        "cacheWriteOther": None,
        "inputAudio": None,
        "cacheReadAudio": None,
        "inputImage": None,
        "cacheReadImage": None,
        "inputVideo": None,
        "output": 15.0,
        "reasoning": 15.0,
        "outputAudio": None,
        "outputImage": None,
        "outputVideo": None,
        "webSearches": 10000.0,
        "fileSearches": None,
        "rerankSearches": None,
    }
    assert beaten["tiers"][0]["aboveTokens"] == 200_000
    assert beaten["tiers"][0]["classes"]["output"] == 22.5
    assert (beaten["source"], beaten["listedAs"], beaten["validFrom"]) == (
        "built-in",
        "claude-sonnet-4-5",
        "2026-03-13",
    )
    assert beaten["validBetween"] == ["01:00:00", "04:00:00"]
    assert "perRequest" not in beaten


def test_a_fee_for_each_call_is_told() -> None:
    price = replace(CUSTOM, tiers=(tier(per_request="0.005", input="1", output="1"),))
    explained = replace(EXPLAINED, prices=(price,))
    assert price_document(explained)["perRequest"] == 0.005
    assert "Each call" in price_text(explained)
    assert "0.005" in price_text(explained)


def test_what_set_and_reset_answer() -> None:
    path = Path("pricing.json")
    told = set_price_document("openai/gpt-4o", Decimal("2.50"), Decimal(10), path)
    assert [told[name] for name in ("key", "input", "output", "path")] == ["openai/gpt-4o", 2.5, 10.0, "pricing.json"]
    assert [type(told[side]) for side in ("input", "output")] == [float, float]
    told = reset_prices_document(2, path)
    assert [told[name] for name in ("reset", "removed", "path")] == [True, 2, "pricing.json"]


# --- text ---


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal, on which a table has a frame."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")


def cells(text: str) -> list[list[str]]:
    """The rows of a table as their cells, without its heading."""
    lines = [line for line in text.partition("├")[2].splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_people_see_their_own_prices_and_the_makers() -> None:
    text = price_list_text(LIST, everything=False)
    assert cells(text) == [
        ["any", "mine", "0.10", "0.20", "yours"],
        ["azure", "gpt-4o", "3.00", "12.00", "yours"],
        ["mistral", "gpt-4o", "9.00", "9.00", ""],
        ["openai", "embed", "0.02", "-", ""],
        ["openai", "gpt-4o", "2.50", "10.00", ""],
    ]
    assert "5 models. Published prices: genai-prices 0.2.3." in text
    assert "2 more at clouds and resellers: cs pricing list --all" in text


def test_everything_is_shown_when_asked_for() -> None:
    text = price_list_text(LIST, everything=True)
    assert ["groq", "llama", "0.0833333333333333", "1,234.00", ""] in cells(text)
    assert "more at clouds" not in text


def test_an_empty_list_says_so() -> None:
    assert price_list_text(PriceList((), "genai-prices missing"), everything=False).startswith("0 models.")


def test_an_explanation_in_words() -> None:
    text = price_text(replace(EXPLAINED, prices=(PUBLISHED, CUSTOM)))
    assert text.startswith("claude-sonnet-4-5 at anthropic")
    assert cells(text) == [
        ["Input", "3.00", "6.00"],
        ["Cached input, read", "0.30", "-"],
        ["Cached input, written", "3.75", "-"],
        ["Cached input, written for 1 hour", "6.00", "-"],
        ["Output", "15.00", "22.50"],
        ["1,000 web searches", "10.00", "-"],
    ]
    assert "Prompt above 200,000" in text
    assert (
        'Source: genai-prices 0.2.3, where it is "claude-sonnet-4-5", since 2026-03-13, from 01:00 to 04:00 UTC.'
    ) in text
    assert 'It comes before $1.00 in and $2.00 out: custom (pricing.json), where it is "claude-sonnet-4-5".' in text


def test_a_price_for_anywhere_names_no_provider() -> None:
    assert price_text(replace(EXPLAINED, provider=None, prices=(CUSTOM,))).splitlines()[0] == "claude-sonnet-4-5"


def test_a_class_that_costs_as_another_goes_without_saying() -> None:
    assert [row[0] for row in cells(price_text(replace(EXPLAINED, prices=(CUSTOM,))))] == [
        "Input",
        "Cached input, read",
        "Output",
    ]
