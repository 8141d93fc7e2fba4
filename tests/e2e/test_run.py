"""What does `cs run` do around the child? A session, a proxy that clients find, and at the end the bill."""

from __future__ import annotations

import json
import re
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import agent, eventually, published_cost, told

from codesession.model import CallState, to_usd

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.e2e.conftest import Machine

RUN = ("run", "--port", "0", "--")
CLAUDE = "claude-sonnet-4-5"
SHOW_ENVIRONMENT = "tell(**os.environ)"


def environment_of(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    """The environment that an agent told."""
    (line,) = told(done)
    return line


def summary_of(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """The JSON line that ends stderr."""
    *_, last = done.stderr.splitlines()
    summary: dict[str, Any] = json.loads(last)
    return summary


# --- the bill ---


def test_the_summary_says_what_the_run_cost(machine: Machine) -> None:
    done = machine.run(*agent("ask(input=100_000, output=75_333).read()\nask('/chat/completions', input=4).read()"))
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("Done python")
    # 0.1 M * $3 + 0.075333 M * $15, and a little for the other
    assert re.fullmatch(r"\d+s • 0 files • 0 commits • \$1\.43 AI cost", lines[1])
    assert lines[2:] == ["Top model: claude-sonnet-4-5-20250929"]


def test_json_is_one_line_and_the_last_of_stderr(machine: Machine) -> None:
    code = "ask(input=100, output=7).read()\nsys.stderr.write('its own words\\n')\nprint('{}')\nsys.exit(3)"
    file = machine.root / "summary.json"
    done = machine.cs("run", "--port", "0", "--json", "--json-file", str(file), "--name", "Fix", "--", *agent(code))
    assert (done.returncode, done.stdout) == (3, b"{}\n")
    first, second = done.stderr.splitlines()
    assert first == b"its own words"
    summary = json.loads(second)
    assert json.loads(file.read_bytes()) == summary
    assert file.read_bytes().count(b"\n") == 1
    (row,) = machine.truth()
    cost = to_usd(published_cost(CLAUDE, row.usage))
    expected = {
        "schemaVersion": 1,
        "name": "Fix",
        "status": "completed",
        "exitCode": 3,
        "joined": False,
        "aiCalls": 1,
        "aiTokens": 107,
        "aiCost": cost,
        "topModel": "claude-sonnet-4-5-20250929",
        "unmeteredRequests": {},
        "unrecordedCalls": 0,
        "problem": None,
        "gitRoot": None,
    }
    assert {key: summary[key] for key in expected} == expected
    (model,) = summary["models"]
    assert (model["provider"], model["calls"], model["tokens"], model["cost"]) == ("anthropic", 1, 107, cost)
    assert machine.json("show")["aiCost"] == cost


def test_a_model_without_a_price_is_never_free(machine: Machine) -> None:
    body = "{'model': 'claude-of-tomorrow', 'max_tokens': 9, 'messages': [{'role': 'user', 'content': 'hi'}]}"
    done = machine.run(*agent(f"ask(body={body}, input=10, output=20).read()\nask(input=100_000).read()"))
    assert b"1 call unpriced, not in the cost: no price is known for anthropic/claude-of-tomorrow" in done.stderr
    assert re.search(rb"\$0\.30\+ AI cost", done.stderr)
    shown = machine.json("show")
    assert (shown["unpricedCalls"], shown["aiCalls"]) == (1, 2)
    assert shown["aiUsage"][0]["cost"] is None
    assert shown["aiUsage"][0]["tokens"] == 30


def test_without_a_proxy_only_the_mark_of_the_run_is_added_to_the_environment(machine: Machine) -> None:
    machine.repository()
    code = SHOW_ENVIRONMENT + "\nopen('made.txt', 'w').close()"
    done = machine.cs("run", "--no-proxy", "--json", "--", *agent(code), env={"OPENAI_BASE_URL": "http://x.example/v1"})
    seen = environment_of(done)
    assert seen.pop("CODESESSION_RUN")
    assert seen == {**machine.environ, "OPENAI_BASE_URL": "http://x.example/v1"}
    summary = summary_of(done)
    assert (summary["port"], summary["filesChanged"], summary["aiCalls"]) == (None, 1, 0)


# --- the port ---


def test_a_taken_default_port_is_said_and_another_used(machine: Machine) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually(lambda: takes_default_port(other))
        code = "tell(base=os.environ['ANTHROPIC_BASE_URL'])\nask(input=5, output=7).read()"
        done = machine.cs("run", "--", *agent(code))
    said = re.search(rb"Port 3739 is taken; the proxy listens on (\d+)\.", done.stderr)
    assert said is not None
    assert told(done) == [{"base": f"http://127.0.0.1:{int(said[1])}/s/1"}]
    assert machine.call().state is CallState.SETTLED


def takes_default_port(listener: socket.socket) -> bool:
    """Whether it was free to take; another test may have it for a moment."""
    try:
        listener.bind(("127.0.0.1", 3739))
        listener.listen()
    except OSError:
        return False
    return True


def test_a_taken_port_that_was_asked_for_is_an_error_and_nothing_begins(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = machine.cs("run", "--port", port, "--", *agent("touch('ran')"))
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr.decode() == f"cs: Port {port} cannot be used: Address already in use.\n"
        done = machine.cs("run", "--port", port, "--json", "--", *agent("touch('ran')"))
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, b"")
    assert (document["error"]["code"], document["error"]["port"]) == ("port_taken", int(port))
    assert machine.sessions() == []
    assert list(machine.work.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("run",), "Missing argument", id="no-command"),
        pytest.param(("run", "--port", "99999", "--", "true"), "99999", id="no-such-port"),
        pytest.param(("run", "--frobnicate", "--", "true"), "--frobnicate", id="no-such-option"),
        pytest.param(("run", "--name", " ", "--port", "0", "--", "true"), "name", id="a-blank-name"),
        pytest.param(("run", "--json-file", "/no/such/dir/f.json", "--", "true"), "/no/such/dir/f.json", id="no-dir"),
    ],
)
def test_what_cannot_be_begun_is_an_error_and_nothing_begins(
    machine: Machine, words: tuple[str, ...], said: str
) -> None:
    done = machine.cs(*words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"cs: ")
    assert said in done.stderr.decode()
    done = machine.cs(words[0], "--json", *words[1:])
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "invalid_input"
    assert not machine.database.exists() or machine.sessions() == []


