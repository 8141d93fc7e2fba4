"""A machine of its own for each test: a fresh home, a directory to work in, a provider, and nothing left running."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.demo.authorities import first_authority
from tests.e2e.prices import prices_for

from codesession.demo import simulated_provider
from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from codesession.demo.server import SimulatedProvider
    from codesession.demo.truth import Received
    from codesession.model import Call, Session, Usage

AGENTS = Path(__file__).parent / "agents"
WAIT_S = 30
"""How long anything may take before a test fails; nothing here waits that long when all is well."""

_MARK = "E2E_MACHINE"
_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_", "TZ", "COV", "SYSTEMROOT")
"""Variables of whoever runs the tests that go on to the programs under test."""

_NANOS_PER_TOKEN: dict[str, dict[str, int]] = {
    # https://docs.claude.com/en/docs/about-claude/pricing and https://platform.openai.com/docs/pricing, read
    # 2026-11-22: dollars per million tokens, times a thousand
    "claude-sonnet-4-5": {
        "input": 3_000,
        "cache_read": 300,
        "cache_write": 3_750,
        "cache_write_1h": 6_000,
        "output": 15_000,
        "reasoning": 15_000,
    },
    "gpt-4o": {"input": 2_500, "cache_read": 1_250, "output": 10_000, "reasoning": 10_000},
    "gpt-5": {"input": 1_250, "cache_read": 125, "output": 10_000, "reasoning": 10_000},
    "text-embedding-3-small": {"input": 20},
}


def published_cost(model: str, usage: Usage) -> int:
    """What the published prices make of a usage, in nano-dollars, without any of our own code."""
    rates = _NANOS_PER_TOKEN[model]
    tokens = {name: getattr(usage, name) for name in usage.__dataclass_fields__}
    return sum(count * rates[name] for name, count in tokens.items() if count)


@dataclass
class Machine:
    """One user's computer: `home`, `work` to work in, and `provider` behind what `cs` calls."""

    root: Path
    provider: SimulatedProvider
    environ: dict[str, str]
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def database(self) -> Path:
        return self.home / ".codesession" / "sessions.db"

    # --- running things ---

    def start(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        **options: Any,
    ) -> subprocess.Popen[bytes]:
        """Start ``cs <words>``, in a process group of its own; its warnings are errors."""
        standard: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "codesession", *words],
            cwd=cwd or self.work,
            env={**self.environ, **(env or {})},
            **{"start_new_session": True, **standard, **options},
        )
        self._processes.append(process)
        return process

    def cs(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        feed: bytes | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run ``cs <words>`` to its end."""
        stdin = {} if feed is None else {"stdin": subprocess.PIPE}
        return self.ended(self.start(*words, env=env, cwd=cwd, **stdin), feed)

    def ended(self, process: subprocess.Popen[bytes], feed: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """How a process that was started ended, with all that it and its children wrote."""
        stdout, stderr = process.communicate(feed, timeout=WAIT_S)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """``cs run -- <command>``, which must succeed."""
        done = self.cs("run", "--port", "0", "--", *command, env=env, cwd=cwd)
        assert done.returncode == 0, done.stderr.decode()
        return done

    def json(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Any:
        """The one document that ``cs <words> --json`` prints."""
        done = self.cs(*words, "--json", env=env, cwd=cwd)
        assert (done.returncode, done.stderr) == (0, b""), done
        return json.loads(done.stdout)

    def program(self, name: str, text: str) -> Path:
        """A program of that name, written in Python and found on the PATH."""
        file = self.root / "bin" / name
        file.write_text(f"#!{sys.executable} -IS\n{text}", encoding="utf-8")
        file.chmod(0o755)
        return file

    def repository(self, name: str = "work") -> Path:
        """A git repository with one commit of one file; by default `work` becomes one."""
        root = self.root / name
        root.mkdir(exist_ok=True)
        (root / "README.md").write_text("hello\n", encoding="utf-8")
        self.git("init", "--quiet", "--initial-branch=main", cwd=root)
        self.git("add", "--all", cwd=root)
        self.git("commit", "--quiet", "--message", "first", cwd=root)
        return root

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=cwd or self.work, env=self.environ, capture_output=True, check=False, timeout=WAIT_S
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    # --- looking at what came of it ---

    def sessions(self) -> list[Session]:
        """Every session of the ledger, oldest first."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.reading() as reader:
            return [session for session, _ in reversed(reader.sessions(1000))]

    def calls(self) -> list[Call]:
        """Every call of the ledger, oldest first."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.reading() as reader:
            found = [call for session, _ in reader.sessions(1000) for call in reader.calls(session.id)]
        with closing(sqlite3.connect(self.database)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM call").fetchone()
        assert count == len(found), "a call belongs to no session"
        return sorted(found, key=lambda call: call.id)

    def call(self) -> Call:
        """The only call of the ledger."""
        (call,) = self.calls()
        return call

    def check_file(self) -> None:
        """The ledger's file is whole, as SQLite sees it."""
        with closing(sqlite3.connect(self.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []

    def truth(self) -> list[Received]:
        """What the provider received, each request at its end."""
        rows = self.provider.truth(WAIT_S)
        assert all(row.ended != "open" for row in rows), rows
        return rows

    def close(self) -> None:
        """End what was started here; fails when something was left running."""
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        deadline = time.monotonic() + 5
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.01)
        for survivor in left:
            survivor.kill()
        assert not left, f"left running: {left}"

    def _left(self) -> list[psutil.Process]:
        """Programs that carry our mark and still run."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(_MARK) == self.environ[_MARK] and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def agent(code: str) -> tuple[str, ...]:
    """The command of an agent that runs `code`, with the words of ``agents/plain.py``."""
    return (sys.executable, "-I", "-S", str(AGENTS / "plain.py"), code)


def eventually(is_so: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
    """What `is_so` returns as soon as it is true; fails after `wait_s` seconds."""
    deadline = time.monotonic() + wait_s
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)
    return found


def told(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    """What an agent told, line by line."""
    return [json.loads(line) for line in done.stdout.splitlines()]


OF_ONE_CONNECTION = ("date", "connection", "transfer-encoding", "content-length", "host")
"""Headers that each of two connections has its own of; that a body is whole is seen on the body."""


def without_ids(answer: dict[str, Any]) -> Any:
    """An answer an agent told, without what differs from one to the next: its ids, and its connection's headers."""
    kept = [[name, value] for name, value in answer["headers"] if name.lower() not in OF_ONE_CONNECTION]
    return json.loads(re.sub(r"[0-9a-f]{22,}", "ID", json.dumps({**answer, "headers": kept})))


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AbstractContextManager[Machine]]:
    """Makes machines; every home has the prices."""
    authority = first_authority(tmp_path_factory.mktemp("authority"))  # nothing here leaves this machine

    @contextmanager
    def make() -> Iterator[Machine]:
        root = tmp_path_factory.mktemp("machine").resolve()
        for name in ("work", "bin", "tmp"):
            (root / name).mkdir()
        prices_for(root / "home", tmp_path_factory)
        with simulated_provider() as provider:
            environ = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
            environ |= {
                "HOME": str(root / "home"),
                "TMPDIR": str(root / "tmp"),
                "PATH": os.pathsep.join((str(root / "bin"), os.environ["PATH"])),
                "CODESESSION_UPSTREAM_ANTHROPIC": provider.url,
                "CODESESSION_UPSTREAM_OPENAI": provider.url,
                "ANTHROPIC_API_KEY": "fake",
                "OPENAI_API_KEY": "fake",
                "SSL_CERT_FILE": str(authority),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in _NAMES},
                _MARK: uuid.uuid4().hex,
            }
            machine = Machine(root, provider, environ)
            try:
                yield machine
            finally:
                machine.close()

    return make


_NAMES = ("NAME", "EMAIL")


@pytest.fixture
def machine(machines: Callable[[], AbstractContextManager[Machine]]) -> Iterator[Machine]:
    with machines() as made:
        yield made
