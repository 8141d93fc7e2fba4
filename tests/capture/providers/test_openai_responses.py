from __future__ import annotations

import json
from typing import Any

import pytest
from tests.capture.recorded import DATA, recording

from codesession.capture.providers import Unreadable
from codesession.capture.providers.openai_responses import OpenAIResponsesStream, ResponsesStream, read_answer
from codesession.model import Terms, Usage

OTHERS = (
    ("output.code_interpreter_call", 1),
    ("output.image_generation_call", 1),
    ("output.mcp_call", 1),
    ("output.web_search_call.find_in_page", 1),
    ("output.web_search_call.open_page", 1),
)
USAGE = {"input_tokens": 5, "output_tokens": 2}


@pytest.mark.parametrize(
    "file", ["openai/responses_hosted.json", "openai/responses_hosted.sse", "openai/responses_listed_before.sse"]
)
def test_tools_that_openai_ran_are_counted_and_those_of_the_client_are_not(file: str) -> None:
    reader = recording(file).reader()
    reader.feed(recording(file).body)
    reading = reader.finish()

    assert reading.usage
    assert (reading.usage.web_searches, reading.usage.file_searches) == (2, 1)
    assert reading.extra == OTHERS
    assert reading.terms == Terms(service_tier="flex")


def test_what_openai_says_is_billable_is_the_last_word() -> None:
    reading = read_answer(recording("openai/responses_tool_usage.json").body)

    assert reading.usage
    assert reading.usage.web_searches == 3
    assert reading.extra == (
        ("output.web_search_call", 1),
        ("output.web_search_call.open_page", 1),
        ("tool_usage.image_gen.input_tokens", 20),
        ("tool_usage.image_gen.output_tokens", 4160),
        ("tool_usage.image_gen.total_tokens", 4180),
        ("tool_usage.image_gen.input_tokens_details.text_tokens", 20),
    )


def test_searches_of_a_stream_that_breaks_off_are_not_lost() -> None:
    reading = read_stream(recording("openai/responses_cut.sse").body)

    assert reading.usage == Usage(web_searches=2, file_searches=1)
    assert (reading.is_final, reading.has_ended) == (False, False)


def test_a_stream_without_searches_that_breaks_off_says_nothing_of_its_usage() -> None:
    done = event("response.output_item.done", item={"id": "ci_1", "type": "code_interpreter_call"})

    assert read_stream(done).usage is None


def test_an_item_that_is_told_twice_is_one() -> None:
    done = event("response.output_item.done", item={"id": "ws_1", "type": "web_search_call"})

    assert read_stream(done + done).usage == Usage(web_searches=1)


def test_items_without_an_id_are_each_one() -> None:
    done = event("response.output_item.done", item={"type": "file_search_call"})

    assert read_stream(done + done).usage == Usage(file_searches=2)


def test_a_terminal_event_that_is_told_twice_counts_once() -> None:
    body = recording("openai/responses_hosted.sse").body
    again = body.rstrip().rpartition(b"\n\n")[2] + b"\n\n"

    assert read_stream(body + again) == read_stream(body)


def test_what_follows_the_end_changes_nothing() -> None:
    body = recording("openai/responses_hosted.sse").body
    late = event("response.output_item.done", item={"id": "ws_9", "type": "web_search_call"})
    created = event("response.created", response={"output": [{"type": "web_search_call"}]})

    assert read_stream(body + late + created).usage == recording("openai/responses_hosted.sse").usage


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(7, id="number"),
        pytest.param([7], id="numbers"),
        pytest.param([{"type": 7}], id="a-type-that-is-none"),
        pytest.param([{"type": "web search_call\u00e9"}], id="a-type-that-is-no-word"),
        pytest.param(None, id="null"),
    ],
)
def test_an_odd_output_costs_no_usage(output: Any) -> None:
    reading = read_answer(json.dumps({"id": "r", "usage": USAGE, "output": output}).encode())

    assert (reading.usage, reading.extra, reading.is_final) == (Usage(input=5, output=2), (), True)


@pytest.mark.parametrize("action", [{}, "search", 7, None, {"type": "search"}, {"type": "of a later version"}])
def test_a_search_that_does_not_say_otherwise_is_billed(action: Any) -> None:
    output = [{"type": "web_search_call", "action": action}]
    reading = read_answer(json.dumps({"usage": USAGE, "output": output}).encode())

    assert reading.usage == Usage(input=5, output=2, web_searches=1)


@pytest.mark.parametrize("told", [None, -1, "3", 1.5])
def test_a_billable_number_that_is_none_is_not_believed(told: Any) -> None:
    answer = {
        "usage": USAGE,
        "output": [{"type": "web_search_call"}],
        "tool_usage": {"web_search": {"num_requests": told}},
    }

    assert read_answer(json.dumps(answer).encode()).usage == Usage(input=5, output=2, web_searches=1)


def test_half_a_character_in_an_output_costs_no_search() -> None:
    body = b'{"usage":{"input_tokens":5},"output":[{"type":"web_search_call"},{"type":"message","x":"\\ud83d"}]}'

    assert read_answer(body).usage == Usage(input=5, web_searches=1)


def test_a_response_that_is_still_to_be_made_is_waited_for() -> None:
    reading = read_answer((DATA / "openai/responses_background.json").read_bytes())

    assert (reading.usage, reading.is_waiting, reading.has_ended, reading.written_bytes) == (None, True, True, 0)
    assert reading.response_id == "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654"


def test_a_response_that_failed_has_written_what_it_shows() -> None:
    body = b'{"id":"r","status":"failed","usage":null}'

    assert (read_answer(body).is_waiting, read_answer(body).written_bytes) == (False, len(body))


@pytest.mark.parametrize(("background", "waits"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_a_stream_of_what_is_made_in_the_background_goes_on_without_it(background: Any, *, waits: bool) -> None:
    created = event("response.created", response={"id": "r", "background": background})
    ended = event("response.completed", response={"id": "r", "background": background, "usage": USAGE})

    assert read_stream(created).is_waiting is waits
    assert not read_stream(created + ended).is_waiting


def test_what_is_no_response_is_not_read() -> None:
    with pytest.raises(Unreadable):
        read_answer(b"[]")


def test_tools_of_compatible_servers_are_their_own() -> None:
    reader = ResponsesStream()
    reader.feed(recording("openai/responses_hosted.sse").body)
    reading = reader.finish()

    assert reading.usage
    assert (reading.usage.web_searches, reading.extra) == (0, ())


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def read_stream(body: bytes) -> Any:
    reader = OpenAIResponsesStream()
    reader.feed(body)
    return reader.finish()
