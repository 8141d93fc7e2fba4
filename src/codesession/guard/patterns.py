"""Does a pattern mean this model? ``*`` stands for any text, ``?`` for one character; case does not count."""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def means(pattern: str, provider: str, model: str) -> bool:
    """Whether `pattern` fits the model's name, or ``provider/model``.

    >>> means("gpt-5*", "openai", "gpt-5-pro"), means("openai/*", "openai", "gpt-4o"), means("gpt", "openai", "gpt-4o")
    (True, True, False)
    """
    compiled = _compiled(lowered(pattern))
    return bool(compiled.fullmatch(lowered(model)) or compiled.fullmatch(lowered(f"{provider}/{model}")))


def lowered(text: str) -> str:
    """`text` in lower case, by the letters of ASCII alone, as the ledger's ``lower`` and ``GLOB`` know them."""
    return text.translate(_LOWER)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    first, *others = (_plain(part) for part in pattern.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    # each part is found where it comes first, for good: without that, many stars would take longer than anybody waits
    between = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(f"{first}{between}.*{others[-1]}", re.DOTALL)


def _plain(part: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in part)
