"""Are mandates shown whole, to programs and to people?"""

from __future__ import annotations

from pathlib import PurePath

import pytest

from codesession.model import Mandate, ScopeKind
from codesession.report.mandates import (
    mandates_document,
    mandates_text,
    removed_mandate_document,
    removed_mandate_text,
    set_mandate_document,
    set_mandate_text,
)

FILE = str(PurePath("/p") / "codesession.toml")
WHOLE = Mandate(ScopeKind.AGENT, "codex", ("gpt-5*", "openai/*"), ("*-pro*",), 500_000_000, 4, id=3)
OF_FILE = Mandate(ScopeKind.PROJECT, "/p", deny=("*",), directory="/p", id=4)
ROW = {
    "id": 3,
    "scope": "agent:codex",
    "allow": ["gpt-5*", "openai/*"],
    "deny": ["*-pro*"],
    "mostPerCall": 0.5,
    "parallel": 4,
    "source": "user",
}


def test_programs_are_told_everything_and_what_is_not_said_is_null() -> None:
    document = mandates_document([WHOLE, OF_FILE], ["odd"])
    assert document["mandates"] == [
        ROW,
        {
            "id": 4,
            "scope": "project:/p",
            "allow": [],
            "deny": ["*"],
            "mostPerCall": None,
            "parallel": None,
            "source": FILE,
        },
    ]
    assert document["problems"] == ["odd"]
    assert document["schemaVersion"] == 1


def test_a_change_is_told_to_programs() -> None:
    assert set_mandate_document(WHOLE, is_replaced=True).items() >= {"mandate": ROW, "replaced": True}.items()
    assert removed_mandate_document(WHOLE).items() >= {"mandate": ROW, "removed": True}.items()


def test_people_see_a_line_for_each() -> None:
    told = mandates_text([WHOLE, OF_FILE]).split("\n")
    assert told[0] == "Mandates"
    assert told[2].split() == ["agent:codex", "gpt-5*,", "openai/*", "*-pro*", "$0.50", "4", "you"]
    assert told[3].endswith(FILE)
    assert "any model" in told[3]
    assert len(told) == 4


def test_without_any_people_are_told_how_to_set_one() -> None:
    assert mandates_text([]) == "There are no mandates. Set one with: cs mandate set agent:codex --allow 'gpt-5*'"


@pytest.mark.parametrize(
    ("mandate", "said"),
    [
        (Mandate(ScopeKind.ALL, "", deny=("a", "b")), "all may not call a, b."),
        (Mandate(ScopeKind.USER, "7", most_per_call_nanos=0), "user:7 may spend at most $0.00 on one call."),
        (Mandate(ScopeKind.AGENT, "*", most_parallel=1), "agent:* may have at most 1 call in flight."),
        (
            WHOLE,
            (
                "agent:codex may only call gpt-5*, openai/*; may not call *-pro*; may spend at most $0.50 on one call; "
                "may have at most 4 calls in flight."
            ),
        ),
    ],
)
def test_a_change_is_told_to_people(mandate: Mandate, said: str) -> None:
    assert set_mandate_text(mandate, is_replaced=False) == said
    assert set_mandate_text(mandate, is_replaced=True) == f"{said} Its former mandate is replaced entirely."
    assert removed_mandate_text(mandate) == f"{mandate.scope} has no mandate of yours any more."
