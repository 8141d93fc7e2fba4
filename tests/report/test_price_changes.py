"""Do people and programs read what other prices change?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from codesession.model.price_changes import (
    ListCounts,
    PriceUpdate,
    RateChange,
    RepricedModel,
    Repricing,
    WhatIf,
    WhatIfModel,
)
from codesession.report.price_changes import (
    repricing_document,
    repricing_text,
    update_document,
    update_text,
    what_if_document,
    what_if_text,
)

OLD, NEW = "genai-prices 0.2.3", "genai-prices of 2026-11-28 (sha 1a2b3c4d)"
UPDATE = PriceUpdate(
    OLD,
    NEW,
    "https://example.org/data.json",
    in_use=True,
    is_same=False,
    ledger_models=2,
    changes=(
        RateChange(
            "anthropic", "claude-x", "cache_write_1h", "", -1, Decimal("6.0"), Decimal("7.50"), date(2026, 11, 1)
        ),
        RateChange("openai", "gpt-x", "input", "batch", 200_000, Decimal(10), None, None),
        RateChange("openai", "gpt-x", "request", "", -1, None, Decimal(10_000), None),
    ),
    counts=ListCounts(47, 48, 2304, 2310, 12, 6, 40),
)

REPRICED = Repricing(
    1_772_323_200_000,
    is_done=True,
    models=(
        RepricedModel("acme", "mine", 5, 5, 0, 4_500_000_000, ("custom (pricing.json)",)),
        RepricedModel("openai", "gpt-x", 3, 1, 2_000_000_000, 1_500_000_000, (OLD, NEW)),
        RepricedModel("openai", "gpt-y", 1, 0, 2_000_000_000, 1_000_000_000, (NEW,)),
    ),
    left=1,
    unusable=2,
)

VIEW = WhatIf(
    "anthropic",
    "claude-haiku-x",
    OLD,
    1_772_461_811_042,
    1_772_323_200_000,
    None,
    (
        WhatIfModel("anthropic", "claude-x", 1200, 3_400_000, 12_340_000_000, 2_340_000_000),
        WhatIfModel("openai", "gpt-x", 1, 100, 1_000_000, 1_500_000),
    ),
    (("without a price", 1), ("of which only the total of tokens is known", 2)),
    ("Each call has as many tokens as it had.", "Prices are those of now."),
)


def lines(text: str) -> list[str]:
    return text.split("\n")


# --- a newer list ---


def test_what_a_newer_list_changes_is_a_table_and_a_line_for_the_rest() -> None:
    assert lines(update_text(UPDATE)) == [
        "Dollars per million, for the models that your ledger has calls of",
        "Provider   Model     Class                               Before   After  Since",
        "anthropic  claude-x  cache write 1h                           6     7.5  2026-11-01",
        "openai     gpt-x     input, batch, prompt above 200,000      10       -",
        "openai     gpt-x     each call                                -  10,000",
        "In the whole list: 40 changed, 12 new, 6 gone; it has 2,310 models of 48 providers, and had 2,304 of 47.",
        f"In use now: {NEW} (before: {OLD}).",
    ]


def test_no_day_needs_no_column() -> None:
    told = lines(update_text(replace(UPDATE, changes=UPDATE.changes[1:2])))
    assert told[1].split() == ["Provider", "Model", "Class", "Before", "After"]


def test_a_trial_says_what_would_be_and_why_not() -> None:
    trial = replace(UPDATE, in_use=False, changes=(), doubts=("It has no models.", "Free now."))
    assert lines(update_text(trial)) == [
        "Nothing changes for the 2 models that your ledger has calls of.",
        "In the whole list: 40 changed, 12 new, 6 gone; it has 2,310 models of 48 providers, and had 2,304 of 47.",
        "It would be refused without --yes:",
        "- It has no models.",
        "- Free now.",
        f"Nothing was changed: {OLD} stays in use. Without --dry-run it would be {NEW}.",
    ]
    assert "refused" not in update_text(replace(trial, doubts=()))


def test_what_was_accepted_is_told_again() -> None:
    told = lines(update_text(replace(UPDATE, doubts=("It has no models.",))))
    assert told[-3:] == ["This was accepted:", "- It has no models.", f"In use now: {NEW} (before: {OLD})."]


def test_a_list_that_was_in_use_is_one_line() -> None:
    same = PriceUpdate(NEW, NEW, "x", in_use=True, is_same=True, ledger_models=0)
    assert update_text(same) == f"Nothing changes: {NEW} is in use already."
    assert update_document(same)["counts"] is None


def test_a_ledger_without_calls_is_said() -> None:
    told = update_text(replace(UPDATE, changes=(), ledger_models=0, counts=None))
    assert lines(told)[0] == "Nothing changes for your ledger, which has no calls."


def test_a_newer_list_as_a_document() -> None:
    told = update_document(replace(UPDATE, doubts=("Free now.",)))
    assert list(told)[3:] == ["before", "after", "from", "inUse", "same", "ledgerModels", "changes", "counts", "doubts"]
    assert [told[name] for name in ("before", "after", "inUse", "same", "ledgerModels")] == [OLD, NEW, True, False, 2]
    assert told["changes"] == [
        {
            "provider": "anthropic",
            "model": "claude-x",
            "class": "cacheWrite1h",
            "terms": None,
            "aboveTokens": None,
            "before": 6.0,
            "after": 7.5,
            "validFrom": "2026-11-01",
        },
        {
            "provider": "openai",
            "model": "gpt-x",
            "class": "input",
            "terms": "batch",
            "aboveTokens": 200_000,
            "before": 10.0,
            "after": None,
            "validFrom": None,
        },
        {
            "provider": "openai",
            "model": "gpt-x",
            "class": "request",
            "terms": None,
            "aboveTokens": None,
            "before": None,
            "after": 10_000.0,
            "validFrom": None,
        },
    ]
    assert told["counts"] == {
        "providersBefore": 47,
        "providersAfter": 48,
        "modelsBefore": 2304,
        "modelsAfter": 2310,
        "added": 12,
        "removed": 6,
        "changed": 40,
    }
    assert told["doubts"] == ["Free now."]


# --- calls priced anew ---


def test_what_was_priced_anew_is_told_by_model() -> None:
    assert lines(repricing_text(REPRICED)) == [
        "Calls priced anew",
        "Provider  Model  Calls              Before    Now  Price",
        "acme      mine       5            unpriced  $4.50  custom (pricing.json)",
        f"openai    gpt-x      3  $2.00 + 1 unpriced  $1.50  {OLD}, {NEW}",
        f"openai    gpt-y      1               $2.00  $1.00  {NEW}",
        "9 calls, +$3.00.",
        "1 call still without a price: set one with cs pricing set, and try again.",
        "2 calls that no price can mend: it is not known what they used.",
    ]


def test_a_trial_of_pricing_anew_says_that_it_is_one() -> None:
    told = lines(repricing_text(replace(REPRICED, is_done=False, left=0, unusable=0)))
    assert (told[0], told[-1]) == ("Calls that would be priced anew", "Nothing was changed.")


def test_that_there_was_nothing_to_price_is_said() -> None:
    nothing = Repricing(None, is_done=True, models=(), left=0, unusable=0)
    assert repricing_text(nothing) == "No call that has no price can be given one."


def test_what_was_priced_anew_as_a_document() -> None:
    told = repricing_document(REPRICED)
    assert {name: told[name] for name in list(told)[3:]} == {
        "since": "2026-03-01T00:00:00.000Z",
        "written": True,
        "calls": 9,
        "before": 4.0,
        "after": 7.0,
        "models": [
            {
                "provider": "acme",
                "model": "mine",
                "calls": 5,
                "unpriced": 5,
                "before": 0.0,
                "after": 4.5,
                "priceSources": ["custom (pricing.json)"],
            },
            {
                "provider": "openai",
                "model": "gpt-x",
                "calls": 3,
                "unpriced": 1,
                "before": 2.0,
                "after": 1.5,
                "priceSources": [OLD, NEW],
            },
            {
                "provider": "openai",
                "model": "gpt-y",
                "calls": 1,
                "unpriced": 0,
                "before": 2.0,
                "after": 1.0,
                "priceSources": [NEW],
            },
        ],
        "left": 1,
        "withoutUsage": 2,
        "problems": [],
    }
    assert repricing_document(replace(REPRICED, since_ms=None))["since"] is None


# --- on another model ---


def test_past_calls_on_another_model_are_a_table_with_what_is_assumed() -> None:
    assert lines(what_if_text(VIEW)) == [
        "Calls since 2026-03-01 00:00 UTC on anthropic/claude-haiku-x",
        "Provider   Model     Calls  Tokens    Paid  Would be  Difference",
        "anthropic  claude-x  1,200    3.4M  $12.34     $2.34     -$10.00",
        "openai     gpt-x         1     100  $0.001   $0.0015    +$0.0005",
        "All                  1,201    3.4M  $12.34     $2.34     -$10.00",
        f"Price: {OLD}.",
        "Left out: 1 call without a price; 2 calls of which only the total of tokens is known.",
        "Assumed:",
        "- Each call has as many tokens as it had.",
        "- Prices are those of now.",
    ]


def test_one_model_needs_no_sum() -> None:
    told = lines(what_if_text(replace(VIEW, models=VIEW.models[:1], left_out=(), session_id=7, since_ms=None)))
    assert told[0] == "Calls of session 7 on anthropic/claude-haiku-x"
    assert [line.split()[0] for line in told[1:4]] == ["Provider", "anthropic", "Price:"]


def test_that_there_is_nothing_to_compare_is_said() -> None:
    told = what_if_text(replace(VIEW, models=(), provider=None, since_ms=None, left_out=()))
    assert lines(told) == ["Calls on claude-haiku-x: there are none that can be compared.", f"Price: {OLD}."]


def test_past_calls_on_another_model_as_a_document() -> None:
    told = what_if_document(VIEW)
    assert {name: told[name] for name in list(told)[3:]} == {
        "provider": "anthropic",
        "model": "claude-haiku-x",
        "priceSource": OLD,
        "at": "2026-03-02T14:30:11.042Z",
        "since": "2026-03-01T00:00:00.000Z",
        "sessionId": None,
        "models": [
            {
                "provider": "anthropic",
                "model": "claude-x",
                "calls": 1200,
                "tokens": 3_400_000,
                "paid": 12.34,
                "wouldBe": 2.34,
                "difference": -10.0,
            },
            {
                "provider": "openai",
                "model": "gpt-x",
                "calls": 1,
                "tokens": 100,
                "paid": 0.001,
                "wouldBe": 0.0015,
                "difference": 0.0005,
            },
        ],
        "total": {"calls": 1201, "tokens": 3_400_100, "paid": 12.341, "wouldBe": 2.3415, "difference": -9.9995},
        "leftOut": [
            {"calls": 1, "reason": "without a price"},
            {"calls": 2, "reason": "of which only the total of tokens is known"},
        ],
        "assumptions": ["Each call has as many tokens as it had.", "Prices are those of now."],
        "problems": [],
    }


def test_names_from_elsewhere_command_no_terminal() -> None:
    evil = replace(VIEW, model="x\x1b[2J", source="y\x1b[2J", left_out=(("z\x1b[2J", 1),))
    assert "\x1b" not in what_if_text(evil)
    assert "\x1b" not in what_if_text(replace(evil, models=()))
    assert "\x1b" not in update_text(replace(UPDATE, after="\x1b[2J", changes=()))
    assert "\x1b" not in update_text(PriceUpdate("\x1b", "\x1b", "x", in_use=True, is_same=True, ledger_models=0))
