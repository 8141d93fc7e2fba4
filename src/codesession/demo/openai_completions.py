"""What does OpenAI's first endpoint answer, which completes a prompt? Text instead of messages, else as chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import openai, openai_chat
from codesession.demo.openai import event
from codesession.demo.shapes import Endpoint, Stream

if TYPE_CHECKING:
    from codesession.demo.openai_chat import Dialect
    from codesession.demo.plan import Plan

_json = msgspec.json.encode


def _id(plan: Plan) -> str:
    return f"cmpl-{plan.id}"


def _common(dialect: Dialect, plan: Plan) -> dict[str, Any]:
    known = {"id": _id(plan), "object": "text_completion", "created": openai.CREATED, "model": plan.model}
    return {**known, **dialect.common(plan)}


def _choice(text: str, finish_reason: str | None) -> list[dict[str, Any]]:
    return [{"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}]


def _finish_reason(plan: Plan) -> str:
    return plan.script.stop_reason or ("length" if plan.is_truncated else "stop")


def completions(dialect: Dialect) -> Endpoint:
    """The endpoint of a server whose chat speaks `dialect`."""

    def answer(plan: Plan) -> bytes:
        told = {"choices": _choice(plan.text, _finish_reason(plan)), "usage": openai_chat.told(dialect, plan)}
        return _json({**_common(dialect, plan), **told, **dialect.beside(plan)})

    def stream(plan: Plan) -> Stream:
        common = _common(dialect, plan)
        tells = openai_chat.tells_usage(dialect, plan.body)
        deltas = {piece: event({**common, "choices": _choice(piece, None)}) for piece in set(plan.deltas)}
        told = event({**common, "choices": [], "usage": openai_chat.told(dialect, plan)})
        ending = event({**common, "choices": _choice("", _finish_reason(plan)), **dialect.beside(plan)})
        return Stream(
            head=(),
            deltas=map(deltas.__getitem__, plan.deltas),
            tail=(ending, *((told,) if tells else ()), b"data: [DONE]\n\n"),
            error=(event(dialect.event_error(plan)),),
            final_at=1 if tells else None,
        )

    return Endpoint(dialect.wire, "completions", answer, stream, _id, says=dialect.says, refusal=dialect.refusal)


COMPLETIONS = completions(openai_chat.OPENAI)
