"""Does the Command centre stop, pause and answer what really runs, and lose nothing of what is typed there?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import WAIT_S, serving
from tests.browser.looking import NARROW, barriers, is_wider_than_the_window, shot
from tests.e2e.conftest import agent, eventually

from codesession.demo import simulated_provider
from codesession.ledger import SqliteLedger
from codesession.model import Attempt, Budget, Mode, Refusal, Rule, Scope, ScopeKind, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page
    from tests.browser.conftest import Dashboard, Pages

    from codesession.demo.server import SimulatedProvider

LOGIN = "Fix the login for good"
WAIT_MS = WAIT_S * 1000
"""For what another process does first; what the page does by itself is a matter of moments."""


@dataclass
class Here:
    """A dashboard for the tests of this module; each begins sessions of its own."""

    board: Dashboard
    home: Path

    @property
    def database(self) -> Path:
        return self.home / ".codesession" / "sessions.db"

    def begin(self, name: str) -> int:
        """A session begins, in another process than the dashboard's; its id."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.writing() as tx:
            return tx.begin_session(Scope(f"/work/{name}", branch="main"), name, int(time.time() * 1000)).id

    def end_all(self) -> None:
        """What a test left open is not the next one's."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.writing() as tx:
            for session in tx.active_sessions():
                tx.end_session(session.id, session.started_ms)


@pytest.fixture(scope="module")
def dashboard_of_mine(homes: Callable[[], Path]) -> Iterator[Here]:
    home = homes()
    with serving(home) as board:
        yield Here(board, home)


@pytest.fixture
def here(dashboard_of_mine: Here) -> Iterator[Here]:
    yield dashboard_of_mine
    dashboard_of_mine.end_all()


@dataclass
class Run:
    """A ``cs run`` of an agent, and the provider that it calls."""

    process: subprocess.Popen[bytes]
    provider: SimulatedProvider
    place: Path

    def ended(self) -> tuple[str, str]:
        """What it said, on stdout and stderr, until its end."""
        out, err = self.process.communicate(timeout=WAIT_S)
        return out.decode(), err.decode()

    def sign(self, name: str) -> None:
        """Wait until the agent has made that file."""
        eventually((self.place / name).exists, WAIT_S)


@contextmanager
def running(here: Here, code: str, *options: str) -> Iterator[Run]:
    """A real ``cs run`` of an agent on the ledger of a dashboard, in a directory of its own."""
    home = here.home
    place = Path(tempfile.mkdtemp(dir=home.parent))
    kept = ("PATH", "PYTHONPATH", "LANG", "LC_", "COV", "SYSTEMROOT")
    with simulated_provider() as provider:
        environ = {name: value for name, value in os.environ.items() if name.startswith(kept)}
        environ |= {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "CODESESSION_UPSTREAM_ANTHROPIC": provider.url,
            "ANTHROPIC_API_KEY": "fake",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        words = ["run", "--port", "0", "--name", LOGIN, *options, "--", *agent(code)]
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "codesession", *words],
            cwd=place,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        watchdog = threading.Timer(WAIT_S, process.kill)
        watchdog.start()
        try:
            yield Run(process, provider, place)
        finally:
            watchdog.cancel()
            process.kill()
            process.communicate()


@pytest.fixture
def page(pages: Pages, here: Here) -> Page:
    page = pages(here.board)
    page.goto("/console")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    return page


def card(page: Page, name: str = LOGIN) -> Locator:
    return page.get_by_role("region", name=name)


STREAMS = """
    answer = ask(stream=True, input=11, output=400, events=40, hang_after=20)
    answer.events(20)
    touch("streams")
    print(answer.read().rstrip().rpartition("data: ")[2], flush=True)
    time.sleep(60)
