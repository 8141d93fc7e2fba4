from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capture.recorded import recording

from codesession.capture.providers import Asked
from codesession.capture.providers.vertex import VERTEX, upstream_in
from codesession.model import Terms

BEFORE = "/v1/projects/p-1/locations/us-east5/publishers"
US = Terms(geography="us-east5")


def asked_at(path: str, document: Any) -> tuple[str, Asked]:
    """The endpoint at `path`, and what a POST of `document` to it asks for, its trace aside."""
    endpoint = VERTEX.endpoint_at(path)
    assert endpoint is not None, path
    assert endpoint.in_path is not None
    asked = endpoint.in_path(endpoint.read_request(json.dumps(document).encode()), path)
    return endpoint.name, replace(asked, trace=None)


@pytest.mark.parametrize(
    ("path", "document", "name", "asked"),
    [
        (
            f"{BEFORE}/google/models/gemini-2.5-flash:generateContent",
            {},
            "generateContent",
            Asked("gemini-2.5-flash", streamed=False, terms=US),
        ),
        (
            "/v1beta1/projects/p-1/locations/global/publishers/google/models/gemini-3:streamGenerateContent",
            {"serviceTier": "flex"},
            "streamGenerateContent",
            Asked("gemini-3", streamed=True, terms=Terms("flex", geography="global")),
        ),
        (
            "/v1/projects/p-1/locations/eu/endpoints/123:generateContent",
            {},
            "generateContent",
            Asked("endpoints/123", streamed=False, terms=Terms(geography="eu")),
        ),
        (
            "/v1/publishers/google/models/gemini-3:generateContent",
            {},
            "generateContent",
            Asked("gemini-3", streamed=False),
        ),
        (
            f"{BEFORE}/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
            {"anthropic_version": "vertex-2023-10-16", "stream": True, "max_tokens": 9},
            "messages",
            Asked("claude-sonnet-4-5@20250929", streamed=True, max_output=9, terms=US),
        ),
        (
            f"{BEFORE}/anthropic/models/claude-opus-4-8%4020260101%3ArawPredict",
            {"max_tokens": 9},
            "messages",
            Asked("claude-opus-4-8@20260101", streamed=False, max_output=9, terms=US),
        ),
        (
            f"{BEFORE}/mistralai/models/mistral-large-2411:rawPredict",
            {"model": "mistral-large-2411", "stream": True},
            "chat",
            Asked("mistral-large-2411", streamed=True, terms=US),
        ),
        (
            "/v1beta1/projects/p-1/locations/us-central1/endpoints/openapi/chat/completions",
            {"model": "meta/llama-4", "stream": True},
            "chat",
            Asked("meta/llama-4", streamed=True, lacks_usage=True, terms=Terms(geography="us-central1")),
        ),
        (
            f"{BEFORE}/google/models/text-embedding-005:predict",
            {"instances": []},
            "predict",
            Asked("text-embedding-005", streamed=False, max_output=0, terms=US),
        ),
    ],
)
def test_the_path_tells_the_model_and_the_place(path: str, document: Any, name: str, asked: Asked) -> None:
    assert asked_at(path, document) == (name, asked)


@pytest.mark.parametrize(
    ("path", "is_free"),
    [
        (f"{BEFORE}/anthropic/models/count-tokens:rawPredict", True),
        (f"{BEFORE}/google/models/gemini-3:countTokens", True),
        (f"{BEFORE}/google/models/veo-3:predictLongRunning", False),
        ("/v1/projects/p-1/locations/us-east5/batchPredictionJobs", False),
        ("/v1/projects/p-1/locations/us-east5/cachedContents", False),
    ],
)
def test_what_is_not_metered_is_free_or_not(path: str, *, is_free: bool) -> None:
    assert VERTEX.endpoint_at(path) is None
    assert VERTEX.is_free(path) == is_free


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("us-east5", "https://us-east5-aiplatform.googleapis.com"),
        ("northamerica-northeast1", "https://northamerica-northeast1-aiplatform.googleapis.com"),
        ("asia-southeast1", "https://asia-southeast1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("evil", None),
        ("us-east5.evil.example", None),
        ("us-east5%2F", None),
        ("US-EAST5", None),
        ("us-east5@evil", None),
        ("us-east123", None),
        ("us-east5\n", None),
    ],
)
def test_only_googles_own_hosts_are_found_by_a_place(place: str, host: str | None) -> None:
    assert upstream_in(f"/v1/projects/p/locations/{place}/publishers/google/models/m:x") == host
    assert upstream_in(f"//v1beta1/projects/p/locations/{place}/x") == host


def test_without_a_place_it_is_the_global_host() -> None:
    assert upstream_in("/v1/publishers/google/models/m:generateContent") == "https://aiplatform.googleapis.com"


@given(path=st.text(max_size=60).map(lambda text: f"/v1/projects/p/locations/{text}") | st.text(max_size=60))
def test_whatever_a_path_says_the_host_is_googles(path: str) -> None:
    host = upstream_in(path)

    assert (
        host is None
        or (host.startswith("https://") and host.endswith("aiplatform.googleapis.com"))
        or (host in ("https://aiplatform.us.rep.googleapis.com", "https://aiplatform.eu.rep.googleapis.com"))
    )


def test_a_place_that_is_none_says_nothing_of_geography() -> None:
    path = "/v1/projects/p/locations/nowhere/publishers/google/models/gemini-3:generateContent"

    assert asked_at(path, {})[1].terms == Terms()


def test_claude_does_not_say_where_it_ran_so_the_place_stays() -> None:
    reader = recording("vertex/claude.sse").reader()
    reader.feed(recording("vertex/claude.sse").body)

    assert US.told(reader.finish().terms) == Terms("standard", geography="us-east5")
