"""The providers that speak like OpenAI, to OpenAI's SDK and to their own, each with what only it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any

import openai
import pytest
from mistralai.client import Mistral

from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from openai.types import CompletionUsage

    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

TEXT = "naïve answer ✓"
MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]
BODY = {"model": "m", "messages": MESSAGES}
COUNTED = {"input": 11, "cache_read": 5, "output": 17, "text": TEXT}
THOUGHT = {**COUNTED, "reasoning": 3}

SERVERS = {
    # base URL: provider, whether it tells cached tokens and reasoning, and where a stream tells usage
    "/mistral/v1": ("mistral", {"cache_read"}, "always"),
    "/deepseek": ("deepseek", {"cache_read", "reasoning"}, "always"),
    "/deepseek/v1": ("deepseek", {"cache_read", "reasoning"}, "always"),
    "/xai/v1": ("xai", {"cache_read", "reasoning"}, "asked"),
    "/groq/openai/v1": ("groq", {"cache_read", "reasoning"}, "asked"),
    "/groq/v1": ("groq", {"cache_read", "reasoning"}, "asked"),
    "/openrouter/api/v1": ("openrouter", {"cache_read", "reasoning"}, "always"),
    "/openrouter/v1": ("openrouter", {"cache_read", "reasoning"}, "always"),
    "/together/v1": ("together", {"cache_read"}, "always"),
    "/fireworks/inference/v1": ("fireworks", {"cache_read"}, "always"),
    "/azure/openai/v1": ("azure", {"cache_read", "reasoning"}, "asked"),
    "/lmstudio/v1": ("lmstudio", set[str](), "asked"),
    "/llamacpp/v1": ("llamacpp", {"cache_read"}, "asked"),
    "/vllm/v1": ("vllm", {"cache_read"}, "asked"),
    "/ollama/v1": ("ollama", set[str](), "asked"),
}
EVERY = pytest.mark.parametrize("base", SERVERS)


def script_of(base: str) -> dict[str, Any]:
    unsaid = {"cache_read", "reasoning"} - SERVERS[base][1]
    return {name: value for name, value in THOUGHT.items() if name not in unsaid}


def expected_of(base: str) -> Usage:
    return Usage(**{name: value for name, value in script_of(base).items() if name != "text"})


def of_usage(base: str, usage: CompletionUsage | None) -> Usage:
    """As each provider's documents say that it is to be read."""
    assert usage is not None
    cached = usage.prompt_tokens_details.cached_tokens or 0 if usage.prompt_tokens_details else 0
    thought = usage.completion_tokens_details.reasoning_tokens or 0 if usage.completion_tokens_details else 0
    written = usage.completion_tokens if base == "/xai/v1" else usage.completion_tokens - thought
    assert usage.total_tokens == usage.prompt_tokens + written + thought
    return Usage(input=usage.prompt_tokens - cached, cache_read=cached, output=written, reasoning=thought)


