"""How long does each question of a page take on a ledger of a million calls, and how long does a call take to be kept?

Builds such a ledger, or takes the one that is there, and asks every question again and again. Calls are then held and
settled, each in a transaction of its own, in a copy of it and in a ledger with nothing in it, in turns:

    python benchmarks/million.py --calls 1000000 --sessions 20000 --to million.db [--rounds 30]

Rows are written with plain SQL and summed up afterwards, so that a million calls take about a minute. What they look
like is drawn at random, the same with every run but for the moment at which it all ends, which is now: sessions on
working days in some projects more than in others, a model for each agent, answers of every length, a few calls that
failed, were lost, or have no price.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesession.ledger import SqliteLedger
from codesession.model import Attempt, CallState, Cost, Evidence, Outcome, Scope, Usage
from codesession.model.analysis import CallOrder, CallQuery, SessionOrder, SessionQuery, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from codesession.model.ports import Reader

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
GOAL_MS = 30


class Kind(NamedTuple):
    """A model and what it costs: nano-dollars a token that is read, read from the cache, and written."""

    provider: str
    name: str
    answered: str | None
    read: int
    cached: int
    written: int


MODELS = (
    Kind("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 3000, 300, 15000),
    Kind("anthropic", "claude-opus-4-5", "claude-opus-4-5-20251101", 5000, 500, 25000),
    Kind("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 1000, 100, 5000),
    Kind("openai", "gpt-5", "gpt-5-2025-08-07", 1250, 125, 10000),
    Kind("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", 250, 25, 2000),
    Kind("openai", "gpt-5-nano", "gpt-5-nano-2025-08-07", 50, 5, 400),
    Kind("google", "gemini-2.5-pro", None, 1250, 125, 10000),
    Kind("google", "gemini-2.5-flash", None, 300, 30, 2500),
    Kind("mistral", "mistral-medium-latest", "mistral-medium-2508", 400, 40, 2000),
    Kind("deepseek", "deepseek-chat", None, 280, 28, 420),
    Kind("ollama", "qwen3:32b", None, 0, 0, 0),
    Kind("openrouter", "house-blend", None, 0, 0, 0),
)
UNPRICED = MODELS[-1]
STATES = (("settled", "released", "lost"), (967, 30, 3))
EVIDENCES = (("measured", "estimated", "reported", "manual"), (9597, 300, 100, 3))
"""With how often each is drawn."""
AGENTS: Sequence[tuple[str | None, Sequence[int]]] = (
    ("claude-code", (40, 15, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    ("codex", (0, 0, 0, 30, 8, 2, 0, 0, 0, 0, 0, 0)),
    ("gemini-cli", (0, 0, 0, 0, 0, 0, 10, 8, 0, 0, 0, 0)),
    ("support-bot", (2, 0, 12, 0, 6, 4, 0, 2, 1, 2, 0, 1)),
    (None, (8, 1, 2, 3, 2, 1, 1, 1, 1, 1, 2, 0)),
)
AGENT_WEIGHTS = (45, 20, 8, 20, 7)
PROJECTS = 60
FILES = 600
"""Paths of one project."""
DOING = ("Fix", "Add", "Rework", "Review", "Test", "Document", "Speed up", "Move", "Plan", "Explore")
WHAT = ("login", "the parser", "billing", "search", "the cache", "exports", "the über page", "uploads", "CI", "retries")
CALL = (
    "session_id, state, provider, model, model_answered, endpoint, streamed, started_ms, ended_ms, hold_nanos, "
    "cost_nanos, price_source, evidence, cut, http_status, request_id, response_id, agent, user, customer, feature, "
    "input, cache_read, cache_write, output, reasoning, local"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much a ledger is to hold."""

    calls: int
    sessions: int
    days: int = 400
    changes: int = 150_000
    commits: int = 40_000


class Begun(NamedTuple):
    """A session's row, as far as others need it."""

    id: int
    project: int
    agent: int
    started_ms: int
    took_ms: int
    weight: float


def build(path: Path, size: Size, now_ms: int) -> None:
    """Make a ledger at `path`, which must not be there."""
    with closing(SqliteLedger(path)) as ledger:
        with closing(sqlite3.connect(path, isolation_level=None)) as rows:
            rows.execute("PRAGMA synchronous = OFF")
            rows.execute("PRAGMA cache_size = -200000")
            rows.execute("BEGIN")
            chance = random.Random(size.calls)
            sessions = list(_sessions(rows, size, now_ms, chance))
            _calls(rows, size, sessions, now_ms, chance)
            _changes(rows, size, sessions, chance)
            _in_flight(rows, sessions, now_ms)
            rows.execute("COMMIT")
        ledger.rebuild_totals()


