"""What does a ledger look like after two months of work? The same each time, but for the day on which they end.

Three repositories with real commits, some seventy sessions that made them, two under way, calls of nine models with
every kind of evidence, unpriced, cut, failed and lost ones, one in flight, and budgets near their limit and over it.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.browser.histories import Change, repository

from codesession.app import open_app, set_budget, set_session_budget
from codesession.app.budgets import Terms as Limit
from codesession.config import read_config
from codesession.model import (
    Attempt,
    ChangeType,
    Commit,
    Cost,
    Cut,
    Event,
    EventKind,
    Evidence,
    FileChange,
    Mode,
    Outcome,
    Scope,
    Terms,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codesession.app import App
    from codesession.model.ports import Writer

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
DAYS = 60
"""How long the work has gone on."""


class Model(NamedTuple):
    """A model and what it costs; nano-dollars per million tokens of input, cache read, cache write and output."""

    provider: str
    name: str
    rates: tuple[int, int, int, int] | None
    weight: int
    agent: str | None = None
    evidence: Evidence = Evidence.MEASURED


_B = 1_000_000_000
MODELS = (
    Model("anthropic", "claude-opus-4-5", (5 * _B, _B // 2, 25 * _B // 4, 25 * _B), 5, "claude-code"),
    Model("anthropic", "claude-sonnet-4-5", (3 * _B, 3 * _B // 10, 15 * _B // 4, 15 * _B), 9, "claude-code"),
    Model("anthropic", "claude-haiku-4-5", (_B, _B // 10, 5 * _B // 4, 5 * _B), 5, "claude-code", Evidence.IMPORTED),
    Model("openai", "gpt-5", (5 * _B // 4, _B // 8, 0, 10 * _B), 5, "codex"),
    Model("openai", "gpt-5-mini", (_B // 4, _B // 40, 0, 2 * _B), 3, "codex"),
    Model("google", "gemini-2.5-pro", (5 * _B // 4, 31 * _B // 100, 0, 10 * _B), 3, "gemini-cli"),
    Model(
        "openrouter", "deepseek/deepseek-chat", (28 * _B // 100, 0, 0, 42 * _B // 100), 2, "aider", Evidence.REPORTED
    ),
    Model("acme", "acme-coder-1", None, 1, None, Evidence.MANUAL),
    Model("ollama", "qwen2.5-coder:32b", (0, 0, 0, 0), 1, "aider"),
)
PROJECTS = {
    "checkout-web": ("src/cart.ts", "src/payment.ts", "src/address.ts", "tests/cart.test.ts", "README.md"),
    "docs-site": ("content/install.md", "content/limits.md", "theme/layout.css", "build.py"),
    "billing-api": ("billing/invoices.py", "billing/taxes.py", "billing/webhooks.py", "tests/test_taxes.py"),
}
TASKS = (
    "Refactor token budget alerts", "Test rate limiter for public API", "Fix rounding of invoice totals",
    "Move the build to a single stage", "Explain limits in the documentation", "Retry webhooks that time out",
    "Add VAT of Norway", "Make the cart survive a reload", "Dark colours for code samples",
    "Idempotency keys for refunds", "Drop the legacy address form", "Speed up the search index",
    "Client A: monthly statement", "Client B: export as CSV", "Upgrade the payment SDK",
)  # fmt: skip
REMARKS = ("Tests are green again", "The flaky test was a time zone", "Asked for a review", "Half of it is done")


@dataclass
class Filled:
    """A home with such a ledger; keep it open as long as the call in flight is to be one."""

    home: Path
    database: Path
    projects: dict[str, Path] = field(default_factory=dict)
    sessions: list[int] = field(default_factory=list)
    """ids, oldest first; the last two are under way"""
    spent_nanos: int = 0
    _open: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Let go of the ledger, and with it of the call in flight."""
        self._open.close()


class Plan(NamedTuple):
    """A session to be: when, where, and the commits that it made."""

    project: str
    name: str
    started_ms: int
    ended_ms: int | None
    commits: list[Change]


