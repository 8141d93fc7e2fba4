from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from codesession.capture.gemini import gemini_variables

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a right there that tests do not have")


@pytest.fixture
def users(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / ".gemini"
    folder.mkdir(parents=True)
    return folder


def variables(users: Path, **environ: str) -> dict[str, str] | None:
    told = {"GEMINI_API_KEY": "fake", "HOME": str(users.parent), **environ}
    return gemini_variables(told, users.parents[1] / "data")


def settings_of(users: Path) -> object:
    return json.loads((users.parents[1] / "data/clients/gemini/.gemini/settings.json").read_text(encoding="utf-8"))


def test_without_a_key_nothing_is_needed(users: Path) -> None:
    assert variables(users, GEMINI_API_KEY="") == {}
    assert not (users.parents[1] / "data").exists()


@pytest.mark.parametrize("text", ['{"security":{"auth":{"selectedType":"x"}}}', '{"selectedAuthType":"x"} // mine'])
def test_an_auth_type_of_the_users_is_enough(users: Path, text: str) -> None:
    (users / "settings.json").write_text(text, encoding="utf-8")

    assert variables(users) == {}


def test_a_home_of_its_own_has_the_auth_type_and_all_else(users: Path) -> None:
    (users / "settings.json").write_text('{"ui":{"theme":"x"},"security":{"a":1}}', encoding="utf-8")
    (users / "memory.md").write_text("mine", encoding="utf-8")
    (users / "tmp").mkdir()
    home = users.parents[1] / "data/clients/gemini"

    assert variables(users) == {"GEMINI_CLI_HOME": str(home)}
    assert settings_of(users) == {
        "ui": {"theme": "x"},
        "security": {"a": 1, "auth": {"selectedType": "gemini-api-key"}},
    }
    assert (home / ".gemini/memory.md").read_text(encoding="utf-8") == "mine"
    assert (home / ".gemini/tmp").is_dir()
    assert variables(users, GEMINI_CLI_HOME=str(home)) == {}  # a run inside a run has it already


def test_a_user_without_settings_gets_the_auth_type(tmp_path: Path) -> None:
    assert variables(tmp_path / "home" / ".gemini")
    assert settings_of(tmp_path / "home" / ".gemini") == {"security": {"auth": {"selectedType": "gemini-api-key"}}}


def test_what_gemini_changed_stays_until_the_user_changes_it(users: Path) -> None:
    theirs = users / "settings.json"
    theirs.write_text('{"v":1}', encoding="utf-8")
    variables(users)
    ours = users.parents[1] / "data/clients/gemini/.gemini/settings.json"
    ours.write_text('{"changed":true}', encoding="utf-8")
    os.utime(theirs, (1, 1))
    variables(users)
    assert settings_of(users) == {"changed": True}

    theirs.write_text('{"v":2}', encoding="utf-8")
    os.utime(ours, (1, 1))
    variables(users)
    assert settings_of(users) == {"v": 2, "security": {"auth": {"selectedType": "gemini-api-key"}}}


def test_a_link_to_what_has_gone_is_made_anew(users: Path) -> None:
    (users / "a.md").write_text("old", encoding="utf-8")
    variables(users)
    (users / "a.md").unlink()
    link = users.parents[1] / "data/clients/gemini/.gemini/a.md"
    assert link.is_symlink()
    assert not link.exists()
    (users / "a.md").write_text("new", encoding="utf-8")
    variables(users)

    assert link.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("text", ["{} // mine", "\xff", '{"security":7}', '{"security":{"auth":null}}'])
def test_settings_that_cannot_be_read_are_left_alone(users: Path, text: str) -> None:
    (users / "settings.json").write_text(text, encoding="latin-1")

    assert variables(users) is None
