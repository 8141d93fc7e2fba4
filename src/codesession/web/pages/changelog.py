"""What does the page of changes show?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.web.changes import as_html, changelog_text

if TYPE_CHECKING:
    from markupsafe import Markup

    from codesession.web.pages import Asked


def view(asked: Asked) -> Markup:
    """The changelog.

    Raises:
        ChangelogMissing: it did not come with this installation.
    """
    del asked
    return as_html(changelog_text())
