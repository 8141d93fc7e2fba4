"""How is the user's ``pricing.json`` changed? As `rewriting` does it; what we do not know in it stays as it was."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from codesession.errors import InvalidInput
from codesession.meter.rewriting import exact_json, exclusive, write_whole
from codesession.meter.userfiles import read_json
from codesession.model.classes import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from pathlib import Path


def write_price(path: Path, key: str, dollars: Mapping[str, Decimal]) -> None:
    """Set the price of `key` to `dollars` per million tokens by class (names as in the file).

    Classes that are not named lose their price; a key that differs only in the case of its letters is replaced.

    Raises:
        InvalidInput: the file holds something that is no price list; it was left as it is.
        DatabaseError: the file cannot be written.
    """
    with exclusive(path):
        rows = _read_all(path)
        same = [known for known in rows if known.strip().lower() == key.lower()]
        row: dict[str, object] = {}
        for known in same:
            before = rows.pop(known)
            if isinstance(before, dict):
                row |= {name: value for name, value in before.items() if name not in CLASS_NAMES.values()}
        rows[key] = {**dollars, **row}
        write_whole(path, exact_json(rows) + "\n")


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
    with exclusive(path):
        backup = path.with_name(f"{path.name}.bak")
        if is_meant is None:
            content, _ = read_json(path)
            with suppress(FileNotFoundError):
                path.replace(backup)
            return len(content) if isinstance(content, dict) else 0
        rows = _read_all(path)
        kept = {key: row for key, row in rows.items() if not is_meant(key)}
        if len(kept) < len(rows):
            write_whole(backup, path.read_text(encoding="utf-8"))
            write_whole(path, exact_json(kept) + "\n")
        return len(rows) - len(kept)


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
