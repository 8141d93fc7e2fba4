"""How is much sent at once? Whole or not at all, and never all of it in memory."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any, Literal

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from codesession.errors import DatabaseError

Form = Annotated[Literal["json", "csv"], Query(alias="format", description="As what to export.")]
Most = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only so many rows, the first; without it: all.")]

_IN_MEMORY = 1_000_000
_PIECE = 65_536
"""Bytes of an export that are held at once: before a file is used for it, and while it is sent."""
_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {"description": "A file.", "content": {"application/json": {}, "text/csv": {}}}
}
"""For the ``responses`` of a route that exports."""


def attachment(pieces: Iterator[str], what: str, form: str, now_ms: int) -> Response:
    """`pieces` as a file to keep, named for `what` is in it and the day.

    All of them are read first: a ledger that cannot be read to its end gives an error, and no half of a file, and a
    slow reader does not keep the ledger open. Who made `pieces` closes what they come from.

    Raises:
        DatabaseError: the ledger cannot be read, or the export not be kept until it is sent.
    """
    spool = SpooledTemporaryFile(_IN_MEMORY, "w+b")  # noqa: SIM115 - closed when it has been sent
    try:
        for piece in pieces:
            _write(spool, piece)
    except BaseException:
        with suppress(OSError):  # what is still to be written to it may not be either
            spool.close()
        raise
    size = spool.tell()
    spool.seek(0)
    day = datetime.fromtimestamp(now_ms / 1000, tz=UTC).date().isoformat()
    headers = {
        "content-disposition": f'attachment; filename="codesession-{what}-{day}.{form}"',
        "content-length": str(size),
    }
    return StreamingResponse(_sent(spool), media_type=_TYPES[form], headers=headers)


def _write(spool: IO[bytes], piece: str) -> None:
    try:
        spool.write(piece.encode())
    except OSError as error:
        raise DatabaseError(f"There is no room to keep the export until it is sent: {error.strerror}.") from error


def _sent(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while piece := spool.read(_PIECE):
            yield piece
