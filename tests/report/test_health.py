"""Is an examination told so that what is wrong is seen last, by eyes and by programs, on any terminal?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesession.report.health import health_document, health_text, is_well

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Told:
    topic: str
    status: str
    text: str
    advice: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


GOOD = Told("git", "ok", "git version 2.39.5", None, {"version": "2.39.5"})
DOUBTFUL = Told("installed", "warning", "no cs is on the PATH", "add it")
WRONG = Told("ledger", "wrong", "it is\n damaged", "move it away")


def test_what_is_wrong_comes_last_with_what_to_do_beneath() -> None:
    assert health_text([WRONG, GOOD, DOUBTFUL, GOOD]).splitlines() == [
        "ok       git        git version 2.39.5",
        "ok       git        git version 2.39.5",
        "warning  installed  no cs is on the PATH",
        "                    -> add it",
        "WRONG    ledger     it is damaged",
        "                    -> move it away",
        "",
        "1 wrong, 1 warning.",
    ]


def test_the_last_line_sums_up() -> None:
    assert health_text([GOOD]).splitlines()[-1] == "All is well."
    assert health_text([GOOD, DOUBTFUL, DOUBTFUL]).splitlines()[-1] == "2 warnings."
    assert health_text([WRONG, WRONG]).splitlines()[-1] == "2 wrong."
    assert health_text([]).splitlines()[-1] == "All is well."


def test_it_needs_no_more_than_ascii() -> None:
    assert health_text([WRONG, GOOD, DOUBTFUL]).isascii()


def test_a_warning_alone_is_well() -> None:
    assert is_well([GOOD, DOUBTFUL])
    assert not is_well([GOOD, WRONG])


def test_the_document_has_every_finding_in_the_order_it_was_looked_at_with_its_facts() -> None:
    told = health_document([WRONG, GOOD])
    assert (told["schemaVersion"], told["ok"]) == (1, False)
    assert told["findings"] == [
        {"topic": "ledger", "status": "wrong", "text": "it is\n damaged", "advice": "move it away"},
        {"topic": "git", "status": "ok", "text": "git version 2.39.5", "advice": None, "version": "2.39.5"},
    ]
    assert health_document([GOOD])["ok"] is True
