"""Does a framework that was written from the published documents alone work with the real ``cs``?"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import WAIT_S, eventually

from codesession.ledger import SqliteLedger
from codesession.model import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells and hooks are POSIX's")

HOUR_MS = 3_600_000
LIFECYCLE_CODES = ("session_active", "no_active_session", "session_not_found", "missing_tokens", "unknown_model")


@dataclass
class CsFailed(Exception):
    """``cs`` said no; frameworks look at `code` alone."""

    code: str
    document: dict[str, Any]


@dataclass
class Tracker:
    """What an agent framework has of ``cs``: words in, one document out, no terminal, no prompt."""

    cwd: Path
    environ: Mapping[str, str]

    def __call__(self, *words: str) -> Any:
        """The document of ``cs <words> --json``; raises `CsFailed` for an error."""
        assert shutil.which("cs", path=self.environ["PATH"])
        done = subprocess.run(
            ["cs", *words, "--json"],
            cwd=self.cwd,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.stderr == b""
        document = json.loads(done.stdout)  # one document: anything after it would raise
        for item in document if isinstance(document, list) else [document]:
            assert item["schemaVersion"] == 1
            assert isinstance(item["codesessionVersion"], str)
            assert isinstance(item["costhqVersion"], str)
        if isinstance(document, dict) and "error" in document:
            assert done.returncode == 1
            raise CsFailed(document["error"]["code"], document["error"])
        assert done.returncode == 0
        return document

    def refusal(self, *words: str) -> CsFailed:
        with pytest.raises(CsFailed) as caught:
            self(*words)
        return caught.value


def install(machine: Machine) -> None:
    """Put the real ``cs`` where a shell finds it."""
    file = machine.root / "bin" / "cs"
    installed = Path(sys.executable).with_name("cs")
    if installed.exists():
        file.symlink_to(installed)
    else:
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m codesession "$@"\n')
        file.chmod(0o755)


@pytest.fixture
def track(machine: Machine) -> Tracker:
    install(machine)
    machine.repository()
    return Tracker(machine.work, machine.environ)


def sh(machine: Machine, script: str, **environ: str) -> str:
    """What a shell script writes to its stdout; the script must succeed, and write nothing to stderr."""
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=machine.work,
        env={**machine.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


# --- the recommended lifecycle of the integration contract ---


def test_the_recommended_lifecycle_from_start_to_end(machine: Machine, track: Tracker) -> None:
    task = track("start", "Fix authentication bug", "--close-stale")
    assert (task["name"], task["status"]) == ("Fix authentication bug", "active")
    assert task["gitRoot"] == str(machine.work)
    session_id = task["id"]

    assert track("note", "phase 1: analysis")["sessionId"] == session_id
    split = ("--prompt-tokens", "8000", "--completion-tokens", "2000")
    spent = 0.0
    for agent in ("Code Review Bot", "Test Writer"):
        logged = track("log-ai", "-p", "anthropic", "-m", "claude-sonnet-4", *split, "--agent", agent)
        assert logged["pricing"].items() >= {
            ("source", "built-in"), ("modelKnown", True), ("inputPer1M", 3.0), ("outputPer1M", 15.0),
        }  # fmt: skip
        assert logged["logged"]["agentName"] == agent
        spent += logged["logged"]["cost"]
    track("log-ai", "-p", "anthropic", "-m", "claude-opus-4-6", "-t", "15000", "-c", "0.30")
    track("log-ai", "-p", "openai", "-m", "gpt-4o", *split, "-c", "0.04")

    (machine.work / "auth.py").write_text("fixed = True\n")
    machine.git("add", "--all")
    machine.git("commit", "--quiet", "--message", "fix: authentication")
    (machine.work / "tests").mkdir()
    (machine.work / "tests" / "auth_test.py").write_text("assert True\n")
    machine.git("add", "--all")
    machine.git("commit", "--quiet", "--message", "test: authentication")
    (machine.work / "README.md").write_text("fixed\n")
    track("note", "phase 2: implementation")

    status = track("status")
    assert status["aiCost"] == pytest.approx(spent + 0.34)
    assert status["aiCost"] < 5.00
    assert (status["id"], status["status"], status["aiTokens"]) == (session_id, "active", 45_000)
    assert isinstance(status["liveDuration"], int)
    assert re.fullmatch(r"\d+s", status["liveDurationFormatted"])
    assert (status["filesChanged"], status["gitRoot"]) == (3, str(machine.work))

    summary = track("end", "-n", "Auth complete, all tests passing")
    assert (summary["id"], summary["status"]) == (session_id, "completed")
    assert (summary["filesChanged"], summary["aiCost"]) == (3, status["aiCost"])
    assert isinstance(summary["duration"], int)

    shown = track("show", "--files", "--commits")
    assert [commit["message"] for commit in shown["commits"]] == ["fix: authentication", "test: authentication"]
    assert {file["filePath"]: file["changeType"] for file in shown["files"]} == {
        "auth.py": "created", "tests/auth_test.py": "created", "README.md": "modified",
    }  # fmt: skip
    assert [call.get("agentName") for call in shown["aiUsage"]] == ["Code Review Bot", "Test Writer", None, None]
    assert [note["message"] for note in shown["annotations"]] == ["phase 1: analysis", "phase 2: implementation"]
    assert shown["notes"] == "Auth complete, all tests passing"

    stats = track("stats")
    assert (stats["totalSessions"], stats["totalCommits"], stats["totalFiles"]) == (1, 2, 3)
    assert stats["totalAICost"] == sum(session["aiCost"] for session in track("list", "-l", "20"))
    (exported,) = track("export", "--format", "json", "--limit", "10")
    assert exported["aiUsage"] == shown["aiUsage"]


def test_a_crashed_agent_resumes_or_begins_anew_and_every_error_has_its_code(machine: Machine, track: Tracker) -> None:
    refusals = [track.refusal("status")]
    first = track("start", "Continue work", "--resume")  # nothing to resume: it begins
    assert "resumed" not in first
    taken = track.refusal("start", "Another")
    assert (taken.document["id"], taken.document["activeSession"]) == (first["id"], "Continue work")
    again = track("start", "Continue work", "--resume")
    assert (again["id"], again["resumed"], again["status"]) == (first["id"], True, "active")
    assert track("start", "--resume")["id"] == first["id"]
    fresh = track("start", "Fresh start", "--close-stale")
    assert fresh["id"] != first["id"]
    assert "auto-recovered" in track("show", str(first["id"]))["notes"]
    assert track.refusal("end", "-s", str(first["id"])).code == "session_not_found"

    refusals += [
        taken,
        track.refusal("show", "4711"),
        track.refusal("log-ai", "-p", "openai", "-m", "gpt-4o"),
        track.refusal("log-ai", "-p", "openai", "-m", "not-yet-released", "-t", "10"),
    ]
    assert sorted(refusal.code for refusal in refusals) == sorted(LIFECYCLE_CODES)
    assert track("status")["aiUsage"] == []
    for words in (["start"], ["log-ai"], ["log-ai", "-t", "5"], ["note"], ["frobnicate"], ["list", "-l", "some"]):
        assert track.refusal(*words).code == "invalid_input"

    with closing(SqliteLedger(machine.database)) as ledger, ledger.writing() as tx:
        for hours in (11, 13):
            tx.begin_session(
                Scope(f"/gone/{hours}"), f"{hours} hours old", time.time_ns() // 1_000_000 - hours * HOUR_MS
            )
    recovered = track("recover", "--max-age", "12")
    assert (recovered["recovered"], [session["name"] for session in recovered["sessions"]]) == (1, ["13 hours old"])
    assert {session["name"] for session in track("list") if session["status"] == "active"} == {
        "Fresh start",
        "11 hours old",
    }


def test_prices_are_the_users_to_change(track: Tracker) -> None:
    models = track("pricing", "list")["models"]
    for name in ("claude-opus-4-6", "claude-sonnet-4", "gpt-4o", "codex-mini-latest"):
        assert models[name]["input"] > 0
        assert models[name]["output"] > 0
    track("pricing", "set", "gpt-4o", "2.50", "10.00", "--provider", "openai")
    track("pricing", "set", "gpt-4o", "3.00", "12.00", "--provider", "azure")
    track("pricing", "set", "my-ft-model", "5.00", "15.00")
    track("start", "Priced")
    split = ("--prompt-tokens", "1000000", "--completion-tokens", "1000000")
    costs = {
        (provider, model): track("log-ai", "-p", provider, "-m", model, *split)["logged"]["cost"]
        for provider, model in (("openai", "gpt-4o"), ("azure", "gpt-4o"), ("acme", "my-ft-model"))
    }
    assert list(costs.values()) == [12.5, 15.0, 20.0]
    assert track("pricing", "reset")["reset"] is True
    assert track.refusal("log-ai", "-p", "acme", "-m", "my-ft-model", *split).code == "unknown_model"


# --- scripts for people ---


def test_a_session_by_hand_as_the_manual_shows_it(machine: Machine, track: Tracker) -> None:
    waiting = machine.start("start", "Build user authentication")  # in another terminal, until it is ended
    eventually(lambda: machine.database.exists() and machine.cs("status").returncode == 0)
    said = sh(
        machine,
        """
        cs log-ai -p openai -m gpt-4o -t 15000 -c 0.125
        cs log-ai -p anthropic -m claude-3-5-sonnet-20241022 -t 25000 -c 0.250
        cs status
        cs end -n "Branch: $(git branch --show-current)"
        cs show
        cs list -l 1000 > backup.txt
        cs stats
        """,
    )
    done = machine.ended(waiting)
    assert done.returncode == 0
    assert "Session ended: Build user authentication" in done.stdout.decode()
    assert "Branch: main" in said
    assert "40,000" in said
    assert "$0.38" in said or "$0.375" in said
    assert "Build user authentication" in (machine.work / "backup.txt").read_text(encoding="utf-8")
    assert "\x1b" not in said
    ended = track("show", "1")
    assert (ended["aiCost"], ended["aiTokens"], ended["notes"]) == (0.375, 40_000, "Branch: main")


HOOK = """#!/bin/sh
# Check if session active
cs status > /dev/null 2>&1
if [ $? -eq 0 ]; then
  # Session active, commit will be logged automatically
  echo "Commit logged to active session"
