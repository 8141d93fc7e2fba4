"""Which providers do we know? A provider is one file, and one line here."""

from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.azure import AZURE
from codesession.capture.providers.base import Asked, Endpoint, Provider, Reading
from codesession.capture.providers.bedrock import BEDROCK
from codesession.capture.providers.cohere import COHERE
from codesession.capture.providers.deepseek import DEEPSEEK
from codesession.capture.providers.fireworks import FIREWORKS
from codesession.capture.providers.google import GOOGLE
from codesession.capture.providers.groq import GROQ
from codesession.capture.providers.llamacpp import LLAMACPP
from codesession.capture.providers.lmstudio import LMSTUDIO
from codesession.capture.providers.mistral import MISTRAL
from codesession.capture.providers.named import WIRES, named
from codesession.capture.providers.ollama import OLLAMA
from codesession.capture.providers.openai import OPENAI
from codesession.capture.providers.openrouter import OPENROUTER
from codesession.capture.providers.perplexity import PERPLEXITY
from codesession.capture.providers.readers import JsonReader, StreamReader
from codesession.capture.providers.rerank import JINA, VOYAGE
from codesession.capture.providers.together import TOGETHER
from codesession.capture.providers.values import Unreadable
from codesession.capture.providers.vertex import VERTEX
from codesession.capture.providers.vllm import VLLM
from codesession.capture.providers.xai import XAI

PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        ANTHROPIC,
        OPENAI,
        AZURE,
        GOOGLE,
        VERTEX,
        BEDROCK,
        OLLAMA,
        LMSTUDIO,
        LLAMACPP,
        VLLM,
        MISTRAL,
        DEEPSEEK,
        OPENROUTER,
        XAI,
        GROQ,
        TOGETHER,
        FIREWORKS,
        PERPLEXITY,
        COHERE,
        JINA,
        VOYAGE,
    )
}

__all__ = [
    "PROVIDERS",
    "WIRES",
    "Asked",
    "Endpoint",
    "JsonReader",
    "Provider",
    "Reading",
    "StreamReader",
    "Unreadable",
    "named",
]
