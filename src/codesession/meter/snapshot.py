"""How do published prices get into the data directory?

``python -m codesession.meter.snapshot DEST`` compiles the price list of the installed genai-prices package into the
directory DEST; with ``FILE VERSION`` after it a list that was downloaded (see `downloaded`). `ensure_shards` runs that
in a process of its own, once for each version of the package: importing genai-prices costs 350 ms and 35 MB, which no
other process of ours pays.

A set of shards is written into a directory beside its place, flushed, and renamed into it. So a set is complete or not
there: a killed compile leaves only a temporary directory (swept an hour later), and of two compiles at once the second
finds the first one's equal set and drops its own.

What only a compile needs is imported by the compile: `ensure_shards` is on every command's path, where subprocess,
shutil and tempfile would cost 6 ms.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from codesession.errors import CodesessionError
from codesession.meter.catalogue import INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = 2
"""the number of the shards' format: one more whenever the compiler or `catalogue` changes what is in a shard"""

POINTER = "in-use.json"
"""the file that says which downloaded list is in use, where one is; see `downloaded`"""

COMPILE_LIMIT_S = 120.0
"""seconds a compile may take (about 2 on a slow machine) before it is given up"""

_KEPT_SETS = 3
"""how many sets stay: a running proxy may still read an older one, and two environments may share a data directory"""

_ABANDONED_S = 3600.0
"""seconds after which a temporary directory cannot belong to a running compile"""

PARTIAL = ".partial-"
"""how the names of what is being made begin"""


class PricesUnavailable(CodesessionError):
    """There is no usable price list, and nothing was left behind.

    Whoever meets it warns and goes on with ``Catalogue(None)``: calls are metered and kept, unpriced.
    """

    code: ClassVar[str] = "prices_unavailable"
    http_status: ClassVar[int] = 503


def ensure_shards(data_dir: Path) -> Path:
    """The directory of shards of the list in use, compiled first if it is not there.

    That is the installed genai-prices' list, or one that was downloaded since; if that one cannot be compiled any more
    it is the installed one again. When the shards are there this costs two looks at the disk; otherwise about a second,
    in another process.

    Raises:
        PricesUnavailable: genai-prices is missing or broken, or the directory cannot be written.
    """
    return _downloaded_shards(data_dir / "prices") or installed_shards(data_dir)


def installed_shards(data_dir: Path) -> Path:
    """As `ensure_shards`, always for the list of the installed genai-prices."""
    home = data_dir / "prices"
    shards = home / f"genai-prices-{installed_version()}-format-{FORMAT}"
    if not (shards / INDEX).is_file():
        compile_elsewhere(shards)
        sweep(home)
    return shards


def _downloaded_shards(home: Path) -> Path | None:
    """The shards of the downloaded list that is in use, if one is and can be used."""
    if not (home / POINTER).is_file():
        return None
    from codesession.meter.downloaded import list_in_use  # few have one

    found = list_in_use(home, installed_version())
    if found is None:
        return None
    shards = found.shards_in(home, FORMAT)
    if not (shards / INDEX).is_file():
        try:
            compile_elsewhere(shards, found.list_in(home), found.version)
        except PricesUnavailable:  # what is installed serves, its name is in the source of each price; doctor tells
            return None
        sweep(home)
    return shards


def installed_version() -> str:
    """The version of the installed genai-prices, read off its metadata directory's name.

    Asking importlib.metadata costs 22 ms to import, this 0.3 ms; it is asked only where the name does not tell.

    Raises:
        PricesUnavailable: the package is not installed.
    """
    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        raise PricesUnavailable("The package genai-prices is not installed, so no call can be priced.")
    beside = [path.name for path in Path(spec.origin).parent.parent.glob("genai_prices-*.dist-info")]
    if len(beside) != 1:
        return _version_by_metadata()
    return beside[0].removeprefix("genai_prices-").removesuffix(".dist-info")


def _version_by_metadata() -> str:
    """As `installed_version`, where none or several metadata directories lie beside the package."""
    from importlib import metadata  # 22 ms, and rarely needed

    try:
        return metadata.version("genai-prices")
    except metadata.PackageNotFoundError as error:
        raise PricesUnavailable("The package genai-prices has no version, so its prices cannot be used.") from error


