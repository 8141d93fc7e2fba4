"""Which sessions has a person paused or stopped? In SQLite's words."""

from __future__ import annotations

from typing import Any

from codesession.ledger.rows import Rows
from codesession.model.switch import Switch, SwitchState

_SWITCH = "session_id, state, since_ms, wait_s"


class SwitchReader(Rows):
    """Questions about what a person has said to a session that runs."""

    def switch_of(self, session_id: int) -> Switch | None:
        row = self._row(f"SELECT {_SWITCH} FROM switch WHERE session_id = ?", session_id)
        return _switch(row) if row else None

    def switches(self) -> list[Switch]:
        return [_switch(row) for row in self._rows(f"SELECT {_SWITCH} FROM switch ORDER BY session_id")]

    def stopped_in(self, directory: str) -> int | None:
        row = self._row(
            # a run's program has been ended with it: whatever calls from there now is something else
            "SELECT session.id FROM switch JOIN session ON session.id = switch.session_id "
            "WHERE switch.state = 'stopped' AND session.directory = ? "
            "AND (session.owner_id IS NULL OR session.background = 1) "
            "AND NOT EXISTS (SELECT 1 FROM session AS newer WHERE newer.id > session.id "
            "AND newer.directory = session.directory) ORDER BY session.id DESC LIMIT 1",
            directory,
        )
        return row[0] if row else None


class SwitchWriter(SwitchReader):
    """A person's word is kept in the transaction with the event that tells of it."""

    def set_switch(self, switch: Switch) -> None:
        self._changed(
            f"INSERT INTO switch ({_SWITCH}) VALUES (?, ?, ?, ?) ON CONFLICT (session_id) DO UPDATE "
            "SET state = excluded.state, since_ms = excluded.since_ms, wait_s = excluded.wait_s",
            switch.session_id,
            switch.state,
            switch.since_ms,
            switch.wait_s,
        )

    def lift_switch(self, session_id: int) -> bool:
        return bool(self._changed("DELETE FROM switch WHERE session_id = ?", session_id))


def _switch(row: tuple[Any, ...]) -> Switch:
    session_id, state, since_ms, wait_s = row
    return Switch(session_id, SwitchState(state), since_ms, wait_s)