# --- files and commits ---


def test_files_and_commits_are_those_of_the_run(machine: Machine) -> None:
    root = machine.repository()
    for name in ("kept", "changed", "removed", "moved", "dirty", "dirty-again"):
        (root / name).write_text(f"{name}\n" * 20, encoding="utf-8")
    machine.git("add", "--all")
    machine.git("commit", "--quiet", "--message", "before")
    (root / "dirty").write_text("dirty before the start\n", encoding="utf-8")
    (root / "dirty-again").write_text("dirty before the start\n", encoding="utf-8")
    (root / "untracked-before").touch()
    (root / "deep").mkdir()

    script = machine.program(
        "works",
        """
import os, subprocess
def git(*words): subprocess.run(["git", *words], check=True)
open("committed new.txt", "w").write("1")
open("changed", "a").write("more")
os.remove("removed")
git("mv", "moved", "arrived")
git("add", "changed", "removed", "committed new.txt")
git("commit", "-qm", "one: naïve ✓")
open("deep/made.py", "w").write("x = 1")
git("add", "deep/made.py")
git("commit", "-qm", "two")
open("dirty-again", "a").write("more")
open("not committed", "w").close()
open("gone soon", "w").close()
os.remove("gone soon")
""",
    )
    done = machine.run(str(script), cwd=root / "deep" / "..")
    assert re.search(r"• 7 files • 2 commits •", done.stderr.decode()), done.stderr.decode()
    shown = machine.json("show", "--files", "--commits")
    assert {file["filePath"]: file["changeType"] for file in shown["files"]} == {
        "arrived": "modified",
        "changed": "modified",
        "committed new.txt": "created",
        "deep/made.py": "created",
        "dirty-again": "modified",
        "not committed": "created",
        "removed": "deleted",
    }
    assert shown["filesChanged"] == 7
    assert [commit["message"] for commit in shown["commits"]] == ["one: naïve ✓", "two"]
    assert [commit["hash"] for commit in shown["commits"]] == machine.git(
        "log", "-2", "--reverse", "--format=%H"
    ).split()
    assert (shown["gitRoot"], shown["workingDirectory"], shown["branch"]) == (str(root), str(root), "main")


# --- clients ---


