"""How long has the user's own hardware worked, and what did that cost?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.model import to_usd
from codesession.report.formats import detailed, duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.model import HardwareTotals

UNRATED = "hardware without an hourly rate"
_A_WHILE_MS = 10_000


def hardware_rows(totals: Iterable[HardwareTotals]) -> list[dict[str, Any]]:
    """As documents have it; ``hardware`` is null where no rate is known, and then so is what it cost, if nothing is."""
    return [
        {
            "hardware": worked.hardware or None,
            "calls": worked.calls,
            "seconds": seconds(worked.took_ms),
            "cost": to_usd(worked.cost_nanos) if _is_known(worked) else None,
        }
        for worked in totals
    ]


def hardware_text(totals: Iterable[HardwareTotals]) -> str:
    """In a line: ``12m on local-gpu, $0.014; 3m on hardware without an hourly rate``."""
    return "; ".join(
        f"{time_text(worked)} on {worked.hardware or UNRATED}" + (f", {cost_text(worked)}" if _is_known(worked) else "")
        for worked in totals
    )


def time_text(worked: HardwareTotals) -> str:
    """How long hardware worked, as people say it."""
    if worked.took_ms < _A_WHILE_MS:
        return f"{worked.took_ms / 1000:.1f}s"
    return duration(worked.took_ms // 1000)


def cost_text(worked: HardwareTotals) -> str:
    """What that cost, in the cell of a table."""
    return detailed(worked.cost_nanos) if _is_known(worked) else "-"


def _is_known(worked: HardwareTotals) -> bool:
    """Whether it is known what the time cost: without a rate, only what was said otherwise is."""
    return bool(worked.hardware or worked.cost_nanos)


def seconds(ms: int) -> float | int:
    """Milliseconds as seconds, without a fraction where there is none.

    >>> seconds(1500), seconds(2000)
    (1.5, 2)
    """
    return ms / 1000 if ms % 1000 else ms // 1000
