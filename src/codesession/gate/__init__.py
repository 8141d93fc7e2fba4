"""May this call be sent, and what did it cost? Meter prices it, guard allows it, ledger keeps it.

Every call that costs money passes here: one that a proxy sends twice (`LedgerGate`: admit, then settle or release), one
that was made elsewhere once (`record`), and what a dead process has left in flight when somebody looks (`expire`).

Each name is loaded when first asked for: every command looks for what is to expire, and few send calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.gate.calls import MOST_INPUT, MOST_OUTPUT, LedgerGate
    from codesession.gate.costs import cost_of
    from codesession.gate.expiry import expire
    from codesession.gate.keeping import alerts_due, record
    from codesession.gate.surroundings import Surroundings

_HOME = {
    "MOST_INPUT": "calls",
    "MOST_OUTPUT": "calls",
    "LedgerGate": "calls",
    "Surroundings": "surroundings",
    "alerts_due": "keeping",
    "cost_of": "costs",
    "expire": "expiry",
    "record": "keeping",
}

__all__ = ["MOST_INPUT", "MOST_OUTPUT", "LedgerGate", "Surroundings", "alerts_due", "cost_of", "expire", "record"]

__getattr__ = names_of(__name__, _HOME)
