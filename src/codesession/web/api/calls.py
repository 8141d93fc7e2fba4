"""Which calls were made? Searched, filtered and sorted by the ledger."""

from contextlib import closing
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from codesession.app import zone_of
from codesession.errors import CodesessionError
from codesession.model import CallState, Evidence
from codesession.model.analysis import CallOrder, CallQuery
from codesession.report.call_exports import calls_csv, calls_json
from codesession.report.call_list import call_list, call_list_document, found_calls, whole_call_document
from codesession.report.days import stretch
from codesession.web.api.answers import CallAnswer
from codesession.web.api.common import LARGEST, DaysOrAll, Document, Here, Limit, Offset, RowId, answer, problems
from codesession.web.api.common import Search as Words
from codesession.web.api.exporting import DESCRIBED, Form, Most, attachment

router = APIRouter(tags=["calls"])

LONGEST_NAME = 500
Name = Annotated[str | None, Query(min_length=1, max_length=LONGEST_NAME)]


class CallNotFound(CodesessionError):
    """No call has that id; nothing was changed."""

    code = "call_not_found"
    http_status = 404


class CallsAnswer(Document):
    """A page of calls."""

    calls: list[CallAnswer]
    total: int = Field(description="How many there are on all pages, counted to 10,000.")
    total_exact: bool = Field(description="false: there are more than that.")


class WholeCallAnswer(CallAnswer):
    """A call with everything that is known of it."""

    usage: dict[str, int] | None = Field(description="Each class of usage there is any of; null: not known.")
    response_id: str | None = Field(description="The provider's name for the answer.")
    http_status: int | None
    retry: int = Field(description="How many attempts came before it.")


def _asked_for(  # noqa: PLR0913 - each is a word of the address
    *,
    here: Here,
    search: Words = "",
    session: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only those of that session.")] = None,
    provider: Name = None,
    model: Name = None,
    agent: Name = None,
    customer: Name = None,
    evidence: Annotated[Evidence | None, Query(description="Only those whose numbers were got like that.")] = None,
    state: Annotated[CallState | None, Query(description="Only those that stand so.")] = None,
    unpriced: Annotated[bool, Query(description="Only those without a known price.")] = False,
    days: DaysOrAll = None,
    sort: Annotated[CallOrder, Query(description="By what to sort.")] = CallOrder.STARTED,
    direction: Annotated[
        Literal["desc", "asc"], Query(alias="dir", description="The largest or the smallest first.")
    ] = "desc",
) -> CallQuery:
    return CallQuery(
        search=search.strip(),
        session_id=session,
        provider=provider,
        model=model,
        agent=agent,
        customer=customer,
        evidence=evidence,
        state=state,
        is_unpriced=unpriced,
        started=stretch(days, here.now_ms(), zone_of(here.config)),
        order=sort,
        descending=direction == "desc",
    )


AskedFor = Annotated[CallQuery, Depends(_asked_for)]


@router.get("/calls", response_model=CallsAnswer)
def list_calls(here: Here, query: AskedFor, limit: Limit = 50, offset: Offset = 0) -> Response:
    """A page of the calls; the newest first, unless they are to be sorted otherwise."""
    return answer(call_list_document(call_list(here.ledger, replace(query, limit=limit, offset=offset))))


@router.get("/calls/export", response_class=Response, responses=DESCRIBED)
def export_calls(here: Here, query: AskedFor, form: Form = "json", limit: Most = None) -> Response:
    """Every call that is asked for, as a file."""
    with closing(found_calls(here.ledger, query, limit)) as found:  # else a disk that is full leaves the ledger open
        return attachment(calls_csv(found) if form == "csv" else calls_json(found), "calls", form, here.now_ms())


@router.get("/calls/{call_id}", response_model=WholeCallAnswer, responses=problems(404))
def show_call(here: Here, call_id: RowId) -> Response:
    """Everything that is known of a call."""
    with here.ledger.reading() as reader:
        call = reader.call(call_id)
    if call is None:
        raise CallNotFound(f"No call has the id {call_id}.", id=call_id)
    return answer(whole_call_document(call))