def chunks_of(body: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in body.decode().split("\n\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


@EVERY
def test_openais_sdk_reads_an_answer(provider: SimulatedProvider, base: str) -> None:
    sim = {"x-sim": json.dumps(script_of(base))}
    with openai.OpenAI(base_url=provider.url + base, api_key="fake", max_retries=0) as sdk:
        answer = sdk.chat.completions.create(model="m", messages=MESSAGES, extra_headers=sim)
    assert answer.choices[0].message.content == TEXT
    (row,) = provider.truth()
    assert of_usage(base, answer.usage) == row.usage == row.reported == expected_of(base)
    assert (row.provider, row.endpoint, row.response_id) == (SERVERS[base][0], "chat", answer.id)


@pytest.mark.parametrize(
    ("base", "asks"),
    # Mistral refuses to be asked, which has a test of its own
    [(base, asks) for base in SERVERS for asks in (False, True) if not (asks and base == "/mistral/v1")],
)
def test_openais_sdk_reads_a_stream(provider: SimulatedProvider, base: str, asks: bool) -> None:  # noqa: FBT001 - a parameter
    options = {"stream_options": {"include_usage": True}} if asks else None
    sim = {"x-sim": json.dumps(script_of(base))}
    with openai.OpenAI(base_url=provider.url + base, api_key="fake", max_retries=0) as sdk:
        chunks = list(
            sdk.chat.completions.create(
                model="m", messages=MESSAGES, stream=True, extra_headers=sim, extra_body=options
            )
        )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    told = [of_usage(base, chunk.usage) for chunk in chunks if chunk.usage]
    (row,) = provider.truth()
    assert told == [expected_of(base)] * (asks or SERVERS[base][2] == "always")
    assert row.usage == expected_of(base)
    assert row.reported == (row.usage if told or "groq" in base else None)


def test_mistrals_own_sdk_reads_both(provider: SimulatedProvider) -> None:
    sim = {"x-sim": json.dumps({**COUNTED, "service_tier": "priority"})}
    with Mistral(api_key="fake", server_url=f"{provider.url}/mistral") as sdk:
        answer = sdk.chat.complete(model="mistral-large-latest", messages=MESSAGES, http_headers=sim)
        with sdk.chat.stream(model="mistral-large-latest", messages=MESSAGES, http_headers=sim) as events:
            last = [event.data for event in events][-1]
    for usage in (answer.usage, last.usage):
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (16, 17, 33)
        assert usage.service_tier == "priority"
        assert usage.additional_properties["prompt_tokens_details"] == {"cached_tokens": 5}
    assert last.choices[0].finish_reason == "stop"
    assert [row.usage for row in provider.truth()] == [Usage(input=11, cache_read=5, output=17)] * 2
    assert {row.terms for row in provider.truth()} == {Terms("priority")}


def test_mistral_refuses_what_it_does_not_know(provider: SimulatedProvider, ask: Ask) -> None:
    options = {"include_usage": True}
    status, _, body = ask("/mistral/v1/chat/completions", {**BODY, "stream": True, "stream_options": options})
    assert (status, json.loads(body)["message"]["detail"]) == (
        422,
        [
            {
                "type": "extra_forbidden",
                "loc": ["body", "stream_options"],
                "msg": "Extra inputs are not permitted",
                "input": options,
            }
        ],
    )
    assert provider.truth()[0].usage == Usage()


@pytest.mark.parametrize(
    ("base", "error"),
    [
        ("/mistral/v1", {"object": "error", "message": "no", "type": "invalid_request_error"}),
        ("/xai/v1", {"error": "no"}),
        ("/openrouter/v1", {"error": {"message": "no", "code": 400}}),
        ("/azure/openai/v1", {"error": {"code": "400", "message": "no"}}),
        ("/groq/v1", {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}),
    ],
)
def test_errors_have_the_shape_of_their_provider(ask: Ask, base: str, error: dict[str, Any]) -> None:
    status, headers, body = ask(f"{base}/chat/completions", BODY, status=400, error="no")
    told = json.loads(body)
    assert (status, {**told, **error}) == (400, told)
    assert headers["x-request-id"].startswith("req_")


def test_mistral_tells_of_the_cache_only_when_it_was_hit(ask: Ask) -> None:
    usage = json.loads(ask("/mistral/v1/chat/completions", BODY, input=3, output=4)[2])["usage"]
    assert usage == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def test_mistral_fails_in_its_own_words(ask: Ask) -> None:
    _, _, body = ask("/mistral/v1/chat/completions", BODY, status=500)
    assert json.loads(body)["type"] == "internal_server_error"


def test_deepseek_counts_what_hit_and_what_missed(ask: Ask) -> None:
    usage = json.loads(ask("/deepseek/chat/completions", BODY, **THOUGHT)[2])["usage"]
    assert (usage["prompt_tokens"], usage["prompt_cache_hit_tokens"], usage["prompt_cache_miss_tokens"]) == (16, 5, 11)


def test_deepseek_says_null_before_the_usage_only_if_asked(ask: Ask) -> None:
    path, body = "/deepseek/chat/completions", {**BODY, "stream": True}
    *chunks, last = chunks_of(ask(path, {**body, "stream_options": {"include_usage": True}}, input=3, output=4)[2])
    assert {chunk["usage"] for chunk in chunks} == {None}
    assert (last["choices"][0]["finish_reason"], last["usage"]["total_tokens"]) == ("stop", 7)
    *chunks, last = chunks_of(ask(path, body, input=3, output=4)[2])
    assert not any("usage" in chunk for chunk in chunks)
    assert last["usage"]["total_tokens"] == 7


def test_xai_counts_reasoning_beside_the_completion_and_tells_the_cost_in_ticks(
    provider: SimulatedProvider, ask: Ask
) -> None:
    script = {"input": 9992, "cache_read": 128, "output": 1499, "reasoning": 2809, "cost_nanos": 23_285_600}
    usage = json.loads(ask("/xai/v1/chat/completions", BODY, **script)[2])["usage"]
    # the numbers of https://github.com/Wei-Shaw/sub2api/issues/5771
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (10_120, 1499, 14_428)
    assert usage["cost_in_usd_ticks"] == 232_856_000
    assert usage["num_sources_used"] == 0
    assert provider.truth()[0].cost_nanos == 23_285_600


def test_xai_counts_reasoning_inside_the_output_of_responses(ask: Ask) -> None:
    answer = json.loads(ask("/xai/v1/responses", {"model": "m", "input": "hi"}, **THOUGHT, cost_nanos=7)[2])
    usage = answer["usage"]
    assert (usage["output_tokens"], usage["total_tokens"], usage["cost_in_usd_ticks"]) == (20, 36, 70)


def test_groq_tells_usage_at_the_end_of_every_stream(ask: Ask) -> None:
    *chunks, last = chunks_of(ask("/groq/openai/v1/chat/completions", {**BODY, "stream": True}, **THOUGHT)[2])
    assert not any("x_groq" in chunk for chunk in chunks)
    usage = last["x_groq"]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_time"]) == (16, 20, 0.2521)
    whole = json.loads(ask("/groq/openai/v1/chat/completions", BODY, **THOUGHT)[2])
    assert set(whole["x_groq"]) == {"id"}


def test_openrouter_tells_what_was_paid(provider: SimulatedProvider, ask: Ask) -> None:
    path, script = "/openrouter/api/v1/chat/completions", {**THOUGHT, "cache_write": 4, "cost_nanos": 1_234_567}
    usage = json.loads(ask(path, BODY, **script)[2])["usage"]
    assert (usage["cost"], usage["is_byok"], usage["prompt_tokens_details"]["cache_write_tokens"]) == (
        0.001234567,
        False,
        4,
    )
    _, _, body = ask(path, {**BODY, "stream": True}, **script)
    assert body.startswith(b": OPENROUTER PROCESSING\n\n")
    assert chunks_of(body)[-1]["usage"] == usage
    own_key = {"usage_extra": {"is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}}}
    assert json.loads(ask(path, BODY, **own_key)[2])["usage"]["cost_details"] == {"upstream_inference_cost": 0.5}
    assert [row.cost_nanos for row in provider.truth()][:2] == [1_234_567] * 2


def test_a_cost_is_made_up_of_the_tokens(provider: SimulatedProvider, ask: Ask) -> None:
    usage = json.loads(ask("/openrouter/v1/chat/completions", BODY, input=3, output=4)[2])["usage"]
    assert usage["cost"] == 0.000007
    ask("/groq/v1/chat/completions", BODY)
    assert [row.cost_nanos for row in provider.truth()] == [7_000, None]


def test_what_does_not_tell_costs_refuses_to(ask: Ask) -> None:
    status, _, body = ask("/groq/v1/chat/completions", BODY, cost_nanos=3)
    assert status == 400
    assert b"has no word for cost_nanos" in body


def test_azures_sdk_names_a_deployment(provider: SimulatedProvider) -> None:
    sim = {"x-sim": json.dumps(THOUGHT)}
    for endpoint in (provider.url, f"{provider.url}/azure"):
        with openai.AzureOpenAI(azure_endpoint=endpoint, api_version="2024-10-21", api_key="fake") as sdk:
            answer = sdk.chat.completions.create(model="gpt-4o", messages=MESSAGES, extra_headers=sim)
            chunks = list(
                sdk.chat.completions.create(
                    model="gpt-4o",
                    messages=MESSAGES,
                    stream=True,
                    stream_options={"include_usage": True},
                    extra_headers=sim,
                )
            )
        assert answer.model == "gpt-4o-2024-08-06"
        assert (chunks[0].choices, chunks[0].model) == ([], "")
        assert (
            of_usage("azure", answer.usage)
            == of_usage("azure", chunks[-1].usage)
            == Usage(11, 5, output=17, reasoning=3)
        )
    assert {(row.provider, row.model_asked) for row in provider.truth()} == {("azure", "gpt-4o")}
    assert provider.truth()[0].target == "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"


def test_azure_deployments_embed_and_respond(provider: SimulatedProvider, ask: Ask) -> None:
    ask("/openai/deployments/mine/embeddings?api-version=1", {"input": "hi"}, input=4)
    ask("/azure/openai/responses?api-version=1", {"model": "mine", "input": "hi"}, input=5, output=6)
    assert [(row.provider, row.endpoint, row.model_asked, row.usage) for row in provider.truth()] == [
        ("azure", "embeddings", "mine", Usage(input=4)),
        ("azure", "responses", "mine", Usage(input=5, output=6)),
    ]
