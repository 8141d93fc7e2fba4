"""Which providers do we know? A provider is one file, and one line here."""

from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.base import Asked, Endpoint, Provider, Reading, Unreadable
from codesession.capture.providers.openai import OPENAI
from codesession.capture.providers.readers import JsonReader, StreamReader
from codesession.capture.providers.relayed import RELAYED, relayed

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (ANTHROPIC, OPENAI, *RELAYED)}

__all__ = [
    "PROVIDERS",
    "Asked",
    "Endpoint",
    "JsonReader",
    "Provider",
    "Reading",
    "StreamReader",
    "Unreadable",
    "relayed",
]
