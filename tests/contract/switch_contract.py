"""What must every ledger do with sessions that a person holds up? Inherited as `LedgerContract` is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.contract.ledger_contract import HERE, THERE, Opened

from codesession.model import Event, EventKind
from codesession.model.switch import Switch, SwitchState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model.ports import Ledger

PAUSED, STOPPED = SwitchState.PAUSED, SwitchState.STOPPED


class SwitchContract:
    """What holds for any ledger in which a person can stop a session."""

    def make(self, place: Path, *, wait_s: float = 10.0) -> Ledger:
        """The ledger at `place`, created if need be; it waits `wait_s` seconds for another writer."""
        raise NotImplementedError

    @pytest.fixture
    def held_up(self, tmp_path: Path) -> Iterator[Opened]:
        with closing(self.make(tmp_path)) as ledger:
            owner_id = ledger.claim(1)
            with ledger.writing() as tx:
                session = tx.begin_session(HERE, "work", 1)
            yield Opened(ledger, owner_id, session)

    def test_what_was_said_to_a_session_is_kept_until_it_is_lifted(self, held_up: Opened) -> None:
        said = Switch(held_up.session.id, PAUSED, 1000, 300)
        with held_up.ledger.writing() as tx:
            assert (tx.switch_of(said.session_id), tx.switches()) == (None, [])
            tx.set_switch(said)
        with held_up.ledger.reading() as reader:
            assert reader.switch_of(said.session_id) == said
            assert reader.switch_of(said.session_id + 1) is None
        with held_up.ledger.writing() as tx:
            assert tx.lift_switch(said.session_id)
            assert not tx.lift_switch(said.session_id)
            assert tx.switch_of(said.session_id) is None

    def test_what_is_said_later_takes_the_place_of_what_was_said(self, held_up: Opened) -> None:
        paused = Switch(held_up.session.id, PAUSED, 1000, 300)
        stopped = replace(paused, state=STOPPED, since_ms=2000, wait_s=0)
        with held_up.ledger.writing() as tx:
            tx.set_switch(paused)
            tx.set_switch(stopped)
            assert tx.switches() == [stopped]

    def test_every_session_that_is_held_up_is_known_the_ended_ones_too(self, held_up: Opened) -> None:
        with held_up.ledger.writing() as tx:
            there = tx.begin_session(THERE, "there", 1)
            said = [Switch(held_up.session.id, STOPPED, 5), Switch(there.id, PAUSED, 6, 9)]
            for switch in reversed(said):
                tx.set_switch(switch)
            tx.end_session(held_up.session.id, 7)
            assert tx.switches() == said

    @pytest.mark.parametrize("kind", [EventKind.STOPPED, EventKind.PAUSED, EventKind.RESUMED])
    def test_it_is_an_event(self, held_up: Opened, kind: EventKind) -> None:
        event = Event(kind, 1000, session_id=held_up.session.id, message="A person did it.")
        with held_up.ledger.writing() as tx:
            event_id = tx.add_event(event)
            assert tx.events(kind) == [replace(event, id=event_id)]

    def test_events_are_read_on_from_the_one_that_was_seen_last(self, held_up: Opened) -> None:
        with held_up.ledger.writing() as tx:
            assert (tx.newest_event(), tx.events_after(0, 9)) == (0, [])
            ids = [tx.add_event(Event(EventKind.WARNED, at)) for at in range(5)]
            assert tx.newest_event() == ids[-1]
            assert [event.id for event in tx.events_after(ids[1], 2)] == ids[2:4]
            assert [event.at_ms for event in tx.events_after(ids[3], 9)] == [4]
            assert tx.events_after(ids[-1], 9) == []

    # --- what calls from a directory belong to once its session was stopped ---

    def test_a_stopped_session_is_that_of_its_directory_though_it_has_ended(self, held_up: Opened) -> None:
        with held_up.ledger.writing() as tx:
            tx.set_switch(Switch(held_up.session.id, STOPPED, 5))
            tx.end_session(held_up.session.id, 6)
            assert tx.stopped_in(HERE.directory) == held_up.session.id
            assert tx.stopped_in(THERE.directory) is None

    def test_a_paused_one_is_not(self, held_up: Opened) -> None:
        with held_up.ledger.writing() as tx:
            tx.set_switch(Switch(held_up.session.id, PAUSED, 5, 300))
            assert tx.stopped_in(HERE.directory) is None

    def test_one_that_was_begun_later_takes_its_place(self, held_up: Opened) -> None:
        with held_up.ledger.writing() as tx:
            tx.set_switch(Switch(held_up.session.id, STOPPED, 5))
            tx.end_session(held_up.session.id, 6)
            tx.begin_session(THERE, "elsewhere", 7)
            assert tx.stopped_in(HERE.directory) == held_up.session.id
            tx.begin_session(HERE, "anew", 8)
            assert tx.stopped_in(HERE.directory) is None

    @pytest.mark.parametrize("is_background", [False, True], ids=["a-runs", "a-background-session"])
    def test_that_a_runs_session_was_stopped_concerns_nothing_else(
        self, held_up: Opened, *, is_background: bool
    ) -> None:
        with held_up.ledger.writing() as tx:
            theirs = tx.begin_session(THERE, "owned", 1, owner_id=held_up.owner_id, background=is_background)
            tx.set_switch(Switch(theirs.id, STOPPED, 5))
            assert tx.stopped_in(THERE.directory) == (theirs.id if is_background else None)
