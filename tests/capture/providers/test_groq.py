from __future__ import annotations

from tests.capture.recorded import recording

from codesession.capture.providers import JsonReader
from codesession.capture.providers.groq import GROQ
from codesession.model import Usage

CHAT = GROQ.endpoints["/openai/v1/chat/completions"]


def test_seconds_among_the_tokens_are_kept_and_not_counted() -> None:
    reader = recording("groq/chat.sse").reader()
    reader.feed(recording("groq/chat.sse").body)
    reading = reader.finish()

    seconds = (("queue_time", 0.018), ("prompt_time", 0.0021), ("completion_time", 0.25), ("total_time", 0.2521))
    assert reading.extra == seconds
    assert reading.terms.service_tier == "on_demand"


def test_the_memory_of_a_cache_beside_an_answer_is_not_its_usage() -> None:
    beside = b'"x_groq":{"id":"req_1","usage":{"dram_cached_tokens":64}}'
    reader = JsonReader(CHAT.read_answer)
    reader.feed(b'{"id":"c","usage":{"prompt_tokens":3,"completion_tokens":4},' + beside + b"}")
    assert reader.finish().usage == Usage(input=3, output=4)
    reader = JsonReader(CHAT.read_answer)
    reader.feed(b'{"id":"c",' + beside + b"}")
    assert reader.finish().usage is None


def test_an_oddity_beside_an_answer_says_nothing() -> None:
    for odd in (b"5", b"null", b"[]", b'{"usage":7}'):
        reader = CHAT.stream_reader()
        reader.feed(b'data: {"choices":[],"x_groq":' + odd + b',"a":{"usage":{}}}\n\ndata: [DONE]\n\n')
        assert reader.finish().usage is None


def test_a_stream_tells_its_usage_unasked() -> None:
    assert CHAT.amendment is None
    assert not CHAT.read_request(b'{"model":"m","stream":true,"service_tier":"flex"}').lacks_usage
    assert CHAT.read_request(b'{"model":"m","service_tier":"flex"}').terms.service_tier == "flex"


def test_its_sdk_writes_the_whole_path_and_litellm_the_end_of_it() -> None:
    assert GROQ.base_urls == {"GROQ_API_BASE": "/openai/v1", "GROQ_BASE_URL": ""}
    assert GROQ.upstream == "https://api.groq.com"
