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


def money(nanos: Nanos) -> str:
    """Dollars and cents for people; below a cent, as many digits as show something.

    >>> money(1_430_000_000), money(2_513_700), money(12), money(0), money(1_234_567_890_000)
    ('$1.43', '$0.0025', '$0.000000012', '$0.00', '$1,234.57')
    """
    if nanos == 0 or nanos >= NANOS_PER_USD // 100:
        return f"${nanos / NANOS_PER_USD:,.2f}"
    digits = f"{nanos:09d}"
    first = next(at for at, digit in enumerate(digits) if digit != "0")
    return f"${nanos / NANOS_PER_USD:.{max(4, first + 2)}f}".rstrip("0")


def detailed(nanos: Nanos) -> str:
    """As `money`, but below a dollar to the hundredth of a cent: where a limit is told apart from what was spent of it.

    >>> detailed(34_600_000), detailed(500_000_000), detailed(4_930_000_000)
    ('$0.0346', '$0.50', '$4.93')
    """
    if nanos >= NANOS_PER_USD or nanos < NANOS_PER_USD // 100:
        return money(nanos)
    text = f"${nanos / NANOS_PER_USD:.4f}"
    return text[:5] + text[5:].rstrip("0")


def dollars(nanos: Nanos) -> str:
    """Nano-dollars as plain decimal dollars, exactly.

    >>> dollars(1_430_000_000), dollars(12), dollars(0)
    ('1.43', '0.000000012', '0')
    """
    return f"{nanos // NANOS_PER_USD}.{nanos % NANOS_PER_USD:09d}".rstrip("0").rstrip(".")


def from_usd(dollars: Decimal) -> Nanos:
    """Decimal US dollars as nano-dollars, rounded half to even.

    >>> from decimal import Decimal
    >>> from_usd(Decimal("0.30"))
    300000000
    """
    return int((dollars * NANOS_PER_USD).to_integral_value(rounding="ROUND_HALF_EVEN"))
