"""Does every way in and out of the command line behave: help, mistakes, Ctrl-C, closed pipes, mistakes of ours?"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import codesession
from codesession.cli import ALIASES, COMMANDS, main
from codesession.cli.output import answer, emit, fail, printable, tell, to_json
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs

ALL = [*COMMANDS, *ALIASES]


@pytest.fixture
def has_ledger(place: Place) -> None:
    """The user has run something before: a ledger is there."""
    place.app()


# --- help ---


@pytest.mark.parametrize("command", ALL)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_of_a_command_says_what_it_does_with_an_example(cs: Cs, command: str, flag: str) -> None:
    told = cs(command, flag)
    assert (told.status, told.err) == (0, "")
    (example,) = [line.strip() for line in told.out.splitlines() if "Example:" in line]
    assert example.startswith(f"Example: cs {ALIASES.get(command, command)}")
    assert "--json" in told.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(cs: Cs, command: str) -> None:
    options = cs(command, "-h").out.partition("Options:")[2].splitlines()
    for at, line in enumerate(options):
        if line.startswith("  -"):
            words = line.split("  ")
            following = options[at + 1] if at + 1 < len(options) else ""
            assert len([word for word in words if word.strip()]) > 1 or following.startswith("      "), line


@pytest.mark.parametrize("words", [["-h"], ["--help"]], ids=["-h", "--help"])
def test_the_help_names_every_command(cs: Cs, words: list[str]) -> None:
    told = cs(*words)
    assert told.status == 0
    assert "Example: cs run" in told.out
    listed = [line.split()[0] for line in told.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == sorted(COMMANDS)


def test_the_version(cs: Cs) -> None:
    assert cs("--version").out == f"codesession, version {codesession.__version__}\n"


def test_help_opens_no_ledger(place: Place, cs: Cs) -> None:
    for command in ALL:
        cs(command, "-h")
    assert not (place.home / ".codesession").exists()


# --- mistakes ---


@pytest.mark.parametrize("words", [["frob"], ["--frob"], ["list", "--frob"], ["list", "-l", "x"], ["list", "extra"]])
def test_a_mistake_says_where_help_is(cs: Cs, words: list[str]) -> None:
    command = "cs list -h" if words[0] == "list" else "cs -h"
    assert cs(*words).sentence().endswith(f". See: {command}")
    error = cs(*words, "--json").error()
    assert error["code"] == "invalid_input"
    assert error["message"].endswith(f". See: {command}")


def test_a_command_that_is_misspelled_is_guessed(cs: Cs) -> None:
    assert cs("strat", "x").sentence() == "No such command 'strat' (did you mean stats or start?). See: cs -h"
    assert "did you mean" not in cs("frobnicate").sentence()


@pytest.mark.parametrize(
    ("words", "is_document"),
    [
        pytest.param(["run", "--json", "--port", "x", "--", "prog"], True, id="ours"),
        pytest.param(["run", "--port", "x", "--json", "--", "prog"], True, id="ours-after-a-value"),
        pytest.param(["run", "--port", "x", "--", "prog", "--json"], False, id="the-programs"),
        pytest.param(["run", "--port", "x", "prog", "--json"], False, id="the-programs-without-dashes"),
        pytest.param(["run", "--port", "--json"], False, id="a-value"),
        pytest.param(["run", "--frob"], False, id="neither"),
    ],
)
def test_after_the_programs_name_json_is_the_programs(cs: Cs, words: list[str], *, is_document: bool) -> None:
    if is_document:
        assert cs(*words).error()["code"] == "invalid_input"
    else:
        cs(*words).sentence()


@pytest.mark.skipif(sys.platform == "win32", reason="its shell cannot close a stream")
@pytest.mark.usefixtures("has_ledger")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["list", "list --json", "status", "frob"])
def test_a_stream_that_is_closed_is_one_that_leads_nowhere(closed: str, words: str) -> None:
    command = f'"{sys.executable}" -m codesession {words} {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if words.startswith("list") else 1)
    assert "Traceback" not in done.stderr
    assert "codesession itself" not in done.stderr


# --- endings ---


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """From now on whatever asks for the settings meets `error`."""

    def fail_(*_: object) -> None:
        raise error

    monkeypatch.setattr("codesession.config.read_config", fail_)
    monkeypatch.setattr("codesession.app.core.SqliteLedger", fail_)


@pytest.mark.parametrize("words", [["list"], ["list", "--json"]])
def test_ctrl_c_ends_with_the_status_a_shell_expects(cs: Cs, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert cs(*words).status == 130


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe breaks otherwise there")
@pytest.mark.usefixtures("has_ledger")
@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["status", "--json"], ["frob", "--json"], ["-h"]])
def test_whoever_reads_us_may_stop_reading(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "codesession", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=buffered(),
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe breaks otherwise there")
@pytest.mark.parametrize(("function", "status"), [("last_word", 0), ("answer", 1)])
def test_only_an_answer_must_be_read_by_somebody(function: str, status: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = f"from codesession.cli.output import {function}; {function}('Session 1 goes on.')"
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, env=buffered(), text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe breaks otherwise there")
@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_run_that_nobody_listens_to_passes_its_exit_status_on(options: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = [sys.executable, "-m", "codesession", "run", "--no-proxy", *options, "--"]
    done = subprocess.run(
        [*run, sys.executable, "-c", "raise SystemExit(7)"], stderr=writer, env=buffered(), check=False
    )
    os.close(writer)
    assert done.returncode == 7


def buffered() -> dict[str, str]:
    """The environment, with the buffers an interpreter flushes at its very end."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def test_a_mistake_of_ours_is_one_sentence_and_no_traceback(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError("division by zero"))
    sentence = cs("list").sentence()
    assert "ZeroDivisionError: division by zero" in sentence
    assert "CODESESSION_DEBUG=1" in sentence
    assert cs("list", "--json").error()["code"] == "internal_error"


