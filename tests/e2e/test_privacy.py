"""Does anything that was said, or any key, stay behind? Not in a file below the home, not in our own words."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.e2e.conftest import AGENTS, eventually

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.conftest import Machine

CANARY = "Zanzibar7Kanarienvogel"
"""no secret looks like this one, so no rule about how secrets look can save us"""

ENCODED = [
    CANARY.encode(),
    CANARY.lower().encode(),
    CANARY.encode("utf-16-le"),
    base64.b64encode(CANARY.encode()).rstrip(b"=")[:-1],
    CANARY.encode().hex().encode(),
    CANARY[::-1].encode(),
]

SAYS_EVERYTHING = f"""
import gzip
exec(compile(open({str(AGENTS / "plain.py")!r}).read().partition("if __name__")[0], "plain", "exec"))

CANARY = {CANARY!r}
keys = {{"x-api-key": CANARY, "authorization": "Bearer " + CANARY, "cookie": CANARY, "x-goog-api-key": CANARY}}
tool = {{"name": "write", "description": CANARY, "input_schema": {{"type": "object", "title": CANARY}}}}
used = {{"type": "tool_use", "id": CANARY, "name": "write", "input": {{"text": CANARY}}}}
body = {{
    "model": CLAUDE, "max_tokens": 50, "system": [{{"type": "text", "text": CANARY}}], "tools": [tool],
    "metadata": {{"user_id": CANARY}}, "user": CANARY, "prompt_cache_key": CANARY,
    "messages": [{{"role": "user", "content": CANARY}}, {{"role": "assistant", "content": [used]}}],
}}
chat = {{**body, "model": GPT}}

def say(path="/v1/messages", raw=None, stream=False, **more):
    asked = raw or {{**(body if "messages" in path else chat), "stream": stream}}
    return ask(path, body=asked, stream=stream, extra_headers={{**keys, **more.pop("also", {{}})}}, text=CANARY, **more)

for path in ("/v1/messages", "/chat/completions", "/responses"):
    for stream in (False, True):
        say(path, stream=stream).read()
        breaks(say(path, stream=stream, cut_after=4))
        say(path, stream=stream, encoding="gzip").read() if not stream else None
    say(path, stream=True, error_event=CANARY).read()
    for status in (400, 401, 429, 500):
        say(path, status=status, error=CANARY, headers={{"x-canary": CANARY}}).read()
    say(path, raw=CANARY.encode()).read()
    say(path, raw=b'{{"messages": "' + CANARY.encode()).read()
    say(path, raw=CANARY.encode(), also={{"content-encoding": "gzip"}}).read()
    left = say(path, stream=True, events=30, hang_after=10)
    left.events(3)
    left.hang_up()
say("/v1/messages?canary=" + CANARY, raw=body).read()
say("/" + CANARY, raw=body).read()
say("/models/" + CANARY, raw=body).read()
touch("said")
"""


def where_it_stays(machine: Machine) -> list[str]:
    """Every file below the home, the temporary directory and the work tree that holds the canary."""
    return [
        f"{file}: {form!r}"
        for file in machine.root.rglob("*")
        if file.is_file() and file.parent.name != "bin"
        for form in ENCODED
        if form in file.read_bytes() or form in str(file).encode()
    ]


def was_said_by_us(done: subprocess.CompletedProcess[bytes]) -> bool:
    return any(form in done.stderr + done.stdout for form in ENCODED)


def test_no_word_and_no_key_stays_behind(machine: Machine) -> None:
    machine.repository()
    machine.program("claude", SAYS_EVERYTHING)
    command = ("run", "--port", "0", "--json", "--", "claude", "-p", CANARY, f"--system-prompt={CANARY}", CANARY)
    done = machine.cs(*command, env={"ANTHROPIC_API_KEY": CANARY, "OPENAI_API_KEY": CANARY})
    assert done.returncode == 0, done.stderr.decode()
    assert (machine.work / "said").exists()
    assert len(machine.truth()) > 30
    assert len(machine.calls()) > 30
    assert machine.json("show")["name"].startswith("claude -p")

    assert where_it_stays(machine) == []
    assert not was_said_by_us(done)
    for words in (("show",), ("show", "--json"), ("show", "--files", "--commits"), ("list",), ("list", "--json")):
        assert not was_said_by_us(machine.cs(*words))


def test_nothing_stays_behind_while_it_runs_nor_after_a_kill(machine: Machine) -> None:
    """The write-ahead log and the memory-mapped index exist only now; a kill leaves them there."""
    machine.repository()
    machine.program(
        "claude", SAYS_EVERYTHING + 'touch("before"); say("/v1/messages", stream=True, hang_after=6).read()'
    )
    process = machine.start("run", "--port", "0", "--", "claude", "-p", CANARY)
    eventually(lambda: (machine.work / "before").exists() or process.poll() is not None)
    eventually(lambda: machine.provider.truth(0)[-1].ended == "open")
    assert machine.database.with_name("sessions.db-wal").stat().st_size > 0
    assert where_it_stays(machine) == []

    process.kill()
    process.wait()
    assert machine.database.with_name("sessions.db-wal").stat().st_size > 0
    assert where_it_stays(machine) == []
    done = machine.cs("run", "--port", "0", "--", "true")
    assert not was_said_by_us(done)
    assert where_it_stays(machine) == []


def test_a_program_that_cannot_be_started_gives_nothing_away(machine: Machine) -> None:
    commands = (
        ("run", "--port", "0", "--", "no-such-claude", "-p", CANARY),
        ("run", "--port", "0", "--", "claude-missing", f"--api-key={CANARY}", CANARY + " and more words"),
        ("run", "--port", "0", "--json", "--", "missing", "--prompt", CANARY),
    )
    for words in commands:
        done = machine.cs(*words)
        assert done.returncode == 127
        assert not was_said_by_us(done)
    assert where_it_stays(machine) == []
