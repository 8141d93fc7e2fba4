from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from codesession.demo import provider as program
from codesession.demo.truth import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = [sys.executable, "-W", "error", "-m", "codesession.demo.provider"]


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def told(url: str) -> int:
    body = b'{"model": "gpt-4o", "input": "hi"}'
    with urlopen(Request(f"{url}/v1/responses", body), timeout=10) as answer:
        answer.read()
    with urlopen(f"{url}/_sim/truth", timeout=10) as answer:
        return len(from_json(answer.read()))


def test_it_ends_when_its_parent_has_gone() -> None:
    with started("--until-stdin-closes") as (process, url):
        assert told(url) == 1
        assert process.communicate("ignored", timeout=10) == ("", "")
        assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    with started() as (process, _url):
        process.send_signal(number)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_it_need_not_keep_the_truth() -> None:
    with started(SIM_TRUTH="0") as (_process, url):
        assert told(url) == 0


def test_it_says_when_its_port_is_taken() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        started("--port", str(other.getsockname()[1])) as (process, line),
    ):
        _, problem = process.communicate(timeout=10)
        assert (line, process.returncode) == ("", 1)
        assert problem.endswith("is in use\n")


def test_a_port_that_is_no_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--port", "x"])
    assert "invalid int value" in capsys.readouterr().err
