"""Can sessions and calls be found, read and reviewed, by mouse and by keyboard, while more happens?"""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import serving
from tests.browser.looking import NARROW, barriers, is_wider_than_the_window, shot

from codesession.ledger import SqliteLedger
from codesession.model import Attempt, ChangeType, Cost, FileChange, Outcome, Scope, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Work:
    """A dashboard on one live session in a real repository: a commit, an uncommitted change, and new files."""

    board: Dashboard
    database: Path
    root: Path
    commit: str

    def remark(self, message: str) -> None:
        """Somebody notes something, in another process."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.writing() as tx:
            tx.annotate(1, message, time.time_ns() // 1_000_000)

    def change(self, path: str) -> None:
        """A file is seen to have changed, in another process."""
        (self.root / path).write_text("changed again\n")
        with closing(SqliteLedger(self.database)) as ledger, ledger.writing() as tx:
            tx.record_changes(1, [FileChange(path, ChangeType.CREATED, time.time_ns() // 1_000_000)], [])


def git(root: Path, *words: str) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        environ |= {f"GIT_{who}_NAME": "Ada Example", f"GIT_{who}_EMAIL": "ada@example.org"}
    return subprocess.run(
        ["git", *words], cwd=root, env=environ, check=True, capture_output=True, text=True
    ).stdout.strip()


@contextmanager
def working(home: Path, port: int = 0) -> Iterator[Work]:
    root = home.parent / "shop"
    (root / "src").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / "src" / "cart.py").write_text("def total(prices):\n    return sum(prices)\n")
    (root / "README.md").write_text("# Shop\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "start")
    start = git(root, "rev-parse", "HEAD")
    now_ms = time.time_ns() // 1_000_000
    database = home / ".codesession" / "sessions.db"
    with closing(SqliteLedger(database)) as ledger, ledger.writing() as tx:
        session = tx.begin_session(Scope(str(root), str(root), start, "main"), "Round totals", now_ms - 30 * MINUTE_MS)
        for number in range(3):
            made = Attempt(
                session.id, "anthropic", "claude-opus-4-5", "messages", streamed=True, request_bytes=0, agent="codex"
            )
            at_ms = now_ms - (25 - number) * MINUTE_MS
            tx.record(made, Outcome(Usage(input=1000, output=50)), Cost(120_000_000, "table"), at_ms, at_ms + 9000)
        seen = FileChange("README.md", ChangeType.MODIFIED, now_ms - 10 * MINUTE_MS)
        tx.record_changes(session.id, [seen], [])
    (root / "src" / "cart.py").write_text("def total(prices):\n    return round(sum(prices), 2)\n")
    git(root, "commit", "--quiet", "--all", "--message", "round totals")
    (root / "README.md").write_text("# Shop\n\nTotals are rounded.\n")
    (root / "new.py").write_text("<b>'new'</b>\n")
    (root / "long.txt").write_text("".join(f"line {number}\n" for number in range(900)))
    with serving(home, port=port) as board:
        yield Work(board, database, root, git(root, "rev-parse", "HEAD"))


@pytest.fixture(scope="module")
def work(homes: Callable[[], Path]) -> Iterator[Work]:
    """For tests that change nothing there."""
    with working(homes()) as made:
        yield made


@pytest.fixture
def own_work(homes: Callable[[], Path], port: int) -> Iterator[Work]:
    """The same, of the test's own."""
    with working(homes(), port) as made:
        yield made


def live(page: Page) -> None:
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


# --- lists ---


def test_a_search_keeps_the_focus_and_the_address_while_it_is_typed(page: Page) -> None:
    page.goto("/sessions")
    search = page.get_by_role("searchbox", name="Search sessions")
    search.press_sequentially("retry web")
    expect(page).to_have_url(re.compile(r"/sessions\?.*search=retry(\+|%20)web"))
    names = page.locator("#sessions tbody a[href^='/sessions/']")
    expect(names.first).to_have_text("Retry webhooks that time out")
    assert set(names.all_inner_texts()) == {"Retry webhooks that time out"}
    expect(search).to_be_focused()
    expect(search).to_have_value("retry web")
    page.reload()
    expect(search).to_have_value("retry web")
    assert set(names.all_inner_texts()) == {"Retry webhooks that time out"}


@pytest.mark.parametrize("column", ["Session", "Started", "Duration", "Calls", "Tokens", "Files", "Commits", "Cost"])
def test_every_column_sorts_and_turns_around(page: Page, column: str) -> None:
    page.goto("/sessions?sort=name" if column == "Started" else "/sessions")
    header = page.get_by_role("columnheader", name=column)
    link = header.get_by_role("link")
    link.click()
    expect(header).to_have_attribute("aria-sort", "descending")
    first = page.locator("#sessions tbody tr").first.get_attribute("id")
    link.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert page.locator("#sessions tbody tr").first.get_attribute("id") != first


