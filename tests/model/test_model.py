"""Do the words of the program keep their own promises?"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

import codesession.model
from codesession import errors
from codesession.model import (
    NANOS_PER_USD,
    REQUESTS,
    USAGE_FIELDS,
    Account,
    Budget,
    Call,
    CallState,
    Evidence,
    Mandate,
    Mode,
    Refusal,
    Rule,
    ScopeKind,
    Session,
    Standing,
    Totals,
    Usage,
    Window,
    from_usd,
    to_usd,
)
from codesession.model.money import money

CALL = Call(
    1, None, "p", "m", "e", CallState.HELD, False, 1, None, 5, None, None, None, None, None, None, None, None,
    None, None, None, None, None, 0,
)  # fmt: skip
USAGES = st.builds(Usage, *([st.integers(0, 10**9)] * len(USAGE_FIELDS)))


def test_the_room_offers_what_its_list_names() -> None:
    for name in codesession.model.__all__:
        assert hasattr(codesession.model, name)
    assert len(set(codesession.model.__all__)) == len(codesession.model.__all__)


# --- money ---


@pytest.mark.parametrize(
    ("dollars", "nanos"),
    [
        pytest.param("1", 1_000_000_000, id="a-dollar"),
        pytest.param("0.0000000005", 0, id="half-a-nano-rounds-to-even-zero"),
        pytest.param("0.0000000015", 2, id="one-and-a-half-rounds-to-even-two"),
        pytest.param("0.0000000025", 2, id="two-and-a-half-rounds-to-even-two"),
        pytest.param("0.1", 100_000_000, id="no-float-is-in-between"),
    ],
)
def test_dollars_become_whole_nanos(dollars: str, nanos: int) -> None:
    assert from_usd(Decimal(dollars)) == nanos


@given(st.integers(0, 10**15))
def test_nanos_go_to_dollars_and_back_unharmed(nanos: int) -> None:
    assert from_usd(Decimal(repr(to_usd(nanos)))) == nanos


def test_dollars_are_rounded_to_a_tenth_of_a_nano() -> None:
    assert to_usd(1) == 1e-9
    assert to_usd(300_000_000) == 0.3


# --- usage ---


@given(USAGES)
def test_every_token_is_read_or_written_and_searches_are_neither(usage: Usage) -> None:
    assert usage.tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.tokens == sum(getattr(usage, name) for name in USAGE_FIELDS if name not in REQUESTS)
    more = {name: getattr(usage, name) + 1 for name in ("web_searches", "file_searches", "rerank_searches")}
    assert replace(usage, **more).tokens == usage.tokens


@given(USAGES, USAGES)
def test_usages_add_field_by_field(one: Usage, other: Usage) -> None:
    both = one + other
    assert both == other + one
    assert both.tokens == one.tokens + other.tokens
    for name in USAGE_FIELDS:
        assert getattr(both, name) == getattr(one, name) + getattr(other, name)
    assert one + Usage() == one


# --- money for people ---


@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (100, "$0.0000001"),
        (1_000_000, "$0.001"),
        (9_999_999, "$0.01"),
        (10_000_000, "$0.01"),
        (14_900_000, "$0.01"),
        (999_000_000, "$1.00"),
        (1_234_567_890_000_000, "$1,234,567.89"),
    ],
)
def test_money_is_shown_in_cents_and_below_a_cent_in_what_shows_something(nanos: int, shown: str) -> None:
    assert money(nanos) == shown


@given(st.integers(1, 10**15))
def test_money_that_is_something_is_not_shown_as_nothing(nanos: int) -> None:
    shown = Decimal(money(nanos).replace("$", "").replace(",", ""))
    assert shown > 0
    error = abs(shown * NANOS_PER_USD - nanos)
    assert error <= (5_000_000 if nanos >= NANOS_PER_USD // 100 else nanos // 10)


# --- budgets ---

BUDGET = Budget(ScopeKind.ALL, "", Window.DAY, 100)


@pytest.mark.parametrize(
    ("kind", "name", "scope", "subject", "session_id", "label"),
    [
        (ScopeKind.ALL, "", "all", "", None, "all"),
        (ScopeKind.SESSION, "", "session", "", 12, "session 12"),
        (ScopeKind.SESSION, "12", "session:12", "", 12, "session 12"),
        (ScopeKind.CUSTOMER, "*", "customer:*", "acme", None, "customer:acme"),
        (ScopeKind.AGENT, "*", "agent:*", "codex", 3, "agent:codex in session 3"),
        (ScopeKind.PROJECT, "/p", "project:/p", "/p", None, "project:/p"),
    ],
)
def test_scopes_and_accounts_have_names(
    kind: ScopeKind, name: str, scope: str, subject: str, session_id: int | None, label: str
) -> None:
    budget = replace(BUDGET, kind=kind, name=name)
    assert budget.scope == scope
    assert Account(budget, subject, session_id, 0, None).label == label
    assert Mandate(kind, name).scope == scope


def test_every_mode_but_warn_refuses() -> None:
    assert {mode for mode in Mode if replace(BUDGET, mode=mode).blocks} == {Mode.BLOCK, Mode.STOP}
    assert not BUDGET.blocks


@given(*[st.integers(0, 10**12)] * 5)
def test_what_is_free_is_what_is_neither_spent_nor_held(limit: int, extra: int, one: int, two: int, held: int) -> None:
    account = Account(replace(BUDGET, limit_nanos=limit), "", None, 0, None)
    standing = Standing(account, {Evidence.MEASURED: one, Evidence.ESTIMATED: two}, held, extra_nanos=extra)
    assert (standing.spent_nanos, standing.limit_nanos) == (one + two, limit + extra)
    assert standing.spent_nanos + standing.held_nanos + standing.free_nanos == standing.limit_nanos


def test_a_refusal_says_what_was_wrong_and_then_what_to_do() -> None:
    assert Refusal(Rule.BUDGET, "Too dear.", "Wait.").message == "Too dear. Wait."


# --- calls and sessions ---


@pytest.mark.parametrize(
    ("state", "cost", "is_billed", "is_unpriced"),
    [
        pytest.param(CallState.HELD, None, False, False, id="held"),
        pytest.param(CallState.SETTLED, 5, True, False, id="settled"),
        pytest.param(CallState.SETTLED, 0, True, False, id="settled-for-nothing"),
        pytest.param(CallState.SETTLED, None, True, True, id="settled-without-a-price"),
        pytest.param(CallState.RELEASED, None, False, False, id="released"),
        pytest.param(CallState.LOST, 5, True, False, id="lost"),
        pytest.param(CallState.LOST, None, True, True, id="lost-without-a-price"),
    ],
)
def test_which_calls_count(state: CallState, cost: int | None, *, is_billed: bool, is_unpriced: bool) -> None:
    call = replace(CALL, state=state, cost_nanos=cost)
    assert (call.is_billed, call.is_unpriced) == (is_billed, is_unpriced)


def test_a_session_is_active_until_it_has_ended() -> None:
    session = Session(1, "n", "/d", None, None, None, 5, None, None)
    assert session.is_active
    assert not replace(session, ended_ms=5).is_active


@pytest.mark.parametrize("value", [CALL, Usage(), Totals()], ids=lambda value: type(value).__name__)
def test_values_are_frozen(value: object) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, 1)  # type: ignore[arg-type]  # they are dataclasses


def test_words_are_written_as_themselves() -> None:
    assert f"{CallState.HELD} {Evidence.MEASURED}" == "held measured"


# --- errors ---


def all_errors() -> list[type[errors.CodesessionError]]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.CodesessionError)
    ]


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.__name__)
def test_every_error_knows_how_it_leaves_the_program(error: type[errors.CodesessionError]) -> None:
    raised = error("A sentence.", id=3)
    assert (str(raised), raised.message, raised.extra) == ("A sentence.", "A sentence.", {"id": 3})
    assert error.exit_code == 1
    assert 400 <= error.http_status < 600
    assert error.__doc__


def test_every_error_has_a_code_of_its_own_and_stands_in_the_picture() -> None:
    codes = [error.code for error in all_errors()]
    assert len(set(codes)) == len(codes)
    assert {"invalid_input", "session_active", "no_active_session", "session_not_found", "database_error"} <= set(codes)
    for error in all_errors():
        assert error.__name__ in (errors.__doc__ or "")
        assert error.code in (errors.__doc__ or "") or error is errors.CodesessionError
