"""How do JSON documents and files name the classes of usage that can have a rate?"""

from __future__ import annotations

from codesession.model.usage import USAGE_FIELDS


def _camel(field: str) -> str:
    """The name of a field of `Usage` in JSON.

    >>> _camel("cache_write_1h")
    'cacheWrite1h'
    """
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


CLASS_NAMES: dict[str, str] = {field: _camel(field) for field in USAGE_FIELDS}
"""by field of `Usage`, in order"""
