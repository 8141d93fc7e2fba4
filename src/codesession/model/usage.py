"""What did one call consume? Tokens by class, each token counted once."""

from __future__ import annotations

from dataclasses import dataclass, fields

BYTES_PER_TOKEN = 4
"""The rule of thumb for text (https://help.openai.com/en/articles/4936856), used only where nothing was measured."""


@dataclass(frozen=True, slots=True, repr=False)
class Usage:
    """What one call consumed; every token is in exactly one of the token fields.

    Providers differ (some count cached tokens inside the input, some beside it; most count reasoning
    inside the output): the reader of each provider converts, and from there on everyone may add.
    All fields are tokens, except those of `REQUESTS`, which count uses of the provider's own tools.
    """

    input: int = 0
    """text tokens read at the full input rate; images and video too, where the provider does not tell them apart"""
    cache_read: int = 0
    """tokens read from the provider's prompt cache"""
    cache_write: int = 0
    """tokens written to the prompt cache for its default time (Anthropic: 5 minutes)"""
    cache_write_1h: int = 0
    """tokens written to the prompt cache for an hour"""
    cache_write_other: int = 0
    """tokens written to the prompt cache for any other time that is not its default"""
    input_audio: int = 0
    """uncached audio tokens read"""
    cache_read_audio: int = 0
    """audio tokens read from the prompt cache"""
    input_image: int = 0
    """uncached image tokens read"""
    cache_read_image: int = 0
    """image tokens read from the prompt cache"""
    input_video: int = 0
    """video tokens read"""
    output: int = 0
    """visible text tokens written"""
    reasoning: int = 0
    """hidden thinking tokens written, billed as output"""
    output_audio: int = 0
    """audio tokens written"""
    output_image: int = 0
    """image tokens written"""
    output_video: int = 0
    """video tokens written"""
    web_searches: int = 0
    """requests of the provider's own web search tool (not tokens)"""
    file_searches: int = 0
    """requests of the provider's own search in files that it keeps (not tokens)"""
    rerank_searches: int = 0
    """what a reranker bills: a query with up to so many documents (not tokens)"""
    unsplit: int = 0
    """tokens of which only the total is known, so that they have no rate of their own"""

    @property
    def knows_sides(self) -> bool:
        """Whether it is known what was read and what was written, of some of the tokens at least."""
        return not self.unsplit or self.tokens > self.unsplit

    @property
    def prompt_tokens(self) -> int:
        """Every token known to have been read, cached or not."""
        return (
            self.input
            + self.cache_read
            + self.cache_write
            + self.cache_write_1h
            + self.cache_write_other
            + self.input_audio
            + self.cache_read_audio
            + self.input_image
            + self.cache_read_image
            + self.input_video
        )

    @property
    def completion_tokens(self) -> int:
        """Every token known to have been written, reasoning included."""
        return self.output + self.reasoning + self.output_audio + self.output_image + self.output_video

    @property
    def tokens(self) -> int:
        """Every token read or written."""
        return self.prompt_tokens + self.completion_tokens + self.unsplit

    def __add__(self, other: Usage) -> Usage:
        """The field-wise sum."""
        return Usage(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Usage)))

    def __repr__(self) -> str:
        """What there is of it.

        >>> Usage(input=3, output=5)
        Usage(input=3, output=5)
        """
        amounts = ((field.name, getattr(self, field.name)) for field in fields(Usage))
        return f"Usage({', '.join(f'{name}={amount}' for name, amount in amounts if amount)})"


USAGE_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Usage) if field.name != "unsplit")
"""The classes of usage that can have a rate, in order: all fields of `Usage` but the last."""

REQUESTS = frozenset({"web_searches", "file_searches", "rerank_searches"})
"""The classes that count requests, not tokens."""
