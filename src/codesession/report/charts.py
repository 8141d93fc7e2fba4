"""What do all charts have in common? Their frame: the options of ECharts 6, as values.

Colours are variables of the style sheet (``var(--accent)``) and formats are names (``fn:usd``): the page puts in what
they stand for, so that a chart follows the reader's choice of light or dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Options = dict[str, Any]
"""Options of ECharts: https://echarts.apache.org/en/option.html (read 2026-11-28)."""

ACCENT, SECOND, THIRD, FOURTH = "var(--accent)", "var(--c2)", "var(--c3)", "var(--c4)"
SLICES = (ACCENT, SECOND, THIRD, "var(--c5)", "var(--c6)", FOURTH)
"""Of things that are told apart by colour alone; the last is for all the others together."""

TOKEN_KINDS = (
    ("input", "Input", ACCENT),
    ("output", "Output", SECOND),
    ("cache_write", "Cache write", THIRD),
    ("cache_read", "Cache read", FOURTH),
)
"""Each kind of tokens with its name and colour, from the bottom of a bar to its top."""
UNSPLIT = ("unsplit", "Unsplit", "var(--c5)")
"""Tokens of which only the total is known: most people have none."""


class Chart(NamedTuple):
    """Options of ECharts, and what they show in words for those who do not see it."""

    options: Options
    says: str


def frame(*, has_legend: bool = True) -> Options:
    """The room around the drawing, in which the axes' words find place, and the legend at the top right."""
    grid = {
        "left": 2,
        "right": 10,
        "top": 38 if has_legend else 12,
        "bottom": 2,
        "outerBoundsMode": "same",
        "outerBoundsContain": "axisLabel",
    }
    return {"grid": grid} | ({"legend": {"top": 0, "right": 0}} if has_legend else {})


def by_day(labels: Sequence[str], *, is_line: bool = False) -> Options:
    """An axis of days, or of times of day: bars stand between its marks, lines begin on them."""
    return {
        "type": "category",
        "data": list(labels),
        "boundaryGap": not is_line,
        "axisTick": {"show": False},
        "axisLabel": {"hideOverlap": True},
    }


def amounts(formatter: str) -> Options:
    """An axis of amounts, whose numbers are written as the formatter says, such as ``fn:usd``."""
    return {"type": "value", "min": 0, "splitNumber": 4, "axisLabel": {"formatter": formatter}}


def tooltip(formatter: str) -> Options:
    """What is told of the place that is pointed at: everything there, written as the formatter says."""
    return {"trigger": "axis", "valueFormatter": formatter}


def named_bars(names: Sequence[str], longest_px: int, *, top: int = 4) -> Options:
    """Bars that lie, one for each name, the last at the top: longer names are cut, so that narrow windows have room."""
    room = min(longest_px, max((len(name) for name in names), default=0) * _LETTER_PX)
    return {
        "grid": {"left": room + _GAP_PX, "right": 24, "top": top, "bottom": 24},
        "yAxis": {
            "type": "category",
            "data": list(names),
            "axisTick": {"show": False},
            "axisLabel": {"width": room, "overflow": "truncate"},
        },
    }


_GAP_PX = 12
_LETTER_PX = 7
"""About the width of a letter of an axis."""
