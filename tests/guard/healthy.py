"""What agents and programs do that is no loop, though it may look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.guard.agents import CENT, CHAT, EMBEDDINGS, MESSAGES, ChatAgent, ClaudeCode, Codex, one_question

if TYPE_CHECKING:
    from tests.guard.agents import Desk


def claude_code_builds_a_feature(desk: Desk) -> None:
    agent = ClaudeCode("Add a dark theme.")
    for number in range(30):
        file = f"src/part{number // 3}.ts"
        match number % 3:
            case 0:
                agent.did("Read", f"1\texport const a = {number}", file_path=file)
            case 1:
                agent.edited(file, f"a = {number}", f"b = {number}")
            case _:
                agent.ran("npx tsc --noEmit", "")
        desk.call(agent.where, agent.body())


def tests_are_run_until_they_pass(desk: Desk) -> None:
    agent = ClaudeCode("Make the tests pass.")
    for failed in range(12, 0, -1):
        agent.edited("src/login.py", f"step {failed}", f"step {failed - 1}")
        desk.call(agent.where, agent.body())
        agent.ran("pytest -q", f"{failed} failed, {20 - failed} passed in 0.{failed:02d}s", is_error=failed > 0)
        desk.call(agent.where, agent.body())


def one_file_is_refactored(desk: Desk) -> None:
    agent = ClaudeCode("Rename it everywhere in this file.")
    agent.did("Read", "def old(): ...", file_path="src/big.py")
    for number in range(12):
        agent.edited("src/big.py", f"old({number})", f"new({number})")
        desk.call(agent.where, agent.body())


def each_edit_of_one_file_is_checked(desk: Desk) -> None:
    agent = ClaudeCode("Tidy up, and keep the tests green.")
    for number in range(14):
        agent.edited("src/big.py", f"tangle {number}", f"plain {number}")
        desk.call(agent.where, agent.body())
        agent.ran("cargo test", f"test result: ok. 31 passed; 0 failed; finished in 0.{number:02d}s")
        desk.call(agent.where, agent.body())


def a_build_is_waited_for(desk: Desk) -> None:
    agent = ClaudeCode("Release it.")
    for number in range(18):
        agent.ran("sleep 60 && gh run view 77", f"build  in_progress  step {number} of 20")
        desk.call(agent.where, agent.body(), took_s=64)


def codex_waits_for_a_long_command(desk: Desk) -> None:
    agent = Codex("Build the image.")
    agent.ran("docker build .", "Process running with session ID 12")
    for _ in range(12):
        agent.waited(12)
        desk.call(agent.where, agent.body(), took_s=34)


def codex_mends_a_bug(desk: Desk) -> None:
    agent = Codex()
    for number in range(12):
        agent.ran(f"sed -n '{number}0,{number}9p' src/login.rs", f"line {number}")
        agent.patched(f"src/mod{number % 4}.rs", f"let a = {number};", f"let b = {number};")
        desk.call(agent.where, agent.body())
        agent.ran("cargo check", "Finished `dev` profile in 0.31s")
        desk.call(agent.where, agent.body())


def a_chat_agent_looks_things_up(desk: Desk) -> None:
    agent = ChatAgent()
    for page in range(25):
        agent.did("search", f'{{"hits": [{page}], "next": {page + 1}}}', query="who wrote it", page=page)
        desk.call(agent.where, agent.body())


def an_editor_without_tools_rewrites_one_file(desk: Desk) -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "main.py:\n```\npass\n```"}]
    for number in range(14):
        messages += [
            {
                "role": "assistant",
                "content": f"main.py\n<<<<<<< SEARCH\n{number}\n=======\n{number + 1}\n>>>>>>> REPLACE",
            },
            {"role": "user", "content": "Tests failed again. Fix it."},
        ]
        desk.call(CHAT, {"model": "gpt-4o", "messages": messages, "stream": True})


def a_batch_is_classified(desk: Desk) -> None:
    for number in range(0, 200, 10):
        batch = [desk.send(CHAT, one_question(f"Spam or not? Letter {number + one}")) for one in range(10)]
        desk.wait(1)
        for attempt in batch:
            desk.end(attempt, CENT // 20)


def one_prompt_is_sampled_in_parallel(desk: Desk) -> None:
    prompt = {**one_question("Write a poem."), "temperature": 1}
    running = [desk.send(CHAT, prompt) for _ in range(4)]
    for _ in range(20):  # four workers: one begins when one has ended
        desk.wait(2)
        desk.end(running.pop(0))
        running.append(desk.send(CHAT, prompt))


def one_prompt_is_compared_five_times(desk: Desk) -> None:
    for model in ("gpt-4o", "gpt-4o-mini", "gpt-5", "o4-mini"):
        for _ in range(5):
            desk.call(CHAT, one_question("How many r are in strawberry?", model))


def subagents_look_at_the_same(desk: Desk) -> None:
    agents = [ClaudeCode(f"Explore part {number}.") for number in range(6)]
    for number in range(6):
        calls = []
        for agent in agents:
            agent.ran("git status --short", " M src/login.py")
            agent.did("Grep", f"src/a.py:{number}", pattern=f"login{number}")
            agent.did("Read", "# Login", file_path=f"docs/{number}.md")
            calls.append(desk.send(agent.where, agent.body()))
        desk.wait(9)
        for call in calls:
            desk.end(call, 8 * CENT)


def an_overloaded_provider_is_asked_again(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(5):
        agent.did("Read", f"line {number}", file_path=f"src/{number}.py")
        for status in (529, 529, 200):
            desk.call(agent.where, agent.body(), status=status, took_s=1)


def a_rate_limit_is_waited_out(desk: Desk) -> None:
    agent = ClaudeCode()
    for status in (*[429] * 11, 200):  # as Claude Code was measured: 11 calls in 180 seconds
        desk.call(agent.where, agent.body(), status=status, took_s=15)


def many_agents_meet_an_overloaded_provider(desk: Desk) -> None:
    agents = [ClaudeCode(f"Part {number}.") for number in range(10)]
    for _ in range(4):
        calls = [desk.send(agent.where, agent.body()) for agent in agents]
        desk.wait(1)
        for call in calls:
            desk.end(call, None, 529)
    for agent in agents:
        desk.call(agent.where, agent.body())


def an_sdk_tries_again(desk: Desk) -> None:
    for number in range(8):
        question = one_question(f"Question {number}")
        for retry, status in enumerate((500, None, 200)):
            desk.call(CHAT, question, status=status, took_s=1, retry=retry)


def texts_are_embedded(desk: Desk) -> None:
    for number in range(300):
        text = "All rights reserved." if number % 3 == 0 else f"Paragraph {number}"
        desk.call(EMBEDDINGS, {"model": "text-embedding-3-small", "input": [text]}, cost=200, took_s=0.1)


def many_people_say_hi(desk: Desk) -> None:
    for number in range(40):
        desk.call(CHAT, one_question("hi"), took_s=1, user=f"user-{number}")
    for _ in range(5):  # and some nobody knows
        desk.call(CHAT, one_question("hi"), took_s=1)


def a_watchdog_asks_the_same_every_ten_minutes(desk: Desk) -> None:
    for _ in range(30):
        desk.call(CHAT, one_question("Is there anything odd in an empty log?"))
        desk.wait(600)


def long_documents_are_dear_and_slow(desk: Desk) -> None:
    for number in range(6):
        body = {**one_question(f"Report {number}", "claude-opus-4-8"), "max_tokens": 64_000}
        desk.call(MESSAGES, body, cost=800 * CENT, took_s=90)


def old_results_are_taken_out(desk: Desk) -> None:
    agent = ClaudeCode("Watch the queue.")
    for number in range(20):
        agent.ran("queue length", f"{100 - number}")
        body = agent.body()
        for message in body["messages"][2:-6:2]:
            message["content"][0]["content"] = "[Old tool result content cleared]"
        desk.call(agent.where, body)


def a_line_for_debugging_comes_and_goes(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(2):
        agent.edited("src/login.py", "x = f()", "x = f()\nprint(x)")
        agent.ran("python login.py", f"{number}")
        desk.call(agent.where, agent.body())
        agent.edited("src/login.py", "x = f()\nprint(x)", "x = f()")
        desk.call(agent.where, agent.body())
        agent.edited("src/login.py", f"wrong {number}", f"right {number}")
        desk.call(agent.where, agent.body())


def an_edit_that_fails_is_tried_again(desk: Desk) -> None:
    agent = ClaudeCode()
    for number in range(3):
        for _ in range(2):
            edit = {"file_path": "src/a.py", "old_string": f"{number}", "new_string": "b"}
            agent.did("Edit", "String to replace not found in file.", is_error=True, **edit)
            desk.call(agent.where, agent.body())
            agent.did("Read", f"content {number}", file_path="src/a.py")
            desk.call(agent.where, agent.body())
        agent.edited("src/a.py", f"found {number}", "b")
        desk.call(agent.where, agent.body())


HEALTHY = (
    claude_code_builds_a_feature,
    tests_are_run_until_they_pass,
    one_file_is_refactored,
    each_edit_of_one_file_is_checked,
    a_build_is_waited_for,
    codex_waits_for_a_long_command,
    codex_mends_a_bug,
    a_chat_agent_looks_things_up,
    an_editor_without_tools_rewrites_one_file,
    a_batch_is_classified,
    one_prompt_is_sampled_in_parallel,
    one_prompt_is_compared_five_times,
    subagents_look_at_the_same,
    an_overloaded_provider_is_asked_again,
    a_rate_limit_is_waited_out,
    many_agents_meet_an_overloaded_provider,
    an_sdk_tries_again,
    texts_are_embedded,
    many_people_say_hi,
    a_watchdog_asks_the_same_every_ten_minutes,
    long_documents_are_dear_and_slow,
    old_results_are_taken_out,
    a_line_for_debugging_comes_and_goes,
    an_edit_that_fails_is_tried_again,
)
