"""How does a command answer? The answer on stdout, talk on stderr; with ``--json`` one document and nothing else."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from types import GeneratorType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codesession.app import App
    from codesession.errors import CodesessionError


def emit(content: Any) -> None:  # noqa: ANN401 - any JSON document
    """One JSON document on stdout."""
    _write(to_json(content))


def to_json(content: Any) -> str:  # noqa: ANN401 - any JSON document
    """A document as one line; characters that a terminal's encoding may lack are escaped."""
    return json.dumps(content, ensure_ascii=True, allow_nan=False)


def tell(sentence: str) -> None:
    """A sentence for a person, on stderr; when nobody listens any more, that changes nothing."""
    try:
        sys.stderr.write(printable(sentence, sys.stderr.encoding) + "\n")
        sys.stderr.flush()
    except OSError:  # who listened is gone, or where it goes is full
        _give_up(sys.stderr)


def answer(text: str) -> None:
    """A command's answer for a person, on stdout."""
    _write(printable(text, sys.stdout.encoding))


def display(drawn: str) -> None:
    """What `codesession.report.text` has drawn, on stdout: it is harmless already, and may have styles."""
    _write(encodable(drawn, sys.stdout.encoding))


def _write(text: str) -> None:
    write_pieces((text,), end="\n")


def write_pieces(pieces: Iterable[str], end: str = "") -> None:
    """A long answer on stdout, piece by piece; where it cannot go, that is said, and the command fails."""
    error = _put(pieces, end)
    if error is not None:
        if not isinstance(error, BrokenPipeError):  # as in `cs list | head`: whoever read us has had enough
            tell(f"cs: The answer could not be written: {error.strerror}.")
        sys.exit(1)


def last_word(text: str) -> None:
    """A sentence for a person on stdout, for whom it is no failure that nobody reads it any more."""
    _put((printable(text, sys.stdout.encoding),), "\n")


def _put(pieces: Iterable[str], end: str) -> OSError | None:
    """Write to stdout; why it cannot be written to, if it cannot: it leads nowhere then."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.write(end)
        sys.stdout.flush()
    except OSError as error:
        _give_up(sys.stdout)
        return error
    finally:
        if isinstance(pieces, GeneratorType):  # what it reads is about to be closed
            pieces.close()
    return None


def _give_up(stream: TextIO) -> None:
    """Send what is still to be written nowhere: the interpreter's last flush would change the exit status to 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def printable(text: str, encoding: str | None) -> str:
    """`text` with what an old terminal cannot show replaced, and nothing in it that commands a terminal."""
    from codesession.report.tables import harmless

    return encodable(harmless(text), encoding)


def encodable(plain: str, encoding: str | None) -> str:
    """`plain` with what an old terminal cannot show replaced."""
    encoding = encoding or "utf-8"
    try:
        plain.encode(encoding)
    except UnicodeEncodeError:
        plain = plain.translate(_PLAINER)
    return plain.encode(encoding, "replace").decode(encoding)


_PLAINER = str.maketrans(
    {
        "•": "*",
        "…": "...",
        **dict.fromkeys("─━", "-"),
        **dict.fromkeys("│┃", "|"),
        **dict.fromkeys("┌┬┐├┼┤└┴┘┏┳┓┡╇┩╭╮╰╯", "+"),
    }
)
"""What our tables and summaries are drawn with where there are only letters."""


def fail(error: CodesessionError, *, as_json: bool) -> NoReturn:
    """Say what went wrong and what to do, and exit with the error's status."""
    if as_json:
        from codesession.report import document

        emit(document({"error": {"code": error.code, "message": error.message, **error.extra}}))
    else:
        hint = error.extra.get("hint")
        tell(f"cs: {error.message} {hint}" if hint else f"cs: {error.message}")
    sys.exit(error.exit_code)


@contextmanager
def opened(*, quiet: bool) -> Iterator[App]:
    """The program over the user's ledger; `quiet` when a document will say everything."""
    from codesession.app import open_app
    from codesession.config import read_config

    with open_app(read_config(), silent if quiet else tell, warn=tell) as app:
        yield app


def lasting() -> None:
    """From here on this process may live long: it collects its garbage, as other programs do from the beginning."""
    import gc

    gc.enable()


def silent(_sentence: str) -> None:
    """With ``--json`` nobody reads along."""
