"""How does a page come about of many rows in the order of an index, and of a few that are not in it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Place = tuple[Any, int]
"""By what a row is sorted, and its id."""


def spliced(
    few: Sequence[Place], many: Callable[[int, int], list[Place]], limit: int, offset: int, *, is_descending: bool
) -> list[int]:
    """The ids of a page of both, in one order; `many` tells so many of its rows from an offset on.

    No more of them are asked for than the page has, and as many as the few.

    >>> spliced([(5, 50)], lambda limit, offset: [(9, 90), (3, 30), (1, 10)][offset : offset + limit], 2, 1,
    ...         is_descending=True)
    [50, 30]
    """
    first = max(0, offset - len(few))
    rows = many(limit + offset - first, first)
    if first and not rows:
        return []
    # Of the few none is so far back that it would push one of the rows that were passed over onto the page.
    page = sorted([*rows, *few], reverse=is_descending)[offset - first :]
    return [row_id for _, row_id in page[:limit]]