def test_pages_and_filters_are_links_and_choices(page: Page) -> None:
    page.goto("/sessions")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Previous")).to_be_visible()
    page.get_by_role("group", name="Status").get_by_role("link", name="Live").click()
    expect(page.locator("#sessions tbody tr")).to_have_count(2)
    page.goto("/sessions")
    page.get_by_label("Project").select_option(label="docs-site")
    expect(page).to_have_url(re.compile("project="))
    expect(page.locator("#sessions tbody tr").first).to_contain_text("docs-site")
    assert all("docs-site" in row for row in page.locator("#sessions tbody tr").all_inner_texts())


def test_what_is_filtered_is_what_is_exported(page: Page) -> None:
    page.goto("/sessions?status=active")
    with page.expect_download() as loading:
        page.get_by_role("link", name="CSV").click()
    assert loading.value.suggested_filename.endswith(".csv")
    assert len(loading.value.path().read_text().splitlines()) == 3


def test_a_call_opens_to_all_that_is_known_of_it_by_mouse_and_keyboard(page: Page) -> None:
    page.goto("/calls")
    row = page.locator("#calls tr.opens").first
    opener = row.get_by_role("button")
    more = page.locator("#calls tr.more").first
    expect(more).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(more).to_be_visible()
    expect(more).to_contain_text("Endpoint")
    row.locator("td").nth(1).click()
    expect(more).to_be_hidden()
    row.locator("td").nth(1).click()
    assert barriers(page) == []


def test_calls_are_filtered_by_choosing(page: Page) -> None:
    page.goto("/calls")
    page.get_by_label("Evidence", exact=False).or_(page.get_by_label("How it was got")).first.select_option("imported")
    expect(page).to_have_url(re.compile("evidence=imported"))
    page.get_by_label("Unpriced only").check()
    expect(page.locator("main")).to_contain_text("No call is like that")
    page.locator("#clear").click()
    expect(page.locator("#calls tr.opens")).to_have_count(50)
    page.get_by_label("Unpriced only").check()
    expect(page.locator("#calls tr.opens").first).to_contain_text("acme-coder-1")


# --- one session ---


def test_tabs_are_moved_between_by_arrow_keys_and_have_addresses(work: Work, pages: Pages) -> None:
    page = pages(work.board)
    page.goto("/sessions/1")
    tabs = page.get_by_role("tab")
    assert [text.split()[0] for text in tabs.all_inner_texts()] == ["Timeline", "Files", "Commits", "AI", "Notes"]
    tabs.first.focus()
    for name, key in (("files", "ArrowRight"), ("commits", "ArrowRight"), ("notes", "End"), ("timeline", "ArrowRight")):
        page.keyboard.press(key)
        expect(page.locator(f"#tab-{name}")).to_have_attribute("aria-selected", "true")
        expect(page.locator(f"#tab-{name}")).to_be_focused()
        expect(page.get_by_role("tabpanel")).to_have_attribute("aria-labelledby", f"tab-{name}")
    page.goto("/sessions/1?tab=notes")
    expect(page.locator("#tab-notes")).to_have_attribute("aria-selected", "true")
    page.locator("#tab-calls").click()
    expect(page).to_have_url(re.compile(r"tab=calls"))
    expect(page.locator("#calls tr.opens")).to_have_count(3)


def test_back_leads_to_the_tab_before_and_to_the_words_before(own_work: Work, pages: Pages) -> None:
    page = pages(own_work.board)
    page.goto("/sessions/1")
    page.locator("#tab-notes").click()
    expect(page.locator("#tab-notes")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.locator("#timeline")).to_be_visible()
    expect(page.locator("#tab-timeline")).to_have_attribute("aria-selected", "true")
    page.goto("/sessions")
    page.get_by_role("searchbox", name="Search sessions").fill("nothing like it")
    expect(page.locator("main")).to_contain_text("No session is like that")
    page.get_by_role("heading", level=1).click()  # leaving the field asks for nothing, and is no step to go back
    page.get_by_role("combobox", name="When").select_option("7")
    expect(page).to_have_url(re.compile("days=7"))
    page.go_back()
    expect(page).to_have_url(re.compile("search=nothing.*days=all"))
    expect(page.get_by_role("combobox", name="When")).to_have_value("all")  # a step that overtakes another is aborted
    page.go_back()
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
    expect(page.get_by_role("searchbox", name="Search sessions")).to_have_value("")
    own_work.change("later.py")
    expect(page.locator("#sessions tbody tr").first.locator("td").nth(6)).to_have_text("2")


