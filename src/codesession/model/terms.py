"""On what terms was a call made, as far as they change what it costs?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """The circumstances of a call beside its tokens; names are the provider's own, as it writes them.

    None says that nothing was said. What a name means for the price, only the meter knows: ``default`` is standard.
    """

    service_tier: str | None = None
    """such as ``flex``, ``priority``, ``default``"""
    speed: str | None = None
    """such as Anthropic's ``fast``"""
    geography: str | None = None
    """where it is made sure that the model runs, such as ``us``"""
    is_batch: bool = False
    """whether it was part of a batch"""
    is_local: bool = False
    """whether it ran on the user's own hardware, which costs by the hour"""
    took_ms: int | None = None
    """how long it took, in milliseconds, for what is billed by time; None where that is not known"""

    def told(self, answer: Terms) -> Terms:
        """These terms as asked for, with what the `answer` says of them in their place.

        >>> Terms(service_tier="priority", is_batch=True).told(Terms(service_tier="default"))
        Terms(service_tier='default', speed=None, geography=None, is_batch=True, is_local=False, took_ms=None)
        """
        return Terms(
            answer.service_tier or self.service_tier,
            answer.speed or self.speed,
            answer.geography or self.geography,
            self.is_batch or answer.is_batch,
            self.is_local or answer.is_local,
            self.took_ms if answer.took_ms is None else answer.took_ms,
        )

    @property
    def in_words(self) -> str:
        """What makes another price of it, for people; empty when nothing was said.

        >>> Terms(service_tier="flex", is_batch=True, geography="us").in_words
        'batch, tier flex, geography us'
        """
        said = (("tier", self.service_tier), ("speed", self.speed), ("geography", self.geography))
        return ", ".join((*(["batch"] if self.is_batch else []), *(f"{what} {word}" for what, word in said if word)))


STANDARD = Terms()
"""Nothing was said."""

Extra = tuple[tuple[str, int | float], ...]
"""Numbers a provider told of a call that are in no field of `Usage`: each with its path in the answer's usage."""
