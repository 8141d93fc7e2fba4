"""What did calls cost that had no price when they were made? Each is priced as of the moment at which it was sent.

Prices are looked for while nobody waits; then a few hundred calls at a time are changed in one transaction, in which a
call that has changed since is left alone. So it may be ended at any time, and run again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.pricing import price_book
from codesession.model.price_changes import RepricedModel, Repricing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.app.core import App
    from codesession.model import Cost
    from codesession.model.ports import Prices
    from codesession.model.price_changes import UnpricedCall

AT_ONCE = 300
"""calls that are changed in one transaction: some ten milliseconds, for which others wait"""


class _Priced(NamedTuple):
    """A call with the cost it is to have."""

    call: UnpricedCall
    cost: Cost


def reprice(app: App, since_ms: int | None = None, *, is_trial: bool = False) -> Repricing:
    """Price the calls sent from `since_ms` on that had no price, or were billed at their ceiling; a trial only looks.

    Only those whose usage is known. Costs that the provider has reported, and those that were typed in or taken over,
    are never touched.

    Raises:
        DatabaseError: the ledger could not be read or written; what was priced until then stays.
    """
    book = price_book(app.config, app.say)
    done: dict[tuple[str, str], RepricedModel] = {}
    left = 0
    for calls in _in_pieces(app, since_ms):
        priced = [_Priced(call, cost) for call in calls if (cost := _cost(book, call)) is not None]
        left += len(calls) - len(priced)
        changed = [one for one in priced if one.cost.nanos != one.call.cost_nanos]
        for one in changed if is_trial else _written(app, changed):
            _count(done, one)
    with app.ledger.reading() as tx:
        unusable = tx.unmendable_calls(since_ms)
    models = sorted(done.values(), key=lambda model: (-model.after_nanos, model.provider, model.model))
    return Repricing(since_ms, not is_trial, tuple(models), left, unusable, tuple(book.problems))


def _in_pieces(app: App, since_ms: int | None) -> Iterator[list[UnpricedCall]]:
    """The calls to price, some at a time, each once."""
    after_id = 0
    while True:
        with app.ledger.reading() as tx:
            calls = tx.unpriced_calls(since_ms, after_id, AT_ONCE)
        if not calls:
            return
        after_id = calls[-1].id
        yield calls


def _cost(prices: Prices, call: UnpricedCall) -> Cost | None:
    """What the call cost when it was sent: by the model that answered, else by the one asked for; see `gate.costs`."""
    at = datetime.fromtimestamp(call.started_ms / 1000, tz=UTC)
    for name in dict.fromkeys((call.model, call.asked)):
        cost = prices.cost(call.provider, name, call.usage, at, call.terms)
        if cost is not None:
            return cost
    return None


def _written(app: App, changed: list[_Priced]) -> list[_Priced]:
    """Write these costs; those of calls that have changed since they were read are left out."""
    if not changed:
        return []
    with app.ledger.writing() as tx:
        return [one for one in changed if tx.reprice(one.call, one.cost, app.now_ms())]


def _count(done: dict[tuple[str, str], RepricedModel], one: _Priced) -> None:
    key = one.call.provider, one.call.model
    so_far = done.get(key) or RepricedModel(*key, 0, 0, 0, 0, ())
    done[key] = RepricedModel(
        *key,
        so_far.calls + 1,
        so_far.unpriced + (one.call.cost_nanos is None),
        so_far.before_nanos + (one.call.cost_nanos or 0),
        so_far.after_nanos + one.cost.nanos,
        tuple(dict.fromkeys((*so_far.sources, one.cost.source))),
    )
