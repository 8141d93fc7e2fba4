"""Is a downloaded price list the old one or the new one, at every moment and after every accident?"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.meter.raw_list import Raw, as_bytes, model_in, raw_list

from codesession.meter import Catalogue, PricesUnavailable, compile_shards, ensure_shards
from codesession.meter.catalogue import INDEX
from codesession.meter.downloaded import (
    Downloaded,
    ListUnusable,
    chosen_list,
    is_newer,
    list_in_use,
    put_in_use,
    put_installed_in_use,
    read_list,
)
from codesession.meter.snapshot import FORMAT, POINTER, compile_elsewhere, installed_version, sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 28, tzinfo=UTC)
LIST = Downloaded("2026-11-28", "1a2b3c4d5e6f7a8b", installed_version())
NAMED = "genai-prices of 2026-11-28 (sha 1a2b3c4d)"


def dearer(dollars: int = 7) -> Raw:
    """A list, of few models, in which claude-sonnet-4 costs so much a million to read."""
    raw = raw_list("anthropic")
    model_in(raw, "anthropic", "claude-sonnet-4-0")["prices"] = {"input_mtok": dollars, "output_mtok": 15}
    return raw


@pytest.fixture(scope="session")
def staged_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That list, and its shards; compiled once."""
    staged = tmp_path_factory.mktemp("staged")
    (staged / "list.json").write_bytes(as_bytes(dearer()))
    compile_shards(staged / "shards", staged / "list.json", LIST.version)
    return staged


@pytest.fixture
def stage(staged_once: Path, data_dir: Path) -> Callable[..., Path]:
    """Makes that list ready beside the others, in a directory of a name."""

    def staged(name: str = ".partial-test") -> Path:
        return shutil.copytree(staged_once, data_dir / "prices" / name)

    return staged


def put(home: Path, staged: Path, found: Downloaded = LIST) -> None:
    put_in_use(home, found, staged / "list.json", staged / "shards", found.shards_in(home, FORMAT))


def input_of_sonnet(shards: Path) -> int:
    """Nano-dollars for a million tokens."""
    found = Catalogue(shards).resolve("anthropic", "claude-sonnet-4", NOW)
    assert found is not None
    return (found.rates.bands[0].rate("input") or 0) * 1_000_000 // found.rates.per


@pytest.fixture
def data_dir(shards: Path, tmp_path: Path) -> Path:
    """A data directory in which the installed list is compiled."""
    home = tmp_path / "prices"
    home.mkdir()
    (home / f"genai-prices-{installed_version()}-format-{FORMAT}").symlink_to(shards)
    return tmp_path


# --- which one is in use ---


def test_a_list_that_was_put_in_use_prices_and_says_its_name(data_dir: Path, stage: Callable[..., Path]) -> None:
    home = data_dir / "prices"
    assert input_of_sonnet(ensure_shards(data_dir)) == 3_000_000_000
    put(home, stage())

    shards = ensure_shards(data_dir)

    assert input_of_sonnet(shards) == 7_000_000_000
    assert Catalogue(shards).source == NAMED
    assert chosen_list(home) == list_in_use(home, installed_version()) == LIST


def test_the_installed_list_comes_back(data_dir: Path, stage: Callable[..., Path]) -> None:
    home = data_dir / "prices"
    put(home, stage())
    put_installed_in_use(home)
    assert input_of_sonnet(ensure_shards(data_dir)) == 3_000_000_000
    put_installed_in_use(home)
    assert list_in_use(home, installed_version()) is None


def test_a_package_installed_later_wins_and_an_older_one_does_not(data_dir: Path, stage: Callable[..., Path]) -> None:
    home = data_dir / "prices"
    put(home, stage())
    assert list_in_use(home, "99.0") is None
    assert list_in_use(home, "0.0.1") == LIST
    put(home, stage(".partial-2"), LIST._replace(installed="0.0.1"))
    assert input_of_sonnet(ensure_shards(data_dir)) == 3_000_000_000


@pytest.mark.parametrize(
    ("version", "other", "newer"),
    [("0.2.4", "0.2.3", True), ("0.10", "0.9.9", True), ("1.0", "1.0", False), ("0.2.3", "0.2.4", False)],
)
def test_versions_are_compared_by_their_numbers(version: str, other: str, *, newer: bool) -> None:
    assert is_newer(version, other) is newer


