"""Does every command answer a program in one document, and a mistake in one error, and change nothing then?"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.few_prices import few, priced_by_few
from tests.app.place import place
from tests.app.test_metering import ended_by
from tests.cli.conftest import cs
from tests.contract.commands import INVALID, ROWS, Row, every_command, example_in, gaps, groups, line, mistakes

from codesession import __version__
from codesession.cli import ALIASES
from codesession.ledger import SqliteLedger
from codesession.model import (
    Account,
    Attempt,
    Budget,
    ChangeType,
    Commit,
    Cost,
    Evidence,
    FileChange,
    Mandate,
    Mode,
    Outcome,
    Refusal,
    Rule,
    Scope,
    ScopeKind,
    Usage,
    Window,
)

if TYPE_CHECKING:
    import click
    from tests.app.place import Place
    from tests.cli.conftest import Answer, Cs

__all__ = ["cs", "few", "place", "priced_by_few"]

COMMANDS = dict(every_command())
VERSIONS = {"schemaVersion": 1, "codesessionVersion": __version__, "costhqVersion": __version__}
HERE = 12
"""The id of the session that the examples name."""
ANSWERS = ("cs approve", "cs deny")
"""What answers a call that waits for a person."""


# --- a user who has used it for a while ---


@dataclass
class World:
    """A place with twelve sessions, of which the last is active unless it is to be idle here."""

    place: Place
    cs: Cs

    def fill(self, *, is_idle: bool) -> None:
        """Put the sessions into the ledger, and programs and files beside it."""
        scope = Scope(str(self.place.repo), str(self.place.repo), self.place.head(), "main")
        with closing(SqliteLedger(self.place.database)) as ledger, ledger.writing() as tx:
            for number in range(1, HERE + 1):
                session = tx.begin_session(scope, f"Work {number}", number * 1_000_000)
                self._work(tx, session.id)
                if number < HERE or is_idle:
                    files = [FileChange("new.txt", ChangeType.CREATED, 1), FileChange("b", ChangeType.DELETED, 2)]
                    commits = [Commit("a" * 40, "Made it", 1)]
                    tx.end_session(session.id, number * 1_000_000 + 90_500, notes="ok", files=files, commits=commits)
            tx.set_mandate(Mandate(ScopeKind.AGENT, "codex", deny=("*-pro*",)))
            tx.set_budget(Budget(ScopeKind.CUSTOMER, "acme", Window.TOTAL, 5, Mode.BLOCK, ask_s=60))
        home, programs = self.place.home, self.place.home / "bin"
        rate = {"provider": "ollama", "model": "qwen3:8b", "costPerHour": 0.07}
        (home / ".codesession" / "local-models.json").write_text(json.dumps([rate]))
        for directory in (programs, home / "backups"):
            directory.mkdir()
        for name in ("claude", "python"):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@" < /dev/null\n')
            (programs / name).chmod(0o755)
        self.place.monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        for name in ("my_agent.py", "README.md"):
            self.place.write(name, "")

    def ask(self) -> None:
        """Have a call of a living process wait for a person."""
        ledger = self.place.app().ledger
        owner_id = ledger.claim(1)
        with ledger.writing() as tx:
            (budget,) = tx.budgets()
            standing = tx.open_account(Account(budget, "acme", None, 0, None))
            tx.ask(Refusal(Rule.BUDGET, "No.", "Stop.", (), standing, 9, Mode.BLOCK, 60), HERE, "m", owner_id, 1)

    def _work(self, tx: Any, session_id: int) -> None:
        asked = Attempt(session_id, "anthropic", "claude-x", "messages", streamed=True, request_bytes=9, agent="Bot")
        tx.record(asked, Outcome(Usage(input=10, output=5), Evidence.REPORTED), Cost(40, "table"), 1, 2)
        tx.annotate(session_id, "half way", 5)

    def tables(self) -> dict[str, list[Any]]:
        """Everything that is in the ledger, and every other file of the user's."""
        with closing(sqlite3.connect(self.place.database)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            kept: dict[str, list[Any]] = {
                name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names
            }
        prices = self.place.home / ".codesession" / "prices"
        files = (file for file in self.place.home.rglob("*") if not file.is_relative_to(prices))
        kept["files"] = sorted(str(file) for file in files if not file.name.startswith("sessions.db"))
        return kept


@pytest.fixture
def world(place: Place, priced_by_few: None, cs: Cs) -> World:
    del priced_by_few
    return World(place, cs)


def of_command(world: World, path: str) -> click.Command:
    """The command of that name, in a world where it can succeed."""
    command = COMMANDS[path]
    wanting = gaps(path, command)
    assert not wanting, "\n".join(wanting)
    world.fill(is_idle=ROWS[path].is_idle)
    if path in ANSWERS:
        world.ask()
    return command


def words_of(path: str) -> list[str]:
    return path.split()[1:]


# --- documents ---


def one_document(text: str) -> Any:
    """The only document in `text`, strictly read."""

    def unlike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"a key twice: {keys}"
        return dict(pairs)

    assert text.endswith("\n"), text
    assert not text.endswith("\n\n"), text
    assert text.isascii(), text
    return json.loads(text, object_pairs_hook=unlike, parse_constant=pytest.fail)


def check_versions(document: Any) -> None:
    for item in document if isinstance(document, list) else [document]:
        assert list(item.items())[:3] == list(VERSIONS.items())


WAIT = ("cs dashboard", "cs proxy", "cs serve")
"""What goes on until it is told to end."""
BARE = ("cs dashboard",)
"""What answers as other tools of its kind have always done: without versions."""


def answered(world: World, path: str, words: list[str]) -> Answer:
    """What a command answers; one that waits to be told to end is told at once."""
    if path in WAIT:
        with ended_by(signal.SIGINT):
            return world.cs(*words)
    return world.cs(*words)


# --- every command ---


@pytest.mark.parametrize("path", sorted(COMMANDS.keys() | ROWS.keys()))
def test_every_command_is_told_about(path: str) -> None:
    assert path in COMMANDS, (
        f"ROWS of tests/contract/commands.py has a row for `{path}`, which is no command: remove it."
    )
    wanting = gaps(path, COMMANDS[path])
    assert not wanting, "\n".join(wanting)


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="scripts and signals are POSIX's")


