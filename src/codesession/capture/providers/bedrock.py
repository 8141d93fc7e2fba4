"""How are models metered that Amazon Bedrock runs? By Converse, or invoked in the words of their maker.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html (read 2026-11-28).
The usual signature covers the name of the host that a request is sent to
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, read 2026-11-28): what a
client signs for the proxy, Amazon refuses. Only requests with an API key, which is a bearer token, can be relayed
(https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html, read 2026-11-28). Its hosts are by region, and
no path names one: where it is must be set.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

import msgspec

from codesession.capture.amazon import AMAZON
from codesession.capture.providers import anthropic
from codesession.capture.providers.base import Asked, Endpoint, Provider, Reading, whole
from codesession.capture.providers.bedrock_usage import tell, tell_invoked
from codesession.capture.providers.compatible import CHAT, openai_endpoints
from codesession.capture.providers.conversations import NOTHING, Beyond, Lenient, any_elsewhere, odd
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import Made, Steps, trace
from codesession.capture.providers.values import Shape, limit, name, size, word
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

# --- what is asked for ---


class _Tool(msgspec.Struct, rename="camel"):
    tool_spec: Any = None
    cache_point: Any = None


class _ToolConfig(msgspec.Struct):
    tools: list[_Tool] | None = None


class _Inference(msgspec.Struct, rename="camel"):
    max_tokens: Any = None


class _Tier(msgspec.Struct):
    type: Any = None


class _Converse(msgspec.Struct, rename="camel"):
    messages: list[msgspec.Raw] | None = None
    inference_config: _Inference | None = None
    tool_config: _ToolConfig | None = None
    service_tier: _Tier | None = None
    prompt_variables: Any = None

    def beyond(self, body: bytes) -> Beyond:
        """What it lets Amazon do and fetch, and what it shows of its loop."""
        tools = (self.tool_config and self.tool_config.tools) or ()
        is_served = any(tool.tool_spec is None and tool.cache_point is None for tool in tools)
        messages = self.messages or ()
        is_elsewhere = is_served or bool(self.prompt_variables) or any_elsewhere(messages, _STORED, _is_stored)
        return Beyond(is_elsewhere, is_served, trace(body, _STEPS.of(messages)))


_STORED = re.compile(rb'"s3Location"')


def _is_stored(part: dict[str, Any]) -> bool:
    """Whether a part is named by where it is kept."""
    return "s3Location" in part


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NOTHING
    content: msgspec.Raw = NOTHING


class _Block(msgspec.Struct, rename="camel"):
    tool_use: _ToolUse | None = None
    tool_result: _ToolUse | None = None


class _Message(msgspec.Struct):
    content: list[_Block] | None = None


_MESSAGE = msgspec.json.Decoder(_Message)


def _made(message: msgspec.Raw) -> Iterator[Made]:
    for block in _MESSAGE.decode(message).content or ():
        if called := block.tool_use:
            yield Made(called.tool_use_id or "", called.name or "", called.input)
        elif came := block.tool_result:
            yield Made(came.tool_use_id or "", None, came.content)


_STEPS = Steps(_made)
_CONVERSE = Lenient(_Converse)
_OBJECT = Shape(dict[str, Any])


def read_converse(body: bytes) -> Asked:
    """What a request to converse asks for; its model, and whether it is a stream, are in its path.

    Raises:
        Unreadable: it is not a JSON object.
    """
    request = _CONVERSE.read(body)
    if request is None:
        _OBJECT.read(body)
        return Asked("(none)", False, None, False, *odd(body))
    most = limit((request.inference_config or _Inference()).max_tokens)
    terms = Terms(word((request.service_tier or _Tier()).type))
    return Asked("(none)", False, most, False, *request.beyond(body), terms)


class _NovaLimits(msgspec.Struct):
    maxTokens: Any = None  # noqa: N815 - as it is written
    max_new_tokens: Any = None


class _Limits(msgspec.Struct):
    """How Claude, Llama and Nova call the most that may be written."""

    max_tokens: Any = None
    max_gen_len: Any = None
    inferenceConfig: _NovaLimits | None = None  # noqa: N815 - as it is written


_LIMITS = Lenient(_Limits)


def read_invoke(body: bytes) -> Asked:
    """What a request asks for that invokes a model in its maker's words; of most, those of Claude.

    Raises:
        Unreadable: it is not a JSON object.
    """
    asked = anthropic.read_request(body)
    told = _LIMITS.read(body) or _Limits()
    nova = told.inferenceConfig or _NovaLimits()
    limits = (told.max_tokens, told.max_gen_len, nova.maxTokens, nova.max_new_tokens)
    return replace(asked, max_output=next((limit(most) for most in limits if limit(most) is not None), None))


_PATH = re.compile(r".*/model/(.+)/(invoke|converse)(-with-response-stream|-stream)?")


def in_path(asked: Asked, path: str) -> Asked:
    """What is asked for, with the model in the path.

    >>> in_path(Asked("(none)", False), "/model/us.anthropic.claude-opus-4-8-v1%3A0/converse-stream").model
    'us.anthropic.claude-opus-4-8-v1:0'
    """
    found = _PATH.fullmatch(unquote(path))
    return replace(asked, model=name(found[1]), streamed=bool(found[3])) if found else asked


# --- what is answered ---


class _Conversed(msgspec.Struct, rename="camel"):
    usage: dict[str, Any] | None = None
    service_tier: dict[str, Any] | None = None


_CONVERSED = Shape(_Conversed)


def read_conversed(body: bytes) -> Reading:
    """What a whole answer of Converse says; raises `Unreadable`."""
    answer = _CONVERSED.read(body)
    if not answer.usage:
        return Reading(has_ended=True, written_bytes=len(body))
    return whole(tell(answer.usage, answer.service_tier), None, None)


def read_invoked(body: bytes) -> Reading:
    """What a whole answer of an invoked model says; raises `Unreadable`."""
    answer = _OBJECT.read(body)
    told, response_id = tell_invoked(answer), word(answer.get("id"))
    if told is None:
        return Reading(has_ended=True, written_bytes=len(body), response_id=response_id)
    return whole(told, None, response_id)


class _Text(msgspec.Struct):
    text: str | None = None


class _Input(msgspec.Struct):
    input: str | None = None


class _Delta(msgspec.Struct, rename="camel"):
    text: str | None = None
    tool_use: _Input | None = None
    reasoning_content: _Text | None = None


class _Written(msgspec.Struct):
    delta: _Delta | None = None


_WRITTEN = Shape(_Written)


class ConverseStream(StreamReader):
    """Reads a stream of Converse: its last message is ``metadata``, with the usage."""

    framing: ClassVar = AMAZON
    telling = re.compile(rb"^event: metadata$", re.MULTILINE)
    marks = (b"event: metadata\n",)

    def take(self, data: bytes) -> None:
        told = _CONVERSED.read(data)
        self.has_ended = True
        if told.usage:
            self.learn(tell(told.usage, told.service_tier), is_final=True)

    def written(self, data: bytes) -> int:
        delta = (_WRITTEN.read(data).delta if b'"delta"' in data else None) or _Delta()
        called, thought = delta.tool_use or _Input(), delta.reasoning_content or _Text()
        return size(delta.text, called.input, thought.text)


class InvokeStream(anthropic.MessagesStream):
    """Reads a stream of an invoked model: Claude's events as they are, of others the metrics in the last chunk."""

    framing: ClassVar = AMAZON
    telling = re.compile(rb'"usage"\s*:\s*\{|message_st(?:art|op)|"amazon-bedrock-invocationMetrics"')
    marks = (b'"usage"', b"message_st", b'"amazon-bedrock-invocationMetrics"')

    def take(self, data: bytes) -> None:
        told = _OBJECT.read(data)
        metrics = told.get("amazon-bedrock-invocationMetrics")
        if str(told.get("type")).startswith("message_"):
            super().take(data)
        elif isinstance(metrics, dict):
            self.has_ended = True
            self.learn(tell(metrics), is_final=True)

    def ending(self, message: str) -> bytes:
        del message
        return b""  # there is no way to end such a stream