def compile_shards(destination: Path, list_file: Path | None = None, version: str | None = None) -> None:
    """Compile the installed genai-prices into the directory `destination`, whole or not at all.

    With `list_file` it is the list in that file, which calls itself `version`. A set that is already there is complete,
    and stays. Imports genai-prices into this process.

    Raises:
        ListUnusable: the file is no list of prices.
    """
    import shutil  # see the module's docstring
    import tempfile  # as above

    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=destination.parent))
    try:
        for name, content in _published_files(list_file, version or installed_version()):
            _write_flushed(partial / name, content)
        _put_in_place(partial, destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, destination: Path) -> None:
    """Rename `partial` to `destination`, unless another process has been quicker."""
    try:
        partial.rename(destination)
    except OSError:
        if not (destination / INDEX).is_file():
            raise


def _published_files(list_file: Path | None, version: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name and content of each file of a set, the index last; imports genai-prices."""
    from genai_prices.data_snapshot import get_snapshot  # 350 ms, and only the compile step may
    from genai_prices.data_units import unit_data  # as above

    from codesession.meter.downloaded import read_list  # needed here only
    from codesession.meter.published import clause_row, model_row, read_units  # as above

    units = read_units(unit_data)
    index: dict[str, Any] = {"version": version, "providers": {}, "problems": []}
    for provider in get_snapshot().providers if list_file is None else read_list(list_file):
        rows = []
        for model in provider.models:
            row, problems = model_row(model, units)
            rows.append(row)
            index["problems"] += [f"{provider.id}: {problem}" for problem in problems]
        index["providers"][provider.id] = clause_row(provider.provider_match)
        yield f"{provider.id}.json", {"fallbacks": provider.fallback_model_providers or [], "models": rows}
    yield INDEX, index


def _write_flushed(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as JSON to `path`, down to the disk: after the rename it must survive a power cut too."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(json.dumps(content, separators=(",", ":")))
        file.flush()
        os.fsync(file.fileno())


def compile_elsewhere(destination: Path, *listed: Path | str) -> None:
    """Run `compile_shards` in a process of its own; `listed` is a list's file and version.

    ``-P`` keeps the current directory out of its import path: a project may well contain a ``json.py``.
    """
    import subprocess  # see the module's docstring

    command = [sys.executable, "-P", "-m", "codesession.meter.snapshot", str(destination), *map(str, listed)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, run by the interpreter that runs us
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMPILE_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PricesUnavailable(f"The price list could not be compiled: {error}.") from error
    if done.returncode != 0 or not (destination / INDEX).is_file():
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise PricesUnavailable(f"The price list could not be compiled: {reason}.", detail=done.stderr)


def sweep(home: Path) -> None:
    """Remove all but the newest sets in `home`, and what killed compiles left; what cannot be removed stays.

    A set loses its name first, in one step: a sweep that is killed leaves no half of a set. What belongs to the
    downloaded list that was last put in use stays.
    """
    import shutil  # see the module's docstring

    from codesession.meter.downloaded import chosen_list  # needed here only

    chosen = chosen_list(home)
    kept = {chosen.list_in(home), chosen.shards_in(home, FORMAT)} if chosen else set()
    sets = sorted(set(home.glob("genai-prices-*")) - kept, key=_age_s)
    for number, old in enumerate(sets[_KEPT_SETS:]):
        with suppress(OSError):  # a reader on Windows, or another sweep, keeps it: the next sweep gets it
            old.rename(home / f"{PARTIAL}{old.name}-{os.getpid()}-{number}")
    for old_list in set(home.glob("list-*.json")) - kept:  # of an update going on it is minutes old
        if _age_s(old_list) > _ABANDONED_S:
            old_list.unlink(missing_ok=True)
    for partial in home.glob(f"{PARTIAL}*"):
        if _age_s(partial) > _ABANDONED_S:
            shutil.rmtree(partial, ignore_errors=True)


def _age_s(path: Path) -> float:
    """Seconds since `path` was last changed; 0 when another process has just removed it."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _compile_as_told() -> None:
    """Compile what the command line says; what is no list of prices, or cannot be kept, is said in one line."""
    from codesession.meter.downloaded import ListUnusable  # needed here only

    destination, *listed = sys.argv[1:]
    try:
        if listed:
            compile_shards(Path(destination), Path(listed[0]), listed[1])
        else:
            compile_shards(Path(destination))
    except ListUnusable as error:
        sys.exit(str(error))
    except OSError as error:
        where = Path(destination).parent
        sys.exit(
            f"{where} cannot be written ({error.strerror}): make room for it there, or move away what is in its place"
        )


if __name__ == "__main__":
    _compile_as_told()
