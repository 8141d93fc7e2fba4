"""What is the smallest agent? One that runs the Python it is given, with a few words to ask a provider.

``python -I -S plain.py 'print(ask("/v1/messages", output=7).read())'``; standard library only, so it starts quickly.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CLAUDE = "claude-sonnet-4-5"
GPT = "gpt-4o"
_WAIT_S = 30
_CLAUDE_PATHS = ("/v1/messages",)


class Answer:
    """An answer on its way."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.status = response.status
        self.headers = response.getheaders()
        self.request_id = response.getheader("request-id") or response.getheader("x-request-id")

    def read(self) -> str:
        """The rest of the body; raises when it is cut."""
        return self._response.read().decode(errors="replace")

    def events(self, count: int) -> list[str]:
        """The next so many events of a stream."""
        found: list[str] = []
        lines = ""
        while len(found) < count:
            line = self._response.readline().decode()
            if not line:
                break
            lines += line
            if line == "\n":
                found.append(lines)
                lines = ""
        return found

    def bytes(self, count: int) -> bytes:
        """At most so many bytes of the body, as soon as there are some."""
        return self._response.read1(count)

    def hang_up(self) -> None:
        """Close the connection, whatever is still to come."""
        self._response.close()
        self._connection.close()


def ask(
    path: str = "/v1/messages",
    *,
    stream: bool = False,
    body: Any = None,
    extra_headers: dict[str, str] | None = None,
    prompt: str = "hi",
    **script: Any,
) -> Answer:
    """Send one request to where the environment says, scripting its answer; the answer's head has come."""
    is_claude = path.partition("?")[0] in _CLAUDE_PATHS
    base = urlsplit(os.environ["ANTHROPIC_BASE_URL" if is_claude else "OPENAI_BASE_URL"])
    if base.hostname is None:
        raise SystemExit("no base URL")
    if body is None:
        body = {"model": CLAUDE if is_claude else GPT, "max_tokens": 500, "stream": stream}
        body["input" if path in ("/responses", "/embeddings") else "messages"] = [{"role": "user", "content": prompt}]
    key = {"x-api-key": "fake", "anthropic-version": "2023-06-01"} if is_claude else {"authorization": "Bearer fake"}
    sent = {"content-type": "application/json", "x-sim": json.dumps(script), **key, **(extra_headers or {})}
    connection = HTTPConnection(base.hostname, base.port, timeout=_WAIT_S)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", base.path + path, raw, sent)
    return Answer(connection, connection.getresponse())


def tell(**facts: Any) -> None:
    """Say it on stdout, a JSON object on a line of its own, in one write."""
    sys.stdout.flush()
    os.write(1, json.dumps(facts).encode() + b"\n")


def breaks(answer: Answer) -> bool:
    """Whether the rest of an answer does not come whole."""
    try:
        answer.read()
    except (HTTPException, OSError):
        return True
    return False


def touch(path: str) -> None:
    """Make a file: a sign for whoever waits for it."""
    Path(path).touch()


def wait_for(path: str) -> None:
    """Wait for such a sign."""
    deadline = time.monotonic() + _WAIT_S
    while not Path(path).exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{path} did not come")
        time.sleep(0.005)


def kill_parent(number: int = 9) -> None:
    """Send a signal to who started us: `cs run`."""
    os.kill(os.getppid(), number)


if __name__ == "__main__":
    exec(textwrap.dedent(sys.argv[1]))
