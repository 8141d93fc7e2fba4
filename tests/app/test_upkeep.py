"""Are backups put where they were asked for, and does a reset keep a copy beside the ledger?"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from codesession.app import back_up, ledger_contents, reset_ledger, start_session
from codesession.errors import InvalidInput
from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place


def stamp(place: Place) -> str:
    return datetime.fromtimestamp(place.now_ms / 1000).astimezone().strftime("%Y%m%d-%H%M%S")


def sessions_in(path: Path) -> int:
    with closing(SqliteLedger(path)) as ledger:
        return ledger.contents().sessions


def test_a_backup_goes_where_it_was_asked_for(place: Place) -> None:
    app = place.app()
    start_session(app, "work")
    place.monkeypatch.chdir(place.home)
    relative = place.home.joinpath("b.db").relative_to(place.home)
    assert back_up(app, relative).path == place.home / "b.db"
    assert sessions_in(place.home / "b.db") == 1


def test_a_backup_into_a_directory_is_named_for_its_moment_and_never_replaces_another(place: Place) -> None:
    app = place.app()
    made = back_up(app, place.home)
    assert made.path == place.home / f"sessions-{stamp(place)}.db"
    with pytest.raises(InvalidInput, match="exists already"):
        back_up(app, place.home)
    assert back_up(app, place.home, replace=True).path == made.path


def test_a_reset_keeps_a_copy_beside_the_ledger_and_prices_and_settings(place: Place) -> None:
    app = place.app()
    start_session(app, "work")
    kept = {"pricing.json": json.dumps({"m": {"input": 1, "output": 2}}), "config.toml": 'durability = "full"\n'}
    for name, text in kept.items():
        (app.config.data_dir / name).write_text(text)
    assert ledger_contents(app).sessions == 1
    done = reset_ledger(app)
    assert done.deleted.sessions == 1
    assert done.backup == place.database.with_name(f"sessions-before-reset-{stamp(place)}.db")
    assert sessions_in(done.backup) == 1
    assert ledger_contents(app).sessions == 0
    assert {name: (app.config.data_dir / name).read_text() for name in kept} == kept
    start_session(app, "anew")
    assert place.session(1).name == "anew"


def test_a_reset_without_a_copy_leaves_none(place: Place) -> None:
    app = place.app()
    before = set(place.database.parent.iterdir())
    assert reset_ledger(app, with_backup=False).backup is None
    assert set(place.database.parent.iterdir()) <= before | {place.database.with_name("sessions.db-owners")}


def test_an_idle_proxy_keeps_the_ledger_from_being_reset(place: Place) -> None:
    app, other = place.app(), place.app()
    other.ledger.claim(1)
    with pytest.raises(InvalidInput, match="end it first"):
        reset_ledger(app)
    assert not list(place.database.parent.glob("sessions-before-reset-*"))
