"""What stands in a JSON file that the user may edit, and what is wrong with it?

Numbers with a fraction are read as `Decimal`, so that 0.1 stays 0.1. Bad input is data: a file or a row that cannot be
used is left out, and a sentence says which and why.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

LOCAL_MODELS = "local-models.json"
"""the file in the data directory that says what the user's own models cost an hour: see `local`"""

MOST_DOLLARS = 1_000_000
"""the highest rate that is believed; anything above is a slip of the keyboard"""

_MOST_PLACES = 24
"""digits behind the point that a rate may have"""


def file_mark(file: Path) -> tuple[int, int, int] | None:
    """What changes when `file` does; None when there is none."""
    try:
        seen = file.stat()
    except FileNotFoundError:
        return None
    except OSError:  # reading it will tell why
        return 0, 0, 0
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def read_json(file: Path) -> tuple[object, str | None]:
    """What the JSON `file` holds, or None and, unless there is no such file, why it cannot be used."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        content: object = json.loads(text, parse_float=_number)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return None, f"{file} cannot be read ({error.strerror})."
    except UnicodeDecodeError:
        return None, f"{file} is not UTF-8."
    except (ValueError, RecursionError) as error:
        return None, f"{file} is not JSON ({error})."
    return content, None


def _number(text: str) -> Decimal | str:
    """`text` as a number, exactly; one beyond all bounds stays text, and is refused where a number is wanted."""
    from decimal import Decimal, InvalidOperation  # only once there is a number

    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def exact_dollars(value: object) -> tuple[int, int] | None:
    """The rate `value` as (digits, exponent of ten); None unless it is a JSON number from 0 to a million.

    >>> from decimal import Decimal
    >>> exact_dollars(Decimal("2.50")), exact_dollars(15), exact_dollars(Decimal("-1")), exact_dollars(True)
    ((25, -1), (15, 0), None, None)
    """
    from decimal import Decimal  # as above

    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    dollars = Decimal(value)
    if not dollars.is_finite() or not 0 <= dollars <= MOST_DOLLARS:
        return None
    _, figures, exponent = dollars.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - it is finite
    zeros = 0
    while exponent + zeros < 0 and zeros < len(figures) and figures[-1 - zeros] == 0:
        zeros += 1
    if not any(figures):
        return 0, 0
    exponent += zeros
    if exponent < -_MOST_PLACES:  # before its digits become an int, of which Python makes none of thousands of them
        return None
    return int("".join(map(str, figures[: len(figures) - zeros]))), exponent
