"""What is new? The changelog, which comes with the package, as text and as HTML."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from codesession.errors import CodesessionError

_PACKAGE = Path(__file__).parents[1]
PLACES = (_PACKAGE / "CHANGELOG.md", _PACKAGE.parents[1] / "CHANGELOG.md")
"""In an installed package, and in a checkout of the source."""


class ChangelogMissing(CodesessionError):
    """This installation has no changelog."""

    code = "not_found"
    http_status = 404


def changelog_text() -> str:
    """The changelog as Markdown.

    Raises:
        ChangelogMissing: it did not come with this installation.
    """
    for path in PLACES:
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise ChangelogMissing("The changelog did not come with this installation.")


def as_html(markdown: str) -> Markup:
    r"""`markdown` as HTML, without its title; HTML in it is shown as it is written, and does nothing.

    >>> as_html("# Title\n\nIt is *new*, <b>not</b> bold.")
    Markup('<p>It is <em>new</em>, &lt;b&gt;not&lt;/b&gt; bold.</p>\n')
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse(markdown)
    if tokens and tokens[0].tag == "h1":
        del tokens[:3]  # its beginning, its words and its end
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 # it has escaped what is not its own
