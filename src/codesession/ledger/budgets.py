"""What may be spent, and what has that come to? The firewall's rows, in SQLite's words."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from codesession import model
from codesession.ledger import accounts
from codesession.ledger.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model import Account, Attempt, Budget, Level, Mandate, Nanos, ScopeKind, Standing, Window

_BUDGET = (
    "budget.kind, budget.name, budget.period, budget.limit_nanos, budget.mode, budget.strict, budget.warn_at, "
    "budget.ask_s, budget.unpriced_nanos, nullif(budget.directory, ''), budget.id"
)
_WIDTH = 11
_AMOUNTS = (
    f"{', '.join(f'account.{column}' for column in accounts.SPENT)}, "
    "account.held_nanos, account.unpriced, account.extra_nanos, account.id"
)
_ACCOUNT = f"account.subject, nullif(account.session_id, 0), account.began_ms, account.ends_ms, {_AMOUNTS}"
_STANDINGS = f"SELECT {_BUDGET}, {_ACCOUNT} FROM account JOIN budget ON budget.id = account.budget_id"
_MANDATE = (
    "mandate.kind, mandate.name, mandate.allowed, mandate.denied, mandate.most_per_call_nanos, "
    "mandate.most_parallel, nullif(mandate.directory, ''), mandate.id"
)
# What names nobody ('' or '*') may be anybody's; patterns of models are compared by the guard.
_APPLYING = (
    "(kind, name) IN (VALUES ('session', ''), ('session', ?), ('all', ''), ('project', ?), ('project', '*'), "
    "('agent', ?), ('agent', '*'), ('user', ?), ('user', '*'), ('customer', ?), ('customer', '*')) "
    "AND directory IN ('', ?)"
)
_SPENT = " + ".join(f"account.{column}" for column in accounts.SPENT)
_LIMIT = "(budget.limit_nanos + account.extra_nanos)"
_DUE = f"""
    SELECT account.id, {_SPENT} >= {_LIMIT} AS is_over FROM account JOIN budget ON budget.id = account.budget_id
    WHERE account.id IN (SELECT value FROM json_each(?)) AND account.over_told = 0
        AND (account.near_told = 0 OR is_over) AND ({_SPENT}) * 100 >= budget.warn_at * {_LIMIT}
    ORDER BY account.id
