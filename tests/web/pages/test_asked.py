from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.web.pages import GROUPS, PAGES, Asked, view_of

if TYPE_CHECKING:
    from tests.app.place import Place


def asked(place: Place, **query: str) -> Asked:
    return Asked(place.app(), {}, query, place.now_ms, None)


def test_a_choice_is_one_of_those_there_are(place: Place) -> None:
    assert asked(place, days="90").choice("days", ("30", "90")) == "90"
    assert asked(place, days="91").choice("days", ("30", "90")) == "30"
    assert asked(place).choice("days", ("30", "90")) == "30"


@pytest.mark.parametrize("said", ["", "-1", "1.5", "x", "٣", "²", "9" * 5000])
def test_what_is_no_number_is_what_it_would_be_otherwise(place: Place, said: str) -> None:
    assert asked(place, offset=said).count("offset", 7, 100) == 7


def test_a_number_goes_no_further_than_it_may(place: Place) -> None:
    assert asked(place, offset="12").count("offset", 0, 100) == 12
    assert asked(place, offset="1200").count("offset", 0, 100) == 100


def test_every_page_has_a_module_and_at_most_one_group() -> None:
    assert len({page.path for page in PAGES}) == len({page.name for page in PAGES}) == len(PAGES)
    assert all(page.group in ("", *GROUPS) for page in PAGES)
    assert all(callable(view_of(page)) for page in PAGES)
