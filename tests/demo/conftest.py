"""A provider for each test, and plain HTTP to ask it with."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.demo.authorities import few_authorities, one_authority

from codesession.demo import simulated_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from codesession.demo.server import SimulatedProvider

__all__ = ["few_authorities", "one_authority"]


@pytest.fixture(autouse=True)
def _quick_clients(few_authorities: None) -> None:
    """SDKs are quick to make a client."""


@pytest.fixture
def provider() -> Iterator[SimulatedProvider]:
    with simulated_provider() as running:
        yield running


@pytest.fixture
def connect(provider: SimulatedProvider) -> Callable[[], HTTPConnection]:
    return lambda: HTTPConnection(urlsplit(provider.url).netloc, timeout=10)


@pytest.fixture
def ask(connect: Callable[[], HTTPConnection]) -> Callable[..., tuple[int, HTTPMessage, bytes]]:
    """Send one request, by default a short Anthropic one; returns status, headers and the body as received."""

    def send(
        path: str = "/v1/messages",
        body: Mapping[str, Any] | bytes | None = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        **script: Any,
    ) -> tuple[int, HTTPMessage, bytes]:
        if body is None:
            message = {"role": "user", "content": "hi"}
            body = {"model": "claude-opus-4-8", "max_tokens": 100, "messages": [message], "input": "hi"}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"x-sim": json.dumps(script)} if script else {}
        with closing(connect()) as connection:
            connection.request(method, path, raw, {**told, **(headers or {})})
            with connection.getresponse() as answer:
                return answer.status, answer.headers, answer.read()

    return send
