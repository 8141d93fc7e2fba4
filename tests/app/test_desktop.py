"""Is an alert shown where there is a desktop, as plain text, and is it no matter where there is none?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from codesession.app.desktop import notification, show

if TYPE_CHECKING:
    from pathlib import Path

ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="it has no programs without an ending")


def program(folder: Path, name: str, script: str = "exit 0") -> str:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


@ON_POSIX
@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_on_linux_it_is_escaped_for_notify_send(tmp_path: Path, display: str) -> None:
    path = program(tmp_path, "notify-send")
    environ = {"PATH": str(tmp_path), display: ":0"}
    text = r"--x <b>Q&A</b> C:\new"
    assert notification(text, environ, "linux") == [
        path,
        "--app-name=codesession",
        "--",
        "codesession",
        r"--x &lt;b&gt;Q&amp;A&lt;/b&gt; C:\\new",
    ]


@ON_POSIX
def test_on_a_mac_it_is_an_argument_and_no_part_of_the_script(tmp_path: Path) -> None:
    path = program(tmp_path, "osascript")
    text = '" & (do shell script "true") & "'
    command = notification(text, {"PATH": str(tmp_path)}, "darwin")
    assert command is not None
    assert command[0] == path
    assert command[-2:] == ["codesession", text]
    assert command[1:-2:2] == ["-e", "-e", "-e"]
    assert not [line for line in command[2:-2:2] if "shell" in line]


@ON_POSIX
@pytest.mark.parametrize(
    ("platform", "variables"),
    [
        pytest.param("linux", {}, id="no-display"),
        pytest.param("linux", {"DISPLAY": "", "WAYLAND_DISPLAY": ""}, id="empty-display"),
        pytest.param("win32", {"DISPLAY": ":0"}, id="windows"),
        pytest.param("freebsd14", {"DISPLAY": ":0"}, id="another-system"),
    ],
)
def test_where_there_is_no_desktop_nothing_is_run(tmp_path: Path, platform: str, variables: dict[str, str]) -> None:
    for name in ("notify-send", "osascript"):
        program(tmp_path, name)
    assert notification("x", {"PATH": str(tmp_path), **variables}, platform) is None


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("path", [{}, {"PATH": ""}], ids=["no-path", "an-empty-path"])
def test_where_there_is_no_program_nothing_is_run(platform: str, path: dict[str, str]) -> None:
    assert notification("x", {"DISPLAY": ":0", **path}, platform) is None


def test_showing_where_nothing_can_be_shown_is_no_error() -> None:
    show("x", {"PATH": ""})


@pytest.mark.skipif(sys.platform != "linux", reason="the program is Linux's")
def test_it_is_shown_by_no_shell(tmp_path: Path) -> None:
    program(tmp_path, "notify-send", f'printf "%s\\n" "$@" > "{tmp_path}/shown"')
    show("$(exit 1) `x` 'it' \"is\"; used * up", {"PATH": str(tmp_path), "DISPLAY": ":0"})
    shown = (tmp_path / "shown").read_text().splitlines()
    assert shown == ["--app-name=codesession", "--", "codesession", "$(exit 1) `x` 'it' \"is\"; used * up"]


@pytest.mark.skipif(sys.platform != "linux", reason="the program is Linux's")
@pytest.mark.parametrize("script", ["exit 3", "exec /bin/sleep 60"], ids=["fails", "hangs"])
def test_a_program_that_does_not_work_is_no_news(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str
) -> None:
    program(tmp_path, "notify-send", f"echo noise; echo noise >&2\n{script}")
    show("x", {"PATH": str(tmp_path), "DISPLAY": ":0"}, timeout_s=0.2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="the program is Linux's")
def test_a_program_that_cannot_be_started_is_no_news(tmp_path: Path) -> None:
    file = tmp_path / "notify-send"
    file.write_text("#!/no/such/interpreter\n")
    file.chmod(0o755)
    show("x", {"PATH": str(tmp_path), "DISPLAY": ":0"})
