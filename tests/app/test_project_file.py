"""Does the ledger say what a project's file says, and can that file only tighten what the user set?"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Never

import pytest
from tests.test_gate import NOON, World, watched

from codesession.app import ProjectFiles, read_project_file, sync_project_file
from codesession.errors import BudgetExceeded, DatabaseError
from codesession.ledger import SqliteLedger
from codesession.model import Budget, Hold, Mandate, Mode, Outcome, Scope, ScopeKind, Usage, Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="pipes and permissions are POSIX's")
BUDGET = "[[budget]]\namount = 5\nmode = 'block'\n"
MANDATE = "[[mandate]]\nscope = 'agent:codex'\ndeny = ['*-pro*']\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "l.db")) as world:
        yield world


@dataclass
class Project:
    """A project with a session, whose file can be written."""

    world: World
    path: Path
    session_id: int

    @property
    def directory(self) -> str:
        return str(self.path)

    @property
    def file(self) -> Path:
        return self.path / "codesession.toml"

    def says(self, text: str) -> list[str]:
        """Write the file and take it over; what is wrong with it."""
        self.file.write_text(text, encoding="utf-8")
        return sync_project_file(self.world.ledger, self.directory)

    def in_force(self) -> tuple[list[Budget], list[Mandate]]:
        """What the ledger has of this project, and nobody else's."""
        with self.world.ledger.reading() as tx:
            budgets = [replace(one, id=0) for one in tx.budgets() if one.directory == self.directory]
            mandates = [replace(one, id=0) for one in tx.mandates() if one.directory == self.directory]
        return budgets, mandates

    def admit(self, **known: Any) -> Hold:
        """A call of 220 nano-dollars."""
        return self.world.admit(session_id=self.session_id, **known)

    def refusal(self, **known: Any) -> BudgetExceeded:
        with pytest.raises(BudgetExceeded) as refused:
            self.admit(**known)
        return refused.value


def project(world: World, path: Path) -> Project:
    path.mkdir()
    with world.ledger.writing() as tx:
        session = tx.begin_session(Scope(str(path)), "work", NOON)
    return Project(world, path, session.id)


@pytest.fixture
def here(world: World, tmp_path: Path) -> Project:
    return project(world, tmp_path / "here")


def user_sets(world: World, *wanted: Budget | Mandate) -> None:
    with world.ledger.writing() as tx:
        for one in wanted:
            if isinstance(one, Budget):
                tx.set_budget(one)
            else:
                tx.set_mandate(one)


# --- reading ---


def test_no_file_sets_nothing(tmp_path: Path) -> None:
    assert read_project_file(str(tmp_path)) == ([], [], [])
    assert read_project_file(str(tmp_path / "nowhere")) == ([], [], [])


def test_what_a_file_says_is_read(tmp_path: Path) -> None:
    (tmp_path / "codesession.toml").write_bytes(b"\xef\xbb\xbf" + (BUDGET + MANDATE).replace("\n", "\r\n").encode())
    directory = str(tmp_path)
    assert read_project_file(directory) == (
        [Budget(ScopeKind.PROJECT, directory, Window.DAY, 5_000_000_000, Mode.BLOCK, directory=directory)],
        [Mandate(ScopeKind.AGENT, "codex", (), ("*-pro*",), directory=directory)],
        [],
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"[[budget", "is not TOML.", id="torn"),
        pytest.param(b"a = 1\nb = x\n", "is not TOML (line 2).", id="no-value"),
        pytest.param(b"a = " + b"[" * 900, "is not TOML", id="nested-without-end"),
        pytest.param(b"a = " + b"\n".join([b"{" + b"[\n" * 900] * 30), "is not TOML", id="nested-over-lines"),
        pytest.param(b"a = 1\xff", "is not UTF-8", id="no-text"),
        pytest.param(b"\0" * 40, "is not TOML (line 1)", id="nothing"),
        pytest.param(b"#" * 999 + b"\n" + b"# more\n" * 10_000, "is larger than 64 KB", id="too-large"),
        pytest.param(b".".join([b"a"] * 30_000) + b" = 1", "has a line of more than 1,000 characters", id="too-long"),
    ],
)
def test_a_file_that_cannot_be_used_keeps_what_is_in_force(here: Project, raw: bytes, why: str) -> None:
    assert here.says(BUDGET + MANDATE) == []
    before = here.in_force()
    assert [len(kept) for kept in before] == [1, 1]
    here.file.write_bytes(raw)
    began = time.perf_counter()
    (problem,) = sync_project_file(here.world.ledger, here.directory)
    assert time.perf_counter() - began < 5
    assert problem.startswith(f"{here.file} {why}")
    assert problem.endswith("What it set before stays in force.")
    assert here.in_force() == before


