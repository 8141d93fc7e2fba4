"""Does everything leave the ledger, in the two forms that are promised?"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs

HEADER = "id,name,status,startTime,endTime,duration,filesChanged,commits,aiTokens,aiCost,agents,notes"
NOTES = 'two\nlines, "quoted"'


@pytest.fixture
def filled(place: Place, priced: None, cs: Cs) -> None:
    del priced
    cs("start", "first, with a comma", "--json")
    for agent in ("b", "a", "b"):
        cs("log-ai", "-p", "p", "-m", "m", "-t", "5", "-c", "0.1", "--agent", agent, "--json")
    cs("note", "half way", "--json")
    place.write("new.txt")
    place.commit("Made it")
    cs("end", "-n", NOTES, "--json")
    cs("start", "second", "--json")


@pytest.mark.usefixtures("filled")
def test_json_is_a_bare_array_of_whole_sessions(cs: Cs) -> None:
    told = cs("export")
    second, first = json.loads(told.out)
    assert (second["name"], second["status"], second["endTime"]) == ("second", "active", None)
    assert (first["name"], first["notes"], first["aiTokens"]) == ("first, with a comma", NOTES, 15)
    assert [call["agentName"] for call in first["aiUsage"]] == ["b", "a", "b"]
    assert [file["filePath"] for file in first["files"]] == ["new.txt"]
    assert [commit["message"] for commit in first["commits"]] == ["Made it"]
    assert [remark["message"] for remark in first["annotations"]] == ["half way"]
    assert len(first["startGitHead"]) == 40
    assert first["schemaVersion"] == 1
    assert cs("export", "--json").out == told.out == cs("export", "-f", "json").out
    assert [session["name"] for session in json.loads(cs("export", "--limit", "1").out)] == ["second"]


@pytest.mark.usefixtures("filled")
def test_csv_has_a_line_for_each_session_quoted_as_rfc_4180_says(cs: Cs) -> None:
    told = cs("export", "-f", "csv").out
    assert told.splitlines()[0] == HEADER
    second, first = csv.DictReader(io.StringIO(told))
    assert (first["name"], first["notes"], first["agents"]) == ("first, with a comma", NOTES, "a; b")
    assert (first["aiTokens"], first["aiCost"], first["filesChanged"], first["commits"]) == ("15", "0.3", "1", "1")
    assert (second["status"], second["endTime"], second["duration"], second["notes"]) == ("active", "", "", "")
    wrapped = cs("export", "--format", "csv", "--json").json()
    assert (wrapped["format"], wrapped["content"]) == ("csv", told)
    assert len(cs("export", "-f", "csv", "-l", "1").out.splitlines()) == 2


def test_an_empty_ledger_is_an_empty_export(cs: Cs) -> None:
    assert cs("export").out == "[]\n"
    assert cs("export", "-f", "csv").out == HEADER + "\n"


@pytest.mark.parametrize("words", [["-f", "xml"], ["-l", "0"], ["-l", "many"], ["extra"]])
def test_what_cannot_be_exported_is_said(cs: Cs, words: list[str]) -> None:
    assert cs("export", *words, "--json").error()["code"] == "invalid_input"
