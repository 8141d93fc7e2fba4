"""Does a newer list come into use only when it was asked for, whole, and likely to be right?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.few_prices import FEW, few, priced_by_few
from tests.app.publisher import LIMIT_S, Publisher, publisher
from tests.meter.raw_list import Raw, as_bytes, model_in, raw_list

from codesession.app import examine, price_update, update_prices
from codesession.app.price_update import PricesRefused, _address, _is_doubtful
from codesession.errors import InvalidInput
from codesession.meter import Catalogue, PricesUnavailable, compile_shards, ensure_shards
from codesession.meter.downloaded import ListUnusable
from codesession.meter.snapshot import POINTER, compile_elsewhere, installed_version
from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Terms, Usage
from codesession.model.price_changes import PriceUpdate, RateChange

if TYPE_CHECKING:
    from tests.app.place import Place

__all__ = ["few", "priced_by_few", "publisher"]

pytestmark = pytest.mark.usefixtures("priced_by_few", "compiled_here")

INSTALLED = f"genai-prices {installed_version()}"
HAIKU = {
    "input_mtok": 1,
    "cache_write_mtok": 1.25,
    "cache_write_1h_mtok": 2,
    "cache_read_mtok": 0.1,
    "output_mtok": 5,
    "web_searches_kcount": 10,
}
"""as in genai-prices 0.2.3"""


@pytest.fixture
def compiled_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is compiled in this process; what cannot be is left to one of its own, which says why."""

    def compile_here(destination: Path, *listed: Path | str) -> None:
        try:
            compile_shards(destination, Path(listed[0]), str(listed[1]))
        except ListUnusable:
            compile_elsewhere(destination, *listed)

    monkeypatch.setattr(price_update, "compile_elsewhere", compile_here)


def used(place: Place, *models: tuple[str, str]) -> None:
    """The ledger has a call of each of these models."""
    with place.app().ledger.writing() as tx:
        session = tx.begin_session(Scope(str(place.repo)), "Work", 1)
        for provider, model in models:
            asked = Attempt(session.id, provider, model, "chat", streamed=False, request_bytes=9)
            tx.record(asked, Outcome(Usage(input=1), Evidence.MEASURED), Cost(1, "x"), 1, 2)


def published(place: Place, raw: Raw, name: str = "new.json") -> str:
    file = place.home / name
    file.write_bytes(as_bytes(raw))
    return str(file)


def with_haiku(**prices: Any) -> Raw:
    """The installed list, in which claude-haiku-4-5 costs something else."""
    raw = raw_list(*FEW)
    model_in(raw, "anthropic", "claude-haiku-4-5")["prices"] = HAIKU | prices
    return raw


def in_use(place: Place) -> str:
    return Catalogue(ensure_shards(place.home / ".codesession")).source


def files(place: Place) -> list[str]:
    return sorted(path.name for path in (place.home / ".codesession" / "prices").iterdir())


def test_a_newer_list_comes_into_use_and_what_changes_is_told(place: Place, publisher: Publisher) -> None:
    used(place, ("anthropic", "claude-haiku-4-5-20251001"), ("openai", "gpt-4o"))
    raw = with_haiku(input_mtok=2)
    raw[0]["models"].pop()
    publisher.body = as_bytes(raw)

    done = update_prices(place.app(), publisher.address)

    assert done.after == in_use(place)
    assert done.after.startswith("genai-prices of 2026-03-02 (sha ")
    assert (done.before, done.origin, done.in_use, done.is_same) == (INSTALLED, publisher.address, True, False)
    change = ("anthropic", "claude-haiku-4-5-20251001", "input", "", -1, Decimal(1), Decimal(2), None)
    assert [tuple(getattr(one, name) for name in RateChange.__slots__) for one in done.changes] == [change]
    assert done.ledger_models == 2
    assert done.doubts == ()
    assert done.counts
    assert (done.counts.added, done.counts.removed) == (0, 1)
    assert done.counts.changed >= 1
    assert done.counts.models_after == done.counts.models_before - 1
    assert [name for name in files(place) if name.startswith(".")] == []


