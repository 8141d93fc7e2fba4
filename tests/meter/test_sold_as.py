"""By whose list is a host of the user's own priced?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codesession.meter import Catalogue, PriceBook
from codesession.model import STANDARD, Terms, Usage

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
USAGE = Usage(input=1_000, output=100)


def cost(book: PriceBook, provider: str, terms: Terms = STANDARD) -> int | None:
    found = book.cost(provider, "gpt-4o", USAGE, NOW, terms)
    return None if found is None else found.nanos


def test_a_host_is_priced_by_the_list_it_is_said_to_sell_by_on_every_term(tmp_path: Path, catalogue: Catalogue) -> None:
    book = PriceBook(tmp_path, catalogue, sold_as={"mycompany": "openai"})
    assert cost(book, "mycompany") == 3_500_000
    assert cost(book, "elsewhere") is None
    priority = Terms(service_tier="priority")
    assert cost(book, "mycompany", priority) == cost(book, "openai", priority) == 5_950_000
    assert book.ceiling("mycompany", "gpt-4o", 1_000, 100, NOW) == 3_500_000
    auto = Terms(service_tier="auto")
    assert book.ceiling("mycompany", "gpt-4o", 1_000, 100, NOW, auto) == 5_950_000


def test_the_users_price_for_the_host_itself_comes_first_and_then_the_one_for_the_seller(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    book = PriceBook(tmp_path, catalogue, sold_as={"mycompany": "openai"})
    rows = {"openai/gpt-4o": {"input": 1, "output": 1}, "mycompany/gpt-4o": {"input": 2, "output": 2}}
    (tmp_path / "pricing.json").write_text(json.dumps(rows))
    assert cost(book, "mycompany") == 2_200_000
    (tmp_path / "pricing.json").write_text(json.dumps({"openai/gpt-4o": {"input": 1, "output": 1}}))
    assert cost(book, "mycompany") == 1_100_000


def test_the_rules_of_the_seller_hold_for_the_users_price_of_the_host(tmp_path: Path, catalogue: Catalogue) -> None:
    book = PriceBook(tmp_path, catalogue, sold_as={"mycompany": "openai"})
    row = {"input": 1, "output": 2, "priority": {"input": 5, "output": 6}}
    (tmp_path / "pricing.json").write_text(json.dumps({"mycompany/gpt-5.4": row, "mycompany/gpt-5": row}))

    def nanos(model: str, usage: Usage, terms: Terms = STANDARD) -> int | None:
        found = book.cost("mycompany", model, usage, NOW, terms)
        return None if found is None else found.nanos

    assert nanos("gpt-5", USAGE) == 1_200_000
    assert nanos("gpt-5", USAGE, Terms(is_batch=True)) == 600_000  # half of it, as the list has it for the model
    assert nanos("gpt-5", Usage(web_searches=1)) == 10_000_000
    assert nanos("gpt-5.4", USAGE, Terms(geography="eu")) == 1_320_000  # a tenth more
    assert nanos("gpt-5.4", USAGE, Terms(service_tier="priority", geography="eu")) == 6_160_000  # 5 and 6, a tenth more
    assert nanos("gpt-5", USAGE, Terms(service_tier="scale")) is None