fi
"""


def test_the_documented_hook_speaks_only_while_a_session_is_active(machine: Machine, track: Tracker) -> None:
    hook = machine.work / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)

    def commit() -> bool:
        words = ["git", "commit", "--allow-empty", "--message", "more"]
        done = subprocess.run(words, cwd=machine.work, env=machine.environ, capture_output=True, text=True, check=True)
        return "Commit logged to active session" in done.stdout + done.stderr

    assert not commit()
    track("start", "With a hook")
    assert commit()
    assert [commit["message"] for commit in track("end")["commits"]] == ["more"]
    assert not commit()


def test_a_build_server_gets_its_shell_back(machine: Machine, track: Tracker) -> None:
    sh(
        machine,
        'cs start "CI Build #${BUILD_NUMBER}"\ntrue && true\ncs end -n "Build result: $?"',
        CI="1",
        BUILD_NUMBER="7",
    )
    build = track("show")
    assert (build["name"], build["notes"], build["status"]) == ("CI Build #7", "Build result: 0", "completed")


def test_what_another_tool_counted_is_piped_in(machine: Machine, track: Tracker) -> None:
    today = [
        {"provider": "openai", "model": "gpt-4o", "total_tokens": 9, "cost": 9.0},
        {"provider": "openai", "model": "gpt-4o", "total_tokens": 15000, "cost": 0.125},
    ]
    (machine.root / "today.json").write_text(json.dumps(today))
    machine.program(  # instead of jq -r '.[-1] | "cs log-ai -p \(.provider) -m \(.model) -t \(.total_tokens) -c …"'
        "last",
        "import json, sys\n"
        "row = json.load(sys.stdin)[-1]\n"
        'print("cs log-ai -p {provider} -m {model} -t {total_tokens} -c {cost}".format(**row))\n',
    )
    track("start", "Piped")
    said = sh(machine, f"last < '{machine.root}/today.json' | sh")
    assert said.startswith("Logged openai/gpt-4o: 15,000 tokens, ")
    status = track("status")
    assert (status["aiCost"], status["aiTokens"]) == (0.125, 15_000)


def test_a_python_program_logs_each_call(machine: Machine, track: Tracker) -> None:
    script = machine.root / "agent.py"
    script.write_text(
        "import subprocess\n"
        "for tokens, cost in ((1200, 0.1 + 0.2), (3, 1e-05), (7, 2e-09), (5, 3.3333333333333335e-05)):\n"
        "    subprocess.run(['cs', 'log-ai', '-p', 'openai', '-m', 'gpt-4o', '-t', str(tokens), '-c', str(cost)],"
        " check=True)\n"
    )
    track("start", "From Python")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)],
        cwd=machine.work,
        env={**machine.environ, "CODESESSION_AGENT_NAME": "Research Agent"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    calls = track("status")["aiUsage"]
    assert [call["cost"] for call in calls] == [0.3, 1e-05, 2e-09, 3.3333e-05]
    assert {call["agentName"] for call in calls} == {"Research Agent"}


def test_without_cs_a_skill_goes_on(machine: Machine) -> None:
    tools = [path for path in os.environ["PATH"].split(os.pathsep) if not (Path(path) / "cs").exists()]
    script = 'if which cs > /dev/null 2>&1; then cs start "task" --json; fi; echo "the task itself"'
    assert sh(machine, script, PATH=os.pathsep.join(tools)) == "the task itself\n"