def test_numbers_beyond_all_bounds_are_no_amounts(here: Project) -> None:
    (problem,) = here.says(f"[[budget]]\namount = 1e{'9' * 30}\n")
    assert "its amount can be" in problem
    (problem,) = here.says("[[budget]]\namount = 1" + "".join(["_0" * 400]) + "\n")
    assert "its amount can be" in problem


@POSIX
@pytest.mark.parametrize("kind", ["pipe", "directory", "device", "dangling", "loop", "unreadable"])
def test_what_is_no_readable_file_is_not_waited_for(here: Project, kind: str) -> None:
    here.says(BUDGET)
    before = here.in_force()
    here.file.unlink()
    match kind:
        case "pipe":
            os.mkfifo(here.file)
        case "directory":
            here.file.mkdir()
        case "device":
            here.file.symlink_to("/dev/zero")
        case "dangling":
            here.file.symlink_to(here.path / "nowhere")
        case "loop":
            here.file.symlink_to(here.file)
        case _:
            here.file.write_text(BUDGET)
            here.file.chmod(0)
            if os.access(here.file, os.R_OK):
                pytest.skip("this user may read everything")
    (problem,) = sync_project_file(here.world.ledger, here.directory)
    assert problem.startswith(f"{here.file} ")
    assert here.in_force() == before


@POSIX
@pytest.mark.parametrize(
    "text",
    [
        "[sesame]\nx = 1\n[sesame]\n",
        "sesame = 1\nsesame = 2\n",
        "sesame\n",
        "[[budget]]\nsesame = 1\n",
        "[[budget]]\namount = 1\nscope = 'sesame'\n",
        "[[budget]]\namount = 1\nscope = 'session:sesame'\n",
        "[[budget]]\namount = 1\nscope = 'model:[sesame]'\n",
        "[[budget]]\namount = 1\nwindow = 'sesame'\n",
        "[[budget]]\namount = 1\nmode = 'sesame'\n",
        "[[budget]]\namount = 'sesame'\n",
        "[[budget]]\namount = 1\nunpriced = 'sesame'\n",
        "[[mandate]]\nallow = ['[sesame']\n",
        "[[mandate]]\nallow = 'sesame'\n",
        "[[mandate]]\nscope = 'sesame'\nparallel = 1\n",
        "budget = 'sesame'\n",
        "budget = ['sesame']\n",
        "[sesame]\ntoken = 'sesame'\n",
    ],
)
def test_a_link_shows_nothing_of_where_it_leads(tmp_path: Path, text: str) -> None:
    secret = tmp_path / "credentials"
    secret.write_text(text)
    (tmp_path / "codesession.toml").symlink_to(secret)
    _, _, (problem,) = read_project_file(str(tmp_path))
    assert "sesame" not in problem
    assert "credentials" not in problem


@POSIX
def test_a_link_can_be_used(here: Project, tmp_path: Path) -> None:
    (tmp_path / "shared.toml").write_text(BUDGET)
    here.file.symlink_to(tmp_path / "shared.toml")
    assert sync_project_file(here.world.ledger, here.directory) == []
    assert len(here.in_force()[0]) == 1


