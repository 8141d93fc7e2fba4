"""Which commits were made since somebody last looked?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.workspace import git
from codesession.workspace.history import read_history
from codesession.workspace.names import text_to_directory
from codesession.workspace.scope import find_checkout

if TYPE_CHECKING:
    from codesession.model import Commit, Session


class LiveCommits:
    """The commits of a session, told as they are made; looking costs one git process while there are none."""

    def __init__(self, session: Session, *, git_wait_s: float = git.DEFAULT_WAIT_S) -> None:
        """Each git process may take `git_wait_s` seconds."""
        self._session = session
        self._wait_s = git_wait_s
        self._head = session.start_head
        self._told: set[str] = set()

    def look(self) -> tuple[list[Commit], list[str]]:
        """The commits that are new, oldest first, and in sentences what could not be read; nothing outside git.

        Raises `GitFailed` when git does not answer.
        """
        session = self._session
        if session.git_root is None:
            return [], []
        root = text_to_directory(session.git_root)
        checkout = find_checkout(root, wait_s=self._wait_s)
        if checkout is None or checkout.root != root or checkout.head == self._head:
            return [], []
        history = read_history(root, session.start_head, checkout.head, session.started_ms, wait_s=self._wait_s)
        if not history.problems:
            self._head = checkout.head
        new = [commit for commit in history.commits if commit.hash not in self._told]
        self._told.update(commit.hash for commit in new)
        return new, history.problems
