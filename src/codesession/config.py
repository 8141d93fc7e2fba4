"""What has the user settled? The config file and the environment, as one frozen value.

``~/.codesession/config.toml``, all of it optional::

    durability = "full"          # survive power loss too, not only the death of a process
    timezone = "Europe/Berlin"   # where days, weeks and months of budgets begin; otherwise the system's

    [proxy]
    connect_timeout = 10         # seconds
    idle_timeout = 600           # seconds of silence in an answer

    [upstreams]
    anthropic = "https://gateway.example/anthropic"

    [providers.mycompany]        # a host of your own: http://127.0.0.1:PORT/mycompany/…
    upstream = "https://llm.mycompany.example"
    wire = "openai"              # or "anthropic", "google", "ollama": how it is spoken to
    prices = "openai"            # by whose list its models are priced; otherwise its own
    local = false                # whether it runs on your own hardware
    ask_usage = true             # whether its streams may be asked for their usage (stream_options)
    deployments = {my-gpt = "gpt-4o"}    # the models behind names of your own

    [alerts]
    webhook = "https://hooks.slack.com/services/…"
    webhook_shape = "slack"      # or "discord", "json"; otherwise by the host
    desktop = true

    [runaway]
    action = "warn"              # or "off", "pause", "block"; with dollars_per_minute, same_request,
    wait = 300                   # same_tool_call, errors and file_churn: 0 is off; wait: seconds of a pause

    [cache]
    enabled = false
    ttl = 86400                  # seconds
    max_mb = 256
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Nanos

PROXY_PORT = 3739
"""Where a proxy listens unless it is told otherwise."""
CONNECT_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 600.0
_MOST = 2**31 - 1
_MOST_DOLLARS = 10**9
"""What comes of it must fit the integers of the ledger."""


class AlertsConfig(NamedTuple):
    """Where alerts go, beside the terminal."""

    webhook: str | None = None
    """its address, which is a secret: only its host may be told"""
    shape: str | None = None
    """``slack``, ``discord`` or ``json``; None: what the host expects"""
    desktop: bool = True

    def __repr__(self) -> str:
        """All but the secret."""
        return f"AlertsConfig(webhook={'…' if self.webhook else None}, shape={self.shape!r}, desktop={self.desktop})"


class RunawayConfig(NamedTuple):
    """What counts as a loop, and what happens then; a figure of 0 is off, None is the rule's own default."""

    action: str = "warn"
    """``off``, ``warn``, ``pause`` or ``block``"""
    nanos_per_minute: Nanos | None = None
    """nano-dollars"""
    same_request: int | None = None
    same_tool_call: int | None = None
    errors: int | None = None
    file_churn: int | None = None
    wait_s: int = 300
    """how long a paused call waits for a person"""


class CacheConfig(NamedTuple):
    """Whether answers are kept, for how long, and how much of them."""

    is_enabled: bool = False
    ttl_s: int = 86_400
    max_mb: int = 256


