from __future__ import annotations

from codesession.web.pages.listing import Listing

LISTING = Listing(
    "/sessions", {"search": "a b&c", "status": "all", "dir": "asc", "offset": "50"}, {"status": "all", "dir": "desc"}
)


def test_another_page_keeps_all_that_is_asked_for() -> None:
    assert LISTING.page(100) == "/sessions?search=a+b%26c&dir=asc&offset=100"
    assert LISTING.page(0) == "/sessions?search=a+b%26c&dir=asc"


def test_another_order_begins_at_its_start_and_leaves_out_what_is_usual() -> None:
    assert LISTING.sorted_by("cost", down=True) == "/sessions?search=a+b%26c&sort=cost"
    assert LISTING.at(status="active", search="") == "/sessions?status=active&dir=asc"


def test_an_export_is_of_the_same_and_not_of_a_page() -> None:
    assert LISTING.elsewhere("/api/v1/export", format="csv") == "/api/v1/export?search=a+b%26c&dir=asc&format=csv"


def test_a_list_that_says_nothing_has_a_plain_address() -> None:
    assert Listing("/calls", {}).at(offset="") == "/calls"
