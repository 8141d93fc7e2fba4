"""Does ``cs cache`` tell what is kept and what it saves, and delete it when asked, and only then?"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.test_caching import enable

from codesession.ledger.answers import AnswerStore, KeptAnswer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place
    from tests.cli.conftest import Cs

TTL_S = 86_400
NOTHING: dict[str, Any] = {
    "entries": 0,
    "expired": 0,
    "unpriced": 0,
    "bytes": 0,
    "hits": 0,
    "savedCost": 0.0,
    "storedCost": 0.0,
    "lastHit": None,
    "oldestEntry": None,
    "newestEntry": None,
    "scopes": [],
}


def path_of(place: Place) -> Path:
    return place.database.with_name("cache.db")


@pytest.fixture
def filled(place: Place) -> int:
    """Two answers of this scope, one of them used twice, and one of another without a price; returns when."""
    now_ms = int(time.time() * 1000) - 5000
    answer = KeptAnswer("anthropic", "claude-x", "messages", 200, (), b"x" * 1500, True, 20_000_000)
    with closing(AnswerStore(path_of(place), max_bytes=1 << 20, ttl_s=TTL_S)) as store:
        for number, directory in enumerate([str(place.repo), str(place.repo), "/there"]):
            cost = 20_000_000 if number < 2 else None
            kept = KeptAnswer(answer.provider, "claude-x", "messages", 200, (), answer.body, True, cost)
            store.keep(number.to_bytes(32, "big"), directory, kept, now_ms + number)
        for _ in range(2):
            store.count_hit(bytes(32), now_ms + 1000)
    return now_ms


def told_of(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in NOTHING}


@pytest.mark.parametrize("words", [("cache",), ("cache", "stats")], ids=["alone", "stats"])
def test_where_there_is_no_cache_it_is_empty_and_none_is_made(place: Place, cs: Cs, words: tuple[str, ...]) -> None:
    told = cs(*words, "--json").json()
    assert told_of(told) == NOTHING
    assert (told["enabled"], told["path"]) == (False, str(path_of(place)))
    assert (told["ttlSeconds"], told["maxBytes"]) == (TTL_S, 256 * 1024 * 1024)
    assert "enabled = true" in told["howToEnable"]
    assert not path_of(place).exists()
    human = cs(*words)
    assert (human.status, human.err) == (0, "")
    assert human.out.startswith("Exact cache: off\n")
    assert "0, 0 KB of at most 256.0 MB; each is used for 24h 0m" in human.out
    assert human.out.endswith("Write `enabled = true` under [cache] in config.toml, or type: cs run --cache -- CMD\n")


def test_what_is_kept_is_told_together_and_by_scope(place: Place, cs: Cs, filled: int) -> None:
    enable(place)
    told = cs("cache", "stats", "--json").json()
    assert (told["enabled"], told["howToEnable"]) == (True, None)
    assert told["lastHit"] > told["newestEntry"] > told["oldestEntry"]
    together = {
        "entries": 3,
        "expired": 0,
        "unpriced": 1,
        "bytes": 4500,
        "hits": 2,
        "savedCost": 0.04,
        "storedCost": 0.04,
    }
    assert {name: told[name] for name in together} == together
    there, here = sorted(told["scopes"], key=lambda scope: scope["hits"])
    assert there.keys() == here.keys() == {"directory"} | NOTHING.keys() - {"scopes"}
    assert (here["directory"], here["entries"], here["savedCost"]) == (str(place.repo), 2, 0.04)
    assert (there["directory"], there["entries"], there["lastHit"], there["unpriced"]) == ("/there", 1, None, 1)
    assert filled


@pytest.mark.usefixtures("filled")
def test_a_person_sees_the_same(place: Place, cs: Cs) -> None:
    enable(place, "ttl = 3\n")
    human = cs("cache", "stats")
    assert human.err == ""
    lines = human.out.splitlines()
    assert lines[0] == "Exact cache: on"
    assert "3, 5 KB of at most 256.0 MB; each is used for 3s" in human.out
    assert "2, which saved $0.04; 1 answer without a known price aside" in human.out
    assert "; 3 of them too old to be used" in human.out
    assert f"{path_of(place)} (not encrypted)" in human.out
    (here,) = [line for line in lines if line.startswith(str(place.repo))]
    assert here.split()[1:] == ["2", "3", "KB", "2", "$0.04"]
    assert "cs run --cache" not in human.out


@pytest.mark.usefixtures("filled")
def test_clearing_here_deletes_only_what_is_of_here(place: Place, cs: Cs) -> None:
    told = cs("cache", "clear", "--here", "--json").json()
    assert {name: told[name] for name in ("removed", "bytes")} == {"removed": 2, "bytes": 3000}
    assert [scope["directory"] for scope in cs("cache", "--json").json()["scopes"]] == ["/there"]
    assert cs("cache", "clear").out == "Deleted 1 answer (2 KB).\n"
    assert cs("cache", "clear").out == "There was nothing to delete.\n"
    assert told_of(cs("cache", "stats", "--json").json()) == NOTHING
    assert path_of(place).exists()


def test_there_may_be_nothing_to_clear(place: Place, cs: Cs) -> None:
    told = cs("cache", "clear", "--json").json()
    assert (told["removed"], told["bytes"]) == (0, 0)
    assert not path_of(place).exists()


@pytest.mark.usefixtures("filled")
def test_a_damaged_cache_is_an_error_until_it_is_cleared(place: Place, cs: Cs) -> None:
    enable(place)
    path_of(place).write_text("This is no database. " * 99)
    assert cs("cache", "stats").sentence().endswith("it is damaged; empty it with: cs cache clear.")
    assert cs("cache", "clear", "--here", "--json").error()["code"] == "database_error"
    assert cs("status").sentence().startswith("No active session")  # nothing else minds
    told = cs("cache", "clear", "--json").json()
    assert (told["removed"], told["bytes"]) == (None, 21 * 99)
    path_of(place).write_text("?" * 99)
    assert cs("cache", "clear").out == "The cache could not be read, and was thrown away (1 KB).\n"
    assert told_of(cs("cache", "stats", "--json").json()) == NOTHING


def test_json_is_written_after_the_command(cs: Cs) -> None:
    assert "cs cache clear --json" in cs("cache", "--json", "clear").error()["message"]