def fill(home: Path, work: Path, now_ms: int) -> Filled:
    """Fill the ledger of `home` with two months that end at `now_ms`; the repositories are made in `work`."""
    draw = random.Random(6)
    plans = [*_past(draw, now_ms), *_under_way(now_ms)]
    hashes = {}
    filled = Filled(home, home / ".codesession" / "sessions.db", {name: work / name for name in PROJECTS})
    for name, place in filled.projects.items():
        changes = [change for plan in plans if plan.project == name for change in plan.commits]
        hashes[name] = iter(repository(place, changes))
    app = filled._open.enter_context(open_app(read_config({"HOME": str(home)}), print))  # noqa: SLF001
    heads: dict[str, str | None] = dict.fromkeys(PROJECTS)
    with app.ledger.writing() as tx:
        for plan in plans:
            root = str(filled.projects[plan.project])
            session = tx.begin_session(Scope(root, root, heads[plan.project], "main"), plan.name, plan.started_ms)
            filled.sessions.append(session.id)
            commits = [Commit(next(hashes[plan.project]), made.message, made.at_s * 1000) for made in plan.commits]
            heads[plan.project] = commits[-1].hash if commits else heads[plan.project]
            filled.spent_nanos += _calls(tx, draw, session.id, plan, now_ms)
            _end(tx, draw, session.id, plan, commits)
    _in_flight(app, filled, now_ms)
    _limits(app, filled, now_ms)
    return filled


