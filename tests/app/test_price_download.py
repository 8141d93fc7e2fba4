"""Is a price list fetched whole, within bounds, and from nowhere unsafe?"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.app.publisher import Publisher, publisher

from codesession.app import price_download
from codesession.app.price_download import fetch
from codesession.errors import InvalidInput
from codesession.meter import PricesUnavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["publisher"]


def test_a_list_comes_from_an_address(publisher: Publisher) -> None:
    publisher.body = b'[{"id": 1}]' * 20_000
    fetched = fetch(publisher.address)
    assert fetched == (publisher.body, publisher.address)
    ((path, headers),) = publisher.asked
    assert path == "/v2/data.json"
    assert headers.keys() == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert headers["User-Agent"].startswith("codesession/")


def test_a_list_comes_from_a_file_by_its_path_or_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a list.json"
    file.write_bytes(b"[1]")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for source in (str(file), "~/a list.json", file.as_uri(), file.as_uri().replace("file://", "file://localhost")):
        assert fetch(source) == (b"[1]", str(file))


@pytest.mark.parametrize(
    "source",
    [
        "", " ", "nowhere.json", ".", "zero\0byte", "http://example.org/x", "ftp://example.org/x", "https://",
        "https://[::1", "https://example.org:99999/", "file://elsewhere/x", "data://text", "http://127.0.0.1.example.org/",
    ],
)  # fmt: skip
def test_what_is_no_safe_source_is_refused(source: str) -> None:
    with pytest.raises(InvalidInput):
        fetch(source)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_server_that_cannot_prove_who_it_is_gives_nothing(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run(["openssl", *words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    publisher = Publisher(tls=context)
    try:
        with pytest.raises(PricesUnavailable, match="its certificate is not trusted here"):
            fetch(f"https://{publisher.host}/v2/data.json")
    finally:
        publisher.close()
    assert publisher.asked == []


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_password_is_neither_used_nor_repeated(scheme: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        fetch(f"{scheme}://ada:secret@127.0.0.1/x")
    assert "secret" not in caught.value.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX's")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="is no file"):
        fetch(str(tmp_path / "pipe"))


@pytest.mark.parametrize(("status", "said"), [(404, "it answered 404"), (500, "it answered 500")])
def test_a_server_that_fails_is_said(publisher: Publisher, status: int, said: str) -> None:
    publisher.status = status
    with pytest.raises(PricesUnavailable, match=said):
        fetch(publisher.address)


def test_a_server_that_is_not_there_is_said(publisher: Publisher) -> None:
    publisher.close()
    with pytest.raises(PricesUnavailable, match=r"could not be had from 127\.0\.0\.1:\d+: .*refused"):
        fetch(publisher.address)


def test_an_answer_that_ends_too_early_is_not_complete(publisher: Publisher) -> None:
    publisher.body, publisher.stops_after = b"[" + b"1," * 1000, 500
    with pytest.raises(PricesUnavailable, match="is not complete"):
        fetch(publisher.address)


def test_an_answer_in_pieces_that_ends_too_early_is_said(publisher: Publisher) -> None:
    publisher.headers = {"Transfer-Encoding": "chunked"}
    publisher.body = b"5\r\n[1,2,\r\n9\r\n3"
    publisher.headers["Content-Length"] = ""
    with pytest.raises(PricesUnavailable, match="could not be had"):
        fetch(publisher.address)


def test_what_is_too_large_is_not_read_to_its_end(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_download, "MOST_BYTES", 1024 * 1024)
    publisher.body = b"x" * (64 * 1024 * 1024)
    with pytest.raises(PricesUnavailable, match="more than 1 MB"):
        fetch(publisher.address)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2 * 1024 * 1024)
    with pytest.raises(PricesUnavailable, match="more than 1 MB"):
        fetch(str(tmp_path / "large"))


def test_a_server_that_says_nothing_more_is_given_up(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_download, "TIMEOUT_S", 0.05)
    publisher.body, publisher.stops_after, publisher.waits = b"[" + b"1," * 1000, 500, True
    with pytest.raises(PricesUnavailable, match="did not answer in time"):
        fetch(publisher.address)


def test_a_server_that_takes_forever_is_given_up(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_download, "WHOLE_S", -1.0)
    with pytest.raises(PricesUnavailable, match="did not answer in time"):
        fetch(publisher.address)


def test_a_redirect_within_this_machine_is_followed(publisher: Publisher) -> None:
    publisher.status, publisher.headers = 302, {"Location": "/elsewhere"}
    publisher.body = b"[2]"
    assert fetch(publisher.address).content == b"[2]"
    assert [path for path, _ in publisher.asked] == ["/v2/data.json", "/elsewhere"]


@pytest.mark.parametrize("there", ["http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_a_redirect_to_where_it_is_not_safe_is_not_followed(publisher: Publisher, there: str) -> None:
    publisher.status, publisher.headers = 302, {"Location": there}
    with pytest.raises(PricesUnavailable, match=r"is not safe|answered 302"):
        fetch(publisher.address)
    assert len(publisher.asked) == 1


def test_a_redirect_with_a_password_is_not_followed(publisher: Publisher) -> None:
    publisher.status, publisher.headers = 302, {"Location": f"http://ada:secret@{publisher.host}/x"}
    with pytest.raises(PricesUnavailable, match="not safe") as caught:
        fetch(publisher.address)
    assert "secret" not in caught.value.message


def test_a_redirect_in_a_circle_ends(publisher: Publisher) -> None:
    publisher.status, publisher.headers = 302, {"Location": publisher.address}
    with pytest.raises(PricesUnavailable, match="answered 302"):
        fetch(publisher.address)


def test_another_host_does_not_lead_to_this_machine(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of example.org goes through the user's proxy, which here is the server that leads astray."""
    monkeypatch.setattr(price_download, "_is_safe", lambda _: True)
    monkeypatch.setenv("http_proxy", f"http://{publisher.host}")
    publisher.status, publisher.headers = 302, {"Location": f"http://{publisher.host}/v2/x"}

    with pytest.raises(PricesUnavailable, match="not safe"):
        fetch("http://example.org/v2/data.json")


def test_the_users_proxy_is_used_but_not_for_this_machine(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetch(publisher.address).content == b"[]"
    with pytest.raises(PricesUnavailable, match=r"could not be had from example\.org: .*refused"):
        fetch("https://example.org/x")
