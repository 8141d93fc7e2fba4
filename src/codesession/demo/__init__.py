"""What can stand in for a provider and an agent? Both, simulated: no key, no network, exact numbers.

``cs demo``, the tests and the benchmarks use them. Nothing of the server is imported before it is asked for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

__all__ = ["simulated_provider"]


@contextmanager
def simulated_provider(*, port: int = 0, records: bool = True, limit: int = 10_000) -> Iterator[SimulatedProvider]:
    """A simulated provider in a thread of this process: `url`, `truth()` and `clear()`.

    `records` says whether it keeps the truth, `limit` how many requests of it. Raises PortTaken.
    """
    # the server's imports take a tenth of a second, which the demo agent need not pay
    from codesession.demo.server import SimulatedProvider

    with SimulatedProvider(port=port, records=records, limit=limit) as provider:
        yield provider
