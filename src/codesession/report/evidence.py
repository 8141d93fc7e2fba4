"""How was a number got? In words, beside the number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from codesession.model import Evidence, to_usd
from codesession.model.analysis import Spent
from codesession.report.formats import money, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codesession.model import Nanos
    from codesession.report.documents import Document

GOT: Mapping[Evidence, str] = {
    Evidence.MEASURED: "measured",
    Evidence.REPORTED: "reported by the provider",
    Evidence.IMPORTED: "imported",
    Evidence.MANUAL: "logged by hand",
    Evidence.ESTIMATED: "estimated",
}


class Priced(Protocol):
    """What a set of billed calls comes to, some of them perhaps without a price."""

    @property
    def calls(self) -> int:
        """How many there are."""
        ...

    @property
    def cost_nanos(self) -> Nanos:
        """The sum of those that have a price."""
        ...

    @property
    def unpriced(self) -> int:
        """How many have none."""
        ...


def known_cost(spent: Priced) -> Nanos | None:
    """What is known of a cost; None where no call has a price, for that is not $0.

    >>> known_cost(Spent(calls=2, unpriced=2)), known_cost(Spent(calls=2, unpriced=1, cost_nanos=5))
    (None, 5)
    """
    return None if spent.calls and spent.calls == spent.unpriced else spent.cost_nanos


@dataclass(frozen=True, slots=True)
class Figure:
    """What was spent, whole and by how the numbers were got; the ways add up to the whole."""

    spent: Spent
    by: Mapping[Evidence, Spent]

    @property
    def cost(self) -> Nanos | None:
        """What is known of its cost; None where no call has a price."""
        return known_cost(self.spent)

    @property
    def cost_words(self) -> str:
        """How its cost is known: ``$280.10 measured (94%) · $18.28 imported (6%)``."""
        told = _shares(_priced(self.by), lambda spent: spent.cost_nanos, money)
        if self.spent.unpriced:
            told.append(f"{plural(self.spent.unpriced, 'call')} unpriced, not counted")
        return " · ".join(told) or _NOTHING

    @property
    def mostly(self) -> str:
        """How most of its cost is known, or, where it has none, most of its calls: ``94% measured``."""
        if not self.by:
            return _NOTHING
        has_cost = self.spent.cost_nanos > 0
        amounts = {evidence: spent.cost_nanos if has_cost else spent.calls for evidence, spent in self.by.items()}
        evidence, most = max(amounts.items(), key=lambda item: item[1])
        total = sum(amounts.values())
        return GOT[evidence] if most == total else f"{_percent(most, total)} {GOT[evidence]}"

    @property
    def calls_words(self) -> str:
        """How its calls are known."""
        return " · ".join(_shares(self.by, lambda spent: spent.calls, "{:,}".format)) or _NOTHING

    @property
    def tokens_words(self) -> str:
        """How its tokens are known."""
        return " · ".join(_shares(self.by, lambda spent: spent.usage.tokens, "{:,}".format)) or _NOTHING


_NOTHING = "no call was billed"


def figure_of(parts: Iterable[tuple[Evidence, Spent]]) -> Figure:
    """The figure that those parts come to; there may be several of one kind of evidence."""
    by: dict[Evidence, Spent] = {}
    for evidence, spent in parts:
        by[evidence] = plus(by.get(evidence, Spent()), spent)
    return Figure(sum_of(by.values()), by)


def sum_of(parts: Iterable[Spent]) -> Spent:
    """What several sets of calls come to together."""
    total = Spent()
    for spent in parts:
        total = plus(total, spent)
    return total


def plus(one: Spent, other: Spent) -> Spent:
    """What two sets of calls come to together."""
    return Spent(
        one.calls + other.calls,
        one.cost_nanos + other.cost_nanos,
        one.unpriced + other.unpriced,
        one.usage + other.usage,
    )


def evidence_document(figure: Figure) -> Document:
    """As documents have it: for each way that there is, the calls, their tokens and their cost."""
    return {
        str(evidence): {
            "calls": spent.calls,
            "tokens": spent.usage.tokens,
            "cost": to_usd(spent.cost_nanos),
            "unpricedCalls": spent.unpriced,
        }
        for evidence, spent in _largest_first(figure.by, lambda spent: spent.calls)
    }


def _priced(by: Mapping[Evidence, Spent]) -> dict[Evidence, Spent]:
    """The ways of which some cost is known: the others have none, and not $0."""
    return {evidence: spent for evidence, spent in by.items() if known_cost(spent) is not None}


def _shares(by: Mapping[Evidence, Spent], amount: Callable[[Spent], int], words: Callable[[int], str]) -> list[str]:
    """Each way with its amount, and, where there are several, with its share of the whole, the largest first."""
    amounts = [(evidence, amount(spent)) for evidence, spent in _largest_first(by, amount) if spent.calls]
    total = sum(value for _, value in amounts)
    if len(amounts) == 1 or not total:
        return [f"{words(value)} {GOT[evidence]}" for evidence, value in amounts]
    return [f"{words(value)} {GOT[evidence]} ({_percent(value, total)})" for evidence, value in amounts if value]


def _largest_first(by: Mapping[Evidence, Spent], amount: Callable[[Spent], int]) -> list[tuple[Evidence, Spent]]:
    return sorted(by.items(), key=lambda item: (-amount(item[1]), item[0]))


def _percent(value: int, total: int) -> str:
    percent = (value * 100 + total // 2) // total
    if percent == 0:
        return "under 1%"
    return f"{percent}%" if percent < 100 or value == total else "over 99%"  # noqa: PLR2004 - the whole
