"""Loops, as agents and programs get into them; each goes on for twelve calls if nobody stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.guard.agents import CENT, CHAT, MESSAGES, ChatAgent, ClaudeCode, Codex, one_question

from codesession.model import Rule

if TYPE_CHECKING:
    from tests.guard.agents import Desk

CALLS = 12


def a_script_asks_the_same_for_ever(desk: Desk) -> None:
    for _ in range(CALLS):
        desk.call(CHAT, one_question("Summarise the inbox."), took_s=2)


def an_agent_forgets_what_it_was_told(desk: Desk) -> None:
    agent = ClaudeCode()
    agent.did("Read", "x", file_path="a.py")
    for _ in range(CALLS):  # the answer is never appended
        desk.call(agent.where, agent.body())


def the_same_command_is_run_to_the_same_end(desk: Desk) -> None:
    agent = ClaudeCode()
    for _ in range(CALLS):
        desk.call(agent.where, agent.body())
        agent.ran("cat config.yml", "cat: config.yml: No such file or directory", is_error=True)


def the_same_file_is_read_between_other_things(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(CALLS):
        agent.did("Read", "TODO: everything", file_path="PLAN.md")
        agent.did("Grep", "no matches", pattern=f"todo {number}")
        desk.call(agent.where, agent.body())


def two_calls_take_turns(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(CALLS):
        desk.call(agent.where, agent.body())
        if number % 2:
            agent.did("Glob", "src/login.py", pattern="**/*.py")
        else:
            agent.did("Read", "def login(): ...", file_path="src/login.py")


def three_calls_take_turns(desk: Desk) -> None:
    agent = ChatAgent()
    for number in range(CALLS):
        desk.call(agent.where, agent.body())
        city = ("Rome", "Oslo", "Bern")[number % 3]
        agent.did("search", "[]", query=city)


def an_edit_is_made_and_undone(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(CALLS // 2):
        for old, new in (("strict=True", "strict=False"), ("strict=False", "strict=True")):
            desk.call(agent.where, agent.body())
            agent.edited("src/login.py", old, new)
        agent.ran("pytest -q", f"{1 + number % 2} failed, line {number}", is_error=True)


def one_file_is_rewritten_and_the_test_goes_on_failing(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(CALLS // 2):
        desk.call(agent.where, agent.body())
        agent.did("Write", "File created.", file_path="src/login.py", content=f"def login():\n    return {number}")
        desk.call(agent.where, agent.body())
        agent.ran("pytest -q", f"E  assert login() is None\n1 failed in 0.0{number}s", is_error=True)


def an_editing_tool_goes_to_and_fro(desk: Desk) -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Fix it."}]
    for number in range(CALLS):
        desk.call(MESSAGES, {"model": "claude-sonnet-4-5", "max_tokens": 4096, "messages": messages})
        use = {"command": "create", "path": "/repo/a.py", "file_text": f"x = {number % 2}"}
        name = "str_replace_based_edit_tool"
        call = {"type": "tool_use", "id": f"t{number}", "name": name, "input": use}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": f"Saved, revision {number}"}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def a_provider_breaks_on_every_try(desk: Desk) -> None:
    agent = Codex()  # Codex was measured: 30 calls in 26 seconds
    for _ in range(CALLS):
        desk.call(agent.where, agent.body(), status=500, took_s=0.4)


def a_request_that_is_wrong_is_sent_with_more_and_more(desk: Desk) -> None:
    agent = ChatAgent()
    for number in range(CALLS):
        desk.call(agent.where, agent.body(), status=400, took_s=0.3)
        agent.messages.append({"role": "user", "content": f"That was an error ({number}). Try again."})


def money_goes_fast(desk: Desk) -> None:
    for number in range(CALLS):
        desk.call(MESSAGES, {**one_question(f"Part {number}", "claude-opus-4-8")}, cost=180 * CENT, took_s=5)


def codex_runs_the_same_for_ever(desk: Desk) -> None:
    agent = Codex()
    for _ in range(CALLS):
        desk.call(agent.where, agent.body())
        agent.ran("cargo test login", "error[E0433]: failed to resolve: use of undeclared crate", code=101)


def codex_patches_to_and_fro(desk: Desk) -> None:
    agent = Codex()
    for number in range(CALLS):
        desk.call(agent.where, agent.body())
        old, new = ("a", "b") if number % 2 else ("b", "a")
        agent.patched("src/login.rs", old, new)


def a_chat_agent_asks_its_tool_the_same(desk: Desk) -> None:
    agent = ChatAgent()
    for _ in range(CALLS):
        desk.call(agent.where, agent.body())
        agent.did("search", '{"hits": []}', query="who wrote it", limit=5)


RUNAWAYS = {
    a_script_asks_the_same_for_ever: Rule.SAME_REQUEST,
    an_agent_forgets_what_it_was_told: Rule.SAME_REQUEST,
    the_same_command_is_run_to_the_same_end: Rule.SAME_TOOL_CALL,
    the_same_file_is_read_between_other_things: Rule.SAME_TOOL_CALL,
    two_calls_take_turns: Rule.SAME_TOOL_CALL,
    three_calls_take_turns: Rule.SAME_TOOL_CALL,
    an_edit_is_made_and_undone: Rule.FILE_CHURN,
    one_file_is_rewritten_and_the_test_goes_on_failing: Rule.FILE_CHURN,
    an_editing_tool_goes_to_and_fro: Rule.FILE_CHURN,
    a_provider_breaks_on_every_try: Rule.ERROR_LOOP,
    a_request_that_is_wrong_is_sent_with_more_and_more: Rule.ERROR_LOOP,
    money_goes_fast: Rule.SPEED,
    codex_runs_the_same_for_ever: Rule.SAME_TOOL_CALL,
    codex_patches_to_and_fro: Rule.FILE_CHURN,
    a_chat_agent_asks_its_tool_the_same: Rule.SAME_TOOL_CALL,
}
