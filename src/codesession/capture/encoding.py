"""What does a compressed body say? Read beside the relay, piece by piece; what is forwarded stays as it is."""

from __future__ import annotations

import zlib
from typing import Protocol

from codesession.errors import CodesessionError


class Undecodable(CodesessionError):
    """The bytes are not what their ``content-encoding`` says, or it names one we do not know."""

    code = "undecodable"


class Decoder(Protocol):
    """Takes a body in pieces and gives it back decoded."""

    def decode(self, data: bytes) -> bytes:
        """What `data` adds to the decoded body; raises `Undecodable`."""
        ...


class _Plain:
    def decode(self, data: bytes) -> bytes:
        return data


class _Gzip:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def decode(self, data: bytes) -> bytes:
        decoded = b""
        try:
            while data:
                if self._inflate.eof:  # members may follow each other
                    self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
                decoded += self._inflate.decompress(data)
                data = self._inflate.unused_data
        except zlib.error as error:
            raise Undecodable(str(error)) from error
        return decoded


class _Deflate:
    """With the zlib header that RFC 9110 §8.4.1.2 asks for, or without it, as many servers send."""

    def __init__(self) -> None:
        self._start = b""
        self._inflate: zlib._Decompress | None = None

    def decode(self, data: bytes) -> bytes:
        if self._inflate is None:
            self._start += data
            if len(self._start) < 2:  # noqa: PLR2004 - the zlib header has two bytes
                return b""
            data = self._start
            has_header = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        try:
            return self._inflate.decompress(data)
        except zlib.error as error:
            raise Undecodable(str(error)) from error


class _Brotli:
    def __init__(self) -> None:
        import brotli

        self._error = brotli.error
        self._decompressor = brotli.Decompressor()

    def decode(self, data: bytes) -> bytes:
        try:
            decoded: bytes = self._decompressor.process(data)
        except self._error as error:
            raise Undecodable(str(error)) from error
        return decoded


class _Zstandard:
    def __init__(self) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._fresh = zstandard.ZstdDecompressor().decompressobj
        self._decompressor = self._fresh()

    def decode(self, data: bytes) -> bytes:
        decoded = b""
        try:
            while data:
                if self._decompressor.eof:  # frames may follow each other
                    self._decompressor = self._fresh()
                decoded += self._decompressor.decompress(data)
                data = self._decompressor.unused_data
        except self._error as error:
            raise Undecodable(str(error)) from error
        return decoded


def decoder(content_encoding: str) -> Decoder:
    """A decoder for the value of a ``content-encoding`` header (empty for none).

    Raises:
        Undecodable: we do not know the encoding, or several are stacked.
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstandard()
        case other:
            raise Undecodable(f"content-encoding {other!r} is not known")