def test_every_client_finds_the_proxy(machine: Machine) -> None:
    """The variables of CLIENTS, each with the path its client expects; everything else stays as it is."""
    done = machine.run(*agent(SHOW_ENVIRONMENT))
    seen = environment_of(done)
    base = seen["ANTHROPIC_BASE_URL"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/s/1", base)
    expected = {
        "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_BASE": base,
        "ANTHROPIC_API_URL": base,
        "OPENAI_BASE_URL": f"{base}/v1",
        "OPENAI_API_BASE": f"{base}/v1",
        "GOOGLE_GEMINI_BASE_URL": f"{base}/google",
        "GEMINI_API_BASE": f"{base}/google/v1beta",
        "OLLAMA_HOST": f"{base}/ollama",
        "OLLAMA_API_BASE": f"{base}/ollama",
        "MISTRAL_API_BASE": f"{base}/mistral/v1",
        "MISTRAL_AZURE_API_BASE": f"{base}/mistral/v1",
        "DEEPSEEK_API_BASE": f"{base}/deepseek",
        "OPENROUTER_API_BASE": f"{base}/openrouter/v1",
        "XAI_API_BASE": f"{base}/xai/v1",
        "GROQ_API_BASE": f"{base}/groq/openai/v1",
        "GROQ_BASE_URL": f"{base}/groq",
        "DEEPSEEK_ANTHROPIC_API_BASE": f"{base}/deepseek/anthropic",
        "TOGETHER_AI_API_BASE": f"{base}/together/v1",
        "FIREWORKS_API_BASE": f"{base}/fireworks/v1",
        "PERPLEXITY_API_BASE": f"{base}/perplexity",
        "PERPLEXITY_BASE_URL": f"{base}/perplexity",
        "CO_API_URL": f"{base}/cohere",
        "JINA_AI_API_BASE": f"{base}/jina/v1",
    }
    assert {name: seen[name] for name in expected} == expected
    added = {name for name in seen if seen[name] != machine.environ.get(name)}
    assert added == {*expected, "CODESESSION_PROXY", "CODESESSION_RUN"}
    assert machine.environ.items() <= {**seen, **{name: machine.environ.get(name, "") for name in expected}}.items()


@pytest.mark.parametrize(
    ("exported", "path", "target"),
    [
        pytest.param({"ANTHROPIC_BASE_URL": "/anthropic"}, "/v1/messages", "/anthropic/v1/messages", id="anthropic"),
        pytest.param({"ANTHROPIC_BASE_URL": "/anthropic/"}, "/v1/messages", "/anthropic/v1/messages", id="slash"),
        pytest.param({"ANTHROPIC_BASE_URL": ""}, "/v1/messages", "/v1/messages", id="anthropic-at-the-root"),
        pytest.param(
            {"OPENAI_BASE_URL": "/openai/v1"}, "/chat/completions", "/openai/v1/chat/completions", id="with-v1"
        ),
        pytest.param({"OPENAI_BASE_URL": "/openai"}, "/chat/completions", "/openai/chat/completions", id="without-v1"),
        pytest.param({"OPENAI_API_BASE": "/v1"}, "/responses", "/v1/responses", id="the-older-name"),
    ],
)
def test_a_gateway_the_user_exported_is_where_calls_go_on_to(
    machine: Machine, exported: dict[str, str], path: str, target: str
) -> None:
    env = {name: machine.provider.url + value for name, value in exported.items()}
    env |= {"CODESESSION_UPSTREAM_ANTHROPIC": "", "CODESESSION_UPSTREAM_OPENAI": ""}
    machine.run(*agent(f"ask({path!r}, input=5, output=7).read()"), env=env)
    (row,) = machine.truth()
    assert row.target == target
    assert (machine.call().request_id, machine.call().usage) == (row.request_id, row.usage)


def test_codex_is_told_by_an_argument(machine: Machine) -> None:
    machine.program("codex", "import json, sys, os\nprint(json.dumps([sys.argv[1:], os.environ['OPENAI_BASE_URL']]))")
    done = machine.run("codex", "exec", "--json", "fix it; now")
    arguments, base = json.loads(done.stdout)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/s/1/v1", base)
    assert arguments == ["-c", f'openai_base_url="{base}"', "exec", "--json", "fix it; now"]
    (session,) = machine.sessions()
    assert session.name == "codex exec --json …"


def test_gemini_is_given_its_auth_type_beside_the_users_own_settings(machine: Machine) -> None:
    """Gemini CLI with a base URL and no auth type refuses to start; the user's own directory is not touched."""
    own = machine.home / ".gemini"
    own.mkdir()
    (own / "settings.json").write_text('{"theme": "dark"}', encoding="utf-8")
    (own / "GEMINI.md").write_text("be brief", encoding="utf-8")
    looked = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in own.iterdir()}
    code = """
        home = Path(os.environ["GEMINI_CLI_HOME"], ".gemini")
        tell(settings=json.loads((home / "settings.json").read_text()), memory=(home / "GEMINI.md").read_text())
        """
    (line,) = told(machine.run(*agent(code), env={"GEMINI_API_KEY": "fake"}))
    assert line["settings"] == {"theme": "dark", "security": {"auth": {"selectedType": "gemini-api-key"}}}
    assert line["memory"] == "be brief"
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in own.iterdir()} == looked

    seen = environment_of(machine.run(*agent(SHOW_ENVIRONMENT)))
    assert "GEMINI_CLI_HOME" not in seen


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"HTTP_PROXY": "http://corp.example:80"}, "127.0.0.1,localhost", id="none-before"),
        pytest.param(
            {"http_proxy": "http://corp.example:80", "NO_PROXY": "intra.example", "no_proxy": "intra.example"},
            "intra.example,127.0.0.1,localhost",
            id="some-before",
        ),
    ],
)
def test_a_corporate_proxy_is_not_asked_for_this_machine(machine: Machine, before: dict[str, str], after: str) -> None:
    seen = environment_of(machine.run(*agent(SHOW_ENVIRONMENT), env=before))
    assert seen["NO_PROXY"] == seen["no_proxy"] == after


