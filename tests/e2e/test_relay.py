"""Is the relay faithful? The agent gets what it would get without us, and the provider too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.conftest import OF_ONE_CONNECTION, agent, told, without_ids

from codesession.model import CallState

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

ASKS_EVERYTHING = """
said = [{"role": "user", "content": "naïve ✓"}]
streamed = {"stream": True, "stream_options": {"include_usage": True}}
claude = {"model": CLAUDE, "max_tokens": 500, "messages": said}
odd = b'{"model" : "claude-sonnet-4-5",\\r\\n "max_tokens":5e1,'
odd += b'"messages":[{"role":"user","content":"\\\\u00e9 \\xc3\\xa9"}] }'
asks = [
    ("/v1/messages", claude, {}),
    ("/v1/messages?beta=true", claude, {"anthropic-beta": "one,two", "user-agent": "claude-cli/2.1.197"}),
    ("/v1/messages", odd, {"x-claude-code-session-id": "a-session"}),
    ("/v1/messages", {**claude, "stream": True}, {"accept-encoding": "gzip, deflate, br, zstd"}),
    ("/v1/messages/count_tokens", claude, {"anthropic-version": "2023-06-01"}),
    ("/chat/completions", {"model": GPT, "messages": said}, {"x-stainless-retry-count": "1"}),
    ("/chat/completions", {"model": GPT, "messages": said, **streamed}, {}),
    ("/responses", {"model": GPT, "input": "hi", "stream": True}, {"session-id": "another"}),
    ("/embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 4}, {}),
    ("/no/such/path", {"model": GPT}, {}),
]
for path, body, extra in asks:
    answer = ask(path, body=body, extra_headers=extra, text="naïve answer ✓", headers={"x-more": "told"})
    tell(path=path, status=answer.status, headers=answer.headers, body=answer.read())
"""


def test_both_sides_see_what_they_would_see_without_us(machine: Machine) -> None:
    bases = {"ANTHROPIC_BASE_URL": machine.provider.url, "OPENAI_BASE_URL": f"{machine.provider.url}/v1"}
    direct = told(machine.cs("run", "--no-proxy", "--", *agent(ASKS_EVERYTHING), env=bases))
    expected = machine.truth()
    machine.provider.clear()
    through = told(machine.run(*agent(ASKS_EVERYTHING)))
    received = machine.truth()

    assert len(direct) == len(expected) == 10
    assert [without_ids(line) for line in through] == [without_ids(line) for line in direct]
    for ours, without in zip(received, expected, strict=True):
        assert (ours.method, ours.target, ours.body_sha256) == (without.method, without.target, without.body_sha256)
        headers = [
            [(name.lower(), value) for name, value in row.headers if name.lower() not in OF_ONE_CONNECTION]
            for row in (ours, without)
        ]
        assert headers[0] == headers[1]
    # the path nobody knows is passed on, and free
    assert [call.state for call in machine.calls()] == [CallState.SETTLED] * 8
    sessions = [call.client_session for call in machine.calls()]
    assert [session for session in sessions if session] == ["a-session", "another"]


def test_headers_of_ours_say_whose_a_call_is_and_stay_here(machine: Machine) -> None:
    names = ("agent", "user", "customer", "feature")
    extra = {f"x-codesession-{name}": f"the {name}" for name in names}
    machine.run(*agent(f"ask(input=5, output=7, extra_headers={extra}).read()"))
    call = machine.call()
    assert [getattr(call, name) for name in names] == list(extra.values())
    (row,) = machine.truth()
    assert not any("codesession" in name.lower() for name, _ in row.headers)


def test_many_runs_at_once_lose_nothing(machine: Machine) -> None:
    """Four processes write to one ledger, each with ten calls in flight."""
    code = """
        import threading
        def work():
            for _ in range(5):
                ask(input=5, output=7).read()
        threads = [threading.Thread(target=work) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """
    for name in "abcd":
        (machine.work / name).mkdir()
    runs = [
        machine.start("run", "--port", "0", "--json", "--", *agent(code), cwd=machine.work / name) for name in "abcd"
    ]
    summaries = [json.loads(machine.ended(process).stderr.splitlines()[-1]) for process in runs]
    assert [summary["aiCalls"] for summary in summaries] == [50] * 4
    assert [summary["unrecordedCalls"] for summary in summaries] == [0] * 4
    rows = machine.truth()
    calls = machine.calls()
    assert sorted(str(call.request_id) for call in calls) == sorted(row.request_id for row in rows)
    assert {call.cost_nanos for call in calls} == {5 * 3_000 + 7 * 15_000}
    machine.check_file()


def test_a_call_still_in_flight_when_the_run_ends_is_not_forgotten(machine: Machine) -> None:
    """A grandchild that outlives the child is in the middle of an answer: the run ends all the same, soon."""
    code = """
        if os.fork() == 0:
            answer = ask(stream=True, input=9, output=400, bytes=1600, events=100, hang_after=43)
            answer.events(43)
            touch("half")
            breaks(answer)
            os._exit(0)
        wait_for("half")
        """
    machine.run(*agent(code))
    (row,) = machine.truth()
    assert row.ended == "client_left"
    call = machine.call()
    assert call.state in (CallState.SETTLED, CallState.LOST)
    assert (call.cost_nanos or 0) >= 9 * 3_000 + 100 * 15_000
    assert machine.json("show")["callsInFlight"] == 0
