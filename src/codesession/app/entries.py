"""How does a call get into the ledger that did not pass the proxy? Somebody says what it was, and it is priced here.

What was said wins: a cost that is given is the cost, 0 included. Otherwise the tokens are priced at this moment's
rates. When only their total is known, seven tenths are taken to have been read and the rest written, and the call is
marked as estimated; a side that was not named consumed nothing. Cached tokens are part of what was read, reasoning is
part of what was written: who names them names the side too.

A model on the user's own hardware costs by the hour: what is said of it is how long it worked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.app.pricing import price_of
from codesession.app.sessions import any_session
from codesession.app.words import valid_text
from codesession.errors import InvalidDuration, InvalidInput, MissingTokens, UnknownModel
from codesession.meter.userfiles import LOCAL_MODELS
from codesession.model import STANDARD, Attempt, Cost, Evidence, Outcome, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.app.core import App
    from codesession.app.pricing import Priced
    from codesession.model import Alert, Call, Nanos, Session, Totals
    from codesession.model.local import LocalModel
    from codesession.model.ports import Writer

LONGEST_PROVIDER = 100
LONGEST_MODEL = 200
LONGEST_TAG = 200
"""Characters of a provider's, a model's, and an agent's or customer's name."""

LOCAL = "local"
"""the source of a cost by the hour"""

_ENDPOINT = "log-ai"
_MS = 1000


class Entry(NamedTuple):
    """One call as it was described; None for what was not said."""

    provider: str
    model: str
    tokens: int | None = None
    """all of them, however they were used"""
    prompt_tokens: int | None = None
    """all that were read, cached ones too"""
    completion_tokens: int | None = None
    """all that were written, reasoning too"""
    cost_nanos: Nanos | None = None
    agent: str | None = None
    user: str | None = None
    customer: str | None = None
    feature: str | None = None
    duration_s: float | None = None
    is_local: bool = False
    """whether it ran on the user's own machine, which costs by the hour"""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    """written to the cache for its default time"""
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None


class Names(NamedTuple):
    """What the amounts of an entry are called by whoever described it."""

    tokens: str = "--tokens"
    prompt: str = "--prompt-tokens"
    completion: str = "--completion-tokens"


TYPED = Names()


class Logged(NamedTuple):
    """An entry as it was kept."""

    call: Call
    source: str
    """``manual``, ``custom``, ``built-in`` or ``local``"""
    price: Priced
    """what the price list says, whether or not it was used"""
    per_hour: Nanos | None
    """what the model costs on the user's own machine, in nano-dollars an hour"""
    session: Session
    totals: Totals


def log_call(app: App, entry: Entry, session_id: int | None = None) -> Logged:
    """Keep `entry` in the active session of the current scope, or in the session of that id, active or ended.

    Raises:
        InvalidInput: a name is blank or too long, or the total is less than its parts.
        MissingTokens: it is not said how many tokens were used.
        InvalidDuration: a local model's cost depends on a time that was not given.
        NoActiveSession, SessionNotFound: there is no such session.
        UnknownModel: no cost was given and no price is known; nothing was written.
    """
    entry = checked_entry(entry)
    usage = usage_of(entry)
    session = any_session(app, session_id)
    now_ms = app.now_ms()
    price = price_of(app, entry.provider, entry.model, assumed_split(usage), now_ms)
    local = _local_model(app, entry)
    source, cost, evidence = _cost(entry, usage, price, local)
    attempt = Attempt(
        session.id,
        entry.provider,
        entry.model,
        _ENDPOINT,
        streamed=False,
        request_bytes=0,
        agent=entry.agent or _agent(app),
        user=entry.user,
        customer=entry.customer,
        feature=entry.feature,
        terms=terms_of_own(entry) if entry.is_local or source == LOCAL else STANDARD,
    )
    started_ms = now_ms - (took_ms(entry) or 0)
    with app.ledger.writing() as writer:
        call_id, due = keep(app, writer, attempt, Outcome(usage, evidence), cost, (started_ms, now_ms))
        call = writer.call(call_id)
        assert call is not None  # noqa: S101 - it was written in this transaction
        logged = Logged(call, source, price, local and local.nanos_per_hour, session, writer.totals(session.id))
    tell(app, due)
    return logged


def keep(
    app: App, writer: Writer, attempt: Attempt, outcome: Outcome, cost: Cost | None, span: tuple[int, int]
) -> tuple[int, list[Alert]]:
    """Keep a call that was made from and until the milliseconds of `span`; its id, and what is to be told.

    It counts toward budgets; most users have none, and are spared what that loads.
    """
    has_budgets, _ = writer.has_limits()
    if not has_budgets:
        return writer.record(attempt, outcome, cost, *span), []
    from codesession.app.budgets import zone_of
    from codesession.gate import record

    return record(writer, attempt, outcome, cost, span, zone_of(app.config))


def tell(app: App, due: Sequence[Alert]) -> None:
    """Tell alerts to whom the user wants to hear them; it waits a few seconds for a slow webhook, then gives up."""
    if not due:
        return
    from codesession.app.alerts import alerts_for

    alerts = alerts_for(app.config, app.problem, app.now_ms)
    for alert in due:
        alerts.tell(alert)
    alerts.close()


def checked_entry(entry: Entry) -> Entry:
    """`entry` with its names as they are kept.

    Raises:
        InvalidInput: one is blank, or too long.
    """
    names = {"provider": LONGEST_PROVIDER, "model": LONGEST_MODEL} | dict.fromkeys(
        ("agent", "user", "customer", "feature"), LONGEST_TAG
    )
    kept: dict[str, Any] = {}
    for name, longest in names.items():
        said: str | None = getattr(entry, name)
        if said is None:
            continue
        kept[name] = " ".join(valid_text(said).split())
        if not kept[name]:
            raise InvalidInput(f"The {name} is blank.")
        if len(kept[name]) > longest:
            raise InvalidInput(f"The {name} has {len(kept[name])} characters; at most {longest} are kept.")
    return entry._replace(**kept)


