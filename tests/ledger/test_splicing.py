"""Is a page of many rows and a few others the same as a page of all of them, sorted?"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from codesession.ledger.splicing import Place, spliced

KEYS = st.integers(0, 5)


@given(st.lists(KEYS), st.lists(KEYS, max_size=6), st.integers(0, 8), st.integers(0, 30), st.booleans())
def test_a_page_is_a_part_of_all_rows_in_order(
    many: list[int],
    few: list[int],
    limit: int,
    offset: int,
    is_descending: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    places: list[Place] = [(key, number) for number, key in enumerate(many + few)]
    others = places[len(many) :]
    known = sorted(places[: len(many)], reverse=is_descending)
    found = spliced(others, lambda size, start: known[start : start + size], limit, offset, is_descending=is_descending)
    everything = sorted(places, reverse=is_descending)
    assert found == [row_id for _, row_id in everything[offset : offset + limit]]
