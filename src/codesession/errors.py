"""How does a failure leave the program? One tree, and each error knows its way out.

::

    CodesessionError              code, exit status, HTTP status
    ├── InvalidInput              invalid_input       what was typed cannot be used
    ├── MissingTokens             missing_tokens      it was not said how many tokens were used
    ├── InvalidDuration           invalid_duration    a length of time cannot be used, or is missing
    ├── SessionActive             session_active      this scope already has a session
    ├── NoActiveSession           no_active_session   this scope has none
    ├── SessionNotFound           session_not_found   no session has that id
    ├── UnknownModel              unknown_model       no price of that model is known, and no cost was given
    ├── BudgetExceeded            budget_exceeded     the firewall's no: a rule would be broken by a call
    ├── BudgetNotFound            budget_not_found    no such budget is set
    ├── DatabaseError             database_error      the ledger cannot be used
    └── PortTaken                 port_taken          the address asked for is in use

Every error carries its facts as ``extra``; the command line, the proxy and the API render the same
fields and never parse the message.
"""

from __future__ import annotations

from typing import ClassVar


class CodesessionError(Exception):
    """The base of every error a user can meet; nothing half-done is left behind when one is raised."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, **extra: object) -> None:
        """Keep the sentence for people and the named facts (JSON values) for programs."""
        super().__init__(message)
        self.message = message
        self.extra = extra


class InvalidInput(CodesessionError):
    """What was typed cannot be used; nothing was changed."""

    code = "invalid_input"
    http_status = 400


class MissingTokens(CodesessionError):
    """It was not said how many tokens a call used; nothing was written."""

    code = "missing_tokens"
    http_status = 400


class InvalidDuration(CodesessionError):
    """A length of time cannot be used, or is missing; nothing was changed."""

    code = "invalid_duration"
    http_status = 400


class SessionActive(CodesessionError):
    """The scope already has an active session; no second one was begun."""

    code = "session_active"
    http_status = 409


class NoActiveSession(CodesessionError):
    """The scope has no active session; nothing was changed."""

    code = "no_active_session"
    http_status = 404


class SessionNotFound(CodesessionError):
    """No session answers to that id; nothing was changed."""

    code = "session_not_found"
    http_status = 404


class UnknownModel(CodesessionError):
    """No price of that model is known; nothing was written."""

    code = "unknown_model"
    http_status = 400


class BudgetExceeded(CodesessionError):
    """The firewall's no: a rule would be broken by a call, which was not sent, or by an answer, which was ended.

    Its `extra` has the ``rule``, and where a budget said no, ``spent``, ``held`` and ``limit`` in dollars.
    """

    code = "budget_exceeded"
    http_status = 400  # the one status at which every measured client stops at once (CLIENTS, section 3)


class BudgetNotFound(CodesessionError):
    """No such budget, mandate or waiting call; nothing was changed."""

    code = "budget_not_found"
    http_status = 404


class DatabaseError(CodesessionError):
    """The ledger cannot be opened, read or written; what it held before is untouched."""

    code = "database_error"
    http_status = 503


class PortTaken(CodesessionError):
    """The port asked for is in use by another program; nothing was started."""

    code = "port_taken"
    http_status = 409
