"""How is a stream ended early, so that its client stops at once and shows why?

With the provider's own word for an error that came in the middle of an answer. What clients do then was measured
on 2026-11-22 with Claude Code 2.1.197, Codex 0.169.0, and for Python anthropic 2.12.0, openai 2.54.0 and 3.54.0,
litellm 1.106.2, langchain-anthropic 1.7.7 and langchain-openai 1.7.3; whatever was asked next was refused with 400.

======================================  ===================================================================
Messages, ``event: error``              Claude Code: asks once more without a stream (not after a whole content
                                        block), exit 1, "API Error: 400 <message>", with the first call's text gone
                                        anthropic, langchain: one call, APIStatusError with the message
                                        litellm: one call, MidStreamFallbackError with the message
Messages, `stop_reason` ``refusal``     Claude Code: one call, exit 1, but it says "appears to violate our Usage
                                        Policy", and the message only if `stop_details` has it;
                                        the SDK raises nothing: half an answer is taken for one
Messages, ``end_turn``                  Claude Code: exit 0: half an answer is taken for one
Chat, ``{"error": …}``                  openai, langchain: one call, APIError with the message; litellm as above.
                                        ``[DONE]`` after it changes nothing, and would claim a whole answer
Chat, ``content_filter``                nothing is raised: half an answer is taken for one
Responses, ``response.failed``          Codex: one call, exit 1, exactly the message, if the code is ``invalid_prompt``;
                                        with ``server_error`` it asks again
                                        openai: the event, with the message; langchain: ValueError with the message
======================================  ===================================================================

So a call that was ended must be followed by refusals: Claude Code asks again at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_event(document: Mapping[str, object], name: str | None = None) -> bytes:
    r"""One server-sent event with a JSON document.

    >>> as_event({"type": "error"}, "error")
    b'event: error\ndata: {"type":"error"}\n\n'
    """
    named = f"event: {name}\n".encode() if name else b""
    return named + b"data: " + msgspec.json.encode(document) + b"\n\n"


def sendable(text: str) -> str:
    r"""The text as UTF-8 can carry it.

    >>> sendable("naïve \ud83d")
    'naïve ?'
    """
    return text.encode("utf-8", "replace").decode()


def failed_response(
    message: str, *, response_id: str | None, model: str | None, created_at: object, sequence_number: int
) -> bytes:
    """The last event of a Responses stream that failed (https://platform.openai.com/docs/api-reference/responses-streaming).

    Of the codes that are documented, ``invalid_prompt`` is the one after which Codex does not ask again.
    """
    response = {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": "failed",
        "error": {"code": "invalid_prompt", "message": sendable(message)},
        "incomplete_details": None,
        "model": model,
        "output": [],
        "usage": None,
    }
    document = {"type": "response.failed", "sequence_number": sequence_number, "response": response}
    return as_event(document, "response.failed")
