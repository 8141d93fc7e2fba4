"""Is the list of prices kept, and read anew as soon as anything in it has changed?"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from codesession.app import price_board, set_price
from codesession.meter import PricesUnavailable

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app.price_board import PriceBoard

HOUR_MS = 3_600_000
AT_MS = 1_772_461_811_042

pytestmark = pytest.mark.usefixtures("priced")


def board(place: Place, at_ms: int = AT_MS) -> PriceBoard:
    return price_board(place.app().config, at_ms)


def test_it_is_kept_until_the_users_file_changes(place: Place) -> None:
    first = board(place)
    assert board(place, AT_MS + 1) is first
    set_price(place.app().config, "mine", "1", "2")
    second = board(place)
    assert second is not first
    assert second.listed.prices[0].key == "mine"


def test_it_is_read_anew_in_the_next_hour(place: Place) -> None:
    first = board(place)
    assert board(place, AT_MS + HOUR_MS) is not first


def test_a_price_is_explained_once_and_one_that_is_not_known_is_none(place: Place) -> None:
    known = board(place)
    asked = [("anthropic", "claude-sonnet-4-5"), ("acme", "no-such-model")]
    told = known.explain(asked)
    price = told[asked[0]]
    assert price
    assert price.prices[0].provider == "anthropic"
    assert told[asked[1]] is None
    assert known.explain(asked)[asked[0]] is price


def test_a_broken_file_is_told_once(place: Place) -> None:
    (place.home / ".codesession" / "pricing.json").write_text("{")
    problems = board(place).problems
    assert len(problems) == len(set(problems))
    assert any("pricing.json" in problem for problem in problems)


def test_without_a_published_list_the_users_own_prices_are_there(place: Place) -> None:
    def none(_data_dir: object) -> None:
        raise PricesUnavailable("The prices cannot be compiled.")

    set_price(place.app().config, "mine", "1", "2")
    place.monkeypatch.setattr(import_module("codesession.app.pricing"), "ensure_shards", none)
    assert any(price.key == "mine" for price in board(place).listed.prices)
