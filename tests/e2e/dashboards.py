"""A real `cs dashboard` or `cs serve`, and what asks it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from tests.e2e.conftest import WAIT_S

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    from tests.e2e.conftest import Machine


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Board:
    """A server, as its first line tells of it."""

    process: subprocess.Popen[bytes]
    line: dict[str, Any]

    @property
    def port(self) -> int:
        return int(self.line["port"])

    @property
    def token(self) -> str:
        return str(self.line["token"])

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        *,
        at: str = "127.0.0.1",
        **headers: str,
    ) -> Answer:
        """What the server answers; an underscore in a header's name stands for a hyphen."""
        connection = HTTPConnection(at, self.port, timeout=WAIT_S)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    @contextmanager
    def listening(self, **headers: str) -> Iterator[Stream]:
        """The live events."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(
                "GET", "/live", headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            yield Stream(connection.getresponse())
        finally:
            connection.close()


class Stream:
    """Server-sent events, one by one."""

    def __init__(self, answer: Any) -> None:
        self.status = answer.status
        self.kind = answer.getheader("content-type")
        self._answer = answer

    def next(self) -> dict[str, str]:
        """The next event; empty when the stream has ended."""
        event: dict[str, str] = {}
        while line := self._answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name in ("event", "data", "id"):
                event[name] = value
            elif not line.strip() and event:
                return event
        return {}


def begun(machine: Machine, *words: str, **options: Any) -> Board:
    """A server that listens."""
    process = machine.start(*words, "--json", **options)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1].decode()
    return Board(process, json.loads(line))
