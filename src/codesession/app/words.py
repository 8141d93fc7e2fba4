"""How are words that somebody typed kept?"""

from __future__ import annotations

from codesession.errors import InvalidInput

LONGEST_NAME = 500
"""Characters of a session's name."""


def checked(name: str) -> str:
    """A session's name as it is kept.

    Raises:
        InvalidInput: it is blank.
    """
    name = " ".join(valid_text(name).split())
    if not name:
        raise InvalidInput('A session needs a name, such as: cs start "Fix the login"')
    return name[:LONGEST_NAME]


def valid_text(words: str) -> str:
    """What was typed, as text that can be kept: bytes that are no UTF-8 become question marks."""
    return words.encode("utf-8", "replace").decode()
