"""How is the user's ``pricing.json`` changed, so that nothing in it is lost?

Under a lock beside the file, so that of two commands at once the second sees what the first wrote; whole or not at all,
by a new file renamed over the old one. What we do not know in the file is written back as it was.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError, InvalidInput
from codesession.meter.userfiles import read_json
from codesession.model.classes import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _wait_for(descriptor: int) -> None:
        while True:
            with suppress(OSError):  # it gives up after ten tries, a second apart
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return

else:
    import fcntl

    def _wait_for(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def write_price(path: Path, key: str, dollars: Mapping[str, Decimal]) -> None:
    """Set the price of `key` to `dollars` per million tokens by class (names as in the file).

    Classes that are not named lose their price; a key that differs only in the case of its letters is replaced.

    Raises:
        InvalidInput: the file holds something that is no price list; it was left as it is.
        DatabaseError: the file cannot be written.
    """
    with _exclusive(path):
        rows = _read_all(path)
        same = [known for known in rows if known.strip().lower() == key.lower()]
        row: dict[str, object] = {}
        for known in same:
            before = rows.pop(known)
            if isinstance(before, dict):
                row |= {name: value for name, value in before.items() if name not in CLASS_NAMES.values()}
        rows[key] = {**dollars, **row}
        _write(path, _json(rows) + "\n")


def remove_prices(path: Path, is_meant: Callable[[str], bool] | None = None) -> int:
    """Remove the prices whose key `is_meant`, or all of them; the file as it was stays beside it, as ``.bak``.

    Returns:
        How many prices were removed.

    Raises:
        InvalidInput: some are to stay, and the file holds something that is no price list.
        DatabaseError: the file cannot be written.
    """
    if not path.exists():
        return 0
    with _exclusive(path):
        backup = path.with_name(f"{path.name}.bak")
        if is_meant is None:
            content, _ = read_json(path)
            with suppress(FileNotFoundError):
                path.replace(backup)
            return len(content) if isinstance(content, dict) else 0
        rows = _read_all(path)
        kept = {key: row for key, row in rows.items() if not is_meant(key)}
        if len(kept) < len(rows):
            _write(backup, path.read_text(encoding="utf-8"))
            _write(path, _json(kept) + "\n")
        return len(rows) - len(kept)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Nobody else changes `path` while the block runs; what the system refuses in it is an error of ours."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DatabaseError(f"{path} cannot be written: {error.strerror}.", path=str(path)) from error


def _read_all(path: Path) -> dict[str, object]:
    """All that is in the file; empty when there is none."""
    content, problem = read_json(path)
    if problem is None and not isinstance(content, dict | None):
        problem = f"{path} holds no object of prices by model."
    if problem is not None:
        raise InvalidInput(
            f"{problem} It was left as it is: mend it, move it away, or set it aside with: cs pricing reset",
            path=str(path),
        )
    return content if isinstance(content, dict) else {}


def _write(path: Path, text: str) -> None:
    """Write the whole of the file, or none of it, down to the disk; only its owner may read it."""
    import tempfile  # only a change needs it

    target = path.resolve()  # a link to somewhere else stays a link
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)  # noqa: PTH105 - mkstemp gives a string
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)  # noqa: PTH108 - as above
        raise


def _json(value: object, indent: str = "\n") -> str:
    """`value` as JSON, a key on each line, with every number as it was read.

    >>> print(_json({"a/b": {"input": Decimal("2.50")}, "empty": {}}))
    {
      "a/b": {
        "input": 2.50
      },
      "empty": {}
    }
    """
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict) and value:
        inner = f"{indent}  "
        lines = (f"{json.dumps(str(key))}: {_json(row, inner)}" for key, row in value.items())
        return f"{{{inner}" + f",{inner}".join(lines) + f"{indent}}}"
    if isinstance(value, list):
        return "[" + ", ".join(_json(part, indent) for part in value) + "]"
    return json.dumps(value)
