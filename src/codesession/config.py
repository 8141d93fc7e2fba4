"""What has the user settled? The config file and the environment, as one frozen value.

``~/.codesession/config.toml``, all of it optional::

    durability = "full"          # survive power loss too, not only the death of a process

    [proxy]
    connect_timeout = 10         # seconds
    idle_timeout = 600           # seconds of silence in an answer

    [upstreams]
    anthropic = "https://gateway.example/anthropic"
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set; paths are absolute, times in seconds."""

    data_dir: Path
    database: Path
    durable: bool = False
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    idle_timeout_s: float = IDLE_TIMEOUT_S
    upstreams: Mapping[str, str] = field(default_factory=dict)
    """addresses by provider, from the file and ``CODESESSION_UPSTREAM_<PROVIDER>``"""
    environ: Mapping[str, str] = field(default_factory=dict)
    """the environment all this was read from"""

    @property
    def earlier(self) -> Path | None:
        """Where CostHQ kept its sessions; None unless the ledger is where it is when nothing names its place."""
        home = _home(self.environ)
        is_named = self.environ.get("CODESESSION_DB_PATH") or self.environ.get("COSTHQ_DATA_DIR")
        if is_named or self.database != home / ".codesession" / "sessions.db":
            return None
        return home / ".costhq" / "sessions.db"


def read_config(environ: Mapping[str, str] = os.environ) -> Config:
    """The settings in force.

    The ledger is ``CODESESSION_DB_PATH``, else ``sessions.db`` in ``COSTHQ_DATA_DIR``, else in ``~/.codesession``;
    an empty variable is one that is not set.

    Raises:
        InvalidInput: the file or a variable cannot be used; the message names it.
    """
    data_dir, database = read_places(environ)
    file = data_dir / "config.toml"
    settings = _read_toml(file)
    proxy = _table(settings, "proxy", file)
    durability = settings.get("durability", "normal")
    if durability not in ("normal", "full"):
        raise InvalidInput(f'{file}: durability is {durability!r}; it can be "normal" or "full".')
    return Config(
        data_dir,
        database,
        durability == "full",
        _seconds(environ, "CODESESSION_CONNECT_TIMEOUT", proxy.get("connect_timeout", CONNECT_TIMEOUT_S), file),
        _seconds(environ, "CODESESSION_IDLE_TIMEOUT", proxy.get("idle_timeout", IDLE_TIMEOUT_S), file),
        _upstreams(_table(settings, "upstreams", file), environ, file),
        dict(environ),
    )


def read_places(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """The data directory and the ledger, wherever the rest of the settings may be broken.

    Raises:
        InvalidInput: a variable cannot be used; the message names it.
    """
    other_dir = environ.get("COSTHQ_DATA_DIR")
    data_dir = _path("COSTHQ_DATA_DIR", other_dir) if other_dir else _home(environ) / ".codesession"
    named = environ.get("CODESESSION_DB_PATH")
    return data_dir, _path("CODESESSION_DB_PATH", named) if named else data_dir / "sessions.db"


def _home(environ: Mapping[str, str]) -> Path:
    named = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(named).absolute() if named else Path.home()


def _path(variable: str, value: str) -> Path:
    try:
        return Path(value).expanduser().absolute()
    except (RuntimeError, FileNotFoundError) as error:  # no such ~user; or it is relative, and we are nowhere
        raise InvalidInput(f"{variable}: {value!r} leads nowhere: {error}") from error


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):  # that a file is in the way is told when the ledger is opened
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.") from error
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{file} is not TOML: {error}.") from error


def _table(settings: Mapping[str, Any], name: str, file: Path) -> dict[str, Any]:
    table = settings.get(name, {})
    if not isinstance(table, dict):
        raise InvalidInput(f"{file}: {name} is not a table; write it as [{name}].")
    return table


def _seconds(environ: Mapping[str, str], variable: str, otherwise: object, file: Path) -> float:
    where, value = (variable, environ[variable]) if environ.get(variable) else (str(file), otherwise)
    try:
        seconds = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InvalidInput(f"{where}: {value!r} is not a number of seconds above 0.")
    return seconds


def _upstreams(table: Mapping[str, Any], environ: Mapping[str, str], file: Path) -> dict[str, str]:
    for name, address in table.items():
        if not isinstance(address, str):
            raise InvalidInput(f"{file}: the upstream of {name} is not an address in quotes.")
    prefix = "CODESESSION_UPSTREAM_"
    named = {
        key.removeprefix(prefix).lower(): value for key, value in environ.items() if key.startswith(prefix) and value
    }
    return {**table, **named}
