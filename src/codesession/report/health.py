"""How is an examination told? What is fine first, what is wrong last, with what to do beneath it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from codesession.report.documents import document
from codesession.report.formats import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.report.documents import Document

_MARKS = {"ok": "ok", "warning": "warning", "wrong": "WRONG"}
"""How a finding is marked, where there is neither colour nor anything but letters too; in the order they are told."""


class Found(Protocol):
    """What there is to tell of one thing that was looked at."""

    @property
    def topic(self) -> str:
        """What it is about."""
        ...

    @property
    def status(self) -> str:
        """``ok``, ``warning`` or ``wrong``."""
        ...

    @property
    def text(self) -> str:
        """What was found."""
        ...

    @property
    def advice(self) -> str | None:
        """What to do about it."""
        ...

    @property
    def facts(self) -> Mapping[str, object]:
        """The same as JSON values."""
        ...


def is_well(findings: Sequence[Found]) -> bool:
    """Whether nothing is wrong; a warning alone is not."""
    return all(finding.status != "wrong" for finding in findings)


def health_document(findings: Sequence[Found]) -> Document:
    """What ``doctor`` answers."""
    return document(
        {
            "ok": is_well(findings),
            "findings": [
                {
                    **finding.facts,
                    "topic": finding.topic,
                    "status": finding.status,
                    "text": finding.text,
                    "advice": finding.advice,
                }
                for finding in findings
            ],
        }
    )


def health_text(findings: Sequence[Found]) -> str:
    """An examination, a line for each finding."""
    width = max((len(finding.topic) for finding in findings), default=0)
    lines = []
    for status, mark in _MARKS.items():
        for finding in findings:
            if finding.status == status:
                text = " ".join(finding.text.split())
                lines.append(f"{mark:<7}  {finding.topic:<{width}}  {text}")
                if finding.advice:
                    lines.append(f"{'':<7}  {'':<{width}}  -> {finding.advice}")
    return "\n".join([*lines, "", _summary(findings)])


def _summary(findings: Sequence[Found]) -> str:
    bad = sum(finding.status == "wrong" for finding in findings)
    doubtful = sum(finding.status == "warning" for finding in findings)
    if not bad and not doubtful:
        return "All is well."
    parts = [f"{bad:,} wrong"] * bool(bad) + [plural(doubtful, "warning")] * bool(doubtful)
    return ", ".join(parts) + "."
