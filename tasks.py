"""What may one do here? ``python3 tasks.py demo``, ``check``, ``nightly`` or ``wheel``; standard library only.

Each task makes what it needs: a virtual environment in ``.venv`` and, in it, the package. ::

    python3 tasks.py demo            see codesession at work, with a simulated provider
    python3 tasks.py check           everything a change must pass; CI runs the same
    python3 tasks.py check -k scope  the same, with arguments for pytest and without the coverage gate
    python3 tasks.py nightly         the laws with 50,000 examples each, which takes a while
    python3 tasks.py wheel           build sdist and wheel, run the tests against the installed wheel
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
IN_PARALLEL = ("-n", str(2 * (os.cpu_count() or 1)), "--dist", "worksteal")
"""Two tests for each core: they wait for other processes as long as they compute."""
BUILT = [ROOT / "src/codesession/web/static/vendor", ROOT / "tests/browser/vendor"]
"""Where a build puts what the dashboard and its tests need in a browser: see hatch_build.py."""
MANY_EXAMPLES = (
    *("tests/app/test_pushes.py", "tests/capture/providers", "tests/capture/test_framing.py"),
    *("tests/guard/test_runaway.py", "tests/ledger/test_earlier.py", "tests/ledger/test_laws.py"),
    "tests/web/api/test_schemathesis.py",
)
"""Where laws are beside what they are about."""
NOT_COPIED = ("src", ".git", ".venv", "dist", "build", "node_modules", "__pycache__", ".*_cache", ".coverage*")


class Stopped(Exception):
    """A task cannot go on; the message says what to do."""


# --- the tasks ---


def demo() -> int:
    """Show codesession at work; returns its exit status."""
    prepare(VENV)
    install(VENV, "")
    return run([program(VENV, "cs"), "demo"])


def check(pytest_arguments: Sequence[str]) -> int:
    """Run every check, all of them even when one fails; returns 0 when all passed, else 1.

    With arguments of its own pytest runs a part of the tests, so coverage is not asked for then.
    """
    prepare(VENV)
    install(VENV, "dev")
    install_browser()
    python = program(VENV, "python")
    coverage = [] if pytest_arguments else ["--cov", "--cov-report=term"]
    steps = {
        "ruff check": [python, "-m", "ruff", "check"],
        "ruff format": [python, "-m", "ruff", "format", "--check"],
        "mypy": [python, "-m", "mypy"],
        "pytest": [python, "-m", "pytest", *IN_PARALLEL, *coverage, *pytest_arguments],
    }
    # what pytest makes of each test file is kept for its workers, who would make it four times at once otherwise
    collecting = subprocess.Popen(
        [python, "-m", "pytest", "--collect-only", "-q"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    results = []
    for name, command in steps.items():
        say(f"{name} …")
        if name == "pytest":
            collecting.wait()
        began = time.monotonic()
        passed = run(command) == 0
        results.append((passed, f"{name:12} {'passed' if passed else 'FAILED'} after {time.monotonic() - began:.1f} s"))
        say(results[-1][1])
    print()
    for _, line in results:
        say(line)
    return 0 if all(passed for passed, _ in results) else 1


def nightly(pytest_arguments: Sequence[str]) -> int:
    """Run the laws with as many examples as their nightly profile says; returns 0 when all passed, else 1."""
    prepare(VENV)
    install(VENV, "dev")
    os.environ["HYPOTHESIS_PROFILE"] = "nightly"
    return run([program(VENV, "python"), "-m", "pytest", *IN_PARALLEL, "tests/laws", *MANY_EXAMPLES, *pytest_arguments])


def wheel(pytest_arguments: Sequence[str]) -> int:
    """Build sdist and wheel into ``dist/`` and run the tests against the wheel, with no ``src/`` in reach."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # as root, some tests go on as somebody else
        venv, tree = Path(directory, "venv"), Path(directory, "tree")
        prepare(venv)
        install_browser()
        python = program(venv, "python")
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        must([python, "-m", "pip", "install", "--quiet", "build"], "Installing the build command failed.")
        must([python, "-m", "build", "--outdir", str(ROOT / "dist"), str(ROOT)], "The package could not be built.")
        built = next((ROOT / "dist").glob("*.whl"))
        must([python, "-m", "pip", "install", "--quiet", f"{built}[dev]"], "The wheel could not be installed.")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
        return run([python, "-m", "pytest", *IN_PARALLEL, "tests", *pytest_arguments], directory=tree)