def test_a_trial_changes_nothing(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"))
    before = files(place)
    done = update_prices(place.app(), published(place, with_haiku(input_mtok=300)), is_trial=True)
    assert not done.in_use
    assert done.doubts == ("anthropic/claude-haiku-4-5 would cost $300 a million for input, not $1.",)
    assert files(place) == before
    assert in_use(place) == INSTALLED


def test_the_same_list_again_changes_nothing(place: Place) -> None:
    source = published(place, with_haiku(output_mtok=14))
    first = update_prices(place.app(), source)
    before = files(place)
    again = update_prices(place.app(), source)
    assert again == PriceUpdate(first.after, first.after, source, in_use=True, is_same=True, ledger_models=0)
    assert files(place) == before


def test_the_installed_list_comes_back(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"))
    newer = update_prices(place.app(), published(place, with_haiku(input_mtok=4)))
    trial = update_prices(place.app(), to_installed=True, is_trial=True)
    assert (trial.in_use, in_use(place)) == (False, newer.after)
    back = update_prices(place.app(), to_installed=True)
    assert (back.before, back.after, back.origin, back.in_use) == (newer.after, INSTALLED, "installed", True)
    assert [(one.name, one.before, one.after) for one in back.changes] == [("input", Decimal(4), Decimal(1))]
    assert in_use(place) == INSTALLED
    assert update_prices(place.app(), to_installed=True).is_same


def test_a_change_above_some_length_of_the_prompt_is_told_there(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"))
    tiers = {"base": 1, "tiers": [{"start": 200_000, "price": 6.5}]}
    done = update_prices(place.app(), published(place, with_haiku(input_mtok=tiers)), is_trial=True)
    (change,) = done.changes
    assert (change.name, change.above, change.before, change.after) == (
        "input", 200_000, Decimal(1), Decimal("6.5"),
    )  # fmt: skip


def test_a_change_that_begins_on_a_day_says_so(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"))
    raw = raw_list(*FEW)
    model_in(raw, "anthropic", "claude-haiku-4-5")["prices"] = [
        {"constraint": None, "prices": HAIKU},
        {"constraint": {"start_date": "2026-03-01"}, "prices": HAIKU | {"input_mtok": 2}},
    ]
    (change,) = update_prices(place.app(), published(place, raw), is_trial=True).changes
    assert change.valid_from
    assert change.valid_from.isoformat() == "2026-03-01"


def test_prices_on_other_terms_are_compared_where_the_ledger_has_calls_on_them(place: Place) -> None:
    with place.app().ledger.writing() as tx:
        session = tx.begin_session(Scope(str(place.repo)), "Work", 1)
        for terms in (Terms(is_batch=True), Terms(service_tier="standard"), Terms(is_local=True)):
            asked = Attempt(session.id, "openai", "gpt-5", "chat", streamed=False, request_bytes=9, terms=terms)
            tx.record(asked, Outcome(Usage(input=1), Evidence.MEASURED), Cost(1, "x"), 1, 2)
    raw = raw_list(*FEW)
    variants = model_in(raw, "openai", "gpt-5")["price_variants"]
    for variant in variants:
        if variant["when"] == {"processing": "batch"}:
            variant["prices"]["input_mtok"] = 6
    done = update_prices(place.app(), published(place, raw), is_trial=True)
    assert done.ledger_models == 1
    assert {(one.name, one.terms, one.before, one.after) for one in done.changes} == {
        ("input", "batch", Decimal("0.625"), Decimal(6))
    }
    assert done.doubts == ("openai/gpt-5 (batch) would cost $6 a million for input, not $0.625.",)


def test_ones_own_price_is_not_changed_by_any_list(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"))
    own = '{"claude-haiku-4-5": {"input": 1, "output": 2}}'
    (place.home / ".codesession" / "pricing.json").write_text(own)
    done = update_prices(place.app(), published(place, with_haiku(input_mtok=300)))
    assert (done.changes, done.doubts) == ((), ())


# --- a list that may be wrong ---


def doubts(refused: PricesRefused) -> list[str]:
    told = refused.extra["doubts"]
    assert isinstance(told, list)
    return told


def test_a_list_without_half_of_the_providers_is_refused(place: Place) -> None:
    raw = raw_list(*FEW)
    with pytest.raises(PricesRefused) as caught:
        update_prices(place.app(), published(place, raw[:2]))
    providers = doubts(caught.value)[0]
    assert providers.startswith("Of ")
    assert "providers that have a price now, it has" in providers
    assert in_use(place) == INSTALLED


def test_a_list_without_half_of_the_models_is_refused(place: Place) -> None:
    third = [row | {"models": row["models"][::3]} for row in raw_list(*FEW)]
    with pytest.raises(PricesRefused) as caught:
        update_prices(place.app(), published(place, third))
    (doubt,) = doubts(caught.value)
    assert "models that have a price now, it has" in doubt


def test_a_list_without_a_model_of_the_ledger_is_refused_and_nothing_is_left(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"), ("nobody", "knows"))
    raw = raw_list(*FEW)
    (seller,) = [row for row in raw if row["id"] == "anthropic"]
    seller["models"] = [row for row in seller["models"] if row["id"] != "claude-haiku-4-5"]
    before = files(place)
    with pytest.raises(PricesRefused) as caught:
        update_prices(place.app(), published(place, raw))
    assert caught.value.extra["doubts"] == [
        "anthropic/claude-haiku-4-5, which the ledger has calls of, would have no price."
    ]
    assert (caught.value.code, caught.value.exit_code) == ("prices_refused", 1)
    assert place.said == caught.value.extra["doubts"]
    assert (files(place), in_use(place)) == (before, INSTALLED)


@pytest.mark.parametrize(
    ("price", "is_refused"),
    [("5", False), ("5.01", True), ("0.2", False), ("0.19", True), ("0", True)],
    ids=["5 times", "more than 5 times", "a fifth", "less than a fifth", "free"],
)
def test_a_rate_may_not_change_by_more_than_a_factor(price: str, *, is_refused: bool) -> None:
    assert _is_doubtful(Decimal(1), Decimal(price)) is is_refused


def test_a_rate_that_is_lost_is_doubtful_and_one_that_is_new_is_not() -> None:
    assert _is_doubtful(Decimal(0), None)
    assert not _is_doubtful(None, Decimal(10**9))
    assert _is_doubtful(Decimal(0), Decimal("0.1"))
    assert not _is_doubtful(Decimal(0), Decimal(0))


def test_what_is_accepted_is_taken(place: Place) -> None:
    used(place, ("anthropic", "claude-haiku-4-5"))
    source = published(place, with_haiku(input_mtok=300))
    with pytest.raises(PricesRefused):
        update_prices(place.app(), source)
    done = update_prices(place.app(), source, accepts=True)
    assert done.doubts
    assert in_use(place) == done.after


def test_many_doubts_are_not_all_told_one_by_one(place: Place) -> None:
    names = [row["id"] for row in raw_list(*FEW) if row["id"] == "openai" for row in row["models"]][:30]
    used(place, *(("openai", name) for name in names))
    raw = [row for row in raw_list(*FEW) if row["id"] != "openai"]
    with pytest.raises(PricesRefused):
        update_prices(place.app(), published(place, raw))
    assert len(place.said) == 21
    assert place.said[-1].startswith("And ")


# --- what cannot be had or used ---


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no price list"), (as_bytes(raw_list(*FEW))[:99_999], "no price list"), (b'{"a": 1}', "no price list")],
    ids=["empty", "truncated", "wrong JSON"],
)
def test_what_is_no_list_changes_nothing(place: Place, content: bytes, said: str) -> None:
    (place.home / "new.json").write_bytes(content)
    before = files(place)
    with pytest.raises(PricesUnavailable, match=said) as caught:
        update_prices(place.app(), str(place.home / "new.json"))
    assert caught.value.message.startswith(f"What is at {place.home / 'new.json'} cannot be used: it is")
    assert caught.value.message.endswith("Nothing was changed.")
    assert (files(place), in_use(place)) == (before, INSTALLED)


def test_a_source_and_the_installed_list_cannot_both_be_meant(place: Place) -> None:
    with pytest.raises(InvalidInput):
        update_prices(place.app(), "x", to_installed=True)


def test_where_newer_prices_are_is_the_packages_own_word() -> None:
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    assert _address() == DEFAULT_UPDATE_URL
    assert DEFAULT_UPDATE_URL.startswith("https://")


def test_a_package_that_does_not_say_where_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "genai_prices").mkdir()
    (tmp_path / "genai_prices" / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(PricesUnavailable, match="use --from"):
        _address()


def test_a_place_that_cannot_be_written_is_said(place: Place) -> None:
    source = published(place, with_haiku(input_mtok=4))
    (place.home / ".codesession" / "prices" / POINTER).mkdir()
    with pytest.raises(PricesUnavailable, match="cannot be put in use"):
        update_prices(place.app(), source)
    assert in_use(place) == INSTALLED


def test_a_way_back_that_cannot_be_written_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = update_prices(place.app(), published(place, with_haiku(input_mtok=2)))

    def full(home: Path) -> None:
        raise OSError(28, "No space left on device", str(home))

    monkeypatch.setattr(price_update, "put_installed_in_use", full)
    with pytest.raises(PricesUnavailable, match="No space left"):
        update_prices(place.app(), to_installed=True)
    assert in_use(place) == newer.after


def test_where_prices_cannot_be_kept_at_all_that_is_said(place: Place) -> None:
    prices = place.home / ".codesession" / "prices"
    prices.rename(place.home / "away")
    prices.write_text("in the way")
    with pytest.raises(PricesUnavailable, match="cannot be kept in"):
        update_prices(place.app(), published(place, raw_list(*FEW)))


def test_without_any_list_in_use_a_newer_one_is_welcome(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    source = published(place, raw_list(*FEW))
    prices = place.home / ".codesession" / "prices"
    prices.rename(place.home / "away")
    from codesession.meter import snapshot

    compile_elsewhere = snapshot.compile_elsewhere

    def only_downloads(destination: Path, *listed: Path | str) -> None:
        if not listed:
            raise PricesUnavailable("It is broken.")
        compile_elsewhere(destination, *listed)

    monkeypatch.setattr(snapshot, "compile_elsewhere", only_downloads)
    done = update_prices(place.app(), source)
    assert place.said == ["It is broken."]
    assert (done.before, in_use(place)) == ("genai-prices missing", done.after)


# --- killed ---


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_killed_while_it_downloads_the_old_list_stays_and_the_next_try_succeeds(
    place: Place, publisher: Publisher
) -> None:
    publisher.body, publisher.stops_after, publisher.waits = as_bytes(with_haiku(input_mtok=4)), 100_000, True
    command = [sys.executable, "-m", "codesession", "pricing", "update", "--from", publisher.address, "--json"]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with killed:
        assert publisher.has_begun.wait(LIMIT_S)
        os.kill(killed.pid, signal.SIGKILL)
    assert in_use(place) == INSTALLED
    publisher.may_end.set()

    publisher.stops_after = None
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert json.loads(done.stdout)["after"] == in_use(place) != INSTALLED


# --- what doctor says ---


def told_by_doctor(place: Place) -> list[tuple[str, str]]:
    findings = examine(1, place.repo, place.home / "cs")
    return [(finding.status, finding.text) for finding in findings if finding.topic == "prices"]


def test_doctor_says_which_list_is_in_use_and_that_one_cannot_be_used(place: Place) -> None:
    done = update_prices(place.app(), published(place, with_haiku(input_mtok=2)))
    assert told_by_doctor(place) == [("ok", f"published prices: {done.after}")]
    prices = place.home / ".codesession" / "prices"
    for path in (*prices.glob("list-*.json"), *prices.glob("genai-prices-of-*")):
        path.rename(place.home / path.name)
    named = done.after.removeprefix("genai-prices ")
    assert told_by_doctor(place) == [
        ("ok", f"published prices: {INSTALLED}"),
        ("warning", f"the downloaded prices {named} cannot be used any more; those of the installation are"),
    ]
