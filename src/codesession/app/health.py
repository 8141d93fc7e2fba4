"""Is everything as it should be? What is installed, where data is, where prompts go, the ledger, clock, git, prices.

Nothing here stops at what is wrong: that is what it is for.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import stat
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from codesession import __version__
from codesession.app.addresses import examine_addresses
from codesession.app.findings import Finding, counted, doubtful, fine, wrong
from codesession.app.ledger_health import examine_ledger
from codesession.config import Config, read_config, read_places
from codesession.errors import CodesessionError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesession.ledger.condition import Condition
    from codesession.meter import Catalogue

_AGENTS = (
    "claude", "codex", "gemini", "aider", "opencode", "goose", "amp", "qwen", "crush", "llm", "cursor-agent", "copilot",
)  # fmt: skip
_LITTLE_SPACE = 100_000_000
"""Bytes."""
_BEFORE_US_MS = 1_767_225_600_000
"""2026-01-01: this program is not older."""
_CLOCKS_DIFFER_MS = 5_000
_GIT_WAIT_S = 5.0


def examine(
    now_ms: int, directory: Path, program: Path, environ: Mapping[str, str] = os.environ, *, fix: bool = False
) -> list[Finding]:
    """Everything that was looked at, in the order it was.

    `now_ms` is the time by this machine's clock, in milliseconds since the epoch, `directory` the current one,
    `program` how we were called (the first of `sys.argv`). With `fix` the ledger's sums are made anew where they
    differ from their rows; otherwise nothing is changed but what opening the ledger changes.
    """
    config, findings = _config(environ)
    condition: Condition | None = None

    def ledger() -> list[Finding]:
        nonlocal condition
        found, condition = examine_ledger(config, fix=fix)
        return found

    sections: dict[str, Callable[[], list[Finding]]] = {
        "installed": lambda: _installed(environ, program),
        "data": lambda: _data(config),
        "config": lambda: _settings(config),
        "addresses": lambda: examine_addresses(config, directory),
        "ledger": ledger,
        "clock": lambda: _clock(now_ms, condition),
        "git": _git,
        "prices": lambda: _prices(config),
    }
    for topic, section in sections.items():
        try:
            findings += section()
        except (CodesessionError, OSError) as error:
            findings.append(wrong(topic, f"it could not be examined: {error}"))
    return findings


def _config(environ: Mapping[str, str]) -> tuple[Config, list[Finding]]:
    """The settings in force; of broken ones only where data is."""
    try:
        return read_config(environ), []
    except InvalidInput as error:
        advice = "correct it: until then every other command refuses to start"
        return Config(*_places(environ), environ=dict(environ)), [wrong("config", error.message, advice)]


def _places(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Where data is; where it would be when the variables that say so cannot be used."""
    try:
        return read_places(environ)
    except InvalidInput:
        return read_places({name: value for name, value in environ.items() if name in ("HOME", "USERPROFILE")})


def _installed(environ: Mapping[str, str], program: Path) -> list[Finding]:
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "platform": platform.platform()}
    text = (
        f"codesession {__version__}, Python {versions['python']}, SQLite {versions['sqlite']}, {versions['platform']}"
    )
    path = environ.get("PATH", "")
    agents = [name for name in _AGENTS if shutil.which(name, path=path)]
    found = f"agents on the PATH: {', '.join(agents)}" if agents else "no agent we know by name is on the PATH"
    return [
        fine("installed", text, codesession=__version__, **versions),
        _our_program(program, path),
        fine("installed", found, agents=agents),
    ]


def _our_program(program: Path, path: str) -> Finding:
    found = shutil.which("cs", path=path)
    facts = {"cs": found, "program": str(program)}
    if found is None:
        return doubtful(
            "installed", "no cs is on the PATH", "add its directory to the PATH: hooks call cs by its name", **facts
        )
    ours = {Path(sys.executable).with_name(Path(found).name).resolve()}
    with suppress(FileNotFoundError):  # the current directory, which a relative path begins at, may be deleted
        ours.add(program.absolute().resolve())
    if Path(found).resolve() in ours:
        return fine("installed", f"cs on the PATH is this one: {found}", **facts)
    advice = "put the directory of this one before it on the PATH, or call codesession instead of cs"
    return doubtful("installed", f"cs on the PATH is another one: {found}", advice, **facts)


