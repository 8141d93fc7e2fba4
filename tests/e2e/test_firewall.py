"""Does the cap hold for real programs: is a refusal the last call, does a stream end, does a program stop?"""

from __future__ import annotations

import json
import re
import signal
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import agent, eventually, told

from codesession.ledger import SqliteLedger
from codesession.model import Cut, EventKind, Evidence

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.conftest import Machine

    from codesession.model import Event

SHAPES = {
    "/v1/messages": ("anthropic", ("error", "message")),
    "/chat/completions": ("openai", ("error", "message")),
    "/responses": ("openai", ("error", "message")),
}
"""Metered paths, and where each provider's error has its sentence."""

ENDS = {
    "/v1/messages": "billing_error",
    "/chat/completions": "budget_exceeded",
    "/responses": "invalid_prompt",
}
"""A word of the event that ends each stream."""


def events(machine: Machine, kind: EventKind) -> list[Event]:
    with closing(SqliteLedger(machine.database)) as ledger, ledger.reading() as reader:
        return reader.events(kind)


def document(done: subprocess.CompletedProcess[bytes]) -> Any:
    """The last line on stderr: what ``cs run --json`` says at its end."""
    return json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("path", SHAPES)
def test_a_refusal_is_in_the_providers_shape_and_reaches_no_provider(machine: Machine, path: str) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "0.0001", "--json", "--"),
        *agent(
            f"""
            answer = ask({path!r})
            tell(status=answer.status, headers=dict(answer.headers), body=answer.read())
            """
        ),
    )
    (seen,) = told(done)
    assert seen["status"] == 400
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert (headers["x-should-retry"], headers["x-codesession-refusal"]) == ("false", "budget")
    assert "retry-after" not in headers
    error = json.loads(seen["body"])["error"]
    assert error.get("code", "budget_exceeded") == "budget_exceeded"
    assert re.search(r"\$0\.0001 budget for session 1 .*Do not retry: commit.*cs approve \+", error["message"])
    assert machine.truth() == []
    assert machine.calls() == []
    (event,) = events(machine, EventKind.REFUSED)
    assert event.session_id == 1
    blocked = document(done)["blocked"]
    assert blocked == {
        "rule": "budget",
        "limit": 0.0001,
        "spent": 0.0,
        "scope": "session 1",
        "message": event.message,
        "stopped": False,
        "refusals": 1,
    }
    assert done.returncode == 0


def test_codex_gets_the_bare_sentence(machine: Machine) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "0", "--"),
        *agent(
            """
            answer = ask("/responses", extra_headers={"originator": "codex_exec"})
            tell(status=answer.status, kind=dict(answer.headers)["content-type"], body=answer.read())
            """
        ),
    )
    (seen,) = told(done)
    assert (seen["status"], seen["kind"]) == (400, "text/plain; charset=utf-8")
    assert seen["body"].startswith("codesession refused this call: the $0.00 budget for session 1")


@pytest.mark.parametrize("sdk", ["anthropic", "openai"])
def test_a_real_sdk_sends_one_call_after_the_limit_and_raises_our_sentence(machine: Machine, sdk: str) -> None:
    ask = {
        "anthropic": "client.messages.create(model='claude-sonnet-4-5', max_tokens=500, messages=hi)",
        "openai": "client.chat.completions.create(model='gpt-4o', max_tokens=500, messages=hi)",
    }[sdk]
    program = (
        f"import {sdk}, json\nclient, hi = {sdk}.{'Anthropic' if sdk == 'anthropic' else 'OpenAI'}(), "
        "[{'role': 'user', 'content': 'hi'}]\n"
        f"try:\n    while True: {ask}; print('{{}}', flush=True)\n"
        f"except {sdk}.BadRequestError as error:\n    print(json.dumps({{'said': str(error)}}))\n"
    )
    done = machine.cs("run", "--port", "0", "--budget", "0.012", "--", sys.executable, "-c", program)
    *answered, refused = told(done)
    assert len(answered) == len(machine.truth()) == len(machine.calls()) > 0
    assert "cs approve" in refused["said"]
    assert len(events(machine, EventKind.REFUSED)) == 1
    assert b"1 call refused: no room in the $0.012 limit of session 1" in done.stderr