def test_a_mistake_of_ours_is_shown_whole_to_who_asks(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESESSION_DEBUG", "1")
    failing(monkeypatch, ZeroDivisionError("division by zero"))
    with pytest.raises(ZeroDivisionError):
        cs("list")


@pytest.mark.usefixtures("place")
def test_our_own_arguments_are_read_when_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cs", "list", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


# --- output ---


class Terminal(io.TextIOWrapper):
    """A stdout of some encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp437", "cp1252"])
def test_an_old_terminal_gets_letters_instead_of_drawings(
    cs: Cs, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    cs("start", "Füx 🦊")
    for words in (["status"], ["list"], ["end"]):
        terminal = Terminal(encoding)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", terminal)
            with pytest.raises(SystemExit) as ended:
                main(words)
        assert ended.value.code == 0
        shown = terminal.text()
        assert "x ?" in shown
        assert shown.count("?") <= 3
        assert shown.endswith("\n")


def test_drawings_stay_where_they_can_be_shown() -> None:
    assert printable("┌─┐ • …", "utf-8") == "┌─┐ • …"
    assert printable("┌─┐ • …", "ascii") == "+-+ * ..."
    assert printable("┌─┐ • …", None) == "┌─┐ • …"
    assert printable("┏━┓ é 🦊", "latin-1") == "+-+ é ?"


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x9b", "\r", "\u202e", "\u2066", "\u2028", "\ud800"])
def test_what_commands_a_terminal_is_replaced(char: str) -> None:
    assert printable(f"a{char}b\n", "utf-8") == "a\ufffdb\n"


@pytest.mark.parametrize("text", ["ŠŽ", "👩\u200d💻", "ไทย", "e\u0301", "\u00a0"])
def test_what_people_write_is_not(text: str) -> None:
    assert printable(text, "utf-8") == text


def test_json_is_one_ascii_line_and_refuses_what_is_no_json() -> None:
    assert ascii(to_json({"a": "ü\u2028\ud800"})) == ascii('{"a": "\\u00fc\\u2028\\ud800"}')
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(float("nan"))


def test_answers_go_to_stdout_and_talk_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    answer("the answer")
    tell("by the way")
    emit([1])
    told = capsys.readouterr()
    assert (told.out, told.err) == ("the answer\n[1]\n", "by the way\n")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_failure_tells_its_facts_and_ends(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    with pytest.raises(SystemExit) as ended:
        fail(InvalidInput("No.", id=3), as_json=as_json)
    assert ended.value.code == 1
    told = capsys.readouterr()
    if as_json:
        document: dict[str, Any] = json.loads(told.out)
        assert document["error"] == {"code": "invalid_input", "message": "No.", "id": 3}
    else:
        assert (told.out, told.err) == ("", "cs: No.\n")
