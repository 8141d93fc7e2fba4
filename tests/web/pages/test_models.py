"""Does the page of models show each model and provider, and lead to what can be done about it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.report.spending import DOLLAR, call

from codesession.model import Usage
from codesession.web.drawing import money
from codesession.web.pages.models import ratio_words

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App

TODAY = "2026-11-28T09:00+00:00"


@pytest.fixture
def filled(app: App) -> None:
    ledger = app.ledger
    call(ledger, TODAY, 3 * DOLLAR, provider="anthropic", model="opus", usage=Usage(input=10, cache_read=90, output=4))
    call(ledger, TODAY, 1 * DOLLAR, provider="openai", model="gpt")
    call(ledger, TODAY, None, provider="groq", model="llama/4 & more")


def page(client: TestClient, address: str = "/models") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def text(client: TestClient, address: str = "/models") -> str:
    """The page's words, with single spaces between them; what is not known is a question mark."""
    main = page(client, address).partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split()).replace(money(None), "?")


def models(client: TestClient, address: str) -> list[str]:
    return re.findall(r'<a href="/calls\?provider=\w+&amp;model=[^"]*">([^<]*)</a>', page(client, address))


@pytest.mark.usefixtures("filled")
def test_each_model_is_shown_with_all_that_is_known_of_it(client: TestClient) -> None:
    shown = text(client)
    assert "opus anthropic 1 1 measured 100 4 90% 25.0 : 1 measured $3.00 $3.00 $3.00 measured" in shown
    assert "anthropic 1 1 104 75.0% $3.00 $3.00 measured" in shown
    assert "opus 75.0% $3.00 gpt 25.0% $1.00" in shown


@pytest.mark.usefixtures("filled")
def test_what_has_no_price_leads_to_where_it_can_be_set(client: TestClient) -> None:
    shown = page(client)
    assert "1 unpriced call</strong>" in shown
    assert 'href="/pricing?provider=groq&amp;model=llama%2F4+%26+more"' in shown
    assert 'href="/pricing#unpriced"' in shown
    assert "1 unpriced: set the price" in text(client)


@pytest.mark.usefixtures("filled")
def test_a_model_leads_to_its_calls(client: TestClient) -> None:
    assert '<a href="/calls?provider=anthropic&amp;model=opus">opus</a>' in page(client)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["opus", "gpt", "llama/4 &amp; more"]),
        ("?sort=cost&dir=asc", ["llama/4 &amp; more", "gpt", "opus"]),
        ("?sort=model&dir=asc", ["opus", "llama/4 &amp; more", "gpt"]),
        ("?sort=nonsense", ["opus", "gpt", "llama/4 &amp; more"]),
    ],
)
@pytest.mark.usefixtures("filled")
def test_the_table_is_sorted_as_asked(client: TestClient, query: str, names: list[str]) -> None:
    assert models(client, f"/models{query}") == names


@pytest.mark.usefixtures("filled")
def test_a_choice_of_days_keeps_the_order_and_an_order_keeps_the_days(client: TestClient) -> None:
    shown = page(client, "/models?days=all&sort=calls")
    assert 'href="/models?days=7&amp;sort=calls"' in shown
    assert 'href="/models?days=all&amp;sort=ratio"' in shown
    assert 'href="/models?days=all&amp;sort=calls&amp;dir=asc"' in shown
    assert '<a href="/models?days=all&amp;sort=calls" aria-current="true">All</a>' in shown


def test_tokens_that_are_not_known_are_not_zero(app: App, client: TestClient) -> None:
    call(app.ledger, TODAY, DOLLAR, usage=Usage(unsplit=500))
    assert "m p 1 1 measured ? ? ? ? measured $1.00" in text(client)


def test_a_tiny_share_is_not_nothing(app: App, client: TestClient) -> None:
    call(app.ledger, TODAY, 5000 * DOLLAR, provider="much")
    call(app.ledger, TODAY, DOLLAR, provider="little")
    assert "little 1 1 110 under 0.1% $1.00" in text(client)


def test_without_a_call_that_is_said(client: TestClient) -> None:
    assert "No model was used in the last 30 days" in text(client)
    assert "No model was used yet" in text(client, "/models?days=all")


def test_without_a_cost_there_is_no_ring(app: App, client: TestClient) -> None:
    call(app.ledger, TODAY, None)
    assert "No cost is known" in text(client)
    assert 'id="chart-cost"' not in page(client)


@pytest.mark.parametrize(
    ("ratio", "words"), [(0.52, "0.52 : 1"), (7.46, "7.5 : 1"), (99.99, "100.0 : 1"), (1234.5, "1,234 : 1")]
)
def test_a_ratio_is_written_in_as_many_digits_as_help(ratio: float, words: str) -> None:
    assert ratio_words(ratio) == words
