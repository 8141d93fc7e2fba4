"""What did the provider itself say that a call cost? Taken exactly, or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from codesession.capture.providers.values import is_number

if TYPE_CHECKING:
    from codesession.model import Nanos

_NANOS_PER_USD = 1_000_000_000
_MOST = 1_000_000 * _NANOS_PER_USD
"""No call costs a million dollars."""


def nanos_of(told: object, per_usd: int = 1) -> Nanos | None:
    """What is `told` as an amount of which `per_usd` are a dollar, in nano-dollars, rounded half to even.

    JSON's decimals have become floats on the way; the shortest text of a float is the decimal that was written, as
    long as it had no more than 15 digits. What is negative, beyond all reason, or no number is not a cost.

    >>> nanos_of(0.00014), nanos_of(0), nanos_of(232856000, 10**10), nanos_of(0.1 + 0.2)
    (140000, 0, 23285600, 300000000)
    >>> nanos_of(-0.1), nanos_of(float("nan")), nanos_of(10**9), nanos_of("0.1"), nanos_of(True)
    (None, None, None, None, None)
    """
    if not is_number(told):
        return None
    amount = round(Decimal(repr(told)) * _NANOS_PER_USD / per_usd)
    return amount if 0 <= amount <= _MOST and not repr(told).startswith("-") else None
