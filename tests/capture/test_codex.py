"""Codex takes its base URL from its settings only; what the user has set there becomes the upstream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codesession.capture.clients import arguments, exported_upstreams, warnings
from codesession.capture.codex import find_codex
from codesession.capture.programs import position
from codesession.capture.proxy import Upstream

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "http://127.0.0.1:3739"
OURS = 'openai_base_url="http://127.0.0.1:3739/s/7/v1"'


def home(directory: Path, config: str = "", login: object = None) -> dict[str, str]:
    """The environment of a user whose Codex is set up so."""
    (directory / "config.toml").write_text(config)
    if login is not None:
        (directory / "auth.json").write_text(login if isinstance(login, str) else json.dumps(login))
    return {"CODEX_HOME": str(directory)}


@pytest.mark.parametrize(
    ("command", "where"),
    [
        pytest.param(["codex"], 0, id="by-name"),
        pytest.param(["/opt/bin/codex", "exec"], 0, id="by-path"),
        pytest.param(["C:\\npm\\codex.cmd"], 0, id="on-windows"),
        pytest.param(["npx", "@openai/codex", "exec"], 1, id="by-package"),
        pytest.param(["npx", "-y", "@openai/codex@0.169.0"], 2, id="by-package-and-version"),
        pytest.param(["npx", "--prefix", "codex", "@openai/codex"], 3, id="behind-an-option-with-a-value"),
        pytest.param(["bunx", "codex"], 1, id="by-bun"),
        pytest.param(["npx", "cowsay", "codex"], None, id="another-package"),
        pytest.param(["npx", "-y"], None, id="no-package"),
        pytest.param(["python", "codex"], None, id="an-argument"),
        pytest.param(["codex2"], None, id="another-program"),
    ],
)
def test_codex_is_found_where_it_is_what_runs(command: list[str], where: int | None) -> None:
    assert position(command, "codex", "@openai/codex") == where


def test_the_base_url_goes_behind_its_name_and_nothing_else_changes(tmp_path: Path) -> None:
    environ = home(tmp_path)
    assert arguments(["codex", "exec", "a b", ""], ROOT, 7, environ) == ["codex", "-c", OURS, "exec", "a b", ""]
    assert arguments(["npx", "@openai/codex", "hi"], ROOT, 7, environ) == ["npx", "@openai/codex", "-c", OURS, "hi"]
    assert exported_upstreams({**environ}, ["codex"]) == {}


def test_a_base_url_in_its_config_becomes_the_upstream(tmp_path: Path) -> None:
    environ = home(tmp_path, 'openai_base_url = "https://gateway.example/llm/v1"')
    assert exported_upstreams(environ, ["codex"]) == {"openai": Upstream("https://gateway.example/llm")}
    assert exported_upstreams(environ, ["python"]) == {}
    assert arguments(["codex"], ROOT, 7, environ) == ["codex", "-c", OURS]


def test_a_base_url_among_its_arguments_becomes_the_upstream_and_is_replaced(tmp_path: Path) -> None:
    environ = home(tmp_path, 'openai_base_url = "https://other.example/v1"')
    command = ["codex", "exec", "-c", 'openai_base_url="https://gateway.example/v1"', "hi"]
    assert exported_upstreams(environ, command) == {"openai": Upstream("https://gateway.example")}
    assert arguments(command, ROOT, 7, environ) == ["codex", "exec", "-c", OURS, "hi"]


@pytest.mark.parametrize("flag", ["--config=", "-c=", "-c"])
def test_a_setting_in_one_word_with_its_flag_is_replaced_in_it(tmp_path: Path, flag: str) -> None:
    command = ["codex", "exec", f'{flag}openai_base_url="https://gateway.example/v1"', "hi"]
    environ = home(tmp_path)
    assert exported_upstreams(environ, command) == {"openai": Upstream("https://gateway.example")}
    assert arguments(command, ROOT, 7, environ) == ["codex", "exec", flag + OURS, "hi"]


def test_a_prompt_that_speaks_of_the_setting_is_no_setting(tmp_path: Path) -> None:
    command = ["codex", "exec", 'what is openai_base_url="x"?']
    assert arguments(command, ROOT, 7, home(tmp_path)) == ["codex", "-c", OURS, *command[1:]]


def test_a_model_provider_of_its_own_is_pointed_at_us_by_its_own_setting(tmp_path: Path) -> None:
    config = 'model_provider = "corp"\n[model_providers.corp]\nbase_url = "https://corp.example/v1"\n'
    environ = home(tmp_path, config)
    assert exported_upstreams(environ, ["codex"]) == {"openai": Upstream("https://corp.example")}
    setting = 'model_providers.corp.base_url="http://127.0.0.1:3739/s/7/v1"'
    assert arguments(["codex", "hi"], ROOT, 7, environ) == ["codex", "-c", setting, "hi"]


@pytest.mark.parametrize(
    "login",
    [
        pytest.param({"auth_mode": "chatgpt", "tokens": {"access_token": "t"}}, id="as-it-says"),
        pytest.param({"OPENAI_API_KEY": None, "tokens": {"access_token": "t"}}, id="an-older-file"),
    ],
)
def test_a_subscription_is_left_alone_and_that_is_said(tmp_path: Path, login: object) -> None:
    environ = home(tmp_path, login=login)
    assert arguments(["codex", "exec", "hi"], ROOT, 7, environ) == ["codex", "exec", "hi"]
    (sentence,) = warnings(["codex"], environ, tmp_path)
    assert "not metered" in sentence


@pytest.mark.parametrize(
    "login",
    [
        pytest.param({"auth_mode": "apikey", "OPENAI_API_KEY": "k"}, id="a-key"),
        pytest.param({"OPENAI_API_KEY": "k", "tokens": {}}, id="a-key-in-an-older-file"),
        pytest.param("[]", id="no-object"),
        pytest.param("{", id="no-json"),
    ],
)
def test_a_login_by_key_is_metered(tmp_path: Path, login: object) -> None:
    environ = home(tmp_path, login=login)
    assert arguments(["codex"], ROOT, 7, environ) == ["codex", "-c", OURS]
    assert warnings(["codex"], environ, tmp_path) == []


def test_a_key_in_the_environment_is_metered_whatever_the_login(tmp_path: Path) -> None:
    environ = {**home(tmp_path, login={"auth_mode": "chatgpt"}), "CODEX_API_KEY": "k"}
    assert arguments(["codex"], ROOT, 7, environ) == ["codex", "-c", OURS]


def test_a_config_that_is_no_toml_is_codexs_own_business(tmp_path: Path) -> None:
    environ = home(tmp_path, "[[[")
    codex = find_codex(["codex"], environ)
    assert codex is not None
    assert codex.address is None


def test_claudes_own_settings_that_bypass_us_are_said(tmp_path: Path) -> None:
    file = tmp_path / "home" / "settings.json"
    file.parent.mkdir()
    environ = {"CLAUDE_CONFIG_DIR": str(file.parent)}
    file.write_text('{"env": {"OTHER": "1"}}')
    assert warnings(["claude", "-p", "hi"], environ, tmp_path) == []
    file.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}}')
    (sentence,) = warnings(["claude", "-p", "hi"], environ, tmp_path)
    assert str(file) in sentence
    assert warnings(["python"], environ, tmp_path) == []


@pytest.mark.parametrize(
    "config",
    [
        'model_provider = "corp"\nmodel_providers = 7',
        'model_provider = "corp"\n[model_providers]\ncorp = 7',
        'model_provider = 7\n[model_providers.corp]\nbase_url = "https://corp.example/v1"',
        "openai_base_url = 7",
    ],
)
def test_settings_that_make_no_sense_are_codexs_own_business(tmp_path: Path, config: str) -> None:
    assert arguments(["codex"], ROOT, 7, home(tmp_path, config)) == ["codex", "-c", OURS]
    assert exported_upstreams(home(tmp_path, config), ["codex"]) == {}
