"""How the price list gets into the data directory: whole, once for each version, and in another process."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import genai_prices
import pytest
from tests.meter.raw_list import as_bytes, raw_list

from codesession.meter import Catalogue, PricesUnavailable, compile_shards, ensure_shards, snapshot
from codesession.meter.catalogue import INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = Path(genai_prices.__file__).parent


def contents(directory: Path) -> Mapping[str, bytes]:
    """Every file of `directory`."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def python(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a Python of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a list of few models, where what is in it does not matter: compiling all takes its time."""
    file = tmp_path_factory.mktemp("short") / "list.json"
    file.write_bytes(as_bytes(raw_list("deepseek", "openai")))
    return file


def stocked(shards: Path, data_dir: Path) -> Path:
    """`data_dir` with the set of shards of the installed version already in it."""
    place = data_dir / "prices" / f"genai-prices-{snapshot.installed_version()}-format-{snapshot.FORMAT}"
    shutil.copytree(shards, place)
    return place


def test_the_set_is_compiled_in_another_process_and_prices_here(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from codesession.meter import ensure_shards\n"
        "print(ensure_shards(Path(sys.argv[1])))\n"
        "assert not [name for name in sys.modules if name.startswith(('genai_prices', 'pydantic'))]"
    )

    ran = python(code, tmp_path)

    assert ran.stderr == ""
    shards = Path(ran.stdout.strip())
    assert shards.parent == tmp_path / "prices"
    assert Catalogue(shards).resolve("openai", "gpt-5", datetime(2026, 1, 1, tzinfo=UTC)) is not None
    assert [path.name for path in shards.parent.iterdir()] == [shards.name]


def test_a_set_that_is_there_is_used_as_it_is(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = stocked(shards, tmp_path)
    monkeypatch.setattr(sys, "executable", "/no/such/python")  # a compile would fail

    assert ensure_shards(tmp_path) == place


def test_another_version_is_compiled_beside(shards: Path, tmp_path: Path) -> None:
    old = stocked(shards, tmp_path)
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "genai_prices")
    (site / "genai_prices-9.9.9.dist-info").mkdir()

    ran = python(
        "import sys; from pathlib import Path; from codesession.meter import ensure_shards\n"
        "print(ensure_shards(Path(sys.argv[1])))",
        tmp_path,
        PYTHONPATH=str(site),
    )

    new = Path(ran.stdout.strip())
    assert new.name == f"genai-prices-9.9.9-format-{snapshot.FORMAT}"
    assert Catalogue(new).source == "genai-prices 9.9.9"
    assert (old / INDEX).is_file()


def test_a_killed_compile_leaves_no_set_and_the_next_one_succeeds(tmp_path: Path, short: Path) -> None:
    killed = python(
        "import os, sys; from pathlib import Path; from codesession.meter import snapshot\n"
        "write = snapshot._write_flushed\n"
        "def dying(path, content):\n"
        "    write(path, content)\n"
        "    if path.name == 'openai.json': os._exit(137)\n"
        "snapshot._write_flushed = dying\n"
        "snapshot.compile_shards(Path(sys.argv[1]), Path(sys.argv[2]), 'of today')",
        tmp_path / "prices" / "set",
        short,
    )
    (debris,) = (tmp_path / "prices").iterdir()

    assert killed.returncode == 137
    assert debris.name.startswith(".partial-")
    assert not (debris / INDEX).exists()

    compile_shards(tmp_path / "prices" / "set", short, "of today")

    assert (tmp_path / "prices" / "set" / INDEX).is_file()


def test_a_compile_that_fails_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(snapshot, "_write_flushed", full)

    with pytest.raises(OSError, match="No space left"):
        compile_shards(tmp_path / "prices" / "set")
    assert list((tmp_path / "prices").iterdir()) == []


