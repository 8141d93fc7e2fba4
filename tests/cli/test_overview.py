"""Does `cs` alone say where one stands and what to type next?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cs


def test_without_a_session_it_says_how_to_begin(cs: Cs) -> None:
    told = cs()
    assert told.status == 0
    assert told.out.startswith("No session is active here.\n")
    assert "cs run -- claude" in told.out
    assert told.out.endswith("All commands: cs -h\n")
    document = cs("--json").json()
    assert document["active"] is None
    assert [step["command"].split()[1] for step in document["next"]] == ["run", "start", "list"]


@pytest.mark.usefixtures("priced")
def test_with_a_session_it_says_how_it_stands_and_how_to_go_on(cs: Cs) -> None:
    cs("start", "Fix the login", "--json")
    cs("log-ai", "-p", "p", "-m", "m", "-t", "5", "-c", "1.43", "--json")
    told = cs()
    assert told.out.splitlines()[0].startswith('Session 1 "Fix the login" is active here: ')
    assert told.out.splitlines()[0].endswith("$1.43 AI cost")
    document = cs("--json").json()
    assert (document["active"]["id"], document["active"]["aiCost"]) == (1, 1.43)
    assert [step["command"].split()[1] for step in document["next"]] == ["status", "note", "end"]


def test_json_before_a_command_says_where_it_belongs(cs: Cs) -> None:
    error = cs("--json", "status").error()
    assert error["message"] == "Write --json after the command: cs status --json"
