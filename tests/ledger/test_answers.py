"""Are answers found again, for as long as they may be and under their bound, and is a bad file never a wrong answer?"""

from __future__ import annotations

import sqlite3
import sys
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.contract.ledger_contract import another_process, line_of

from codesession.errors import DatabaseError
from codesession.ledger.answers import MOST_OF_ONE, AnswerStore, KeptAnswer, Removed, ScopeAnswers
from codesession.ledger.answers_file import SCHEMA, discard, was_busy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_772_461_811_042
TTL_S = 3600
HERE, THERE = "/projects/here", "/projects/there"
ANSWER = KeptAnswer(
    "anthropic", "claude-x", "messages", 200, (("content-type", "text/x"), ("x-id", "\xff")), b"\x00body", True, 40
)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and deleting what is open are POSIX's")


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def sized(size: int) -> KeptAnswer:
    return replace(ANSWER, body=b"x" * size)


def a_store(path: Path, max_bytes: int = 1 << 20, wait_s: float = 0.25) -> AnswerStore:
    return AnswerStore(path / "cache.db", max_bytes=max_bytes, ttl_s=TTL_S, wait_s=wait_s)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    with closing(a_store(tmp_path)) as store:
        yield store


def found(store: AnswerStore, upto: int = 20, now_ms: int = NOW) -> list[int]:
    return [number for number in range(upto) if store.find(key(number), now_ms)]


# --- found again ---


def test_an_answer_is_found_as_it_was_kept(store: AnswerStore) -> None:
    assert store.keep(key(1), HERE, ANSWER, NOW)
    assert store.find(key(1), NOW) == ANSWER
    assert store.find(key(2), NOW) is None


def test_an_answer_without_a_price_is_kept_without_one(store: AnswerStore) -> None:
    unpriced = replace(ANSWER, cost_nanos=None)
    store.keep(key(1), HERE, unpriced, NOW)
    assert store.find(key(1), NOW) == unpriced
    store.count_hit(key(1), NOW)
    (there_is,) = store.contents(NOW).scopes
    assert (there_is.unpriced, there_is.hits, there_is.saved_nanos) == (1, 1, 0)


def test_a_newer_answer_takes_the_place_of_an_older(store: AnswerStore) -> None:
    store.keep(key(1), HERE, ANSWER, NOW)
    newer = replace(ANSWER, body=b"newer")
    store.keep(key(1), HERE, newer, NOW + 1)
    assert store.find(key(1), NOW + 1) == newer
    (there_is,) = store.contents(NOW).scopes
    assert (there_is.entries, there_is.size) == (1, 5)


def test_looking_makes_no_file(store: AnswerStore) -> None:
    assert store.find(key(1), NOW) is None
    store.count_hit(key(1), NOW)
    assert store.contents(NOW).scopes == ()
    assert store.clear() == Removed(0, 0)
    assert not store.path.exists()


def test_an_answer_is_found_until_its_time_has_passed(store: AnswerStore) -> None:
    store.keep(key(1), HERE, ANSWER, NOW)
    store.count_hit(key(1), NOW + 5)  # using it makes it no younger
    last = NOW + TTL_S * 1000 - 1
    assert store.find(key(1), last)
    assert store.find(key(1), last + 1) is None
    assert store.contents(last + 1).scopes[0].expired == 1
    store.keep(key(2), HERE, ANSWER, last + 1)
    assert store.contents(last + 1).scopes[0].entries == 1


def test_a_clock_that_was_set_back_makes_no_answer_last_for_years(store: AnswerStore) -> None:
    store.keep(key(1), HERE, ANSWER, NOW + 10 * TTL_S * 1000)
    assert store.find(key(1), NOW) is None
    store.keep(key(2), HERE, ANSWER, NOW)
    assert [scope.entries for scope in store.contents(NOW).scopes] == [1]


# --- the bound ---


def test_those_not_used_for_longest_make_room(tmp_path: Path) -> None:
    with closing(a_store(tmp_path, max_bytes=1000)) as store:
        for number in range(10):
            store.keep(key(number), HERE, sized(100), NOW + number)
        assert found(store) == list(range(10))
        store.count_hit(key(0), NOW + 20)
        store.keep(key(10), THERE, sized(100), NOW + 30)
        assert found(store) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        store.keep(key(11), HERE, sized(125), NOW + 31)
        assert found(store) == [0, 4, 5, 6, 7, 8, 9, 10, 11]
        assert sum(scope.size for scope in store.contents(NOW).scopes) == 925


