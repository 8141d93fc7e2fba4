"""Do ``start``, ``end``, ``status``, ``show`` and ``list`` answer as the contract says, to people and to programs?"""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from codesession.ledger import SqliteLedger
from codesession.model import Attempt, Cost, Cut, Outcome, Usage

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs


def spend(place: Place, session_id: int) -> None:
    """One priced call, one unpriced, one interrupted."""
    with closing(SqliteLedger(place.database)) as ledger, ledger.writing() as tx:
        owner_id = tx.add_owner(os.getpid(), 1)
        for outcome, cost in (
            (Outcome(Usage(input=1000, output=500)), Cost(10_500_000, "table")),
            (Outcome(Usage(input=7)), None),
            (Outcome(Usage(input=3), cut=Cut.CLIENT), Cost(3_000, "table")),
        ):
            asked = Attempt(session_id, "anthropic", "claude-x", "messages", streamed=True, request_bytes=9)
            tx.settle(tx.hold(asked, 99, owner_id, 1), outcome, cost, 2)
        tx.annotate(session_id, "half way", 5)


def test_a_session_from_start_to_end_as_documents(place: Place, cs: Cs) -> None:
    begun = cs("start", "Fix the login", "--json").json()
    assert (begun["id"], begun["name"], begun["status"]) == (1, "Fix the login", "active")
    assert (begun["directory"], begun["gitRoot"], begun["branch"]) == (str(place.repo), str(place.repo), "main")

    spend(place, 1)
    place.write("made.txt")
    hash_ = place.commit("Made it")
    place.write("loose.txt")

    live = cs("status", "--json").json()
    assert (live["status"], live["filesChanged"], live["commits"], live["aiTokens"]) == ("active", 2, 1, 1510)
    assert (live["aiCost"], live["unpricedCalls"], live["interruptedCalls"]) == (0.010503, 1, 1)
    assert [note["message"] for note in live["annotations"]] == ["half way"]
    assert len(live["aiUsage"]) == 3
    assert live["notes"] is None

    ended = cs("end", "-n", "Login works", "--json").json()
    assert (ended["status"], ended["notes"], ended["commitsCount"]) == ("completed", "Login works", 1)
    assert [(commit["hash"], commit["message"]) for commit in ended["commits"]] == [(hash_, "Made it")]
    assert [(file["filePath"], file["changeType"]) for file in ended["files"]] == [
        ("loose.txt", "created"),
        ("made.txt", "created"),
    ]
    assert all(row["id"] > 0 for key in ("files", "commits", "aiUsage", "annotations") for row in ended[key])

    shown = cs("show", "--json").json()
    assert shown["commits"] == shown["commitsCount"] == 1
    assert "files" not in shown
    shown = cs("show", "1", "--files", "--commits", "--json").json()
    assert shown["files"] == ended["files"]
    assert shown["commits"] == ended["commits"]

    listed = cs("list", "--json").json()
    assert [entry["id"] for entry in listed] == [1]
    assert cs("ls", "--json").json() == listed


def test_a_session_of_less_than_a_second_lasts_none(cs: Cs) -> None:
    cs("start", "quick", "--json")
    ended = cs("end", "--json").json()
    assert ended["duration"] in (0, 1)  # the machine may be slow
    assert ended["durationFormatted"] == f"{ended['duration']}s"


def test_a_session_outside_git(place: Place, cs: Cs) -> None:
    directory = place.outside()
    begun = cs("start", "x", "--json").json()
    assert (begun["directory"], begun["gitRoot"], begun["branch"]) == (str(directory), None, None)
    ended = cs("end", "--json").json()
    assert (ended["files"], ended["commits"], ended["notes"]) == ([], [], None)


