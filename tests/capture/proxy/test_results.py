"""What has come of a batch passes on as it is, and is in the ledger before its last byte has gone."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.wire import LAST_CHUNK, Books, Proxy, answer, chunk, eventually, head, request
from tests.capture.recorded import DATA

from codesession.capture.providers.anthropic_batches import read_line
from codesession.capture.providers.results import ResultsReader
from codesession.capture.proxy import Tally
from codesession.capture.proxy.results import Results
from codesession.model import Attempt, Evidence, Outcome, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Provider, Wire

RESULTS = "/v1/messages/batches/msgbatch_1/results"
BATCH = Terms(is_batch=True)


def line(number: int, **usage: Any) -> bytes:
    message = {"id": f"msg_{number}", "model": "claude-opus-4-8", "usage": {"service_tier": "batch", **usage}}
    return json.dumps({"custom_id": str(number), "result": {"type": "succeeded", "message": message}}).encode() + b"\n"


LINES = [line(1, input_tokens=5, output_tokens=7), line(2, input_tokens=1, output_tokens=2)]
FAILED = b'{"custom_id":"3","result":{"type":"errored","error":{"type":"error"}}}\n'
BODY = b"".join(LINES) + FAILED


def fetched(relay: Proxy, provider: Provider, *data: bytes, path: str = RESULTS) -> tuple[Any, Wire]:
    """What a client gets who fetches `path`, when the provider answers `data`; and the connection to the provider."""
    client = relay.send(request("GET", path))
    upstream = provider.accept()
    upstream.message()
    upstream.send(*data)
    return client.message(), upstream


def usages(relay: Proxy) -> dict[str, Usage | None]:
    return {response_id: outcome.usage for response_id, (_, outcome) in relay.books.results.items()}


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        pytest.param(answer(BODY), BODY, id="with-a-length"),
        pytest.param(
            head(b"transfer-encoding: chunked") + chunk(BODY[:70]) + chunk(BODY[70:]) + LAST_CHUNK, BODY, id="in-chunks"
        ),
        pytest.param(
            answer(gzip.compress(BODY, mtime=0), b"content-encoding: gzip"), gzip.compress(BODY, mtime=0), id="gzip"
        ),
    ],
)
def test_results_pass_on_as_they_are_and_are_kept(relay: Proxy, provider: Provider, sent: bytes, body: bytes) -> None:
    got, _ = fetched(relay, provider, sent)
    attempt, outcome = relay.books.results["msg_1"]

    assert (got.status, got.body) == (200, body)
    assert attempt == Attempt(None, "anthropic", "results", "batch", False, 0, terms=BATCH)
    assert outcome == Outcome(
        Usage(input=5, output=7),
        Evidence.MEASURED,
        "claude-opus-4-8",
        http_status=200,
        response_id="msg_1",
        terms=Terms("batch", is_batch=True),
    )
    assert usages(relay) == {"msg_1": Usage(input=5, output=7), "msg_2": Usage(input=1, output=2)}
    assert relay.app.tally.unmetered == {}


def test_results_that_cannot_be_read_are_counted(relay: Proxy, provider: Provider) -> None:
    odd = line(3, input_tokens=-5, output_tokens=7) + b'{"result":{"message":7}}\n'
    fetched(relay, provider, answer(LINES[0] + odd + LINES[1]))

    assert list(usages(relay)) == ["msg_1", "msg_2"]
    assert relay.app.tally.unrecorded == 2


def test_in_a_file_that_is_nothing_of_a_batch_nothing_is_missed(relay: Proxy, provider: Provider) -> None:
    examples = b'{"prompt":"hi","response":"hello"}\n{"response":{"body":[]}}\nno "response"\n'
    got, _ = fetched(relay, provider, answer(examples), path="/openai/v1/files/file-1/content")

    assert got.body == examples
    assert (usages(relay), relay.app.tally.unrecorded) == ({}, 0)


def test_results_are_found_below_a_base_url_with_slashes_at_its_end(relay: Proxy, provider: Provider) -> None:
    fetched(relay, provider, answer(BODY), path="/anthropic//v1//messages/batches/msgbatch_1/results")

    assert list(usages(relay)) == ["msg_1", "msg_2"]


def test_results_belong_to_the_session_that_the_path_names(relay: Proxy, provider: Provider) -> None:
    fetched(relay, provider, answer(BODY), path="/s/7" + RESULTS)

    assert relay.books.results["msg_1"][0].session_id == 7


def test_a_path_with_two_slashes_is_read_all_the_same(relay: Proxy, provider: Provider) -> None:
    fetched(relay, provider, answer(BODY), path="/anthropic/" + RESULTS)

    assert usages(relay) == {"msg_1": Usage(input=5, output=7), "msg_2": Usage(input=1, output=2)}


@pytest.mark.parametrize(
    ("path", "file", "kept"),
    [
        (
            "/google/v1beta/batches/4f6a",
            "google/batch.json",
            {"mAipafO1Ks2Z1dkP3Y2N8AQ": Usage(input=9, output=10), "batches/4f6a/2": Usage(input=9, output=5)},
        ),
        (
            "/google/download/v1beta/files/x:download",
            "google/batch.jsonl",
            {"mAipafO1Ks2Z1dkP3Y2N8AQ": Usage(input=9, output=10), "other": Usage(input=9, output=5)},
        ),
    ],
)
def test_what_came_of_googles_batches_is_kept(
    relay: Proxy, provider: Provider, path: str, file: str, kept: dict[str, Usage]
) -> None:
    body = (DATA / file).read_bytes()
    got, _ = fetched(relay, provider, answer(body), path=path)

    assert got.body == body
    assert usages(relay) == kept


def test_results_that_are_fetched_again_are_handed_in_again_under_the_same_ids(
    relay: Proxy, provider: Provider
) -> None:
    fetched(relay, provider, answer(BODY, b"connection: close"))
    fetched(relay, provider, answer(BODY))

    assert sorted(relay.books.results) == ["msg_1", "msg_2"]


def test_the_last_byte_waits_until_the_results_are_kept(relay: Proxy, provider: Provider) -> None:
    relay.books.may_settle.clear()
    client = relay.send(request("GET", RESULTS))
    upstream = provider.accept()
    upstream.message()
    upstream.send(head(b"transfer-encoding: chunked"), chunk(BODY), LAST_CHUNK)
    client.begin()

    assert client.next_chunk() == BODY
    assert relay.books.asked_to_settle.wait(10)
    assert client.has_nothing()
    relay.books.may_settle.set()
    assert client.next_chunk() == b""


def test_a_client_that_leaves_loses_nothing_that_came_whole(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("GET", RESULTS))
    upstream = provider.accept()
    upstream.message()
    upstream.send(head(b"content-length: %d" % len(BODY)), LINES[0], LINES[1][:30])
    client.begin()
    client.exactly(len(LINES[0]) + 30)
    client.close()
    eventually(lambda: relay.books.results)

    assert usages(relay) == {"msg_1": Usage(input=5, output=7)}


def test_who_leaves_while_they_are_kept_does_not_stop_it() -> None:
    books, attempt = Books(), Attempt(None, "anthropic", "results", "unread", False, 0)
    books.may_settle.clear()
    reader = ResultsReader(read_line)
    reader.feed(BODY)
    results = Results(reader, attempt, books, Tally())

    async def left() -> None:
        keeping = asyncio.create_task(results.keep())
        await asyncio.to_thread(books.asked_to_settle.wait, 10)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        books.may_settle.set()
        await results.keep()

    asyncio.run(left())
    assert sorted(books.results) == ["msg_1", "msg_2"]


def test_a_provider_that_breaks_off_loses_nothing_that_came_whole(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("GET", RESULTS))
    upstream = provider.accept()
    upstream.message()
    upstream.send(head(b"transfer-encoding: chunked"), chunk(LINES[0] + LINES[1][:-9]))
    client.begin()
    client.next_chunk()
    upstream.reset()

    assert client.is_closed()
    eventually(lambda: relay.books.results)
    assert usages(relay) == {"msg_1": Usage(input=5, output=7)}
    assert relay.app.tally.unrecorded == 0


@pytest.mark.parametrize(
    ("sent", "missed"),
    [
        pytest.param(answer(BODY, status=b"206 Partial Content"), 0, id="a-part"),
        pytest.param(answer(BODY, status=b"404 Not Found"), 0, id="an-error"),
        pytest.param(answer(BODY, b"content-encoding: unheard-of"), 1, id="an-unknown-encoding"),
        pytest.param(answer(BODY, b"content-encoding: gzip"), 1, id="not-what-it-says"),
    ],
)
def test_what_cannot_be_read_passes_on_and_is_not_kept(
    relay: Proxy, provider: Provider, sent: bytes, missed: int
) -> None:
    got, _ = fetched(relay, provider, sent)

    assert got.body == BODY
    assert relay.books.results == {}
    assert relay.app.tally.unrecorded == missed


def test_a_ledger_that_fails_is_counted_and_stops_nobody(relay: Proxy, provider: Provider) -> None:
    relay.books.failing.add("record_results")
    got, _ = fetched(relay, provider, answer(BODY))

    assert got.body == BODY
    assert relay.app.tally.unrecorded == 2


def test_a_provider_that_cannot_be_reached_has_no_results(start: Callable[..., Proxy], provider: Provider) -> None:
    relay = start()
    provider.close()
    told = relay.ask(request("GET", RESULTS))

    assert told.status == 502
    assert relay.books.results == {}


def test_a_session_nobody_has_is_not_found_before_anything_is_fetched(relay: Proxy, provider: Provider) -> None:
    told = relay.ask(request("GET", "/s/99" + RESULTS))

    assert told.status == 404
    assert provider.was_not_called()


def test_others_are_served_while_results_are_kept(relay: Proxy, provider: Provider) -> None:
    relay.books.may_settle.clear()
    waiting = threading.Thread(target=fetched, args=(relay, provider, answer(BODY)))
    waiting.start()
    assert relay.books.asked_to_settle.wait(10)

    assert relay.ask(request("GET", "/health")).status == 200
    relay.books.may_settle.set()
    waiting.join()
