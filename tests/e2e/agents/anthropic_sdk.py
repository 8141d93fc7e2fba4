"""An agent that uses the real anthropic SDK in every way it has; tells what it saw, one JSON object per call."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from anthropic.types import Message, MessageParam

MODEL = "claude-sonnet-4-5"
PARALLEL = 30
CODINGS = ("identity", "gzip", "deflate", "br")
"""Content codings that the SDK reads, for codesession brings brotli along."""
HI: list[MessageParam] = [{"role": "user", "content": "hi"}]


def script(number: int, **more: Any) -> dict[str, str]:
    """The header that scripts an answer whose counts no other has."""
    counts = {
        "input": 1_000 + number,
        "cache_read": 20_000 + 3 * number,
        "cache_write": 700 + 7 * number,
        "cache_write_1h": 90 + 11 * number,
        "output": 300 + 13 * number,
        "reasoning": 40 + 17 * number,
    }
    return {"x-sim": json.dumps({**counts, "text": answer(number), "events": 5, **more})}


def answer(number: int) -> str:
    """The text of an answer, unlike any other."""
    return f"naïve answer number {number} ✓"


def seen(way: str, message: Message, text: str | None = None) -> None:
    """Tell what came of a call."""
    (block,) = message.content
    assert block.type == "text"
    usage = message.usage
    tell(
        way=way,
        id=message.id,
        text=block.text if text is None else text,
        input=usage.input_tokens,
        cache_read=usage.cache_read_input_tokens,
        written=usage.output_tokens,
    )


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 - this is a program


def sync_ways() -> None:
    import anthropic

    with anthropic.Anthropic(max_retries=0) as client:
        message = client.messages.create(model=MODEL, max_tokens=500, messages=HI, extra_headers=script(1))
        seen("create", message)

        with client.messages.stream(model=MODEL, max_tokens=500, messages=HI, extra_headers=script(2)) as stream:
            text = "".join(stream.text_stream)
            seen("stream", stream.get_final_message(), text)

        events = client.messages.create(model=MODEL, max_tokens=500, messages=HI, stream=True, extra_headers=script(3))
        text = ""
        written = 0
        for event in events:
            if event.type == "message_start":
                begun = event.message
            elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                text += event.delta.text
            elif event.type == "message_delta":
                written = event.usage.output_tokens
        tell(
            way="events",
            id=begun.id,
            text=text,
            input=begun.usage.input_tokens,
            cache_read=begun.usage.cache_read_input_tokens,
            written=written,
        )

        counted = client.messages.count_tokens(model=MODEL, messages=HI, extra_headers={"x-sim": '{"input": 12}'})
        tell(way="count", input=counted.input_tokens)


def broken_ways() -> None:
    """Every way in which a call goes wrong; tells what the SDK raises."""
    import anthropic

    with anthropic.Anthropic(max_retries=0) as client:

        def streamed(**more: Any) -> None:
            with client.messages.stream(
                model=MODEL, max_tokens=500, messages=HI, extra_headers=script(0, **more)
            ) as stream:
                for _ in stream:
                    pass

        def plain(**more: Any) -> None:
            client.messages.create(model=MODEL, max_tokens=500, messages=HI, extra_headers=script(0, **more))

        raised("cut", lambda: streamed(cut_after=6))
        raised("reset", lambda: streamed(cut_after=6, reset=True))
        raised("half", lambda: plain(cut_after=0))
        raised("event", lambda: streamed(error_event="overloaded, sorry"))
        for status in (400, 401, 429, 500, 529):
            raised(str(status), partial(plain, status=status, error=f"sorry, {status}"))


def raised(way: str, call: Callable[[], None]) -> None:
    """Tell what `call` raises."""
    import anthropic

    try:
        call()
    except anthropic.APIStatusError as error:
        sent = {name: error.response.headers.get(name) for name in ("request-id", "retry-after", "content-type")}
        tell(way=way, error=type(error).__name__, status=error.status_code, body=error.body, headers=sent)
    except Exception as error:  # noqa: BLE001 - whatever it is, is told
        tell(way=way, error=type(error).__name__, module=type(error).__module__)
    else:
        tell(way=way, error=None)


async def async_ways() -> None:
    import anthropic

    async with anthropic.AsyncAnthropic(max_retries=0) as client:

        async def create(number: int) -> None:
            message = await client.messages.create(
                model=MODEL,
                max_tokens=500,
                messages=HI,
                extra_headers=script(number, first_delay_ms=20, encoding=CODINGS[number // 2 % 4]),
            )
            seen(f"async create {number}", message)

        async def stream(number: int) -> None:
            async with client.messages.stream(
                model=MODEL,
                max_tokens=500,
                messages=HI,
                extra_headers=script(number, delay_ms=2, encoding=CODINGS[number // 2 % 4]),
            ) as stream:
                text = "".join([piece async for piece in stream.text_stream])
                seen(f"async stream {number}", await stream.get_final_message(), text)

        await asyncio.gather(
            *((create if number % 2 else stream)(number) for number in range(100, 100 + PARALLEL)),
        )


if __name__ == "__main__":
    if "broken" in sys.argv:
        broken_ways()
    else:
        sync_ways()
        asyncio.run(async_ways())
