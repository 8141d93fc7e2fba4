"""Calls, budgets and standings for the tests of the guard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from codesession.model import Account, Attempt, Budget, Evidence, Mode, ScopeKind, Standing, Window

NOON = 1_772_452_800_000  # 2026-03-02 12:00 UTC
CENT = 10_000_000


def attempt(session_id: int | None = 7, **known: Any) -> Attempt:
    asked = Attempt(session_id, "openai", "gpt-5", "responses", streamed=True, request_bytes=400)
    return replace(asked, **known)


def budget(kind: str = "all", name: str = "", window: str = "day", **known: Any) -> Budget:
    return replace(Budget(ScopeKind(kind), name, Window(window), 100 * CENT, Mode.BLOCK), **known)


def standing(of: Budget | None = None, spent: int = 0, held: int = 0, **known: Any) -> Standing:
    of = of or budget()
    session_id = 7 if of.window is Window.SESSION else None
    name = "" if of.kind is ScopeKind.SESSION else of.name
    account = Account(of, name, session_id, 0, None)
    return replace(Standing(account, {Evidence.MEASURED: spent}, held), **known)
