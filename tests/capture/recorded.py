"""The answers in ``tests/data``, and what each of them costs in tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.capture.providers import PROVIDERS, JsonReader
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers import Endpoint
    from codesession.capture.providers.base import AnswerReader

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer; `usage` is None where it says none."""

    file: str
    path: str
    usage: Usage | None
    model: str | None
    response_id: str | None

    @property
    def body(self) -> bytes:
        return (DATA / self.file).read_bytes()

    @property
    def endpoint(self) -> Endpoint:
        return PROVIDERS[self.file.partition("/")[0]].endpoints[self.path]

    @property
    def is_stream(self) -> bool:
        return self.file.endswith(".sse")

    def reader(self) -> AnswerReader:
        return self.endpoint.stream_reader() if self.is_stream else JsonReader(self.endpoint.read_answer)


def _messages(
    name: str, usage: Usage, model: str = "claude-opus-4-8", id_: str = "msg_01XFDUDYJgAACzvnptvVoYEL"
) -> Recording:
    return Recording(f"anthropic/{name}", "/v1/messages", usage, model, id_)


def _chat(
    name: str,
    usage: Usage | None,
    model: str = "gpt-4o-2024-08-06",
    id_: str = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
) -> Recording:
    return Recording(f"openai/{name}", "/v1/chat/completions", usage, model, id_)


def _responses(name: str, usage: Usage | None) -> Recording:
    response_id = "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654"
    return Recording(f"openai/{name}", "/v1/responses", usage, "gpt-5-2025-08-07", response_id)


RECORDINGS = (
    _messages("text.sse", Usage(input=25, output=15)),
    _messages("tool_use.sse", Usage(input=472, output=89)),
    _messages("thinking.sse", Usage(input=78, output=26, reasoning=120), "claude-sonnet-4-6"),
    _messages("cache.sse", Usage(input=3, cache_read=18432, cache_write=1100, cache_write_1h=456, output=9)),
    _messages("web_search.sse", Usage(input=10682, output=510, web_searches=1)),
    _messages("overloaded.sse", Usage(input=25, output=1)),
    _messages("message.json", Usage(input=12, cache_read=100, cache_write=20, cache_write_1h=10, output=8)),
    _messages(
        "web_search.json",
        Usage(input=105, cache_read=7123, output=50, reasoning=250, web_searches=2),
        id_="msg_01Aq9w938a90dw8q",
    ),
    _chat("chat.sse", None),
    _chat("chat_usage.sse", Usage(input=19, output=10)),
    _chat("chat_tools.sse", Usage(input=80, cache_read=1920, cache_write=6, output=44, reasoning=256)),
    _chat("chat_continuous.sse", Usage(input=19, output=3)),
    _chat("chat.json", Usage(input=19, output=10)),
    _chat(
        "chat_audio.json",
        Usage(input=20, input_audio=100, output=15, output_audio=45),
        "gpt-4o-audio-preview-2024-12-17",
        "chatcmpl-AUDIO",
    ),
    _responses("responses.sse", Usage(input=21, cache_read=16, output=10, reasoning=64)),
    _responses("responses_tools.sse", Usage(input=55, output=17)),
    _responses("responses_incomplete.sse", Usage(input=37, output=2)),
    _responses("responses_failed.sse", None),
    _responses("responses.json", Usage(input=21, cache_read=16, output=10, reasoning=64)),
    Recording("openai/embeddings.json", "/v1/embeddings", Usage(input=8), "text-embedding-3-small", None),
)
STREAMS = tuple(recording for recording in RECORDINGS if recording.is_stream)
UNENDED = ("anthropic/overloaded.sse",)
"""Streams whose end never came."""


def recording(file: str) -> Recording:
    return next(one for one in RECORDINGS if one.file == file)
