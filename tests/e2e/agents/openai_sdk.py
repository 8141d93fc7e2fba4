"""An agent that uses the real openai SDK in every way it has; tells what it saw, one JSON object per call."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

CHAT_MODEL = "gpt-4o"
REASONING_MODEL = "gpt-5"
EMBEDDING_MODEL = "text-embedding-3-small"
PARALLEL = 30
CODINGS = ("identity", "gzip", "deflate", "br")
"""Content codings that the SDK reads, for codesession brings brotli along."""
HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]


def script(number: int, **more: Any) -> dict[str, str]:
    """The header that scripts an answer whose counts no other has."""
    counts = {
        "input": 1_000 + number,
        "cache_read": 2_000 + 3 * number,
        "output": 300 + 13 * number,
        "reasoning": 40 + 17 * number,
    }
    return {"x-sim": json.dumps({**counts, "text": answer(number), "events": 5, **more})}


def answer(number: int) -> str:
    """The text of an answer, unlike any other."""
    return f"naïve answer number {number} ✓"


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 - this is a program


class Chunks:
    """What a chat stream was seen to say."""

    def __init__(self) -> None:
        self.id = ""
        self.text = ""
        self.without_choices = 0
        self.usages: list[int] = []

    def take(self, chunk: ChatCompletionChunk) -> None:
        self.id = chunk.id
        self.without_choices += not chunk.choices
        if chunk.usage is not None:
            self.usages.append(chunk.usage.completion_tokens)
        for choice in chunk.choices:
            self.text += choice.delta.content or ""

    def tell(self, way: str) -> None:
        tell(way=way, id=self.id, text=self.text, extra=self.without_choices, usages=self.usages)


def sync_ways() -> None:
    import openai

    with openai.OpenAI(max_retries=0) as client:
        done = client.chat.completions.create(model=CHAT_MODEL, messages=HI, extra_headers=script(1))
        assert done.usage is not None
        tell(way="chat", id=done.id, text=done.choices[0].message.content, written=done.usage.completion_tokens)

        chunks = Chunks()
        for chunk in client.chat.completions.create(
            model=CHAT_MODEL,
            messages=HI,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers=script(2),
        ):
            chunks.take(chunk)
        chunks.tell("stream with usage")

        chunks = Chunks()
        for chunk in client.chat.completions.create(
            model=CHAT_MODEL, messages=HI, stream=True, extra_headers=script(3)
        ):
            chunks.take(chunk)
        chunks.tell("stream without usage")

        chunks = Chunks()
        for chunk in client.chat.completions.create(
            model=CHAT_MODEL,
            messages=HI,
            stream=True,
            stream_options={"include_usage": False},
            extra_headers=script(4, encoding="auto", chunk=7),
        ):
            chunks.take(chunk)
        chunks.tell("compressed stream without usage")

        response = client.responses.create(model=REASONING_MODEL, input="hi", extra_headers=script(5))
        tell(way="responses", id=response.id, text=response.output_text)

        with client.responses.stream(model=REASONING_MODEL, input="hi", extra_headers=script(6)) as stream:
            text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            tell(way="responses stream", id=stream.get_final_response().id, text=text)

        vectors = client.embeddings.create(
            model=EMBEDDING_MODEL, input=["one", "two"], extra_headers={"x-sim": '{"input": 4321}'}
        )
        tell(way="embeddings", count=len(vectors.data), input=vectors.usage.prompt_tokens)

        models = client.models.list()
        tell(way="models", count=len(models.data))


def broken_ways() -> None:
    """Every way in which a call goes wrong; tells what the SDK raises."""
    import openai

    with openai.OpenAI(max_retries=0) as client:

        def chat(**more: Any) -> None:
            for _ in client.chat.completions.create(
                model=CHAT_MODEL, messages=HI, stream=True, extra_headers=script(0, **more)
            ):
                pass

        def responses(**more: Any) -> None:
            for _ in client.responses.create(
                model=REASONING_MODEL, input="hi", stream=True, extra_headers=script(0, **more)
            ):
                pass

        def plain(**more: Any) -> None:
            client.chat.completions.create(model=CHAT_MODEL, messages=HI, extra_headers=script(0, **more))

        raised("cut", lambda: chat(cut_after=4))
        raised("responses cut", lambda: responses(cut_after=7, reset=True))
        raised("event", lambda: chat(error_event="sorry"))
        for status in (400, 401, 429, 500):
            raised(str(status), partial(plain, status=status, error=f"sorry, {status}"))


def raised(way: str, call: Callable[[], None]) -> None:
    """Tell what `call` raises."""
    import openai

    try:
        call()
    except openai.APIStatusError as error:
        sent = {name: error.response.headers.get(name) for name in ("x-request-id", "retry-after", "content-type")}
        tell(way=way, error=type(error).__name__, status=error.status_code, body=error.body, headers=sent)
    except Exception as error:  # noqa: BLE001 - whatever it is, is told
        tell(way=way, error=type(error).__name__, module=type(error).__module__)
    else:
        tell(way=way, error=None)


async def async_ways() -> None:
    import openai

    async with openai.AsyncOpenAI(max_retries=0) as client:

        async def chat(number: int) -> None:
            done = await client.chat.completions.create(
                model=CHAT_MODEL,
                messages=HI,
                extra_headers=script(number, first_delay_ms=20, encoding=CODINGS[number // 3 % 4]),
            )
            tell(way=f"async chat {number}", id=done.id, text=done.choices[0].message.content)

        async def stream(number: int) -> None:
            chunks = Chunks()
            async for chunk in await client.chat.completions.create(
                model=CHAT_MODEL,
                messages=HI,
                stream=True,
                extra_headers=script(number, delay_ms=2, encoding=CODINGS[number // 3 % 4]),
            ):
                chunks.take(chunk)
            chunks.tell(f"async stream {number}")

        async def responses(number: int) -> None:
            response = await client.responses.create(
                model=REASONING_MODEL,
                input="hi",
                extra_headers=script(number, first_delay_ms=20, encoding=CODINGS[number // 3 % 4]),
            )
            tell(way=f"async responses {number}", id=response.id, text=response.output_text)

        ways = (chat, stream, responses)
        await asyncio.gather(*(ways[number % 3](number) for number in range(100, 100 + PARALLEL)))


if __name__ == "__main__":
    if "broken" in sys.argv:
        broken_ways()
    else:
        sync_ways()
        asyncio.run(async_ways())
