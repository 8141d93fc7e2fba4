"""How does an answer look under a content coding?

An encoder gives out every piece as soon as it is put in, as providers do with streams: a client that decodes as
it reads never waits for the next event to see the last one.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

import brotli
import zstandard

if TYPE_CHECKING:
    from codesession.demo.script import Coding

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_QUALITY = 4
"""of Brotli, 0 to 11: what servers use for answers made on the spot"""


class Encoder(Protocol):
    """A stream of bytes under one content coding."""

    def encode(self, data: bytes) -> bytes:
        """`data` encoded, all of it decodable at once."""
        ...

    def finish(self) -> bytes:
        """What ends the encoded stream."""
        ...


class Identity:
    """No coding."""

    def encode(self, data: bytes) -> bytes:
        """`data` as it is."""
        return data

    def finish(self) -> bytes:
        """Nothing."""
        return b""


class Zlib:
    """gzip, or deflate, which in HTTP is the zlib format (RFC 9110, section 8.4.1.2)."""

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.compressobj(wbits=window_bits)

    def encode(self, data: bytes) -> bytes:
        """`data` encoded and flushed."""
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        """The last block and the checksum."""
        return self._stream.flush()


class Brotli:
    """br (RFC 7932)."""

    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=_QUALITY)

    def encode(self, data: bytes) -> bytes:
        """`data` encoded and flushed."""
        return bytes(self._stream.process(data) + self._stream.flush())

    def finish(self) -> bytes:
        """The last, empty, block."""
        return bytes(self._stream.finish())


class Zstandard:
    """zstd (RFC 8878)."""

    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor().compressobj()

    def encode(self, data: bytes) -> bytes:
        """`data` encoded and flushed."""
        return self._stream.compress(data) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self) -> bytes:
        """The end of the frame."""
        return self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


def encoder(coding: Coding) -> Encoder:
    """A new encoder for `coding`."""
    match coding:
        case "gzip":
            return Zlib(_GZIP_WINDOW)
        case "deflate":
            return Zlib(zlib.MAX_WBITS)
        case "br":
            return Brotli()
        case "zstd":
            return Zstandard()
        case _:
            return Identity()


def decoded(data: bytes, coding: str) -> bytes:
    """The bytes of a whole request body sent under `coding`; as they are when the coding is not known.

    >>> decoded(encoder("zstd").encode(b"hello"), "zstd")
    b'hello'
    """
    match coding:
        case "gzip" | "deflate":
            return zlib.decompressobj(wbits=32 + zlib.MAX_WBITS).decompress(data)
        case "br":
            return bytes(brotli.decompress(data))
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        case _:
            return data


def accepted(accept_encoding: str) -> Coding:
    """The first coding of the header `accept_encoding` that we know.

    >>> accepted("gzip;q=0, br, zstd")
    'br'
    """
    for offer in accept_encoding.split(","):
        name, _, weight = offer.partition(";")
        if weight.replace(" ", "") in ("q=0", "q=0.0"):
            continue
        match name.strip().lower():
            case "gzip" | "deflate" | "br" | "zstd" as coding:
                return coding
    return "identity"