@pytest.mark.parametrize(
    "pointer",
    [
        "", "{", "[]", "null", "{}", '{"day": 1}', '{"day": "2026-11-28", "digest": "../../x", "installed": "0"}',
    ],
)  # fmt: skip
def test_a_pointer_that_is_not_ours_points_nowhere(data_dir: Path, pointer: str) -> None:
    (data_dir / "prices" / POINTER).write_text(pointer)
    assert chosen_list(data_dir / "prices") is None
    assert input_of_sonnet(ensure_shards(data_dir)) == 3_000_000_000


def test_shards_are_made_again_from_the_list_when_they_are_not_there(
    data_dir: Path, stage: Callable[..., Path]
) -> None:
    home = data_dir / "prices"
    put(home, stage())
    old = LIST.shards_in(home, FORMAT)
    old.rename(LIST.shards_in(home, FORMAT - 1))  # as after an update of codesession

    assert ensure_shards(data_dir) == old
    assert input_of_sonnet(old) == 7_000_000_000


def test_without_the_list_itself_the_installed_one_serves(data_dir: Path, stage: Callable[..., Path]) -> None:
    home = data_dir / "prices"
    put(home, stage())
    LIST.shards_in(home, FORMAT).rename(home / "elsewhere")
    LIST.list_in(home).unlink()
    assert input_of_sonnet(ensure_shards(data_dir)) == 3_000_000_000


def test_a_list_that_is_put_in_use_again_keeps_its_shards(data_dir: Path, stage: Callable[..., Path]) -> None:
    home = data_dir / "prices"
    for name in (".partial-1", ".partial-2"):
        put(home, stage(name))
    assert input_of_sonnet(ensure_shards(data_dir)) == 7_000_000_000


