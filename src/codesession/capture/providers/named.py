"""How is a host metered that the user names? As its wire says, by the readers of a provider we know.

A name that is new to us is a host that speaks OpenAI's API, as most servers and gateways do, unless the user says that
it speaks another; a name that we know may be given another wire, or be where the user says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codesession.capture.providers.compatible import compatible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.capture.providers.base import Provider

WIRES = ("openai", "anthropic", "google", "ollama")
"""The wires that a host may speak."""


def named(
    name: str,
    known: Mapping[str, Provider],
    wire: str | None = None,
    *,
    is_local: bool | None = None,
    asks_usage: bool = True,
    deployments: Mapping[str, str] | None = None,
) -> Provider:
    """The provider of that name, as the user has it.

    Args:
        name: by which it is called in the proxy's paths, and in the ledger.
        known: the providers we know.
        wire: one of `WIRES`; None: the provider's own, or OpenAI's.
        is_local: whether it runs on the user's own hardware; None: as we know it.
        asks_usage: whether its streams may be asked for their usage.
        deployments: the models behind names that the user has given them there.
    """
    ours = known.get(name)
    provider = ours if ours and wire in (None, name) else _speaking(wire or WIRES[0], name, known)
    if ours and provider is not ours:
        provider = replace(provider, upstream=ours.upstream, base_urls=ours.base_urls, is_local=ours.is_local)
    if is_local is not None:
        provider = replace(provider, is_local=is_local)
    if deployments:
        provider = replace(provider, deployments=deployments)
    return provider if asks_usage else _unasked(provider)


def _speaking(wire: str, name: str, known: Mapping[str, Provider]) -> Provider:
    """A host of that name that speaks that wire; where it is, only the user knows."""
    if wire == WIRES[0]:
        return compatible(name)
    return replace(known[wire], name=name, upstream=None, base_urls={})


def _unasked(provider: Provider) -> Provider:
    """The provider, for a host that refuses ``stream_options``: what its streams do not tell is estimated."""
    endpoints = {path: replace(endpoint, amendment=None) for path, endpoint in provider.endpoints.items()}
    patterns = tuple((pattern, replace(endpoint, amendment=None)) for pattern, endpoint in provider.patterns)
    return replace(provider, endpoints=endpoints, patterns=patterns)
