"""A user whose installed price list is a short one: it takes a third of the time to compile, and to compare."""

from __future__ import annotations

import os
import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest
from tests.meter.raw_list import as_bytes, raw_list

from codesession.meter import compile_shards
from codesession.meter.snapshot import FORMAT, installed_version

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place

FEW = ("anthropic", "google", "groq", "mistral", "openai", "x-ai")
"""The providers that are in it."""


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of a few providers, as if the installed list had no others."""
    return _compiled(tmp_path_factory.getbasetemp())


@cache
def _compiled(directory: Path) -> Path:
    """They, in `directory`; compiled once, also where the fixture is one of several modules."""
    made = directory / "with-few-prices"
    made.mkdir(exist_ok=True)
    (made / "list.json").write_bytes(as_bytes(raw_list(*FEW)))
    compile_shards(made / "shards", made / "list.json", installed_version())
    return made / "shards"


@pytest.fixture
def priced_by_few(place: Place, few: Path) -> None:
    """The user has run something before: the prices are there, in files that nothing writes to again."""
    shards = place.home / ".codesession" / "prices" / f"genai-prices-{installed_version()}-format-{FORMAT}"
    shutil.copytree(few, shards, copy_function=os.link)
