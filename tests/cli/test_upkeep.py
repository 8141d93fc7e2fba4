"""Do ``doctor``, ``backup`` and ``reset`` answer people and programs, and never delete what nobody agreed to?"""

from __future__ import annotations

import io
import os
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_sessions import spend
from tests.ledger.test_condition import flipped
from tests.ledger.test_opening import POSIX

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def worked(place: Place, cs: Cs) -> None:
    """A session with three calls that has ended."""
    cs("start", "Fix the login", "--json")
    spend(place, 1)
    cs("end", "--json")
    place.database.parent.chmod(0o700)


def sessions(place: Place) -> int:
    with closing(SqliteLedger(place.database)) as ledger:
        return ledger.contents().sessions


# --- doctor ---


@pytest.mark.usefixtures("priced", "worked")
def test_doctor_finds_nothing_wrong_with_a_ledger_that_was_only_used(cs: Cs) -> None:
    told = cs("doctor", "--json").json()
    assert told["ok"] is True
    assert told["schemaVersion"] == 1
    assert told["codesessionVersion"] == told["costhqVersion"]
    assert all({"topic", "status", "text", "advice"} <= finding.keys() for finding in told["findings"])
    human = cs("doctor")
    assert (human.status, human.err) == (0, "")
    assert "whole: 1 session, 3 calls" in human.out


@pytest.mark.usefixtures("priced", "worked")
def test_doctor_exits_1_when_prompts_go_to_a_stranger(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://evil.example")
    answer = cs("doctor")
    assert answer.status == 1
    assert "WRONG    addresses" in answer.out
    assert "evil.example" in answer.out.splitlines()[-4]
    answer = cs("doctor", "--json")
    assert answer.status == 1
    assert answer.json()["ok"] is False


@pytest.mark.usefixtures("priced", "worked")
def test_doctor_mends_sums_only_when_asked(place: Place, cs: Cs) -> None:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as connection:
        connection.execute("UPDATE session_model SET cost_nanos = 7")
    assert cs("doctor", "--json").status == 1
    answer = cs("doctor", "--fix")
    assert answer.status == 0
    assert "sums were made anew from the calls" in answer.out
    assert cs("doctor", "--json").status == 0


@pytest.mark.usefixtures("priced", "worked")
def test_doctor_survives_what_stops_every_other_command(place: Place, cs: Cs) -> None:
    flipped(place.database)
    (place.database.parent / "config.toml").write_text("[[[")
    before = place.database.read_bytes()
    told = cs("doctor", "--json", "--fix").json()
    assert [finding["topic"] for finding in told["findings"] if finding["status"] == "wrong"] == ["config", "ledger"]
    assert place.database.read_bytes() == before


@POSIX
@pytest.mark.usefixtures("priced")
def test_doctor_works_in_a_directory_that_has_been_deleted(place: Place, cs: Cs) -> None:
    on_the_path = place.outside("bin") / "cs"
    on_the_path.touch(0o755)
    place.monkeypatch.setenv("PATH", str(on_the_path.parent), prepend=os.pathsep)
    place.monkeypatch.setattr(sys, "argv", ["cs"])
    place.outside("gone").rmdir()
    answer = cs("doctor", "--json")
    assert answer.status == 0
    assert f"cs on the PATH is another one: {on_the_path}" in answer.out


# --- backup ---


@pytest.mark.usefixtures("worked")
def test_a_backup_can_be_used_as_a_ledger(place: Place, cs: Cs) -> None:
    told = cs("backup", "kept.db", "--json").json()
    file = place.repo / "kept.db"
    assert {name: told[name] for name in ("path", "bytes", "sessions", "calls")} == {
        "path": str(file),
        "bytes": file.stat().st_size,
        "sessions": 1,
        "calls": 3,
    }
    listed = cs("list", "--json").json()
    place.monkeypatch.setenv("CODESESSION_DB_PATH", str(file))
    assert cs("list", "--json").json() == listed


@pytest.mark.usefixtures("worked")
def test_a_backup_into_this_directory_gets_a_name_of_its_own(place: Place, cs: Cs) -> None:
    for here in (".", "./"):
        told = cs("backup", here, "--force", "--json").json()
        assert told["path"].startswith(str(place.repo / "sessions-"))


@pytest.mark.usefixtures("worked")
def test_a_backup_overwrites_only_by_force(place: Place, cs: Cs) -> None:
    assert cs("backup", "kept.db").out == f"1 session and 3 calls are copied to {place.repo / 'kept.db'}\n"
    assert "add --force to replace it" in cs("backup", "kept.db").sentence()
    error = cs("backup", "kept.db", "--json").error()
    assert (error["code"], error["path"]) == ("invalid_input", str(place.repo / "kept.db"))
    assert cs("backup", "kept.db", "--force").status == 0


@pytest.mark.usefixtures("worked")
def test_a_damaged_ledger_is_not_backed_up(place: Place, cs: Cs) -> None:
    flipped(place.database)
    assert cs("backup", "kept.db", "--json").error()["code"] == "database_error"
    assert not (place.repo / "kept.db").exists()


# --- reset ---


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize("word", [(), ("--json",)], ids=["human", "json"])
def test_a_reset_nobody_can_agree_to_is_refused(place: Place, cs: Cs, word: tuple[str, ...]) -> None:
    if word:
        place.monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
        assert "add --yes" in cs("reset", *word).error()["message"]
    else:
        place.monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
        assert "add --yes" in cs("reset").sentence()
    assert sessions(place) == 1


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize("typed", ["n\n", "\n", "no\n"])
def test_a_reset_that_is_declined_changes_nothing(place: Place, cs: Cs, typed: str) -> None:
    place.monkeypatch.setattr(sys, "stdin", Terminal(typed))
    answer = cs("reset")
    assert answer.status == 1
    assert "Nothing was deleted." in answer.err
    assert sessions(place) == 1
    assert not list(place.database.parent.glob("sessions-before-reset-*"))


@pytest.mark.usefixtures("worked")
def test_a_reset_names_what_goes_and_where_it_is_kept(place: Place, cs: Cs) -> None:
    place.monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    answer = cs("reset")
    assert answer.status == 0
    assert "Delete 1 session, 3 calls (1 unpriced), $0.01? [y/N]" in answer.err
    (kept,) = place.database.parent.glob("sessions-before-reset-*.db")
    assert answer.out.endswith(f"Deleted 1 session, 3 calls (1 unpriced), $0.01. All of it is still in {kept}\n")
    assert sessions(place) == 0


@pytest.mark.usefixtures("worked")
def test_a_reset_as_a_document(place: Place, cs: Cs) -> None:
    told = cs("reset", "--yes", "--no-backup", "--json").json()
    assert (told["reset"], told["backup"]) == (True, None)
    counts = {"sessions": 1, "calls": 3, "files": 0, "commits": 0, "annotations": 1}
    assert told["deleted"] == counts | {"budgets": 0, "mandates": 0}
    assert not list(place.database.parent.glob("sessions-before-reset-*"))
    assert cs("start", "anew", "--json").json()["id"] == 1
    assert str(cs("reset", "--yes", "--json").json()["backup"]).startswith(str(place.database.parent))


@pytest.mark.usefixtures("worked")
def test_a_damaged_ledger_is_not_reset(place: Place, cs: Cs) -> None:
    flipped(place.database)
    before = place.database.read_bytes()
    error = cs("reset", "--yes", "--json").error()
    assert error["code"] == "database_error"
    assert "move it away" in error["message"]
    assert place.database.read_bytes() == before