# --- runs beside and inside each other ---


def test_a_run_inside_a_run_counts_a_call_once(machine: Machine) -> None:
    inner = (sys.executable, "-m", "codesession", *RUN, *agent("ask(input=5, output=7).read()"))
    done = machine.run(*inner)
    assert b"which is active here" in done.stderr
    (row,) = machine.truth()
    assert (machine.call().request_id, machine.call().usage) == (row.request_id, row.usage)
    (session,) = machine.sessions()
    assert not session.is_active


def test_a_run_inside_a_run_goes_to_the_users_gateway(machine: Machine) -> None:
    inner = (sys.executable, "-m", "codesession", *RUN, *agent("tell(status=ask(input=5, output=7).status)"))
    env = {"CODESESSION_UPSTREAM_ANTHROPIC": "", "ANTHROPIC_BASE_URL": f"{machine.provider.url}/anthropic"}
    done = machine.run(*inner, env=env)
    assert told(done) == [{"status": 200}]
    (row,) = machine.truth()
    assert row.target == "/anthropic/v1/messages"
    assert machine.call().request_id == row.request_id


def test_two_runs_in_one_repository_share_a_session_and_have_their_own_figures(machine: Machine) -> None:
    machine.repository()
    first = machine.start(
        *("run", "--port", "0", "--json", "--name", "First", "--"),
        *agent("ask(input=1000, output=1).read()\nopen('one', 'w').close()\ntell()\nwait_for('go')"),
    )
    assert first.stdout is not None
    assert first.stdout.readline() == b"{}\n"
    second = machine.cs(
        *("run", "--port", "0", "--json", "--name", "Second", "--"),
        *agent("for n in (1, 2): ask('/chat/completions', input=2000, output=n).read()\nopen('two', 'w').close()"),
    )
    mine = summary_of(second)
    (machine.work / "go").touch()
    done = machine.ended(first)
    whole = summary_of(done)

    truth = machine.truth()
    costs = [to_usd(published_cost(str(row.model_asked), row.usage)) for row in truth]
    assert (mine["joined"], mine["name"], mine["status"], mine["id"]) == (True, "First", "active", 1)
    assert (mine["aiCalls"], mine["aiTokens"], mine["aiCost"]) == (2, 4003, pytest.approx(costs[1] + costs[2]))
    assert (mine["filesChanged"], [file["filePath"] for file in mine["files"]]) == (1, ["two"])
    assert (whole["joined"], whole["name"], whole["status"]) == (False, "First", "completed")
    assert (whole["aiCalls"], whole["aiTokens"], whole["aiCost"]) == (1, 1001, costs[0])

    (session,) = machine.sessions()
    shown = machine.json("show", "--files")
    assert (shown["aiCalls"], shown["aiCost"]) == (3, pytest.approx(sum(costs)))
    assert {file["filePath"] for file in shown["files"]} == {"one", "two", "go"}
    assert not session.is_active


def test_runs_in_different_repositories_do_not_meet(machine: Machine) -> None:
    roots = [machine.repository(name) for name in ("work", "other")]
    runs = [
        machine.start(*RUN, *agent(f"ask(input={n}, output=1).read()\ntell()\nwait_for('go')"), cwd=root)
        for n, root in enumerate(roots, 1)
    ]
    for process in runs:
        assert process.stdout is not None
        assert process.stdout.readline() == b"{}\n"
    active = machine.json("list")
    assert {session["status"] for session in active} == {"active"}
    assert {session["gitRoot"] for session in active} == {str(root) for root in roots}
    for root, process in zip(roots, runs, strict=True):
        (root / "go").touch()
        assert machine.ended(process).returncode == 0
    assert {call.session_id for call in machine.calls()} == {1, 2}


def test_the_first_run_on_a_machine_makes_its_own_private_directory(machine: Machine, tmp_path: Path) -> None:
    machine.run(*agent("ask(input=5, output=7).read()"), env={"HOME": str(tmp_path / "new")})
    made = tmp_path / "new" / ".codesession"
    assert made.stat().st_mode & 0o777 == 0o700
    assert (made / "sessions.db").stat().st_mode & 0o777 == 0o600
    assert machine.json("show", env={"HOME": str(tmp_path / "new")})["aiCost"] == to_usd(5 * 3_000 + 7 * 15_000)
    assert not machine.database.exists()
    assert [file.name for file in (tmp_path / "new").iterdir()] == [".codesession"]
