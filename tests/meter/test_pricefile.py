"""Is the user's file changed whole or not at all, and does nothing in it get lost?"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from codesession.errors import DatabaseError, InvalidInput
from codesession.meter import remove_prices, write_price

if TYPE_CHECKING:
    from pathlib import Path

DOLLARS = {"input": Decimal("2.50"), "output": Decimal(10)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pricing.json"


def given(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)


def test_the_first_price_makes_the_file_and_its_directory(file: Path) -> None:
    write_price(file, "openai/gpt-4o", DOLLARS)
    assert json.loads(file.read_text()) == {"openai/gpt-4o": {"input": 2.5, "output": 10}}
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [left.name for left in file.parent.iterdir() if "-" in left.name] == []


def test_all_else_in_the_file_stays_to_the_last_digit(file: Path) -> None:
    other = '"other": {"input": 0.12345678901234567890123, "list": [1, "\\u00e9", null, {"a": 1e-7}], "none": {}}'
    given(file, f'{{{other}, "n": 3}}')
    write_price(file, "m", DOLLARS)
    kept = json.loads(file.read_text(), parse_float=str)
    assert kept == {**json.loads(f'{{{other}, "n": 3}}', parse_float=lambda text: str(Decimal(text)))} | {
        "m": {"input": "2.50", "output": 10}
    }


def test_a_price_is_set_as_a_whole_and_remarks_stay(file: Path) -> None:
    given(file, '{"GPT-4o": {"input": 1, "output": 2, "cacheRead": 0.1, "note": "ours"}, "gpt-4o": 7}')
    write_price(file, "gpt-4o", DOLLARS)
    assert json.loads(file.read_text()) == {"gpt-4o": {"input": 2.5, "output": 10, "note": "ours"}}


@pytest.mark.parametrize("content", ["{", "[]", "7"])
def test_a_broken_file_is_left_as_it_is(file: Path, content: str) -> None:
    given(file, content)
    with pytest.raises(InvalidInput, match="left as it is: mend it, move it away") as caught:
        write_price(file, "m", DOLLARS)
    assert caught.value.extra == {"path": str(file)}
    with pytest.raises(InvalidInput):
        remove_prices(file, lambda _: True)
    assert file.read_text() == content


def test_removing_all_keeps_the_old_file_beside(file: Path) -> None:
    assert remove_prices(file) == 0
    assert not file.parent.exists()
    given(file, '{"a": 1, "b": 2}')
    assert remove_prices(file) == 2
    assert not file.exists()
    assert file.with_name("pricing.json.bak").read_text() == '{"a": 1, "b": 2}'


def test_removing_all_sets_a_broken_file_aside(file: Path) -> None:
    given(file, "{")
    assert remove_prices(file) == 0
    assert file.with_name("pricing.json.bak").read_text() == "{"


def test_removing_some_keeps_the_others(file: Path) -> None:
    given(file, '{"a": 1, "b": 2.50}')
    assert remove_prices(file, lambda key: key == "c") == 0
    assert not file.with_name("pricing.json.bak").exists()
    assert remove_prices(file, lambda key: key == "a") == 1
    assert json.loads(file.read_text()) == {"b": 2.5}
    assert file.with_name("pricing.json.bak").read_text() == '{"a": 1, "b": 2.50}'


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left_behind(file: Path) -> None:
    file.parent.write_text("no directory")
    with pytest.raises(DatabaseError, match="cannot be written") as caught:
        write_price(file, "m", DOLLARS)
    assert caught.value.extra == {"path": str(file)}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(file, '{"a": {}}')

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DatabaseError, match="No space left on device"):
        write_price(file, "m", DOLLARS)
    assert file.read_text() == '{"a": {}}'
    assert sorted(left.name for left in file.parent.iterdir()) == [".pricing.json.lock", "pricing.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    file.parent.mkdir()
    file.symlink_to(real)
    write_price(file, "m", DOLLARS)
    assert file.is_symlink()
    assert "m" in json.loads(real.read_text())


def test_of_two_at_once_the_second_sees_what_the_first_wrote(file: Path) -> None:
    """The rival starts inside our turn, waits for it to end, and then still finds our price."""
    rival: list[subprocess.Popen[str]] = []
    code = (
        "import sys; from decimal import Decimal; from pathlib import Path; from codesession.meter import write_price; "
        "print('here', flush=True); "
        "write_price(Path(sys.argv[1]), 'theirs', {'input': Decimal(1), 'output': Decimal(1)})"
    )

    class Slow(Mapping[str, Decimal]):
        """Prices that are looked at, within the lock, only once a rival is under way."""

        def __iter__(self) -> Iterator[str]:
            if not rival:
                rival.append(
                    subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True)
                )
                assert rival[0].stdout
                assert rival[0].stdout.readline() == "here\n"
                with pytest.raises(subprocess.TimeoutExpired):
                    rival[0].wait(0.3)
            return iter(DOLLARS)

        def __len__(self) -> int:
            return len(DOLLARS)

        def __getitem__(self, name: str) -> Decimal:
            return DOLLARS[name]

    write_price(file, "ours", Slow())
    with rival[0]:
        assert rival[0].wait(20) == 0
    assert json.loads(file.read_text()).keys() == {"ours", "theirs"}
