"""Whatever stands where usage should, framed by Amazon or in a batch's results, nothing fails or is invented."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capture.amazon_wire import chunk, message
from tests.capture.recorded import DATA, RECORDINGS, Recording
from tests.laws.test_streams import PLACES, cut
from tests.laws.test_usage import ODD, examples, places_of, put

from codesession.capture.amazon import AMAZON
from codesession.capture.providers import PROVIDERS, Reading
from codesession.capture.proxy.exchange import beside, outcome
from codesession.model import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMED = [one for one in RECORDINGS if one.file.endswith(".amazon")]
ASKED = Attempt(None, "p", "m", "e", streamed=False, request_bytes=400)


def altered(document: Any, draw: st.DataObject) -> Any:
    """The document with one to four of its values replaced, or gone."""
    for _ in range(draw.draw(st.integers(1, 4))):
        paths = list(places_of(document))
        if not paths:
            break
        put(document, draw.draw(st.sampled_from(paths)), draw.draw(ODD), is_gone=draw.draw(st.booleans()))
    return document


def is_honest(reading: Reading) -> bool:
    """Whether the reading could be kept as it is."""
    told = outcome(ASKED, reading, None, 200, None)
    usages = [told.usage, *(part.usage for part in beside(told, reading))]
    amounts = [amount for usage in usages if usage is not None for amount in astuple(usage)]
    return all(0 <= amount <= 4 * 10**12 for amount in amounts) and not (reading.is_final and reading.usage is None)


def event_of(framed: bytes) -> tuple[Callable[[bytes], bytes], Any]:
    """How a message is framed, and what is in it."""
    told = AMAZON.splitter().feed(framed)
    name = told.partition(b"\n")[0].removeprefix(b"event: ").decode()
    return chunk if name == "chunk" else (lambda inner: message(name, inner)), json.loads(AMAZON.payload(told))


@pytest.mark.parametrize("one", FRAMED, ids=lambda one: one.file)
@given(draw=st.data(), places=PLACES)
@examples(60)
def test_malformed_usage_in_amazons_framing(one: Recording, draw: st.DataObject, places: list[int]) -> None:
    units = one.units()
    at = draw.draw(st.integers(0, len(units) - 1))
    frame, document = event_of(units[at])
    units[at] = frame(json.dumps(altered(document, draw)).encode())
    reader = one.reader()
    for piece in cut(b"".join(units), places):
        reader.feed(piece)

    assert is_honest(reader.finish())


CLAUDE = {
    "custom_id": "a",
    "result": {
        "type": "succeeded",
        "message": {
            "id": "msg_1",
            "model": "claude-opus-4-8",
            "usage": {
                "input_tokens": 3,
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
                "output_tokens": 5,
                "server_tool_use": {"web_search_requests": 1},
                "iterations": [{"type": "compaction", "input_tokens": 9, "output_tokens": 1}],
            },
        },
    },
}
GPT = {
    "id": "batch_req_1",
    "custom_id": "a",
    "response": {
        "status_code": 200,
        "body": {
            "id": "chatcmpl-1",
            "model": "gpt-4o",
            "service_tier": "default",
            "usage": {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 1},
            },
        },
    },
}
FETCHED = {
    ("anthropic", "/v1/messages/batches/b/results"): json.dumps(CLAUDE),
    ("openai", "/v1/files/f/content"): json.dumps(GPT),
    ("google", "/v1beta/batches/b"): (DATA / "google/batch.json").read_text(),
    ("google", "/download/v1beta/files/f:download"): (DATA / "google/batch.jsonl").read_text().splitlines()[0],
}


@pytest.mark.parametrize(("provider", "path"), FETCHED)
@given(draw=st.data(), places=PLACES)
@examples(60)
def test_malformed_usage_in_a_batchs_results(provider: str, path: str, draw: st.DataObject, places: list[int]) -> None:
    body = json.dumps(altered(json.loads(FETCHED[provider, path]), draw)).encode()
    new_reader = PROVIDERS[provider].results_at(path)
    assert new_reader is not None
    reader = new_reader()
    for piece in cut(body, places):
        reader.feed(piece)

    for response_id, reading in reader.finish():
        assert is_honest(reading)
        assert reading.terms.is_batch
        assert response_id == reading.response_id