def test_a_session_from_start_to_end_for_people(place: Place, cs: Cs) -> None:
    begun = cs("start", "Fix the login")
    assert (begun.status, begun.err) == (0, "End it with: cs end\n")
    assert begun.out == f'Session 1 "Fix the login" has begun in {place.repo}\n'
    spend(place, 1)
    live = cs("status")
    assert live.status == 0
    for part in ("Session: Fix the login", "Active", "$0.01+", "1 call unpriced", "1 call interrupted", "half way"):
        assert part in live.out
    ended = cs("end")
    assert ended.out.startswith("Session ended: Fix the login\n")
    assert ended.out.endswith("• 0 files • 0 commits • $0.01+ AI cost\n")
    assert "Completed" in cs("show").out
    assert "Fix the login" in cs("list").out


def test_show_for_people_lists_what_it_is_asked_for(place: Place, cs: Cs) -> None:
    cs("start", "x", "--json")
    place.write("made.txt")
    hash_ = place.commit("Made it")
    assert "made.txt" not in cs("show").out
    assert "made.txt" in cs("show", "--files").out
    assert hash_[:7] in cs("show", "1", "--commits").out


def test_show_takes_the_newest_session_of_any_scope_and_the_list_knows_all(place: Place, cs: Cs) -> None:
    cs("start", "here", "--json")
    place.outside()
    cs("start", "there", "--json")
    assert cs("show", "--json").json()["name"] == "there"
    assert [entry["name"] for entry in cs("list", "--json").json()] == ["there", "here"]
    assert [entry["name"] for entry in cs("list", "-l", "1", "--json").json()] == ["there"]
    assert len(cs("list", "-l", str(10**30), "--json").json()) == 2


def test_a_session_elsewhere_is_reached_by_its_id(place: Place, cs: Cs) -> None:
    cs("start", "here", "--json")
    place.outside()
    assert cs("status", "-s", "1", "--json").json()["name"] == "here"
    assert cs("end", "-s", "1", "--json").json()["name"] == "here"


def test_without_any_session_the_list_is_empty(cs: Cs) -> None:
    assert cs("list", "--json").json() == []
    assert cs("list").out == "No sessions yet. Begin with: cs run -- <command>\n"


# --- every error, to a program and to a person ---

