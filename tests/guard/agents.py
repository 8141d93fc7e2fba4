"""Agents as they are on the wire: their requests, call by call, as the providers' documentation has them.

Claude Code's and Codex's bodies follow what was seen of them at a simulated provider; all text is made up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesession.capture.providers import PROVIDERS
from codesession.guard.runaway import Runaway, Thresholds, Watch
from codesession.model import NANOS_PER_USD, Attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

CENT = NANOS_PER_USD // 100

MESSAGES = ("anthropic", "/v1/messages")
CHAT = ("openai", "/v1/chat/completions")
RESPONSES = ("openai", "/v1/responses")
EMBEDDINGS = ("openai", "/v1/embeddings")


@dataclass
class Desk:
    """Where the calls of one session pass: the clock, the costs, and what the watch says of them."""

    watch: Watch = field(default_factory=lambda: Watch(Thresholds()))
    now_ms: int = 1_700_000_000_000
    sent: int = 0
    found: list[tuple[int, Runaway]] = field(default_factory=list)
    """at which call, and what"""

    def wait(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    def send(self, where: tuple[str, str], body: Mapping[str, Any], **who: Any) -> Attempt:
        """Read a request as the proxy does, and ask the watch."""
        provider, path = where
        raw = json.dumps(body).encode()
        endpoint = PROVIDERS[provider].endpoints[path]
        asked = endpoint.read_request(raw)
        attempt = Attempt(
            1,
            provider,
            asked.model,
            endpoint.name,
            asked.streamed,
            len(raw),
            asked.max_output,
            reads_elsewhere=asked.reads_elsewhere,
            is_unbounded=asked.is_unbounded,
            trace=asked.trace,
            **who,
        )
        self.sent += 1
        runaway = self.watch.sent(attempt, self.now_ms)
        if runaway:
            self.found.append((self.sent, runaway))
        return attempt

    def end(self, attempt: Attempt, cost: int | None = CENT, status: int | None = 200) -> None:
        self.watch.ended(attempt, cost, status, self.now_ms)

    def call(
        self,
        where: tuple[str, str],
        body: Mapping[str, Any],
        *,
        cost: int = CENT,
        status: int | None = 200,
        took_s: float = 8,
        **who: Any,
    ) -> None:
        """One call from beginning to end, and half a second until the next."""
        attempt = self.send(where, body, **who)
        self.wait(took_s)
        self.end(attempt, cost if status == 200 else None, status)
        self.wait(0.5)


class ClaudeCode:
    """Its marks for the cache move along, its ids are new each time, and a model describes its commands anew."""

    where = MESSAGES

    def __init__(self, task: str = "Fix the login.") -> None:
        text = f"<system-reminder>\nAs you answer, use this context.\n</system-reminder>\n{task}"
        self.messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": text}]}]
        self._steps = 0

    def did(self, tool: str, result: str, *, is_error: bool = False, **arguments: Any) -> None:
        """One turn: the model calls a tool, and it answers."""
        self._steps += 1
        name = f"toolu_01{self._steps:022d}"
        said = {"type": "text", "text": f"Let me look ({self._steps})."}
        use = {"type": "tool_use", "id": name, "name": tool, "input": arguments}
        answer: dict[str, Any] = {"tool_use_id": name, "type": "tool_result", "content": result}
        if is_error:
            answer["is_error"] = True
        self.messages += [{"role": "assistant", "content": [said, use]}, {"role": "user", "content": [answer]}]

    def ran(self, command: str, result: str, *, is_error: bool = False) -> None:
        self.did("Bash", result, is_error=is_error, command=command, description=f"Run it, time {self._steps}")

    def edited(self, file: str, old: str, new: str) -> None:
        self.did("Edit", f"The file {file} has been updated.", file_path=file, old_string=old, new_string=new)

    def body(self) -> dict[str, Any]:
        messages: list[dict[str, Any]] = json.loads(json.dumps(self.messages))
        for message in messages[-2:]:
            message["content"][-1]["cache_control"] = {"type": "ephemeral"}
        names = ("Bash", "BashOutput", "Edit", "Glob", "Grep", "NotebookEdit", "Read", "Task", "WebFetch", "Write")
        return {
            "model": "claude-opus-4-8",
            "max_tokens": 32_000,
            "stream": True,
            "metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
            "system": [{"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}}],
            "tools": [
                {"name": name, "description": "…", "input_schema": {"type": "object", "properties": {}}}
                for name in names
            ],
            "messages": messages,
        }


class Codex:
    """Its reasoning comes back sealed, and each output is headed by a number of its own and how long it took."""

    where = RESPONSES

    def __init__(self, task: str = "Fix the login.") -> None:
        self.input: list[dict[str, Any]] = [_said("user", "<environment_context>…"), _said("user", task)]
        self._steps = 0

    def did(self, item: dict[str, Any], output: str) -> None:
        self._steps += 1
        call_id = f"call_{self._steps:08d}"
        kind = item["type"]
        sealed: dict[str, Any] = {
            "type": "reasoning",
            "summary": [],
            "content": None,
            "encrypted_content": f"gAAAA{self._steps}",
        }
        self.input += [
            sealed,
            {**item, "call_id": call_id},
            {"type": f"{kind}_output", "call_id": call_id, "output": output},
        ]

    def ran(self, command: str, output: str, code: int = 0) -> None:
        arguments = json.dumps({"cmd": command, "workdir": "/repo", "justification": f"Time {self._steps}"})
        head = f"Chunk ID: {self._steps:06x}\nWall time: 0.0{self._steps:03d} seconds\n"
        told = f"{head}Process exited with code {code}\nOutput:\n{output}"
        self.did({"type": "function_call", "name": "exec_command", "arguments": arguments}, told)

    def waited(self, process: int) -> None:
        """Looked whether a command that still runs has said something."""
        arguments = json.dumps({"session_id": process, "chars": "", "yield_time_ms": 30_000})
        head = f"Chunk ID: {self._steps:06x}\nWall time: 30.{self._steps:03d} seconds\n"
        self.did(
            {"type": "function_call", "name": "write_stdin", "arguments": arguments},
            f"{head}Process running with session ID {process}\nOutput:\n",
        )

    def patched(self, file: str, old: str, new: str) -> None:
        patch = f"*** Begin Patch\n*** Update File: {file}\n@@\n-{old}\n+{new}\n*** End Patch"
        output = json.dumps({"output": f"Success. M {file}", "metadata": {"exit_code": 0, "duration_seconds": 0.0}})
        self.did({"type": "custom_tool_call", "name": "apply_patch", "input": patch, "status": "completed"}, output)

    def body(self) -> dict[str, Any]:
        return {
            "model": "gpt-5.1-codex",
            "instructions": "You are Codex.",
            "input": self.input,
            "tools": [
                {"type": "function", "name": "exec_command", "parameters": {"type": "object"}},
                {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark"}},
            ],
            "reasoning": {"effort": "medium"},
            "store": False,
            "stream": True,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": "s",
        }


class ChatAgent:
    """An agent of the chat API that numbers its tool calls anew in every turn, as gateways to open models do."""

    where = CHAT

    def __init__(self, task: str = "Find out who wrote it.") -> None:
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": "Use tools."}, _chat("user", task)]

    def did(self, tool: str, result: str, **arguments: Any) -> None:
        function = {"name": tool, "arguments": json.dumps(arguments)}
        calls = [{"id": "call_0", "type": "function", "function": function}]
        self.messages += [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "call_0", "content": result},
        ]

    def body(self) -> dict[str, Any]:
        tool = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
        return {"model": "gpt-4o", "messages": self.messages, "tools": [tool], "temperature": 0}


def _said(role: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


def _chat(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def one_question(text: str, model: str = "gpt-4o-mini") -> dict[str, Any]:
    """A chat request without tools or a past."""
    return {"model": model, "messages": [_chat("system", "You are helpful."), _chat("user", text)]}
