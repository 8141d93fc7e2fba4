"""Does the page that helps say what the numbers mean, and where this user's files are?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.pages.drawn import words

from codesession.report.evidence import GOT

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


def test_help_names_every_way_a_number_is_got_and_where_files_are(app: App, client: TestClient) -> None:
    shown = words(client, "/help")
    for word in GOT.values():
        assert f"<dt>{word}</dt>" in shown
    assert f"<code>{app.config.database}</code>" in shown


def test_somebody_who_has_just_begun_is_shown_three_ways_to_a_first_run(client: TestClient) -> None:
    shown = words(client, "/")
    for command in ("cs run -- claude", "cs run -- codex", "/sessions/active/ai"):
        assert command in shown