ERRORS: dict[str, tuple[list[str], str, dict[str, object]]] = {
    "a-second-session": (["start", "second"], "session_active", {"id": 1, "activeSession": "first"}),
    "a-blank-name": (["start", " "], "invalid_input", {}),
    "no-name": (["start"], "invalid_input", {}),
    "two-names": (["start", "a", "b"], "invalid_input", {}),
    "status-of-an-id-that-is-not": (["status", "-s", "99"], "session_not_found", {"id": 99}),
    "end-of-an-id-that-is-not": (["end", "-s", "99"], "session_not_found", {"id": 99}),
    "show-of-an-id-that-is-not": (["show", "99"], "session_not_found", {"id": 99}),
    "id-zero": (["show", "0"], "invalid_input", {}),
    "negative-id": (["end", "-s", "-1"], "invalid_input", {}),
    "an-id-that-is-a-word": (["end", "-s", "first"], "invalid_input", {}),
    "half-an-id": (["show", "1.5"], "invalid_input", {}),
    "an-id-beyond-64-bits": (["show", str(2**63)], "invalid_input", {}),
    "limit-zero": (["list", "-l", "0"], "invalid_input", {}),
    "a-limit-that-is-a-word": (["list", "--limit", "many"], "invalid_input", {}),
    "an-unknown-option": (["end", "--force"], "invalid_input", {}),
    "an-unknown-command": (["frobnicate"], "invalid_input", {}),
    "an-option-without-its-value": (["end", "-n"], "invalid_input", {}),
    "run-without-a-command": (["run"], "invalid_input", {}),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_to_a_program_is_one_document_on_stdout(cs: Cs, case: str) -> None:
    words, code, extra = ERRORS[case]
    cs("start", "first", "--json")
    # before the words that are wrong, since what follows an option may be its value
    error = cs(words[0], "--json", *words[1:]).error() if words[0] != "frobnicate" else cs(*words, "--json").error()
    assert error["code"] == code
    assert extra.items() <= error.items()


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_to_a_person_is_one_sentence_on_stderr(cs: Cs, case: str) -> None:
    cs("start", "first", "--json")
    assert len(cs(*ERRORS[case][0]).sentence()) > 10


def test_an_active_session_is_named_with_what_to_do(cs: Cs) -> None:
    cs("start", "first", "--json")
    error = cs("start", "second", "--json").error()
    assert error.keys() == {"code", "message", "id", "activeSession", "hint"}
    assert error["hint"] == "End it with: cs end. Or: cs start --resume, or --close-stale."
    assert cs("start", "second").sentence() == f'Session 1 "first" is already active here. {error["hint"][:-1]}.'


@pytest.mark.parametrize("command", ["end", "status"])
def test_without_a_session_here_there_is_nothing_to_end_or_tell(place: Place, cs: Cs, command: str) -> None:
    assert cs(command, "--json").error()["code"] == "no_active_session"
    assert cs(command).sentence() == "No active session here. Start one with: cs start <name>"
    cs("start", "here", "--json")
    place.outside()
    assert cs(command, "--json").error()["code"] == "no_active_session"


def test_without_any_session_there_is_nothing_to_show(cs: Cs) -> None:
    assert cs("show", "--json").error()["code"] == "session_not_found"
    assert "Begin with" in cs("show").sentence()


def test_an_ended_session_cannot_be_ended_again(cs: Cs) -> None:
    cs("start", "x", "--json")
    cs("end")
    assert cs("end", "-s", "1", "--json").error() == {
        "code": "session_not_found",
        "message": "No active session has the id 1.",
        "id": 1,
    }


def test_a_ledger_that_cannot_be_used_is_said(place: Place, cs: Cs) -> None:
    place.database.parent.mkdir()
    place.database.write_text("my diary " * 1000)
    error = cs("list", "--json").error()
    assert (error["code"], error["path"]) == ("database_error", str(place.database))
    assert "not a ledger; move it away" in cs("list").sentence()
    assert place.database.read_text() == "my diary " * 1000


def test_a_setting_that_cannot_be_used_is_said(place: Place, cs: Cs) -> None:
    (place.home / ".codesession").mkdir()
    (place.home / ".codesession" / "config.toml").write_text("durability = 3")
    assert cs("list", "--json").error()["code"] == "invalid_input"
    assert "durability is 3" in cs("list").sentence()


def test_what_could_not_be_read_is_said_to_a_program_too_beside_its_document(place: Place, cs: Cs) -> None:
    cs("start", "x", "--json")
    (place.repo / ".git").rename(place.home / "gone")
    told = cs("end", "-s", "1", "--json")
    assert (told.status, json.loads(told.out)["files"]) == (0, [])
    assert told.err == f"No git repository can be read at {place.repo}: what changed is not known.\n"


# --- hostile words ---

HOSTILE = "\x1b[31mred\x1b[0m\x07 \u202eback\u202c \x9b2J \udcff end"


def test_hostile_words_reach_no_terminal(place: Place, cs: Cs) -> None:
    place.write("\x1b[2J.txt") if os.name != "nt" else None
    texts = [cs("start", HOSTILE).out]
    place.write("new\x1b[2J.txt" if os.name != "nt" else "new.txt")
    place.commit("\x1b]0;title\x07 subject")
    texts += [cs("status").out, cs("start", HOSTILE).err, cs("show", "--files", "--commits").out, cs("list").out]
    texts += [cs("end", "-n", HOSTILE).out, cs("show").out, cs(HOSTILE).err]
    for text in texts:
        assert "end" in text or "subject" in text
        controls = [char for char in text if char != "\n" and (ord(char) < 32 or 127 <= ord(char) < 160)]
        assert controls == []
        assert not set("\u202e\u202c") & set(text)


def test_hostile_words_stay_themselves_in_documents(cs: Cs) -> None:
    begun = cs("start", HOSTILE, "--json")
    assert begun.out.isascii()
    assert begun.json()["name"] == " ".join(HOSTILE.replace("\udcff", "?").split())
    assert cs("end", "-n", HOSTILE, "--json").json()["notes"] == HOSTILE.replace("\udcff", "?")
