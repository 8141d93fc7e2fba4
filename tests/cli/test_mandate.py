"""Do the ``cs mandate`` commands answer people and programs?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs


def test_a_mandate_is_set_told_listed_and_removed(cs: Cs, place: Place) -> None:
    said = ("--allow", "gpt-5*", "--allow", "openai/*", "--deny", "*-pro*", "--most-per-call", "0.5", "--parallel", "4")
    told = cs("mandate", "set", "agent:codex", *said, "--json").json()
    row = {
        "id": 1,
        "scope": "agent:codex",
        "allow": ["gpt-5*", "openai/*"],
        "deny": ["*-pro*"],
        "mostPerCall": 0.5,
        "parallel": 4,
        "source": "user",
    }
    assert (told["mandate"], told["replaced"]) == (row, False)
    place.write("codesession.toml", "[[mandate]]\ndeny = ['*']\n")
    of_file = row | {"id": 2, "scope": f"project:{place.repo}", "allow": [], "deny": ["*"]}
    of_file |= {"mostPerCall": None, "parallel": None, "source": str(place.repo / "codesession.toml")}
    for words in (("mandate", "--json"), ("mandate", "list", "--json")):
        assert cs(*words).json()["mandates"] == [row, of_file]
    told = cs("mandate", "remove", "agent:codex", "--json").json()
    assert (told["mandate"], told["removed"]) == (row, True)
    assert cs("mandate", "remove", "agent:codex", "--json").error()["code"] == "budget_not_found"


def test_people_are_told_that_the_former_mandate_is_gone(cs: Cs) -> None:
    assert cs("mandate", "set", "agent:*", "--parallel", "1").out == "agent:* may have at most 1 call in flight.\n"
    told = cs("mandate", "set", "agent:*", "--deny", "*-pro*").out
    assert told == "agent:* may not call *-pro*. Its former mandate is replaced entirely.\n"
    assert cs("mandate").out.split("\n")[2].split() == ["agent:*", "any", "model", "*-pro*", "-", "-", "you"]
    assert cs("mandate", "remove", "agent:*").out == "agent:* has no mandate of yours any more.\n"
    assert cs("mandate").out.startswith("There are no mandates.")


def test_people_and_programs_are_told_of_a_broken_file(cs: Cs, place: Place) -> None:
    place.write("codesession.toml", "[[mandate]]\n[[mandate]]\nparallel = 2\n")
    told = cs("mandate")
    assert told.err == (
        f"{place.repo / 'codesession.toml'}: [[mandate]] number 1 is not applied: it says nothing: add allow, deny, "
        "most_per_call or parallel.\n"
    )
    assert "2" in told.out
    document = cs("mandate", "list", "--json").json()
    assert [f"{problem}\n" for problem in document["problems"]] == [told.err]


def test_what_can_have_no_mandate_is_said(cs: Cs) -> None:
    assert cs("mandate", "set", "session", "--parallel", "1").sentence() == (
        "'session' cannot have a mandate: write all, project[:PATH], agent:NAME, user:ID or customer:ID."
    )
    assert cs("mandate", "set", "all", "--parallel", "0").sentence().endswith("See: cs mandate set -h")
    assert (
        cs("mandate", "--json", "list").error()["message"] == "Write --json after the command: cs mandate list --json"
    )