@pytest.mark.parametrize("path", ENDS)
def test_a_stream_that_uses_up_its_budget_is_ended_and_the_next_call_refused(machine: Machine, path: str) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "0.07", "--json", "--"),
        *agent(
            f"""
            body = {{"model": CLAUDE if {path == "/v1/messages"} else GPT, "stream": True}}
            body[{"input" if path == "/responses" else "messages"!r}] = [{{"role": "user", "content": "hi"}}]
            answer = ask({path!r}, body=body, output=20000, bytes=80000, events=400, input=10, delay_ms=2)
            tell(text=answer.read())
            tell(status=ask({path!r}).status)
            """
        ),
    )
    ended, refused = told(done)
    last = ended["text"].rstrip().rpartition("\n\n")[2] if path != "/v1/messages" else ended["text"]
    assert ENDS[path] in ended["text"]
    assert "codesession ended this answer" in last
    assert refused["status"] == 400
    (row,) = machine.truth()
    assert row.ended == "client_left"  # the generation does not go on
    call = machine.call()
    assert (call.cut, call.rule, call.evidence) == (Cut.CLIENT, "budget", Evidence.ESTIMATED)
    assert call.cost_nanos is not None
    assert 65_000_000 < call.cost_nanos < 80_000_000
    (event,) = events(machine, EventKind.ENDED)
    assert event.call_id == call.id
    assert document(done)["blocked"]["refusals"] == 1
    (shown,) = machine.json("show")["aiUsage"]
    assert shown["endedByRule"] == "budget"


def test_in_stop_mode_the_program_and_all_it_started_end(machine: Machine) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "0.0001", "--mode", "stop", "--"),
        *("sh", "-c", 'nohup sleep 600 >/dev/null 2>&1 & "$@"; sleep 600', "sh"),
        *agent(
            """
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                tell(status=ask().status)
                time.sleep(0.1)
            """
        ),
    )
    assert {line["status"] for line in told(done)} == {400}
    assert done.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM, 1)
    assert re.search(rb"Session: \d+s .+ Blocked at \$0\.0001 limit .+ Catastrophe averted", done.stderr)
    assert machine.truth() == []


def test_a_program_that_is_stopped_and_says_that_all_is_well_has_not_succeeded(machine: Machine) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "0", "--mode", "stop", "--"),
        *agent(
            """
            import signal
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            ask()
            time.sleep(60)
            """
        ),
    )
    assert done.returncode == 1


def test_runs_at_the_same_time_share_a_strict_day(machine: Machine) -> None:
    machine.cs("budget", "set", "all", "0.05", "--mode", "block", "--strict")
    program = agent(
        """
        for number in range(20):
            answer = ask(output=400, prompt=str(number))
            answer.read()
            tell(status=answer.status)
        """
    )
    places = [machine.root / name for name in ("one", "two", "three")]
    for place in places:
        place.mkdir()
    running = [machine.start("run", "--port", "0", "--", *program, cwd=place) for place in places]
    seen = [line["status"] for process in running for line in told(machine.ended(process))]
    assert seen.count(200) == len(machine.truth()) == len(machine.calls())
    assert seen.count(400) == len(events(machine, EventKind.REFUSED)) > 0
    (budget,) = machine.json("budget")["budgets"]
    (account,) = budget["accounts"]
    assert account["held"] == 0
    assert 0.04 < account["spent"] <= 0.05
    assert account["spent"] == pytest.approx(sum(call.cost_nanos or 0 for call in machine.calls()) / 1e9)


def test_a_call_waits_for_a_person_who_allows_more(machine: Machine) -> None:
    process = machine.start(
        *("run", "--port", "0", "--budget", "0.0001", "--ask", "--"), *agent("tell(status=ask(output=5).status)")
    )
    eventually(lambda: machine.database.exists() and machine.json("budget")["waiting"])
    approved = machine.cs("approve", "+1")
    assert approved.returncode == 0, approved.stdout + approved.stderr
    done = machine.ended(process)
    assert told(done) == [{"status": 200}]
    assert b"A call waits for you" in done.stderr
    assert len(machine.truth()) == 1


def test_an_agent_does_not_approve_its_own_calls(machine: Machine) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "0.0001", "--"),
        *("sh", "-c", '"$@"; "$1" -m codesession approve +5; echo "left with $?"; "$@"', "sh"),
        *agent("tell(status=ask().status)"),
    )
    assert done.stdout.splitlines() == [b'{"status": 400}', b"left with 1", b'{"status": 400}']
    assert b"cannot approve its own calls" in done.stderr


def test_a_person_who_says_no_ends_it(machine: Machine) -> None:
    process = machine.start(
        *("run", "--port", "0", "--budget", "0.0001", "--ask", "--"),
        *agent("answer = ask()\ntell(status=answer.status, text=answer.read())"),
    )
    eventually(lambda: machine.database.exists() and machine.json("budget")["waiting"])
    assert machine.cs("deny").returncode == 0
    (seen,) = told(machine.ended(process))
    assert seen["status"] == 400
    assert "A person was asked, and said no" in seen["text"]


