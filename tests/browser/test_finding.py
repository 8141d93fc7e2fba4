"""Is a browser found where one is, and is it said how to get one where there is none?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.browser import finding

FINDING = Path(finding.__file__)


def found(*, path: Path, named: str = "") -> subprocess.CompletedProcess[str]:
    """What the program prints that `tasks.py` runs."""
    environ = {"PATH": str(path), "CODESESSION_BROWSER": named}
    return subprocess.run([sys.executable, str(FINDING)], env=environ, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a browser may be found that is not on the PATH")
def test_without_a_browser_it_says_how_to_get_one(tmp_path: Path) -> None:
    done = found(path=tmp_path)
    assert done.returncode == 1
    assert "sudo apt-get install chromium" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="what can be run there has another name")
def test_a_browser_on_the_path_is_found(tmp_path: Path) -> None:
    browser = tmp_path / "google-chrome"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    done = found(path=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{browser}\n")


def test_a_browser_that_is_named_comes_first(tmp_path: Path) -> None:
    done = found(path=tmp_path, named="/opt/mine")
    assert (done.returncode, done.stdout) == (0, "/opt/mine\n")
