"""By which names may the price list know a model?

Agents, gateways and logs spell one model in many ways. The exact name always comes first, so whatever the list itself
knows wins; then each rule below is tried on all that came before it.

=====================  ============================================  =============================================
rule                   name                                          also looked up as
=====================  ============================================  =============================================
own prefix             ``anthropic/claude-opus-4-8`` at anthropic    ``claude-opus-4-8``
…                      ``openai/gpt-5`` at openai                    ``gpt-5``
…                      ``gemini/gemini-2.5-pro`` at google           ``gemini-2.5-pro``
resource name          ``models/gemini-2.5-pro``                     ``gemini-2.5-pro``
…                      ``publishers/google/models/gemini-2.5-pro``   ``gemini-2.5-pro``
another's cloud        ``bedrock/us.anthropic.claude-…-v1:0``        ``us.anthropic.claude-…-v1:0`` at aws
…                      ``us.anthropic.claude-…-v1:0`` at anthropic   the same name at aws
…                      ``vertex_ai/claude-…@20250929``               ``claude-…@20250929`` at google
long-context marker    ``claude-opus-5-5[1m]``                       ``claude-opus-5-5``
dotted version         ``anthropic/claude-sonnet-4-5`` at openrouter ``anthropic/claude-sonnet-4.5``
dashed version         ``claude-mythos-5.2``                         ``claude-mythos-5-2``
undated                ``gpt-5.3-codex-2026-02-05``                  ``gpt-5.3-codex``
=====================  ============================================  =============================================

What is *not* done, because it would invent a price:

* ``…:free`` is never cut off: the paid price would be wrong, and 0 would be a guess. A free model costs 0 when the list
  has it under that very name, and is unpriced otherwise. The same holds for ``:nitro``, ``:thinking`` and their kin.
* a prefix that names someone else (``openai/gpt-oss-20b`` at groq) never leads to that provider's price.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ProviderOf = Callable[[str], str | None]
    """the price list's id of the provider that goes by a name, or None"""

_CLOUDS = {"bedrock": "aws", "vertex_ai": "google"}
"""prefixes that say through whose cloud a model was called, and who bills it"""


def spellings(provider: str, name: str, provider_of: ProviderOf) -> Iterator[tuple[str, str]]:
    """(provider, lower-case name) pairs to look up, the likeliest first; `provider` is the price list's own id.

    >>> for pair in spellings("openai", "OpenAI/gpt-5-1-codex", {"openai": "openai"}.get):
    ...     print(*pair)
    openai openai/gpt-5-1-codex
    openai gpt-5-1-codex
    openai openai/gpt-5.1-codex
    openai gpt-5.1-codex
    """
    found = [(provider, name.strip().lower())]
    yield found[0]
    for rule in _RULES:
        for old in tuple(found):
            new = rule(*old, provider_of)
            if new not in found:
                found.append(new)
                yield new


def _without_own_prefix(provider: str, name: str, provider_of: ProviderOf) -> tuple[str, str]:
    """``anthropic/claude-…`` at anthropic."""
    prefix, slash, rest = name.partition("/")
    return (provider, rest) if slash and provider_of(prefix) == provider else (provider, name)


def _without_resource_path(provider: str, name: str, _: ProviderOf) -> tuple[str, str]:
    """``models/gemini-…``, and Vertex AI's longer paths."""
    if name.startswith(("models/", "publishers/", "projects/")):
        return provider, name.rpartition("models/")[2]
    return provider, name


def _at_its_cloud(provider: str, name: str, _: ProviderOf) -> tuple[str, str]:
    """``bedrock/…``, ``vertex_ai/…``, and Bedrock's own ids of Claude models."""
    prefix, _slash, rest = name.partition("/")
    if prefix in _CLOUDS:
        return _CLOUDS[prefix], rest
    if provider == "anthropic" and "anthropic.claude" in name:
        return "aws", name
    return provider, name


def _without_context_marker(provider: str, name: str, _: ProviderOf) -> tuple[str, str]:
    """``…[1m]``: Claude Code's mark for the million-token window; what it costs follows from the tokens."""
    return provider, name.removesuffix("[1m]")


def _with_dashes(provider: str, name: str, _: ProviderOf) -> tuple[str, str]:
    """``claude-opus-4.6`` as ``claude-opus-4-6``."""
    return provider, re.sub(r"(?<=\d)\.(?=\d)", "-", name)


def _with_dots(provider: str, name: str, _: ProviderOf) -> tuple[str, str]:
    """``claude-opus-4-6`` as ``claude-opus-4.6``; dates have longer numbers and stay."""
    return provider, re.sub(r"(?<=[a-z]-)(\d{1,2})-(\d{1,2})(?![\da-z.]|-\d{1,2}(?!\d))", r"\1.\2", name)


def _undated(provider: str, name: str, _: ProviderOf) -> tuple[str, str]:
    """``…-2026-02-05``, ``…-20260205`` and ``…@20260205`` without the date: a snapshot costs what its model costs.

    Snapshots that do not (``gpt-4o-2024-05-13``) are in the list by name, and the exact name was tried before.
    """
    return provider, re.sub(r"[-@]20\d\d(-?)\d\d\1\d\d$", "", name)


_RULES: tuple[Callable[[str, str, ProviderOf], tuple[str, str]], ...] = (
    _without_own_prefix,
    _without_resource_path,
    _at_its_cloud,
    _without_context_marker,
    _with_dashes,
    _with_dots,
    _undated,
)
