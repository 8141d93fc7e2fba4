from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from codesession.errors import SessionNotFound
from codesession.web.drawing import Drawing, moment, money, short
from codesession.web.pages import PAGES

if TYPE_CHECKING:
    from tests.app.place import Place

AT_MS = 1_772_461_811_042
"""2026-03-02 14:30:11.042 UTC"""


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (999, "999"), (1_000, "1K"), (13_512, "13.5K"), (999_960, "1000K"), (2_000_000_000, "2B")],
)
def test_a_number_is_shortened_from_a_thousand_on(number: int, shown: str) -> None:
    assert short(number) == shown


def test_what_is_not_known_is_a_dash_and_never_nothing() -> None:
    assert (money(None), money(0)) == ("—", "$0.00")


def test_a_moment_is_what_the_clock_of_the_zone_shows() -> None:
    assert moment(AT_MS, UTC) == "2 Mar, 14:30"
    assert moment(AT_MS, ZoneInfo("Asia/Kathmandu"), "%H:%M") == "20:15"


def test_what_a_user_has_named_is_text_and_never_html(place: Place) -> None:
    drawn = Drawing(place.app()).problem(SessionNotFound("<script>alert(1)</script>"), "/sessions/9")
    assert "<script>alert" not in drawn
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn


def test_the_menu_has_every_page_of_a_group_once_and_marks_where_one_is(place: Place) -> None:
    drawn = Drawing(place.app()).missing("/sessions/12").partition("<nav")[2].partition("</nav>")[0]
    for page in PAGES:
        assert drawn.count(f'<a href="{page.path}"') == (1 if page.group else 0)
    assert drawn.count('aria-current="page"') == 1
    assert '<a href="/sessions" aria-current="page">' in drawn


def test_no_page_has_script_or_style_of_its_own_in_it(place: Place) -> None:
    drawn = Drawing(place.app()).missing("/x")
    assert "style=" not in drawn
    assert "<style" not in drawn
    assert drawn.count("<script") == drawn.count("<script src=")


def test_a_static_file_has_another_address_whenever_it_is_another(place: Place) -> None:
    drawn = Drawing(place.app()).missing("/x")
    assert '<link rel="stylesheet" href="/static/app.css?v=' in drawn
