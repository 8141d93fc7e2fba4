"""What does a coding agent do all day? A small pretend one does it in three seconds, with the standard library only.

It finds its providers where an SDK would, in ``ANTHROPIC_BASE_URL`` and ``OPENAI_BASE_URL``, sends a made up key, and
scripts the simulated provider's answers with ``x-sim`` headers. It speaks plain HTTP only, so it can reach a local
proxy but never a real provider. Its requests are about four bytes a token long, as real ones are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WAIT_S = 30
_BYTES_PER_TOKEN = 4
_CLAUDE = "claude-sonnet-4-5"
_CACHED = 18_240
"""tokens of the instructions that the first call writes to the prompt cache and the next two read from it"""
_EVENTS = 24
_EVENT_DELAY_MS = 12
_HANG_UP_AFTER = 9
"""lines of deltas read before the agent loses interest"""

_CODE = Path("demo_parser.py")
_NOTES = Path("demo_notes.md")
_GIT = "git"


class Stopped(Exception):
    """The work cannot go on, and the message says why: a refusal, or nobody to ask. Nothing is tried again."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a model, with the script of its answer."""

    base: str
    """the environment variable that says where to"""
    path: str
    body: Mapping[str, Any]
    script: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def main() -> int:
    """Do a piece of work, a line on stdout for each step. Returns the exit status."""
    steps = (
        ("Reading the code base (writes the prompt cache)", _reads_the_code),
        ("Planning the change (reads the prompt cache)", _plans),
        ("Writing the parser", _writes_the_code),
        ("Asking a second opinion (no usage in this stream)", _asks_a_second_opinion),
        ("Reviewing with a reasoning model", _reviews),
        ("Starting an explanation, and hanging up on it", _hangs_up),
    )
    try:
        for number, (title, step) in enumerate(steps, 1):
            _say(f"[{number}/{len(steps)}] {title} ...")
            step()
        _say(_commit())
    except Stopped as problem:
        _say(f"The agent stops: {problem}")
        return 1
    return 0


def _reads_the_code() -> None:
    _read_all(_claude(streamed=True, input=412, cache_write=_CACHED, output=356))
    _append(_NOTES, "# Notes of the demo agent\n\n- The parser refuses empty input.\n")


def _plans() -> None:
    _read_all(_claude(streamed=False, input=164, cache_read=_CACHED, output=512))


def _writes_the_code() -> None:
    _read_all(_claude(streamed=True, input=688, cache_read=_CACHED, output=742))
    _append(_CODE, 'def parse(text: str) -> list[str]:\n    """The words of `text`."""\n    return text.split()\n')


def _asks_a_second_opinion() -> None:
    _read_all(
        _openai(
            "/chat/completions",
            {"model": "gpt-4o-mini", "stream": True, "messages": _messages(1900 + 1024)},
            input=1900,
            cache_read=1024,
            output=210,
        )
    )


def _reviews() -> None:
    _read_all(
        _openai(
            "/responses",
            {"model": "gpt-5", "max_output_tokens": 4096, "input": _messages(2400 + 4096)},
            input=2400,
            cache_read=4096,
            output=330,
            reasoning=640,
        )
    )
    _append(_NOTES, "- It now returns an empty list for it.\n")


def _hangs_up() -> None:
    request = _claude(streamed=True, input=420, cache_read=_CACHED, output=900)
    connection, answer = _sent(request)
    with closing(connection), answer:
        deltas = 0
        for line in answer:
            deltas += line.startswith(b"event: content_block_delta")
            if deltas == _HANG_UP_AFTER:
                break


def _claude(*, streamed: bool, **tokens: int) -> Request:
    instructions = {"type": "text", "text": _filler(_CACHED), "cache_control": {"type": "ephemeral"}}
    return Request(
        base="ANTHROPIC_BASE_URL",
        path="/v1/messages",
        body={
            "model": _CLAUDE,
            "max_tokens": 4096,
            "stream": streamed,
            "system": [instructions],
            "messages": _messages(tokens["input"]),
        },
        script=_script(tokens),
        headers={"x-api-key": "sk-ant-demo", "anthropic-version": "2023-06-01"},
    )


def _openai(path: str, body: Mapping[str, Any], **tokens: int) -> Request:
    return Request("OPENAI_BASE_URL", path, body, _script(tokens), {"authorization": "Bearer sk-demo"})


def _script(tokens: Mapping[str, int]) -> dict[str, Any]:
    """The token counts, with an answer as long as its tokens say."""
    size = tokens["output"] * _BYTES_PER_TOKEN
    return {**tokens, "bytes": size, "events": _EVENTS, "delay_ms": _EVENT_DELAY_MS}


def _messages(tokens: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": _filler(tokens)}]


def _filler(tokens: int) -> str:
    """Text of about so many tokens."""
    return "abc " * tokens


def _read_all(request: Request) -> None:
    connection, answer = _sent(request)
    with closing(connection), answer:
        try:
            answer.read()
        except (HTTPException, OSError) as error:
            raise Stopped(f"the answer broke off: {error}") from error


def _sent(request: Request) -> tuple[HTTPConnection, HTTPResponse]:
    """The connection and the good answer at its beginning. Raises Stopped."""
    url = urlsplit(os.environ.get(request.base, ""))
    if url.scheme != "http" or url.hostname is None:
        raise Stopped(f"{request.base} must be the http:// address of a local proxy")
    connection = HTTPConnection(url.hostname, url.port, timeout=_WAIT_S)
    headers = {
        "content-type": "application/json",
        "user-agent": "codesession-demo-agent",
        "x-sim": json.dumps(request.script),
        **request.headers,
    }
    try:
        connection.request("POST", url.path.rstrip("/") + request.path, json.dumps(request.body), headers)
        answer = connection.getresponse()
    except (HTTPException, OSError) as error:
        connection.close()
        raise Stopped(f"{url.geturl()} does not answer: {error}") from error
    if answer.status >= 400:  # noqa: PLR2004 - errors begin there
        with closing(connection), answer:
            raise Stopped(_sentence(answer.read()))
    return connection, answer


def _sentence(body: bytes) -> str:
    """The message in an error answer, or all of it when it is not in a shape we know."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace")


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _commit() -> str:
    """Commit what was written, if this is a git repository. Returns a sentence on what was done."""
    git = shutil.which(_GIT)
    if git is None or _ran([git, "rev-parse", "--is-inside-work-tree"]) != 0:
        return f"Done: wrote {_CODE} and {_NOTES}."
    files = ["--", str(_CODE), str(_NOTES)]
    who = ["-c", "user.name=Demo Agent", "-c", "user.email=agent@example.invalid", "-c", "commit.gpgsign=false"]
    subject = "parser: accept empty input"
    if _ran([git, "add", *files]) != 0 or _ran([git, *who, "commit", "--quiet", "-m", subject, *files]) != 0:
        return f"Done: wrote {_CODE} and {_NOTES}; git refused to commit them."
    return f"Done: committed {_CODE} and {_NOTES}."


def _ran(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 - our own git commands


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a program


if __name__ == "__main__":
    sys.exit(main())
