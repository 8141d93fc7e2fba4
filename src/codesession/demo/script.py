"""What was the simulated provider told to answer?

A request scripts its own answer: with the header ``x-sim: {...}`` or, for clients that cannot set headers, with
``[[sim {...}]]`` in the text of its last user message (or its prompt, input or query). The header wins when both are
there; in a batch it is for the requests that hold no script of their own. An unknown key is refused, so a typing
error in a test is never taken for the default, and so is a class of usage that the wire asked has no word for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from codesession.errors import InvalidInput
from codesession.model import USAGE_FIELDS

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
    """uncached text tokens read; without it, a quarter of the request's bytes"""
    tool_input: int = 0
    """how many of `input` Gemini counts apart, as the results of its own tools"""
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """Anthropic only"""
    cache_write_other: int = 0
    """OpenAI's responses only, as written for 12 hours"""
    input_audio: int = 0
    cache_read_audio: int = 0
    input_image: int = 0
    cache_read_image: int = 0
    input_video: int = 0
    output: int | None = None
    """visible tokens written; without it, a quarter of the answer's bytes"""
    reasoning: int = 0
    output_audio: int = 0
    output_image: int = 0
    output_video: int = 0
    web_searches: int = 0
    file_searches: int = 0
    rerank_searches: int | None = None
    """without it, one for each hundred documents"""

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
    speed: str | None = None
    """Anthropic only"""
    geography: str | None = None
    """Anthropic's ``inference_geo``"""
    cost_nanos: int | None = None
    """what the call cost in nano-dollars, where the provider says so; without it, made up from the tokens"""
    seconds: float | None = None
    """how long a transcribed recording is: it is then billed by its length, without tokens"""
    took_ms: int = 250
    """how long a local server says that it took"""
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

BILL = frozenset(
    {
        *USAGE_FIELDS,
        *("tool_input", "service_tier", "speed", "geography", "cost_nanos", "seconds", "took_ms"),
    }
)
"""The keys that say what is billed, and how: not every wire has a word for each."""

_UNSAID = {key: getattr(DEFAULT, key) for key in BILL}

_decode_script = msgspec.json.Decoder(Script).decode


def scripted(script: Script) -> frozenset[str]:
    """The keys of the bill that `script` sets.

    >>> sorted(scripted(Script(input=3, cache_read=0, text="hi")))
    ['input']
    """
    if script is DEFAULT:
        return frozenset()
    return frozenset(key for key, unsaid in _UNSAID.items() if getattr(script, key) != unsaid)


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
    for name in ("messages", "input", "contents", "requests", "content", "prompt", "query"):
        if name in body:
            return _last_of(body[name])
    return ""


def _last_of(said: object) -> str:
    """The text in the last that the user says: messages, or only texts."""
    if isinstance(said, str):
        return said
    if isinstance(said, dict):  # Gemini's content of one text to embed
        return "\n".join(_texts(said.get("parts")))
    if not isinstance(said, list):
        return ""
    for message in reversed(said):
        if isinstance(message, str):  # the input of embeddings is a list of texts
            return message
        if isinstance(message, dict) and message.get("role", _unsaid_role(message)) == "user":
            text = "\n".join(_texts(message.get("content", message.get("parts"))))
            if text:
                return text
    return ""


def _unsaid_role(message: Mapping[str, Any]) -> str | None:
    """Gemini's contents have parts, and need no role; nor have its requests to embed, which hold one content each."""
    return "user" if "parts" in message or isinstance(message.get("content"), dict) else None


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        yield from _texts(content.get("parts"))
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]
