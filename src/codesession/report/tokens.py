"""Which kinds of tokens are told apart? Those that differ most in price."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codesession.model import Usage
    from codesession.report.documents import Document


class Tokens(NamedTuple):
    """What was consumed; each token is in one of the kinds."""

    input: int
    """read at the full rate, images, audio and video among it"""
    output: int
    """written, reasoning among it"""
    cache_write: int
    cache_read: int
    unsplit: int
    """of which only the total is known"""


def tokens_of(usage: Usage) -> Tokens:
    """The tokens of `usage` by kind.

    >>> from codesession.model import Usage
    >>> tokens_of(Usage(input=5, input_image=1, cache_write_1h=2, cache_read=9, output=3, reasoning=4))
    Tokens(input=6, output=7, cache_write=2, cache_read=9, unsplit=0)
    """
    written = usage.cache_write + usage.cache_write_1h + usage.cache_write_other
    read = usage.cache_read + usage.cache_read_audio + usage.cache_read_image
    return Tokens(usage.prompt_tokens - written - read, usage.completion_tokens, written, read, usage.unsplit)


def tokens_document(tokens: Tokens) -> Document:
    """As documents have them."""
    return {
        "inputTokens": tokens.input,
        "outputTokens": tokens.output,
        "cacheWriteTokens": tokens.cache_write,
        "cacheReadTokens": tokens.cache_read,
        "unsplitTokens": tokens.unsplit,
    }


def cache_share(usage: Usage) -> float | None:
    """How much of what was read came from the provider's cache, from 0 to 1; None where nothing was read.

    >>> from codesession.model import Usage
    >>> cache_share(Usage(input=1, cache_read=3))
    0.75
    """
    tokens = tokens_of(usage)
    return tokens.cache_read / usage.prompt_tokens if usage.prompt_tokens else None


def ratio(usage: Usage) -> float | None:
    """How many tokens were read for each one written; None where none was written.

    >>> from codesession.model import Usage
    >>> ratio(Usage(input=30, output=4))
    7.5
    """
    return usage.prompt_tokens / usage.completion_tokens if usage.completion_tokens else None
