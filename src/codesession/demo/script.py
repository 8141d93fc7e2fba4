"""What was the simulated provider told to answer?

A request scripts its own answer: with the header ``x-sim: {...}`` or, for clients that cannot set headers, with
``[[sim {...}]]`` in the text of its last user message. The header wins when both are there. An unknown key is
refused, so a typing error in a test is never taken for the default.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Coding = Literal["identity", "gzip", "deflate", "br", "zstd"]

_MARK = "[[sim "


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scripted answer; what is left out is made up from the request, the same for the same request.

    Token counts are those of `codesession.model.Usage`: each token in exactly one of them.

    >>> parse('{"input": 12, "cache_read": 3000, "text": "hi"}').cache_read
    3000
    """

    input: int | None = None
    """uncached tokens read; without it, a quarter of the request's bytes"""
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """Anthropic only; the OpenAI wires count it as `cache_write`"""
    input_audio: int = 0
    """OpenAI chat only"""
    output: int | None = None
    """visible tokens written; without it, a quarter of the answer's bytes"""
    reasoning: int = 0
    output_audio: int = 0
    """OpenAI chat only"""
    web_searches: int = 0
    """Anthropic only"""

    text: str | None = None
    """the answer"""
    size: int | None = msgspec.field(name="bytes", default=None)
    """the length of a made up answer, in bytes"""
    events: int | None = None
    """how many deltas a stream cuts the answer into"""
    model: str | None = None
    """the model that answers, instead of the one asked for"""
    stop_reason: str | None = None
    """in the provider's own word; on the Responses wire `max_output_tokens` makes it incomplete"""
    service_tier: str | None = None
    usage_extra: dict[str, Any] = {}
    """members added to the usage object as they are"""

    first_delay_ms: float = 0
    """wait before the status line"""
    delay_ms: float = 0
    """wait between two events of a stream, each of which is then written by itself"""
    hang: bool = False
    """never answer; the exchange ends when the client leaves"""
    hang_after: int | None = None
    """write so many events (of a JSON answer: half the body), then nothing until the client leaves"""
    cut_after: int | None = None
    """write so many events (of a JSON answer: half the body), then end the connection; -1: before the status line"""
    reset: bool = False
    """cut with a TCP reset instead of an orderly end of the connection (both lack the end of the answer)"""
    error_event: bool | str | dict[str, Any] = False
    """fail in the middle of a stream: true, the message, or the whole data of the error event"""

    status: int = 200
    """an error status makes an error answer"""
    error: str | dict[str, Any] | None = None
    """the message, or the whole body, of an error answer"""
    retry_after: float | msgspec.UnsetType | None = msgspec.UNSET
    """seconds; a 429 says 1 unless told otherwise, null for none"""
    headers: dict[str, str] = {}
    """added to the answer's headers"""

    encoding: Coding | Literal["auto"] = "identity"
    """content coding, forced; auto: the first the client accepts"""
    chunk: int | None = None
    """write the body in pieces of so many bytes, wherever that cuts it"""
    content_length: bool = True
    """whether a JSON answer says its length"""


DEFAULT = Script()
_decode_script = msgspec.json.Decoder(Script).decode


def parse(text: str | bytes) -> Script:
    """The script in the JSON `text`. Raises InvalidInput when it is not one."""
    try:
        return _decode_script(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"the simulated provider cannot follow its script: {error}") from error


def marked(body: Mapping[str, Any]) -> Script | None:
    """The script in the last user message of a request's `body`, if it holds one. Raises InvalidInput."""
    text = _last_user_text(body)
    start = text.rfind(_MARK)
    if start < 0:
        return None
    start += len(_MARK)
    try:
        end = json.JSONDecoder().raw_decode(text, start)[1]
    except ValueError as error:
        raise InvalidInput(f"the simulated provider cannot read its script: {error}") from error
    return parse(text[start:end])


def _last_user_text(body: Mapping[str, Any]) -> str:
    messages = body.get("messages", body.get("input", ""))
    if isinstance(messages, str):
        return messages
    if not isinstance(messages, list):
        return ""
    for message in reversed(messages):
        if isinstance(message, str):  # the input of embeddings is a list of texts
            return message
        if isinstance(message, dict) and message.get("role") == "user":
            text = "\n".join(_texts(message.get("content")))
            if text:
                return text
    return ""


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]
