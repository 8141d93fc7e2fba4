"""What does OpenAI's chat endpoint answer?

A stream tells usage only when ``stream_options.include_usage`` asks for it: then every chunk says
``"usage":null``, and one more, without choices, says the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import openai
from codesession.demo.shapes import Endpoint, Stream

if TYPE_CHECKING:
    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_DONE = b"data: [DONE]\n\n"


def _id(plan: Plan) -> str:
    return f"chatcmpl-{plan.id}"


def _usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    told = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": usage.input_audio},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.output_audio,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    if usage.cache_write:
        told["prompt_tokens_details"] = {
            "cached_tokens": usage.cache_read,
            "audio_tokens": usage.input_audio,
            "cache_write_tokens": usage.cache_write,
        }
    return {**told, **plan.script.usage_extra}


def _finish_reason(plan: Plan) -> str:
    return plan.script.stop_reason or ("length" if plan.is_truncated else "stop")


def _completion(plan: Plan) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": plan.text, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(plan)}
    return _json(
        {
            "id": _id(plan),
            "object": "chat.completion",
            "created": openai.CREATED,
            "model": plan.model,
            "choices": [choice],
            "usage": _usage(plan),
            "service_tier": plan.script.service_tier or "default",
            "system_fingerprint": "fp_simulated",
        }
    )


def _stream(plan: Plan) -> Stream:
    options = plan.body.get("stream_options")
    tells_usage = isinstance(options, dict) and options.get("include_usage") is True
    common = {
        "id": _id(plan),
        "object": "chat.completion.chunk",
        "created": openai.CREATED,
        "model": plan.model,
        "service_tier": plan.script.service_tier or "default",
        "system_fingerprint": "fp_simulated",
    }
    unknown = {"usage": None} if tells_usage else {}

    def chunk(delta: dict[str, Any], finish_reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _event({**common, "choices": [choice], **unknown, "obfuscation": "aB3xY"})

    deltas = {piece: chunk({"content": piece}, None) for piece in set(plan.deltas)}
    told = _event({**common, "choices": [], "usage": _usage(plan), "obfuscation": ""})
    return Stream(
        head=(chunk({"role": "assistant", "content": "", "refusal": None}, None),),
        deltas=map(deltas.__getitem__, plan.deltas),
        tail=(chunk({}, _finish_reason(plan)), *((told,) if tells_usage else ()), _DONE),
        error=(_event(openai.event_error(plan.script.error_event)),),
        first_usage=None,
        final_at=1 if tells_usage else None,
    )


def _event(data: object) -> bytes:
    return b"data: %b\n\n" % _json(data)


CHAT = Endpoint("openai", "chat", _completion, _stream, _id, cannot_say=("cache_write_1h", "web_searches"))
