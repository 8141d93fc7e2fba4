"""Match clauses, kind by kind."""

from __future__ import annotations

from typing import Any

import pytest

from codesession.meter.clauses import matches


@pytest.mark.parametrize(
    ("clause", "name", "fits"),
    [
        pytest.param(["equals", "gpt-5"], "gpt-5", True, id="equals-is-the-whole-name"),
        pytest.param(["equals", "gpt-5"], "gpt-5-mini", False, id="equals-is-no-prefix"),
        pytest.param(["starts_with", "gpt-5"], "gpt-5-mini", True, id="starts-with"),
        pytest.param(["ends_with", ":free"], "r1:free", True, id="ends-with"),
        pytest.param(["contains", "bedrock"], "my-bedrock-eu", True, id="contains"),
        pytest.param(["contains", "bedrock"], "bed-rock", False, id="contains-nothing-like-it"),
        pytest.param(["regex", r"^o\d$"], "o3", True, id="regex"),
        pytest.param(["regex", r"\d$"], "o3-mini", False, id="regex-not-found"),
        pytest.param(["or", []], "gpt-5", False, id="or-of-nothing-is-false"),
        pytest.param(["and", []], "gpt-5", True, id="and-of-nothing-is-true"),
        pytest.param(
            ["and", [["contains", "a"], ["or", [["equals", "b"], ["ends_with", "c"]]]]], "abc", True, id="nested"
        ),
        pytest.param(["and", [["contains", "a"], ["equals", "b"]]], "abc", False, id="and-needs-all"),
    ],
)
def test_a_clause_fits_a_name_or_not(clause: list[Any], name: str, fits: bool) -> None:  # noqa: FBT001 - a parameter
    assert matches(clause, name) is fits
