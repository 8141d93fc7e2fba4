"""How is Gemini CLI brought to call the proxy? By its variable, if its auth type is settled.

With ``GOOGLE_GEMINI_BASE_URL`` and no auth type in its settings, Gemini CLI picks one that it then refuses, even with
a key (measured with 0.61.0, 2026-11-22). Its settings can be changed in no other way than a file: a system defaults
file must belong to root, so a user gets a home of its own for Gemini CLI (``GEMINI_CLI_HOME``), which holds the
user's settings with the auth type added and, for the rest, links to what the user has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOME = "GEMINI_CLI_HOME"


def gemini_variables(environ: Mapping[str, str], data_dir: Path) -> dict[str, str] | None:
    """The variables Gemini CLI needs besides its base URL; None if it must be left without one.

    Nothing of the user's is written: neither ``~/.gemini`` nor a file in it.
    """
    if not environ.get("GEMINI_API_KEY"):
        return {}
    users = Path(environ.get(_HOME) or environ.get("HOME") or Path.home()) / ".gemini"
    file = users / "settings.json"
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else "{}"
    except (OSError, ValueError):
        return None
    if "electedType" in text or "electedAuthType" in text:  # selectedType, or as it was called before
        return {}
    try:
        settings = json.loads(text)
        home = data_dir / "clients" / "gemini"
        if isinstance(settings, dict) and users.parent != home:
            _furnish(home / ".gemini", users, settings)
    except (OSError, ValueError):  # settings with comments, or a system without links
        return None
    return {_HOME: str(home)}


def _furnish(ours: Path, users: Path, settings: dict[str, Any]) -> None:
    """Make `ours` look like `users`, with the auth type settled; what Gemini CLI has changed there stays."""
    ours.mkdir(mode=0o700, parents=True, exist_ok=True)
    for entry in users.iterdir() if users.is_dir() else ():
        link = ours / entry.name
        if entry.name != "settings.json" and not link.exists():
            link.unlink(missing_ok=True)  # a link to what has gone
            link.symlink_to(entry, target_is_directory=entry.is_dir())
    mine, theirs = ours / "settings.json", users / "settings.json"
    if mine.exists() and not (theirs.exists() and theirs.stat().st_mtime > mine.stat().st_mtime):
        return
    security = settings.setdefault("security", {})
    auth = security.setdefault("auth", {}) if isinstance(security, dict) else None
    if not isinstance(auth, dict):
        raise ValueError("settings that Gemini CLI itself will refuse")  # noqa: TRY004 - as what is not JSON
    auth["selectedType"] = "gemini-api-key"
    partial = mine.with_suffix(".new")
    partial.write_text(json.dumps(settings), encoding="utf-8")
    partial.replace(mine)
