from __future__ import annotations

from pathlib import Path

import pytest

from codesession.capture.clients import environment
from codesession.capture.providers import PROVIDERS, Asked
from codesession.capture.providers.azure import AZURE, by_deployment, by_version, read_chat_request
from codesession.capture.proxy import Upstream

ROOT = "http://127.0.0.1:3739"


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/openai/deployments/my-gpt/chat/completions", "chat"),
        ("/openai/deployments/my%2Fgpt/completions", "completions"),
        ("/openai/deployments/my-gpt/embeddings", "embeddings"),
        ("/openai/deployments/my-gpt/images/generations", "images"),
        ("/openai/deployments/my-gpt/images/edits", "image-edits"),
        ("/openai/deployments/my-gpt/audio/transcriptions", "transcriptions"),
        ("/openai/deployments/my-gpt/audio/translations", "translations"),
        ("/openai/deployments/my-gpt/responses", "responses"),
        ("/openai/v1/chat/completions", "chat"),
        ("/openai/v1/responses", "responses"),
        ("/openai/v1/embeddings", "embeddings"),
        ("/openai/responses", "responses"),
        ("/models/chat/completions", "chat"),
        ("/models/embeddings", "embeddings"),
        ("/openai/deployments/my-gpt/audio/speech", None),
        ("/openai/deployments/my-gpt/x/chat/completions", None),
        ("/openai/deployments/chat/completions", "completions"),
        ("/chat/completions", None),
    ],
)
def test_azures_paths_are_metered(path: str, endpoint: str | None) -> None:
    found = AZURE.endpoint_at(path)

    assert (found.name if found else None) == endpoint


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/openai/deployments/my-gpt/chat/completions", "my-gpt"),
        ("//openai//deployments//my-gpt/chat/completions", "my-gpt"),
        ("/openai/deployments/my%2Fgpt%20%C3%A4/chat/completions", "my/gpt ä"),
        ("/openai/v1/chat/completions", "in-the-body"),
        ("/models/chat/completions", "in-the-body"),
    ],
)
def test_a_deployment_in_the_path_is_what_is_asked_for(path: str, model: str) -> None:
    assert by_deployment(Asked("in-the-body", streamed=False), path).model == model


@pytest.mark.parametrize(
    ("query", "asks"),
    [
        ("api-version=2023-05-15", False),
        ("api-version=2024-08-01-preview", False),
        ("api-version=2024-09-01-preview", True),
        ("x=1&api-version=2024-10-21", True),
        ("api-version=2025-04-01-preview", True),
        ("api-version=preview", True),
        ("api-version=latest", True),
        ("", True),
    ],
)
def test_versions_that_refuse_to_be_asked_are_not(query: str, *, asks: bool) -> None:
    assert by_version(Asked("m", streamed=True, lacks_usage=True), query).lacks_usage is asks


def test_a_request_that_lets_azure_search_is_not_changed() -> None:
    asked = read_chat_request(b'{"stream":true,"data_sources":[{"type":"azure_search"}],"messages":[]}')

    assert (asked.lacks_usage, asked.reads_elsewhere, asked.is_unbounded) == (False, True, True)
    assert read_chat_request(b'{"stream":true,"messages":[]}').lacks_usage


def test_a_clients_address_is_ours_only_where_azures_own_is_known() -> None:
    nowhere = environment(ROOT, 7, {}, Path("/nowhere"), {})
    known = environment(ROOT, 7, {}, Path("/nowhere"), {"azure": Upstream("https://mine.openai.azure.com")})

    assert "AZURE_OPENAI_ENDPOINT" not in nowhere
    assert known["AZURE_OPENAI_ENDPOINT"] == known["AZURE_API_BASE"] == f"{ROOT}/s/7/azure"


def test_a_batchs_results_are_found() -> None:
    assert AZURE.results_at("/openai/files/file-1/content")
    assert AZURE.results_at("/openai/v1/files/file-1/content")
    assert PROVIDERS["openai"].results_at("/v1/files/file-1/content")
