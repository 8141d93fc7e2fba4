"""What do ``cs budget``, ``approve`` and ``deny`` take and say, and what of them do `start` and `run` take?"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from codesession.cli import _wants_json
from codesession.ledger import SqliteLedger
from codesession.model import Account, Budget, Event, EventKind, Mode, Refusal, Rule, ScopeKind, Window

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs

NANOS = 10**9


def kept(place: Place) -> list[Budget]:
    with closing(SqliteLedger(place.database)) as ledger, ledger.reading() as reader:
        return reader.budgets()


def wait(place: Place) -> None:
    """Have a call of this process wait that lacks $2.00, in a budget of $5.00 for customer acme."""
    ledger = place.app().ledger
    owner_id = ledger.claim(1)
    with ledger.writing() as tx:
        budget = tx.set_budget(Budget(ScopeKind.CUSTOMER, "acme", Window.TOTAL, 5 * NANOS, Mode.BLOCK, ask_s=60))
        standing = tx.open_account(Account(budget, "acme", None, 0, None))
        refusal = Refusal(
            Rule.BUDGET,
            "codesession refused this call: It is too dear.",
            "Stop.",
            (),
            standing,
            7 * NANOS,
            Mode.BLOCK,
            60,
        )
        tx.ask(refusal, None, "gpt-5", owner_id, place.now_ms)


def row(cs: Cs, *words: str) -> dict[str, Any]:
    """The only budget there is after a command."""
    told = cs(*words)
    assert (told.status, told.err) == (0, "")
    (found,) = cs("budget", "--json").json()["budgets"]
    assert isinstance(found, dict)
    return found


def test_without_a_budget_it_says_how_to_set_one(cs: Cs) -> None:
    told = cs("budget")
    assert (told.status, told.err) == (0, "")
    assert "No budget is set. Set one with: cs budget --session 2 --daily 10" in told.out
    document = cs("budget", "--json").json()
    assert (document["daily"], document["session"], document["budgets"]) == (None, None, [])
    assert (document["waiting"], document["mandates"]) == ([], [])


def test_the_two_usual_limits_are_set_and_shown(cs: Cs) -> None:
    told = cs("budget", "--session", "2", "--daily", "$10")
    assert "$2.00 for each session, mode warn.\n" in told.out
    assert "$10.00 a day for all calls, mode warn.\n" in told.out
    assert "To refuse them: cs budget set all 10 --mode block" in told.out
    assert "Days begin at midnight in" in told.out
    document = cs("budget", "--json").json()
    assert (document["daily"], document["session"]) == (10.0, 2.0)
    assert [found["mode"] for found in document["budgets"]] == ["warn", "warn"]


def test_off_removes_one_of_them(cs: Cs) -> None:
    cs("budget", "--session", "2", "--daily", "10")
    told = cs("budget", "--daily", "off")
    assert told.out.startswith("Removed: $10.00 a day for all calls, mode warn.\n")
    document = cs("budget", "--daily", "off", "--json").json()
    assert (document["daily"], document["session"]) == (None, 2.0)


def test_a_limit_that_is_raised_goes_on_blocking(cs: Cs) -> None:
    assert row(cs, "budget", "--daily", "10", "--enforce")["mode"] == "block"
    found = row(cs, "budget", "--daily", "20")
    assert (found["limit"], found["mode"]) == (20.0, "block")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--mode", "stop", "--strict"], {"mode": "stop", "strict": True}, id="stop-strict"),
        pytest.param(["--mode", "block"], {"mode": "block", "strict": False, "ask": None}, id="block-is-balanced"),
        pytest.param(["--mode", "block", "--ask"], {"ask": 300}, id="asks-for-five-minutes"),
        pytest.param(["--mode", "block", "--ask-for", "1h"], {"ask": 3600}, id="asks-as-long-as-is-said"),
        pytest.param(["--warn-at", "50"], {"warnAt": 50, "mode": "warn", "unpriced": "refuse"}, id="warns-earlier"),
        pytest.param(["--unpriced", "allow"], {"unpriced": "allow"}, id="unpriced-pass"),
        pytest.param(["--unpriced", "0.50"], {"unpriced": 0.5}, id="unpriced-count"),
        pytest.param(["--window", "month"], {"window": "month", "scope": "agent:codex"}, id="of-a-month"),
    ],
)
def test_how_a_limit_is_kept_is_said_with_it(cs: Cs, words: list[str], expected: dict[str, Any]) -> None:
    found = row(cs, "budget", "set", "agent:codex", "2.50", *words)
    assert found.items() >= {"limit": 2.5, **expected}.items()


@pytest.mark.parametrize(
    ("typed", "nanos"),
    [
        pytest.param("0.000000001", 1, id="the-least"),
        pytest.param("0.1", NANOS // 10, id="no-binary-fraction"),
        pytest.param("$5", 5 * NANOS, id="with-its-sign"),
        pytest.param(".5", NANOS // 2, id="without-a-zero"),
        pytest.param("0", 0, id="nothing"),
        pytest.param("100000000", 10**8 * NANOS, id="the-most"),
    ],
)
def test_an_amount_is_exact(cs: Cs, place: Place, typed: str, nanos: int) -> None:
    assert cs("budget", "set", "all", typed).status == 0
    assert [budget.limit_nanos for budget in kept(place)] == [nanos]


def test_a_blocking_budget_says_what_it_will_do(cs: Cs) -> None:
    balanced = cs("budget", "set", "all", "5", "--mode", "stop", "--ask").out
    assert "stop, balanced" in balanced
    assert "the program that cs run started is ended" in balanced
    assert "can be passed by what calls in flight cost" in balanced
    assert "waits up to 300 s for you: cs approve, or cs deny" in balanced
    strict = cs("budget", "set", "all", "5", "--strict", "--json").json()
    assert any("Set max_tokens" in note for note in strict["notes"])
    assert strict["budget"]["strict"] is True


def test_a_budget_is_removed_by_its_scope(cs: Cs) -> None:
    cs("budget", "set", "user:ada", "5")
    assert cs("budget", "remove", "user:ada", "--json").json()["removed"]["scope"] == "user:ada"
    error = cs("budget", "remove", "user:ada", "--json").error()
    assert (error["code"], error["scope"]) == ("budget_not_found", "user:ada")


def test_what_belongs_to_another_command_is_said(cs: Cs) -> None:
    assert "Write --daily after the command" in cs("budget", "--daily", "5", "set", "all", "3").sentence()
    assert "Write --json after the command" in cs("budget", "--json", "why").error()["message"]
    assert "add --session USD or --daily USD" in cs("budget", "--ask-for", "5m").sentence()


def test_calls_that_wait_are_shown_with_how_to_answer(cs: Cs, place: Place) -> None:
    wait(place)
    told = cs("budget")
    assert "A call to gpt-5 waits for you: It is too dear.\nAnswer with: cs approve, or cs deny" in told.out
    (question,) = cs("budget", "--json").json()["waiting"]
    assert (question["missing"], question["model"], question["rule"]) == (2.0, "gpt-5", "budget")


def test_a_call_that_waits_is_approved(cs: Cs, place: Place) -> None:
    wait(place)
    document = cs("approve", "--json").json()
    (account,) = document["approved"]
    assert (account["account"], account["approved"], account["limit"], account["extra"]) == (
        "customer:acme",
        2.0,
        7.0,
        2.0,
    )
    assert [question["model"] for question in document["answered"]] == ["gpt-5"]
    assert "$7.00 (+$2.00)" in cs("budget").out
    assert cs("approve", "--json").error()["code"] == "budget_not_found"


def test_an_amount_is_approved_in_words(cs: Cs, place: Place) -> None:
    wait(place)
    told = cs("approve", "+2.50")
    assert told.out == (
        "customer:acme, total: $2.50 more, its limit is now $7.50 ($0.00 spent).\n1 call that waited may go on.\n"
    )


def test_a_call_that_waits_is_denied(cs: Cs, place: Place) -> None:
    wait(place)
    assert cs("deny").out == "1 call that waited is refused.\n"
    assert cs("deny").sentence() == "No call waits for an answer."
    assert cs("budget", "--json").json()["waiting"] == []


def test_why_explains_the_last_refusal(cs: Cs, place: Place) -> None:
    assert cs("budget", "why").out == "No call has been refused.\n"
    assert cs("budget", "why", "--json").json()["refusal"] is None
    figure = {
        "account": "all", "window": "day", "mode": "block", "strict": False,
        "limit": 5 * NANOS, "spent": 4 * NANOS, "held": 0, "needed": 2 * NANOS, "kept": False,
    }  # fmt: skip
    details = {"advice": "Do not retry.", "budgets": [figure, {**figure, "account": "user:a", "needed": None}]}
    with closing(SqliteLedger(place.database)) as ledger, ledger.writing() as tx:
        for kind, message in ((EventKind.ENDED, "Before."), (EventKind.REFUSED, "It is too dear.")):
            tx.add_event(
                Event(kind, 5, "budget", provider="openai", model="gpt-5", agent="A", message=message, details=details)
            )
    told = cs("budget", "why").out
    assert "It is too dear.\nDo not retry.\n" in told
    assert "gpt-5 at openai" in told
    assert [line.split() for line in told.splitlines() if line.startswith("all ")] == [
        ["all", "day", "block,", "balanced", "$5.00", "$4.00", "$0.00", "$2.00", "no"]
    ]
    refusal = cs("budget", "why", "--json").json()["refusal"]
    assert (refusal["kind"], refusal["rule"], refusal["agent"], refusal["customer"]) == ("refused", "budget", "A", None)
    assert [found["needed"] for found in refusal["budgets"]] == [2.0, None]


# --- start and run ---


def test_a_session_begins_with_its_own_budget(cs: Cs, place: Place) -> None:
    document = cs("start", "Fix it", "--budget", "5", "--json").json()
    assert (document["id"], document["budget"]) == (1, 5.0)
    (budget,) = kept(place)
    assert (budget.scope, budget.mode, budget.is_strict) == ("session:1", Mode.BLOCK, False)
    told = cs("start", "--resume", "--budget", "8", "--mode", "stop", "--strict")
    assert "$8.00 for session 1, mode stop, strict." in told.out
    (budget,) = kept(place)
    assert (budget.limit_nanos, budget.mode, budget.is_strict) == (8 * NANOS, Mode.STOP, True)


def test_a_session_without_one_says_nothing_of_budgets(cs: Cs) -> None:
    assert "budget" not in cs("start", "Fix it", "--json").json()


def test_no_session_begins_with_terms_that_contradict_each_other(cs: Cs) -> None:
    for words in (["--budget", "5", "--mode", "warn", "--ask"], ["--budget", "5", "--strict", "--balanced"], ["--ask"]):
        assert cs("start", "Fix it", *words, "--json").error()["code"] == "invalid_input"
    assert cs("list", "--json").json() == []


def test_a_run_takes_a_budget_and_not_without_the_proxy(cs: Cs) -> None:
    assert "add --budget USD" in cs("run", "--mode", "stop", "--", sys.executable, "-c", "").sentence()
    assert "--no-proxy sees no call" in cs("run", "--no-proxy", "--budget", "5", "true").sentence()


def test_json_after_the_value_of_a_budget_option_is_still_the_runs() -> None:
    options = [["--budget", "5"], ["--mode", "stop"], ["--warn-at", "50"], ["--ask-for", "5m"], ["--unpriced", "allow"]]
    for option in options:
        assert _wants_json(["run", *option, "--json", "true"])
        assert not _wants_json(["run", *option, "true", "--json"])
    assert _wants_json(["run", "--strict", "--json", "true"])
