"""How do JSON documents and files name the classes of usage that can have a rate, and what is each a kind of?"""

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

KIND_OF = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "cache_write_other": "cache_write",
    "input_audio": "input",
    "cache_read_audio": "cache_read",
    "input_image": "input",
    "cache_read_image": "cache_read",
    "input_video": "input",
    "reasoning": "output",
    "output_audio": "output",
    "output_image": "output",
    "output_video": "output",
}
"""what a class of usage is billed as when a price does not name it; the others then have no price"""