def test_a_smaller_bound_holds_from_the_next_answer_on(tmp_path: Path) -> None:
    with closing(a_store(tmp_path)) as store:
        for number in range(10):
            store.keep(key(number), HERE, sized(100), NOW + number)
    with closing(a_store(tmp_path, max_bytes=300)) as store:
        store.keep(key(10), HERE, sized(30), NOW)  # whose own time is the oldest: it is what was just asked for
        assert found(store) == [8, 9, 10]


def test_one_answer_may_not_push_out_all_others(tmp_path: Path) -> None:
    with closing(a_store(tmp_path, max_bytes=800)) as store:
        assert store.largest == 100
        assert store.keep(key(1), HERE, sized(100), NOW)
        assert not store.keep(key(2), HERE, sized(101), NOW)
        assert found(store) == [1]
    assert a_store(tmp_path, max_bytes=1 << 40).largest == MOST_OF_ONE


# --- what there is ---


def test_the_contents_are_told_by_scope(store: AnswerStore) -> None:
    store.keep(key(1), THERE, ANSWER, NOW)
    store.keep(key(2), HERE, ANSWER, NOW + 1)
    store.keep(key(3), HERE, replace(ANSWER, cost_nanos=2), NOW + 2)
    for number in (2, 2, 3):
        store.count_hit(key(number), NOW + 9)
    told = store.contents(NOW)
    assert (told.path, told.max_bytes, told.ttl_s) == (store.path, 1 << 20, TTL_S)
    assert told.scopes == (
        ScopeAnswers(HERE, 2, 10, 0, 0, 3, 42, 82, NOW + 1, NOW + 2, NOW + 9),
        ScopeAnswers(THERE, 1, 5, 0, 0, 0, 40, 0, NOW, NOW, None),
    )


def test_clearing_deletes_all_or_one_scope_and_gives_the_space_back(store: AnswerStore) -> None:
    for number in range(20):
        store.keep(key(number), THERE if number % 4 else HERE, replace(ANSWER, body=b"secret" * 5000), NOW)
    store.close()  # which brings all of it into the file
    full = store.path.stat().st_size
    assert store.clear(HERE) == Removed(5, 150_000)
    assert found(store) == [number for number in range(20) if number % 4]
    assert store.clear() == Removed(15, 450_000)
    assert found(store) == []
    assert store.path.stat().st_size < full / 10
    for file in store.path.parent.iterdir():
        assert b"secret" not in file.read_bytes()
    store.keep(key(1), HERE, ANSWER, NOW)
    assert found(store) == [1]


# --- several at once ---


