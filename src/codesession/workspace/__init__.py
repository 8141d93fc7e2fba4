"""What changed while money was spent? The scope a session belongs to, its files and its commits.

Each name is loaded when first asked for: most commands only ask for the scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.workspace.changes import Changes, changes_since
    from codesession.workspace.marks import mark_uncommitted
    from codesession.workspace.scope import find_scope

_HOME = {
    "Changes": "changes",
    "changes_since": "changes",
    "find_scope": "scope",
    "mark_uncommitted": "marks",
}

__all__ = ["Changes", "changes_since", "find_scope", "mark_uncommitted"]

__getattr__ = names_of(__name__, _HOME)
