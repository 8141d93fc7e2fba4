"""Is the changelog found, and shown as text that does nothing?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.web import changes
from codesession.web.changes import ChangelogMissing, as_html, changelog_text


def test_the_changelog_comes_with_the_package() -> None:
    assert changelog_text() == (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")


def test_an_installation_without_one_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(changes, "PLACES", (tmp_path / "CHANGELOG.md",))
    with pytest.raises(ChangelogMissing, match="did not come with this installation"):
        changelog_text()


def test_headings_lists_and_links_are_html_and_the_title_is_left_to_the_page() -> None:
    html = as_html("# Changelog\n\nWhat is new, by [version](https://semver.org).\n\n## 1.0\n\n- `cs serve`\n- more\n")
    assert html == (
        '<p>What is new, by <a href="https://semver.org">version</a>.</p>\n'
        "<h2>1.0</h2>\n<ul>\n<li><code>cs serve</code></li>\n<li>more</li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    "said",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "![x](vbscript:x)"],
)
def test_nothing_in_it_does_anything(said: str) -> None:
    html = as_html(said)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "href=" not in html


@given(st.text())
def test_whatever_is_written_becomes_no_script(said: str) -> None:
    assert "<script" not in as_html(said)
