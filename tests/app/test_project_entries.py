"""Does a project get what its entries say, and a sentence for each that cannot be used?"""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest

from codesession.app.project_entries import MOST_ENTRIES, read_entries
from codesession.app.project_file import Said
from codesession.model import Budget, Mandate, Mode, ScopeKind, Window

HERE = "/here"


def said(text: str) -> Said:
    return read_entries(tomllib.loads(text, parse_float=Decimal), HERE, "FILE")


def budget(lines: str) -> Budget:
    (found,) = said(f"[[budget]]\n{lines}").budgets
    return found


def problem(text: str) -> str:
    """The only problem of a file of which nothing applies."""
    found = said(text)
    assert (found.budgets, found.mandates, found.is_whole) == ([], [], False)
    (sentence,) = found.problems
    return sentence


def test_everything_that_a_budget_can_say_is_kept() -> None:
    assert budget(
        """
        scope = "session"
        amount = 2.50
        window = "session"
        mode = "block"
        strict = true
        warn_at = 90
        ask = 60
        unpriced = 0.01
        """
    ) == Budget(
        ScopeKind.SESSION,
        "",
        Window.SESSION,
        2_500_000_000,
        Mode.BLOCK,
        is_strict=True,
        warn_at=90,
        ask_s=60,
        unpriced_nanos=10_000_000,
        directory=HERE,
    )


def test_an_amount_is_enough_for_a_budget_of_the_project_a_day_that_warns() -> None:
    assert budget("amount = 5") == Budget(ScopeKind.PROJECT, HERE, Window.DAY, 5_000_000_000, directory=HERE)


@pytest.mark.parametrize(
    ("scope", "kind", "name", "window"),
    [
        ("session", ScopeKind.SESSION, "", Window.SESSION),
        ("project", ScopeKind.PROJECT, HERE, Window.DAY),
        ("all", ScopeKind.PROJECT, HERE, Window.DAY),
        ("agent:codex", ScopeKind.AGENT, "codex", Window.DAY),
        ("agent:*", ScopeKind.AGENT, "*", Window.DAY),
        ("user:7", ScopeKind.USER, "7", Window.DAY),
        ("customer:Acme Ltd", ScopeKind.CUSTOMER, "Acme Ltd", Window.DAY),
        ("model:OpenAI/*", ScopeKind.MODEL, "openai/*", Window.DAY),
    ],
)
def test_a_scope_counts_in_this_project_alone(scope: str, kind: ScopeKind, name: str, window: Window) -> None:
    assert budget(f'scope = "{scope}"\namount = 1') == Budget(kind, name, window, 1_000_000_000, directory=HERE)


@pytest.mark.parametrize(
    ("lines", "seconds"), [("ask = true", 300), ("ask = false", 0), ("ask = 0", 0), ("ask = 86400", 86_400)]
)
def test_how_long_a_call_waits_for_a_person(lines: str, seconds: int) -> None:
    assert budget(f'amount = 1\nmode = "stop"\n{lines}').ask_s == seconds


@pytest.mark.parametrize(
    ("value", "nanos"), [('"refuse"', None), ('"allow"', 0), ("0.05", 50_000_000), ("0", 0), ("2", 2_000_000_000)]
)
def test_what_a_call_without_a_price_counts_as(value: str, nanos: int | None) -> None:
    assert budget(f"amount = 1\nunpriced = {value}").unpriced_nanos == nanos


@pytest.mark.parametrize(
    ("amount", "nanos"),
    [
        ("0.1", 100_000_000),
        ("0.000000001", 1),
        ("0", 0),
        ("1_000.10", 1_000_100_000_000),
        ("1e-9", 1),
        ("100000000", 10**17),
    ],
)
def test_an_amount_is_exact(amount: str, nanos: int) -> None:
    assert budget(f"amount = {amount}").limit_nanos == nanos