def _moments(count: int, size: Size, now_ms: int, chance: random.Random) -> list[int]:
    """When sessions begin, oldest first: three of four in the working hours of working days."""
    today = now_ms // DAY_MS
    moments = list[int]()
    while len(moments) < count:
        day = today - int(size.days * chance.random())
        is_workday = (day + 4) % 7 not in (0, 6)  # 1 January 1970 was a Thursday
        is_any_hour = chance.random() < (0.25 if is_workday else 0.8)
        hour = 24 * chance.random() if is_any_hour else chance.gauss(13, 3) % 24
        moment = day * DAY_MS + int(hour * HOUR_MS)
        if moment < now_ms:
            moments.append(moment)
    return sorted(moments)


def _sessions(rows: sqlite3.Connection, size: Size, now_ms: int, chance: random.Random) -> Iterator[Begun]:
    popular = [1 / (place + 2) for place in range(PROJECTS)]
    active = set[int]()
    moments = _moments(size.sessions, size, now_ms, chance)
    for number, moment in enumerate(moments, 1):
        project = chance.choices(range(PROJECTS), popular)[0]
        took = int(60_000 * chance.lognormvariate(3.3, 0.9))
        is_active = number > size.sessions - 12 and project not in active
        if is_active:
            active.add(project)
            took = now_ms - moment
        took = min(took, now_ms - moment)
        name = f"{chance.choice(DOING)} {chance.choice(WHAT)} {number}"
        directory = f"/home/ada/work/project-{project:02d}"
        notes = f"as agreed about {chance.choice(WHAT)}" if not chance.randrange(10) else None
        rows.execute(
            "INSERT INTO session (id, name, directory, git_root, branch, start_head, started_ms, ended_ms, notes) "
            "VALUES (?, ?, ?, ?, 'main', ?, ?, ?, ?)",
            (number, name, directory, directory, f"{number:040x}", moment, None if is_active else moment + took, notes),
        )
        agent = chance.choices(range(len(AGENTS)), AGENT_WEIGHTS)[0]
        yield Begun(number, project, agent, moment, took, chance.lognormvariate(0, 1))


def _calls(rows: sqlite3.Connection, size: Size, sessions: list[Begun], now_ms: int, chance: random.Random) -> None:
    """Calls in the order in which they began, but for those that were imported later."""
    chosen = chance.choices(sessions, [session.weight for session in sessions], k=size.calls)
    begun = sorted((session.started_ms + int(session.took_ms * chance.random()), session) for session in chosen)
    marks = ", ".join("?" * len(CALL.split(",")))
    rows.executemany(
        f"INSERT INTO call ({CALL}) VALUES ({marks})",
        (_call(number, at, session, now_ms, chance) for number, (at, session) in enumerate(begun)),
    )


def _call(number: int, at: int, session: Begun, now_ms: int, chance: random.Random) -> tuple[object, ...]:
    agent, weights = AGENTS[session.agent]
    (kind,) = chance.choices(MODELS, weights)
    (state,) = chance.choices(*STATES)
    tokens: tuple[int | None, ...] = (None,) * 5
    cost = evidence = cut = None
    if state == "settled":
        tokens = (
            int(chance.lognormvariate(6, 1.2)), int(chance.lognormvariate(9, 1.5)), int(chance.expovariate(1 / 500)),
            int(chance.lognormvariate(5.5, 1)), 0 if kind.provider == "anthropic" else int(chance.expovariate(1 / 100)),
        )  # fmt: skip
        cost = None if kind is UNPRICED else _price(kind, tokens)
        (evidence,) = chance.choices(*EVIDENCES)
        if evidence == "estimated":
            cut = chance.choice((None, None, "client"))
        elif now_ms - at > 380 * DAY_MS:
            evidence = "imported"
    elif state == "lost":
        cost, evidence, cut = 50_000_000, "estimated", "process"
    ended = min(now_ms, at + int(1000 * chance.lognormvariate(1.2, 0.8)))
    bot = agent == "support-bot"
    return (
        *(session.id if chance.randrange(100) else None, state, kind.provider, kind.name),
        *(kind.answered if state == "settled" else None, "messages", number % 5 > 0, at, max(at, ended)),
        *(90_000_000, cost, None if cost is None else "table", evidence, cut, 529 if state == "released" else 200),
        *(f"req_{number:08x}", f"msg_{number:08x}", agent, "ada" if bot else None),
        *(f"customer-{int(40 * chance.random() ** 2):02d}" if bot else None, "chat" if bot and number % 2 else None),
        *(*tokens, kind.provider == "ollama"),
    )


def _price(kind: Kind, tokens: tuple[int | None, ...]) -> int:
    read, cached, kept, written, hidden = (amount or 0 for amount in tokens)
    return kind.read * (read + kept) + kind.cached * cached + kind.written * (written + hidden)


