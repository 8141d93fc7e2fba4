from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.capture.codex import codex_arguments, find_codex

if TYPE_CHECKING:
    from pathlib import Path

BASE = "http://127.0.0.1:3739/s/7"
OURS = f'openai_base_url="{BASE}/v1"'
CUSTOM = 'model_provider="gw"\n[model_providers.gw]\nbase_url="https://gw.example/v1"\n'


def arguments(home: Path, *command: str) -> list[str]:
    codex = find_codex(command, {"CODEX_HOME": str(home)})
    assert codex
    return codex_arguments(command, codex, BASE)


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        (["codex"], ["codex", "-c", OURS]),
        (["/usr/bin/codex", "exec", "hi"], ["/usr/bin/codex", "-c", OURS, "exec", "hi"]),
        (["npx", "-y", "@openai/codex@0.1", "x"], ["npx", "-y", "@openai/codex@0.1", "-c", OURS, "x"]),
        (["codex", "-c", "openai_base_url=https://gw.example", "x"], ["codex", "-c", OURS, "x"]),
        (["codex", "x", "--config", 'openai_base_url="https://gw.example"'], ["codex", "x", "--config", OURS]),
        (["codex", "openai_base_url=x"], ["codex", "-c", OURS, "openai_base_url=x"]),
    ],
)
def test_its_base_url_is_set_where_it_takes_one(tmp_path: Path, command: list[str], changed: list[str]) -> None:
    assert arguments(tmp_path, *command) == changed


def test_what_is_not_codex_is_none(tmp_path: Path) -> None:
    assert find_codex(["python", "codex"], {"CODEX_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    ("settings", "command", "address"),
    [
        ("", ["codex"], None),
        ("no toml", ["codex"], None),
        ("openai_base_url = 7", ["codex"], None),
        ('openai_base_url = "https://gw.example/v1"', ["codex"], "https://gw.example/v1"),
        (CUSTOM, ["codex"], "https://gw.example/v1"),
        ('openai_base_url = "https://a"', ["codex", "-c", "openai_base_url='https://b'"], "https://b"),
        ('model_provider="gw"\nmodel_providers=7', ["codex"], None),
        ('model_provider=7\n[model_providers.gw]\nbase_url="https://gw.example"', ["codex"], None),
        ('model_provider="gw"\n[model_providers]\ngw=7', ["codex"], None),
    ],
)
def test_what_a_user_has_set_is_where_it_goes_on_to(
    tmp_path: Path, settings: str, command: list[str], address: str | None
) -> None:
    (tmp_path / "config.toml").write_text(settings, encoding="utf-8")
    codex = find_codex(command, {"CODEX_HOME": str(tmp_path)})

    assert codex
    assert codex.address == address


def test_a_provider_of_its_own_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CUSTOM, encoding="utf-8")

    assert arguments(tmp_path, "codex") == ["codex", "-c", f'model_providers.gw.base_url="{BASE}/v1"']


@pytest.mark.parametrize(
    ("login", "environ", "by_subscription"),
    [
        (None, {}, False),
        ("{", {}, False),
        ("[]", {}, False),
        ('{"auth_mode":"chatgpt"}', {}, True),
        ('{"auth_mode":"apikey","tokens":{"a":1}}', {}, False),
        ('{"tokens":{"a":1}}', {}, True),
        ('{"tokens":{"a":1},"OPENAI_API_KEY":"sk-fake"}', {}, False),
        ('{"auth_mode":"chatgpt"}', {"CODEX_API_KEY": "sk-fake"}, False),
    ],
)
def test_whether_it_is_logged_in_with_chatgpt(
    tmp_path: Path, login: str | None, environ: dict[str, str], *, by_subscription: bool
) -> None:
    home = tmp_path / ".codex"
    home.mkdir()
    if login is not None:
        (home / "auth.json").write_text(login, encoding="utf-8")
    codex = find_codex(["codex"], {"HOME": str(tmp_path), **environ})

    assert codex
    assert codex.by_subscription is by_subscription


def test_a_login_does_not_matter_where_an_address_is_set(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text('{"auth_mode":"chatgpt"}', encoding="utf-8")
    (tmp_path / "config.toml").write_text('openai_base_url = "https://gw.example/v1"', encoding="utf-8")
    codex = find_codex(["codex"], {"CODEX_HOME": str(tmp_path)})

    assert codex
    assert not codex.by_subscription