# --- the provider ---


def refusal(_status: int, _code: str, message: str) -> dict[str, Any]:
    """Amazon's error shape (https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html)."""
    return {"message": message}


_STREAM_TYPE = "vnd.amazon.eventstream"
_CONVERSATION = Endpoint(
    "converse", read_converse, read_conversed, ConverseStream, framed={_STREAM_TYPE: ConverseStream}, in_path=in_path
)
_INVOCATION = Endpoint(
    "invoke", read_invoke, read_invoked, InvokeStream, framed={_STREAM_TYPE: InvokeStream}, in_path=in_path
)

BEDROCK = Provider(
    name="bedrock",
    upstream=None,
    refusal=refusal,
    endpoints={f"/openai/v1{CHAT}": openai_endpoints()[CHAT]},
    patterns=(
        (re.compile(r"/model/[^/]+/converse(?:-stream)?"), _CONVERSATION),
        (re.compile(r"/model/[^/]+/invoke(?:-with-response-stream)?"), _INVOCATION),
    ),
    # https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html (read 2026-11-28)
    free=frozenset({"/model/*/count-tokens"}),
    # of `AnthropicBedrock` in the Python SDK (anthropic 2.14.0), and of Amazon's own SDKs
    # (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html, read 2026-11-28); set by `clients`
    base_urls={"ANTHROPIC_BEDROCK_BASE_URL": "", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": ""},
    request_id_headers=(b"x-amzn-requestid",),
    # of what is invoked; Claude Code sends it where ANTHROPIC_BEDROCK_SERVICE_TIER is set (seen in its documentation,
    # https://code.claude.com/docs, 2026-11-28)
    tier_header="x-amzn-bedrock-service-tier",
)