"""


class BudgetReader(Rows):
    """Questions about budgets."""

    def budgets(self) -> list[Budget]:
        rows = self._rows(f"SELECT {_BUDGET} FROM budget ORDER BY directory, kind, name, id")
        return [_budget(row) for row in rows]

    def mandates(self) -> list[Mandate]:
        return [_mandate(row) for row in self._rows(f"SELECT {_MANDATE} FROM mandate ORDER BY directory, kind, name")]

    def directory_of(self, session_id: int | None) -> str | None:
        row = None if session_id is None else self._row("SELECT directory FROM session WHERE id = ?", session_id)
        return row[0] if row else None

    def budgets_for(self, attempt: Attempt, directory: str | None) -> list[Budget]:
        rows = self._rows(
            f"SELECT {_BUDGET} FROM budget WHERE {_APPLYING} "
            f"UNION ALL SELECT {_BUDGET} FROM budget WHERE kind = 'model' AND directory IN ('', ?)",
            *_whose(attempt, directory),
            directory or "",
        )
        return [_budget(row) for row in rows]

    def mandates_for(self, attempt: Attempt, directory: str | None) -> list[Mandate]:
        rows = self._rows(f"SELECT {_MANDATE} FROM mandate WHERE {_APPLYING}", *_whose(attempt, directory))
        theirs = {
            model.ScopeKind.PROJECT: directory,
            model.ScopeKind.AGENT: attempt.agent,
            model.ScopeKind.USER: attempt.user,
            model.ScopeKind.CUSTOMER: attempt.customer,
        }
        return [mandate for row in rows if theirs.get((mandate := _mandate(row)).kind, "") is not None]

    def has_limits(self) -> tuple[bool, bool]:
        row = self._row("SELECT EXISTS (SELECT 1 FROM budget), EXISTS (SELECT 1 FROM mandate)")
        has_budgets, has_mandates = row or (0, 0)
        return bool(has_budgets), bool(has_mandates)

    def has_blocking_budget(self) -> bool:
        return self._row("SELECT EXISTS (SELECT 1 FROM budget WHERE mode <> 'warn')") == (1,)

    def standing(self, account: Account) -> Standing:
        key = _key(account)
        kept = self._amounts([key])
        if kept:
            return _standing_at(account, kept[_short(key)])
        *spent, held, unpriced = accounts.sums(self._connection, key)
        return model.Standing(account, _by_evidence(spent), held, unpriced)

    def _amounts(self, keys: Sequence[accounts.Key]) -> dict[tuple[object, ...], tuple[int, ...]]:
        """What is kept of these accounts, by their short keys."""
        if not keys:
            return {}
        marks = ", ".join(["(?, ?, ?, ?)"] * len(keys))
        rows = self._rows(
            f"SELECT budget_id, subject, session_id, began_ms, {_AMOUNTS} FROM account "
            f"WHERE (budget_id, subject, session_id, began_ms) IN (VALUES {marks})",
            *(value for key in keys for value in _short(key)),
        )
        return {row[:4]: row[4:] for row in rows}

    def standing_of(self, account_id: int) -> Standing | None:
        row = self._row(f"{_STANDINGS} WHERE account.id = ?", account_id)
        return _standing(row) if row else None

    def standings(self, now_ms: int) -> list[Standing]:
        rows = self._rows(
            f"{_STANDINGS} WHERE account.began_ms <= ?1 AND account.ends_ms > ?1 AND (account.session_id = 0 "
            "OR account.session_id IN (SELECT id FROM session WHERE ended_ms IS NULL)) ORDER BY account.id",
            now_ms,
        )
        return [_standing(row) for row in rows]

    def calls_in_flight(self, attempt: Attempt, mandate: Mandate, directory: str | None) -> int:
        column, value = {
            model.ScopeKind.PROJECT: ("session.directory", directory),
            model.ScopeKind.AGENT: ("call.agent", attempt.agent),
            model.ScopeKind.USER: ("call.user", attempt.user),
            model.ScopeKind.CUSTOMER: ("call.customer", attempt.customer),
        }.get(mandate.kind, ("1", 1))
        row = self._row(
            "SELECT count(*) FROM call LEFT JOIN session ON session.id = call.session_id "
            f"WHERE call.state = 'held' AND {column} = ? AND (? IS NULL OR session.directory = ?)",
            value,
            mandate.directory,
            mandate.directory,
        )
        return row[0] if row else 0

    def outputs(self, attempt: Attempt, newest: int) -> list[int]:
        rows = self._rows(
            "SELECT output + reasoning + output_audio FROM call WHERE id > (SELECT max(id) FROM call) - 5000 "
            "AND provider = ? AND model = ? AND agent IS ? AND state = 'settled' AND evidence = 'measured' "
            "AND output IS NOT NULL ORDER BY id DESC LIMIT ?",
            attempt.provider,
            attempt.model,
            attempt.agent,
            newest,
        )
        return [tokens for (tokens,) in reversed(rows)]


class BudgetWriter(BudgetReader):
    """Changes of budgets and of what they have come to."""

    _touched: Sequence[int] = ()
    """the accounts that calls were counted toward since alerts were last asked for"""

    def set_budget(self, budget: Budget) -> Budget:
        self.remove_budget(budget.kind, budget.name, budget.window, budget.directory)
        row_id = self._insert(
            "INSERT INTO budget (kind, name, period, limit_nanos, mode, strict, warn_at, ask_s, unpriced_nanos, "
            "directory) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            budget.kind,
            budget.name,
            budget.window,
            budget.limit_nanos,
            budget.mode,
            budget.is_strict,
            budget.warn_at,
            budget.ask_s,
            budget.unpriced_nanos,
            budget.directory or "",
        )
        (found,) = [known for known in self.budgets() if known.id == row_id]
        return found

    def remove_budget(self, kind: ScopeKind, name: str, window: Window, directory: str | None = None) -> bool:
        return bool(
            self._changed(
                "DELETE FROM budget WHERE kind = ? AND name = ? AND period = ? AND directory = ?",
                kind,
                name,
                window,
                directory or "",
            )
        )

    def set_mandate(self, mandate: Mandate) -> Mandate:
        self.remove_mandate(mandate.kind, mandate.name, mandate.directory)
        row_id = self._insert(
            "INSERT INTO mandate (kind, name, allowed, denied, most_per_call_nanos, most_parallel, directory) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            mandate.kind,
            mandate.name,
            json.dumps(mandate.allow),
            json.dumps(mandate.deny),
            mandate.most_per_call_nanos,
            mandate.most_parallel,
            mandate.directory or "",
        )
        (found,) = [known for known in self.mandates() if known.id == row_id]
        return found

    def remove_mandate(self, kind: ScopeKind, name: str, directory: str | None = None) -> bool:
        return bool(
            self._changed(
                "DELETE FROM mandate WHERE kind = ? AND name = ? AND directory = ?", kind, name, directory or ""
            )
        )

    def open_account(self, account: Account) -> Standing:
        (standing,) = self.open_accounts([account])
        return standing

    def open_accounts(self, wanted: Sequence[Account]) -> list[Standing]:
        keys = [_key(account) for account in wanted]
        kept = self._amounts(keys)
        for key in keys:
            if _short(key) not in kept:
                accounts.open_account(self._connection, key)
                kept |= self._amounts([key])
        return [_standing_at(account, kept[_short(key)]) for account, key in zip(wanted, keys, strict=True)]

    def approve(self, account_id: int, extra_nanos: Nanos) -> bool:
        return bool(
            self._changed(
                "UPDATE account SET extra_nanos = extra_nanos + ?, near_told = 0, over_told = 0 WHERE id = ?",
                extra_nanos,
                account_id,
            )
        )

    def due_alerts(self) -> list[tuple[Standing, Level]]:
        touched, self._touched = self._touched, ()
        if not touched:
            return []
        due = []
        for account_id, is_over in self._rows(_DUE, json.dumps(touched)):
            self._changed("UPDATE account SET near_told = 1, over_told = ? WHERE id = ?", is_over, account_id)
            standing = self.standing_of(account_id)
            if standing:
                due.append((standing, model.Level.OVER if is_over else model.Level.NEAR))
        return due

    def tell_over(self, account_id: int) -> bool:
        return bool(
            self._changed("UPDATE account SET near_told = 1, over_told = 1 WHERE id = ? AND over_told = 0", account_id)
        )

    def extend(self, call_id: int, expected_nanos: Nanos) -> None:
        before = accounts.added(self._connection, call_id)
        self._changed("UPDATE call SET expected_nanos = ? WHERE id = ? AND state = 'held'", expected_nanos, call_id)
        accounts.recount(self._connection, call_id, before)

    def _touch(self, counted: accounts.Counted) -> None:
        """Remember that something was counted toward these accounts."""
        if counted:
            self._touched = (*self._touched, *(row[-1] for row in counted))

    def forget_accounts(self, before_ms: int) -> int:
        return self._changed(
            "DELETE FROM account WHERE ends_ms < ?1 OR session_id IN (SELECT id FROM session WHERE ended_ms < ?1)",
            before_ms,
        )


def _whose(attempt: Attempt, directory: str | None) -> tuple[str | None, ...]:
    """The values of `_APPLYING`."""
    session = None if attempt.session_id is None else str(attempt.session_id)
    return session, directory, attempt.agent, attempt.user, attempt.customer, directory or ""


def _key(account: Account) -> accounts.Key:
    ends_ms = accounts.FOREVER_MS if account.ends_ms is None else account.ends_ms
    session_id, directory = account.session_id or 0, account.budget.directory or ""
    return account.budget.id, account.budget.kind, account.subject, session_id, directory, account.began_ms, ends_ms


@lru_cache(maxsize=1024)
def _budget(row: tuple[Any, ...]) -> Budget:
    kind, name, window, limit, mode, strict, *rest = row
    return model.Budget(model.ScopeKind(kind), name, model.Window(window), limit, model.Mode(mode), bool(strict), *rest)


def _short(key: accounts.Key) -> tuple[object, ...]:
    """What of a key no two accounts have in common."""
    budget_id, _, subject, session_id, _, began_ms, _ = key
    return budget_id, subject, session_id, began_ms


def _standing(row: tuple[Any, ...]) -> Standing:
    subject, session_id, began_ms, ends_ms, *amounts = row[_WIDTH:]
    account = model.Account(
        _budget(row[:_WIDTH]), subject, session_id, began_ms, None if ends_ms == accounts.FOREVER_MS else ends_ms
    )
    return _standing_at(account, amounts)


def _standing_at(account: Account, amounts: Sequence[int]) -> Standing:
    *spent, held, unpriced, extra, row_id = amounts
    return model.Standing(account, _by_evidence(spent), held, unpriced, extra, row_id)


def _by_evidence(spent: Sequence[Nanos]) -> dict[model.Evidence, Nanos]:
    return {evidence: nanos for evidence, nanos in zip(model.Evidence, spent, strict=True) if nanos}


def _mandate(row: tuple[Any, ...]) -> Mandate:
    kind, name, allowed, denied, *rest = row
    return model.Mandate(model.ScopeKind(kind), name, tuple(json.loads(allowed)), tuple(json.loads(denied)), *rest)
