"""How are the figures of `report.metrics` written for Prometheus? In its own format; docs/serve.md lists them.

What is counted is read off the ledger, so it goes on where it was when the server begins anew.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder

from codesession import __version__
from codesession.model import to_usd
from codesession.model.usage import REQUESTS
from codesession.report.metrics import TOKENS, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import Metric

    from codesession.model.ports import Ledger
    from codesession.report.metrics import Figures

    Unmetered = Callable[[], Mapping[str, int]]

_BY_MODEL = ("provider", "model", "evidence")
_BY_ACCOUNT = ("budget", "account", "window", "mode", "source")


class Exposition:
    """Writes the figures of a ledger; `unmetered` tells what a proxy has passed through unread, by provider."""

    def __init__(self, ledger: Ledger, now_ms: Callable[[], int], unmetered: Unmetered | None) -> None:
        self._watch = Watch(ledger)
        self._now_ms = now_ms
        self._unmetered = unmetered
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def write(self, accept: str) -> tuple[bytes, str]:
        """The metrics, in the format that an ``Accept`` header asks for, and what format that is.

        Raises:
            DatabaseError: the ledger could not be read.
        """
        write, kind = choose_encoder(accept)
        return write(self._registry), kind

    def collect(self) -> Iterator[Metric]:
        """Every metric, as `prometheus_client` asks for them.

        Raises:
            DatabaseError: the ledger could not be read.
        """
        figures = self._watch.read(self._now_ms())
        yield from _spent(figures)
        yield from _state(figures)
        yield from _budgets(figures)
        yield from _process()
        if self._unmetered is not None:
            yield _passed(self._unmetered())


def _process() -> Iterator[Metric]:
    process = psutil.Process()
    began_s = process.create_time()
    yield InfoMetricFamily("codesession", "The program.", value={"version": __version__})
    for name, says, value in (
        ("process_resident_memory_bytes", "Resident memory size in bytes.", process.memory_info().rss),
        ("process_start_time_seconds", "When the process began, in seconds since the epoch.", began_s),
        ("codesession_uptime_seconds", "How long the process has run.", max(0.0, time.time() - began_s)),
    ):
        yield GaugeMetricFamily(name, says, value=value)


def _passed(unmetered: Mapping[str, int]) -> Metric:
    passed = CounterMetricFamily(
        "codesession_unmetered_requests",
        "Requests the proxy passed through unread, since it began.",
        labels=["provider"],
    )
    for provider, requests in unmetered.items():
        passed.add_metric([provider], requests)
    return passed


def _spent(figures: Figures) -> Iterator[Metric]:
    cost = CounterMetricFamily("codesession_cost_usd", "What priced calls cost, in US dollars.", labels=_BY_MODEL)
    calls = CounterMetricFamily("codesession_calls", "Calls that were billed.", labels=_BY_MODEL)
    tokens = CounterMetricFamily("codesession_tokens", "Tokens, each in one class.", labels=(*_BY_MODEL, "kind"))
    tools = CounterMetricFamily(
        "codesession_tool_requests", "Uses of providers' own tools.", labels=(*_BY_MODEL, "kind")
    )
    unpriced = GaugeMetricFamily(
        "codesession_unpriced_calls", "Billed calls whose price is not known: their cost is missing.", labels=_BY_MODEL
    )
    for model, spent in figures.spent.items():
        cost.add_metric(model, to_usd(spent.cost_nanos))
        calls.add_metric(model, spent.calls)
        unpriced.add_metric(model, spent.unpriced)
        for kind in TOKENS:
            if amount := getattr(spent.usage, kind):
                tokens.add_metric((*model, kind), amount)
        for kind in sorted(REQUESTS):
            if amount := getattr(spent.usage, kind):
                tools.add_metric((*model, kind), amount)
    yield from (cost, calls, tokens, tools, unpriced)


def _state(figures: Figures) -> Iterator[Metric]:
    refusals = CounterMetricFamily(
        "codesession_refusals", "Calls refused and answers ended by the firewall.", labels=["rule"]
    )
    for rule, count in sorted(figures.refusals.items()):
        refusals.add_metric([rule], count)
    yield refusals
    yield CounterMetricFamily("codesession_sessions", "Sessions begun.", value=figures.sessions)
    yield GaugeMetricFamily("codesession_active_sessions", "Sessions that are active.", value=figures.active_sessions)
    yield GaugeMetricFamily("codesession_holds", "Calls in flight.", value=figures.holds)
    yield GaugeMetricFamily(
        "codesession_held_usd", "What is reserved for calls in flight, in US dollars.", value=to_usd(figures.held_nanos)
    )
    yield GaugeMetricFamily("codesession_waiting_calls", "Calls that wait for a person.", value=figures.waiting)


def _budgets(figures: Figures) -> Iterator[Metric]:
    limit = GaugeMetricFamily("codesession_budget_limit_usd", "The limit in force, in US dollars.", labels=_BY_ACCOUNT)
    spent = GaugeMetricFamily("codesession_budget_spent_usd", "What was spent of it.", labels=_BY_ACCOUNT)
    held = GaugeMetricFamily("codesession_budget_held_usd", "What is reserved of it.", labels=_BY_ACCOUNT)
    for account in figures.accounts:
        names = [getattr(account, name) for name in _BY_ACCOUNT]
        limit.add_metric(names, to_usd(account.limit_nanos))
        spent.add_metric(names, to_usd(account.spent_nanos))
        held.add_metric(names, to_usd(account.held_nanos))
    yield from (limit, spent, held)