# --- a virtual environment and what is in it ---


def prepare(venv: Path) -> None:
    """Make the virtual environment `venv` unless a usable one is there; raises `Stopped`."""
    python = program(venv, "python")
    if Path(python).exists() and run([python, "-c", USABLE], quiet=True) == 0:
        return
    say(f"making a virtual environment in {venv} …")
    if importlib.util.find_spec("ensurepip") is None:
        install_ensurepip()
    must([sys.executable, "-m", "venv", "--clear", str(venv)], f"{sys.executable} -m venv failed; see above.")


USABLE = f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"


def install_ensurepip() -> None:
    """Debian and Ubuntu ship Python without ensurepip, which venv needs; raises `Stopped` if it cannot be added."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (is_root and shutil.which("apt-get")):
        raise Stopped(
            f"This Python cannot make virtual environments: its ensurepip is missing. On Debian and Ubuntu run "
            f"'sudo apt-get install {package}', elsewhere install Python from python.org, and try again."
        )
    say(f"installing {package} …")
    run(["apt-get", "update"], quiet=True)  # an old list may still do
    for name in (package, "python3-venv"):
        if run(["apt-get", "install", "--yes", "--no-install-recommends", name], quiet=True) == 0:
            return
    raise Stopped(f"'apt-get install {package}' failed: install it by hand and try again.")


def install(venv: Path, extra: str) -> None:
    """Install the package from here, editable, with `extra`, unless it already was and nothing it is made from changed.

    Raises `Stopped`.
    """
    made_from = [ROOT / name for name in ("pyproject.toml", "hatch_build.py", "package-lock.json")]
    fingerprint = hashlib.sha256(b"".join(path.read_bytes() for path in made_from) + str(ROOT).encode()).hexdigest()
    stamp = venv / f".installed-{extra or 'plain'}"
    is_whole = all(path.exists() for path in BUILT) or os.environ.get("CODESESSION_SKIP_UI_BUILD", "0") not in {"", "0"}
    if is_whole and any(path.exists() and path.read_text() == fingerprint for path in (stamp, venv / ".installed-dev")):
        return
    say("installing codesession" + (f" with [{extra}]" if extra else "") + " …")
    must(
        [program(venv, "python"), "-m", "pip", "install", "--quiet", "--editable", f".[{extra}]" if extra else "."],
        "pip could not install the package; see above.",
    )
    stamp.write_text(fingerprint)


def install_browser() -> None:
    """Debian's Chromium for the browser tests, where there is no browser and this may install one.

    Elsewhere these tests say how to get one, and all others run without.
    """
    if run([sys.executable, "tests/browser/finding.py"], quiet=True) == 0:
        return
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        say("installing chromium …")
        run(["apt-get", "update"], quiet=True)  # an old list may still do
        run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"], quiet=True)


def program(venv: Path, name: str) -> str:
    """The path of the program `name` of the virtual environment `venv`."""
    return str(venv / "Scripts" / f"{name}.exe") if os.name == "nt" else str(venv / "bin" / name)


# --- processes and words ---


def run(command: Sequence[str], *, directory: Path = ROOT, quiet: bool = False) -> int:
    """Run `command` in `directory`; returns its exit status."""
    sys.stdout.flush()
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=directory, stdout=sink, stderr=sink, check=False).returncode


def must(command: Sequence[str], otherwise: str) -> None:
    """Run `command`; raises `Stopped` with the sentence `otherwise` when it fails."""
    if run(command) != 0:
        raise Stopped(otherwise)


def say(line: str) -> None:
    """Print `line` as one of ours, among the output of the tools."""
    print(f"── {line}", flush=True)


def main() -> int:
    """Do the task named on the command line; returns the exit status."""
    if sys.version_info < OLDEST:  # this file is run by whatever python3 is
        print("codesession needs Python {}.{} or newer; this is {}.".format(*OLDEST, sys.version.split()[0]))
        return 1
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # Windows consoles may not know the dash
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of thousands of processes compiles everything anew
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["demo", "check", "nightly", "wheel"])
    arguments, rest = parser.parse_known_args()
    try:
        if arguments.task == "check":
            return check(rest)
        if arguments.task == "nightly":
            return nightly(rest)
        if arguments.task == "wheel":
            return wheel(rest)
        if rest:
            parser.error(f"demo takes no arguments: {' '.join(rest)}")
        return demo()
    except Stopped as stop:
        print(stop, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