# --- taking over ---


def test_what_did_not_change_is_not_written(here: Project) -> None:
    counting, ledger = watched(here.world.ledger)
    assert sync_project_file(ledger, here.directory) == []
    assert counting.writes == 0
    here.file.write_text(BUDGET + MANDATE)
    assert sync_project_file(ledger, here.directory) == []
    assert counting.writes == 1
    here.file.write_text(f"# said again\n{MANDATE}\n{BUDGET}warn_at = 80\nstrict = false\n")
    assert sync_project_file(ledger, here.directory) == []
    assert counting.writes == 1


def test_what_is_gone_from_the_file_is_gone(here: Project) -> None:
    user_sets(here.world, Budget(ScopeKind.PROJECT, here.directory, Window.DAY, 1), Mandate(ScopeKind.AGENT, "codex"))
    here.says(BUDGET + MANDATE)
    here.says(MANDATE)
    assert [len(kept) for kept in here.in_force()] == [0, 1]
    here.file.unlink()
    assert sync_project_file(here.world.ledger, here.directory) == []
    assert here.in_force() == ([], [])
    with here.world.ledger.reading() as tx:
        assert [budget.directory for budget in tx.budgets()] == [None]
        assert [mandate.directory for mandate in tx.mandates()] == [None]


def test_another_project_keeps_its_own(here: Project, tmp_path: Path) -> None:
    there = project(here.world, tmp_path / "there")
    there.says(BUDGET + MANDATE)
    before = there.in_force()
    here.says(BUDGET)
    here.says("")
    assert there.in_force() == before


def test_while_an_entry_is_broken_nothing_is_lifted(here: Project) -> None:
    here.says(f"{BUDGET}[[budget]]\nscope = 'agent:a'\namount = 1\n")
    (problem,) = here.says("[[budget]]\namount = 5\nmode = 'blok'\n[[budget]]\nscope = 'agent:a'\namount = 2\n")
    assert "number 1" in problem
    assert {one.scope: (one.limit_nanos, one.mode) for one in here.in_force()[0]} == {
        f"project:{here.directory}": (5_000_000_000, Mode.BLOCK),
        "agent:a": (2_000_000_000, Mode.WARN),
    }


def test_what_did_not_change_keeps_what_was_approved_and_told(here: Project) -> None:
    both = f"{BUDGET}[[budget]]\nscope = 'agent:a'\namount = 1\n"
    here.says(both)
    here.admit(agent="a")
    with here.world.ledger.writing() as tx:
        for standing in tx.standings(NOON):
            assert tx.approve(standing.id, 7)
            assert tx.tell_over(standing.id)
    here.says(both.replace("amount = 1", "amount = 2"))
    here.admit(agent="a")
    with here.world.ledger.writing() as tx:
        standings = {standing.account.budget.kind: standing for standing in tx.standings(NOON)}
        unchanged, changed = standings[ScopeKind.PROJECT], standings[ScopeKind.AGENT]
        assert (unchanged.extra_nanos, changed.extra_nanos) == (7, 0)
        assert (tx.tell_over(unchanged.id), tx.tell_over(changed.id)) == (False, True)
        assert unchanged.held_nanos == changed.held_nanos > 0


# --- it only tightens ---


GENEROUS = (
    "",
    "[[budget]]\nscope = 'session'\namount = 1000000\nmode = 'warn'\n",
    "[[budget]]\nscope = 'all'\namount = 1000000\nmode = 'block'\nunpriced = 'allow'\n",
    "[[budget]]\nscope = 'agent:a'\namount = 1000000\nmode = 'block'\nask = true\n",
    "[[mandate]]\nscope = 'agent:a'\nallow = ['*']\nmost_per_call = 1000000\nparallel = 1000000\n",
)


