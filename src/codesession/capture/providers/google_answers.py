"""What does Gemini say in an answer? Whole, as server-sent events, or as one growing array.

https://ai.google.dev/api/generate-content (read 2026-11-28). Each chunk of a stream tells all tokens so far: a later
one stands in the place of an earlier one. The last has a ``finishReason``; there is no other end.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import msgspec

from codesession.capture.framing import OBJECTS
from codesession.capture.providers.base import Reading, whole
from codesession.capture.providers.conversations import NOTHING
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.google_usage import Grounding, tell, usage_of
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.values import Shape, Unreadable, size
from codesession.errors import BudgetExceeded

_BUDGET_STATUS = BudgetExceeded.http_status


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    function_call: msgspec.Raw = NOTHING
    executable_code: msgspec.Raw = NOTHING


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    index: Any = None
    content: _Content | None = None
    finish_reason: Any = None
    grounding_metadata: dict[str, Any] | None = None


class _Answer(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: dict[str, Any] | None = None
    model_version: str | None = None
    response_id: str | None = None
    prompt_feedback: dict[str, Any] | None = None


_ANSWER = Shape(_Answer)


def refusal(status: int, _code: str, message: str) -> dict[str, Any]:
    """Google's error shape (https://cloud.google.com/apis/design/errors)."""
    kinds = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 413: "INVALID_ARGUMENT"}
    return {"error": {"code": status, "message": message, "status": kinds.get(status, "UNAVAILABLE")}}


def read_answer(body: bytes) -> Reading:
    """What a whole answer says; raises `Unreadable`."""
    return _reading(_ANSWER.read(body), len(body))


def _reading(answer: _Answer, written_bytes: int) -> Reading:
    if not answer.usage_metadata:
        model, response_id = answer.model_version, answer.response_id
        return Reading(has_ended=True, written_bytes=written_bytes, model=model, response_id=response_id)
    grounding = _grounding(answer, Grounding())
    return whole(tell(answer.usage_metadata, answer.model_version, grounding), answer.model_version, answer.response_id)


def _grounding(answer: _Answer, grounding: Grounding) -> Grounding:
    for candidate in answer.candidates or ():
        if candidate.grounding_metadata:
            grounding.take(candidate.grounding_metadata)
    return grounding


class _Embedded(msgspec.Struct, rename="camel"):
    usage_metadata: dict[str, Any] | None = None
    predictions: list[Any] | None = None


_EMBEDDED = Shape(_Embedded)


def read_embeddings(body: bytes) -> Reading:
    """What an answer with embeddings says: newer models tell their tokens, of older ones they are not known.

    Raises:
        Unreadable: it is of another shape.
    """
    counters = _EMBEDDED.read(body).usage_metadata
    if not counters:
        return Reading(has_ended=True)
    return whole(tell(counters, None, Grounding()), None, None)


def read_predictions(body: bytes) -> Reading:
    """What the answer of a model says that predicts: of an embedding its tokens, of pictures how many there are.

    https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api and
    https://ai.google.dev/gemini-api/docs/imagen (read 2026-11-28). Pictures have a price of their own, so that no
    tokens are told of them.

    Raises:
        Unreadable: it is of another shape.
    """
    predictions = [one for one in _EMBEDDED.read(body).predictions or () if isinstance(one, dict)]
    told = [statistics for one in predictions if (statistics := _statistics(one))]
    if told:
        return whole(tell({"promptTokenCount": sum(map(_tokens, told))}, None, Grounding()), None, None)
    pictures = sum("bytesBase64Encoded" in one or "gcsUri" in one for one in predictions)
    return Reading(has_ended=True, extra=(("predictions", pictures),) if pictures else ())


def _statistics(prediction: dict[str, Any]) -> dict[str, Any] | None:
    embeddings = prediction.get("embeddings")
    statistics = embeddings.get("statistics") if isinstance(embeddings, dict) else None
    return statistics if isinstance(statistics, dict) else None


def _tokens(statistics: dict[str, Any]) -> int:
    return usage_of({"promptTokenCount": statistics.get("token_count")}).input


class GoogleStream(StreamReader):
    """Reads a stream of server-sent events; every chunk may tell the usage so far."""

    telling = re.compile(rb'"(?:usageMetadata|finishReason|promptFeedback|groundingMetadata)"\s*:')
    marks = (b'"usageMetadata"', b'"finishReason"', b'"promptFeedback"', b'"groundingMetadata"')

    def __init__(self) -> None:
        super().__init__()
        self._grounding = Grounding()
        self._counters: dict[str, Any] = {}
        self._is_told = True
        self._open: dict[object, bool] = {}
        """of each candidate that was seen, whether it goes on"""

    def take(self, data: bytes) -> None:
        if not data:
            return
        chunk = _ANSWER.read(data)
        self.model, self.response_id = chunk.model_version or self.model, chunk.response_id or self.response_id
        self._written_bytes += _written(chunk)
        _grounding(chunk, self._grounding)
        for candidate in chunk.candidates or ():
            self._open[str(candidate.index)] = candidate.finish_reason is None
        is_blocked = bool(chunk.prompt_feedback and chunk.prompt_feedback.get("blockReason"))
        self.has_ended = is_blocked or (bool(self._open) and not any(self._open.values()))
        if chunk.usage_metadata:
            self._counters = chunk.usage_metadata
        self._is_told = False

    def so_far(self) -> Reading:
        """What has been learnt; the counters of a chunk are understood when they are asked for, as most never are."""
        if not self._is_told:
            self._is_told = True
            try:
                self._tell()
            except Unreadable:
                self.is_broken = True
        return super().so_far()

    def _tell(self) -> None:
        if self._counters:
            self.learn(tell(self._counters, self.model, self._grounding), is_final=self.has_ended)

    def written(self, data: bytes) -> int:
        return _written(_ANSWER.read(data)) if data else 0

    def ending(self, message: str) -> bytes:
        return as_event(refusal(_BUDGET_STATUS, BudgetExceeded.code, sendable(message)))


class GoogleArray(GoogleStream):
    """Reads the same as one JSON array, which is what comes without ``alt=sse``; there is no way to end it early."""

    framing: ClassVar = OBJECTS


def _written(answer: _Answer) -> int:
    total = 0
    for candidate in answer.candidates or ():
        for part in (candidate.content and candidate.content.parts) or ():
            total += size(part.text) + len(bytes(part.function_call)) + len(bytes(part.executable_code))
    return total
