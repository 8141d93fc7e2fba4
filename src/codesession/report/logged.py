"""What is shown of a call that was logged by hand?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codesession.model import Call, Nanos, Totals


class LoggedView(NamedTuple):
    """A call that was logged by hand, and by which price."""

    call: Call
    source: str
    """``manual``, ``custom``, ``built-in`` or ``local``"""
    model_known: bool
    """whether a price list knows the model, used or not"""
    input_per_million: Nanos | None
    output_per_million: Nanos | None
    per_hour: Nanos | None
    session_id: int
    totals: Totals
