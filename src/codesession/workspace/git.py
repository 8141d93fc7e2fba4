"""What does git say? One process per question, asked so that only the directory decides the answer.

Neither the user's aliases, pagers, diff drivers and languages nor the repository variables of a hook that
is running around us change what is read; nothing is written, no helper is started and no network is used.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_WAIT_S = 30.0
"""Seconds a git process may take; a status of a 1.3-million-file tree on a cold disk needs about ten."""

_SETTINGS = (
    "core.quotePath=false",
    "core.fsmonitor=false",  # a repository may name any program here, and git's own daemon would outlive us
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",  # would run gpg and mix its words into the log
)

# `git rev-parse --local-env-vars` (git 2.39) without the variables that only carry settings: those may
# hold the `safe.directory` a container needs. GIT_NAMESPACE and those of diffs and paths would change answers too.
_FORGOTTEN = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
_IMPOSED = {
    # No protocol is allowed: before git 2.44, which knows the next one, a partial clone fetches what a diff lacks, by
    # whatever program its own settings name.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",  # never in the way of the agent's own git
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitFailed(CodesessionError):
    """Git gave no usable answer; nothing was changed."""

    code = "git_failed"
    http_status = 503


class GitMissing(GitFailed):
    """There is no git command on this machine; nothing was changed."""

    http_status = 400


class Answer(NamedTuple):
    """How one git process ended: its exit `status` and the bytes it wrote."""

    status: int
    stdout: bytes
    stderr: bytes


def ask(directory: Path, question: Sequence[str], *, wait_s: float, feed: bytes | None = None) -> Answer:
    """What ``git <question>`` answers in `directory`, whatever its exit status; it reads `feed`, or nothing.

    Raises `GitMissing` without a git command, `GitFailed` after `wait_s` seconds without an end or when
    `directory` cannot be entered.
    """
    command = _command(question)
    try:
        done = subprocess.run(  # noqa: S603 - an absolute program, a fixed list, no shell
            command,
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL if feed is None else None,
            input=feed,
            capture_output=True,
            timeout=wait_s,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no console flashing up
        )
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git {question[0]} did not end within {wait_s:g} seconds.") from None
    except OSError as problem:
        raise GitFailed(f"git {question[0]} could not be run: {problem.strerror}.") from problem
    return Answer(done.returncode, done.stdout, done.stderr)


def read(directory: Path, question: Sequence[str], *, wait_s: float) -> bytes:
    """What ``git <question>`` writes in `directory`; raises as `ask`, and `GitFailed` when git says no."""
    answer = ask(directory, question, wait_s=wait_s)
    if answer.status != 0:
        raise _refused(question, answer.status, answer.stderr)
    return answer.stdout


def read_at_most(
    directory: Path, question: Sequence[str], *, most: int, wait_s: float, settings: Mapping[str, str]
) -> tuple[bytes, bool]:
    """The first `most` bytes of what ``git <question>`` writes in `directory`, and whether there was more.

    `settings` of git stand in the place of the repository's own. Raises as `read`.
    """
    import tempfile  # not on the path of every command
    import threading

    command = _command(question)
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - as above
                command,
                cwd=directory,
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as problem:
            raise GitFailed(f"git {question[0]} could not be run: {problem.strerror}.") from problem
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(wait_s, end)
        timer.start()
        with process:
            output = process.stdout.read(most + 1) if process.stdout else b""
            is_cut = len(output) > most
            if is_cut:
                process.kill()  # what it still has to say is not wanted
        timer.cancel()
        if late.is_set():
            raise GitFailed(f"git {question[0]} did not end within {wait_s:g} seconds.")
        if process.returncode != 0 and not is_cut:
            said.seek(0)
            raise _refused(question, process.returncode, said.read(_MOST_REASON))
    return output[:most], is_cut


_MOST_REASON = 4096


def _refused(question: Sequence[str], status: int, stderr: bytes) -> GitFailed:
    reason = stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return GitFailed(f"git {question[0]} failed ({reason or f'exit status {status}'}).")


def _command(question: Sequence[str]) -> list[str]:
    command = [_find_git()]
    for setting in _SETTINGS:
        command += ["-c", setting]
    return [*command, *question]


def _find_git() -> str:
    # A relative result came from the current directory: the git.exe of a stranger's checkout, perhaps.
    found = _which("git")
    if found is None or not Path(found).is_absolute():
        raise GitMissing("The git command was not found.")
    return found


def _which(name: str) -> str | None:
    """Where the program `name` is; elsewhere than on Windows without `shutil`, whose import takes 5 ms of a command."""
    if sys.platform == "win32":
        import shutil

        return shutil.which(name)
    for directory in os.get_exec_path():
        path = os.path.join(directory, name)  # noqa: PTH118 - as below, on the path of every command
        if os.access(path, os.X_OK) and os.path.isfile(path):  # noqa: PTH113
            return path
    return None


def _environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git finds in its environment; `settings` come in it, since on a command line ``=`` would end a name."""
    known = {name: value for name, value in os.environ.items() if name not in _FORGOTTEN} | _IMPOSED
    if not settings:
        return known
    said = known.get("GIT_CONFIG_COUNT", "")
    first = int(said) if said.isdecimal() else 0
    for number, (name, value) in enumerate(settings.items(), first):
        known |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return known | {"GIT_CONFIG_COUNT": str(first + len(settings))}
