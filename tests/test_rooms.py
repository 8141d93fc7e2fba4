"""Do the rooms keep to themselves? DESIGN's import table, and what else holds for the package as a whole."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import codesession

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(codesession.__file__).parent

VOCABULARY = frozenset({"model", "errors", "lazily"})
DOORS = frozenset({"cli", "web", "mcp"})
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "lazily": frozenset(),
    "model": frozenset({"errors", "lazily"}),
    "config": VOCABULARY,
    "capture": VOCABULARY,
    "meter": VOCABULARY,
    "guard": VOCABULARY,
    "ledger": VOCABULARY,
    "workspace": VOCABULARY,
    "demo": VOCABULARY,
    "gate": VOCABULARY | {"meter", "guard", "ledger"},
    "report": VOCABULARY | {"ledger"},
    "app": VOCABULARY | {"config", "capture", "meter", "guard", "ledger", "workspace", "demo", "gate"},
    **dict.fromkeys(DOORS, VOCABULARY | {"app", "report", "config"}),
    "cli": VOCABULARY | {"app", "report", "config", "web"},  # which it starts
    "__init__": VOCABULARY | {"app"},  # the public names
    "__main__": frozenset({"cli"}),
}
STANDARD_LIBRARY_ONLY = frozenset({"errors", "lazily", "model"})
MAY_READ_VERSION = MAY_IMPORT.keys() - STANDARD_LIBRARY_ONLY

# Upper case and at the start, as our own statements are written; "DELETE" alone is an HTTP method.
SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE\s+FROM|PRAGMA)\s")


def room_of(file: Path, package: Path) -> str:
    """The first name below the package: a folder, or a file that is a room of its own."""
    return file.relative_to(package).with_suffix("").parts[0]


def imported_modules(file: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything `file` imports, wherever in it; names imported from a module included."""
    here = ("codesession", *file.relative_to(package).parent.parts)
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield node.lineno, alias.name
            case ast.ImportFrom(module=module, names=names, level=level):
                base = [*here[: len(here) - level + 1]] if level else []
                for alias in names:
                    yield node.lineno, ".".join([*base, *([module] if module else []), alias.name])
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def wrong_imports(package: Path) -> list[str]:
    """Every import that the table does not allow, as ``file:line: reason``."""
    wrong = []
    for file in sorted(package.rglob("*.py")):
        room, shown = room_of(file, package), file.relative_to(package).as_posix()
        if room not in MAY_IMPORT:
            wrong.append(f"{shown}:1: is in no room of the table")
            continue
        for line, name in imported_modules(file, package):
            first, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if first != "codesession":
                if room in STANDARD_LIBRARY_ONLY and first not in sys.stdlib_module_names:
                    wrong.append(f"{shown}:{line}: {room} is standard library only, and imports {name}")
            elif target == "__version__":
                if room not in MAY_READ_VERSION:
                    wrong.append(f"{shown}:{line}: {room} may not import {name}")
            elif target != room and target not in MAY_IMPORT[room]:
                wrong.append(f"{shown}:{line}: {room} may not import {name}")
    return wrong


def sql_outside_ledger(package: Path) -> list[str]:
    """Every string outside ``ledger/`` that starts like an SQL statement, as ``file:line: string``."""
    return [
        f"{file.relative_to(package).as_posix()}:{node.lineno}: {node.value.strip()[:40]!r}"
        for file in sorted(package.rglob("*.py"))
        if room_of(file, package) != "ledger"
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]


# --- the package ---


def test_every_import_is_allowed_by_the_table() -> None:
    assert wrong_imports(PACKAGE) == []


def test_sql_is_only_in_the_ledger() -> None:
    assert sql_outside_ledger(PACKAGE) == []


def test_no_room_offers_what_it_does_not_have() -> None:
    missing = []
    for file in sorted(PACKAGE.rglob("__init__.py")):
        name = ".".join(("codesession", *file.parent.relative_to(PACKAGE).parts))
        module = importlib.import_module(name)
        offered = getattr(module, "__all__", [])
        missing += [f"{name}.{word}" for word in offered if not hasattr(module, word)]
        assert len(set(offered)) == len(offered), f"{name} offers a name twice"
    assert missing == []


def test_importing_codesession_opens_no_file() -> None:
    program = """
import json, sys

events = []
watching = False

def watch(event, arguments):
    if not watching:
        return
    if event == "open" and str(arguments[0]).endswith((".py", ".pyc")):
        return
    if event == "open" or event.startswith(("socket.", "sqlite3.", "subprocess.")):
        events.append([event, str(arguments[:1])])

sys.addaudithook(watch)
before = set(sys.modules)
watching = True
import codesession
watching = False
print(json.dumps({"events": events, "modules": sorted(set(sys.modules) - before)}))
"""
    # Without the variables that make coverage, which does open files, start in every process.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_"))}
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], env=environment, capture_output=True, check=True, text=True
    )
    answer = json.loads(done.stdout)
    assert "codesession" in answer["modules"]
    assert answer["events"] == []
    assert {"sqlite3", "socket", "asyncio"}.isdisjoint(answer["modules"])


