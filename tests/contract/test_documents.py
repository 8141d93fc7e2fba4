"""Has every document the keys and types that are promised, with values that fit each other?"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.place import compiled_prices, place, priced
from tests.cli.conftest import cs

from codesession import __version__
from codesession.ledger import SqliteLedger
from codesession.model import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.place import Place
    from tests.cli.conftest import Cs

__all__ = ["compiled_prices", "cs", "place", "priced"]

# --- shapes: a type, a pattern, a value, (one, another), [items of a list], {"key": of an object, "key?": or not} ---

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LENGTH = re.compile(r"\d+s|\d+m|\d+h \d+m")
HASH = re.compile(r"[0-9a-f]{7,40}")
VERSIONS = {"schemaVersion": 1, "codesessionVersion": __version__, "costhqVersion": __version__}

FILE = {
    "id": int,
    "sessionId": int,
    "filePath": str,
    "changeType": ("created", "modified", "deleted"),
    "timestamp": TIME,
}
COMMIT = {"id": int, "sessionId": int, "hash": HASH, "message": str, "timestamp": TIME}
UNRECORDED_FILE = {**FILE, "id?": int}
UNRECORDED_COMMIT = {**COMMIT, "id?": int}
for unrecorded in (UNRECORDED_FILE, UNRECORDED_COMMIT):
    del unrecorded["id"]  # what was only just seen in an active session
ANNOTATION = {"id": int, "sessionId": int, "message": str, "timestamp": TIME}
USAGE = {
    "id": int, "sessionId": int, "provider": str, "model": str, "tokens": int, "promptTokens?": int,
    "completionTokens?": int, "cost": (float, None), "agentName?": str, "durationSeconds?": (int, float),
    "timestamp": TIME, "evidence": str, "state": str, "unpriced": bool,
}  # fmt: skip
CORE = {
    "id": int, "name": str, "startTime": TIME, "workingDirectory": str, "gitRoot": (str, None), "branch": (str, None),
    "startGitHead": (HASH, None), "filesChanged": int, "commits": int, "commitsCount": int, "aiTokens": int,
    "aiCost": float, "aiCalls": int, "unpricedCalls": int, "estimatedCalls": int, "notes": (str, None),
}  # fmt: skip
ACTIVE = {**CORE, "status": "active", "endTime": None, "duration": None, "durationFormatted": None}
ENDED = {**CORE, "status": "completed", "endTime": TIME, "duration": int, "durationFormatted": LENGTH}
INSIDE = {"aiUsage": [USAGE], "annotations": [ANNOTATION]}
WHOLE = {**ENDED, **INSIDE, "files": [FILE], "commits": [COMMIT]}
STARTED = {"id": int, "name": str, "status": "active", "directory": str, "gitRoot": str, "branch": str}

SHAPES: dict[str, Any] = {
    "start": {**VERSIONS, **STARTED},
    "resume": {**VERSIONS, **STARTED, "resumed": True},
    "note": {**VERSIONS, **ANNOTATION},
    "log-ai": {
        **VERSIONS,
        "logged": {
            "provider": str, "model": str, "tokens": int, "promptTokens": int, "completionTokens": int, "cost": float,
            "agentName": str,
        },
        "pricing": {"source": "built-in", "modelKnown": True, "inputPer1M": 3.0, "outputPer1M": 15.0},
        "session": {"id": int, "aiCost": float, "aiTokens": int},
    },
    "log-ai total": {
        **VERSIONS,
        "logged": {"provider": str, "model": str, "tokens": int, "cost": float},
        "pricing": {"source": "built-in", "modelKnown": True, "inputPer1M": float, "outputPer1M": float,
                    "durationSeconds": int, "estimated": True},
        "session": {"id": int, "aiCost": float, "aiTokens": int},
    },
    "log-ai manual": {
        **VERSIONS,
        "logged": {"provider": str, "model": str, "tokens": int, "cost": 0.0},
        "pricing": {"source": "manual", "modelKnown": False, "inputPer1M": None, "outputPer1M": None},
        "session": {"id": int, "aiCost": float, "aiTokens": int},
    },
    "log-ai custom": {
        **VERSIONS,
        "logged": {"provider": str, "model": str, "tokens": int, "cost": 0.005},
        "pricing": {"source": "custom", "modelKnown": True, "inputPer1M": 5.0, "outputPer1M": 15.0},
        "session": {"id": int, "aiCost": float, "aiTokens": int},
    },
    "status": {**VERSIONS, **ACTIVE, **INSIDE, "liveDuration": int, "liveDurationFormatted": LENGTH},
    "show active": {
        **VERSIONS, **ACTIVE, **INSIDE, "files": [UNRECORDED_FILE], "commits": [UNRECORDED_COMMIT],
    },
    "end": {**VERSIONS, **WHOLE},
    "show": {**VERSIONS, **ENDED, **INSIDE},
    "show all": {**VERSIONS, **WHOLE},
    "list": [{**VERSIONS, **CORE}],
    "stats": {
        **VERSIONS, "totalSessions": int, "totalTime": int, "totalTimeFormatted": LENGTH, "totalFiles": int,
        "totalCommits": int, "totalTokens": int, "totalAICost": float, "avgSessionTime": int,
        "avgSessionFormatted": LENGTH,
    },
    "recover": {**VERSIONS, "recovered": 1, "sessions": [{"id": int, "name": "Left open", "startTime": TIME}]},
    "export": [{**VERSIONS, **WHOLE, "startGitHead": (HASH, None), "status": str}],
    "pricing list": {**VERSIONS, "models": {"my-model": {"input": 5.0, "output": 15.0},
                                            "claude-sonnet-4": {"input": 3.0, "output": 15.0}}},
    "pricing set": {**VERSIONS, "key": "azure/gpt-4o", "input": 3.0, "output": 12.0, "path": str},
    "pricing reset": {**VERSIONS, "reset": True, "removed": 2},
    "overview": {**VERSIONS, "active": None, "next": [{"command": str, "purpose": str}]},
}  # fmt: skip


def misfits(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Where a value is not of a shape."""
    match shape:
        case dict():
            for key, kind in shape.items():
                name = key.removesuffix("?")
                if isinstance(value, dict) and name in value:
                    yield from misfits(value[name], kind, f"{where}.{name}")
                elif name == key:
                    yield f"{where}.{name} is missing"
        case [kind]:
            if not isinstance(value, list) or not value:
                yield f"{where} is {value!r}, not a list with something in it"
            else:
                yield from (wrong for at, item in enumerate(value) for wrong in misfits(item, kind, f"{where}[{at}]"))
        case (*kinds,):
            if not any(is_a(value, kind) for kind in kinds):
                yield f"{where} is {value!r}, none of {kinds}"
        case _ if not is_a(value, shape):
            yield f"{where} is {value!r}, not {shape!r}"


