"""Messages as Amazon sends them, for the tests (https://smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-28)."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from binascii import crc32
from typing import Any


def message(event_type: str, payload: bytes, *more: bytes) -> bytes:
    """One message of that type; `more` are headers as they go over the wire."""
    told = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join([*(_text(name, value) for name, value in told.items()), *more])
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", crc32(prelude))
    body = prelude + headers + payload
    return body + struct.pack(">I", crc32(body))


def chunk(event: Any) -> bytes:
    """A ``chunk`` with an event of a model's maker."""
    inner = event if isinstance(event, bytes) else json.dumps(event, separators=(",", ":")).encode()
    return message("chunk", json.dumps({"bytes": b64encode(inner).decode(), "p": "abcdef"}).encode())


def messages(body: bytes) -> list[bytes]:
    """The messages of a stream, each as it is."""
    found, at = [], 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        found.append(body[at : at + size])
        at += size
    return found


def _text(name: str, value: str) -> bytes:
    return struct.pack(">B", len(name)) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
