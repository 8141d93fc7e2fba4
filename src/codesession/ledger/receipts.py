"""What was answered to a push, by its key? In SQLite's words."""

from __future__ import annotations

import json

from codesession.ledger.rows import Rows
from codesession.model.receipt import Receipt, SessionSums

_RECEIPT = "key, digest, at_ms, calls, sums"


class ReceiptReader(Rows):
    """Questions about pushes of before."""

    def receipt(self, key: str) -> Receipt | None:
        row = self._row(f"SELECT {_RECEIPT} FROM receipt WHERE key = ?", key)
        if row is None:
            return None
        key, digest, at_ms, calls, sums = row
        told = tuple(SessionSums(*each) for each in json.loads(sums))
        return Receipt(key, digest, at_ms, tuple(json.loads(calls)), told)


class ReceiptWriter(ReceiptReader):
    """A receipt is written in the transaction that keeps the calls."""

    def add_receipt(self, receipt: Receipt) -> None:
        self._changed(
            f"INSERT INTO receipt ({_RECEIPT}) VALUES (?, ?, ?, ?, ?)",
            receipt.key,
            receipt.digest,
            receipt.at_ms,
            json.dumps(receipt.calls, separators=(",", ":")),
            json.dumps(receipt.sums, separators=(",", ":")),
        )

    def forget_receipts(self, before_ms: int) -> int:
        return self._changed("DELETE FROM receipt WHERE at_ms < ?", before_ms)