@pytest.mark.parametrize(
    ("limit", "rule"),
    [
        (Budget(ScopeKind.SESSION, "", Window.SESSION, 219, Mode.BLOCK, is_strict=True), "budget"),
        (Budget(ScopeKind.ALL, "", Window.DAY, 219, Mode.BLOCK, is_strict=True), "budget"),
        (Budget(ScopeKind.AGENT, "*", Window.DAY, 219, Mode.BLOCK, is_strict=True), "budget"),
        (Mandate(ScopeKind.AGENT, "a", deny=("m",)), "model"),
        (Mandate(ScopeKind.AGENT, "*", most_per_call_nanos=219), "call_too_dear"),
        (Mandate(ScopeKind.ALL, "", allow=("other",)), "model"),
    ],
)
def test_no_file_loosens_what_the_user_set(here: Project, limit: Budget | Mandate, rule: str) -> None:
    user_sets(here.world, limit)
    for text in GENEROUS:
        assert here.says(text) == []
        assert here.refusal(agent="a").extra["rule"] == rule


def test_a_file_lets_nothing_pass_that_the_user_refuses_without_a_price(here: Project) -> None:
    user_sets(here.world, Budget(ScopeKind.ALL, "", Window.DAY, 10**9, Mode.BLOCK))
    here.says("[[budget]]\nscope = 'all'\namount = 1000000\nmode = 'block'\nunpriced = 'allow'\n")
    assert here.refusal(model="unheard-of").extra["rule"] == "unpriced"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[[budget]]\namount = 0.000000219\nmode = 'block'\nstrict = true\n", "budget"),
        ("[[budget]]\nscope = 'session'\namount = 0.000000219\nmode = 'block'\nstrict = true\n", "budget"),
        ("[[budget]]\nscope = 'model:m*'\namount = 0.000000219\nmode = 'block'\nstrict = true\n", "budget"),
        ("[[mandate]]\ndeny = ['p/*']\n", "model"),
        ("[[mandate]]\nscope = 'agent:a'\nmost_per_call = 0.000000219\n", "call_too_dear"),
    ],
)
def test_a_file_tightens_in_its_own_project_alone(here: Project, tmp_path: Path, text: str, rule: str) -> None:
    there = project(here.world, tmp_path / "there")
    user_sets(here.world, Budget(ScopeKind.ALL, "", Window.DAY, 10**9, Mode.BLOCK))
    assert here.says(text) == []
    assert here.refusal(agent="a").extra["rule"] == rule
    there.admit(agent="a")


def test_calls_in_other_projects_take_no_place_here(here: Project, tmp_path: Path) -> None:
    there = project(here.world, tmp_path / "there")
    here.says("[[mandate]]\nscope = 'agent:a'\nparallel = 1\n")
    there.admit(agent="a")
    held = here.admit(agent="a")
    assert here.refusal(agent="a").extra["rule"] == "too_many_parallel"
    here.world.settle(held, Outcome(Usage(input=1)))
    here.admit(agent="a")


# --- in a program that lasts ---


@dataclass
class Clock:
    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Lasting:
    """The files as a proxy looks at them, with what it has said, and a clock to set."""

    files: ProjectFiles
    clock: Clock
    said: list[str]

    def later(self, project: Project) -> None:
        """Look again when it is due."""
        self.clock.now_s += 1
        self.files.check(project.directory)


@pytest.fixture
def lasting(world: World) -> Lasting:
    clock, said = Clock(), list[str]()
    return Lasting(ProjectFiles(world.ledger, said.append, clock), clock, said)


def test_a_file_is_looked_at_once_a_second(here: Project, lasting: Lasting) -> None:
    here.file.write_text(BUDGET)
    lasting.files.check(here.directory)
    assert len(here.in_force()[0]) == 1
    here.file.write_text("")
    lasting.clock.now_s += 0.9
    assert not lasting.files.is_due(here.directory)
    lasting.files.check(here.directory)
    assert len(here.in_force()[0]) == 1
    lasting.clock.now_s += 0.1
    assert lasting.files.is_due(here.directory)
    lasting.files.check(here.directory)
    assert here.in_force() == ([], [])
    assert lasting.said == []


