from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from codesession.web.api import exporting

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_what_cannot_be_read_to_its_end_is_an_error_and_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def spool(*values: object) -> object:
        opened.append(tempfile.SpooledTemporaryFile(*values))  # type: ignore[call-overload]  # noqa: SIM115 - as it is called
        return opened[-1]

    def pieces() -> Iterator[str]:
        yield "half"
        raise OSError("gone")

    monkeypatch.setattr(exporting, "SpooledTemporaryFile", spool)
    with pytest.raises(OSError, match="gone"):
        exporting.attachment(pieces(), "sessions", "json", 0)
    assert [one.closed for one in opened] == [True]