def _past(draw: random.Random, now_ms: int) -> list[Plan]:
    """Up to two sessions each day, one after the other, with the commits they made."""
    plans = []
    contents: dict[str, dict[str, str]] = {name: {} for name in PROJECTS}
    for day in range(DAYS, 0, -1):
        at_ms = now_ms - day * DAY_MS + draw.randrange(60) * MINUTE_MS
        for _ in range(draw.choice((0, 1, 1, 2, 2))):
            project = draw.choice(list(PROJECTS))
            minutes = draw.randrange(8, 170)
            commits = [
                _change(draw, contents[project], PROJECTS[project], at_ms + minutes * MINUTE_MS * part // 4)
                for part in range(1, 1 + draw.choice((0, 1, 1, 2, 3)))
            ]
            plans.append(Plan(project, draw.choice(TASKS), at_ms, at_ms + minutes * MINUTE_MS, commits))
            at_ms += (minutes + draw.randrange(15, 90)) * MINUTE_MS
    return plans


def _under_way(now_ms: int) -> list[Plan]:
    return [
        Plan("checkout-web", "Refactor token budget alerts", now_ms - 42 * MINUTE_MS, None, []),
        Plan("docs-site", "Test rate limiter for public API", now_ms - 11 * MINUTE_MS, None, []),
    ]


def _change(draw: random.Random, contents: dict[str, str], paths: Sequence[str], at_ms: int) -> Change:
    """A commit to one file or more: the one is begun, another gets lines and loses some."""
    files: dict[str, str | None] = {}
    for path in draw.sample(paths, draw.choice((1, 1, 2, 3))):
        lines = contents.get(path, "").splitlines()
        del lines[: draw.randrange(4)]
        lines += [f"line {draw.randrange(10_000)} of {path}" for _ in range(draw.randrange(2, 9))]
        contents[path] = "\n".join(lines) + "\n"
        files[path] = contents[path]
    return Change(f"{draw.choice(('Fix', 'Add', 'Simplify', 'Test'))} {', '.join(files)}", at_ms // 1000, files)


def _calls(tx: Writer, draw: random.Random, session_id: int, plan: Plan, now_ms: int) -> int:
    """The calls of a session, spread over it; returns what they cost, in nano-dollars."""
    until_ms = plan.ended_ms or now_ms - 2 * MINUTE_MS
    main = draw.choices(MODELS, [model.weight for model in MODELS])[0]
    spent = 0
    for number in range(count := draw.randrange(4, 30)):
        model = main if draw.random() < 0.8 else draw.choices(MODELS, [model.weight for model in MODELS])[0]
        started_ms = plan.started_ms + (until_ms - plan.started_ms) * number // count
        spent += _call(tx, draw, session_id, model, started_ms)
    return spent


def _call(tx: Writer, draw: random.Random, session_id: int, model: Model, started_ms: int) -> int:
    """One call that is over; returns its cost, 0 if none is known."""
    is_local = model.provider == "ollama"
    took_ms = draw.randrange(2_000, 90_000)
    usage = Usage(
        input=draw.randrange(300, 9_000),
        cache_read=draw.randrange(5_000, 160_000) if model.rates and model.rates[1] else 0,
        cache_write=draw.randrange(12_000) if model.rates and model.rates[2] else 0,
        output=draw.randrange(200, 6_000),
    )
    evidence, cut = model.evidence, None
    if draw.random() < 0.04:
        evidence, cut = Evidence.ESTIMATED, draw.choice((Cut.CLIENT, Cut.UPSTREAM))
    attempt = Attempt(
        session_id,
        model.provider,
        model.name,
        "messages" if model.provider == "anthropic" else "chat",
        streamed=draw.random() < 0.9,
        request_bytes=40_000,
        agent=model.agent,
        customer=draw.choice((None, None, None, "acme", "globex")),
        feature=draw.choice((None, None, "review", "tests")),
        terms=Terms(is_local=is_local, took_ms=took_ms if is_local else None),
    )
    outcome = Outcome(usage, evidence, cut=cut, http_status=200, request_id=f"req_{draw.getrandbits(64):016x}")
    cost = _cost(model, usage, took_ms)
    tx.record(attempt, outcome, cost, started_ms, started_ms + took_ms)
    return cost.nanos if cost else 0


def _cost(model: Model, usage: Usage, took_ms: int) -> Cost | None:
    if model.rates is None:
        return None
    if model.provider == "ollama":
        return Cost(took_ms * _B // 2 // HOUR_MS, "local (RTX 4090)", "RTX 4090")  # half a dollar an hour
    tokens = (usage.input, usage.cache_read, usage.cache_write, usage.output)
    nanos = sum(count * rate for count, rate in zip(tokens, model.rates, strict=True)) // 1_000_000
    return Cost(nanos, "provider" if model.evidence is Evidence.REPORTED else "genai-prices")


def _end(tx: Writer, draw: random.Random, session_id: int, plan: Plan, commits: list[Commit]) -> None:
    if draw.random() < 0.5:
        tx.annotate(session_id, draw.choice(REMARKS), plan.started_ms + 3 * MINUTE_MS)
    files: dict[str, FileChange] = {}
    for change in plan.commits:
        for path in change.files:
            kind = ChangeType.MODIFIED if path in files or draw.random() < 0.7 else ChangeType.CREATED
            files[path] = FileChange(path, kind, change.at_s * 1000)
    if plan.ended_ms is None:
        seen = FileChange(PROJECTS[plan.project][0], ChangeType.MODIFIED, plan.started_ms + MINUTE_MS)
        tx.record_changes(session_id, [seen], [])
        return
    notes = draw.choice((None, None, "Done, and released.", "To be gone on with tomorrow."))
    tx.end_session(session_id, plan.ended_ms, notes=notes, files=list(files.values()), commits=commits)


def _in_flight(app: App, filled: Filled, now_ms: int) -> None:
    """One call that goes on while this process lives, one that the provider refused, and one whose process died."""
    owner = app.ledger.claim(now_ms)
    began_ms = now_ms - MINUTE_MS
    with app.ledger.writing() as tx:

        def hold(session_id: int, model: Model) -> int:
            attempt = Attempt(
                session_id,
                model.provider,
                model.name,
                "messages",
                streamed=True,
                request_bytes=60_000,
                agent=model.agent,
            )
            return tx.hold(attempt, 900_000_000, owner, began_ms, 300_000_000)

        hold(filled.sessions[-2], MODELS[0])
        tx.release(hold(filled.sessions[-1], MODELS[1]), 529, began_ms + 400)
        lost = Outcome(None, Evidence.ESTIMATED, cut=Cut.PROCESS)
        tx.settle(hold(filled.sessions[-3], MODELS[1]), lost, Cost(900_000_000, "genai-prices"), began_ms + 9_000)
    filled.spent_nanos += 900_000_000


def _limits(app: App, filled: Filled, now_ms: int) -> None:
    """Budgets with much left, near their limit, and over it; and what the firewall had to say."""
    total = filled.spent_nanos
    set_budget(app, "all", "total", Limit(total * 100 // 88, Mode.WARN))
    set_budget(app, "agent:codex", "total", Limit(_B, Mode.BLOCK))
    set_budget(app, "customer:*", "month", Limit(400 * _B, Mode.WARN))
    with app.ledger.reading() as reader:
        so_far = reader.totals(filled.sessions[-2]).cost_nanos
    set_session_budget(app, filled.sessions[-2], Limit(so_far * 100 // 60, Mode.STOP))
    refused = "codesession refused this call: "
    told = (
        (EventKind.WARNED, "budget", "agent:codex is near its limit: $0.80 of $1.00 are spent.", 3 * DAY_MS),
        (EventKind.REFUSED, "budget", f"{refused}agent:codex has spent $1.00 of $1.00.", 2 * DAY_MS),
        (EventKind.REFUSED, "model", f"{refused}claude-opus-4-5 is not allowed here.", 5 * HOUR_MS),
        (EventKind.WARNED, "same_request", "The same request was sent 5 times.", 40 * MINUTE_MS),
    )
    with app.ledger.writing() as tx:
        for kind, rule, message, ago_ms in told:
            tx.add_event(
                Event(
                    kind, now_ms - ago_ms, rule, filled.sessions[-2], provider="openai", model="gpt-5", message=message
                )
            )
