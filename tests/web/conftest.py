from __future__ import annotations

from copy import copy
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
from jinja2 import BytecodeCache, Environment
from starlette.datastructures import State
from tests.app.place import compiled_prices, place, priced

from codesession.web import api, drawing
from codesession.web.api import all_endpoints

if TYPE_CHECKING:
    from fastapi import FastAPI
    from jinja2.bccache import Bucket

__all__ = ["compiled_prices", "place", "priced"]


@pytest.fixture(autouse=True)
def _made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server makes only once, but each of hundreds of tests anew: templates compiled, endpoints looked through.

    Either takes 60 ms for the first page, or answer, of a server.
    """
    monkeypatch.setattr(drawing, "Environment", partial(Environment, bytecode_cache=Compiled()))
    monkeypatch.setattr(api, "all_endpoints", endpoints_again)


class Compiled(BytecodeCache):
    """Templates as they were compiled before, unless their text is another one now."""

    known: dict[str, bytes] = {}  # noqa: RUF012 - of all tests

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key + bucket.checksum in self.known:
            bucket.bytecode_from_string(self.known[bucket.key + bucket.checksum])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


def endpoints_again() -> FastAPI:
    """The endpoints, to be asked of a ledger of their own."""
    again = copy(_endpoints())
    again.state = State()
    return again


@cache
def _endpoints() -> FastAPI:
    return all_endpoints()
