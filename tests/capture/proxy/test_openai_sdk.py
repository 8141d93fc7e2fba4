"""Do OpenAI's own SDKs, Azure's among them, send what we can read?"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

import openai
import pytest
from tests.capture.proxy.wire import answer, upstreams
from tests.capture.recorded import DATA

from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Message, Provider, Proxy

pytestmark = pytest.mark.usefixtures("few_authorities")

SOUND = b"\xff\xfb\x00--" * 2000
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 3000


class Answering:
    """A provider that gives one answer, and keeps what it was asked."""

    def __init__(self, provider: Provider, file: str) -> None:
        self.received: Message | None = None
        self._thread = threading.Thread(target=self._serve, args=(provider, file))

    def _serve(self, provider: Provider, file: str) -> None:
        wire = provider.accept()
        self.received = wire.message()
        kind = b"text/event-stream" if file.endswith(".sse") else b"application/json"
        wire.send(answer((DATA / file).read_bytes(), b"content-type: " + kind))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    @property
    def path(self) -> str:
        assert self.received
        return self.received.start.split(b" ")[1].decode()


@pytest.fixture
def relay(start: Callable[..., Proxy], provider: Provider) -> Proxy:
    return start(to=upstreams(provider.root, "openai", "azure"))


def transcribe(client: openai.OpenAI) -> None:
    told = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", SOUND))
    assert told.text == "Hi there! 🦆"


def transcribe_streamed(client: openai.OpenAI) -> None:
    stream = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", SOUND), stream=True)
    assert [event.type for event in stream][-1] == "transcript.text.done"


def edit(client: openai.OpenAI) -> None:
    stream = client.images.edit(model="gpt-image-2", image=("a.png", PICTURE), prompt="a duck", stream=True)
    assert [event.type for event in stream][-1] == "image_edit.completed"


def complete(client: openai.OpenAI) -> None:
    stream = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="hi", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "\n\nThis is a test 🦆"


@pytest.mark.parametrize(
    ("ask", "file", "model", "streamed", "usage"),
    [
        (transcribe, "transcription.json", "gpt-4o-transcribe", False, Usage(input=10, input_audio=194, output=10)),
        (
            transcribe_streamed,
            "transcription.sse",
            "gpt-4o-transcribe",
            True,
            Usage(input=10, input_audio=194, output=10),
        ),
        (edit, "image_edit.sse", "gpt-image-2", True, Usage(input=40, input_image=400, output_image=4160)),
        (complete, "completion_usage.sse", "gpt-3.5-turbo-instruct", True, Usage(input=5, output=7)),
    ],
)
def test_openais_sdk_is_metered(
    relay: Proxy, provider: Provider, ask: Any, file: str, model: str, usage: Usage, *, streamed: bool
) -> None:
    with (
        openai.OpenAI(api_key="fake", base_url=f"http://127.0.0.1:{relay.port}/v1", max_retries=0) as client,
        Answering(provider, f"openai/{file}"),
    ):
        ask(client)
    attempt, outcome = relay.books.admitted(), relay.books.settled()

    assert (attempt.provider, attempt.model, attempt.streamed) == ("openai", model, streamed)
    assert attempt.request_bytes < 2000
    assert outcome.usage == usage


@pytest.mark.parametrize("prefix", ["", "/azure", "/s/7/azure"])
def test_azures_sdk_is_metered_by_the_deployment(relay: Proxy, provider: Provider, prefix: str) -> None:
    with (
        openai.AzureOpenAI(
            api_key="fake",
            azure_endpoint=f"http://127.0.0.1:{relay.port}{prefix}",
            api_version="2024-10-21",
            max_retries=0,
        ) as client,
        Answering(provider, "azure/chat_usage.sse") as azure,
    ):
        stream = client.chat.completions.create(
            model="my-gpt", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        chunks = list(stream)
    attempt, outcome = relay.books.admitted(), relay.books.settled()

    assert azure.path == "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    assert azure.received
    assert azure.received.values(b"api-key") == [b"fake"]
    assert (attempt.provider, attempt.model, attempt.endpoint) == ("azure", "my-gpt", "chat")
    assert (outcome.model, outcome.usage) == ("gpt-4o-2024-08-06", Usage(input=18, output=9))
    assert not any(chunk.usage for chunk in chunks)
