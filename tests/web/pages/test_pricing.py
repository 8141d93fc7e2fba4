"""Does the page of prices show what is used, what lacks a price, and let one set it?"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import DOLLAR, begin, call

from codesession.app import SaidRate, add_local_model, set_price
from codesession.model import Attempt, Cost, Evidence, Outcome, Terms, Usage
from codesession.web.drawing import money
from codesession.web.site import build_site

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

TODAY = "2026-03-02T09:00+00:00"

pytestmark = pytest.mark.usefixtures("priced")


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(build_site(app))


def page(client: TestClient, address: str = "/pricing") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def words(html: str) -> str:
    """Words, with single spaces between them; what is not known is a question mark."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split())).replace(money(None), "?")


def card(html: str, name: str) -> str:
    return html.partition(f'id="{name}"')[2].partition("</section>")[0]


def test_what_is_used_comes_before_all_there_is(client: TestClient, app: App) -> None:
    call(app.ledger, TODAY, DOLLAR, provider="anthropic", model="claude-sonnet-4-5")
    shown = page(client)
    assert "claude-sonnet-4-5 anthropic 3.00 15.00 0.30 3.75" in words(card(shown, "used"))
    assert 'id="unpriced"' not in shown
    assert shown.index('id="used"') < shown.index('id="all-prices"')
    assert shown.count('<tr id="price-') == 25


def test_unpriced_calls_are_said_with_a_way_to_their_price(client: TestClient, app: App) -> None:
    call(app.ledger, TODAY, None, provider="acme", model="odd & new")
    call(app.ledger, TODAY, None, provider="anthropic", model="claude-sonnet-4-5")
    lacking = card(page(client), "unpriced")
    assert "2 calls without a known price" in words(lacking)
    assert "odd & new acme 1 110 none Set the price" in words(lacking)
    assert "claude-sonnet-4-5 anthropic 1 110 known now: price past calls anew" in words(lacking)
    assert 'href="/calls?provider=acme&amp;model=odd+%26+new&amp;unpriced=1"' in lacking


def test_who_comes_to_set_a_price_finds_the_form_filled(client: TestClient) -> None:
    form = card(page(client, "/pricing?provider=acme&model=x/%3Cb%3E"), "named")
    assert 'value="x/&lt;b&gt;"' in form
    assert 'value="acme"' in form


def test_ones_own_price_is_marked_and_can_be_removed(client: TestClient, app: App) -> None:
    set_price(app.config, "coder/1", "1", "2", provider="acme")
    shown = card(page(client), "all-prices")
    first = shown.partition("<tbody>")[2].partition("</tr>")[0]
    assert "coder/1 acme yours 1.00 2.00 1.00 1.00" in words(first)
    assert 'aria-label="Remove your price of acme/coder/1"' in first
    assert "1 of yours" in words(shown)


def test_a_search_is_done_here_and_pages_keep_it(client: TestClient) -> None:
    shown = card(page(client, "/pricing?q=anthropic+claude&offset=25"), "all-prices")
    rows = re.findall(r'<tr id="price-([^"]*)"', shown)
    assert rows
    assert all("claude" in row and "anthropic" in row for row in rows)
    assert 'value="anthropic claude"' in shown
    assert "/pricing?q=anthropic+claude" in shown
    assert "No such model" in words(page(client, "/pricing?q=no+such+model+at+all"))


def test_a_broken_file_is_said_and_every_other_price_is_there(client: TestClient, place: Place) -> None:
    file = place.home / ".codesession" / "pricing.json"
    file.write_text("{")
    shown = page(client)
    assert "pricing.json" in words(shown.partition('class="notice bad')[2].partition("</p>")[0])
    assert shown.count('<tr id="price-') == 25
    assert file.read_text() == "{"


def test_a_broken_file_of_rates_is_said_and_left_as_it_is(client: TestClient, place: Place) -> None:
    file = place.home / ".codesession" / "local-models.json"
    file.write_text("[{")
    shown = page(client)
    assert "local-models.json" in words(shown.partition('class="notice bad')[2].partition("</p>")[0])
    assert file.read_text() == "[{"


def test_blank_names_in_calls_and_in_the_users_file_hide_no_other_price(
    client: TestClient, app: App, place: Place
) -> None:
    call(app.ledger, TODAY, None, provider="acme", model="")
    call(app.ledger, TODAY, None, provider=" ", model="odd")
    rows = {"/x": {"input": 1, "output": 2}, "acme/": {"input": 3, "output": 4}}
    (place.home / ".codesession" / "pricing.json").write_text(json.dumps(rows))
    shown = page(client)
    assert "2 calls without a known price" in words(card(shown, "unpriced"))
    assert shown.count('<tr id="price-') == 25


def test_a_page_beyond_the_last_is_the_last(client: TestClient) -> None:
    shown = words(card(page(client, "/pricing?q=anthropic/claude&offset=99975"), "all-prices"))
    assert "No such model" not in shown
    assert "claude" in shown


def test_ones_own_price_is_changed_from_what_it_is(client: TestClient, app: App) -> None:
    set_price(app.config, "coder", "1", "2.50", cache_read="0.1")
    (filled,) = re.findall(r'id="set-p1"[^>]* data-fill="([^"]*)"', page(client))
    assert json.loads(unescape(filled)) == {
        "model": "coder",
        "provider": "",
        "input": "1",
        "output": "2.5",
        "cacheRead": "0.1",
    }


def test_hardware_has_its_rate_and_how_long_it_worked(client: TestClient, app: App) -> None:
    add_local_model(app.config, ["llama3"], "ollama", SaidRate("local-gpu", gpu_name="RTX 4090", notes="in the attic"))
    session = begin(app.ledger, "shop", TODAY)
    attempt = Attempt(
        session.id, "ollama", "llama3", "e", streamed=False, request_bytes=1, terms=Terms(is_local=True, took_ms=90_000)
    )
    with app.ledger.writing() as tx:
        tx.record(attempt, Outcome(Usage(input=9), Evidence.MEASURED), Cost(2_000_000, "local", "RTX 4090"), 1, 90_001)
        tx.record(attempt, Outcome(Usage(input=9), Evidence.MEASURED), None, 1, 90_001)
    shown = words(card(page(client), "hardware"))
    assert "llama3 ollama $0.07 RTX 4090" in shown
    assert "in the attic" in shown
    assert "RTX 4090 1 1m $0.002" in shown
    assert "hardware without an hourly rate 1 1m ?" in shown
    assert "local-models.json" in shown


def test_nothing_used_yet_says_so(client: TestClient) -> None:
    shown = words(page(client))
    assert "No model was used yet" in shown
    assert "No local model has an hourly rate" in shown