def usage_of(entry: Entry, names: Names = TYPED) -> Usage:
    """The tokens of `entry`, each where it belongs; `names` are those that an error uses.

    Raises:
        MissingTokens: it is not said how many were used.
        InvalidInput: a part is more than the whole.
    """
    prompt, completion = entry.prompt_tokens, entry.completion_tokens
    known = (prompt or 0) + (completion or 0)
    total = known if entry.tokens is None else entry.tokens
    if total == 0 and not (entry.is_local and entry.duration_s):
        raise MissingTokens(f"Say how many tokens were used: {names.tokens}, or {names.prompt} and {names.completion}.")
    if total < known:
        raise InvalidInput(f"{names.tokens} {total} is less than the {known} tokens of its parts.")
    read, write, write_1h = (
        amount or 0 for amount in (entry.cache_read_tokens, entry.cache_write_tokens, entry.cache_write_1h_tokens)
    )
    thought = entry.reasoning_tokens or 0
    if read + write + write_1h > (prompt or 0):
        raise InvalidInput(f"Cached tokens are part of {names.prompt}: these are fewer.")
    if thought > (completion or 0):
        raise InvalidInput(f"Reasoning is part of {names.completion}: these are fewer tokens.")
    if prompt is None and completion is None:
        return Usage(unsplit=total)
    if prompt is None or completion is None:  # the total tells the other side
        prompt = total - (completion or 0) if prompt is None and entry.tokens is not None else prompt
        completion = total - (prompt or 0) if completion is None and entry.tokens is not None else completion
    prompt, completion = prompt or 0, completion or 0
    return Usage(
        input=prompt - read - write - write_1h,
        cache_read=read,
        cache_write=write,
        cache_write_1h=write_1h,
        output=completion - thought,
        reasoning=thought,
        unsplit=total - prompt - completion,
    )


def assumed_split(usage: Usage) -> Usage:
    """What is priced: the sides as they are known, else seven tenths of the total read and the rest written."""
    if usage.knows_sides:
        return replace(usage, unsplit=0)
    read = (usage.unsplit * 7 + 5) // 10
    return Usage(input=read, output=usage.unsplit - read)


def evidence_of(usage: Usage) -> Evidence:
    """How sure a price of what was said is: a split that was assumed makes it an estimate."""
    return Evidence.MANUAL if usage.knows_sides else Evidence.ESTIMATED


def _local_model(app: App, entry: Entry) -> LocalModel | None:
    """The user's own model that was called, if its rate is known."""
    file = app.config.data_dir / LOCAL_MODELS
    if not file.exists():  # most have none
        return None
    from codesession.meter import LocalPrices

    prices = LocalPrices(file)
    for sentence in prices.problems:
        app.problem(sentence)
    return prices.resolve(entry.provider, entry.model)


def terms_of_own(entry: Entry) -> Terms:
    """Those of a call on the user's own hardware."""
    return Terms(is_local=True, took_ms=took_ms(entry))


def took_ms(entry: Entry) -> int | None:
    """How long the call took, in milliseconds; None: that was not said."""
    return None if entry.duration_s is None else round(entry.duration_s * _MS)


def _cost(entry: Entry, usage: Usage, price: Priced, local: LocalModel | None) -> tuple[str, Cost, Evidence]:
    """Which figure is the cost, by whose word, and how sure that is."""
    if entry.cost_nanos is not None:
        hardware = local.hardware if local is not None and entry.is_local else None
        return "manual", Cost(entry.cost_nanos, "manual", hardware), Evidence.MANUAL
    if entry.is_local or (local is not None and not price.known):
        if local is None:
            raise _without_rate(entry)
        return LOCAL, _cost_of_time(local, took_ms(entry)), Evidence.MANUAL
    if price.cost_nanos is None:
        raise _unknown(entry)
    return price.source, Cost(price.cost_nanos, price.price_source), evidence_of(usage)


def _cost_of_time(local: LocalModel, took: int | None) -> Cost:
    from codesession.meter import price_ms  # most models are not local

    if took is None:
        raise InvalidDuration("A local model costs by the hour: say how long it ran, such as --duration 2m30s.")
    return Cost(price_ms(local.nanos_per_hour, took), f"{LOCAL} ({local.hardware})", local.hardware)


def _unknown(entry: Entry) -> UnknownModel:
    return UnknownModel(
        f"{entry.provider}/{entry.model}: no price of this model is known. Give the cost with --cost, or a price with: "
        f"cs pricing set {entry.model} <input> <output> --provider {entry.provider}",
        model=entry.model,
        provider=entry.provider,
    )


def _without_rate(entry: Entry) -> UnknownModel:
    from shlex import quote

    return UnknownModel(
        f"{entry.provider}/{entry.model}: no hourly rate of this local model is known. Give the cost with --cost, or "
        f"a rate with: cs local-models add {quote(entry.model)} --provider {quote(entry.provider)} --cost-per-hour USD",
        model=entry.model,
        provider=entry.provider,
    )


def _agent(app: App) -> str | None:
    """The agent that the environment names."""
    environ = app.config.environ
    named = environ.get("CODESESSION_AGENT_NAME") or environ.get("COSTHQ_AGENT_NAME") or ""
    return " ".join(valid_text(named).split())[:LONGEST_TAG] or None
