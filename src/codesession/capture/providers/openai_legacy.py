"""What does a request for the completion of a prompt ask for? It is older than chat, and answered in the same words."""

from __future__ import annotations

from typing import Any

from codesession.capture.providers.base import Asked
from codesession.capture.providers.openai_request import OpenAIRequest
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, limit, name, word
from codesession.model import Terms


class _CompletionRequest(OpenAIRequest):
    prompt: Any = None
    best_of: Any = None


_REQUEST = Shape(_CompletionRequest)


def read_completion_request(body: bytes) -> Asked:
    """What a request for the completion of a prompt, or of each of several, asks for.

    As the Python SDK has it (``openai`` 3.57.0: `CompletionCreateParams`): all of ``best_of`` answers are written, and
    consume tokens, before the best are chosen; a prompt is a text, or a list of tokens, or a list of either.

    Raises:
        Unreadable: it is no JSON object.
    """
    request = _REQUEST.read(body)
    prompts = request.prompt if isinstance(request.prompt, list) else ()
    several = sum(isinstance(prompt, str | list) for prompt in prompts)
    answers = max(limit(request.n) or 1, limit(request.best_of) or 1) * max(1, several)
    most = limit(request.max_tokens)
    streamed = request.stream is True
    options = request.stream_options
    asks_usage = isinstance(options, dict) and options.get("include_usage") is True
    return Asked(
        name(request.model),
        streamed,
        most and limit(most * answers),
        lacks_usage=streamed and not asks_usage,
        trace=trace(body),
        terms=Terms(word(request.service_tier)),
    )
