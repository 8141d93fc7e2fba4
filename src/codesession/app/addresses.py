"""Where do prompts and keys go? Every place that names an address for a provider's clients, and whose host it is.

An address is in order if it is the provider's own, this machine's, or one that the user has written into the
config. Whoever can set a variable or a file in a repository could otherwise read every prompt and key: that of
Claude Code's project settings is one (https://code.claude.com/docs/en/settings).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codesession.app.findings import fine, wrong
from codesession.config import read_config
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codesession.app.findings import Finding
    from codesession.config import Config

TOPIC = "addresses"
_UPSTREAM = "CODESESSION_UPSTREAM_"


@dataclass(frozen=True, slots=True)
class _Address:
    """One address that somebody has set."""

    source: str
    """the variable or file"""
    provider: str
    address: str
    is_yours: bool = False
    """whether it stands in our own config file"""


def examine_addresses(config: Config, directory: Path) -> list[Finding]:
    """A finding for each address in the environment, in our config, and in the settings of Claude Code and Codex.

    Only hosts are told: an address may carry a password.
    """
    mine = _of_config_file(config)
    yours = {host for host in (_host(address.address) for address in mine) if host}
    found = [*mine, *_of_variables(config), *_of_claude(config, directory), *_of_codex(config)]
    findings = [_judged(address, yours, config) for address in dict.fromkeys(found)]
    return findings or [fine(TOPIC, "no base URL is set: clients call their providers directly", host=None)]


def _of_config_file(config: Config) -> list[_Address]:
    bare = {name: value for name, value in config.environ.items() if not name.startswith(_UPSTREAM)}
    try:
        upstreams = read_config(bare).upstreams
    except InvalidInput:  # that the config cannot be read is a finding of its own
        return []
    file = str(config.data_dir / "config.toml")
    return [_Address(file, provider, address, is_yours=True) for provider, address in upstreams.items()]


def _of_variables(config: Config) -> Iterator[_Address]:
    """Base URLs for clients, with those that an outer `cs run` has put aside, and upstreams for our proxy."""
    from codesession.capture.clients import BEFORE_PREFIX
    from codesession.capture.providers import PROVIDERS

    environ = config.environ
    for provider in PROVIDERS.values():
        for base_url in provider.base_urls:
            for name in (base_url, BEFORE_PREFIX + base_url):
                if environ.get(name, "").strip():
                    yield _Address(name, provider.name, environ[name].strip())
    for name in sorted(environ):
        if name.startswith(_UPSTREAM) and environ[name]:
            yield _Address(name, name.removeprefix(_UPSTREAM).lower(), environ[name])


def _of_claude(config: Config, directory: Path) -> Iterator[_Address]:
    """What Claude Code's settings set, the user's and the project's: it prefers them to the environment."""
    from codesession.capture.providers import PROVIDERS

    environ = config.environ
    home = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or Path.home(), ".claude"))
    project = directory / ".claude"
    for file in (home / "settings.json", project / "settings.json", project / "settings.local.json"):
        variables = _variables_in(file)
        for provider in PROVIDERS.values():
            for name in provider.base_urls:
                address = variables.get(name)
                if isinstance(address, str) and address.strip():
                    yield _Address(f"{name} in {file}", provider.name, address.strip())


def _variables_in(file: Path) -> Mapping[str, object]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or Claude Code itself will say what is wrong with it
        return {}
    variables = settings.get("env") if isinstance(settings, dict) else None
    return variables if isinstance(variables, dict) else {}


def _of_codex(config: Config) -> Iterator[_Address]:
    from codesession.capture.codex import find_codex

    codex = find_codex(["codex"], config.environ)
    if codex and codex.address:
        yield _Address(f"{codex.key} in Codex's config.toml", "openai", codex.address)


def _judged(address: _Address, yours: set[str], config: Config) -> Finding:
    from codesession.capture.providers import PROVIDERS
    from codesession.capture.proxy.peers import is_loopback

    provider, host = address.provider, _host(address.address)
    facts = {"source": address.source, "provider": provider, "host": host}
    if host is None:
        return wrong(
            TOPIC,
            f"{address.source} is not an address",
            "write it as https://host[:port][/path], or unset it",
            **facts,
        )
    whose = next((known.name for known in PROVIDERS.values() if known.upstream and _is_at(host, known.upstream)), None)
    if address.is_yours or host in yours:
        return fine(TOPIC, f"{provider}: {host}, as you have written in config.toml ({address.source})", **facts)
    if is_loopback(host) or host == "0.0.0.0":  # noqa: S104 - OLLAMA_HOST may be what a server here binds to
        return fine(TOPIC, f"{provider}: {host}, this machine ({address.source})", **facts)
    if whose == provider:
        return fine(TOPIC, f"{provider}: {host}, the provider's own ({address.source})", **facts)
    if whose is not None:
        return fine(TOPIC, f"{provider}: {host}, which is {whose}'s ({address.source})", **facts)
    return wrong(
        TOPIC,
        f"prompts and keys go to {host}, which is not {provider}'s ({address.source})",
        f"if that is your gateway, name it in {config.data_dir / 'config.toml'}, under [upstreams]: "
        f'{provider} = "https://{host}/…"; if not, remove it and change your key',
        **facts,
    )


def _is_at(host: str, upstream: str) -> bool:
    """Whether `host` is that of the provider whose own address is `upstream`, or below it."""
    own = _host(upstream)
    return own is not None and (host == own or host.endswith(f".{own}"))


def _host(address: str) -> str | None:
    """The host of an address, which may lack its scheme; None where there is none."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return parts.hostname.rstrip(".") if parts.hostname else "127.0.0.1" if parts.netloc.startswith(":") else None
    except ValueError:  # what is no address, such as "http://[::1"
        return None
