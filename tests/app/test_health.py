"""Does an examination tell everything that matters, and stop at nothing?"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.ledger.test_condition import flipped
from tests.ledger.test_opening import POSIX

from codesession import __version__
from codesession.app import examine
from codesession.app.sessions import start_session

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app.findings import Finding

pytestmark = pytest.mark.usefixtures("priced")


def examined(place: Place, program: Path = Path("/nowhere/cs"), /, **environ: str) -> list[Finding]:
    return examine(place.now_ms, place.repo, program, {**os.environ, **environ})


def about(topic: str, place: Place, **environ: str) -> list[Finding]:
    return [finding for finding in examined(place, **environ) if finding.topic == topic]


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.status != "ok"]


def fact(name: str, findings: list[Finding]) -> Any:
    (found,) = [finding.facts[name] for finding in findings if name in finding.facts]
    return found


def make_program(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\nexit 9\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def in_order(place: Place) -> Place:
    """A user of `cs` who has nothing to worry about."""
    start_session(place.app(), "work")
    place.database.parent.chmod(0o700)
    return place


def test_a_place_in_order_has_nothing_wrong_and_every_topic(in_order: Place) -> None:
    cs = make_program(in_order.home / "bin" / "cs")
    path = f"{cs.parent}{os.pathsep}{os.environ['PATH']}"
    found = examined(in_order, cs, PATH=path)
    assert bad(found) == []
    topics = ["installed", "data", "config", "addresses", "ledger", "clock", "git", "prices"]
    assert list(dict.fromkeys(finding.topic for finding in found)) == topics
    json.dumps([dict(finding.facts) for finding in found], allow_nan=False)


def test_an_examination_of_a_fresh_home_makes_no_ledger(place: Place) -> None:
    assert [finding.status for finding in about("ledger", place)] == ["ok"]
    assert not place.database.exists()


# --- what is installed ---


def test_versions_and_agents_are_facts_and_no_agent_is_run(place: Place) -> None:
    tools = place.home / "bin"
    for name in ("claude", "aider", "cs"):
        make_program(tools / name)
    found = about("installed", place, PATH=str(tools))
    assert fact("codesession", found) == __version__
    assert fact("python", found) == ".".join(map(str, sys.version_info[:3]))
    assert fact("sqlite", found)
    assert fact("agents", found) == ["claude", "aider"]


@POSIX
def test_our_own_program_is_known_through_a_link(place: Place) -> None:
    real = make_program(place.home / "venv" / "bin" / "cs")
    (place.home / "bin").mkdir()
    (place.home / "bin" / "cs").symlink_to(real)
    found = examined(place, real, PATH=str(place.home / "bin"))
    assert any("on the PATH is this one" in finding.text for finding in found)


def test_another_program_of_our_name_is_a_warning(place: Place) -> None:
    other = make_program(place.home / "bin" / "cs")
    (found,) = bad(about("installed", place, PATH=str(other.parent)))
    assert (found.status, found.text) == ("warning", f"cs on the PATH is another one: {other}")


def test_a_path_without_cs_is_a_warning(place: Place) -> None:
    (found,) = bad(about("installed", place, PATH=""))
    assert (found.status, found.text) == ("warning", "no cs is on the PATH")


# --- where data is ---


@pytest.mark.parametrize(
    ("environ", "decided"),
    [
        ({}, None),
        ({"COSTHQ_DATA_DIR": "c"}, "COSTHQ_DATA_DIR"),
        ({"CODESESSION_DB_PATH": "l.db"}, "CODESESSION_DB_PATH"),
    ],
    ids=["default", "directory", "file"],
)
def test_where_the_ledger_is_and_what_decided_that(
    in_order: Place, compiled_prices: Path, environ: dict[str, str], decided: str | None
) -> None:
    shutil.copytree(compiled_prices, in_order.repo / "c" / "prices", copy_function=os.link)
    found = about("data", in_order, **environ)
    assert fact("decidedBy", found) == decided
    assert fact("bytes", found) == (None if decided else in_order.database.stat().st_size)


def test_a_full_disk_is_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=99_000_000))
    (found,) = [finding for finding in about("data", place) if "free" in finding.facts]
    assert (found.status, found.text) == ("warning", "only 99 MB are free on the disk of the ledger")


@POSIX
def test_a_data_directory_that_others_may_look_into_is_a_warning(in_order: Place) -> None:
    in_order.database.parent.chmod(0o755)
    (found,) = bad(about("data", in_order))
    assert (found.status, found.advice) == ("warning", f"chmod 700 {in_order.database.parent}")


@pytest.mark.parametrize("text", ["durability = ", 'durability = "very"', "[proxy]\nidle_timeout = -1"])
def test_a_broken_config_is_wrong_and_the_rest_is_still_examined(in_order: Place, text: str) -> None:
    (in_order.database.parent / "config.toml").write_text(text)
    found = examined(in_order)
    broken = found[0]
    assert (broken.topic, broken.status) == ("config", "wrong")
    assert "config.toml" in broken.text
    assert any(finding.text.startswith("whole: 1 session") for finding in found)


def test_a_place_that_leads_nowhere_is_wrong_and_the_rest_is_still_examined(place: Place) -> None:
    found = examined(place, CODESESSION_DB_PATH="~nobody-of-that-name/l.db")
    assert "leads nowhere" in found[0].text
    assert {finding.topic for finding in found} >= {"git", "prices", "clock"}


def test_a_damaged_ledger_is_wrong_and_the_rest_is_still_examined(in_order: Place) -> None:
    in_order.close()
    flipped(in_order.database)
    before = in_order.database.read_bytes()
    found = examined(in_order)
    assert [finding.topic for finding in found if finding.status == "wrong"] == ["ledger"]
    assert {finding.topic for finding in found} >= {"clock", "git", "prices"}
    assert in_order.database.read_bytes() == before


def test_what_cannot_even_be_looked_at_is_wrong_and_the_rest_is_still_examined(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "disk_usage", refused)
    found = examined(place)
    assert [(finding.topic, finding.status) for finding in bad(found) if finding.status == "wrong"] == [
        ("data", "wrong")
    ]
    assert {finding.topic for finding in found} >= {"clock", "git", "prices"}


# --- clock, git, prices ---


def test_the_clock_is_told_with_its_time_zone(place: Place) -> None:
    (found,) = about("clock", place)
    assert found.status == "ok"
    assert str(found.facts["now"]).startswith("2026-03-02T14:30:11.042")
    assert found.facts["timeZone"]
    assert str(found.facts["utcOffset"])[0] in "+-"


@pytest.mark.parametrize(("behind_ms", "status"), [(5_000, "ok"), (5_001, "warning")])
def test_a_clock_behind_the_newest_row_is_a_warning(in_order: Place, behind_ms: int, status: str) -> None:
    in_order.now_ms -= behind_ms
    (found,) = about("clock", in_order)
    assert found.status == status


@pytest.mark.parametrize(("now_ms", "status"), [(1_767_225_599_999, "wrong"), (1_767_225_600_000, "ok")])
def test_a_clock_from_before_this_program_is_wrong(place: Place, now_ms: int, status: str) -> None:
    place.now_ms = now_ms
    (found,) = about("clock", place)
    assert found.status == status


def test_gits_version_is_a_fact(place: Place) -> None:
    (found,) = about("git", place)
    assert (found.status, found.text) == ("ok", f"git version {found.facts['version']}")


def test_without_git_files_and_commits_are_not_tracked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (found,) = about("git", place)
    assert found.status == "warning"
    assert "Files and commits are not tracked." in found.text


def test_prices_of_ones_own_are_counted_and_what_is_wrong_with_them_is_said(place: Place) -> None:
    file = place.database.parent / "pricing.json"
    file.write_text(json.dumps({"my/model": {"input": 1, "output": 2}, "bad": {"input": -1, "output": 2}}))
    found = about("prices", place)
    assert fact("count", found) == 1
    assert fact("genaiPrices", found)
    (problem,) = bad(found)
    assert (problem.status, "'bad'" in problem.text) == ("warning", True)


def test_a_price_file_that_is_no_json_is_a_warning(place: Place) -> None:
    (place.database.parent / "pricing.json").write_text("{")
    (problem,) = bad(about("prices", place))
    assert problem.status == "warning"
    assert "pricing.json" in problem.text


def test_prices_that_cannot_be_had_are_wrong(place: Place) -> None:
    blocked = place.home / "blocked"
    blocked.write_text("")
    found = [finding for finding in about("prices", place, COSTHQ_DATA_DIR=str(blocked)) if finding.status == "wrong"]
    assert len(found) == 1
    assert found[0].advice
