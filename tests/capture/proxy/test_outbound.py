"""The way out: paths as they are written, providers that fail, proxies of the user's, certificates."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.wire import (
    WAIT_S,
    Books,
    Provider,
    Sessions,
    Wire,
    answer,
    chunk,
    request,
    stream_head,
    upstreams,
)
from tests.capture.recorded import DATA, recording

from codesession.capture.proxy import (
    LOOPBACK,
    ProxyApp,
    Upstream,
    WayOut,
    listen,
    outbound,
    server,
    serving,
    upstream_at,
)
from codesession.capture.proxy.outbound import Unreachable
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.capture.proxy.wire import Proxy

ASK = b'{"model":"m","max_tokens":9}'
INTERNALS = ("aiohttp", "traceback", "errno", "exception", "connect call", "127.0.0.1", "ssl", "codesession", ".py")
proxy_for = outbound._proxy_for  # noqa: SLF001 - most of its answers name hosts that do not exist
FAILED = "The provider could not be reached, or did not answer in time."


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests has set has no say in them."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    proxy_for.cache_clear()


# --- addresses ---


@pytest.mark.parametrize(
    ("path", "onward"),
    [
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/anthropic/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/s/12/v1/messages", "/v1/messages"),
        ("/anthropic//v1//messages", "//v1//messages"),
        ("/anthropic/v1/a%20b%2Fc%c3%a9%zz", "/v1/a%20b%2Fc%c3%a9%zz"),
        ("/anthropic/v1/./x/../y/%2e%2e/", "/v1/./x/../y/%2e%2e/"),
        (
            "/anthropic/v1/x?a=%41+b&a=%zz&&c=?/&d=%C3%A9;e='()*~[]{}|",
            "/v1/x?a=%41+b&a=%zz&&c=?/&d=%C3%A9;e='()*~[]{}|",
        ),
        ("/anthropic/v1/x;p=1/@:!$&'()*+,=", "/v1/x;p=1/@:!$&'()*+,="),
        (
            "/google/v1beta/models/gemini-3:streamGenerateContent?alt=sse",
            "/v1beta/models/gemini-3:streamGenerateContent?alt=sse",
        ),
        ("/anthropic", "/"),
    ],
)
def test_a_path_goes_on_as_it_was_written(relay: Proxy, provider: Provider, path: str, onward: str) -> None:
    relay.send(request("POST", path, body=ASK))
    upstream = provider.accept()

    assert upstream.message().start == f"POST {onward} HTTP/1.1".encode()


@pytest.mark.parametrize(
    ("address", "expected", "path", "onward"),
    [
        ("", "", "/v1/messages", "/v1/messages"),
        ("/llm/gw/", "", "/v1/messages", "/llm/gw/v1/messages"),
        ("/llm/v1", "/v1", "/v1/messages", "/llm/v1/messages"),
        ("/llm", "/v1", "/v1/messages", "/llm/messages"),
        ("/llm", "/v1", "/anthropic/v1", "/llm"),
        ("/llm", "/v1", "/anthropic/v1beta/x", "/llm/v1beta/x"),
        ("", "/v1", "/anthropic/v1.evil.example/x", "/v1.evil.example/x"),
        ("/a%2Fb", "/v1", "/anthropic/v1/x", "/a%2Fb/x"),
    ],
)
def test_an_upstream_may_have_a_prefix(
    start: Callable[..., Proxy], provider: Provider, address: str, expected: str, path: str, onward: str
) -> None:
    relay = start(to={"anthropic": upstream_at(provider.root + address, expected)})
    relay.send(request("POST", path, body=ASK))
    received = provider.accept().message()

    assert received.start == f"POST {onward} HTTP/1.1".encode()
    assert received.values(b"host") == [f"127.0.0.1:{provider.port}".encode()]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "gateway",
        "ftp://x",
        "https://",
        "http://x:port",
        "http://x:99999",
        "http://[::1",
        "https://x/?a=1",
        "https://x/#a",
        "http://a b",
    ],
)
def test_what_is_no_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(InvalidInput, match="not the address of a provider"):
        upstream_at(address)


def test_a_path_cannot_become_another_host() -> None:
    assert upstream_at("https://x.example", "/v1").url("/v1.evil.example/", "").host == "x.example"
    assert upstream_at("https://x.example").url("/@evil.example/", "").host == "x.example"


def test_an_address_with_credentials_means_those(start: Callable[..., Proxy], provider: Provider) -> None:
    relay = start(to={"anthropic": upstream_at(f"http://me:pass@127.0.0.1:{provider.port}")})
    relay.send(request("POST", "/v1/messages", b"authorization: Bearer sk-fake", body=ASK))

    assert provider.accept().message().values(b"authorization") == [b"Basic " + base64.b64encode(b"me:pass")]


# --- providers that fail ---


def shape_of(path: str, error: dict[str, Any]) -> dict[str, Any]:
    if "anthropic" in path:
        return {"type": "error", "error": {"type": "api_error", "message": error["message"]}}
    if "google" in path:
        return {"error": {"code": 502, "message": error["message"], "status": "UNAVAILABLE"}}
    return {
        "error": {"message": error["message"], "type": "server_error", "param": None, "code": "upstream_unreachable"}
    }


PATHS = [
    "/anthropic/v1/messages",
    "/openai/v1/chat/completions",
    "/openai/v1/files",
    "/google/v1beta/models/x:generateContent",
]


def failed(got: Any, path: str) -> None:
    assert got.status == 502
    assert json.loads(got.body) == shape_of(path, {"message": FAILED})
    assert not any(word in got.body.decode().lower() for word in INTERNALS)


@pytest.mark.parametrize("path", PATHS)
def test_a_provider_that_refuses_the_connection(start: Callable[..., Proxy], path: str) -> None:
    with socket.socket() as closed:
        closed.bind((LOOPBACK, 0))
        relay = start(to=upstreams(f"http://127.0.0.1:{closed.getsockname()[1]}"))
        client = relay.send(request("POST", path, body=ASK))
        failed(client.message(), path)
    if "messages" in path or "chat" in path:
        assert relay.books.released() is None
    client.send(request("GET", "/health"))
    assert client.message().status == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_provider_that_does_not_answer_in_time(start: Callable[..., Proxy], provider: Provider, path: str) -> None:
    relay = start(idle_s=0.2)
    client = relay.send(request("POST", path, body=ASK))
    upstream = provider.accept()
    upstream.message()
    failed(client.message(), path)

    assert upstream.is_closed()
    assert relay.books.are_closed() or relay.books.released() is None


def test_a_provider_that_does_not_take_the_connection_in_time(start: Callable[..., Proxy]) -> None:
    with socket.socket() as full:
        full.bind((LOOPBACK, 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:  # the queue of the listener is full now: further connections are not answered
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        relay = start(to=upstreams(f"http://127.0.0.1:{full.getsockname()[1]}"), connect_s=0.3)
        got = relay.ask(request("POST", "/v1/messages", body=ASK))
        for one in waiting:
            one.close()

    failed(got, "/anthropic")
    assert relay.books.released() is None


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_provider_that_hangs_up_without_a_word(relay: Proxy, provider: Provider, how: str) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    getattr(upstream, how)()

    failed(client.message(), "/anthropic")
    assert relay.books.released() is None


@pytest.mark.parametrize(
    "said", [b"HELLO\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", b"\x16\x03\x01"]
)
def test_a_provider_that_does_not_speak_http(relay: Proxy, provider: Provider, said: bytes) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(said)
    upstream.close()

    failed(client.message(), "/anthropic")
    assert relay.books.released() is None


@pytest.mark.parametrize(
    "status",
    [b"400 Bad Request", b"401 Unauthorized", b"429 Too Many Requests", b"500 Error", b"529 Busy", b"302 Found"],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
def test_an_error_of_the_provider_is_passed_on_and_costs_nothing(
    relay: Proxy, provider: Provider, status: bytes, path: str
) -> None:
    body = (DATA / ("anthropic" if "messages" in path else "openai") / "error.json").read_bytes()
    client = relay.send(request("POST", path, body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(body, b"retry-after: 3", b"x-should-retry: true", status=status))
    got = client.message()

    assert (got.status, got.body) == (int(status[:3]), body)
    assert got.values(b"retry-after") == [b"3"]
    assert relay.books.released() == int(status[:3])
    assert relay.books.are_closed()


def test_connections_to_a_provider_are_used_again(relay: Proxy, provider: Provider) -> None:
    one, two = relay.connect(), relay.connect()
    upstream = None
    for client in (one, two, one):
        client.send(request("POST", "/v1/messages", body=ASK))
        upstream = upstream or provider.accept()
        upstream.message()
        upstream.send(answer(recording("anthropic/message.json").body))
        client.message()
        relay.books.settled()

    assert provider.was_not_called()


@pytest.mark.parametrize("kept", [False, True])
def test_a_connection_that_was_closed_meanwhile_is_not_used(relay: Proxy, provider: Provider, *, kept: bool) -> None:
    for _ in range(2):
        client = relay.send(request("POST", "/v1/messages", body=ASK))
        upstream = provider.accept()
        upstream.message()
        upstream.send(answer(b"{}", *([] if kept else [b"connection: close"])))
        upstream.close()
        assert client.message().status == 200
        relay.beat()


# --- proxies of the user's ---


def connected(proxy: Wire, name: str) -> list[bytes]:
    """Answer a CONNECT as a proxy does; returns its headers."""
    asked = proxy.message()
    assert asked.start == f"CONNECT {name} HTTP/1.1".encode()
    proxy.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return asked.values(b"proxy-authorization")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}", "http://127.0.0.1:{}/"])
def test_the_users_proxy_is_the_way_out(
    start: Callable[..., Proxy],
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    form: str,
) -> None:
    monkeypatch.setenv(variable, form.format(provider.port))
    relay = start(to=upstreams("http://plain.example:8080"))
    client = relay.send(request("POST", "/v1/messages?beta=true", body=ASK))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer(b"via the proxy"))

    assert received.start == b"POST http://plain.example:8080/v1/messages?beta=true HTTP/1.1"
    assert received.values(b"host") == [b"plain.example:8080"]
    assert client.message().body == b"via the proxy"


@pytest.mark.parametrize(
    "said", ["127.0.0.1", "*", "localhost,.direct.example", "direct.example:{port}", "named.direct.example"]
)
def test_no_proxy_is_asked_for_what_it_is_not_for(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", provider.root)
    monkeypatch.setenv("NO_PROXY", said.format(port=provider.port))
    host = "127.0.0.1" if said == "127.0.0.1" else "named.direct.example"
    assert proxy_for("http", host, provider.port) is None
    assert proxy_for("http", "other.example", provider.port) == (None if said == "*" else provider.root)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_no_proxy_is_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:8080")

    assert proxy_for("http", host, 11434) is None


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"502 Bad Gateway"])
def test_a_proxy_that_refuses(
    start: Callable[..., Proxy], provider: Provider, monkeypatch: pytest.MonkeyPatch, status: bytes
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", provider.root)
    relay = start(to=upstreams("https://refused.example"))
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    proxy = provider.accept()
    proxy.message()
    proxy.send(answer(status=status))

    failed(client.message(), "/anthropic")
    assert relay.books.released() is None


def test_a_proxy_of_a_kind_we_cannot_use(
    start: Callable[..., Proxy], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{provider.port}")
    relay = start(to=upstreams("https://by-socks.example"))
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    provider.accept().close()

    failed(client.message(), "/anthropic")


# --- certificates ---


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key, in one file, for names of this test."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    made = folder / "both.pem"
    names = "subjectAltName=IP:127.0.0.1,DNS:api.tls.example"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    subprocess.run(
        [*command, "-addext", names, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        capture_output=True,
    )
    made.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return made


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system that trusts the certificate."""
    if sys.platform != "linux":
        pytest.skip("only OpenSSL's trust store can be changed for one process")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def test_a_provider_the_system_trusts_is_called(start: Callable[..., Proxy], provider: Provider, trusted: Path) -> None:
    relay = start(to=upstreams(f"https://127.0.0.1:{provider.port}"))
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.secure(trusted)
    received = upstream.message()
    upstream.send(stream_head(), chunk(b"one"))
    client.begin()

    assert received.body == ASK
    assert client.next_chunk() == b"one"
    client.close()
    assert upstream.is_closed()


