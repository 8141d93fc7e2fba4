"""Does kill -9 lose anything that was acknowledged?"""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.contract.ledger_contract import another_process, line_of

from codesession.gate import expire
from codesession.ledger import SqliteLedger
from codesession.model import CallState

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 8

WRITER = """
import os
from pathlib import Path
from codesession.ledger import SqliteLedger
from codesession.model import Attempt, Cost, Outcome, Scope, Usage
def say(*words):  # in one piece, whatever happens next
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

ledger = SqliteLedger(Path(PATH))
owner_id = ledger.claim(1)
with ledger.writing() as tx:
    session = tx.begin_session(Scope(f"/{owner_id}"), "work", 1)
say(owner_id, session.id)
asked = Attempt(session.id, "p", "m" * 500, "e", streamed=False, request_bytes=1)
for _ in range(1_000_000):
    with ledger.writing() as tx:
        call_id = tx.hold(asked, 100, owner_id, 1)
    say("held", call_id)
    with ledger.writing() as tx:
        tx.settle(call_id, Outcome(Usage(input=1)), Cost(7, "table"), 2)
    say("settled", call_id)
"""


def test_a_process_killed_while_it_writes_leaves_a_whole_ledger_with_all_it_had_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    acknowledged: dict[int, str] = {}
    sessions = []
    for kill in range(KILLS):
        with another_process(WRITER.replace("PATH", repr(str(path)))) as process:
            sessions.append(int(line_of(process).split()[1]))
            lines = [line_of(process) for _ in range(20 + 37 * kill)]
            process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            assert process.stdout
            lines += process.stdout.read().splitlines()  # what it had said before it died
        for line in lines:
            state, number = line.split()
            acknowledged[int(number)] = state

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(SqliteLedger(path)) as ledger:
        held = expire(ledger, 3)
        assert held <= KILLS  # at most the one call each process had in flight
        with ledger.reading() as tx:
            calls = {call.id: call for session_id in sessions for call in tx.calls(session_id)}
            assert sum(tx.totals(session_id).cost_nanos for session_id in sessions) == sum(
                call.cost_nanos or 0 for call in calls.values()
            )
            assert tx.owners_holding() == []
        assert acknowledged.keys() <= calls.keys()
        for call_id, said in acknowledged.items():
            call = calls[call_id]
            assert (call.state, call.cost_nanos) in (
                [(CallState.SETTLED, 7)] if said == "settled" else [(CallState.SETTLED, 7), (CallState.LOST, 100)]
            )
        assert all(call.state in (CallState.SETTLED, CallState.LOST) for call in calls.values())
        assert sum(call.state is CallState.LOST for call in calls.values()) == held
