"""What did the firewall do, and who is being asked? In SQLite's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from codesession import model
from codesession.ledger.rows import Rows

if TYPE_CHECKING:
    from codesession.model import Event, EventKind, Question, QuestionState, Refusal

_EVENT = "kind, at_ms, rule, session_id, call_id, provider, model, agent, user, customer, message, details, id"
_QUESTION = "id, state, rule, message, account_id, session_id, model, needed_nanos, asked_ms, until_ms"


class EventReader(Rows):
    """Questions about what the firewall did."""

    def events(
        self, kind: EventKind | None = None, session_id: int | None = None, newest: int | None = None
    ) -> list[Event]:
        rows = self._rows(
            f"SELECT {_EVENT} FROM event WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR session_id = ?2) "
            "ORDER BY id DESC LIMIT ?3",
            kind,
            session_id,
            -1 if newest is None else newest,
        )
        return [_event(row) for row in reversed(rows)]

    def events_after(self, event_id: int, most: int) -> list[Event]:
        rows = self._rows(f"SELECT {_EVENT} FROM event WHERE id > ? ORDER BY id LIMIT ?", event_id, most)
        return [_event(row) for row in rows]

    def newest_event(self) -> int:
        row = self._row("SELECT coalesce(max(id), 0) FROM event")
        return row[0] if row else 0

    def question(self, question_id: int) -> Question | None:
        row = self._row(f"SELECT {_QUESTION} FROM question WHERE id = ?", question_id)
        return _question(row) if row else None

    def waiting(self) -> list[tuple[Question, int]]:
        rows = self._rows(f"SELECT {_QUESTION}, owner_id FROM question WHERE state = 'waiting' ORDER BY id")
        return [(_question(row[:-1]), row[-1]) for row in rows]


class EventWriter(EventReader):
    """What the firewall does is written in the transaction in which it decides."""

    def add_event(self, event: Event) -> int:
        return self._insert(
            "INSERT INTO event (kind, at_ms, rule, session_id, call_id, provider, model, agent, user, customer, "
            "message, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            event.kind,
            event.at_ms,
            event.rule,
            event.session_id,
            event.call_id,
            event.provider,
            event.model,
            event.agent,
            event.user,
            event.customer,
            event.message,
            json.dumps(event.details),
        )

    def ask(self, refusal: Refusal, session_id: int | None, model_name: str, owner_id: int, now_ms: int) -> Question:
        standing = refusal.standing
        missing = None
        if standing is not None and refusal.needed_nanos is not None:
            missing = max(0, refusal.needed_nanos - standing.free_nanos)
        question_id = self._insert(
            "INSERT INTO question (state, rule, message, account_id, session_id, owner_id, model, needed_nanos, "
            "asked_ms, until_ms) VALUES ('waiting', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            refusal.rule,
            refusal.sentence,
            standing.id if standing else None,
            session_id,
            owner_id,
            model_name,
            missing,
            now_ms,
            now_ms + 1000 * refusal.ask_s,
        )
        row = self._row(f"SELECT {_QUESTION} FROM question WHERE id = ?", question_id)
        return _question(row or ())

    def answer(self, question_id: int, state: QuestionState) -> bool:
        return bool(
            self._changed("UPDATE question SET state = ? WHERE id = ? AND state = 'waiting'", state, question_id)
        )


def _event(row: tuple[Any, ...]) -> Event:
    known = dict(zip(_EVENT.split(", "), row, strict=True))
    known["kind"], known["details"] = model.EventKind(known["kind"]), json.loads(known["details"])
    return model.Event(**known)


def _question(row: tuple[Any, ...]) -> Question:
    question_id, state, *rest = row
    return model.Question(question_id, model.QuestionState(state), *rest)