def _changes(rows: sqlite3.Connection, size: Size, sessions: list[Begun], chance: random.Random) -> None:
    """Files, some of them again and again, and commits."""
    weights = [session.weight for session in sessions]
    kinds = (("created", 2), ("modified", 12), ("deleted", 1))
    names, shares = [name for name, _ in kinds], [share for _, share in kinds]
    rows.executemany(
        "INSERT INTO file_change (session_id, path, change, timestamp_ms) VALUES (?, ?, ?, ?)",
        (
            (
                session.id,
                f"src/part{file % 17}/file_{file:03d}.py",
                chance.choices(names, shares)[0],
                session.started_ms + int(session.took_ms * chance.random()),
            )
            for session in chance.choices(sessions, weights, k=size.changes)
            for file in [int(FILES * chance.random() ** 3)]
        ),
    )
    rows.executemany(
        "INSERT INTO git_commit (session_id, hash, message, timestamp_ms) VALUES (?, ?, ?, ?)",
        (
            (session.id, f"{number:040x}", f"{chance.choice(DOING)} {chance.choice(WHAT)}", session.started_ms)
            for number, session in enumerate(chance.choices(sessions, weights, k=size.commits))
        ),
    )


def _in_flight(rows: sqlite3.Connection, sessions: list[Begun], now_ms: int) -> None:
    """Calls of the newest sessions that have not been answered yet, and what the firewall has done."""
    rows.execute("INSERT INTO owner (id, pid, started_ms) VALUES (1, 1, ?)", (now_ms - HOUR_MS,))
    rows.executemany(
        "INSERT INTO call (session_id, owner_id, state, provider, model, endpoint, streamed, started_ms, hold_nanos, "
        "agent) VALUES (?, 1, 'held', 'anthropic', 'claude-sonnet-4-5', 'messages', 1, ?, 90000000, 'claude-code')",
        [(session.id, now_ms - 900 * place) for place, session in enumerate(sessions[-6:])],
    )
    rows.executemany(
        "INSERT INTO event (kind, at_ms, rule, session_id, provider, model, message, details) "
        "VALUES (?, ?, 'budget', ?, 'anthropic', 'claude-sonnet-4-5', 'The daily budget is spent.', '{}')",
        [(("refused", "warned")[session.id % 2], session.started_ms, session.id) for session in sessions[::4]],
    )


def days(count: int, now_ms: int, ahead_ms: int = 2 * HOUR_MS) -> list[int]:
    """Midnights of the last so many days where clocks are so far ahead, and the next one."""
    midnight = (now_ms + ahead_ms) // DAY_MS * DAY_MS - ahead_ms
    return [midnight - DAY_MS * number for number in range(count - 1, -2, -1)]


