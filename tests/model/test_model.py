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
    USAGE_FIELDS,
    Call,
    CallState,
    Evidence,
    Session,
    Totals,
    Usage,
    from_usd,
    to_usd,
)

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
    assert usage.tokens == sum(getattr(usage, name) for name in USAGE_FIELDS if name != "web_searches")
    assert replace(usage, web_searches=usage.web_searches + 1).tokens == usage.tokens


@given(USAGES, USAGES)
def test_usages_add_field_by_field(one: Usage, other: Usage) -> None:
    both = one + other
    assert both == other + one
    assert both.tokens == one.tokens + other.tokens
    for name in USAGE_FIELDS:
        assert getattr(both, name) == getattr(one, name) + getattr(other, name)
    assert one + Usage() == one


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
