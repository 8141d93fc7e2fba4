"""Which providers are passed through for now, without reading what they say?

Their traffic reaches them untouched and is counted as *unmetered*, never as free.
Hosts: each provider's API reference (read 2026-11-22). Azure's host is the customer's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.capture.providers import openai
from codesession.capture.providers.base import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping


def _google_refusal(status: int, _code: str, message: str) -> dict[str, Any]:
    """Google's error shape (https://cloud.google.com/apis/design/errors)."""
    kinds = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 413: "INVALID_ARGUMENT"}
    return {"error": {"code": status, "message": message, "status": kinds.get(status, "UNAVAILABLE")}}


def _ollama_refusal(_status: int, _code: str, message: str) -> dict[str, Any]:
    return {"error": message}


def relayed(name: str, upstream: str | None = None, base_urls: Mapping[str, str] | None = None) -> Provider:
    """A provider that is passed through, whose errors look like OpenAI's, as most do."""
    return Provider(name, upstream, openai.refusal, base_urls=base_urls or {})


RELAYED = (
    Provider(
        "google",
        "https://generativelanguage.googleapis.com",
        _google_refusal,
        free=frozenset({"*:countTokens", "*:computeTokens", "/upload/*"}),
        base_urls={"GOOGLE_GEMINI_BASE_URL": "", "GEMINI_API_BASE": "/v1beta"},
    ),
    Provider(
        "ollama",
        "http://127.0.0.1:11434",
        _ollama_refusal,
        is_local=True,
        base_urls={"OLLAMA_HOST": "", "OLLAMA_API_BASE": ""},
    ),
    relayed("mistral", "https://api.mistral.ai", {"MISTRAL_API_BASE": "/v1"}),
    relayed("deepseek", "https://api.deepseek.com", {"DEEPSEEK_API_BASE": ""}),
    relayed("openrouter", "https://openrouter.ai/api", {"OPENROUTER_API_BASE": "/v1"}),
    relayed("xai", "https://api.x.ai", {"XAI_API_BASE": "/v1"}),
    relayed("groq", "https://api.groq.com/openai", {"GROQ_API_BASE": "/v1"}),
    relayed("azure", None),
)
