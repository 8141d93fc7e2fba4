"""Sessions and calls at moments of one's choice, for what reports make of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Usage

if TYPE_CHECKING:
    from codesession.model import Session
    from codesession.model.ports import Ledger

NOW = "2026-11-28T15:10+00:00"
"""A Saturday."""
DOLLAR = 1_000_000_000


def ms(text: str) -> int:
    """A moment of ISO 8601 with its offset, in milliseconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def begin(ledger: Ledger, name: str, began: str) -> Session:
    with ledger.writing() as tx:
        return tx.begin_session(Scope(f"/src/{name}", f"/src/{name}"), name, ms(began))


def end(ledger: Ledger, session: Session, at: str, **what: object) -> None:
    with ledger.writing() as tx:
        tx.end_session(session.id, ms(at), **what)  # type: ignore[arg-type]  # files and commits


def call(
    ledger: Ledger,
    at: str,
    nanos: int | None,
    session: Session | None = None,
    *,
    usage: Usage = Usage(input=100, output=10),  # noqa: B008 - frozen
    evidence: Evidence = Evidence.MEASURED,
    **named: Any,
) -> None:
    """One call that began then and took a second; without `nanos` it is unpriced.

    `named` are its model, provider, agent and so on, where they matter.
    """
    names: dict[str, Any] = {"provider": "p", "model": "m"} | named
    session_id = session.id if session else None
    attempt = Attempt(session_id=session_id, endpoint="e", streamed=False, request_bytes=1, **names)
    cost = None if nanos is None else Cost(nanos, "table")
    with ledger.writing() as tx:
        tx.record(attempt, Outcome(usage, evidence), cost, ms(at), ms(at) + 1000)