def test_the_timeline_tells_calls_files_and_lines(work: Work, pages: Pages) -> None:
    page = pages(work.board)
    page.goto("/sessions/1")
    entries = page.locator("#timeline .entry")
    expect(entries.nth(1)).to_contain_text("3 AI calls")
    expect(entries.nth(1)).to_contain_text("$0.36")
    expect(entries.nth(2)).to_contain_text("Modified README.md")
    expect(entries.nth(2).locator(".counts")).to_have_text("+2 \u22120")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_diff_shows_what_was_added_and_removed(work: Work, pages: Pages, theme: str) -> None:
    page = pages(work.board, theme=theme)  # type: ignore[arg-type]  # one of the two
    page.goto("/sessions/1?tab=files")
    expect(page.locator("#diff")).to_contain_text("4 files changed")
    files = page.locator("#diff details.file")
    assert [path.strip() for path in files.locator("summary .path").all_inner_texts()] == [
        "README.md",
        "src/cart.py",
        "long.txt",
        "new.py",
    ]
    cart = files.nth(1)
    expect(cart.locator("tr.removed code")).to_have_text("    return sum(prices)")
    expect(cart.locator("tr.added code")).to_have_text("    return round(sum(prices), 2)")
    expect(cart.locator("summary .counts")).to_have_text("+1 \u22121")
    expect(files.nth(3).locator("tr.added code")).to_have_text("<b>'new'</b>")
    shot(page, f"diff-{theme}-1440")
    assert barriers(page) == []
    page.set_viewport_size(NARROW)
    shot(page, f"diff-{theme}-420")
    assert not is_wider_than_the_window(page)


def test_a_long_file_is_read_when_it_is_opened(work: Work, pages: Pages) -> None:
    page = pages(work.board)
    page.goto("/sessions/1?tab=files")
    file = page.locator("#diff details.file", has_text="long.txt")
    expect(file).not_to_have_attribute("open", "")
    assert file.locator("tr.added").count() == 0
    file.locator("summary").click()
    expect(file.locator("tr.added")).to_have_count(900)
    page.get_by_role("button", name="Collapse all").click()
    expect(page.locator("#diff details.file[open]")).to_have_count(0)
    page.get_by_role("button", name="Expand all").click()
    expect(page.locator("#diff details.file[open]")).to_have_count(4)


def test_a_commit_opens_to_its_own_diff(work: Work, pages: Pages) -> None:
    page = pages(work.board)
    page.goto("/sessions/1?tab=commits")
    commit = page.locator(f"#commit-{work.commit}")
    commit.locator("summary").first.click()
    expect(commit).to_contain_text("1 file changed")
    expect(commit.locator("tr.added code")).to_have_text("    return round(sum(prices), 2)")


def test_an_update_keeps_a_half_typed_note_and_where_it_is_read(own_work: Work, pages: Pages) -> None:
    page = pages(own_work.board)
    page.goto("/sessions/1?tab=notes")
    live(page)
    note = page.get_by_label("Add a note")
    note.press_sequentially("half a tho")
    own_work.remark("said elsewhere")
    expect(page.locator("#notes")).to_contain_text("said elsewhere")
    expect(note).to_be_focused()
    note.press_sequentially("ught")
    expect(note).to_have_value("half a thought")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#notes")).to_contain_text("half a thought")
    expect(note).to_have_value("")
    expect(page.locator("#tab-notes")).to_contain_text("2")


def test_an_update_keeps_a_diff_that_is_read_and_says_that_there_is_more(own_work: Work, pages: Pages) -> None:
    page = pages(own_work.board)
    page.goto("/sessions/1?tab=files")
    live(page)
    files = page.locator("#diff details.file")
    files.nth(2).locator("summary").click()
    expect(files.nth(2).locator("tr.added")).to_have_count(900)
    files.first.locator("summary").click()
    page.evaluate("() => { window.scrollTo(0, 400); document.getElementById('diff').kept = true; }")
    own_work.change("later.py")
    again = page.locator("#again")
    expect(again).to_have_text("More has changed: read again")
    expect(files).to_have_count(4)
    expect(files.nth(2).locator("tr.added")).to_have_count(900)
    expect(files.first).not_to_have_attribute("open", "")
    assert page.evaluate("() => [document.getElementById('diff').kept, window.scrollY]") == [True, 400]
    again.click()
    expect(page.locator("#diff")).to_contain_text("5 files changed")
    expect(page.locator("#again")).to_have_text("Read again")


def test_an_open_commit_stays_open_when_more_happens(own_work: Work, pages: Pages) -> None:
    page = pages(own_work.board)
    page.goto("/sessions/1?tab=commits")
    live(page)
    commit = page.locator(f"#commit-{own_work.commit}")
    commit.locator("summary").first.click()
    expect(commit).to_contain_text("1 file changed")
    own_work.remark("said elsewhere")
    expect(page.locator("#tab-notes")).to_contain_text("1")
    expect(commit).to_have_attribute("open", "")
    expect(commit).to_contain_text("1 file changed")


def test_a_session_is_ended_after_a_question(own_work: Work, pages: Pages) -> None:
    page = pages(own_work.board)
    page.goto("/sessions/1")
    page.get_by_role("button", name="End session").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("End this session?")
    dialog.get_by_role("button", name="Keep it open").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="End session").click()
    dialog.get_by_role("button", name="End session").click()
    expect(page.locator("main .head")).to_contain_text("ended")
    expect(page.get_by_role("tab", name="Commits")).to_contain_text("1")
    page.locator("#tab-files").click()
    expect(page.locator("#diff")).to_contain_text("4 files changed")
