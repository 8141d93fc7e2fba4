"""The real SDKs against the simulated provider: what they understand is what it is for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest

from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

CLAUDE = "claude-opus-4-8"
TEXT = "naïve answer ✓"
SIM = {"x-sim": '{"input": 11, "cache_read": 5, "output": 17, "reasoning": 3, "text": "na\\u00efve answer \\u2713"}'}
CACHE = {"x-sim": '{"input": 11, "cache_read": 5, "cache_write": 7, "cache_write_1h": 13, "output": 17}'}
EXPECTED = Usage(input=11, cache_read=5, output=17, reasoning=3)


@pytest.fixture
def claude(provider: SimulatedProvider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=provider.url, api_key="fake", max_retries=0) as client:
        yield client


@pytest.fixture
def gpt(provider: SimulatedProvider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{provider.url}/v1", api_key="fake", max_retries=0) as client:
        yield client


def of_anthropic(usage: anthropic.types.Usage) -> Usage:
    thinking = usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0
    assert usage.cache_creation is not None
    return Usage(
        input=usage.input_tokens,
        cache_read=usage.cache_read_input_tokens or 0,
        cache_write=usage.cache_creation.ephemeral_5m_input_tokens,
        cache_write_1h=usage.cache_creation.ephemeral_1h_input_tokens,
        output=usage.output_tokens - thinking,
        reasoning=thinking,
        web_searches=usage.server_tool_use.web_search_requests if usage.server_tool_use else 0,
    )


def of_chat(usage: openai.types.CompletionUsage | None) -> Usage:
    assert usage is not None
    read, written = usage.prompt_tokens_details, usage.completion_tokens_details
    assert read is not None
    assert written is not None
    cached, stored, heard = read.cached_tokens or 0, read.cache_write_tokens or 0, read.audio_tokens or 0
    thought, said = written.reasoning_tokens or 0, written.audio_tokens or 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    return Usage(
        input=usage.prompt_tokens - cached - stored - heard,
        cache_read=cached,
        cache_write=stored,
        input_audio=heard,
        output=usage.completion_tokens - thought - said,
        reasoning=thought,
        output_audio=said,
    )


def of_responses(usage: openai.types.responses.ResponseUsage | None) -> Usage:
    assert usage is not None
    details = usage.input_tokens_details
    thought = usage.output_tokens_details.reasoning_tokens
    return Usage(
        input=usage.input_tokens - details.cached_tokens - details.cache_write_tokens,
        cache_read=details.cached_tokens,
        cache_write=details.cache_write_tokens,
        output=usage.output_tokens - thought,
        reasoning=thought,
    )


def true_usage(provider: SimulatedProvider) -> Usage:
    told = provider.truth()[-1]
    assert (told.ended, told.status) == ("complete", 200)
    return told.usage


def test_anthropic_messages(provider: SimulatedProvider, claude: anthropic.Anthropic) -> None:
    message = claude.messages.create(
        model=CLAUDE, max_tokens=50, messages=[{"role": "user", "content": "hi"}], extra_headers=SIM
    )
    assert message.content[0].type == "text"
    assert message.content[0].text == TEXT
    assert of_anthropic(message.usage) == true_usage(provider) == EXPECTED
    request_id = message._request_id  # noqa: SLF001 - documented by the SDK
    assert (request_id, message.id) == (provider.truth()[0].request_id, provider.truth()[0].response_id)


def test_anthropic_cache_writes_of_both_kinds(provider: SimulatedProvider, claude: anthropic.Anthropic) -> None:
    message = claude.messages.create(
        model=CLAUDE, max_tokens=50, messages=[{"role": "user", "content": "hi"}], extra_headers=CACHE
    )
    assert message.usage.cache_creation_input_tokens == 20
    assert of_anthropic(message.usage) == true_usage(provider) == Usage(11, 5, 7, 13, output=17)


def test_anthropic_stream(provider: SimulatedProvider, claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(
        model=CLAUDE, max_tokens=50, messages=[{"role": "user", "content": "hi"}], extra_headers=SIM
    ) as stream:
        assert "".join(stream.text_stream) == TEXT
        usage = stream.get_final_message().usage
    assert of_anthropic(usage) == true_usage(provider) == EXPECTED


def test_anthropic_raw_events(claude: anthropic.Anthropic) -> None:
    with claude.messages.create(
        model=CLAUDE, max_tokens=50, messages=[{"role": "user", "content": "hi"}], stream=True, extra_headers=SIM
    ) as stream:
        kinds = [event.type for event in stream]
    assert kinds == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 2,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_anthropic_count_and_models(claude: anthropic.Anthropic) -> None:
    counted = claude.messages.count_tokens(model=CLAUDE, messages=[{"role": "user", "content": "hi"}])
    assert counted.input_tokens > 0
    assert next(model.id for model in claude.models.list()).startswith("claude-")


def test_anthropic_web_searches(provider: SimulatedProvider, claude: anthropic.Anthropic) -> None:
    message = claude.messages.create(
        model=CLAUDE,
        max_tokens=50,
        messages=[{"role": "user", "content": 'look it up [[sim {"web_searches": 2}]]'}],
    )
    assert of_anthropic(message.usage) == true_usage(provider)
    assert true_usage(provider).web_searches == 2


def test_anthropic_terms(provider: SimulatedProvider, claude: anthropic.Anthropic) -> None:
    sim = {"x-sim": '{"service_tier": "priority", "speed": "fast", "geography": "us"}'}
    usage = claude.messages.create(model=CLAUDE, max_tokens=50, messages=[], extra_headers=sim).usage
    assert (usage.service_tier, usage.speed, usage.inference_geo) == ("priority", "fast", "us")
    usage = claude.messages.create(model=CLAUDE, max_tokens=50, messages=[]).usage
    assert (usage.service_tier, usage.speed, usage.inference_geo) == ("standard", None, None)
    assert [row.terms for row in provider.truth()] == [Terms("priority", "fast", "us"), Terms("standard")]


def test_openai_chat(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    completion = gpt.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "hi"}], extra_headers=SIM
    )
    assert completion.choices[0].message.content == TEXT
    assert completion.model == "gpt-4o-2024-08-06"
    assert of_chat(completion.usage) == true_usage(provider) == EXPECTED
    request_id = completion._request_id  # noqa: SLF001 - documented by the SDK
    assert request_id == provider.truth()[0].request_id


def test_openai_chat_with_audio_and_cache_writes(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    numbers = '{"input": 2, "cache_write": 3, "input_audio": 5, "output": 7, "output_audio": 11}'
    completion = gpt.chat.completions.create(model="gpt-4o", messages=[], extra_headers={"x-sim": numbers})
    expected = Usage(input=2, cache_write=3, input_audio=5, output=7, output_audio=11)
    assert of_chat(completion.usage) == true_usage(provider) == expected


@pytest.mark.parametrize("asked", [True, False])
def test_openai_chat_stream(provider: SimulatedProvider, gpt: openai.OpenAI, asked: bool) -> None:  # noqa: FBT001 - a parameter
    with gpt.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True} if asked else openai.omit,
        extra_headers=SIM,
    ) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert [of_chat(chunk.usage) for chunk in chunks if chunk.usage] == [EXPECTED] * asked
    assert true_usage(provider) == EXPECTED


def test_openai_responses(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    response = gpt.responses.create(model="gpt-4o", input="hi", extra_headers=SIM)
    assert (response.output_text, response.status) == (TEXT, "completed")
    assert of_responses(response.usage) == true_usage(provider) == EXPECTED


def test_openai_responses_stream(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    with gpt.responses.stream(model="gpt-4o", input="hi", extra_headers=SIM) as stream:
        events = list(stream)
        response = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert response.output_text == TEXT
    assert of_responses(response.usage) == true_usage(provider) == EXPECTED


def test_openai_responses_that_reach_their_limit_are_incomplete(gpt: openai.OpenAI) -> None:
    with gpt.responses.create(model="gpt-4o", input="hi", max_output_tokens=2, stream=True) as stream:
        last = list(stream)[-1]
    assert last.type == "response.incomplete"
    assert last.response.usage is not None
    assert last.response.usage.output_tokens == 2
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("encoding_format", ["float", "base64"])
def test_openai_embeddings(provider: SimulatedProvider, gpt: openai.OpenAI, encoding_format: str) -> None:
    chosen: openai.Omit | str = openai.omit if encoding_format == "base64" else "float"
    answer = gpt.embeddings.create(
        model="text-embedding-3-small",
        input=["a", "b"],
        encoding_format=chosen,  # type: ignore[arg-type] # a parameter
    )
    assert [len(vector.embedding) for vector in answer.data] == [1536, 1536]
    assert true_usage(provider) == Usage(input=answer.usage.prompt_tokens)


def test_openai_models(gpt: openai.OpenAI) -> None:
    assert "gpt-4o" in [model.id for model in gpt.models.list()]


def test_async_clients(provider: SimulatedProvider) -> None:
    async def scene() -> tuple[Usage, Usage]:
        async with (
            anthropic.AsyncAnthropic(base_url=provider.url, api_key="fake") as claude,
            openai.AsyncOpenAI(base_url=provider.url, api_key="fake") as gpt,
        ):
            async with claude.messages.stream(
                model=CLAUDE, max_tokens=50, messages=[{"role": "user", "content": "hi"}], extra_headers=SIM
            ) as stream:
                message = await stream.get_final_message()
            async with gpt.responses.stream(model="gpt-4o", input="hi", extra_headers=SIM) as events:
                response = await events.get_final_response()
            completion = await gpt.chat.completions.create(model="gpt-4o", messages=[], extra_headers=SIM)
            assert of_chat(completion.usage) == EXPECTED
            return of_anthropic(message.usage), of_responses(response.usage)

    assert asyncio.run(scene()) == (EXPECTED, EXPECTED)
    assert [told.usage for told in provider.truth()] == [EXPECTED] * 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
    ],
)
def test_anthropic_errors(claude: anthropic.Anthropic, status: int, kind: type[anthropic.APIStatusError]) -> None:
    with pytest.raises(kind, match="no more"):
        claude.messages.create(
            model=CLAUDE, max_tokens=5, messages=[], extra_headers={"x-sim": f'{{"status":{status},"error":"no more"}}'}
        )


def test_an_error_event_reaches_the_sdks(claude: anthropic.Anthropic, gpt: openai.OpenAI) -> None:
    sim = {"x-sim": '{"error_event": "tired"}'}
    with pytest.raises(anthropic.APIStatusError, match="tired"):
        list(claude.messages.create(model=CLAUDE, max_tokens=5, messages=[], stream=True, extra_headers=sim))
    with pytest.raises(openai.APIError, match="tired"):
        list(gpt.chat.completions.create(model="gpt-4o", messages=[], stream=True, extra_headers=sim))
    *_, error, last = gpt.responses.create(model="gpt-4o", input="hi", stream=True, extra_headers=sim)
    assert (error.type, last.type) == ("error", "response.failed")


def test_a_retry_is_a_request_of_its_own(provider: SimulatedProvider) -> None:
    sim = {"x-sim": '{"status": 529, "headers": {"retry-after-ms": "1"}}'}
    with (
        anthropic.Anthropic(base_url=provider.url, api_key="fake", max_retries=2) as client,
        pytest.raises(anthropic.InternalServerError),
    ):
        client.messages.create(model=CLAUDE, max_tokens=5, messages=[], extra_headers=sim)
    assert [dict(told.headers)["x-stainless-retry-count"] for told in provider.truth()] == ["0", "1", "2"]
