from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from codesession.demo import agent, simulated_provider
from codesession.model import Usage

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.demo.server import SimulatedProvider

CACHED = 18_240


def work(directory: Path, url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ANTHROPIC_BASE_URL": url, "OPENAI_BASE_URL": f"{url}/v1"}
    command = [sys.executable, "-W", "error", "-m", "codesession.demo.agent"]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


def git(directory: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=True).stdout


def test_it_makes_six_calls_and_one_commit(provider: SimulatedProvider, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "other.txt").write_text("not the agent's")
    begun = time.monotonic()
    done = work(tmp_path, provider.url)
    assert time.monotonic() - begun < 4
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 7
    assert git(tmp_path, "log", "--format=%an: %s") == "Demo Agent: parser: accept empty input\n"
    assert git(tmp_path, "status", "--short") == "?? other.txt\n"
    *calls, last = provider.truth(wait_s=10)
    assert [(call.endpoint, call.streamed, call.usage) for call in calls] == [
        ("messages", True, Usage(input=412, cache_write=CACHED, output=356)),
        ("messages", False, Usage(input=164, cache_read=CACHED, output=512)),
        ("messages", True, Usage(input=688, cache_read=CACHED, output=742)),
        ("chat", True, Usage(input=1900, cache_read=1024, output=210)),
        ("responses", False, Usage(input=2400, cache_read=4096, output=330, reasoning=640)),
    ]
    assert calls[3].reported is None
    assert (last.ended, last.planned.output) == ("client_left", 900)
    assert 0 < last.usage.output < 900
    assert all(call.usage.prompt_tokens <= call.body_bytes for call in (*calls, last))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def hurried(provider: SimulatedProvider, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of an agent that waits for nothing."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1/")
    monkeypatch.setattr(agent, "_EVENT_DELAY_MS", 0)
    return here


def test_outside_git_it_only_writes_its_files(hurried: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (hurried / ".git").write_text("no repository")
    assert agent.main() == 0
    assert capsys.readouterr().out.endswith("Done: wrote demo_parser.py and demo_notes.md.\n")
    assert sorted(path.name for path in hurried.iterdir()) == [".git", "demo_notes.md", "demo_parser.py"]


def test_a_commit_that_git_refuses_is_told(hurried: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(hurried, "init", "--quiet")
    (hurried / ".git" / "index.lock").write_text("")
    assert agent.main() == 0
    assert capsys.readouterr().out.endswith("git refused to commit them.\n")


@pytest.mark.usefixtures("hurried")
def test_an_answer_may_end_before_it_hangs_up(provider: SimulatedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "_HANG_UP_AFTER", 1000)
    assert agent.main() == 0
    assert provider.truth()[-1].ended == "complete"


def test_it_stops_at_the_first_refusal_and_repeats_it(
    provider: SimulatedProvider, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
    monkeypatch.setattr(agent, "_script", lambda _tokens: {"status": 400, "error": "The budget is spent."})
    assert agent.main() == 1
    assert capsys.readouterr().out.endswith("The agent stops: The budget is spent.\n")
    assert len(provider.truth()) == 1
    assert list(here.iterdir()) == []


def test_a_refusal_of_unknown_shape_is_repeated_whole(
    provider: SimulatedProvider, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
    monkeypatch.setattr(agent, "_script", lambda _tokens: {"status": 400, "error": {"error": "no"}})
    assert agent.main() == 1
    assert capsys.readouterr().out.endswith('The agent stops: {"error":"no"}\n')
    assert here.is_dir()


@pytest.mark.parametrize(
    ("script", "sentence"), [({"cut_after": 3}, "the answer broke off"), ({"cut_after": -1}, "does not answer")]
)
@pytest.mark.usefixtures("here")
def test_it_stops_when_an_answer_does_not_end(
    provider: SimulatedProvider,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: dict[str, int],
    sentence: str,
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
    monkeypatch.setattr(agent, "_script", lambda _tokens: script)
    assert agent.main() == 1
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize("url", ["", "https://127.0.0.1:1"], ids=["nowhere", "not-plain-http"])
@pytest.mark.usefixtures("here")
def test_it_sends_nothing_unless_told_where_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    assert agent.main() == 1
    assert "ANTHROPIC_BASE_URL must be the http:// address" in capsys.readouterr().out


@pytest.mark.usefixtures("here")
def test_nobody_at_the_address_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_provider() as gone:
        url = gone.url
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    assert agent.main() == 1
    assert "does not answer" in capsys.readouterr().out
