"""How does somebody begin anew? By deleting everything that was tracked, and saying twice that this is meant."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from codesession.app import reset_ledger
from codesession.errors import InvalidInput
from codesession.report.upkeep import reset_facts
from codesession.web.api.common import Document, Here, answer, problems

router = APIRouter()


class DeletedAnswer(Document):
    """How much there was."""

    sessions: int
    calls: int
    files: int
    commits: int
    annotations: int
    budgets: int = Field(description="0 unless they were to go too.")
    mandates: int


class ResetAnswer(Document):
    """What was deleted, and where a copy of it is."""

    reset: bool
    deleted: DeletedAnswer
    backup: str | None = Field(description="The file that everything was copied to before; null: none was wanted.")


@router.post("/reset", response_model=ResetAnswer, responses=problems(400))
def reset(
    here: Here,
    *,
    confirm: Annotated[bool, Query(description="That it is meant; X-Confirm-Reset says the same.")] = False,
    backup: Annotated[bool, Query(description="Whether it is copied to a file beside the ledger first.")] = True,
    budgets: Annotated[bool, Query(description="Whether budgets and mandates go too, but those of a file.")] = False,
    x_confirm_reset: Annotated[str, Header(description="“yes”: it is meant.")] = "",
) -> Response:
    """Delete every session and call, and what belongs to them. Prices and settings stay, and budgets unless said."""
    if not confirm and x_confirm_reset != "yes":
        raise InvalidInput(
            "This deletes every session and call: if that is meant, send the header X-Confirm-Reset: yes."
        )
    done = reset_ledger(here, with_backup=backup, with_limits=budgets)
    return answer(reset_facts(done.deleted, done.backup, with_limits=budgets))