def test_threads_share_a_store(store: AnswerStore) -> None:
    wrong: list[object] = []

    def work(start: int) -> None:
        for number in range(start, start + 25):
            mine = replace(ANSWER, body=b"%d" % number)
            store.keep(key(number), HERE, mine, NOW)
            if store.find(key(number), NOW) != mine:
                wrong.append(number)
            store.count_hit(key(0), NOW)

    store.keep(key(0), HERE, ANSWER, NOW)
    threads = [threading.Thread(target=work, args=(100 * (at + 1),)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    (there_is,) = store.contents(NOW).scopes
    assert (there_is.entries, there_is.hits) == (101, 100)


OTHER = """
from pathlib import Path
from codesession.ledger.answers import AnswerStore, KeptAnswer
store = AnswerStore(Path(PATH), max_bytes=1 << 20, ttl_s=3600)
for line in sys.stdin:
    number = int(line)
    key = abs(number).to_bytes(32, "big")
    if number < 0:
        print(store.find(key, NOW) is not None, flush=True)
    else:
        print(store.keep(key, "/there", KeptAnswer("a", "m", "e", 200, (), b"x", False, 1), NOW), flush=True)
"""


def test_what_one_process_keeps_another_finds_and_may_clear(store: AnswerStore) -> None:
    source = OTHER.replace("PATH", repr(str(store.path))).replace("NOW", str(NOW))
    with another_process(source) as other:

        def told(number: int) -> bool:
            assert other.stdin
            other.stdin.write(f"{number}\n")
            other.stdin.flush()
            return line_of(other) == "True"

        assert not told(-1)
        assert store.keep(key(1), HERE, ANSWER, NOW)
        assert told(-1)
        assert told(2)
        assert found(store) == [1, 2]
        assert store.clear() == Removed(2, 6)
        assert not told(-1)
        assert told(3)
        assert found(store) == [3]
        if sys.platform != "win32":
            store.close()
            with pytest.raises(DatabaseError, match="in use: end what runs with it"):
                discard(store.path)
            assert found(store) == [3]


def test_who_finds_the_file_busy_does_without(tmp_path: Path) -> None:
    with closing(a_store(tmp_path, wait_s=0.01)) as store:
        store.keep(key(1), HERE, ANSWER, NOW)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            assert not store.keep(key(2), HERE, ANSWER, NOW)
            store.count_hit(key(1), NOW)
            assert store.find(key(1), NOW) == ANSWER  # readers do not wait for writers
            with pytest.raises(DatabaseError, match="try again") as caught:
                store.clear()
            assert was_busy(caught.value)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as rival:
            store.close()
            rival.execute("PRAGMA locking_mode = EXCLUSIVE")
            rival.execute("BEGIN EXCLUSIVE")
            rival.execute("DELETE FROM answer WHERE 0")
            assert store.find(key(1), NOW) is None
        assert found(store) == [1]


# --- the file ---


@POSIX
def test_the_files_are_the_users_alone(tmp_path: Path) -> None:
    with closing(a_store(tmp_path / "made" / "here")) as store:
        store.keep(key(1), HERE, ANSWER, NOW)
        assert [file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()] == [0o600] * 3
        assert store.path.parent.stat().st_mode & 0o777 == 0o700
        store.close()
        store.path.chmod(0o644)
        assert store.find(key(1), NOW)
        assert store.path.stat().st_mode & 0o777 == 0o600


@POSIX
def test_a_file_that_is_deleted_while_it_is_open_is_made_anew(store: AnswerStore) -> None:
    store.keep(key(1), HERE, ANSWER, NOW)
    for file in list(store.path.parent.iterdir()):
        file.unlink()
    assert found(store) == []
    assert not store.path.exists()
    store.keep(key(2), HERE, ANSWER, NOW)
    assert found(store) == [2]


def spoil(store: AnswerStore, what: str) -> None:
    """Make the file of a store with one answer one that cannot be used."""
    store.close()
    if what == "text":
        store.path.write_text("This is no database. " * 99)
    elif what == "cut":
        store.path.write_bytes(store.path.read_bytes()[:3000])
    elif what == "a byte of a body":
        before = store.path.read_bytes()
        store.path.write_bytes(before.replace(b"\x00body", b"\x00bodx"))
        assert store.path.read_bytes() != before
    else:
        with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
            connection.execute(
                {"newer": f"PRAGMA user_version = {SCHEMA + 1}", "foreign": "PRAGMA application_id = 7"}[what]
            )


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("text", "is damaged; empty it with: cs cache clear"),
        ("cut", "is damaged; empty it with: cs cache clear"),
        ("a byte of a body", "is damaged; empty it with: cs cache clear"),
        ("newer", "written by a newer codesession: upgrade this one, or empty it with: cs cache clear"),
        ("foreign", "not made by codesession: move it away, or empty it with: cs cache clear"),
    ],
)
def test_a_file_that_cannot_be_used_gives_no_answer_and_can_be_thrown_away(
    store: AnswerStore, what: str, said: str
) -> None:
    store.keep(key(1), HERE, ANSWER, NOW)
    spoil(store, what)
    before = store.path.read_bytes()
    with pytest.raises(DatabaseError, match=said) as caught:
        store.find(key(1), NOW)
    assert not was_busy(caught.value)
    if what != "a byte of a body":
        with pytest.raises(DatabaseError, match=said):
            store.keep(key(2), HERE, ANSWER, NOW)
        with pytest.raises(DatabaseError, match=said):
            store.clear()
        assert store.path.read_bytes() == before
    store.close()
    assert discard(store.path) >= len(before)
    assert list(store.path.parent.iterdir()) == []
    assert store.keep(key(2), HERE, ANSWER, NOW)
    assert found(store) == [2]


def test_a_directory_in_its_place_is_an_error_that_says_so(store: AnswerStore) -> None:
    store.path.mkdir()
    for work in (
        lambda: store.find(key(1), NOW),
        lambda: store.keep(key(1), HERE, ANSWER, NOW),
        lambda: discard(store.path),
    ):
        with pytest.raises(DatabaseError, match="cannot be used"):
            work()
    assert store.path.is_dir()


def test_nothing_is_there_to_be_thrown_away(tmp_path: Path) -> None:
    assert discard(tmp_path / "cache.db") == 0
