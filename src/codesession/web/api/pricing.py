"""What models cost: the price list, the user's own prices, and hourly rates of models on the user's own hardware."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from codesession.app import (
    SaidRate,
    add_local_model,
    detect_local_models,
    list_local_models,
    price_board,
    remove_rate,
    reprice,
    reset_prices,
    set_price,
)
from codesession.errors import InvalidInput, UnknownModel
from codesession.model.local import PRESETS
from codesession.report.documents import bare
from codesession.report.hardware import hardware_rows
from codesession.report.local_models import detected_document, rate_document
from codesession.report.price_changes import repricing_document
from codesession.report.price_page import matching, price_page, prices_document, pricing_document, used_models
from codesession.report.pricing import dollars_of
from codesession.web.api.common import Asked, Document, Here, Limit, Offset, Search, answer, nanos, problems

router = APIRouter(tags=["pricing"])

MOST_DOLLARS = 1_000_000
_MOST_USED = 60


class NotSet(UnknownModel):
    """The user has set nothing for that model; nothing was changed."""

    http_status = 404


Dollars = Annotated[float, Field(ge=0, le=MOST_DOLLARS, allow_inf_nan=False)]
Model = Annotated[str, Field(min_length=1, max_length=200)]
Provider = Annotated[str, Field(min_length=1, max_length=100)]


class SidesAnswer(Document):
    """What a model costs, in US dollars for a million tokens; null: that has no price."""

    input: float | None
    output: float | None


class PriceAsked(Asked):
    """The user's own price of a model, in US dollars for a million tokens."""

    model: Model = Field(examples=["gpt-4o"])
    input: Dollars
    output: Dollars
    provider: Provider | None = Field(None, description="Only for calls to this provider.")
    cache_read: Dollars | None = Field(None, description="Of cached input; otherwise that of input.")
    cache_write: Dollars | None = Field(None, description="Of input put into the cache; otherwise that of input.")


class PriceSetAnswer(Document):
    """A price that was set."""

    ok: bool
    success: bool
    model: str
    key: str = Field(description="As it is removed by.")
    input: float
    output: float


class PriceRemovedAnswer(Document):
    """A price that was removed."""

    ok: bool
    success: bool
    model: str
    removed: int = Field(description="How many there were.")


class PriceAnswer(Document):
    """A model with the price that holds now, in US dollars for a million."""

    key: str
    provider: str | None = Field(description="null: wherever it is called.")
    model: str
    input: float | None
    output: float | None
    source: str = Field(description="custom for a price of the user's, otherwise built-in.")
    price_source: str
    own: bool = Field(description="Whether the user has set a price for just this.")
    classes: dict[str, float | None]


class LackingAnswer(Document):
    """A model with calls that have no cost."""

    provider: str
    model: str
    calls: int


class PricesAnswer(Document):
    """A page of prices."""

    prices: list[PriceAnswer]
    total: int
    unpriced: list[LackingAnswer]
    source: str
    problems: list[str]


class RepriceAsked(Asked):
    """Whether calls that had no price are to get one, or only to be looked at."""

    dry_run: bool = Field(True, description="Only look.")


class RepricedAnswer(Document):
    """The calls of a model that were, or would be, priced anew."""

    provider: str
    model: str
    calls: int
    before: float
    after: float


class RepricingAnswer(Document):
    """What pricing calls anew did, or would do; money in US dollars."""

    written: bool
    calls: int
    before: float
    after: float
    left: int = Field(description="Calls that still have no price.")
    models: list[RepricedAnswer]


class RateAnswer(Document):
    """What an hour of a model costs."""

    provider: str
    model: str
    cost_per_hour: float
    hardware: str
    estimated: bool
    gpu_name: str | None = None
    notes: str | None = None
    preset: str | None = None


class WorkedAnswer(Document):
    """How long hardware of the user's own worked, ever; calls outside of any session aside."""

    hardware: str | None = Field(description="null: of calls for which no rate was known.")
    calls: int
    seconds: float
    cost: float | None


class RateAsked(Asked):
    """What an hour of a model costs: in dollars, or by a preset."""

    provider: Provider = Field(examples=["ollama"])
    model: Model = Field(description="* is every other model of that server.")
    cost_per_hour: Dollars | None = None
    preset: str | None = Field(None, description=f"One of {', '.join(PRESETS)}.")
    gpu_name: Annotated[str, Field(max_length=200)] | None = None
    notes: Annotated[str, Field(max_length=1000)] | None = None


class RateSetAnswer(RateAnswer):
    """The rate that was set."""

    replaced: RateAnswer | None


class RateRemovedAnswer(Document):
    """The rate that was removed."""

    removed: bool
    provider: str
    model: str


class DetectAsked(Asked):
    """Whether models without a rate are to get one."""

    preset: str | None = Field(None, description="Give them this preset's rate; without it they are only listed.")


class ServedAnswer(Document):
    """A model that a server has."""

    model: str
    cost_per_hour: float | None
    hardware: str | None
    runs_at: str | None = None


