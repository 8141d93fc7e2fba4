"""The answers in ``tests/data``, and what each of them costs in tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.capture.amazon_wire import messages
from tests.capture.recorded_compatible import COMPATIBLE

from codesession.capture.providers import PROVIDERS, JsonReader, StreamReader
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers import Endpoint
    from codesession.capture.providers.base import AnswerReader

DATA = Path(__file__).parents[1] / "data"

CONTENT_TYPES = {
    ".json": "application/json",
    ".sse": "text/event-stream; charset=utf-8",
    ".array": "application/json; charset=UTF-8",
    ".ndjson": "application/x-ndjson",
    ".lines": "application/stream+json",
    ".amazon": "application/vnd.amazon.eventstream",
}
"""How what is in a file is sent, by how its name ends."""


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
        endpoint = PROVIDERS[self.file.partition("/")[0]].endpoint_at(self.path)
        assert endpoint is not None, self.path
        return endpoint

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[Path(self.file).suffix]

    @property
    def is_stream(self) -> bool:
        return not self.file.endswith(".json")

    @property
    def is_events(self) -> bool:
        """Whether it is a stream of server-sent events."""
        return self.file.endswith(".sse")

    def ended_with(self, end: bytes) -> bytes:
        """The body, with its lines ended so where its framing leaves that open."""
        return self.body.replace(b"\n", end) if self.is_events else self.body

    def units(self) -> list[bytes]:
        """The units in which a stream was written."""
        if self.file.endswith(".amazon"):
            return messages(self.body)
        reader = self.reader()
        assert isinstance(reader, StreamReader)
        return list(reader.framing.units(self.body))

    def reader(self) -> AnswerReader:
        return self.endpoint.reader_of(self.content_type) or JsonReader(self.endpoint.read_answer)


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


def _plain(name: str, path: str, usage: Usage, model: str | None = None, id_: str | None = None) -> Recording:
    return Recording(f"openai/{name}", f"/v1/{path}", usage, model, id_)


def _azure(name: str, usage: Usage | None) -> Recording:
    path = "/openai/deployments/my-gpt/chat/completions"
    return Recording(f"azure/{name}", path, usage, "gpt-4o-2024-08-06", "chatcmpl-AnhIt2rw8vL8czymkCwEOKKTg7HPc")


_COMPLETION = "gpt-3.5-turbo-instruct", "cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7"
_HOSTED = Usage(
    input=1500,
    cache_read=4000,
    cache_write=1500,
    cache_write_other=2000,
    output=200,
    reasoning=300,
    web_searches=2,
    file_searches=1,
)


def _responses(name: str, usage: Usage | None) -> Recording:
    response_id = "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654"
    return Recording(f"openai/{name}", "/v1/responses", usage, "gpt-5-2025-08-07", response_id)


GEMINI = "gemini-2.5-flash"


def _google(
    name: str,
    what: str,
    usage: Usage | None,
    model: str | None = GEMINI,
    id_: str | None = "mAipafO1Ks2Z1dkP3Y2N8AQ",
) -> Recording:
    """An answer of a model's, by the last word of its path; or of another path, whole."""
    path = what if what.startswith("/") else f"/v1beta/models/{GEMINI}:{what}"
    return Recording(f"google/{name}", path, usage, model, id_)


def _vertex(name: str, model: str, what: str, usage: Usage, id_: str | None) -> Recording:
    publisher, _, named = model.partition("/")
    path = f"/v1/projects/p/locations/us-east5/publishers/{publisher}/models/{named}:{what}"
    return Recording(f"vertex/{name}", path, usage, named if id_ else None, id_)


def _bedrock(name: str, model: str, what: str, usage: Usage, id_: str | None = None) -> Recording:
    told = "claude-opus-4-8" if name == "claude.amazon" else None
    return Recording(f"bedrock/{name}", f"/model/{model}/{what}", usage, told, id_)


