"""One certificate authority instead of some hundred and fifty: a client of an SDK reads all there are when it is made.

That takes 25 ms, and what speaks plain HTTP to this machine has no use for any.
"""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

END = "-----END CERTIFICATE-----\n"


def first_authority(directory: Path) -> Path:
    """A file in `directory` with the first authority that is known here."""
    file = directory / "one.pem"
    file.write_text(Path(certifi.where()).read_text("utf-8").partition(END)[0] + END, "utf-8")
    return file


@pytest.fixture(scope="session")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That file, made once."""
    return first_authority(tmp_path_factory.mktemp("authorities"))


@pytest.fixture
def few_authorities(one_authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that are made in the test trust it alone."""
    monkeypatch.setenv("SSL_CERT_FILE", str(one_authority))