class ServerAnswer(Document):
    """A model server on this machine."""

    provider: str
    address: str
    version: str | None
    models: list[ServedAnswer]


class DetectedAnswer(Document):
    """What answered."""

    servers: list[ServerAnswer]
    asked: list[str]
    added: list[RateAnswer]
    problems: list[str]


@router.get("/pricing", response_model=dict[str, SidesAnswer])
def pricing(here: Here) -> Response:
    """Every price that holds now, by model, and by provider/model."""
    return answer(pricing_document(price_board(here.config, here.now_ms()).listed))


@router.get("/prices", response_model=PricesAnswer)
def prices(here: Here, search: Search = "", limit: Limit = 50, offset: Offset = 0) -> Response:
    """A page of the prices that hold now, the user's own first, with where each is from."""
    board = price_board(here.config, here.now_ms())
    found = matching(board.listed, search)
    page = found[offset : offset + limit]
    with here.ledger.reading() as reader:
        used = used_models(reader.spent_by_model(), _MOST_USED)
    explained = board.explain((price.provider, price.model) for price in page)
    return answer(prices_document(price_page(board.listed, page, len(found), used, explained, board.problems)))


@router.post("/pricing", response_model=PriceSetAnswer, responses=problems(413, 415))
def set_a_price(here: Here, asked: PriceAsked) -> Response:
    """Set what a model costs, for calls from now on."""
    done = set_price(
        here.config,
        asked.model,
        _plain(asked.input),
        _plain(asked.output),
        provider=asked.provider,
        cache_read=None if asked.cache_read is None else _plain(asked.cache_read),
        cache_write=None if asked.cache_write is None else _plain(asked.cache_write),
    )
    told = {"key": done.key, "input": dollars_of(done.input), "output": dollars_of(done.output)}
    return answer({"ok": True, "success": True, "model": asked.model, **told})


@router.post("/pricing/reprice", response_model=RepricingAnswer, responses=problems(413, 415))
def reprice_calls(here: Here, asked: RepriceAsked) -> Response:
    """Give calls that had no price the one that held when they were sent, or tell what that would do."""
    return answer(bare(repricing_document(reprice(here, is_trial=asked.dry_run))))


@router.delete("/pricing/{model:path}", response_model=PriceRemovedAnswer, responses=problems(404))
def remove_a_price(
    here: Here, model: Annotated[str, Path(min_length=1, max_length=301, description="The model, or provider/model.")]
) -> Response:
    """Remove the user's own price of a model."""
    removed, _ = reset_prices(here.config, model)
    if not removed:
        raise NotSet(f"You have set no price of {model}.", model=model)
    return answer({"ok": True, "success": True, "model": model, "removed": removed})


@router.get("/local-models", response_model=list[RateAnswer])
def local_models(here: Here) -> Response:
    """What an hour of models on the user's own hardware costs."""
    return answer([rate_document(model) for model in list_local_models(here).models])


@router.get("/hardware", response_model=list[WorkedAnswer])
def hardware(here: Here) -> Response:
    """How long the user's own hardware worked, the longest first."""
    with here.ledger.reading() as reader:
        return answer(hardware_rows(reader.hardware()))


@router.post("/local-models", response_model=RateSetAnswer, responses=problems(413, 415))
def set_a_rate(here: Here, asked: RateAsked) -> Response:
    """Set what an hour of a model costs, for calls from now on."""
    said = SaidRate(
        _preset(asked.preset),
        None if asked.cost_per_hour is None else nanos(asked.cost_per_hour),
        gpu_name=asked.gpu_name,
        notes=asked.notes,
    )
    model, before = add_local_model(here.config, [asked.model], asked.provider, said)
    return answer(rate_document(model) | {"replaced": None if before is None else rate_document(before)})


@router.delete("/local-models/{provider}/{model:path}", response_model=RateRemovedAnswer, responses=problems(404))
def remove_a_rate(
    here: Here,
    provider: Annotated[str, Path(min_length=1, max_length=100)],
    model: Annotated[str, Path(min_length=1, max_length=200)],
) -> Response:
    """Remove the hourly rate of a model."""
    try:
        where, name = remove_rate(here.config, [model], provider)
    except UnknownModel as error:
        raise NotSet(error.message, **error.extra) from error
    return answer({"removed": True, "provider": where, "model": name})


@router.post("/local-models/detect", response_model=DetectedAnswer, responses=problems(413, 415))
def detect(here: Here, asked: DetectAsked) -> Response:
    """Ask the model servers of this machine what they have; with a preset, models without a rate get it."""
    said = None if asked.preset is None else SaidRate(_preset(asked.preset))
    return answer(bare(detected_document(detect_local_models(here.config, said=said))))


def _preset(name: str | None) -> str | None:
    if name is not None and name not in PRESETS:
        raise InvalidInput(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return name


def _plain(dollars: float) -> str:
    """A number as it is typed, without an exponent.

    >>> _plain(3.0), _plain(0.0000375)
    ('3.0', '0.0000375')
    """
    return format(Decimal(repr(dollars)), "f")