def test_everything_that_a_mandate_can_say_is_kept() -> None:
    text = """
        [[mandate]]
        scope = "agent:codex"
        allow = ["GPT-5*", "openai/*"]
        deny = ["*-pro*"]
        most_per_call = 0.50
        parallel = 4
        [[mandate]]
        deny = ["*"]
        [[mandate]]
        scope = "user:*"
        most_per_call = 0
        """
    assert said(text) == Said(
        [],
        [
            Mandate(ScopeKind.AGENT, "codex", ("gpt-5*", "openai/*"), ("*-pro*",), 500_000_000, 4, HERE),
            Mandate(ScopeKind.PROJECT, HERE, (), ("*",), directory=HERE),
            Mandate(ScopeKind.USER, "*", (), (), 0, directory=HERE),
        ],
        [],
        is_whole=True,
    )


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "it needs an amount in dollars"),
        ('amount = "2.50"', "its amount can be a number of dollars from 0 to 100,000,000"),
        ("amount = -1", "its amount"),
        ("amount = true", "its amount"),
        ("amount = nan", "its amount"),
        ("amount = inf", "its amount"),
        ("amount = 100000000.01", "its amount"),
        ("amount = 1979-05-27", "its amount"),
        ("amount = [1]", "its amount"),
        ("amout = 1", "it has a key that is not known; there are scope, amount, window"),
        ('amount = 1\nscope = "session:12"', "its scope can be session, project, agent:NAME"),
        ('amount = 1\nscope = "project:/elsewhere"', "of this project alone"),
        ('amount = 1\nscope = "project:*"', "its scope"),
        ('amount = 1\nscope = "all:x"', "its scope"),
        ('amount = 1\nscope = "agent:"', "its scope"),
        ('amount = 1\nscope = "agent"', "its scope"),
        ('amount = 1\nscope = "frob"', "its scope"),
        ('amount = 1\nscope = ""', "its scope"),
        ('amount = 1\nscope = "agent:a\\nb"', "its scope"),
        ('amount = 1\nscope = "model:gpt-[45]"', "its scope"),
        ('amount = 1\nscope = "model:a,b"', "its scope"),
        ("amount = 1\nscope = 12", "its scope"),
        ('amount = 1\nwindow = "year"', "its window can be session, day, week, month or total"),
        ("amount = 1\nwindow = 1", "its window"),
        ('amount = 1\nscope = "session"\nwindow = "day"', "the window of a session can only be session"),
        ('amount = 1\nmode = "blok"', "its mode can be warn, block or stop"),
        ("amount = 1\nmode = []", "its mode"),
        ('amount = 1\nmode = "block"\nstrict = "yes"', "its strict can be true or false"),
        ("amount = 1\nstrict = true", "in mode warn no call is refused, and strict means nothing"),
        ("amount = 1\nask = true", "in mode warn no call is refused, and ask means nothing"),
        ("amount = 1\nwarn_at = 0", "its warn_at can be a whole number from 1 to 100"),
        ("amount = 1\nwarn_at = 101", "its warn_at"),
        ("amount = 1\nwarn_at = 80.0", "its warn_at"),
        ("amount = 1\nwarn_at = true", "its warn_at"),
        ("amount = 1\nask = -1", "its ask can be true, false or a whole number from 0 to 86,400"),
        ("amount = 1\nask = 86401", "its ask"),
        ('amount = 1\nask = "5m"', "its ask"),
        ('amount = 1\nunpriced = "alow"', 'its unpriced can be "refuse", "allow" or a number of dollars'),
        ("amount = 1\nunpriced = -0.01", "its unpriced"),
        ("amount = 1\nunpriced = false", "its unpriced"),
        ("amount = 1\nunpriced = []", "its unpriced"),
    ],
)
def test_a_budget_that_cannot_be_used_is_named(lines: str, why: str) -> None:
    sentence = problem(f"[[budget]]\n{lines}")
    assert sentence.startswith("FILE: [[budget]] number 1 is not applied: ")
    assert why in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "it says nothing: add allow, deny, most_per_call or parallel"),
        ('scope = "agent:codex"', "it says nothing"),
        ('scope = "session"\nparallel = 1', "its scope can be project, agent:NAME, user:ID or customer:ID"),
        ('scope = "model:gpt-5*"\nparallel = 1', "its scope"),
        ('scope = "project:/elsewhere"\nparallel = 1', "its scope"),
        ("amount = 1", "it has a key that is not known; there are scope, allow, deny, most_per_call and parallel"),
        ("allow = []", 'allow can be a list of 1 to 100 patterns of models, such as ["gpt-5*"]'),
        ('allow = "gpt-5*"', "allow can be a list"),
        ("deny = {}", "deny can be a list"),
        ("deny = [1]", "each pattern of deny can have up to 200 characters"),
        ('deny = [""]', "each pattern of deny"),
        ('deny = ["gpt-[45]"]', "each pattern of deny"),
        ('deny = ["a,b"]', "each pattern of deny"),
        (f'deny = ["{"m" * 201}"]', "each pattern of deny"),
        (f"deny = {['m'] * 101}", "deny can be a list of 1 to 100"),
        ("most_per_call = -0.01", "its most_per_call can be a number of dollars"),
        ("parallel = 0", "its parallel can be a whole number from 1 to 1,000,000"),
        ("parallel = true", "its parallel"),
        ("parallel = 1.5", "its parallel"),
    ],
)
def test_a_mandate_that_cannot_be_used_is_named(lines: str, why: str) -> None:
    sentence = problem(f"[[mandate]]\n{lines}")
    assert sentence.startswith("FILE: [[mandate]] number 1 is not applied: ")
    assert why in sentence


