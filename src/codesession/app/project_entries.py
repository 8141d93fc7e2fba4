"""What does a project ask for in its ``codesession.toml``? Its entries, as budgets and mandates of that project alone.

Bad input is data: an entry that cannot be used is left out, and a sentence says which and why. No sentence quotes what
stands in the file: it may be a link to one that is nobody's business.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from codesession import guard
from codesession.app.budgets import ASK_S, MOST_ASK_S, MOST_NANOS
from codesession.app.mandates import LONGEST_PATTERN, MOST_PATTERNS, model_pattern, model_patterns
from codesession.app.project_file import Said, key
from codesession.errors import InvalidInput
from codesession.model import NANOS_PER_USD, Budget, Mandate, Mode, ScopeKind, Window, from_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codesession.model import Nanos

    Entry = Mapping[str, object]

T = TypeVar("T", Budget, Mandate)

MOST_ENTRIES = 100
"""of each kind: every one of them is looked at with every call"""
MOST_PARALLEL = 1_000_000
MOST_DOLLARS = MOST_NANOS // NANOS_PER_USD

_BUDGET_SCOPES = "session, project, agent:NAME, user:ID, customer:ID or model:PATTERN"
_MANDATE_SCOPES = "project, agent:NAME, user:ID or customer:ID"
_BUDGET_KEYS = ("scope", "amount", "window", "mode", "strict", "warn_at", "ask", "unpriced")
_MANDATE_KEYS = ("scope", "allow", "deny", "most_per_call", "parallel")
_A_PATTERN = f"up to {LONGEST_PATTERN} characters, without brackets and commas"


def read_entries(content: Entry, directory: str, file: str) -> Said:
    """The budgets and mandates that the TOML `content` of `file` sets for the project `directory`."""
    problems: list[str] = []
    budgets = _each("budget", content, lambda entry: _budget(entry, directory), file, problems)
    mandates = _each("mandate", content, lambda entry: _mandate(entry, directory), file, problems)
    is_whole = not problems
    if content.keys() - {"budget", "mandate"}:
        problems.append(
            f"{file} has settings that a project cannot make: only its [[budget]] and [[mandate]] are read. All else "
            "is the user's, in config.toml."
        )
    return Said(budgets, mandates, problems, is_whole)


def _each(kind: str, content: Entry, read: Callable[[Entry], T], file: str, problems: list[str]) -> list[T]:
    """What `read` makes of each entry of a kind; what is wrong with the others goes to `problems`."""
    entries = content.get(kind, [])
    if not isinstance(entries, list):
        problems.append(f"{file}: begin each entry with [[{kind}]], in two brackets.")
        return []
    found: dict[tuple[object, ...], T] = {}
    for number, entry in enumerate(entries[:MOST_ENTRIES], 1):
        try:
            one = read(entry)
        except InvalidInput as error:
            problems.append(f"{file}: [[{kind}]] number {number} is not applied: {error.message}.")
            continue
        if found.setdefault(key(one), one) is not one:
            problems.append(f"{file}: [[{kind}]] number {number} is not applied: one before it is of the same scope.")
    if len(entries) > MOST_ENTRIES:
        problems.append(f"{file}: only the first {MOST_ENTRIES} entries of [[{kind}]] are applied.")
    return list(found.values())


# --- an entry; what is wrong with it is raised as InvalidInput, as the end of a sentence ---


def _budget(entry: object, directory: str) -> Budget:
    said = _table(entry, _BUDGET_KEYS)
    kind, name = _scope(said, directory, _BUDGET_SCOPES)
    if "amount" not in said:
        raise InvalidInput("it needs an amount in dollars, such as: amount = 2.50")
    budget = Budget(
        kind,
        name,
        _window(said, kind),
        _dollars(said, "amount") or 0,
        Mode(_choice(said, "mode", Mode) or Mode.WARN),
        _switch(said, "strict"),
        _whole(said, "warn_at", 1, 100) or 80,
        _ask_s(said),
        _unpriced(said),
        directory,
    )
    if not budget.blocks and (budget.is_strict or budget.ask_s):
        what = "strict" if budget.is_strict else "ask"
        raise InvalidInput(f'in mode warn no call is refused, and {what} means nothing: add mode = "block" or "stop"')
    return budget


def _mandate(entry: object, directory: str) -> Mandate:
    said = _table(entry, _MANDATE_KEYS)
    kind, name = _scope(said, directory, _MANDATE_SCOPES)
    if kind in (ScopeKind.SESSION, ScopeKind.MODEL):
        raise InvalidInput(f"its scope can be {_MANDATE_SCOPES}")
    if not said.keys() - {"scope"}:
        raise InvalidInput("it says nothing: add allow, deny, most_per_call or parallel")
    return Mandate(
        kind,
        name,
        _patterns(said, "allow"),
        _patterns(said, "deny"),
        _dollars(said, "most_per_call"),
        _whole(said, "parallel", 1, MOST_PARALLEL),
        directory,
    )


def _table(entry: object, keys: tuple[str, ...]) -> Entry:
    if not isinstance(entry, dict):
        raise InvalidInput("it is no table of keys and values")
    if entry.keys() - set(keys):
        raise InvalidInput(f"it has a key that is not known; there are {_listed(keys, 'and')}")
    return entry


def _scope(said: Entry, directory: str, scopes: str) -> tuple[ScopeKind, str]:
    """Whose calls count: those made in this project, of whoever is named; ``all`` are those made in it too."""
    text = said.get("scope", "project")
    wrong = InvalidInput(f"its scope can be {scopes}, of this project alone")
    if not isinstance(text, str):
        raise wrong
    try:
        kind, name = guard.scope_of(text, directory)
        if kind is ScopeKind.MODEL:
            name = model_pattern(name)
    except InvalidInput:
        raise wrong from None
    if ":" in text and kind in (ScopeKind.SESSION, ScopeKind.PROJECT):
        raise wrong
    return (ScopeKind.PROJECT, directory) if kind in (ScopeKind.ALL, ScopeKind.PROJECT) else (kind, name)


def _window(said: Entry, kind: ScopeKind) -> Window:
    text = _choice(said, "window", Window)
    try:
        return guard.window_of(kind, text)
    except InvalidInput:
        raise InvalidInput("the window of a session can only be session") from None


def _ask_s(said: Entry) -> int:
    """Seconds; 0 for a call that does not wait."""
    if isinstance(said.get("ask", False), bool):
        return ASK_S if said.get("ask") else 0
    return _whole(said, "ask", 0, MOST_ASK_S, otherwise="true, false or ") or 0


def _unpriced(said: Entry) -> Nanos | None:
    """What a call without a known price counts as; None refuses it."""
    words: Mapping[object, Nanos | None] = {"refuse": None, "allow": 0}
    text = said.get("unpriced", "refuse")
    if isinstance(text, str) and text in words:
        return words[text]
    return _dollars(said, "unpriced", otherwise='"refuse", "allow" or ')


def _patterns(said: Entry, name: str) -> tuple[str, ...]:
    listed = said.get(name)
    if listed is None:
        return ()
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_PATTERNS:
        raise InvalidInput(f'{name} can be a list of 1 to {MOST_PATTERNS} patterns of models, such as ["gpt-5*"]')
    try:
        return model_patterns(_text(pattern) for pattern in listed)
    except InvalidInput:
        raise InvalidInput(f"each pattern of {name} can have {_A_PATTERN}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput("that is no text")
    return value


def _choice(said: Entry, name: str, choices: Iterable[str]) -> str | None:
    value = said.get(name)
    names = tuple(str(choice) for choice in choices)
    if value is not None and value not in names:
        raise InvalidInput(f"its {name} can be {_listed(names, 'or')}")
    return None if value is None else str(value)


def _switch(said: Entry, name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"its {name} can be true or false")
    return value


def _whole(said: Entry, name: str, least: int, most: int, *, otherwise: str = "") -> int | None:
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(f"its {name} can be {otherwise}a whole number from {least} to {most:,}")
    return value


def _dollars(said: Entry, name: str, *, otherwise: str = "") -> Nanos | None:
    """Dollars in nano-dollars, exactly as they are written, rounded half to even; None where nothing is said."""
    value = said.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    dollars = Decimal(value) if is_number else Decimal("NaN")  # type: ignore[arg-type]  # mypy does not see it is one
    if not dollars.is_finite() or not 0 <= dollars <= MOST_DOLLARS:
        raise InvalidInput(f"its {name} can be {otherwise}a number of dollars from 0 to {MOST_DOLLARS:,}")
    return from_usd(dollars)


def _listed(names: tuple[str, ...], conjunction: str) -> str:
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
