from __future__ import annotations

import errno
import io
import tempfile
from typing import TYPE_CHECKING

import pytest
from tests.report.spending import DOLLAR, begin, call

from codesession.web.api import exporting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from codesession.app import App


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


class Full(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("path", ["/calls/export", "/calls/export?format=csv", "/export", "/export?format=csv"])
def test_a_full_disk_ends_the_export_and_nothing_else(
    app: App, client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    session = begin(app.ledger, "work", "2026-11-05T12:00+00:00")
    for _ in range(3):
        call(app.ledger, "2026-11-05T12:00+00:00", DOLLAR, session)
    monkeypatch.setattr(exporting, "SpooledTemporaryFile", lambda *_: Full())
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_error")
    assert "no room to keep the export" in answer.json()["error"]
    assert client.get("/calls").json()["total"] == 3  # whichever thread reads now
    begin(app.ledger, "and one who writes", "2026-11-05T13:00+00:00")
