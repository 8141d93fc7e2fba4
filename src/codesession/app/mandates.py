"""What may an agent, a project or a customer do, whatever it costs? Setting, removing and listing mandates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesession import guard
from codesession.app.sessions import current_scope, project_at
from codesession.errors import BudgetNotFound, InvalidInput
from codesession.model import EACH, Mandate, ScopeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.app.core import App
    from codesession.model import Nanos

SCOPES = "all, project[:PATH], agent:NAME, user:ID or customer:ID"
MOST_PATTERNS = 100
LONGEST_PATTERN = 200
"""characters, as many as the ledger keeps of a model's name"""

_KINDS = (ScopeKind.ALL, ScopeKind.PROJECT, ScopeKind.AGENT, ScopeKind.USER, ScopeKind.CUSTOMER)


def list_mandates(app: App) -> tuple[list[Mandate], list[str]]:
    """Every mandate, the user's before those of projects, and what is wrong with the ``codesession.toml`` here.

    That file is taken over first, so that what it says is among them.

    Raises:
        InvalidInput: the current directory has been deleted.
        DatabaseError: the ledger cannot be read, or the file's mandates not be written.
    """
    from codesession.app.project_file import sync_project_file

    problems = sync_project_file(app.ledger, current_scope(with_branch=False).directory)
    with app.ledger.reading() as reader:
        return reader.mandates(), problems


def set_mandate(
    app: App,
    scope: str,
    *,
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    most_per_call_nanos: Nanos | None = None,
    most_parallel: int | None = None,
) -> tuple[Mandate, bool]:
    """Set the mandate of a scope as it was typed; it holds from the next call on, also in what runs already.

    Returns it, and whether it stands in the place of a former one, of which nothing remains. Amounts are nano-dollars.

    Raises:
        InvalidInput: the scope or a pattern cannot be used, or nothing is said; nothing was changed.
        DatabaseError: it could not be written.
    """
    allowed, denied = model_patterns(allow), model_patterns(deny)
    if not (allowed or denied) and most_per_call_nanos is None and most_parallel is None:
        raise InvalidInput("A mandate says something: add --allow, --deny, --most-per-call or --parallel.")
    kind, name = _scope(scope)
    wanted = Mandate(kind, name, allowed, denied, most_per_call_nanos, most_parallel)
    with app.ledger.writing() as writer:
        is_new = not writer.remove_mandate(kind, name)
        return writer.set_mandate(wanted), not is_new


def remove_mandate(app: App, scope: str) -> Mandate:
    """Remove the mandate that the user has set for a scope, as it was typed; returns what it was.

    Raises:
        InvalidInput: the scope cannot be used.
        BudgetNotFound: there is none, or a ``codesession.toml`` has set it; nothing was changed.
        DatabaseError: it could not be written.
    """
    kind, name = _scope(scope, may_be_gone=True)
    with app.ledger.writing() as writer:
        found = [mandate for mandate in writer.mandates() if (mandate.kind, mandate.name) == (kind, name)]
        for mandate in found:
            if mandate.directory is None:
                writer.remove_mandate(kind, name)
                return mandate
    named = Mandate(kind, name).scope
    if found:
        raise BudgetNotFound(
            f"The mandate of {named} is not yours but that of the codesession.toml in {found[0].directory}: "
            "change it there.",
            scope=named,
        )
    raise BudgetNotFound(f"{named} has no mandate. See: cs mandate", scope=named)


def model_patterns(texts: Iterable[str]) -> tuple[str, ...]:
    """Patterns of models as they are kept, each once, in the order they were given.

    >>> model_patterns(["GPT-5*", "openai/*", "gpt-5*"])
    ('gpt-5*', 'openai/*')

    Raises:
        InvalidInput: one cannot be used, or there are more than a hundred.
    """
    patterns = tuple(dict.fromkeys(model_pattern(text) for text in texts))
    if len(patterns) > MOST_PATTERNS:
        raise InvalidInput(f"{len(patterns)} patterns of models are too many: a list has at most {MOST_PATTERNS}.")
    return patterns


def model_pattern(text: str) -> str:
    """A pattern of models as it is kept.

    Raises:
        InvalidInput: it is empty or too long, has brackets, or is a list of several.
    """
    pattern = guard.pattern_of(text)
    if "," in pattern:
        raise InvalidInput(f"{text!r} is not a pattern of models: write each of several on its own.")
    if len(pattern) > LONGEST_PATTERN or not pattern.isprintable():
        raise InvalidInput(
            f"{text[:LONGEST_PATTERN]!r} is not a pattern of models: it has at most {LONGEST_PATTERN} printable "
            "characters."
        )
    return pattern


def _scope(text: str, *, may_be_gone: bool = False) -> tuple[ScopeKind, str]:
    """The kind and name of a scope that can have a mandate; a project by the path a session there has."""
    word, _, path = text.partition(":")
    if word not in _KINDS:
        raise InvalidInput(f"{text!r} cannot have a mandate: write {SCOPES}.")
    kind, name = guard.scope_of(text, EACH)
    if kind is not ScopeKind.PROJECT or path == EACH:
        return kind, name
    try:
        return kind, project_at(path.strip())
    except InvalidInput:
        if not may_be_gone or not Path(path).is_absolute():
            raise
        return kind, path
