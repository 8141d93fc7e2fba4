"""By which names can calls be asked for? Read off the ends of indices, a step for each name and not for each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.ledger.rows import Rows
from codesession.ledger.totals import MODEL

if TYPE_CHECKING:
    from collections.abc import Callable

_IS_OVER = "call.state <> 'held'"
_HELD = f"SELECT DISTINCT provider, {MODEL}, agent, user, customer, feature FROM call WHERE state = 'held'"


def _each(column: str, index: str, where: str) -> str:
    """A question for every value of a column, by steps from each to the next (https://www.sqlite.org/lang_with.html)."""
    smallest = f"SELECT min({column}) FROM call INDEXED BY {index} WHERE {where}"
    return (
        f"WITH RECURSIVE found (name) AS ({smallest} UNION ALL "
        f"SELECT ({smallest} AND {column} > found.name) FROM found WHERE found.name IS NOT NULL) "
        "SELECT name FROM found WHERE name IS NOT NULL"
    )


_PROVIDERS = _each("provider", "call_model", _IS_OVER)
_MODELS = _each(MODEL, "call_model", f"{_IS_OVER} AND provider = ?1")
_OTHERS = {
    name: _each(name, f"call_{name}", f"{_IS_OVER} AND {name} IS NOT NULL")
    for name in ("agent", "user", "customer", "feature")
}


class Names(NamedTuple):
    """The values that calls have; `models` with their providers."""

    models: set[tuple[str, str]]
    agent: set[str]
    user: set[str]
    customer: set[str]
    feature: set[str]

    def those(self, matches: Callable[[str], bool]) -> Names:
        """Those of which that is true; of a model either of the two."""
        models = {pair for pair in self.models if matches(pair[0]) or matches(pair[1])}
        return Names(models, *({name for name in names if matches(name)} for names in self[1:]))


class NameReader(Rows):
    """Questions about the names that calls have."""

    def names(self) -> dict[str, list[str]]:
        known = self._names()
        return {
            "provider": sorted({provider for provider, _ in known.models}),
            "model": sorted({model for _, model in known.models}),
            "agent": sorted(known.agent),
            "customer": sorted(known.customer),
        }

    def _names(self) -> Names:
        models = {
            (provider, model) for (provider,) in self._rows(_PROVIDERS) for (model,) in self._rows(_MODELS, provider)
        }
        others = [{name for (name,) in self._rows(question)} for question in _OTHERS.values()]
        for provider, model, *held in self._rows(_HELD):
            models.add((provider, model))
            for names, name in zip(others, held, strict=True):
                if name is not None:
                    names.add(name)
        return Names(models, *others)