def test_a_client_that_stops_waiting_is_asked_about_no_more(machine: Machine) -> None:
    process = machine.start(
        *("run", "--port", "0", "--budget", "0.0001", "--ask", "--"),
        *agent(
            """
            base = urlsplit(os.environ["ANTHROPIC_BASE_URL"])
            connection = HTTPConnection(base.hostname, base.port)
            body = json.dumps({"model": CLAUDE, "max_tokens": 5, "messages": []})
            connection.request("POST", base.path + "/v1/messages", body, {"x-api-key": "fake"})
            wait_for("asked")
            connection.close()
            wait_for("go")
            """
        ),
    )
    eventually(lambda: machine.database.exists() and machine.json("budget")["waiting"])
    (machine.work / "asked").touch()
    eventually(lambda: not machine.json("budget")["waiting"])
    (machine.work / "go").touch()
    assert machine.ended(process).returncode == 0
    assert machine.calls() == []


def test_what_cannot_be_metered_is_refused_under_a_blocking_budget(machine: Machine) -> None:
    done = machine.cs(
        *("run", "--port", "0", "--budget", "5", "--"),
        *agent(
            """
            path = "/google/v1beta/models/gemini-3:generateContent"
            os.environ["OPENAI_BASE_URL"] = os.environ["OPENAI_BASE_URL"].removesuffix("/v1")
            answer = ask(path, body={})
            tell(status=answer.status, error=json.loads(answer.read())["error"])
            """
        ),
    )
    (seen,) = told(done)
    assert (seen["status"], seen["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "gemini-3" in seen["error"]["message"]
    assert machine.truth() == []


def test_an_identical_call_is_answered_from_the_cache(machine: Machine) -> None:
    (machine.home / ".codesession" / "config.toml").write_text("[cache]\nenabled = true\n", encoding="utf-8")
    done = machine.run(
        *agent(
            """
            for stream in (False, False, True, True):
                answer = ask(output=7, events=3, stream=stream)
                headers = dict(answer.headers)
                tell(cache=headers["x-codesession-cache"], saved=headers.get("x-codesession-saved-cost"),
                     text=answer.read())
            """
        )
    )
    first, second, third, fourth = told(done)
    assert [line["cache"] for line in (first, second, third, fourth)] == ["miss", "hit", "miss", "hit"]
    assert (first["text"], third["text"]) == (second["text"], fourth["text"])
    assert len(machine.truth()) == 2
    paid, free, *_ = machine.json("show")["aiUsage"]
    assert (free["cost"], free["savedCost"], free["priceSource"]) == (0, paid["cost"], "cache")
    assert float(second["saved"]) == paid["cost"]


def test_the_repository_may_tighten(machine: Machine) -> None:
    machine.repository()
    (machine.work / "codesession.toml").write_text(
        '[[budget]]\nscope = "session"\namount = 0.0001\nmode = "block"\n', encoding="utf-8"
    )
    done = machine.cs("run", "--port", "0", "--budget", "5", "--", *agent("tell(status=ask().status)"))
    assert told(done) == [{"status": 400}]


def test_what_the_repository_says_meanwhile_holds_from_then_on(machine: Machine) -> None:
    done = machine.run(
        *agent(
            """
            tell(status=ask().status)
            limit = '[[budget]]\\nscope = "project"\\namount = 0\\nmode = "block"\\n'
            Path("codesession.toml").write_text(limit)
            deadline = time.monotonic() + 20
            while (status := ask().status) == 200 and time.monotonic() < deadline:
                time.sleep(0.05)
            tell(status=status)
            """
        )
    )
    assert told(done) == [{"status": 200}, {"status": 400}]


def test_a_loop_is_told(machine: Machine) -> None:
    done = machine.run(*agent("for _ in range(10):\n    ask(output=3).read()"))
    assert b"The same request was sent" in done.stderr
    assert len(machine.truth()) == 10


def test_a_loop_is_broken_where_the_user_wants_that(machine: Machine) -> None:
    (machine.home / ".codesession" / "config.toml").write_text('[runaway]\naction = "block"\n', encoding="utf-8")
    done = machine.run(
        *agent("for _ in range(10):\n    answer = ask(output=3)\n    answer.read()\n    tell(status=answer.status)")
    )
    statuses = [line["status"] for line in told(done)]
    assert 400 in statuses[:10]
    assert statuses[: statuses.index(400)] == [200] * len(machine.truth())
