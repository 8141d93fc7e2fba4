"""Is it remembered what came of a push with a key, as long as it has to be?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

from codesession.errors import DatabaseError
from codesession.model.receipt import Receipt, SessionSums

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger import SqliteLedger

RECEIPT = Receipt("a", "d1", 1_000, (7, 9), (SessionSums(3, 2, 54_000_000, 10_000, 1),))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = fresh(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def test_a_receipt_is_read_as_it_was_written(ledger: SqliteLedger) -> None:
    with ledger.writing() as writer:
        writer.add_receipt(RECEIPT)
    with ledger.reading() as reader:
        assert (reader.receipt("a"), reader.receipt("b")) == (RECEIPT, None)


def test_a_key_is_written_once(ledger: SqliteLedger) -> None:
    with ledger.writing() as writer:
        writer.add_receipt(RECEIPT)
    with pytest.raises(DatabaseError), ledger.writing() as writer:
        writer.add_receipt(Receipt("a", "d2", 2_000, (), ()))
    with ledger.reading() as reader:
        assert reader.receipt("a") == RECEIPT


def test_old_receipts_are_forgotten(ledger: SqliteLedger) -> None:
    with ledger.writing() as writer:
        for key, at_ms in (("a", 1), ("b", 2), ("c", 3)):
            writer.add_receipt(Receipt(key, "d", at_ms, (), ()))
        assert writer.forget_receipts(3) == 2
    with ledger.reading() as reader:
        assert [key for key in "abc" if reader.receipt(key)] == ["c"]