def _data(config: Config) -> list[Finding]:
    environ, path = config.environ, config.database
    decided = next((name for name in ("CODESESSION_DB_PATH", "COSTHQ_DATA_DIR") if environ.get(name)), None)
    size = path.stat().st_size if path.is_file() else None
    facts = {"directory": str(config.data_dir), "ledger": str(path), "decidedBy": decided, "bytes": size}
    shown = f"the ledger is {path} ({decided or 'the default place'}"
    findings = [fine("data", f"{shown}; {'not there yet' if size is None else f'{size:,} bytes'})", **facts)]
    findings += _directory_mode(config.data_dir)
    above = next(directory for directory in (path.parent, *path.parent.parents) if directory.exists())
    free = shutil.disk_usage(above).free
    if free < _LITTLE_SPACE:
        text = f"only {free / 1e6:,.0f} MB are free on the disk of the ledger"
        return [*findings, doubtful("data", text, "free some space: without it calls cannot be recorded", free=free)]
    return [*findings, fine("data", f"{free / 1e9:,.1f} GB are free on its disk", free=free)]


def _settings(config: Config) -> list[Finding]:
    file = config.data_dir / "config.toml"
    text = f"settings in {file}" if file.exists() else f"no {file}: defaults are in force"
    return [fine("config", text, path=str(file), exists=file.exists())]


def _directory_mode(directory: Path) -> list[Finding]:
    if sys.platform == "win32" or not directory.is_dir():
        return []
    mode = stat.S_IMODE(directory.stat().st_mode)
    if not mode & 0o077:
        return []
    text = f"others on this machine may look into {directory} (mode {mode:04o})"
    return [doubtful("data", text, f"chmod 700 {directory}", mode=f"{mode:04o}")]


def _clock(now_ms: int, condition: Condition | None) -> list[Finding]:
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    local = now.astimezone()
    facts = {"now": now.isoformat(), "timeZone": local.tzname(), "utcOffset": local.strftime("%z")}
    shown = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} (UTC{local:%z})"
    advice = "set this machine's clock: prices and days are those of the moment a call is made"
    if now_ms < _BEFORE_US_MS:
        return [wrong("clock", f"it says {shown}, which is past", advice, **facts)]
    newest_ms = condition.newest_ms if condition else None
    if newest_ms is not None and newest_ms > now_ms + _CLOCKS_DIFFER_MS:
        newest = datetime.fromtimestamp(newest_ms / 1000, tz=UTC)
        text = f"it says {shown}, but the ledger has something of {newest.astimezone():%Y-%m-%d %H:%M:%S}"
        return [doubtful("clock", text, advice, newest=newest.isoformat(), **facts)]
    return [fine("clock", shown, **facts)]


def _git() -> list[Finding]:
    from codesession.workspace import git

    try:
        said = git.read(Path(sys.prefix), ["--version"], wait_s=_GIT_WAIT_S).decode("utf-8", "replace").strip()
    except git.GitFailed as error:
        return [doubtful("git", f"{error.message} Files and commits are not tracked.", "install git", version=None)]
    return [fine("git", said, version=said.removeprefix("git version "))]


def _unusable_list(config: Config, catalogue: Catalogue) -> list[Finding]:
    """What is wrong with the list that was downloaded, if it is to be in use and is not."""
    from codesession.meter.downloaded import list_in_use
    from codesession.meter.snapshot import installed_version

    found = list_in_use(config.data_dir / "prices", installed_version())
    if found is None or catalogue.source == f"genai-prices {found.version}":
        return []
    text = f"the downloaded prices {found.version} cannot be used any more; those of the installation are"
    return [doubtful("prices", text, "cs pricing update fetches newer ones; cs pricing update --installed drops them")]


def _prices(config: Config) -> list[Finding]:
    from codesession.meter import Catalogue, PriceBook, PricesUnavailable, ensure_shards, read_local_models
    from codesession.meter.snapshot import installed_version
    from codesession.meter.userfiles import LOCAL_MODELS

    with suppress(OSError):  # what cannot be made cannot be compiled into either, and that is said below
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        catalogue = Catalogue(ensure_shards(config.data_dir))
        version = installed_version()
        facts = {"genaiPrices": version, "inUse": catalogue.source}
        findings = [
            fine("prices", f"published prices: {catalogue.source}", **facts),
            *_unusable_list(config, catalogue),
        ]
    except PricesUnavailable as error:
        advice = "install codesession anew; until then only models that you have priced yourself have a price"
        catalogue = Catalogue(None)
        findings = [wrong("prices", error.message, advice)]
    book = PriceBook(config.data_dir, catalogue)
    local_models, problems = read_local_models(config.data_dir / LOCAL_MODELS)
    for count, noun in ((len(book.custom.rows), "custom price"), (len(local_models), "local model")):
        if count:
            findings.append(fine("prices", counted(count, noun), count=count))
    advice = "correct the file; what is said there is not used"
    return findings + [doubtful("prices", problem, advice) for problem in (*book.problems, *problems)]
