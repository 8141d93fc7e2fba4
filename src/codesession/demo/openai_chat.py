"""What does OpenAI's chat endpoint answer, and those of the servers that speak like it?

A stream of OpenAI's tells usage only when ``stream_options.include_usage`` asks for it: then every chunk says
``"usage":null``, and one more, without choices, says the numbers. Others differ in that, and in what they count;
a `Dialect` says how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from codesession.demo import openai
from codesession.demo.openai import event
from codesession.demo.shapes import Endpoint, Stream, Wire
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesession.demo.plan import Plan
    from codesession.demo.script import Script
    from codesession.model import Usage

_json = msgspec.json.encode

_DONE = b"data: [DONE]\n\n"

Place = Literal["asked", "own chunk", "last choice"]
"""Where a stream tells the usage: in a chunk of its own if that is asked for, or always; or always beside the reason
that it ended."""

SAYS = frozenset({"input", "cache_read", "output", "reasoning"})
"""What nearly every compatible server has words for."""


def prompt_details(usage: Usage) -> dict[str, Any]:
    """What there is of the input, as OpenAI breaks it down."""
    details = {"cached_tokens": usage.cache_read, "audio_tokens": usage.input_audio}
    if usage.cache_write:
        details["cache_write_tokens"] = usage.cache_write
    if usage.input_image:
        details["image_tokens"] = usage.input_image
    return details


def usage_of(plan: Plan) -> dict[str, Any]:
    """OpenAI's counters, without what the script adds."""
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
        "prompt_tokens_details": prompt_details(usage),
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.output_audio,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server's chat differs from OpenAI's."""

    wire: Wire
    usage: Callable[[Plan], dict[str, Any]] = usage_of
    """the counters, without what the script adds"""
    place: Place = "asked"
    says: frozenset[str] = SAYS
    common: Callable[[Plan], dict[str, Any]] = lambda _plan: {}
    """members of the whole answer, and of every chunk"""
    beside: Callable[[Plan], dict[str, Any]] = lambda _plan: {}
    """members of the whole answer, and of the last chunk that has a choice"""
    head: tuple[bytes, ...] = ()
    """what a stream begins with before its first chunk"""
    beside_tells: bool = False
    """whether `beside` tells the usage of a stream"""
    terms: Callable[[Plan], Terms] = lambda plan: Terms(plan.script.service_tier)
    refusal: Callable[[Mapping[str, Any]], Script | None] = lambda _body: None
    event_error: Callable[[Plan], object] = lambda plan: openai.event_error(plan.script.error_event)


def _id(plan: Plan) -> str:
    return f"chatcmpl-{plan.id}"


def _finish_reason(plan: Plan) -> str:
    return plan.script.stop_reason or ("length" if plan.is_truncated else "stop")


def told(dialect: Dialect, plan: Plan) -> dict[str, Any]:
    """The usage object."""
    return {**dialect.usage(plan), **plan.script.usage_extra}


def _asks(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def tells_usage(dialect: Dialect, body: Mapping[str, Any]) -> bool:
    """Whether a stream that answers `body` tells usage."""
    return dialect.place != "asked" or _asks(body)


def _common(dialect: Dialect, plan: Plan, kind: str) -> dict[str, Any]:
    return {"id": _id(plan), "object": kind, "created": openai.CREATED, "model": plan.model, **dialect.common(plan)}


def _completion(dialect: Dialect, plan: Plan) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": plan.text, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(plan)}
    beside = {"choices": [choice], "usage": told(dialect, plan), **dialect.beside(plan)}
    return _json({**_common(dialect, plan, "chat.completion"), **beside})


def _stream(dialect: Dialect, plan: Plan) -> Stream:
    common = _common(dialect, plan, "chat.completion.chunk")
    tells = tells_usage(dialect, plan.body)
    unknown = {"usage": None} if _asks(plan.body) and dialect.place != "own chunk" else {}

    def chunk(delta: dict[str, Any], finish_reason: str | None, **beside: object) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event({**common, "choices": [choice], **unknown, "obfuscation": "aB3xY", **beside})

    deltas = {piece: chunk({"content": piece}, None) for piece in set(plan.deltas)}
    usage = {"usage": told(dialect, plan)}
    beside = {**dialect.beside(plan), **(usage if dialect.place == "last choice" else {})}
    own = (event({**common, "choices": [], **usage, "obfuscation": ""}),)
    has_own = tells and dialect.place != "last choice"
    return Stream(
        head=(*dialect.head, chunk({"role": "assistant", "content": "", "refusal": None}, None)),
        deltas=map(deltas.__getitem__, plan.deltas),
        tail=(chunk({}, _finish_reason(plan), **beside), *(own if has_own else ()), _DONE),
        error=(event(dialect.event_error(plan)),),
        final_at=0 if dialect.beside_tells else int(has_own) if tells else None,
    )


def chat(dialect: Dialect) -> Endpoint:
    """The chat endpoint of a server that speaks `dialect`."""
    return Endpoint(
        dialect.wire,
        "chat",
        lambda plan: _completion(dialect, plan),
        lambda plan: _stream(dialect, plan),
        _id,
        says=dialect.says,
        terms=dialect.terms,
        refusal=dialect.refusal,
    )


OPENAI = Dialect(
    openai.WIRE,
    says=SAYS | {"cache_write", "input_audio", "input_image", "output_audio", "service_tier"},
    common=lambda plan: {"service_tier": openai.tier(plan).service_tier, "system_fingerprint": "fp_simulated"},
    terms=openai.tier,
)
CHAT = chat(OPENAI)
