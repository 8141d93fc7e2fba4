"""What do all endpoints share? The program they ask, the parameters they take, and how they answer, or refuse to.

An endpoint is a plain function: the ledger blocks, so each is run in a thread of its own. It answers with `answer`,
which writes the document down as it is; its ``response_model`` is what the description of the API says about that
(tests hold the two together)::

    router = APIRouter()

    @router.get("/projects", response_model=list[ProjectAnswer], responses=problems(404))
    def projects(here: Here, limit: Limit = 50) -> Response:
        \"\"\"What was done and spent in each project.\"\"\"

What it raises of `CodesessionError` becomes ``{"error": sentence, "code": word, …facts}`` with the error's own status.
The modules of this room do not postpone their annotations: FastAPI reads them.
"""

from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from codesession.app import App
from codesession.model import Nanos, from_usd

LARGEST = 2**63 - 1
"""What a whole number may be: that is what fits the ledger."""
MOST_ROWS = 1000
MOST_DAYS = 365


async def _here(request: Request) -> App:
    app: App = request.app.state.app
    return app


Here = Annotated[App, Depends(_here)]
"""The program over the ledger."""

# --- parameters ---

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows to answer at most.")]
Offset = Annotated[int, Query(ge=0, le=LARGEST, description="How many rows to leave out before the first.")]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many days to look back, today among them.")]
DaysOrAll = Annotated[
    int | None, Query(ge=1, le=MOST_DAYS, description="How many days to look back, today among them; without it: all.")
]
Search = Annotated[str, Query(max_length=500, description="Words to look for, whatever the case of the letters.")]
RowId = Annotated[int, Path(ge=1, le=LARGEST, description="The id of a row.")]


# --- documents ---


class Asked(BaseModel):
    """What a request says: camelCase outside, snake_case here; a key that is not known is a mistake.

    Nothing is taken for what it is not: ``"5"`` and ``true`` are no numbers.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)


class Document(BaseModel):
    """What an answer says; it describes, and is never filled. Keys may be added, so a reader passes over others."""

    model_config = ConfigDict(alias_generator=to_camel)


class Problem(Document):
    """Why there is no answer. Further keys are the facts of the error, such as the id that was not found."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")

    error: str = Field(description="A sentence for people.", examples=["No session has the id 99."])
    code: str = Field(description="A word for programs.", examples=["session_not_found"])


def answer(document: object, status: int = HTTPStatus.OK) -> Response:
    """The answer that is `document`, as JSON."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def nanos(dollars: float) -> Nanos:
    """US dollars as JSON has them in nano-dollars: the decimals that were written, not those of the float.

    >>> nanos(0.1), nanos(1e-9)
    (100000000, 1)
    """
    return from_usd(Decimal(repr(dollars)))


_MEANINGS = {
    400: "What was asked cannot be used; `code` says why, and `invalid_input` is the usual one.",
    401: "The token is missing or wrong.",
    403: "The request was sent by a page of somebody else's, or to a name that is not this server's.",
    404: "There is no such thing.",
    405: "Nothing here can be done by that method.",
    409: "It contradicts what is there; nothing was changed.",
    413: "The request brings more than it may.",
    415: "What was sent is not said to be JSON.",
    500: "A mistake of codesession's.",
    503: "The ledger cannot be used now; what it held is untouched.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the description says of these error statuses, for a route's ``responses``."""
    return {status: _problem(_MEANINGS[status]) for status in statuses}


def _problem(meaning: str) -> dict[str, Any]:
    """An error as OpenAPI has it; FastAPI makes a validator for each that is told as a model, which takes a second."""
    return {"description": meaning, "content": {"application/json": {"schema": {"$ref": PROBLEM}}}}


PROBLEM = "#/components/schemas/Problem"
"""Where `Problem` stands in the description."""
EVERYWHERE = problems(400, 401, 403, 500, 503) | {
    "default": _problem("Any other error: a sentence, and a word for programs.")
}
"""What any route may answer instead."""

__all__ = [
    "EVERYWHERE",
    "LARGEST",
    "Asked",
    "Body",
    "Days",
    "DaysOrAll",
    "Document",
    "Here",
    "Limit",
    "Offset",
    "Problem",
    "RowId",
    "Search",
    "answer",
    "nanos",
    "problems",
]
