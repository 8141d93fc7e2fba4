"""An agent that calls every provider with the SDK that people use there; tells what it saw, an object per call."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

ROOT = os.environ.get("ANTHROPIC_BASE_URL", "")
"""the proxy's address, with the session in its path"""

COMPATIBLE = {
    "mistral": ("/v1", "mistral-small-latest"),
    "deepseek": ("", "deepseek-v4-flash"),
    "xai": ("/v1", "grok-4.20"),
    "groq": ("/openai/v1", "openai/gpt-oss-120b"),
    "openrouter": ("/v1", "openai/gpt-5"),
    "together": ("/v1", "MiniMaxAI/MiniMax-M3"),
    "fireworks": ("/v1", "accounts/fireworks/models/deepseek-v4-pro"),
    "lmstudio": ("/v1", "qwen2.5-7b-instruct"),
    "llamacpp": ("/v1", "qwen2.5-7b-instruct"),
    "vllm": ("/v1", "qwen2.5-7b-instruct"),
}
"""what the openai SDK is pointed at below each provider's name, and a model there"""


def script(number: int, **more: Any) -> dict[str, str]:
    """The header that scripts an answer whose counts no other has."""
    counts = {"input": 1_000 + number, "output": 300 + 13 * number}
    return {"x-sim": json.dumps({**counts, "text": f"naïve answer number {number} ✓", "events": 5, **more})}


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 - this is a program


def google_ways() -> None:
    from google import genai
    from google.genai import types

    with genai.Client(api_key="fake") as client:
        asked = types.GenerateContentConfig(
            http_options=types.HttpOptions(headers=script(1, cache_read=2_000, reasoning=40, tool_input=100))
        )
        done = client.models.generate_content(model="gemini-2.5-pro", contents="hi", config=asked)
        tell(way="generate", text=done.text, id=done.response_id)
        asked = types.GenerateContentConfig(http_options=types.HttpOptions(headers=script(2, reasoning=70)))
        pieces = [
            piece.text or ""
            for piece in client.models.generate_content_stream(model="gemini-2.5-flash", contents="hi", config=asked)
        ]
        tell(way="stream", text="".join(pieces))


def ollama_ways() -> None:
    import ollama

    client = ollama.Client(headers=script(3))
    said = client.chat(model="qwen2.5", messages=[{"role": "user", "content": "hi"}])
    tell(way="ollama chat", text=said.message.content)
    client = ollama.Client(headers=script(4))
    text = "".join(
        part.message.content or ""
        for part in client.chat(model="qwen2.5", messages=[{"role": "user", "content": "hi"}], stream=True)
    )
    tell(way="ollama stream", text=text)


def compatible_ways() -> None:
    import openai

    for number, (provider, (path, model)) in enumerate(COMPATIBLE.items()):
        with openai.OpenAI(base_url=f"{ROOT}/{provider}{path}", max_retries=0) as client:
            done = client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "hi"}], extra_headers=script(10 + number)
            )
            tell(way=f"{provider} chat", text=done.choices[0].message.content, id=done.id)
            chunks = list(
                client.chat.completions.create(
                    model=model,
                    messages=[{"role": "user", "content": "hi"}],
                    stream=True,
                    extra_headers=script(30 + number),
                )
            )
            text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
            tell(way=f"{provider} stream", text=text, id=chunks[0].id)


def azure_ways() -> None:
    import openai

    with openai.AzureOpenAI(
        azure_endpoint=f"{ROOT}/azure", api_version="2024-10-21", api_key="fake", max_retries=0
    ) as client:
        done = client.chat.completions.create(
            model="my-gpt", messages=[{"role": "user", "content": "hi"}], extra_headers=script(60, model="gpt-4o")
        )
        tell(way="azure chat", text=done.choices[0].message.content, id=done.id)


if __name__ == "__main__":
    {"google": google_ways, "ollama": ollama_ways, "compatible": compatible_ways, "azure": azure_ways}[sys.argv[1]]()