def test_each_project_has_its_own_second(here: Project, tmp_path: Path, lasting: Lasting) -> None:
    there = project(here.world, tmp_path / "there")
    there.file.write_text(MANDATE)
    lasting.files.check(here.directory)
    lasting.files.check(there.directory)
    assert len(there.in_force()[1]) == 1


def test_a_file_that_did_not_change_is_not_read_again(here: Project, lasting: Lasting) -> None:
    here.file.write_text(BUDGET)
    lasting.files.check(here.directory)
    with here.world.ledger.writing() as tx:  # somebody else's change shows whether it is compared again
        assert tx.remove_budget(ScopeKind.PROJECT, here.directory, Window.DAY, here.directory)
    lasting.later(here)
    assert here.in_force() == ([], [])
    here.file.write_text(BUDGET + "\n")
    lasting.later(here)
    assert len(here.in_force()[0]) == 1
    here.file.unlink()
    lasting.later(here)
    assert here.in_force() == ([], [])


def test_a_problem_is_said_once_for_as_long_as_it_stands(here: Project, lasting: Lasting) -> None:
    here.file.write_text("[[budget\n")
    lasting.files.check(here.directory)
    here.file.write_text("[[budget\n# still")
    lasting.later(here)
    assert lasting.said == [f"{here.file} is not TOML (line 1). What it set before stays in force."]
    here.file.write_text(BUDGET)
    lasting.later(here)
    here.file.write_text("[[budget\n")
    lasting.later(here)
    assert len(lasting.said) == 2


def test_a_ledger_that_cannot_be_written_is_tried_again(tmp_path: Path, here: Project) -> None:
    clock, said = Clock(), list[str]()
    with closing(SqliteLedger(tmp_path / "l.db", wait_s=0)) as impatient:
        lasting = Lasting(ProjectFiles(impatient, said.append, clock), clock, said)
        here.file.write_text(BUDGET)
        with here.world.ledger.writing():
            lasting.files.check(here.directory)
            lasting.later(here)
        assert here.in_force() == ([], [])
        (problem,) = said
        assert problem.startswith(f"{here.file} could not be taken over. ")
        lasting.later(here)
    assert len(here.in_force()[0]) == 1
    assert len(said) == 1


def test_nobody_passes_before_the_file_is_taken_over(here: Project) -> None:
    here.file.write_text(BUDGET)
    counting, ledger = watched(here.world.ledger)
    files = ProjectFiles(ledger, pytest.fail, Clock())
    seen: list[int] = []
    together = threading.Barrier(8)

    def check() -> None:
        together.wait(10)
        files.check(here.directory)
        seen.append(len(here.in_force()[0]))

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8
    assert counting.writes == 1


class Busy(Clock):
    """A ledger that answers nobody, and the time; the second answer waits until two threads have asked for that."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = 0
        self.asked = threading.Semaphore(0)

    def reading(self) -> Never:
        self.tried += 1
        if self.tried == 2:
            for _ in range(3):  # one of them twice: before its turn, and in it
                assert self.asked.acquire(timeout=10)
        raise DatabaseError("It is locked.")

    def __call__(self) -> float:
        if self.now_s > 100:
            self.asked.release()
        return self.now_s


def test_who_waited_for_a_look_that_failed_does_not_look_again(here: Project) -> None:
    busy = Busy()
    ledger: Any = busy
    files = ProjectFiles(ledger, lambda _: None, busy)
    files.check(here.directory)
    busy.now_s += 1
    threads = [threading.Thread(target=files.check, args=(here.directory,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert busy.tried == 2