def test_of_two_compiles_at_once_the_second_leaves_the_first_alone(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rival finishes just before our rename, which is the only moment at which the two can meet."""
    put_in_place = snapshot._put_in_place  # noqa: SLF001 - the edge between two processes
    inodes = []

    def after_the_rival(partial: Path, destination: Path) -> None:
        monkeypatch.undo()
        compile_shards(destination, short, "of today")
        inodes.append((destination / INDEX).stat().st_ino)
        put_in_place(partial, destination)

    compile_shards(tmp_path / "alone", short, "of today")
    monkeypatch.setattr(snapshot, "_put_in_place", after_the_rival)
    compile_shards(tmp_path / "set", short, "of today")

    assert contents(tmp_path / "set") == contents(tmp_path / "alone")
    assert inodes == [(tmp_path / "set" / INDEX).stat().st_ino]
    assert {path.name for path in tmp_path.iterdir()} == {"alone", "set"}


def test_a_place_that_is_taken_by_something_else_is_an_error(tmp_path: Path, short: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "note.txt").write_text("mine")

    with pytest.raises(OSError, match="set"):
        compile_shards(tmp_path / "set", short, "of today")
    assert contents(tmp_path / "set") == {"note.txt": b"mine"}


def test_a_missing_package_is_said_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    with pytest.raises(PricesUnavailable, match="genai-prices is not installed") as caught:
        ensure_shards(tmp_path)
    assert (caught.value.code, caught.value.http_status) == ("prices_unavailable", 503)


def test_a_broken_package_is_said_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "genai_prices").mkdir()
    (tmp_path / "genai_prices" / "__init__.py").write_text("raise RuntimeError('half an upgrade')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(PricesUnavailable, match=r"could not be compiled: RuntimeError: half an upgrade\."):
        ensure_shards(tmp_path / "data")
    assert list((tmp_path / "data" / "prices").iterdir()) == []


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "prices").write_text("a file")

    with pytest.raises(PricesUnavailable, match="could not be compiled"):
        ensure_shards(tmp_path)


def test_no_interpreter_to_compile_with_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(PricesUnavailable, match="could not be compiled"):
        ensure_shards(tmp_path)


def test_the_projects_own_modules_are_not_run(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the project was run')")
    monkeypatch.chdir(tmp_path)

    snapshot.compile_elsewhere(tmp_path / "set", short, "of today")

    assert (tmp_path / "set" / INDEX).is_file()


def test_where_the_directory_names_do_not_tell_the_metadata_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "genai_prices")
    code = "from codesession.meter.snapshot import installed_version; print(installed_version())"

    assert python(code, PYTHONPATH=str(tmp_path)).stdout.strip() == importlib.metadata.version("genai-prices")

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(PricesUnavailable, match="has no version"):
        snapshot._version_by_metadata()  # noqa: SLF001 - reached by name only without metadata


def test_old_sets_and_the_debris_of_killed_compiles_are_swept(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "compile_elsewhere", lambda destination: shutil.copytree(shards, destination))
    now = time.time()
    ages_s = {
        "genai-prices-1": 4e6,
        "genai-prices-2": 3e6,
        "genai-prices-3": 2e6,
        ".partial-old": 4_000,
        ".partial-now": 10,
    }
    for name, age_s in ages_s.items():
        (tmp_path / "prices" / name).mkdir(parents=True)
        os.utime(tmp_path / "prices" / name, (now - age_s, now - age_s))

    new = ensure_shards(tmp_path)

    left = {path.name for path in (tmp_path / "prices").iterdir()}
    assert left == {new.name, "genai-prices-3", "genai-prices-2", ".partial-now"}


def test_what_another_process_has_just_swept_has_no_age(tmp_path: Path) -> None:
    assert snapshot._age_s(tmp_path / "gone") == 0.0  # noqa: SLF001 - only another process can bring it about


def test_a_set_half_swept_is_no_set(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill in the middle of the sweep must not leave an index without its shards."""
    old = tmp_path / "genai-prices-1"
    shutil.copytree(shards, old)
    monkeypatch.setattr(snapshot, "_KEPT_SETS", 0)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # killed before it removed anything

    snapshot.sweep(tmp_path)

    assert not old.exists()


def test_the_index_says_what_it_was_made_from(shards: Path) -> None:
    index = json.loads((shards / INDEX).read_bytes())

    assert index["version"] == snapshot.installed_version()
    assert index["problems"] == []
    assert {f"{provider}.json" for provider in index["providers"]} | {INDEX} == set(contents(shards))
