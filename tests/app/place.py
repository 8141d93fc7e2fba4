"""A home and a repository of a user's own, away from those of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from codesession.app.core import App
from codesession.config import read_config
from codesession.ledger import SqliteLedger, opening
from codesession.ledger.opening import migrate
from codesession.meter import ensure_shards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Session


@dataclass
class Place:
    """Where a user works: `home`, and the git repository `repo`, which is the current directory."""

    home: Path
    repo: Path
    monkeypatch: pytest.MonkeyPatch
    said: list[str] = field(default_factory=list)
    now_ms: int = 1_772_461_811_042
    _ledgers: list[SqliteLedger] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.home / ".codesession" / "sessions.db"

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.repo, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def head(self) -> str:
        """The last commit on the branch that everything begins on; without git, which takes longer."""
        return (self.repo / ".git" / "refs" / "heads" / "main").read_text().strip()

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, text: str = "x\n") -> None:
        (self.repo / name).write_text(text)

    def outside(self, name: str = "outside") -> Path:
        """A directory outside git, which becomes the current one."""
        directory = self.home / name
        directory.mkdir(exist_ok=True)
        self.monkeypatch.chdir(directory)
        return directory

    def app(self) -> App:
        """The program over this user's ledger, with a clock that stands still."""
        ledger = SqliteLedger(self.database)
        self._ledgers.append(ledger)
        return App(read_config(), ledger, lambda: self.now_ms, self.said.append)

    def session(self, session_id: int) -> Session:
        ledger = SqliteLedger(self.database)
        with ledger.reading() as tx:
            found = tx.session(session_id)
        ledger.close()
        assert found
        return found

    def close(self) -> None:
        for ledger in self._ledgers:
            ledger.close()


@pytest.fixture(scope="session")
def compiled_prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published prices, as they are in a data directory."""
    return _compiled(tmp_path_factory.getbasetemp())


@cache
def _compiled(directory: Path) -> Path:
    """They, in `directory`; compiled once, also where the fixture is one of several modules: it takes half a second."""
    data_dir = directory / "with-prices"
    ensure_shards(data_dir)
    return data_dir / "prices"


@pytest.fixture
def priced(place: Place, compiled_prices: Path) -> None:
    """The user has run something before: the prices are there, in files that nothing writes to again."""
    shutil.copytree(compiled_prices, place.home / ".codesession" / "prices", copy_function=os.link)


@cache
def new_ledger() -> bytes:
    """A ledger in which nothing is yet; made once and copied, for the migrations take their time."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made)
        return made.serialize()


def migrate_by_copy(connection: sqlite3.Connection) -> None:
    """What `migrate` does; to a database that is empty, by copying one that is new."""
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        with closing(sqlite3.connect(":memory:")) as made:
            made.deserialize(new_ledger())
            made.backup(connection)
    migrate(connection)


@cache
def first_commit(directory: Path) -> Path:
    """A repository with one commit, in `directory`; made once and copied, for git takes its time to be sure of it."""
    repo = directory / "repo-with-first-commit"
    repo.mkdir(exist_ok=True)
    (repo / "old.txt").write_text("x\n")
    for words in (
        ("init", "--quiet", "--template=", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "before"),
    ):
        subprocess.run(["git", *words], cwd=repo, check=True)
    return repo


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in list(os.environ):
        if name.startswith(("GIT_", "CODESESSION_", "COSTHQ_", "ANTHROPIC_", "OPENAI_", "DISPLAY", "WAYLAND_DISPLAY")):
            monkeypatch.delenv(name)
    home = (tmp_path / "home").resolve()
    repo = home / "repo"
    home.mkdir()
    settings: dict[str, Any] = {
        "HOME": home,
        "USERPROFILE": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": home,
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    shutil.copytree(first_commit(tmp_path_factory.getbasetemp()), repo)
    monkeypatch.chdir(repo)
    monkeypatch.setattr(opening, "migrate", migrate_by_copy)
    place = Place(home, repo, monkeypatch)
    yield place
    place.close()
