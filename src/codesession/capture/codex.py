"""How is Codex brought to call the proxy? It takes its base URL from its settings only, so as a ``-c`` argument.

Measured with Codex 0.169.0 (2026-11-22): ``OPENAI_BASE_URL`` is ignored; of two ``-c`` of one key the later wins; a
``model_provider`` of its config file has a base URL of its own; and logged in with ChatGPT, an
``openai_base_url`` would send that login's token to the API's host, which does not know it.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesession.capture.programs import position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEY = "openai_base_url"


@dataclass(frozen=True, slots=True)
class Codex:
    """How one command runs Codex."""

    at: int
    """where its name stands in the command"""
    key: str
    """the setting that holds its base URL"""
    address: str | None
    """what the user has set that to: the upstream"""
    argument: int | None
    """where in the command the user has set it"""
    by_subscription: bool
    """whether it is logged in with ChatGPT: then its calls go elsewhere, and are left alone"""


def find_codex(command: Sequence[str], environ: Mapping[str, str]) -> Codex | None:
    """How `command` runs Codex, if it does."""
    at = position(command, "codex", "@openai/codex")
    if at is None:
        return None
    home = Path(environ.get("CODEX_HOME") or Path(environ.get("HOME") or Path.home(), ".codex"))
    settings = _read_toml(home / "config.toml")
    chosen = settings.get("model_provider")
    providers = settings.get("model_providers")
    provider = providers.get(chosen) if isinstance(providers, dict) else None
    key, address = _KEY, settings.get(_KEY)
    if isinstance(provider, dict) and isinstance(provider.get("base_url"), str):
        key, address = f"model_providers.{chosen}.base_url", provider["base_url"]
    argument = next((number for number in range(at + 1, len(command)) if _setting(command, number, key)), None)
    if argument is not None:
        address = command[argument].partition(f"{key}=")[2].strip("\"'")
    by_subscription = key == _KEY and address is None and _is_subscription(home / "auth.json", environ)
    return Codex(at, key, address if isinstance(address, str) else None, argument, by_subscription)


def codex_arguments(command: Sequence[str], codex: Codex, base: str) -> list[str]:
    """`command` with Codex's base URL set to ``base/v1``: in the user's own setting of it, or behind its name."""
    setting = f'{codex.key}="{base}/v1"'
    if codex.argument is not None:
        flag = command[codex.argument].partition(f"{codex.key}=")[0]
        return [*command[: codex.argument], flag + setting, *command[codex.argument + 1 :]]
    return [*command[: codex.at + 1], "-c", setting, *command[codex.at + 1 :]]


def _setting(command: Sequence[str], number: int, key: str) -> bool:
    """Whether that word of `command` sets `key`: behind ``-c``, or in one word with it."""
    flag, found, _ = command[number].partition(f"{key}=")
    return bool(found) and (flag in ("-c", "-c=", "--config=") or (not flag and command[number - 1] in _FLAGS))


_FLAGS = ("-c", "--config")


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or Codex itself will say what is wrong with it
        return {}


def _is_subscription(file: Path, environ: Mapping[str, str]) -> bool:
    if environ.get("CODEX_API_KEY"):
        return False
    try:
        login = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(login, dict):
        return False
    mode = login.get("auth_mode")
    return mode == "chatgpt" if mode else bool(login.get("tokens")) and not login.get("OPENAI_API_KEY")