# --- the checks themselves ---


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in (
        "__init__.py",
        "errors.py",
        "model/__init__.py",
        "ledger/sqlite.py",
        "meter/pricing.py",
        "cli/budget.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text('"""A file without imports."""\n')
    return tmp_path


def test_a_package_that_keeps_to_the_table_passes(package: Path) -> None:
    (package / "meter" / "pricing.py").write_text(
        "import msgspec\nfrom codesession.model.usage import Usage\nfrom codesession.meter import names\n"
        "from codesession import __version__\nfrom . import catalogue\nfrom ..errors import InvalidInput\n"
    )
    (package / "__main__.py").write_text("from codesession.cli import main\n")
    assert wrong_imports(package) == []


@pytest.mark.parametrize(
    ("file", "text", "line", "target"),
    [
        pytest.param("meter/pricing.py", "import codesession.ledger", 1, "codesession.ledger", id="plain"),
        pytest.param(
            "meter/pricing.py", "\nfrom codesession import ledger", 2, "codesession.ledger", id="from-package"
        ),
        pytest.param(
            "meter/pricing.py", "from codesession.gate import Gate", 1, "codesession.gate.Gate", id="file-room"
        ),
        pytest.param("meter/pricing.py", "from ..ledger import sqlite", 1, "codesession.ledger.sqlite", id="relative"),
        pytest.param("meter/pricing.py", "from .. import cli as c", 1, "codesession.cli", id="relative-package"),
        pytest.param("meter/pricing.py", "import codesession", 1, "codesession", id="the-whole-package"),
        pytest.param("meter/pricing.py", "from codesession import Usage", 1, "codesession.Usage", id="a-public-name"),
        pytest.param(
            "meter/pricing.py", "def f():\n    import codesession.capture.sse", 2, "codesession.capture.sse", id="lazy"
        ),
        pytest.param(
            "meter/pricing.py",
            "if TYPE_CHECKING:\n    from codesession.report import Day",
            2,
            "codesession.report.Day",
            id="types-only",
        ),
        pytest.param(
            "cli/budget.py", "importlib.import_module('codesession.mcp')", 1, "codesession.mcp", id="by-its-name"
        ),
        pytest.param("cli/budget.py", "from codesession.ledger import open", 1, "codesession.ledger.open", id="a-door"),
        pytest.param("errors.py", "from codesession.model import Usage", 1, "codesession.model.Usage", id="upwards"),
        pytest.param("errors.py", "from codesession import __version__", 1, "codesession.__version__", id="version"),
    ],
)
def test_a_planted_wrong_import_is_found(package: Path, file: str, text: str, line: int, target: str) -> None:
    (package / file).write_text(text)
    room = Path(file).with_suffix("").parts[0]
    assert wrong_imports(package) == [f"{file}:{line}: {room} may not import {target}"]


def test_the_vocabulary_uses_only_the_standard_library(package: Path) -> None:
    (package / "model" / "__init__.py").write_text("import json\nimport msgspec\n")
    assert wrong_imports(package) == ["model/__init__.py:2: model is standard library only, and imports msgspec"]


def test_a_file_outside_every_room_is_found(package: Path) -> None:
    (package / "helpers.py").touch()
    assert wrong_imports(package) == ["helpers.py:1: is in no room of the table"]


@pytest.mark.parametrize(
    "statement",
    ["SELECT 1", "\\n  INSERT INTO calls", "UPDATE calls SET x = 1", "DELETE FROM calls", "PRAGMA user_version"],
)
def test_planted_sql_is_found_outside_the_ledger_only(package: Path, statement: str) -> None:
    (package / "ledger" / "sqlite.py").write_text(f'QUESTION = "{statement}"\n')
    assert sql_outside_ledger(package) == []
    (package / "cli" / "budget.py").write_text(f'def f(n):\n    return f"{statement} {{n}}"\n')
    assert [found.split(" ")[0] for found in sql_outside_ledger(package)] == ["cli/budget.py:2:"]


def test_an_http_method_and_a_sentence_are_no_sql(package: Path) -> None:
    (package / "cli" / "budget.py").write_text('"""Update what is selected."""\nMETHODS = ("DELETE", "SELECTED")\n')
    assert sql_outside_ledger(package) == []