def test_the_hot_path_looks_at_the_disk_twice(data_dir: Path) -> None:
    """The pointer, and the index of the set; what finds the package's version is not counted."""
    code = (
        "import sys; from pathlib import Path; from codesession.meter import snapshot\n"
        "looked = []\n"
        "is_file = Path.is_file\n"
        "Path.is_file = lambda path: looked.append(path.name) or is_file(path)\n"
        "snapshot.ensure_shards(Path(sys.argv[1]))\n"
        "assert looked == ['in-use.json', 'index.json'], looked\n"
        "assert 'codesession.meter.downloaded' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(data_dir)], check=True)


# --- accidents ---

_DYING = """
import os, sys
from pathlib import Path
from codesession.meter.downloaded import Downloaded, put_in_use
from codesession.meter.snapshot import FORMAT
home, left, found = Path(sys.argv[1]), int(sys.argv[2]), Downloaded(*sys.argv[3:])
staged = home / ".partial-test"
def dying(what):
    def step(*words):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return what(*words)
    return step
os.fsync = dying(os.fsync)
Path.replace = dying(Path.replace)
Path.rename = dying(Path.rename)
put_in_use(home, found, staged / "list.json", staged / "shards", found.shards_in(home, FORMAT))
"""


def test_killed_at_any_step_the_old_list_is_in_use_or_the_new_one(data_dir: Path, stage: Callable[..., Path]) -> None:
    """The old one was downloaded too, so that neither, which is the installed list, would be seen."""
    home = data_dir / "prices"
    older = Downloaded("2026-11-01", "0" * 16, LIST.installed)
    older_list, older_shards = home / ".older.json", home / ".older"
    older_list.write_bytes(as_bytes(dearer(5)))
    compile_shards(older_shards, older_list, older.version)
    seen = []
    for steps in range(20):
        older_list.write_bytes(b"[]")
        put_in_use(home, older, older_list, older_shards, older.shards_in(home, FORMAT))
        stage()
        done = subprocess.run([sys.executable, "-c", _DYING, str(home), str(steps), *LIST], check=False)
        seen.append(input_of_sonnet(ensure_shards(data_dir)) // 1_000_000_000)
        for debris in home.glob(".partial-*"):
            debris.rename(data_dir / f"debris-{steps}")
        if done.returncode == 0:
            break
        assert done.returncode == -9
    assert seen[-1] == 7
    assert len(seen) > 6
    assert seen == sorted(seen)  # 5, 5, …, 7, 7: the pointer's rename decides
    assert set(seen) == {5, 7}


def test_a_sweep_leaves_what_is_in_use_and_takes_old_lists(data_dir: Path, stage: Callable[..., Path]) -> None:
    home = data_dir / "prices"
    put(home, stage())
    ours = LIST.list_in(home), LIST.shards_in(home, FORMAT)
    old_list, new_list = home / "list-2026-01-01-0000000000000000.json", home / "list-2026-01-02-0000000000000000.json"
    for path in (old_list, new_list):
        path.write_text("[]")
    for number in range(5):
        (home / f"genai-prices-{number}").mkdir()
    for path in (*ours, old_list):
        os.utime(path, (time.time() - 10_000, time.time() - 10_000))

    sweep(home)

    assert all(path.exists() for path in (*ours, new_list))
    assert not old_list.exists()


# --- what is no list ---


def test_a_list_as_it_is_published_compiles_to_the_same_shards(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(as_bytes(raw_list()))
    compile_shards(tmp_path / "set", tmp_path / "list.json", "of today")
    compared = filecmp.dircmp(shards, tmp_path / "set")
    assert (compared.left_only, compared.right_only, compared.diff_files) == ([], [], [INDEX])
    ours, theirs = (json.loads((place / INDEX).read_bytes()) for place in (tmp_path / "set", shards))
    assert ours == theirs | {"version": "of today"}


def one_model(**known: object) -> bytes:
    model = {"id": "m", "match": {"equals": "m"}, "prices": {"input_mtok": 1}} | known
    return as_bytes([{"id": "p", "name": "P", "api_pattern": "x", "models": [model]}])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "no price list", id="empty"),
        pytest.param(b"\xff\xfe\x00", "no price list", id="no text"),
        pytest.param(b"<html></html>", "no price list", id="a page"),
        pytest.param(as_bytes(raw_list("openai"))[:50_000], "no price list", id="truncated"),
        pytest.param(b"null", "no price list", id="null"),
        pytest.param(b"{}", "no price list", id="an object"),
        pytest.param(b"[[]]", "no price list", id="another list"),
        pytest.param(b"[" * 100_000, "no price list", id="deep"),
        pytest.param(b"[]", "no provider", id="nothing"),
        pytest.param(b'[{"id": "p"}]', "no price list", id="half a provider"),
        pytest.param(one_model(prices={"input_mtok": float("nan")}), "NaN is no number", id="not a number"),
        pytest.param(one_model(prices={"input_mtok": "much"}), "no price list", id="a word for a price"),
        pytest.param(one_model(match={"regex": "("}), "pattern", id="a broken pattern"),
        pytest.param(one_model(match={"or": [{"regex": "a" * 501}]}), "too long", id="a long pattern"),
        pytest.param(one_model().replace(b'"id": "p"', b'"id": "../p"'), "no name", id="a path for a name"),
        pytest.param(one_model().replace(b'"id": "p"', b'"id": "index"'), "no name", id="the index's name"),
        pytest.param(as_bytes(json.loads(one_model()) * 2), "named twice", id="a provider twice"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(content)
    with pytest.raises(ListUnusable, match=said) as caught:
        read_list(tmp_path / "list.json")
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


def test_a_price_that_cannot_be_used_is_a_problem_of_that_model_only(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(one_model(prices={"input_mtok": -1}))
    compile_shards(tmp_path / "set", tmp_path / "list.json", "of today")
    (problem,) = Catalogue(tmp_path / "set").problems
    assert problem.startswith("p: A price of m cannot be used")


def test_the_compile_process_says_in_one_sentence_why(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(b"[]")
    with pytest.raises(PricesUnavailable) as caught:
        compile_elsewhere(tmp_path / "set", tmp_path / "list.json", "of today")
    assert caught.value.message == "The price list could not be compiled: it names no provider."


def test_where_nothing_can_be_kept_it_is_said_what_to_do_and_no_traceback_is_told(tmp_path: Path) -> None:
    (tmp_path / "prices").write_text("in the way")
    with pytest.raises(PricesUnavailable) as caught:
        compile_elsewhere(tmp_path / "prices" / "set")
    assert caught.value.message == (
        f"The price list could not be compiled: {tmp_path / 'prices'} cannot be written (File exists): "
        "make room for it there, or move away what is in its place."
    )
    assert "Traceback" not in str(caught.value.extra)
