"""What does OpenAI answer about pictures, recordings and speech, and about what is improper?

As the openai 3.57.0 SDK types it. A recording is billed by its tokens or by its length; speech is bytes and says
nothing of what it used; moderation is free.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import openai
from codesession.demo.shapes import Endpoint, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_PICTURE = base64.b64encode(b"a simulated picture").decode()
_SOUND = b"ID3\x04simulated speech" * 64


def _picture_usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    told = {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"text_tokens": usage.input, "image_tokens": usage.input_image},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"text_tokens": usage.output, "image_tokens": usage.output_image},
        "total_tokens": usage.tokens,
    }
    return {**told, **plan.script.usage_extra}


_PICTURE_STYLE = {"background": "opaque", "output_format": "png", "quality": "medium", "size": "1024x1024"}


def _pictures(plan: Plan) -> bytes:
    asked = plan.body.get("n")
    data = [{"b64_json": _PICTURE}] * (asked if isinstance(asked, int) else 1)
    return _json({"created": openai.CREATED, "data": data, **_PICTURE_STYLE, "usage": _picture_usage(plan)})


def _picture_stream(kind: str, plan: Plan) -> Stream:
    known = {"b64_json": _PICTURE, "created_at": openai.CREATED, **_PICTURE_STYLE}
    return Stream(
        head=(_event(f"{kind}.partial_image", {**known, "partial_image_index": 0}),),
        deltas=(),
        tail=(_event(f"{kind}.completed", {**known, "usage": _picture_usage(plan)}),),
        error=(_event("error", dict(openai.event_error(plan.script.error_event))),),
        final_at=0,
    )


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _json({"type": name, **data}))


def _painting(name: str, kind: str) -> Endpoint:
    says = frozenset({"input", "input_image", "output", "output_image"})
    return Endpoint(openai.WIRE, name, _pictures, lambda plan: _picture_stream(kind, plan), says=says, writes=False)


def _recording_usage(plan: Plan) -> dict[str, Any]:
    usage, seconds = plan.usage, plan.script.seconds
    if seconds is not None:
        return {"type": "duration", "seconds": seconds, **plan.script.usage_extra}
    told = {
        "type": "tokens",
        "input_tokens": usage.prompt_tokens,
        "input_token_details": {"text_tokens": usage.input, "audio_tokens": usage.input_audio},
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
    }
    return {**told, **plan.script.usage_extra}


def _transcript(plan: Plan) -> bytes:
    return _json({"text": plan.text, "usage": _recording_usage(plan)})


def _transcript_stream(plan: Plan) -> Stream:
    done = {"type": "transcript.text.done", "text": plan.text, "usage": _recording_usage(plan)}
    return Stream(
        head=(),
        deltas=_transcript_deltas(plan),
        tail=(openai.event(done),),
        error=(openai.event(openai.event_error(plan.script.error_event)),),
        final_at=0,
    )


def _transcript_deltas(plan: Plan) -> Iterator[bytes]:
    return (openai.event({"type": "transcript.text.delta", "delta": piece}) for piece in plan.deltas)


_CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence"),
    "violence/graphic",
)


def _moderation(plan: Plan) -> bytes:
    asked = plan.body.get("input")
    found = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.0001),
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    results = [found] * (len(asked) if isinstance(asked, list) else 1)
    return _json({"id": f"modr-{plan.id}", "model": plan.model, "results": results})


_HEARS = frozenset({"input", "input_audio", "output", "seconds"})

IMAGES = _painting("images", "image_generation")
IMAGE_EDITS = _painting("image_edits", "image_edit")
TRANSCRIPTIONS = Endpoint(openai.WIRE, "transcriptions", _transcript, _transcript_stream, says=_HEARS)
TRANSLATIONS = Endpoint(openai.WIRE, "translations", _transcript, says=_HEARS, streams="never")
SPEECH = Endpoint(
    openai.WIRE,
    "speech",
    lambda _plan: _SOUND,
    says=frozenset({"input", "output_audio"}),
    writes=False,
    tells_usage=False,
    streams="never",
    media_type=b"audio/mpeg",
)
MODERATIONS = Endpoint(
    openai.WIRE, "moderations", _moderation, writes=False, is_billed=False, problem=lambda _body: None
)
