"""What happens when many commands run at once? Each does its work, one after the other, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.conftest import Machine

LOG = ("log-ai", "-p", "anthropic", "-m", "claude-sonnet-4-5", "--prompt-tokens", "8", "--completion-tokens", "2")
NANOS = 8 * 3_000 + 2 * 15_000
"""What `LOG` costs at https://docs.claude.com/en/docs/about-claude/pricing, read 2026-11-22."""


def documents(machine: Machine, processes: list[subprocess.Popen[bytes]]) -> list[Any]:
    """The document each process ends with; nobody has anything to say beside it."""
    answers = []
    for process in processes:
        done = machine.ended(process)
        assert done.stderr == b""
        answer = json.loads(done.stdout)
        assert done.returncode == (1 if "error" in answer else 0)
        answers.append(answer)
    return answers


def is_well(machine: Machine) -> None:
    """The file is whole, and its rows agree with each other."""
    machine.check_file()
    with closing(SqliteLedger(machine.database)) as ledger:
        condition = ledger.check()
    assert not condition.held
    found = (condition.migrations, condition.references, condition.totals, condition.scopes, condition.values)
    assert found == ([], [], [], [], [])


def test_calls_that_many_log_at_once_are_all_kept(machine: Machine) -> None:
    processes, turns = 8, 2
    machine.json("start", "work")
    running = [machine.start(*LOG, "--json") for _ in range(processes)]
    answers = []
    for _ in range(turns - 1):
        for number, process in enumerate(running):
            answers += documents(machine, [process])
            running[number] = machine.start(*LOG, "--json")  # beside the others, which go on
    answers += documents(machine, running)
    assert len({answer["logged"]["id"] for answer in answers}) == processes * turns

    shown = machine.json("status")
    assert (shown["aiCalls"], shown["aiTokens"]) == (processes * turns, 10 * processes * turns)
    assert sum(call.cost_nanos or 0 for call in machine.calls()) == NANOS * processes * turns
    assert shown["aiCost"] == pytest.approx(NANOS * processes * turns / 1e9, abs=1e-10)
    assert max(answer["session"]["aiTokens"] for answer in answers) == shown["aiTokens"]
    is_well(machine)


@pytest.mark.parametrize("rivals", [2, 8])
def test_of_starts_in_one_scope_one_begins_the_session(machine: Machine, rivals: int) -> None:
    machine.repository()
    answers = documents(machine, [machine.start("start", f"name {number}", "--json") for number in range(rivals)])
    (begun,) = [answer for answer in answers if "error" not in answer]
    refused = [answer["error"] for answer in answers if "error" in answer]
    told = {(error["code"], error["id"], error["activeSession"]) for error in refused}
    assert told == {("session_active", begun["id"], begun["name"])}
    assert [(session.id, session.name) for session in machine.sessions()] == [(begun["id"], begun["name"])]
    is_well(machine)


@pytest.mark.parametrize("rivals", [2, 8])
def test_of_ends_of_one_session_one_ends_it(machine: Machine, rivals: int) -> None:
    root = machine.repository()
    machine.json("start", "work")
    (root / "new").touch()
    machine.git("add", "new")
    machine.git("commit", "-qm", "second")
    answers = documents(machine, [machine.start("end", "-n", f"note {number}", "--json") for number in range(rivals)])
    (ended,) = [answer for answer in answers if "error" not in answer]
    assert {answer["error"]["code"] for answer in answers if "error" in answer} == {"no_active_session"}
    assert ([file["filePath"] for file in ended["files"]], len(ended["commits"])) == (["new"], 1)

    (shown,) = machine.json("export")
    assert (shown["notes"], len(shown["files"]), len(shown["commits"])) == (ended["notes"], 1, 1)
    is_well(machine)


def test_scopes_begin_side_by_side(machine: Machine) -> None:
    places = [machine.root / f"place {number}" for number in range(4)]
    for place in places:
        place.mkdir()
    answers = documents(machine, [machine.start("start", "work", "--json", cwd=place) for place in places])
    assert {answer["directory"] for answer in answers} == {str(place) for place in places}
    answers = documents(machine, [machine.start("end", "--json", cwd=place) for place in places])
    assert {answer["workingDirectory"] for answer in answers} == {str(place) for place in places}
    is_well(machine)


def test_the_first_use_by_many_at_once_makes_one_ledger_and_one_price_list(machine: Machine) -> None:
    shutil.rmtree(machine.home / ".codesession")  # neither ledger nor prices
    running = []
    for number in range(8):
        place = machine.root / f"place {number}"
        place.mkdir()
        words = ("pricing", "list", "--provider", "anthropic") if number < 2 else ("start", "work")
        running.append(machine.start(*words, "--json", cwd=place))
    answers = documents(machine, running)
    assert [answer for answer in answers if "error" in answer] == []
    assert answers[0]["models"] == answers[1]["models"] != {}
    assert len({answer["id"] for answer in answers[2:]}) == 6
    assert len(list((machine.home / ".codesession" / "prices").iterdir())) == 1
    is_well(machine)
