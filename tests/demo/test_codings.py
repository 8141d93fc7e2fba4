from __future__ import annotations

import zlib
from collections.abc import Callable
from http.client import HTTPMessage
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard

from codesession.demo.codings import accepted, decoded, encoder

if TYPE_CHECKING:
    from codesession.demo.script import Coding

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

DECODERS: dict[Coding, Callable[[], Callable[[bytes], bytes]]] = {
    "identity": lambda: bytes,
    "gzip": lambda: zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress,
    "deflate": lambda: zlib.decompressobj().decompress,
    "br": lambda: brotli.Decompressor().process,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
}
CODINGS = sorted(DECODERS)


@pytest.mark.parametrize("coding", CODINGS)
def test_each_piece_can_be_decoded_as_soon_as_it_is_written(coding: Coding) -> None:
    coder, decode = encoder(coding), DECODERS[coding]()
    for piece in (b"data: one\n\n", b"data: two\n\n", "data: ✓\n\n".encode()):
        assert decode(coder.encode(piece)) == piece
    assert decode(coder.finish()) == b""


@pytest.mark.parametrize("coding", CODINGS)
def test_what_was_encoded_decodes(coding: Coding) -> None:
    coder = encoder(coding)
    assert decoded(coder.encode(b"hello") + coder.finish(), coding) == b"hello"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_an_answer_is_encoded_as_scripted(ask: Ask, coding: Coding, stream: bool) -> None:  # noqa: FBT001 - a parameter
    body = {"model": "gpt-4o", "messages": [], "stream": stream}
    _, headers, data = ask("/v1/chat/completions", body, encoding=coding, text="naïve ✓")
    assert headers.get("content-encoding", "identity") == coding
    assert "naïve"[:3] in DECODERS[coding]()(data).decode()


def test_a_request_may_be_encoded(ask: Ask) -> None:
    coder = encoder("zstd")
    raw = coder.encode(b'{"model": "gpt-4o", "input": "hi"}') + coder.finish()
    status, _, _ = ask("/v1/responses", raw, headers={"content-encoding": "zstd"})
    assert status == 200


@pytest.mark.parametrize(
    ("offer", "coding"),
    [
        ("gzip, deflate, br, zstd", "gzip"),
        ("br;q=1.0, gzip;q=0.8", "br"),
        ("gzip;q=0, ZSTD", "zstd"),
        ("rot13", "identity"),
        ("", "identity"),
    ],
)
def test_the_first_coding_known_is_taken(ask: Ask, offer: str, coding: Coding) -> None:
    assert accepted(offer) == coding
    _, headers, _ = ask(encoding="auto", headers={"accept-encoding": offer})
    assert headers.get("content-encoding", "identity") == coding
