"""What these tests share: `cs`, run inside this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tests.app.place import compiled_prices, place, priced

from codesession.cli import main

if TYPE_CHECKING:
    from tests.app.place import Place

__all__ = ["compiled_prices", "place", "priced"]


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on stdout."""
        assert self.err == ""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    def error(self) -> dict[str, Any]:
        """The error that a document tells, after the versions every document has."""
        told = self.json()
        assert self.status == 1
        assert told["schemaVersion"] == 1
        assert told["codesessionVersion"] == told["costhqVersion"]
        error: dict[str, Any] = told["error"]
        assert isinstance(error["message"], str)
        return error

    def sentence(self) -> str:
        """The sentence for a person about what went wrong."""
        assert self.status == 1
        assert self.out == ""
        assert self.err.startswith("cs: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("cs: ").rstrip("\n")


class Cs(Protocol):
    def __call__(self, *words: str) -> Answer: ...


@pytest.fixture
def cs(place: Place, capsys: pytest.CaptureFixture[str]) -> Cs:
    """Runs ``cs`` with the words given, in the place; as an agent does, so that `start` returns at once."""
    place.monkeypatch.setenv("CLAUDECODE", "1")

    def run(*words: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Answer(ended.value.code, told.out, told.err)

    return run