def test_a_provider_the_system_does_not_trust_is_not(
    start: Callable[..., Proxy], provider: Provider, certificate: Path
) -> None:
    relay = start(to=upstreams(f"https://127.0.0.1:{provider.port}"))
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        provider.accept().secure(certificate)

    failed(client.message(), "/anthropic")
    assert relay.books.released() is None


def test_a_provider_without_tls_is_not_called_as_if_it_had(start: Callable[..., Proxy], provider: Provider) -> None:
    relay = start(to=upstreams(f"https://127.0.0.1:{provider.port}"))
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    failed(client.message(), "/anthropic")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_users_proxy_leads_to_a_provider_with_tls(
    start: Callable[..., Proxy], provider: Provider, trusted: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"http://me:secret@127.0.0.1:{provider.port}")
    relay = start(to=upstreams("https://api.tls.example"))
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    proxy = provider.accept()
    who = connected(proxy, "api.tls.example:443")
    proxy.secure(trusted)
    received = proxy.message()
    proxy.send(answer(b"by way of the proxy"))

    assert client.message().body == b"by way of the proxy"
    assert who == [b"Basic " + base64.b64encode(b"me:secret")]
    assert received.start == b"POST /v1/messages HTTP/1.1"
    assert b"proxy-authorization" not in received.names


# --- its end ---


def test_a_closed_way_out_leads_nowhere() -> None:
    async def main() -> None:
        way_out = WayOut(1, 1)
        with pytest.raises(Unreachable):
            await way_out.send("GET", Upstream("http://127.0.0.1:9").url("/", ""), [], None)
        await way_out.close()

    asyncio.run(main())


def test_what_a_provider_does_not_take_is_broken_off_at_the_end(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "_PARTING_S", 0.05)
    monkeypatch.setattr(server, "GRACE_S", 0)
    books, way_out, listener = Books(), WayOut(10, 10), listen(0)
    app = ProxyApp(books, Sessions(), way_out, version="9", upstreams=upstreams(provider.root))
    over = threading.Event()

    def serve() -> None:
        with serving(app, way_out, listener):
            over.wait(WAIT_S)

    serving_it = threading.Thread(target=serve, daemon=True)
    client = Wire(socket.create_connection(listener.getsockname()))
    serving_it.start()
    client.send_aside(request("POST", "/v1/messages", body=b'{"x":"' + b"x" * 30_000_000 + b'"}'))
    provider.accept().begin()
    books.admitted()
    over.set()
    serving_it.join(WAIT_S)
    client.close()

    assert not serving_it.is_alive()
