"""Gemini CLI gets a home of its own where its auth type is not settled; the user's is only read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from codesession.capture.clients import environment
from codesession.capture.gemini import gemini_variables


def user(directory: Path, settings: str | None = None, **variables: str) -> dict[str, str]:
    """The environment of a user with a key, and with these settings."""
    home = directory / "home"
    home.mkdir()
    if settings is not None:
        (home / ".gemini").mkdir()
        (home / ".gemini" / "settings.json").write_text(settings)
    return {"HOME": str(home), "GEMINI_API_KEY": "not-a-key", **variables}


def settled(variables: dict[str, str] | None) -> dict[str, object]:
    """The settings Gemini CLI will find."""
    assert variables is not None
    found = json.loads(Path(variables["GEMINI_CLI_HOME"], ".gemini", "settings.json").read_text())
    assert isinstance(found, dict)
    return found


def test_the_auth_type_is_added_to_the_users_settings(tmp_path: Path) -> None:
    environ = user(tmp_path, '{"ui": {"theme": "dark"}}')
    before = (Path(environ["HOME"], ".gemini", "settings.json").read_bytes(), list(Path(environ["HOME"]).iterdir()))
    found = settled(gemini_variables(environ, tmp_path / "data"))
    assert found == {"ui": {"theme": "dark"}, "security": {"auth": {"selectedType": "gemini-api-key"}}}
    after = (Path(environ["HOME"], ".gemini", "settings.json").read_bytes(), list(Path(environ["HOME"]).iterdir()))
    assert after == before


def test_a_user_without_any_settings_gets_the_auth_type(tmp_path: Path) -> None:
    environ = user(tmp_path)
    assert settled(gemini_variables(environ, tmp_path / "data")) == {
        "security": {"auth": {"selectedType": "gemini-api-key"}}
    }
    assert not Path(environ["HOME"], ".gemini").exists()


def test_everything_else_is_a_link_to_what_the_user_has(tmp_path: Path) -> None:
    environ = user(tmp_path, "{}")
    users = Path(environ["HOME"], ".gemini")
    (users / "GEMINI.md").write_text("mine")
    (users / "tmp").mkdir()
    variables = gemini_variables(environ, tmp_path / "data")
    assert variables is not None
    ours = Path(variables["GEMINI_CLI_HOME"], ".gemini")
    (ours / "tmp" / "chat.json").write_text("{}")
    assert (ours / "GEMINI.md").read_text() == "mine"
    assert (users / "tmp" / "chat.json").exists()
    (users / "GEMINI.md").unlink()
    (users / "GEMINI.md").symlink_to(users / "nowhere")
    assert gemini_variables(environ, tmp_path / "data") == variables  # a dangling link is no obstacle


def test_what_gemini_changed_stays_until_the_user_changes_their_own(tmp_path: Path) -> None:
    environ = user(tmp_path, "{}")
    variables = gemini_variables(environ, tmp_path / "data")
    assert variables is not None
    ours = Path(variables["GEMINI_CLI_HOME"], ".gemini", "settings.json")
    ours.write_text('{"changed": true}')
    assert settled(gemini_variables(environ, tmp_path / "data")) == {"changed": True}
    users = Path(environ["HOME"], ".gemini", "settings.json")
    users.write_text('{"mine": 1}')
    later = ours.stat().st_mtime + 1
    os.utime(users, (later, later))
    assert settled(gemini_variables(environ, tmp_path / "data")).get("mine") == 1


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param('{"security": {"auth": {"selectedType": "oauth-personal"}}}', id="as-it-is-called"),
        pytest.param('{"selectedAuthType": "gemini-api-key"}', id="as-it-was-called"),
        pytest.param('{ // mine\n "security": {"auth": {"selectedType": "x"}}}', id="with-a-comment"),
    ],
)
def test_a_settled_auth_type_needs_nothing(tmp_path: Path, settings: str) -> None:
    assert gemini_variables(user(tmp_path, settings), tmp_path / "data") == {}


def test_without_a_key_there_is_nothing_to_settle(tmp_path: Path) -> None:
    assert gemini_variables({"HOME": str(tmp_path)}, tmp_path / "data") == {}


def test_settings_we_cannot_read_keep_gemini_off_the_proxy(tmp_path: Path) -> None:
    environ = user(tmp_path, "{ // a comment\n}")
    assert gemini_variables(environ, tmp_path / "data") is None
    variables = environment("http://127.0.0.1:1", 1, environ, tmp_path / "data", {})
    assert "GOOGLE_GEMINI_BASE_URL" not in variables
    assert "ANTHROPIC_BASE_URL" in variables


@pytest.mark.parametrize("settings", ['{"security": 7}', '{"security": {"auth": null}}', "[7"])
def test_settings_gemini_refuses_itself_keep_it_off_the_proxy(tmp_path: Path, settings: str) -> None:
    assert gemini_variables(user(tmp_path, settings), tmp_path / "data") is None


def test_settings_that_are_no_text_keep_gemini_off_the_proxy(tmp_path: Path) -> None:
    environ = user(tmp_path, "")
    Path(environ["HOME"], ".gemini", "settings.json").write_bytes(b"\xff")
    assert gemini_variables(environ, tmp_path / "data") is None
