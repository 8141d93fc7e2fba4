"""Does a name fit a match clause of the price list?

A clause is a pair as it stands in a shard, ``[kind, operand]``: the operand is a string, or for ``or`` and ``and`` a
list of clauses. Names are compared in lower case: the caller lowers the name once, the shard holds lowered operands
(regular expressions aside, which stay as published).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def matches(clause: Sequence[Any], name: str) -> bool:
    r"""Whether the lower-case `name` fits `clause`.

    >>> matches(["or", [["equals", "gpt-5"], ["starts_with", "gpt-5-2025"]]], "gpt-5-2025-08-07")
    True
    >>> matches(["and", [["contains", "flash"], ["regex", r"-\d{3}$"]]], "gemini-flash-latest")
    False
    """
    kind, operand = clause
    return _TESTS[kind](operand, name)


def _is_any(clauses: Sequence[Sequence[Any]], name: str) -> bool:
    """Whether one of `clauses` fits."""
    return any(matches(clause, name) for clause in clauses)


def _is_every(clauses: Sequence[Sequence[Any]], name: str) -> bool:
    """Whether all `clauses` fit."""
    return all(matches(clause, name) for clause in clauses)


def _is_regex(pattern: str, name: str) -> bool:
    """Whether `pattern` is found in `name`; the pattern is compiled when first met, and kept by `re`."""
    return re.search(pattern, name) is not None


_TESTS: dict[str, Callable[[Any, str], bool]] = {
    "equals": lambda operand, name: bool(name == operand),
    "starts_with": lambda operand, name: name.startswith(operand),
    "ends_with": lambda operand, name: name.endswith(operand),
    "contains": lambda operand, name: operand in name,
    "regex": _is_regex,
    "or": _is_any,
    "and": _is_every,
}
