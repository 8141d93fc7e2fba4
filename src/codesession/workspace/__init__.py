"""What changed while money was spent? The scope a session belongs to, its files and its commits."""

from codesession.workspace.changes import Changes, changes_since
from codesession.workspace.marks import mark_uncommitted
from codesession.workspace.scope import find_scope

__all__ = ["Changes", "changes_since", "find_scope", "mark_uncommitted"]
