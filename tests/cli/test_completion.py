"""Does a shell that was given our lines complete commands and options?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codesession.cli import COMMANDS

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_lines_for_both_names(cs: Cs, shell: str) -> None:
    script = cs("completion", shell).out
    assert "_CS_COMPLETE" in script
    assert "_CODESESSION_COMPLETE" in script
    assert "alias" not in script
    assert "alias csst='cs status'" in cs("completion", shell, "--aliases").out
    assert (
        cs("completion", shell, "--json").json() | {"shell": shell, "script": script.rstrip()}
        == cs("completion", shell, "--json").json()
    )


def test_the_shell_one_is_in_is_taken_or_must_be_named(place: Place, cs: Cs) -> None:
    place.monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert cs("completion", "--json").json()["shell"] == "fish"
    place.monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert cs("completion").sentence() == "Name your shell: cs completion bash|zsh|fish"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [(["cs", "st"], {"start", "stats", "status"}), (["cs", "log-ai", "--prov"], {"--provider"})],
)
def test_bash_completes(place: Place, cs: Cs, words: list[str], found: set[str]) -> None:
    bin_ = place.home / "bin"
    bin_.mkdir()
    (bin_ / "cs").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m codesession "$@"\n')
    (bin_ / "cs").chmod(0o755)
    script = f"""
{cs("completion", "bash").out}
COMP_WORDS=({" ".join(words)})
COMP_CWORD={len(words) - 1}
_cs_completion cs
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == found
    assert {"start", "stats", "status"} <= COMMANDS.keys()
    assert not Path(place.home / ".codesession").exists()