"""


def test_the_switch_stops_a_live_run_with_its_stream_and_its_program(page: Page, here: Here) -> None:
    with running(here, STREAMS) as run:
        run.sign("streams")
        live = card(page)
        expect(live).to_contain_text("cs run", timeout=WAIT_MS)
        expect(live.locator(".held summary")).to_have_text("1 call in flight")
        live.get_by_role("button", name="Stop…").click()
        dialog = page.get_by_role("dialog", name=f"Stop “{LOGIN}”?")
        expect(dialog.get_by_role("button", name="Let it run")).to_be_focused()
        shot(page, "console-stop-light-1440")
        dialog.get_by_role("button", name="Stop it now").click()

        out, err = run.ended()
        assert "a person stopped session" in out
        assert "Stopped by hand" in err
        assert [row.ended for row in run.provider.truth(WAIT_S)] == ["client_left"]
    expect(live).to_have_count(0, timeout=WAIT_MS)
    expect(page.locator("#events-card")).to_contain_text("A person stopped session", timeout=WAIT_MS)


def test_nothing_is_stopped_by_accident(page: Page, here: Here) -> None:
    with running(here, "touch('ready')\nwait_for('go')\ntell(status=ask(output=5).status)") as run:
        run.sign("ready")
        stop = card(page).get_by_role("button", name="Stop…")
        stop.click()
        page.keyboard.press("Enter")  # the focus is on the way out
        expect(page.get_by_role("dialog")).to_have_count(0)
        stop.click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        (run.place / "go").touch()
        assert run.ended()[0] == '{"status": 200}\n'


def test_a_session_that_is_paused_waits_until_it_is_resumed(page: Page, here: Here) -> None:
    with running(here, "touch('ready')\nwait_for('go')\ntell(status=ask(output=5).status)") as run:
        run.sign("ready")
        live = card(page)
        live.get_by_role("button", name="Pause").click()
        expect(live).to_contain_text("Paused for", timeout=WAIT_MS)
        (run.place / "go").touch()
        shot(page, "console-paused-light-1440")
        assert run.provider.truth(0) == []
        live.get_by_role("button", name="Resume").click()
        assert run.ended()[0] == '{"status": 200}\n'
        assert len(run.provider.truth(WAIT_S)) == 1


@pytest.mark.parametrize(("answer", "status"), [("Approve", 200), ("Deny", 400)])
def test_a_call_that_waits_is_answered_on_the_page(page: Page, here: Here, answer: str, status: int) -> None:
    with running(here, "tell(status=ask(output=5).status)", "--budget", "0.0001", "--ask") as run:
        question = page.get_by_role("region", name="waits for you")
        expect(question).to_contain_text("The $0.0001 budget for session", timeout=WAIT_MS)
        shot(page, f"console-{answer.lower()}-light-1440")
        assert barriers(page) == []
        if answer == "Approve":
            question.get_by_label("Allow, in $").fill("1.50")
        question.get_by_role("button", name=answer).click()
        assert run.ended()[0] == f'{{"status": {status}}}\n'
    expect(question).to_have_count(0, timeout=WAIT_MS)


def test_what_is_half_typed_in_the_log_survives_an_update_and_is_logged(
    page: Page, here: Here, trouble: list[str]
) -> None:
    session_id, _ = here.begin("first"), here.begin("second")
    form = page.locator("#log-form")
    form.get_by_label("Session").select_option("first")
    form.get_by_label("Provider").fill("acme")
    form.get_by_label("Cost in $").fill("2.5")
    model = form.get_by_label("Model")
    model.press_sequentially("acme-cod")
    here.begin("Something new")
    expect(card(page, "Something new")).to_be_visible()

    expect(model).to_be_focused()
    expect(model).to_have_value("acme-cod")
    expect(form.get_by_label("Session")).to_have_value(str(session_id))
    expect(form.get_by_label("Provider")).to_have_value("acme")
    model.press_sequentially("er-1")
    form.get_by_label("Completion tokens").fill("9")
    form.get_by_label("Prompt tokens").fill("nine")
    form.get_by_role("button", name="Log it").click()
    expect(form.get_by_role("alert")).to_contain_text("promptTokens")
    assert "400" in trouble.pop()  # the browser says that of every such answer
    form.get_by_label("Prompt tokens").fill("100")
    form.get_by_role("button", name="Log it").click()
    expect(page.locator("#toasts")).to_contain_text("Logged.")
    expect(model).to_have_value("")
    with closing(SqliteLedger(here.database)) as ledger, ledger.reading() as reader:
        (newest,) = reader.billed_calls(session_id, 1)
    assert (newest.model, newest.cost_nanos, newest.evidence) == ("acme-coder-1", 2_500_000_000, "manual")


def test_a_session_is_begun_and_ended_on_the_page(page: Page, here: Here, trouble: list[str]) -> None:
    place = here.home.parent / "begun"
    place.mkdir()
    form = page.locator("#start-form")
    form.get_by_label("Name").fill("Begun on the page")
    form.get_by_label("Directory").fill("begun")
    form.get_by_role("button", name="Start").click()
    expect(form.get_by_role("alert")).to_contain_text("is not a whole path")
    assert "400" in trouble.pop()  # as above
    form.get_by_label("Directory").fill(str(place))
    form.get_by_role("button", name="Start").click()
    begun = card(page, "Begun on the page")
    expect(begun).to_contain_text("begun by hand")

    begun.get_by_role("button", name="End…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What came of it").fill("All is well")
    dialog.get_by_role("button", name="End the session").click()
    expect(begun).to_have_count(0)
    with closing(SqliteLedger(here.database)) as ledger, ledger.reading() as reader:
        ((session, _),) = reader.sessions(1)
    assert (session.directory, session.notes, session.is_active) == (str(place), "All is well", False)


def test_one_begun_by_hand_is_stopped_with_its_end_and_allowed_again(page: Page, here: Here) -> None:
    session_id = here.begin("By hand")
    page.locator(f"#stop-{session_id}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("End the session too").check()
    dialog.get_by_role("button", name="Stop it now").click()
    gone = page.locator(f"#gone-{session_id}")
    expect(gone).to_contain_text("calls from its directory are refused")
    gone.get_by_role("button", name="Allow again").click()
    expect(gone).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_states_at_once_are_open_to_all(pages: Pages, here: Here, theme: str) -> None:
    first, second, _ = (here.begin(name) for name in ("Refactor the alerts", "Nightly evaluation", "Docs"))
    page = pages(here.board, theme="dark" if theme == "dark" else "light")
    page.goto("/console")
    with closing(SqliteLedger(here.database)) as ledger:
        owner_id = ledger.claim(1)
        with ledger.writing() as tx:
            asked = Attempt(first, "p", "m", "e", streamed=True, request_bytes=1)
            tx.hold(asked, 500_000_000, owner_id, int(time.time() * 1000))
            tx.set_budget(Budget(ScopeKind.SESSION, "", Window.SESSION, 2_000_000_000, Mode.BLOCK))
            tx.ask(Refusal(Rule.SPEED, "Money goes too fast.", "Slow.", ask_s=600), second, "m", owner_id, 1)
        page.locator(f"#pause-{first}").click()
        expect(page.locator(f"#resume-{first}")).to_be_visible()
        page.locator(f"#stop-{second}").click()
        assert barriers(page) == []
        page.get_by_role("dialog").get_by_role("button", name="Stop it now").click()
        expect(page.locator(f"#resume-{second}")).to_have_text("Allow calls again")
        page.locator(f"#held-calls-{first} summary").click()
        shot(page, f"console-states-{theme}-1440")
        assert barriers(page) == []
        page.set_viewport_size(NARROW)
        shot(page, f"console-states-{theme}-420")
        assert barriers(page) == []
        assert not is_wider_than_the_window(page)
