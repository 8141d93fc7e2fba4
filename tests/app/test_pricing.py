"""Do commands and the proxy use the user's prices, and do they say what cannot be used?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from codesession.app.metering import prices
from codesession.app.own_prices import reset_prices, set_price
from codesession.app.price_list import DOCUMENTED, explain_price, list_prices
from codesession.app.pricing import Priced, price_book, price_of
from codesession.config import read_config
from codesession.errors import InvalidInput, UnknownModel
from codesession.meter import PricesUnavailable
from codesession.model import Usage

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App
    from codesession.config import Config
    from codesession.model.price import PriceExplanation, PriceList

NOW_MS = 1_795_348_800_000  # 2026-11-22T12:00Z
NOW = datetime.fromtimestamp(NOW_MS / 1000, tz=UTC)
USAGE = Usage(input=1_000_000, output=100_000)


@pytest.fixture
def app(place: Place) -> App:
    place.home.joinpath(".codesession").mkdir(exist_ok=True)
    return place.app()


@pytest.fixture
def config(place: Place) -> Config:
    del place
    return read_config()


def own(config: Config, rows: Any, name: str = "pricing.json") -> None:
    config.data_dir.mkdir(exist_ok=True)
    (config.data_dir / name).write_text(rows if isinstance(rows, str) else json.dumps(rows))


def quiet(_: str) -> None:
    """Nobody listens."""


# --- the price of a usage ---


@pytest.mark.usefixtures("priced")
def test_a_published_price(app: App, place: Place) -> None:
    priced = price_of(app, "anthropic", "claude-sonnet-4", USAGE, NOW_MS)
    assert priced == Priced(4_500_000_000, "built-in", priced.price_source, 3_000_000_000, 15_000_000_000, known=True)
    assert priced.price_source.startswith("genai-prices ")
    assert place.said == []


@pytest.mark.usefixtures("priced")
def test_the_users_price_wins(app: App) -> None:
    own(app.config, {"claude-sonnet-4": {"input": 1, "output": 0.0000000375}})
    assert price_of(app, "anthropic", "claude-sonnet-4-20250514", USAGE, NOW_MS) == Priced(
        1_000_000_004, "custom", "custom (pricing.json)", 1_000_000_000, 38, known=True
    )


@pytest.mark.usefixtures("priced")
def test_the_tier_of_the_usage_is_shown(app: App) -> None:
    priced = price_of(app, "google", "gemini-2.5-pro", Usage(input=300_000), NOW_MS)
    assert (priced.input_per_million, priced.output_per_million) == (2_500_000_000, 15_000_000_000)


@pytest.mark.usefixtures("priced")
def test_an_unknown_model_has_no_price_and_an_unknown_split_no_cost(app: App) -> None:
    assert price_of(app, "openai", "nobody-knows", USAGE, NOW_MS) == Priced(
        None, "built-in", "", None, None, known=False
    )
    unsplit = price_of(app, "openai", "gpt-4o", Usage(unsplit=9), NOW_MS)
    assert (unsplit.cost_nanos, unsplit.known) == (None, True)


@pytest.mark.usefixtures("priced")
def test_the_proxy_uses_the_users_prices_as_they_are_by_then(app: App) -> None:
    book = prices(app)
    own(app.config, {"openai/gpt-4o": {"input": 7, "output": 0}})
    cost = book.cost("openai", "gpt-4o-2024-08-06", Usage(input=1_000_000), NOW)
    assert cost
    assert (cost.nanos, cost.source) == (7_000_000_000, "custom (pricing.json)")


@pytest.mark.usefixtures("priced")
def test_a_broken_file_is_said_once_and_ignored(app: App, place: Place) -> None:
    own(app.config, "{")
    priced = price_of(app, "openai", "gpt-4o", USAGE, NOW_MS)
    assert priced.source == "built-in"
    (said,) = place.said
    assert "pricing.json is not JSON" in said


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "No prices here. Every call will be unpriced."),
        (
            {"gpt-4o": {"input": 1, "output": 1}},
            "No prices here. Every call but those of the models you have priced will be unpriced.",
        ),
    ],
)
def test_without_published_prices_the_users_count(place: Place, app: App, rows: Any, said: str) -> None:
    def unavailable(_: object) -> None:
        raise PricesUnavailable("No prices here.")

    place.monkeypatch.setattr("codesession.app.pricing.ensure_shards", unavailable)
    own(app.config, rows)
    assert price_of(app, "openai", "gpt-4o", USAGE, NOW_MS).known == bool(rows)
    assert place.said == [said]
    listed = list_prices(app.config, quiet, NOW_MS)
    assert [price.key for price in listed.prices if price.is_custom][:1] == list(rows)
    assert listed.problems == ("No prices here.",)


# --- setting ---


def file_of(config: Config) -> Any:
    return json.loads((config.data_dir / "pricing.json").read_text())


@pytest.mark.usefixtures("priced")
def test_a_price_is_set_for_a_model_or_for_one_at_a_provider(config: Config) -> None:
    done = set_price(config, " gpt-4o ", "2.50", "10")
    assert (done.key, done.input, done.output) == ("gpt-4o", Decimal("2.5"), Decimal(10))
    assert done.path == config.data_dir / "pricing.json"
    assert set_price(config, "gpt-4o", "3", "12.", provider="azure", cache_read=".5", cache_write="4").key == (
        "azure/gpt-4o"
    )
    assert set_price(config, "OpenAI/gpt-4o", "0", "0", provider="openai").key == "OpenAI/gpt-4o"
    assert file_of(config) == {
        "gpt-4o": {"input": 2.5, "output": 10},
        "azure/gpt-4o": {"input": 3, "output": 12, "cacheRead": 0.5, "cacheWrite": 4},
        "OpenAI/gpt-4o": {"input": 0, "output": 0},
    }
    assert price_book(config, quiet).custom.problems == ()


@pytest.mark.parametrize(
    "number", ["nan", "inf", "Infinity", "1_000", "-1", "+1", "5x", "", " ", "1e3", "2,5", "$1", "1000000.1", "٣", "."]
)
def test_what_is_no_plain_amount_is_refused_and_nothing_is_written(config: Config, number: str) -> None:
    for options in ({"input_": number}, {"output": number}, {"cache_read": number}, {"cache_write": number}):
        with pytest.raises(InvalidInput, match="cannot be used: write dollars per million tokens"):
            set_price(config, "m", **{"input_": "1", "output": "1", **options})
    assert not config.data_dir.exists()


@pytest.mark.parametrize(
    ("model", "provider"),
    [("", None), (" ", None), ("m" * 201, None), ("/m", None), ("m/", None), ("m", ""), ("m", "p" * 101), ("m", "a/b")],
)
def test_what_is_no_name_is_refused(config: Config, model: str, provider: str | None) -> None:
    with pytest.raises(InvalidInput):
        set_price(config, model, "1", "1", provider=provider)
    assert not config.data_dir.exists()


def test_prices_are_removed_all_or_some(config: Config) -> None:
    def keys() -> list[str]:
        return list(file_of(config))

    path = config.data_dir / "pricing.json"
    own(config, dict.fromkeys(["a", "b", "P/a", "p/b", "q/c"], 1))
    assert reset_prices(config, "B") == (1, path)
    assert keys() == ["a", "P/a", "p/b", "q/c"]
    assert reset_prices(config, "c", "Q") == (1, path)
    assert reset_prices(config, provider="p") == (2, path)
    assert keys() == ["a"]
    assert reset_prices(config, "nothing") == (0, path)
    assert reset_prices(config) == (1, path)
    assert not path.exists()
    with pytest.raises(InvalidInput):
        reset_prices(config, provider=" ")


# --- the list ---


def keys_of(listed: PriceList) -> list[str]:
    return [price.key for price in listed.prices]


@pytest.mark.usefixtures("priced")
def test_the_list_has_every_price_once_and_the_users_first(config: Config) -> None:
    own(config, {"my-model": {"input": 1, "output": 2}, "openai/gpt-4o": {"input": 3, "output": 4}})
    listed = list_prices(config, quiet, NOW_MS)
    keys = keys_of(listed)
    assert keys[:2] == ["my-model", "openai/gpt-4o"]
    assert len(set(keys)) == len(keys) > 2000
    assert {f"{provider}/{model}" for provider, models in DOCUMENTED.items() for model in models} <= set(keys)
    of = {price.key: price for price in listed.prices}
    assert (of["openai/gpt-4o"].input, of["openai/gpt-4o"].is_custom) == (Decimal(3), True)
    assert (of["mistral/mistral-large-latest"].input, of["mistral/mistral-large-latest"].first_party) == (
        Decimal("0.5"),
        True,
    )
    assert not of["openrouter/openai/gpt-4o"].first_party
    assert [price.key for price in listed.prices if price.is_set] == ["my-model", "openai/gpt-4o"]
    assert (listed.source[:13], listed.problems) == ("genai-prices ", ())


@pytest.mark.usefixtures("priced")
def test_the_list_of_a_provider(config: Config) -> None:
    own(config, {"my-model": {"input": 1, "output": 2}, "xai/grok-9": {"input": 3, "output": 4}})
    listed = list_prices(config, quiet, NOW_MS, "X-AI")
    assert keys_of(listed)[0] == "xai/grok-9"
    assert {price.provider for price in listed.prices} == {"xai", "x-ai"}
    with pytest.raises(InvalidInput, match="No price at the provider 'nobody'"):
        list_prices(config, quiet, NOW_MS, "nobody")


# --- explaining ---


@pytest.fixture
def explained(place: Place, priced: None) -> Any:
    del priced, place

    def ask(model: str, **options: Any) -> PriceExplanation:
        return explain_price(read_config(), quiet, model, options.pop("at_ms", NOW_MS), **options)

    return ask


def test_a_price_is_explained_with_its_tiers_and_what_it_beats(config: Config, explained: Any) -> None:
    own(config, {"anthropic/claude-sonnet-4-5": {"input": 1, "output": 2}})
    told = explained("claude-sonnet-4-5-20250929")
    assert (told.provider, told.model, told.at_ms) == ("anthropic", "claude-sonnet-4-5-20250929", NOW_MS)
    custom, published = told.prices
    assert (custom.model, custom.is_custom) == ("anthropic/claude-sonnet-4-5", True)
    assert custom.tiers[0].classes["cache_read"] == 1
    assert [tier.above for tier in published.tiers] == [-1, 200_000]
    assert published.tiers[1].classes["output"] == Decimal("22.5")


def test_a_price_of_another_day(explained: Any) -> None:
    now = explained("mistral-large-latest").prices
    before = explained("mistral-large-latest", at_ms=NOW_MS - 400 * 86_400_000).prices
    assert [price.tiers[0].classes["input"] for price in now] == [Decimal("0.5"), 2]
    assert [price.tiers[0].classes["input"] for price in before] == [2]
    assert now[0].valid_from is not None
    peak = explained("deepseek-flash", at_ms=NOW_MS - 58 * 3_600_000).prices[0]  # a Friday
    assert [clock.hour for clock in peak.window] == [1, 4]


@pytest.mark.parametrize(
    ("model", "options", "expected"),
    [
        pytest.param("gpt-4o", {}, ("openai", "gpt-4o"), id="its-maker"),
        pytest.param("gemini-2.5-flash", {}, ("google", "gemini-2.5-flash"), id="another-maker"),
        pytest.param("openai/gpt-4o", {}, ("openai", "gpt-4o"), id="in-the-name"),
        pytest.param("gpt-4o", {"provider": " azure "}, ("azure", "gpt-4o"), id="as-said"),
        pytest.param("openrouter/openai/gpt-4o", {}, ("openrouter", "openai/gpt-4o"), id="a-reseller"),
        pytest.param("mine", {}, (None, "mine"), id="set-for-anywhere"),
        pytest.param("llama3", {}, ("ollama", "llama3"), id="set-for-a-provider-of-the-users"),
        pytest.param("o/r-g", {}, ("o", "r-g"), id="a-provider-nobody-publishes"),
    ],
)
def test_whose_price_is_meant(
    config: Config, explained: Any, model: str, options: dict[str, str], expected: tuple[str | None, str]
) -> None:
    own(config, {key: {"input": 1, "output": 2} for key in ("mine", "ollama/llama3", "o/r-g")})
    told = explained(model, **options)
    assert (told.provider, told.model) == expected


def test_a_price_for_anywhere_is_told_at_the_maker_that_it_beats(config: Config, explained: Any) -> None:
    own(config, {"gpt-4o": {"input": 1, "output": 2}})
    told = explained("gpt-4o")
    assert told.provider == "openai"
    assert [price.is_custom for price in told.prices] == [True, False]


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, "No price is known for nope. Name its provider"), ({"provider": "groq"}, "No price is known for groq/nope.")],
)
def test_an_unknown_model_is_an_error(explained: Any, options: dict[str, str], words: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        explained("nope", **options)
    assert caught.value.message.startswith(words)
    assert "cs pricing set nope <input> <output>" in caught.value.message
    assert caught.value.extra == {"model": "nope", "provider": options.get("provider")}


@pytest.mark.parametrize("names", [("", None), (" ", None), ("gpt-4o", " ")])
def test_a_blank_name_is_refused(explained: Any, names: tuple[str, str | None]) -> None:
    with pytest.raises(InvalidInput, match=r"Name a model|provider is blank"):
        explained(names[0], provider=names[1])


def test_what_is_wrong_is_in_the_answer(config: Config, explained: Any) -> None:
    own(config, "{")
    assert "not JSON" in explained("gpt-4o").problems[0]
