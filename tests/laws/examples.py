"""How many examples does a law draw of each of its many subjects? A few; 50 times as many in the nightly profile."""

from __future__ import annotations

from hypothesis import settings

IS_NIGHTLY = settings().max_examples > settings.get_profile("default").max_examples
_MORE = 50


def each(usual: int) -> settings:
    """So many examples, or more in the nightly profile: one of hundreds need not be drawn as often as one alone."""
    return settings(max_examples=usual * (_MORE if IS_NIGHTLY else 1))