def is_a(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, like a pattern, or exactly another; numbers count things, from 0."""
    if isinstance(kind, re.Pattern):
        return isinstance(value, str) and kind.fullmatch(value) is not None
    if isinstance(kind, type):
        counts = not isinstance(value, int | float) or (value >= 0 and round(value, 10) == value)
        return type(value) is kind and counts
    return type(value) is type(kind) and bool(value == kind)


# --- a story in which everything happens ---


@pytest.fixture
def documents(place: Place, priced: None, cs: Cs) -> dict[str, Any]:
    """One document of every kind, of two sessions: one left open elsewhere, and one with everything in it."""
    del priced
    with closing(SqliteLedger(place.database)) as ledger, ledger.writing() as tx:
        tx.begin_session(Scope(str(place.home)), "Left open", 1_772_461_811_042)
    story: dict[str, Any] = {}

    def ask(name: str, *words: str) -> None:
        story[name] = cs(*words, "--json").json() if name != "export" else json.loads(cs(*words, "--json").out)

    place.write("old.txt", "changed before\n")
    ask("start", "start", "Fix authentication bug", "--close-stale")
    ask("resume", "start", "Fix authentication bug", "--resume")
    ask("note", "note", "analyzing auth flow")
    cs("note", "tests passing")
    split = ("--prompt-tokens", "8000", "--completion-tokens", "2000")
    ask("log-ai", "log-ai", "-p", "anthropic", "-m", "claude-sonnet-4", *split, "--agent", "Code Review Bot")
    ask("log-ai total", "log-ai", "-p", "openai", "-m", "gpt-4o", "-t", "15000", "--duration", "2m30s")
    ask("log-ai manual", "log-ai", "-p", "acme", "-m", "mystery", "-t", "7", "-c", "0")
    ask("pricing set", "pricing", "set", "gpt-4o", "3.00", "12.00", "--provider", "azure")
    cs("pricing", "set", "my-model", "5.00", "15.00")
    ask("pricing list", "pricing", "list")
    ask("log-ai custom", "log-ai", "-p", "acme", "-m", "my-model", "--prompt-tokens", "1000")
    cs("log-ai", "-p", "acme", "-m", "m", "-t", "1", "-c", "0.000000001", "--agent", "Test Writer")
    cs("log-ai", "-p", "acme", "-m", "m", "-t", "1", "-c", "0.1", "--agent", "Test Writer")
    ask("pricing reset", "pricing", "reset")
    place.write("src.ts", "a source\n")
    place.commit("fix: payment processing null check")
    place.write("retry.ts", "another source\n")
    place.git("rm", "--quiet", "old.txt")
    place.commit("feat: add exponential backoff retry")
    place.write("loose.txt")
    ask("status", "status")
    ask("show active", "show", "--files", "--commits")
    ask("end", "end", "-n", "Fixed the auth bug")
    ask("show", "show")
    ask("show all", "show", "2", "--files", "--commits")
    ask("recover", "recover", "--max-age", "12")
    for name in ("list", "stats", "export"):
        ask(name, name)
    ask("overview")
    story["csv"] = list(csv.DictReader(io.StringIO(cs("export", "--format", "csv").out)))
    return story


def test_every_document_has_the_keys_and_types_that_are_promised(documents: dict[str, Any]) -> None:
    assert documents.keys() - {"csv"} == SHAPES.keys()
    shapes = {**SHAPES, "export": SHAPES["export"][0], "list": SHAPES["list"][0]}
    full = {**documents, "export": documents["export"][0], "list": documents["list"][0]}
    assert [wrong for name, shape in shapes.items() for wrong in misfits(full[name], shape, name)] == []
    for name in ("list", "export"):
        left_open = {**VERSIONS, **ENDED, "notes": "[auto-recovered: stale session]", "gitRoot": None}
        del left_open["commits"]
        assert list(misfits(documents[name][1], left_open, name)) == []


def test_what_shares_a_name_is_told_apart(documents: dict[str, Any]) -> None:
    for name in ("show", "status"):
        assert (documents[name]["commits"], documents[name]["commitsCount"]) == (2, 2)
        assert "files" not in documents[name]
    for name in ("end", "show all", "show active"):
        subjects = [commit["message"] for commit in documents[name]["commits"]]
        assert sorted(subjects) == ["feat: add exponential backoff retry", "fix: payment processing null check"]
        assert documents[name]["commitsCount"] == 2
        changes = {file["filePath"]: file["changeType"] for file in documents[name]["files"]}
        assert changes == {"src.ts": "created", "retry.ts": "created", "loose.txt": "created", "old.txt": "deleted"}
        assert [remark["message"] for remark in documents[name]["annotations"]] == [
            "analyzing auth flow",
            "tests passing",
        ]
    assert [documents[name]["notes"] for name in ("status", "end", "show")] == [None, *["Fixed the auth bug"] * 2]
    assert documents["end"] == documents["show all"]
    assert documents["end"] == documents["export"][0]
    assert not {"aiUsage", "annotations", "files"} & documents["list"][0].keys()
    assert documents["pricing list"]["models"]["azure/gpt-4o"]["output"] == 12.0


def test_totals_are_the_sums_of_their_rows(documents: dict[str, Any]) -> None:
    rows = documents["end"]["aiUsage"]
    cost, tokens = round(sum(row["cost"] for row in rows), 10), sum(row["tokens"] for row in rows)
    assert (cost, tokens) == (0.054 + 0.07125 + 0.005 + 0.1 + 1e-9, 10_000 + 15_000 + 7 + 1000 + 2)
    for name in ("end", "show", "status", "show active"):
        assert (documents[name]["aiCost"], documents[name]["aiTokens"], documents[name]["aiCalls"]) == (cost, tokens, 6)
    assert (documents["list"][0]["aiCost"], documents["export"][0]["aiCost"]) == (cost, cost)
    logged = [documents[name] for name in ("log-ai", "log-ai total", "log-ai manual", "log-ai custom")]
    for at, entry in enumerate(logged, 1):
        assert entry["session"]["aiCost"] == round(sum(row["logged"]["cost"] for row in logged[:at]), 10)
        assert entry["session"]["aiTokens"] == sum(row["logged"]["tokens"] for row in logged[:at])
        usage = rows[at - 1]
        assert entry["logged"] == {key: usage[key] for key in entry["logged"]}

    stats, listed = documents["stats"], documents["list"]
    assert stats["totalSessions"] == len(listed) == 2
    sums = {"totalTime": "duration", "totalFiles": "filesChanged", "totalCommits": "commits", "totalTokens": "aiTokens"}
    assert {key: stats[key] for key in sums} == {key: sum(row[of] for row in listed) for key, of in sums.items()}
    assert stats["totalAICost"] == round(sum(row["aiCost"] for row in listed), 10)
    assert stats["avgSessionTime"] == round(stats["totalTime"] / 2)
    for row in listed:
        took = datetime.fromisoformat(row["endTime"]) - datetime.fromisoformat(row["startTime"])
        assert row["duration"] == int(took.total_seconds())

    (first, _) = documents["csv"]
    assert (float(first["aiCost"]), int(first["aiTokens"]), first["agents"]) == (
        cost,
        tokens,
        "Code Review Bot; Test Writer",
    )
    assert (first["commits"], first["filesChanged"], first["startTime"]) == ("2", "4", documents["end"]["startTime"])


@pytest.mark.usefixtures("priced")
def test_the_codes_that_frameworks_know_come_with_their_facts(place: Place, cs: Cs) -> None:
    def error(*words: str) -> dict[str, Any]:
        return cs(*words, "--json").error()

    assert error("status")["code"] == error("end")["code"] == error("note", "x")["code"] == "no_active_session"
    cs("start", "first", "--json")
    active = error("start", "second")
    assert (active["code"], active["id"], active["activeSession"]) == ("session_active", 1, "first")
    assert "cs end" in active["hint"]
    for words in (["show", "9"], ["end", "-s", "9"], ["status", "-s", "9"], ["note", "x", "-s", "9"]):
        assert {"code": "session_not_found", "id": 9}.items() <= error(*words).items()
    assert error("log-ai", "-p", "openai", "-m", "gpt-4o")["code"] == "missing_tokens"
    unknown = error("log-ai", "-p", "acme", "-m", "mystery", "-t", "5")
    assert (unknown["code"], unknown["provider"], unknown["model"]) == ("unknown_model", "acme", "mystery")
    place.outside()
    assert error("log-ai", "-p", "openai", "-m", "gpt-4o", "-t", "5")["code"] == "no_active_session"