def questions(now_ms: int) -> dict[str, Callable[[Reader], object]]:
    """What pages ask."""
    first, *_, last = days(30, now_ms)
    month = Span(first, last)
    found: dict[str, Callable[[Reader], object]] = {
        "spent": lambda reader: reader.spent(),
        "spent, a month": lambda reader: reader.spent(month),
        "by model": lambda reader: reader.spent_by_model(),
        "agents": lambda reader: reader.agents(),
        "400 days": lambda reader: reader.spent_between(days(400, now_ms)),
        "400 days, half past": lambda reader: reader.spent_between(days(400, now_ms, 11 * HOUR_MS // 2)),
        "720 hours": lambda reader: reader.spent_between([first + HOUR_MS * hour for hour in range(721)]),
        "sessions of 400 days": lambda reader: reader.sessions_between(days(400, now_ms)),
        "work": lambda reader: reader.work(),
        "projects": lambda reader: reader.projects(),
        "projects, a month": lambda reader: reader.spent_by_project(month),
        "hotspots": lambda reader: reader.hotspots(20),
        "week": lambda reader: reader.week([(Span(), HOUR_MS)]),
        "week, half past": lambda reader: reader.week([(Span(), 11 * HOUR_MS // 2)]),
        "names": lambda reader: reader.names(),
        "version": lambda reader: reader.version(),
        "held": lambda reader: reader.held_calls(20),
        "began": lambda reader: reader.began_ms(),
    }
    sessions = [SessionQuery(order=order) for order in SessionOrder]
    sessions += [SessionQuery(search=text) for text in ("login 1234", "nothing", "\u00dcBER")]
    sessions += [SessionQuery(is_active=True), SessionQuery(started=month, order=SessionOrder.COST)]
    calls = [CallQuery(order=order, offset=offset) for order in CallOrder for offset in (0, 500_000)]
    asked = [
        CallQuery(model="claude-sonnet-4-5-20250929"), CallQuery(model="house-blend"), CallQuery(provider="openai"),
        CallQuery(agent="claude-code"), CallQuery(customer="customer-07"), CallQuery(session_id=777),
        CallQuery(started=month), CallQuery(is_unpriced=True), CallQuery(evidence=Evidence.MANUAL),
        CallQuery(evidence=Evidence.MEASURED), CallQuery(state=CallState.LOST), CallQuery(state=CallState.HELD),
        CallQuery(search="claude"), CallQuery(search="customer-3"), CallQuery(search="req_000a1234"),
        CallQuery(search="nothing"), CallQuery(agent="support-bot", model="gpt-5-nano-2025-08-07"),
        CallQuery(agent="claude-code", model="gpt-5-2025-08-07"),
    ]  # fmt: skip
    calls += asked
    calls += [replace(query, order=CallOrder.COST) for query in asked]
    for one in sessions:
        found[f"sessions {told(one)}"] = lambda reader, one=one: reader.find_sessions(one)  # type: ignore[misc]
    for two in calls:
        found[f"calls {told(two)}"] = lambda reader, two=two: reader.find_calls(two)  # type: ignore[misc]
    return found


def told(query: SessionQuery | CallQuery) -> str:
    """What of it is not as usual."""
    usual = type(query)()
    names = [field.name for field in fields(query) if getattr(query, field.name) != getattr(usual, field.name)]
    return ", ".join(f"{name} {getattr(query, name)}" if name != "started" else "a month" for name in names)


def ask(path: Path, rounds: int) -> None:
    """Print the median and the 95th percentile of each question, and of the processor's time for it."""
    with closing(SqliteLedger(path)) as ledger:
        for name, question in questions(time.time_ns() // 1_000_000).items():
            took, worked = [], []
            for _ in range(rounds):
                began, busy = time.perf_counter(), time.process_time()
                with ledger.reading() as reader:
                    question(reader)
                took.append(1000 * (time.perf_counter() - began))
                worked.append(1000 * (time.process_time() - busy))
            print(
                f"{statistics.median(took):8.1f} {_p95(took):8.1f} ms, processor {statistics.median(worked):8.1f} "
                f"{_p95(worked):8.1f} ms{' *' if _p95(worked) > GOAL_MS else '  '} {name}"
            )


def keep(path: Path, calls: int) -> None:
    """Print how long it takes to hold a call, and to settle it, in that ledger and in a new one."""
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        copy, new = Path(directory, "copy.db"), Path(directory, "new.db")
        with closing(SqliteLedger(path)) as ledger:
            ledger.back_up(copy)
        took: dict[str, tuple[list[float], list[float]]] = {"as many": ([], []), "none": ([], [])}
        with closing(SqliteLedger(copy)) as large, closing(SqliteLedger(new)) as small:
            makers = {name: _Maker(ledger) for name, ledger in (("as many", large), ("none", small))}
            for _ in range(calls):
                for name, maker in makers.items():
                    for figures, figure in zip(took[name], maker.make(), strict=True):
                        figures.append(figure)
        for name, times in took.items():
            held, settled = map(statistics.median, times)
            print(f"{held:8.0f} {settled:8.0f} µs to hold and settle, {name} before")


class _Maker:
    """Makes calls of a session of its own."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self._now_ms = time.time_ns() // 1_000_000
        self._owner = ledger.claim(self._now_ms)
        with ledger.writing() as tx:
            self._session = tx.begin_session(Scope("/elsewhere"), "measured", self._now_ms).id

    def make(self) -> tuple[float, float]:
        """One call; how long it took to hold it, and to settle it, in microseconds."""
        self._now_ms += 1
        asked = Attempt(
            self._session, "anthropic", "claude-sonnet-4-5", "messages", streamed=True, request_bytes=9, agent="codex"
        )
        outcome, cost = Outcome(Usage(input=900, cache_read=9000, output=300), Evidence.MEASURED), Cost(9_900_000, "t")
        began = time.perf_counter()
        with self._ledger.writing() as tx:
            call = tx.hold(asked, 10_000_000, self._owner, self._now_ms)
        held = time.perf_counter()
        with self._ledger.writing() as tx:
            tx.settle(call, outcome, cost, self._now_ms)
        return 1e6 * (held - began), 1e6 * (time.perf_counter() - held)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]


def main() -> None:
    """Build, and ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--sessions", type=int, default=20_000)
    parser.add_argument("--to", type=Path, required=True, help="the ledger; kept, and taken as it is if it is there")
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args()
    if not chosen.to.exists():
        began = time.perf_counter()
        build(chosen.to, Size(chosen.calls, chosen.sessions), time.time_ns() // 1_000_000)
        print(f"built {chosen.to} in {time.perf_counter() - began:.0f} s, {chosen.to.stat().st_size / 1e6:.0f} MB")
    ask(chosen.to, chosen.rounds)
    keep(chosen.to, 100 * chosen.rounds)


if __name__ == "__main__":
    main()
