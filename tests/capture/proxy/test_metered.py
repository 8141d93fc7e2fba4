"""What becomes of a request that is no chat: a form with a file, one to a deployment, one whose answer comes later?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.test_cached_relay import Shelf
from tests.capture.proxy.wire import answer, chunk, request, stream_head, upstreams
from tests.capture.recorded import DATA, recording

from codesession.capture.providers import PROVIDERS
from codesession.capture.providers.base import Reading
from codesession.capture.proxy import Upstream
from codesession.capture.proxy.exchange import estimate
from codesession.model import Attempt, Evidence, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Message, Provider, Proxy

FORM = b"content-type: multipart/form-data; boundary=b"
SOUND = b"\xff\xfb" * 5000
BODY = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n' + SOUND + b"\r\n"
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o-transcribe\r\n--b--\r\n'
)
CHAT = b'{"messages":[],"stream":true}'
DEPLOYED = "/azure/openai/deployments/my%20gpt/chat/completions"


def exchange(
    relay: Proxy, provider: Provider, path: str, body: bytes, file: str, *headers: bytes
) -> tuple[Message, Message]:
    """One call that is answered with what is in the file: what the provider got, and what the client."""
    client = relay.send(request("POST", path, *headers, body=body))
    upstream = provider.accept()
    received = upstream.message()
    kind = b"text/event-stream" if file.endswith(".sse") else b"application/json"
    upstream.send(answer((DATA / file).read_bytes(), b"content-type: " + kind))
    told = client.message()
    client.close()
    upstream.close()
    return received, told


@pytest.fixture
def azure(start: Callable[..., Proxy], provider: Provider) -> Proxy:
    """A relay to an Azure where the user has told which model a deployment is."""
    known = {**PROVIDERS, "azure": replace(PROVIDERS["azure"], deployments={"my gpt": "gpt-4o"})}
    return start(providers=known, to=upstreams(provider.root, "azure"))


def test_a_form_goes_on_as_it_is_and_is_metered(relay: Proxy, provider: Provider) -> None:
    received, told = exchange(relay, provider, "/v1/audio/transcriptions", BODY, "openai/transcription.json", FORM)
    attempt, outcome = relay.books.admitted(), relay.books.settled()

    assert (received.body, received.values(b"content-type")) == (BODY, [FORM.partition(b": ")[2]])
    assert told.body == recording("openai/transcription.json").body
    assert (attempt.model, attempt.endpoint, attempt.reads_elsewhere) == ("gpt-4o-transcribe", "transcriptions", True)
    assert attempt.request_bytes == len(BODY) - len(SOUND)
    assert (outcome.usage, outcome.evidence) == (Usage(input=10, input_audio=194, output=10), Evidence.MEASURED)


def test_a_form_where_none_is_taken_is_refused(relay: Proxy, provider: Provider) -> None:
    told = relay.ask(request("POST", "/v1/chat/completions", FORM, body=BODY))

    assert (told.status, json.loads(told.body)["error"]["code"]) == (400, "invalid_json")
    assert provider.was_not_called()


def test_the_model_behind_a_deployment_is_asked_for_and_the_answers_word_wins(azure: Proxy, provider: Provider) -> None:
    exchange(azure, provider, f"{DEPLOYED}?api-version=2024-10-21", CHAT, "azure/chat.json")
    attempt, outcome = azure.books.admitted(), azure.books.settled()

    assert (attempt.provider, attempt.model, attempt.endpoint) == ("azure", "gpt-4o", "chat")
    assert (outcome.model, outcome.usage) == ("gpt-4o-2024-08-06", Usage(input=18, output=9))


def test_an_answer_that_names_the_deployment_means_its_model(azure: Proxy, provider: Provider) -> None:
    client = azure.send(request("POST", f"{DEPLOYED}?api-version=2024-10-21", body=CHAT))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(b'{"model":"my gpt","usage":{"prompt_tokens":5}}', b"content-type: application/json"))
    client.message()

    assert azure.books.settled().model == "gpt-4o"


@pytest.mark.parametrize(
    ("path", "header", "tier"),
    [
        ("/bedrock/model/m/invoke", b"X-Amzn-Bedrock-Service-Tier: priority", "priority"),
        ("/bedrock/model/m/invoke", b"x-amzn-bedrock-service-tier: what do you think?", None),
        ("/vertex/v1/publishers/google/models/m:generateContent", b"X-Vertex-AI-LLM-Shared-Request-Type: flex", "flex"),
        ("/v1/messages", b"x-amzn-bedrock-service-tier: priority", None),
    ],
)
def test_a_tier_may_be_asked_for_in_a_header(
    start: Callable[..., Proxy], provider: Provider, path: str, header: bytes, tier: str | None
) -> None:
    relay = start(to=dict.fromkeys(("bedrock", "vertex", "anthropic"), Upstream(provider.root)))
    client = relay.send(request("POST", path, header, body=b'{"messages":[]}'))
    provider.accept().close()
    client.message()

    assert relay.books.admitted().terms.service_tier == tier


@pytest.mark.parametrize(
    ("header", "tier"),
    [
        pytest.param(b"x-gemini-service-tier: standard", "standard", id="served-at-another-tier"),
        pytest.param(b"x-gemini-service-tier: what do you think?", None, id="no-name"),
        pytest.param(b"x-other: standard", None, id="not-told"),
    ],
)
def test_the_tier_an_answer_was_served_at_may_be_told_in_a_header(
    start: Callable[..., Proxy], provider: Provider, header: bytes, tier: str | None
) -> None:
    relay = start(to=upstreams(provider.root, "google"))
    body = b'{"contents":[],"serviceTier":"priority"}'
    client = relay.send(request("POST", "/google/v1beta/models/gemini-2.5-pro:generateContent", body=body))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer((DATA / "google/grounded.json").read_bytes(), b"content-type: application/json", header))
    client.message()

    assert relay.books.admitted().terms.service_tier == "priority"
    assert relay.books.settled().terms.service_tier == tier


def test_the_tier_in_a_body_goes_before_that_in_a_header(start: Callable[..., Proxy], provider: Provider) -> None:
    relay = start(to={"bedrock": Upstream(provider.root)})
    body = b'{"messages":[],"serviceTier":{"type":"flex"}}'
    client = relay.send(
        request("POST", "/bedrock/model/m/converse", b"x-amzn-bedrock-service-tier: priority", body=body)
    )
    provider.accept().close()
    client.message()

    assert relay.books.admitted().terms.service_tier == "flex"


@pytest.mark.parametrize(
    ("version", "file", "asks"),
    [("2024-10-21", "azure/chat_usage.sse", True), ("2024-06-01", "azure/chat.sse", False)],
)
def test_azure_is_asked_for_usage_where_it_can_be(
    azure: Proxy, provider: Provider, version: str, file: str, *, asks: bool
) -> None:
    received, told = exchange(azure, provider, f"{DEPLOYED}?api-version={version}", CHAT, file)
    outcome = azure.books.settled()

    assert (b'"stream_options":{"include_usage":true}' in received.body) is asks
    assert told.body == (DATA / "azure/chat.sse").read_bytes()
    assert (outcome.evidence is Evidence.MEASURED) is asks


@pytest.mark.parametrize(
    ("path", "file", "is_kept"),
    [
        ("/v1/images/generations", "openai/images.json", False),
        ("/v1/completions", "openai/completion.json", True),
    ],
)
def test_the_same_picture_is_not_given_again(
    start: Callable[..., Proxy], provider: Provider, path: str, file: str, *, is_kept: bool
) -> None:
    shelf = Shelf()
    exchange(start(answers=shelf), provider, path, b'{"model":"m"}', file, b"x-codesession-session: 7")

    assert bool(shelf.kept) is is_kept


# --- an answer that is made in the background ---

ASK_LATER = b'{"model":"gpt-5","input":"hi","background":true}'
RESPONSE = "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654"
FETCH = f"/v1/responses/{RESPONSE}"
QUEUED, DONE, STREAM = (f"openai/responses_{name}" for name in ("background.json", "hosted.json", "hosted.sse"))


def fetch(
    relay: Proxy, provider: Provider, file: str, path: str = FETCH, method: str = "GET", status: bytes = b"200 OK"
) -> Message:
    """What the client gets that asks for what has become of it."""
    client = relay.send(request(method, path, body=b"" if method == "POST" else None))
    upstream = provider.accept()
    assert upstream.message().start == f"{method} {path} HTTP/1.1".encode()
    kind = b"text/event-stream" if file.endswith(".sse") else b"application/json"
    upstream.send(answer((DATA / file).read_bytes(), b"content-type: " + kind, status=status))
    told = client.message()
    client.close()
    upstream.close()
    return told


@pytest.mark.parametrize(
    ("file", "method", "path"),
    [(DONE, "GET", FETCH), (STREAM, "GET", f"{FETCH}?stream=true"), (DONE, "POST", f"{FETCH}/cancel")],
)
def test_what_is_made_in_the_background_is_settled_when_it_is_fetched(
    relay: Proxy, provider: Provider, file: str, method: str, path: str
) -> None:
    exchange(relay, provider, "/v1/responses", ASK_LATER, QUEUED)
    relay.books.admitted()
    still = fetch(relay, provider, QUEUED)

    assert (still.body, relay.books.are_closed()) == ((DATA / QUEUED).read_bytes(), True)
    told = fetch(relay, provider, file, path, method)
    outcome = relay.books.settled()

    assert told.body == (DATA / file).read_bytes()
    assert (outcome.usage, outcome.evidence) == (recording(DONE).usage, Evidence.MEASURED)
    assert (outcome.model, outcome.response_id) == ("gpt-5-2025-08-07", RESPONSE)
    fetch(relay, provider, DONE)
    assert relay.books.are_closed()


def test_an_answer_that_cannot_be_fetched_is_still_waited_for(relay: Proxy, provider: Provider) -> None:
    exchange(relay, provider, "/v1/responses", ASK_LATER, QUEUED)
    relay.books.admitted()

    assert fetch(relay, provider, "openai/error.json", status=b"500 No").status == 500
    assert fetch(relay, provider, "openai/images.json").status == 200
    assert relay.books.are_closed()
    fetch(relay, provider, DONE)
    assert relay.books.settled().usage == recording(DONE).usage


def test_what_another_asked_for_is_nobodys(relay: Proxy, provider: Provider) -> None:
    exchange(relay, provider, "/v1/responses", ASK_LATER, QUEUED)
    relay.books.admitted()
    fetch(relay, provider, DONE, "/v1/responses/resp_other")
    fetch(relay, provider, DONE, FETCH, "DELETE")

    assert relay.books.are_closed()


def test_a_stream_that_breaks_off_is_settled_when_the_rest_is_fetched(relay: Proxy, provider: Provider) -> None:
    created = {"type": "response.created", "response": {"id": RESPONSE, "background": True}}
    client = relay.send(request("POST", "/v1/responses", body=ASK_LATER))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head(), chunk(f"data: {json.dumps(created)}\n\n".encode()))
    client.begin()
    upstream.close()
    client.rest()
    relay.books.admitted()
    fetch(relay, provider, STREAM)

    assert relay.books.settled().usage == recording(STREAM).usage


def test_of_too_many_that_are_waited_for_one_is_billed_at_its_most(
    relay: Proxy, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesession.capture.proxy.metered.MOST_LATER", 0)
    exchange(relay, provider, "/v1/responses", ASK_LATER, QUEUED)
    outcome = relay.books.settled()

    assert (outcome.usage, outcome.response_id) == (None, RESPONSE)


@pytest.mark.parametrize("comes", ["a call", "a request that is no call"])
def test_what_is_not_fetched_for_long_is_billed_at_its_most(
    relay: Proxy, provider: Provider, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    exchange(relay, provider, "/v1/responses", ASK_LATER, QUEUED)
    relay.books.admitted()
    fetch(relay, provider, QUEUED)
    assert relay.books.are_closed()
    monkeypatch.setattr("codesession.capture.proxy.metered.LONGEST_LATER_S", 0)
    if comes == "a call":
        exchange(relay, provider, "/v1/completions", b'{"model":"m"}', "openai/completion.json")
    else:
        fetch(relay, provider, "openai/images.json", "/v1/responses/resp_other")
    outcome = relay.books.settled()

    assert (outcome.usage, outcome.evidence, outcome.response_id) == (None, Evidence.ESTIMATED, RESPONSE)
    fetch(relay, provider, DONE)
    assert comes == "a call" or relay.books.are_closed()


def test_a_base_url_with_a_slash_at_its_end_leads_to_the_same_answer(relay: Proxy, provider: Provider) -> None:
    exchange(relay, provider, "//v1/responses", ASK_LATER, QUEUED)
    fetch(relay, provider, DONE, f"/{FETCH}")

    assert relay.books.settled().usage == recording(DONE).usage


def test_two_calls_of_one_answer_are_not_one(relay: Proxy, provider: Provider) -> None:
    for _ in range(2):
        exchange(relay, provider, "/v1/responses", ASK_LATER, QUEUED)
    relay.books.admitted()

    assert relay.books.settled().usage is None
    fetch(relay, provider, DONE)
    assert relay.books.settled().usage == recording(DONE).usage


def test_searches_of_a_stream_that_breaks_off_are_billed_with_what_was_read() -> None:
    attempt: Any = Attempt(None, "openai", "gpt-5", "responses", streamed=True, request_bytes=400)

    assert estimate(attempt, Reading(Usage(web_searches=2), written_bytes=40)) == Usage(
        input=100, output=10, web_searches=2
    )
