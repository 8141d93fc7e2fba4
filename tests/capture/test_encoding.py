from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from codesession.capture.encoding import Undecodable, decoder

TEXT = b"".join(b"line %d of what was said\n" % number for number in range(500))


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def unsized_zstd(data: bytes) -> bytes:
    compressor = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return compressor.compress(data) + compressor.flush()


Compress = Callable[[bytes], bytes]
CODINGS: dict[str, tuple[str, Compress]] = {
    "none": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "gzip-members": (" gzip ", lambda data: gzip.compress(data[:99]) + gzip.compress(b"") + gzip.compress(data[99:])),
    "zlib-deflate": ("deflate", zlib.compress),
    "raw-deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd),
    "zstd-unsized": ("zstd", unsized_zstd),
    "zstd-frames": ("zstd", lambda data: zstd(data[:99]) + unsized_zstd(b"") + zstd(data[99:])),
}
EACH = pytest.mark.parametrize(("name", "compress"), CODINGS.values(), ids=CODINGS)


@EACH
def test_a_body_reads_as_it_was_written(name: str, compress: Compress) -> None:
    assert decoder(name).decode(compress(TEXT)) == TEXT


@EACH
def test_a_body_reads_the_same_byte_by_byte(name: str, compress: Compress) -> None:
    reading = decoder(name)

    assert b"".join(reading.decode(bytes([byte])) for byte in compress(TEXT)) == TEXT
    assert reading.decode(b"") == b""


@pytest.mark.parametrize(("name", "compress"), [("gzip", gzip.compress), ("zstd", zstd)], ids=["gzip", "zstd"])
def test_a_second_frame_may_come_in_a_piece_of_its_own(name: str, compress: Compress) -> None:
    reading = decoder(name)

    assert [reading.decode(piece) for piece in (compress(b"one"), b"", compress(b"two"))] == [b"one", b"", b"two"]


@pytest.mark.parametrize(
    ("name", "flush"),
    [
        pytest.param("gzip", zlib.compressobj(wbits=zlib.MAX_WBITS | 16), id="gzip"),
        pytest.param("deflate", zlib.compressobj(), id="deflate"),
    ],
)
def test_what_was_flushed_is_read_at_once(name: str, flush: zlib._Compress) -> None:
    assert decoder(name).decode(flush.compress(b"data: 1\n\n") + flush.flush(zlib.Z_SYNC_FLUSH)) == b"data: 1\n\n"


@EACH
def test_a_body_cut_short_reads_as_far_as_it_came(name: str, compress: Compress) -> None:
    assert TEXT.startswith(decoder(name).decode(compress(TEXT)[:60]))


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_what_is_not_in_the_encoding_is_said_to_be_undecodable(name: str) -> None:
    with pytest.raises(Undecodable):
        decoder(name).decode(b"\xff\xff{this is no such thing}" * 9)


@pytest.mark.parametrize("name", ["compress", "gzip, br", "aws-chunked", "zstd;x"])
def test_encodings_we_do_not_know_are_said_to_be_undecodable(name: str) -> None:
    with pytest.raises(Undecodable, match="not known"):
        decoder(name)


@pytest.mark.parametrize(("name", "compress"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd)])
def test_garbage_after_the_end_is_undecodable(name: str, compress: Compress) -> None:
    reading = decoder(name)
    assert reading.decode(compress(TEXT)) == TEXT

    with pytest.raises(Undecodable):
        reading.decode(b"\xffgarbage after the end" * 9)
