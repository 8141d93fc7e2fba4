"""How is a file that the user may edit changed by us, so that nothing in it is lost?

Under a lock beside the file, so that of two commands at once the second sees what the first wrote; whole or not at all,
by a new file renamed over the old one.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Nobody else changes `path` while the block runs; its directory is made if there is none.

    Raises:
        DatabaseError: the system refuses what is done in the block.
    """
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


def write_whole(path: Path, text: str) -> None:
    """Write the whole of the file, or none of it, down to the disk; only its owner may read it.

    Raises:
        OSError: the system refuses; the file is as it was.
    """
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


def exact_json(value: object, indent: str = "\n") -> str:
    """`value` as JSON, a key on each line, with every number as `userfiles.read_json` read it.

    >>> print(exact_json({"a/b": {"input": Decimal("2.50")}, "few": [1, 2], "rows": [{}]}))
    {
      "a/b": {
        "input": 2.50
      },
      "few": [1, 2],
      "rows": [
        {}
      ]
    }
    """
    inner = f"{indent}  "
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict) and value:
        lines = (f"{json.dumps(str(key))}: {exact_json(row, inner)}" for key, row in value.items())
        return f"{{{inner}" + f",{inner}".join(lines) + f"{indent}}}"
    if isinstance(value, list):
        if any(isinstance(part, dict | list) for part in value):
            return f"[{inner}" + f",{inner}".join(exact_json(part, inner) for part in value) + f"{indent}]"
        return "[" + ", ".join(exact_json(part, indent) for part in value) + "]"
    return json.dumps(value)
