"""What does a cut answer cost? What was consumed, marked; and a refused one nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import agent, eventually, published_cost, told, without_ids

from codesession.model import Call, CallState, Cut, Evidence

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

PROMPTLY_S = 3
"""An hour of generation that nobody reads must not go on; unhindered it takes a few milliseconds."""

TEXT = "output=400, bytes=1600, events=100"
"""The script of four hundred tokens in a hundred pieces, four bytes a token."""

SAMPLED = 0.1
"""How far the output of a cut answer may be off: of events that come in one piece only some are measured."""

STREAMS = [
    pytest.param("/v1/messages", 3, id="messages"),
    pytest.param("/chat/completions", 1, id="chat"),
    pytest.param("/responses", 4, id="responses"),
]
"""Each with the number of events before its first text."""


def settled(machine: Machine) -> Call:
    """The only call, as soon as it is settled, while the run goes on."""
    return eventually(lambda: next((call for call in machine.calls() if call.state is CallState.SETTLED), None))  # type: ignore[no-any-return] # of whatever it is given


@pytest.mark.parametrize(("path", "head"), STREAMS)
def test_a_client_that_hangs_up_ends_the_generation_and_pays_for_what_came(
    machine: Machine, path: str, head: int
) -> None:
    process = machine.start(
        *("run", "--port", "0", "--"),
        *agent(
            f"""
            answer = ask({path!r}, stream=True, input=1234, cache_read=50, {TEXT}, hang_after={head + 40})
            answer.events({head + 40})
            tell(at="half")
            answer.hang_up()
            wait_for("go")
            """
        ),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b'{"at": "half"}\n'
    before_s = time.monotonic()
    (row,) = machine.truth()
    assert time.monotonic() - before_s < PROMPTLY_S
    assert row.ended == "client_left"
    call = settled(machine)
    (machine.work / "go").touch()
    done = machine.ended(process)
    assert done.returncode == 0
    assert b"1 call interrupted, billed for what came" in done.stderr

    assert call == machine.call()
    assert (call.cut, call.evidence, call.request_id) == (Cut.CLIENT, Evidence.ESTIMATED, row.request_id)
    assert call.usage is not None
    if path == "/v1/messages":  # it says at its start what it has read
        assert (call.usage.input, call.usage.cache_read) == (row.usage.input, row.usage.cache_read) == (1234, 50)
    else:  # it does not: a fourth of the request's bytes
        assert call.usage.input == -(-request_bytes(row.body_bytes, path) // 4)
    # forty of the hundred pieces had come
    assert row.usage.output == 160
    assert call.usage.output == pytest.approx(160, rel=SAMPLED)
    assert call.cost_nanos == published_cost(str(row.model_asked), call.usage)
    (shown,) = machine.json("show")["aiUsage"]
    assert (shown["interruptedBy"], shown["evidence"], shown["state"]) == ("client", "estimated", "settled")


def request_bytes(received: int, path: str) -> int:
    """Bytes of the request as the client wrote it: a chat stream is asked for its usage on the way."""
    return received - (len('"stream_options":{"include_usage":true},') if path == "/chat/completions" else 0)


def test_a_client_that_leaves_before_the_answer_pays_for_what_it_asked(machine: Machine) -> None:
    process = machine.start(
        *("run", "--port", "0", "--"),
        *agent(
            """
            base = urlsplit(os.environ["ANTHROPIC_BASE_URL"])
            raw = HTTPConnection(base.netloc)
            body = {"model": CLAUDE, "max_tokens": 500, "messages": [{"role": "user", "content": "hi" * 200}]}
            raw.request("POST", base.path + "/v1/messages", json.dumps(body), {"x-sim": '{"hang": true}'})
            wait_for("leave")
            raw.close()
            wait_for("go")
            """
        ),
    )
    eventually(lambda: machine.provider.truth(0))
    (machine.work / "leave").touch()
    (row,) = machine.truth()
    assert row.ended == "client_left"
    call = settled(machine)
    (machine.work / "go").touch()
    assert machine.ended(process).returncode == 0
    assert (call.cut, call.evidence, call.http_status) == (Cut.CLIENT, Evidence.ESTIMATED, None)
    assert call.usage is not None
    assert (call.usage.input, call.usage.completion_tokens) == (-(-row.body_bytes // 4), 0)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(("path", "head"), STREAMS)
def test_a_provider_that_dies_in_a_stream_is_seen_and_billed(
    machine: Machine,
    path: str,
    head: int,
    reset: bool,  # noqa: FBT001 - a case
) -> None:
    done = machine.run(
        *agent(
            f"""
            answer = ask({path!r}, stream=True, input=99, {TEXT}, cut_after={head + 40}, reset={reset})
            tell(status=answer.status, events=len(answer.events({head + 40})), breaks=breaks(answer))
            """
        )
    )
    assert told(done) == [{"status": 200, "events": head + 40, "breaks": True}]
    (row,) = machine.truth()
    assert row.ended == "cut"
    call = machine.call()
    assert (call.state, call.cut, call.evidence) == (CallState.SETTLED, Cut.UPSTREAM, Evidence.ESTIMATED)
    assert call.usage is not None
    assert call.usage.output == pytest.approx(row.usage.output, rel=SAMPLED)
    assert call.cost_nanos == published_cost(str(row.model_asked), call.usage)
    assert machine.json("show")["interruptedCalls"] == 1


def test_an_answer_cut_in_the_middle_of_its_json_is_billed_and_marked(machine: Machine) -> None:
    done = machine.run(*agent("answer = ask(input=9, output=400, cut_after=0)\ntell(breaks=breaks(answer))"))
    assert told(done) == [{"breaks": True}]
    call = machine.call()
    assert (call.state, call.cut, call.evidence) == (CallState.SETTLED, Cut.UPSTREAM, Evidence.ESTIMATED)
    assert call.cost_nanos is not None
    assert call.hold_nanos is not None
    assert 100 * 15_000 < call.cost_nanos <= call.hold_nanos


def test_a_provider_that_ends_before_its_answer_is_not_billed(machine: Machine) -> None:
    done = machine.run(*agent("answer = ask(cut_after=-1)\ntell(status=answer.status, body=json.loads(answer.read()))"))
    (line,) = told(done)
    assert line["status"] == 502
    assert line["body"]["type"] == "error"
    assert machine.call().state is CallState.RELEASED


def test_error_statuses_pass_as_they_are_and_are_not_billed(machine: Machine) -> None:
    """The client sees what it would see without us, headers and all; the hold is given back."""
    statuses = (400, 401, 403, 404, 413, 429, 500, 503, 529)
    code = f"""
        for path in ("/v1/messages", "/chat/completions"):
            for status in {statuses}:
                for streamed in (False, True):
                    more = {{"error": "sorry ✓", "retry_after": 17, "headers": {{"x-more": "told"}}}}
                    answer = ask(path, stream=streamed, status=status, **more)
                    tell(status=answer.status, headers=answer.headers, body=answer.read())
        """
    through = told(machine.run(*agent(code)))
    bases = {"ANTHROPIC_BASE_URL": machine.provider.url, "OPENAI_BASE_URL": f"{machine.provider.url}/v1"}
    direct = told(machine.cs("run", "--no-proxy", "--", *agent(code), env=bases))
    assert len(through) == 2 * 2 * len(statuses)
    assert [without_ids(line) for line in through] == [without_ids(line) for line in direct]

    calls = machine.calls()
    assert [call.http_status for call in calls] == [line["status"] for line in through]
    assert {(call.state, call.cost_nanos, call.usage) for call in calls} == {(CallState.RELEASED, None, None)}
    shown = machine.json("show", "1")
    assert (shown["aiCost"], shown["aiCalls"], shown["callsInFlight"], shown["aiUsage"]) == (0, 0, 0, [])


def test_an_error_event_in_a_stream_passes_and_the_call_is_billed_for_what_came(machine: Machine) -> None:
    done = machine.run(
        *agent(
            f"""
            answer = ask(stream=True, input=77, cache_write=8, {TEXT}, error_event="too much today")
            tell(text=answer.read())
            """
        )
    )
    (line,) = told(done)
    assert line["text"].endswith(
        'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"too much today"}}\n\n'
    )
    (row,) = machine.truth()
    call = machine.call()
    assert (call.state, call.cut, call.evidence) == (CallState.SETTLED, Cut.UPSTREAM, Evidence.ESTIMATED)
    assert call.usage is not None
    assert (call.usage.input, call.usage.cache_write) == (row.usage.input, row.usage.cache_write) == (77, 8)
    assert call.usage.output == pytest.approx(row.usage.output, rel=SAMPLED)


@pytest.mark.parametrize(("path", "head"), STREAMS)
def test_a_stream_cut_between_its_text_and_its_usage_is_billed_for_the_text(
    machine: Machine, path: str, head: int
) -> None:
    machine.run(
        *agent(
            f"""
            answer = ask({path!r}, stream=True, input=99, {TEXT}, cut_after={head + 101})
            tell(breaks=breaks(answer))
            """
        )
    )
    call = machine.call()
    assert call.cut is Cut.UPSTREAM
    assert call.usage is not None
    assert call.usage.output == pytest.approx(400, rel=SAMPLED)