@POSIX
@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_takes_json_and_has_help_with_an_example_that_works(world: World, path: str) -> None:
    (as_json,) = [param for param in COMMANDS[path].params if "--json" in param.opts]
    assert getattr(as_json, "is_flag", False)
    world.fill(is_idle=path == "cs" or ROWS.get(path, Row()).is_idle)
    if path in ANSWERS:
        world.ask()
    help_ = world.cs(*words_of(path), "-h")
    assert (help_.status, help_.err) == (0, "")
    assert help_ == world.cs(*words_of(path), "--help")

    example = example_in(help_.out)
    typed = shlex.split(re.split(r" >>? ", example)[0])  # where its answer goes is the shell's
    assert typed[: len(path.split())] == path.split()
    words = [str(Path(word).expanduser()) if word.startswith("~") else word for word in typed[1:]]
    told = answered(world, path, words)
    assert told.status == 0, told
    if "--json" in words:
        check_versions(one_document(told.out))


SPEAKS_FOR_ANOTHER = ("cs run", "cs demo")
"""Their stdout is also that of the program they run; see below."""


@POSIX
@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in SPEAKS_FOR_ANOTHER])
def test_every_command_answers_a_program_in_one_document(world: World, path: str) -> None:
    of_command(world, path)
    words = line(ROWS[path])
    told = answered(world, path, [*words_of(path), "--json", *words])
    assert (told.status, told.err) == (0, "")
    document = one_document(told.out)
    if path not in BARE:
        check_versions(document)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_mistake_is_one_error_and_changes_nothing(world: World, path: str) -> None:
    command = of_command(world, path)
    before = world.tables()
    for mistake in mistakes(path, command):
        typed = [*words_of(path), "--json", *mistake.words] if path != "cs" else [*mistake.words, "--json"]
        told = world.cs(*typed)
        where = f"{shlex.join(['cs', *typed])}\n{told}"
        assert (told.status, told.err) == (1, ""), where
        document = one_document(told.out)
        check_versions(document)
        assert document.keys() == {*VERSIONS, "error"}, where
        error = document["error"]
        assert error["code"] == mistake.code, where
        assert re.fullmatch(r"\S.*\S", error["message"]), where

        plain = world.cs(*words_of(path), *mistake.words)
        assert (plain.status, plain.out) == (1, ""), where
        assert plain.err.startswith("cs: "), where
        assert (plain.err.count("\n"), plain.err[-1]) == (1, "\n"), where
    assert world.tables() == before


# --- what is not as everywhere ---


def test_a_run_leaves_stdout_to_its_program_and_its_document_on_stderr(world: World) -> None:
    of_command(world, "cs run")
    told = world.cs("run", "--json", *line(ROWS["cs run"]))
    assert (told.status, told.out) == (0, "")
    check_versions(one_document(told.err))


def test_the_demo_answers_a_program_in_one_document(world: World) -> None:
    demo = [sys.executable, "-m", "codesession", "demo", "--json"]
    done = subprocess.run(demo, cwd=world.place.home, capture_output=True, text=True, check=True)
    check_versions(one_document(done.stdout))


@pytest.mark.parametrize("path", groups())
def test_a_command_that_holds_others_answers_a_program_too(world: World, path: str) -> None:
    world.fill(is_idle=False)
    before = world.tables()
    told = world.cs(*words_of(path), "--json")
    check_versions(one_document(told.out))
    assert told.err == ""
    assert told.status == (1 if "error" in json.loads(told.out) else 0)
    for words in (["frobnicate"], ["--frobnicate"], ["list", "--frobnicate"]):
        told = world.cs(*words_of(path), *words, "--json")
        assert told.error()["code"] == INVALID
    assert world.tables() == before


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_its_command(world: World, alias: str) -> None:
    world.fill(is_idle=False)
    assert world.cs(alias, "--json") == world.cs(ALIASES[alias], "--json")
    assert world.cs(alias) == world.cs(ALIASES[alias])
    assert world.cs(alias, "--frobnicate", "--json").error()["code"] == INVALID


def test_the_version_is_a_document_too(cs: Cs) -> None:
    told = cs("--version", "--json")
    document = one_document(told.out)
    check_versions(document)
    assert document["version"] == __version__
    assert cs("--json", "--version") == told


def test_a_value_that_is_missing_says_whose_help_to_read(cs: Cs) -> None:
    assert cs("pricing", "set", "--provider").sentence().endswith("See: cs pricing set -h")
    assert cs("end", "-n").sentence().endswith("See: cs end -h")
    assert cs("ls", "-l").sentence().endswith("See: cs ls -h")
