"""What did a session change, line by line? Of sessions that the ledger knows, and commits that are theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codesession.app.sessions import any_session
from codesession.errors import CodesessionError, InvalidInput
from codesession.workspace import diffs
from codesession.workspace.diffs import MOST_BYTES as MOST_BYTES  # noqa: PLC0414 - doors say after how much it was cut

if TYPE_CHECKING:
    from codesession.app.core import App
    from codesession.model import Commit, Session
    from codesession.workspace.diffs import Diff, FileStat, Part

_HASH = re.compile(r"[0-9a-f]{4,40}")


class CommitNotFound(CodesessionError):
    """The session has no such commit, or it is no longer in the repository; nothing was read."""

    code = "commit_not_found"
    http_status = 404


def session_diff(app: App, session_id: int, path: str | None = None) -> Diff:
    """What a session changed, or what of it is in one file: see `codesession.workspace.diffs`.

    Raises:
        SessionNotFound: no session has that id.
        NoRepository: it does not belong to a git repository, or that is gone.
        PathOutside: the path leads out of it.
        GitFailed: git does not answer.
    """
    return diffs.read_diff(_parts(app, any_session(app, session_id)), path)


def diff_stats(app: App, session_id: int) -> list[FileStat]:
    """How many lines each file of a session gained and lost, by path. Raises as `session_diff`."""
    return diffs.read_stats(_parts(app, any_session(app, session_id)))


def commit_diff(app: App, session_id: int, commit: str, path: str | None = None) -> Diff:
    """What one commit of a session changed against its first parent, or what of it is in one file.

    Only the session's own commits are shown: those that are recorded, and of an active session those made since it
    began. Raises as `session_diff`, and:

    Raises:
        InvalidInput: `commit` is no hash of 4 to 40 hexadecimal digits, or begins several of them.
        CommitNotFound: the session has none of that hash, or it is no longer stored.
    """
    if _HASH.fullmatch(commit) is None:
        raise InvalidInput("A commit is named by 4 to 40 hexadecimal digits of its hash.")
    session = any_session(app, session_id)
    found = {known.hash for known in session_commits(app, session) if _names(commit, known.hash)}
    if not found:
        raise CommitNotFound(f"Session {session_id} has no commit {commit}.", id=session_id, hash=commit)
    if len(found) > 1:
        raise InvalidInput(f"Several commits begin with {commit}: give more of the hash.")
    part = diffs.commit_part(session, found.pop())
    if part is None:
        raise CommitNotFound(f"The commit {commit} is no longer in the repository.", id=session_id, hash=commit)
    return diffs.read_diff([part], path)


def session_commits(app: App, session: Session) -> list[Commit]:
    """The commits of a session, oldest first; of an active one also those that are not recorded yet.

    Raises:
        NoRepository, GitFailed: it is active, and git cannot say.
    """
    with app.ledger.reading() as reader:
        recorded = reader.commits(session.id)
    if not session.is_active or session.git_root is None:
        return recorded
    known = {commit.hash for commit in recorded}
    return recorded + [commit for commit in diffs.commits_since(session) if commit.hash not in known]


def _parts(app: App, session: Session) -> list[Part]:
    with app.ledger.reading() as reader:
        files, commits, marks = reader.files(session.id), reader.commits(session.id), reader.marks(session.id)
    return diffs.session_parts(session, files, commits, marks)


def _names(said: str, full: str) -> bool:
    """Whether `said` stands for the commit `full`; earlier tools kept only the beginning of a hash."""
    return full.startswith(said) or said.startswith(full)