class ProviderConfig(NamedTuple):
    """What is said of one provider; None: nothing."""

    wire: str | None = None
    """``openai``, ``anthropic``, ``google`` or ``ollama``"""
    prices: str | None = None
    """the provider by whose list its models are priced"""
    is_local: bool | None = None
    """whether it runs on the user's own hardware"""
    asks_usage: bool = True
    """whether its streams may be asked for their usage"""
    deployments: Mapping[str, str] = MappingProxyType({})
    """the models behind names that the user has given them there"""


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
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict)
    """what else is said of providers, known or the user's own"""
    environ: Mapping[str, str] = field(default_factory=dict)
    """the environment all this was read from"""
    timezone: str | None = None
    """where days begin, as `zoneinfo` names it; None: the system's"""
    alerts: AlertsConfig = AlertsConfig()  # noqa: RUF009 - these three are tuples
    runaway: RunawayConfig = RunawayConfig()  # noqa: RUF009
    cache: CacheConfig = CacheConfig()  # noqa: RUF009

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
    providers = _table(settings, "providers", file)
    return Config(
        data_dir,
        database,
        _choice(settings, "durability", ("normal", "full"), f"{file}: ") == "full",
        _seconds(environ, "CODESESSION_CONNECT_TIMEOUT", proxy.get("connect_timeout", CONNECT_TIMEOUT_S), file),
        _seconds(environ, "CODESESSION_IDLE_TIMEOUT", proxy.get("idle_timeout", IDLE_TIMEOUT_S), file),
        _upstreams(_own_upstreams(providers, _table(settings, "upstreams", file), file), environ, file),
        {name: _provider(own, f"{file}: providers.{name}.") for name, own in providers.items()},
        dict(environ),
        timezone=_timezone(settings, file),
        alerts=_alerts(_table(settings, "alerts", file), environ, f"{file}: alerts."),
        runaway=_runaway(_table(settings, "runaway", file), f"{file}: runaway."),
        cache=_cache(_table(settings, "cache", file), f"{file}: cache."),
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


_PROVIDER = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PATHS = frozenset(
    {"s", "v1", "v1alpha", "v1beta", "v1beta1", "v2", "api", "health", "chat", "completions", "responses", "embeddings"}
    | {"models", "images", "audio", "moderations"}
)
"""What paths begin with that name no provider."""


def _own_upstreams(tables: Mapping[str, Any], upstreams: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The upstreams, with those in the tables of providers."""
    found = dict(upstreams)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise InvalidInput(f"{file}: providers.{name} is not a table; write it as [providers.{name}].")
        if not _PROVIDER.fullmatch(name) or name in _PATHS:
            raise InvalidInput(
                f"{file}: {name!r} cannot name a provider; it can be a word of a-z, 0-9, - and _ "
                "with which no path begins."
            )
        if found.setdefault(name, table.get("upstream")) != table.get("upstream", found[name]):
            raise InvalidInput(f"{file}: {name} has one upstream in [upstreams] and another in [providers.{name}].")
    return {name: address for name, address in found.items() if address is not None}


def _provider(table: Mapping[str, Any], where: str) -> ProviderConfig:
    wires = ("openai", "anthropic", "google", "ollama")
    prices, deployments = table.get("prices"), table.get("deployments", {})
    if prices is not None and not (isinstance(prices, str) and _PROVIDER.fullmatch(prices)):
        raise InvalidInput(f'{where}prices is {prices!r}; it can be the name of a provider, such as "openai".')
    if not isinstance(deployments, dict) or not all(isinstance(model, str) and model for model in deployments.values()):
        raise InvalidInput(f'{where}deployments is {deployments!r}; it can be a table such as {{my-gpt = "gpt-4o"}}.')
    return ProviderConfig(
        _choice(table, "wire", wires, where) if "wire" in table else None,
        prices,
        _switch(table, "local", where, otherwise=False) if "local" in table else None,
        _switch(table, "ask_usage", where, otherwise=True),
        deployments,
    )


def _timezone(settings: Mapping[str, Any], file: Path) -> str | None:
    zone = settings.get("timezone")
    if zone is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(str(zone)).key
    except (KeyError, ValueError, OSError) as error:  # an unknown name; one that is none; that of a folder of zones
        raise InvalidInput(f'{file}: timezone is {zone!r}; it can be a zone such as "Europe/Berlin".') from error


def _alerts(table: Mapping[str, Any], environ: Mapping[str, str], where: str) -> AlertsConfig:
    name, address = f"{where}webhook", table.get("webhook")
    if "CODESESSION_WEBHOOK" in environ:
        name, address = "CODESESSION_WEBHOOK", environ["CODESESSION_WEBHOOK"].strip() or None
    if address is not None and not _is_web_address(address):
        raise InvalidInput(f"{name} is not an address; it can be https://… or http://…, without a user name.")
    shape = _choice(table, "webhook_shape", ("slack", "discord", "json"), where) if "webhook_shape" in table else None
    return AlertsConfig(address, shape, _switch(table, "desktop", where, otherwise=True))


def _is_web_address(address: object) -> bool:
    from urllib.parse import urlsplit

    if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # brackets that do not match, or a port beyond all ports
        return False
    return is_whole and parts.scheme in ("http", "https")


def _runaway(table: Mapping[str, Any], where: str) -> RunawayConfig:
    names = ("same_request", "same_tool_call", "errors", "file_churn")
    counts = {name: _whole(table, name, where, least=0) for name in names if name in table}
    return RunawayConfig(
        _choice(table, "action", ("warn", "off", "pause", "block"), where),
        _nanos(table, "dollars_per_minute", where),
        wait_s=_whole(table, "wait", where, otherwise=300),
        **counts,
    )


def _cache(table: Mapping[str, Any], where: str) -> CacheConfig:
    return CacheConfig(
        _switch(table, "enabled", where, otherwise=False),
        _whole(table, "ttl", where, otherwise=86_400),
        _whole(table, "max_mb", where, otherwise=256),
    )


def _choice(table: Mapping[str, Any], name: str, choices: tuple[str, ...], where: str) -> str:
    """One of `choices`; the first unless something is set."""
    value = table.get(name, choices[0])
    if value not in choices:
        *others, last = (f'"{choice}"' for choice in choices)
        raise InvalidInput(f"{where}{name} is {value!r}; it can be {', '.join(others)} or {last}.")
    return str(value)


def _switch(table: Mapping[str, Any], name: str, where: str, *, otherwise: bool) -> bool:
    value = table.get(name, otherwise)
    if not isinstance(value, bool):
        raise InvalidInput(f"{where}{name} is {value!r}; it can be true or false.")
    return value


def _whole(table: Mapping[str, Any], name: str, where: str, *, otherwise: int = 0, least: int = 1) -> int:
    value = table.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise InvalidInput(f"{where}{name} is {value!r}; it can be a whole number from {least} to {_MOST}.")
    return value


def _nanos(table: Mapping[str, Any], name: str, where: str) -> Nanos | None:
    """Dollars as nano-dollars, exactly as they are written; None where nothing is."""
    value = table.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _MOST_DOLLARS:
        raise InvalidInput(f"{where}{name} is {value!r}; it can be a number of dollars from 0 to {_MOST_DOLLARS}.")
    from decimal import Decimal

    from codesession.model import from_usd

    return from_usd(Decimal(str(value)))