@pytest.mark.parametrize("text", ["[budget]\namount = 1", "budget = 1", 'budget = "x"'])
def test_what_is_no_list_of_entries_is_named(text: str) -> None:
    assert problem(text) == "FILE: begin each entry with [[budget]], in two brackets."


def test_what_is_no_entry_is_named() -> None:
    assert problem("budget = [1]") == "FILE: [[budget]] number 1 is not applied: it is no table of keys and values."


def test_a_broken_entry_hides_no_other() -> None:
    found = said('[[budget]]\namount = 1\n[[budget]]\namount = "x"\n[[budget]]\nscope = "agent:a"\namount = 2\n')
    assert [one.limit_nanos for one in found.budgets] == [1_000_000_000, 2_000_000_000]
    (sentence,) = found.problems
    assert "number 2" in sentence
    assert not found.is_whole


def test_of_two_entries_of_the_same_scope_and_window_the_first_applies() -> None:
    found = said(
        '[[budget]]\namount = 1\n[[budget]]\nscope = "all"\namount = 2\n[[budget]]\nwindow = "week"\namount = 3\n'
        '[[mandate]]\nparallel = 1\n[[mandate]]\nscope = "project"\nparallel = 2\n'
    )
    assert [one.limit_nanos for one in found.budgets] == [1_000_000_000, 3_000_000_000]
    assert [one.most_parallel for one in found.mandates] == [1]
    assert found.problems == [
        f"FILE: [[{kind}]] number 2 is not applied: one before it is of the same scope."
        for kind in ("budget", "mandate")
    ]


def test_what_a_project_cannot_set_is_named_and_the_rest_applies() -> None:
    found = said('webhook = "https://secret.example"\n[[budget]]\namount = 1\n[alerts]\ndesktop = false\n')
    assert [one.limit_nanos for one in found.budgets] == [1_000_000_000]
    (sentence,) = found.problems
    assert sentence.startswith("FILE has settings that a project cannot make")
    assert "secret" not in sentence
    assert found.is_whole


def test_there_is_an_end_to_entries() -> None:
    text = "".join(f'[[budget]]\nscope = "agent:a{number}"\namount = 1\n' for number in range(MOST_ENTRIES + 1))
    found = said(text)
    assert len(found.budgets) == MOST_ENTRIES
    assert found.problems == ["FILE: only the first 100 entries of [[budget]] are applied."]
