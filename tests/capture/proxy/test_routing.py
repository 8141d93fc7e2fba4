from __future__ import annotations

import pytest

from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy.routing import NoProvider, route, split_session
from codesession.errors import SessionNotFound

ANTHROPIC = {"anthropic-version": "2023-06-01"}
OPENAI = {"authorization": "Bearer sk-fake"}
GOOGLE = {"x-goog-api-key": "fake"}


@pytest.mark.parametrize(
    ("path", "headers", "name", "own", "endpoint"),
    [
        ("/v1/messages", {}, "anthropic", "/v1/messages", "messages"),
        ("//v1//messages", {}, "anthropic", "//v1//messages", "messages"),
        ("/v1/messages/count_tokens", {}, "anthropic", "/v1/messages/count_tokens", None),
        ("/v1/messages/batches", {}, "anthropic", "/v1/messages/batches", None),
        ("/v1/complete", {}, "anthropic", "/v1/complete", "complete"),
        ("/v1/chat/completions", {}, "openai", "/v1/chat/completions", "chat"),
        ("/chat/completions", {}, "openai", "/chat/completions", "chat"),
        ("/v1/responses", {}, "openai", "/v1/responses", "responses"),
        ("/v1/responses/resp_1/cancel", {}, "openai", "/v1/responses/resp_1/cancel", None),
        ("/responses", {}, "openai", "/responses", "responses"),
        ("/embeddings", {}, "openai", "/embeddings", "embeddings"),
        ("/v1beta/models/g:generateContent", {}, "google", "/v1beta/models/g:generateContent", "generateContent"),
        ("/v1/models/g:generateContent", OPENAI, "google", "/v1/models/g:generateContent", "generateContent"),
        ("/api/chat", {}, "ollama", "/api/chat", "chat"),
        ("/v1/models", ANTHROPIC, "anthropic", "/v1/models", None),
        ("/v1/models", {"x-api-key": "fake"}, "anthropic", "/v1/models", None),
        ("/v1/models", OPENAI, "openai", "/v1/models", None),
        ("/v1/models", {**OPENAI, **ANTHROPIC}, "anthropic", "/v1/models", None),
        ("/v1/models", GOOGLE, "google", "/v1/models", None),
        ("/v1/files/a%2Fb", ANTHROPIC, "anthropic", "/v1/files/a%2Fb", None),
        ("/anthropic/v1/messages", OPENAI, "anthropic", "/v1/messages", "messages"),
        ("/anthropic", {}, "anthropic", "/", None),
        ("/anthropic//v1/messages", {}, "anthropic", "//v1/messages", "messages"),
        ("/openai/v1/responses", {}, "openai", "/v1/responses", "responses"),
        ("/mistral/v1/chat/completions", {}, "mistral", "/v1/chat/completions", "chat"),
        ("/azure/openai/deployments/x/chat/completions", {}, "azure", "/openai/deployments/x/chat/completions", "chat"),
        ("/openai/deployments/x/chat/completions", {}, "azure", "/openai/deployments/x/chat/completions", "chat"),
        ("//openai//deployments/x/embeddings", {}, "azure", "//openai//deployments/x/embeddings", "embeddings"),
        ("/openai/deployments/x/audio/speech", {}, "azure", "/openai/deployments/x/audio/speech", None),
        ("/openai/deployments", {}, "openai", "/deployments", None),
        ("/models/chat/completions", {}, "azure", "/models/chat/completions", "chat"),
        ("/azure/openai/v1/responses", {}, "azure", "/openai/v1/responses", "responses"),
        ("/v1/completions", {}, "openai", "/v1/completions", "completions"),
        ("/completions", {}, "openai", "/completions", "completions"),
        ("/v1/images/edits", {}, "openai", "/v1/images/edits", "image-edits"),
        ("/audio/transcriptions", {}, "openai", "/audio/transcriptions", "transcriptions"),
        ("/v1/audio/speech", {}, "openai", "/v1/audio/speech", None),
        ("/v1/moderations", {}, "openai", "/v1/moderations", None),
        ("/anthropic/openai/v1/messages", {}, "anthropic", "/openai/v1/messages", None),
    ],
)
def test_a_path_names_its_provider(
    path: str, headers: dict[str, str], name: str, own: str, endpoint: str | None
) -> None:
    way = route(path, "POST", headers, PROVIDERS)

    assert (way.provider.name, way.path, way.session_id) == (name, own, None)
    assert (way.endpoint.name if way.endpoint else None) == endpoint


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_only_a_post_is_metered(method: str) -> None:
    assert route("/v1/messages", method, {}, PROVIDERS).endpoint is None


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("", {}),
        ("*", {}),
        ("/unknown", ANTHROPIC),
        ("/v1", ANTHROPIC),
        ("/v1/models", {}),
        ("/v1/messagesx", {}),
        ("/v1x/messages", OPENAI),
        ("/Anthropic/v1/messages", {}),
        ("/%61nthropic/v1/messages", {}),
        ("/api/unknown", {}),
        ("/favicon.ico", {}),
    ],
)
def test_other_paths_have_no_provider(path: str, headers: dict[str, str]) -> None:
    with pytest.raises(NoProvider):
        route(path, "POST", headers, PROVIDERS)


@pytest.mark.parametrize(
    ("path", "session_id", "rest"),
    [
        ("/s/12/v1/messages", 12, "/v1/messages"),
        ("/s/12//v1/messages", 12, "//v1/messages"),
        ("/s/12", 12, "/"),
        ("/s/12/", 12, "/"),
        ("/s/999999999999999999/x", 999999999999999999, "/x"),
        ("/s/12/s/13/x", 12, "/s/13/x"),
        ("/sessions/12", None, "/sessions/12"),
        ("/v1/s/12", None, "/v1/s/12"),
    ],
)
def test_a_path_may_name_a_session(path: str, session_id: int | None, rest: str) -> None:
    assert split_session(path) == (session_id, rest)


@pytest.mark.parametrize(
    "named", ["abc", "", "0", "-1", "1.5", "+1", "1e3", " 1", "%31", "1_0", "\u0661", "\u00b2", "9" * 19, "9" * 5000]
)
def test_what_cannot_be_a_session_is_none(named: str) -> None:
    with pytest.raises(SessionNotFound):
        split_session(f"/s/{named}/v1/messages")


def test_a_session_and_a_prefix_go_together() -> None:
    way = route("/s/12/openai/v1/chat/completions", "POST", {}, PROVIDERS)

    assert (way.session_id, way.provider.name, way.path) == (12, "openai", "/v1/chat/completions")
