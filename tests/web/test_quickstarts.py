"""Do the programs in the quickstarts work as they are written? Each is run against a server of ours.

The one that calls a model speaks with the real SDK to a simulated provider.
"""

from __future__ import annotations

import json
import re
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from codesession.demo.server import SimulatedProvider
from codesession.model import Evidence, Usage
from codesession.web.listening import listen
from codesession.web.server import dashboard
from codesession.web.site import build_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.place import Place

    from codesession.app import App
    from codesession.model import Call

pytestmark = pytest.mark.usefixtures("priced")

QUICKSTARTS = Path(__file__).parents[2] / "docs" / "quickstarts"
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def the_only(pattern: re.Pattern[str], page: str) -> str:
    (found,) = pattern.findall((QUICKSTARTS / page).read_text(encoding="utf-8"))
    return str(found)


@pytest.fixture
def app(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The program whose API is served, and which the environment names."""
    app = place.app()
    with dashboard(app, listen("127.0.0.1", 0)) as board:
        monkeypatch.setenv("CODESESSION_URL", board.url)
        yield app


def run(page: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that the program of a page is."""
    module = types.ModuleType("quickstart")
    monkeypatch.setitem(sys.modules, "quickstart", module)  # where FastAPI looks up the types that are named
    exec(compile(the_only(_PROGRAM, page), page, "exec"), module.__dict__)
    return module


def kept(app: App) -> list[tuple[Call, str]]:
    """Every call, with the name of its session."""
    with app.ledger.reading() as reader:
        found: list[tuple[Call, str]] = []
        while call := reader.call(len(found) + 1):
            session = reader.session(call.session_id or 0)
            found.append((call, session.name if session else ""))
        return found


def test_the_script_tells_of_its_call_and_prints_what_it_came_to(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("python-script.md", monkeypatch)
    assert capsys.readouterr().out == the_only(_PRINTED, "python-script.md") == "$0.0540 so far\n"
    ((call, session),) = kept(app)
    assert (call.model, call.usage, call.cost_nanos) == (
        "claude-sonnet-4", Usage(input=8000, output=2000), 54_000_000,
    )  # fmt: skip
    assert session == "Nightly import"


def test_the_web_app_tells_of_the_call_that_it_made_for_a_customer(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with SimulatedProvider() as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        with TestClient(run("python-fastapi.md", monkeypatch).app) as client:
            answer = client.post("/summaries", params={"text": "It rains.", "customer": "acme"})
        (received,) = provider.truth()
    assert (answer.status_code, bool(answer.json())) == (200, True)
    ((call, session),) = kept(app)
    assert (call.provider, call.customer, call.feature, session) == ("openai", "acme", "summaries", "Summary service")
    assert call.evidence is Evidence.MANUAL
    assert (call.model, call.usage) == (received.model, received.usage)
    assert call.cost_nanos


def test_what_the_page_of_the_api_sends_is_taken(place: Place) -> None:
    page = (QUICKSTARTS.parent / "api.md").read_text(encoding="utf-8")
    sent = {path: json.loads(body) for body, path in _SENT.findall(page)}
    with TestClient(build_site(place.app())) as client:
        assert {path: client.post(path, json=body).status_code for path, body in sent.items()} == {
            "/api/v1/pricing": 200,
            "/api/v1/calls": 201,
        }
        assert client.get("/api/v1/sessions/1").json()["session"]["aiCost"] == 0.054


_SENT = re.compile(r"-d '(\{[^']*\})'[^']*?http://127\.0\.0\.1:3737(\S+)")
