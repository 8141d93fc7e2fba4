"""Do the locks that tell whether a process lives survive everything a process may do?"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.contract.ledger_contract import another_process, line_of
from tests.ledger.fresh import fresh

from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger
from codesession.ledger.owners import OwnerLocks

if TYPE_CHECKING:
    from pathlib import Path


def claiming(path: Path) -> str:
    return (
        "from pathlib import Path\nfrom codesession.ledger import SqliteLedger\n"
        f"ledger = SqliteLedger(Path({str(path)!r}))\n"
        "print(ledger.claim(1), flush=True)\nsys.stdin.readline()\n"
    )


def asking(path: Path, owner_id: int) -> str:
    return (
        "from pathlib import Path\nfrom codesession.ledger import SqliteLedger\n"
        f"print(SqliteLedger(Path({str(path)!r})).is_alive({owner_id}))\n"
    )


def is_alive_elsewhere(path: Path, owner_id: int) -> bool:
    with another_process(asking(path, owner_id)) as process:
        return line_of(process) == "True"


def test_closing_one_of_two_ledgers_of_a_process_keeps_the_others_lock(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(fresh(path)) as first:
        mine = first.claim(1)
        second = SqliteLedger(path)
        its = second.claim(1)
        second.close()
        assert first.is_alive(mine)
        assert not first.is_alive(its)
        # the lock itself, not our memory of it: POSIX drops all of a process's locks when it closes any descriptor
        assert is_alive_elsewhere(path, mine)
        assert not is_alive_elsewhere(path, its)


def test_a_ledger_that_is_opened_and_closed_beside_takes_no_lock_away(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(fresh(path)) as first:
        mine = first.claim(1)
        with closing(SqliteLedger(path)) as second:
            assert second.is_alive(mine)
        assert is_alive_elsewhere(path, mine)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_one_ledger_by_two_names_has_one_lock_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with closing(fresh(tmp_path / "l.db")) as first, closing(fresh(tmp_path / "link" / "l.db")) as second:
        mine = first.claim(1)
        assert second.is_alive(mine)
    with closing(SqliteLedger(tmp_path / "l.db")) as again:
        assert not again.is_alive(mine)


def test_an_id_is_of_one_process(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with another_process(claiming(path)) as process:
        owner_id = int(line_of(process))
        locks = OwnerLocks(path)
        with pytest.raises(OSError, match="another process"):
            locks.claim(owner_id)
        assert locks.is_alive(owner_id)
        locks.close()


def test_a_claim_that_fails_leaves_no_owner(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(fresh(path)) as ledger, another_process(claiming(path)) as process:
        first = int(line_of(process))
        rival = OwnerLocks(path)
        rival.claim(first + 1)
        with closing(fresh(tmp_path / "other.db")):
            pass
        rival.close()
        assert ledger.claim(1) == first + 1


def test_a_lock_file_that_cannot_be_made_is_an_error_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "l.db-owners").mkdir()
    with closing(fresh(tmp_path / "l.db")) as ledger:
        with pytest.raises(DatabaseError, match="cannot be used"):
            ledger.claim(1)
        with pytest.raises(DatabaseError, match="cannot be used"):
            ledger.is_alive(1)
        with ledger.reading() as tx:
            assert tx.owners_holding() == []


def test_an_owner_is_far_from_every_other(tmp_path: Path) -> None:
    locks = OwnerLocks(tmp_path / "l.db")
    for owner_id in (1, 2, 2**31, 2**62):
        assert not locks.is_alive(owner_id)
        locks.claim(owner_id)
        assert locks.is_alive(owner_id)
    locks.close()
