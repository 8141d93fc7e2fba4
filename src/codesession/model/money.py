"""How is money kept? As whole USD nano-dollars; floats appear only in JSON output."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

Nanos = int
"""USD nano-dollars: $1 is 1_000_000_000."""

NANOS_PER_USD = 1_000_000_000


def to_usd(nanos: Nanos) -> float:
    """`nanos` as float US dollars, rounded to 1e-10, for JSON output only.

    >>> to_usd(1_430_000_000)
    1.43
    """
    return round(nanos / NANOS_PER_USD, 10)


def from_usd(dollars: Decimal) -> Nanos:
    """Decimal US dollars as nano-dollars, rounded half to even.

    >>> from decimal import Decimal
    >>> from_usd(Decimal("0.30"))
    300000000
    """
    return int((dollars * NANOS_PER_USD).to_integral_value(rounding="ROUND_HALF_EVEN"))