_CLAUDE = "us.anthropic.claude-opus-4-8-v1%3A0"
_LLAMA = "meta.llama3-1-8b-instruct-v1%3A0"
_INVOKE_STREAM = "invoke-with-response-stream"
_INTERACTION = "v1_ChdJTlRFUkFDVElPTg"

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
    _google("text.sse", "streamGenerateContent", Usage(input=9, output=10)),
    _google("text.array", "streamGenerateContent", Usage(input=9, output=10)),
    _google("thinking.sse", "streamGenerateContent", Usage(input=256, cache_read=1792, output=6, reasoning=369)),
    _google("tools.sse", "streamGenerateContent", Usage(input=312, output=21, reasoning=64), "gemini-3-pro-preview"),
    _google(
        "search.sse",
        "streamGenerateContent",
        Usage(input=116, output=18, reasoning=85, web_searches=2),
        "gemini-3.1-pro-preview",
    ),
    _google("cut.sse", "streamGenerateContent", Usage(input=9, output=5)),
    _google("blocked.sse", "streamGenerateContent", Usage(input=31)),
    _google(
        "content.json",
        "generateContent",
        Usage(
            input=368,
            cache_read=100,
            input_audio=120,
            cache_read_audio=200,
            input_image=258,
            input_video=760,
            output=8,
        ),
    ),
    _google("image.json", "generateContent", Usage(input=6, output=5, output_image=1290), "gemini-2.5-flash-image"),
    _google("grounded.json", "generateContent", Usage(input=12, output=2, web_searches=1)),
    _google("embedding.json", "embedContent", Usage(input=7), None, None),
    _google("embeddings_untold.json", "batchEmbedContents", None, None, None),
    _google("pictures.json", "predict", None, None, None),
    _google(
        "interaction.json",
        "/v1beta/interactions",
        Usage(input=280, cache_read=1000, output=20, reasoning=22, web_searches=3),
        "gemini-3.5-flash",
        _INTERACTION,
    ),
    _google(
        "interaction.sse",
        "/v1/interactions",
        Usage(input=280, cache_read=1000, output=20, reasoning=22, web_searches=3),
        "gemini-3.5-flash",
        _INTERACTION,
    ),
    _google("chat_usage.sse", "/v1beta/openai/chat/completions", Usage(input=8, output=10, reasoning=27)),
    _vertex(
        "gemini.sse",
        "google/gemini-2.5-flash",
        "streamGenerateContent",
        Usage(input=9, output=10),
        "mAipafO1Ks2Z1dkP3Y2N8AQ",
    ),
    _vertex(
        "claude.sse",
        "anthropic/claude-opus-4-8",
        "streamRawPredict",
        Usage(input=3, cache_read=18432, cache_write=1100, cache_write_1h=456, output=9),
        "msg_01XFDUDYJgAACzvnptvVoYEL",
    ),
    _vertex("embedding.json", "google/text-embedding-005", "predict", Usage(input=10), None),
    _chat(
        "chat_details.json",
        Usage(cache_read=1200, cache_read_image=300, cache_write=1024, input_image=476, output=56, reasoning=64),
        "gpt-5.6-sol-2026-09-01",
        "chatcmpl-DETAILS",
    ),
    _chat(
        "chat_search.json",
        Usage(input=9, output=363, web_searches=1),
        "gpt-4o-search-preview-2025-03-11",
        "chatcmpl-SEARCH",
    ),
    _responses("responses_hosted.json", _HOSTED),
    _responses("responses_hosted.sse", _HOSTED),
    _responses("responses_listed_before.sse", _HOSTED),
    _responses("responses_tool_usage.json", replace(_HOSTED, web_searches=3, file_searches=0)),
    _responses("responses_cut.sse", Usage(web_searches=2, file_searches=1)),
    _bedrock(
        "converse.amazon",
        _CLAUDE,
        "converse-stream",
        Usage(input=12, cache_read=2000, cache_write=40, cache_write_1h=60, output=30),
    ),
    _bedrock(
        "claude.amazon",
        _CLAUDE,
        _INVOKE_STREAM,
        Usage(input=3, cache_read=18432, cache_write=1100, cache_write_1h=456, output=9),
        "msg_01XFDUDYJgAACzvnptvVoYEL",
    ),
    _bedrock("llama.amazon", _LLAMA, _INVOKE_STREAM, Usage(input=15, output=4)),
    _bedrock("converse.json", _CLAUDE, "converse", Usage(input=30, output=8)),
    _bedrock(
        "claude.json", _CLAUDE, "invoke", Usage(input=11, cache_read=90, output=6), "msg_bdrk_01XFDUDYJgAACzvnptvVoYEL"
    ),
    _bedrock("llama.json", _LLAMA, "invoke", Usage(input=15, output=4)),
    _bedrock("nova.json", "amazon.nova-pro-v1%3A0", "invoke", Usage(input=7, output=3)),
    _bedrock("titan_embedding.json", "amazon.titan-embed-text-v2%3A0", "invoke", Usage(input=5)),
    Recording("openai/embeddings.json", "/v1/embeddings", Usage(input=8), "text-embedding-3-small", None),
    _plain("completion.json", "completions", Usage(input=5, output=7), *_COMPLETION),
    _plain("completion_usage.sse", "completions", Usage(input=5, output=7), *_COMPLETION),
    _plain(
        "decision.json",
        "decisions",
        Usage(input=20, cache_read=100, output=5, reasoning=4),
        "gpt-5.6-sol-2026-09-01",
    ),
    _plain("images.json", "images/generations", Usage(input=30, input_image=40, output_image=4160)),
    _plain("images_text.json", "images/generations", Usage(input=30, output=44, output_image=1056)),
    _plain("images_unpriced.json", "images/generations", Usage()),
    _plain("images.sse", "images/generations", Usage(input=30, output_image=4360)),
    _plain("image_edit.sse", "images/edits", Usage(input=40, input_image=400, output_image=4160)),
    _plain("transcription.json", "audio/transcriptions", Usage(input=10, input_audio=194, output=10)),
    _plain("transcription.sse", "audio/transcriptions", Usage(input=10, input_audio=194, output=10)),
    _plain("transcription_seconds.json", "audio/transcriptions", Usage()),
    _plain("transcription_verbose.json", "audio/transcriptions", Usage()),
    _azure("chat.json", Usage(input=18, output=9)),
    _azure("chat.sse", None),
    _azure("chat_usage.sse", Usage(input=18, output=9)),
    *(Recording(*row) for row in COMPATIBLE),
)
STREAMS = tuple(recording for recording in RECORDINGS if recording.is_stream)
EVENT_STREAMS = tuple(recording for recording in STREAMS if recording.is_events)
"""Those that can be ended early"""
LINE_STREAMS = tuple(recording for recording in STREAMS if recording.file.endswith(".ndjson"))
"""Those of lines that can"""
UNENDED = ("anthropic/overloaded.sse", "google/cut.sse", "openai/responses_cut.sse", "ollama/error.ndjson")
"""Streams whose end never came."""


def recording(file: str) -> Recording:
    return next(one for one in RECORDINGS if one.file == file)
