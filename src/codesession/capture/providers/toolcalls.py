"""What was called, what came back, and what file was written, so that two tool calls can be compared? As digests.

Left out is what differs although nothing has changed: ``cache_control`` marks, the words with which a model comments
its own command, and how long a command took. Ids are left out because nobody hands them in.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec


class Called(NamedTuple):
    """One call, as digests."""

    call: bytes
    file: bytes | None
    """the one file that it plainly writes"""
    content: bytes | None
    """what it writes there"""
    may_change: bool
    """whether what another call brings back may be another afterwards: it writes, or is a command"""


class Result(NamedTuple):
    """What a call brought back."""

    digest: bytes | None
    """None if that cannot be told any more"""
    failed: bool
    """whether it plainly says that something went wrong"""


def digest(data: bytes) -> bytes:
    """16 bytes that stand for `data`."""
    return blake2b(data, digest_size=16).digest()


def called(tool: str, what: msgspec.Raw) -> Called:
    """The call of `tool` with the arguments `what`."""
    arguments = _arguments(what)
    told, file, content, is_command = arguments, None, None, False
    if isinstance(arguments, dict):
        file, content = _written(tool, arguments)
        is_command = any(key in arguments for key in _COMMANDS)
        if is_command:
            told = {key: value for key, value in arguments.items() if key not in _COMMENTS}
    elif isinstance(arguments, str):
        file, content = _patch(arguments)
        is_command = True
    return Called(digest(tool.encode() + b"\0" + _plain(told)), file, content, is_command or file is not None)


_COMMANDS = ("command", "cmd", "code", "script")
_COMMENTS = frozenset({"description", "explanation", "instruction", "justification"})
"""What Claude Code, Cursor, Gemini CLI and Codex let a model say of what it does, in other words each time."""


def _arguments(raw: msgspec.Raw) -> object:
    """The arguments; OpenAI's are JSON inside a string. What is no JSON is a text."""
    try:
        arguments = msgspec.json.decode(raw)
        return msgspec.json.decode(arguments) if isinstance(arguments, str) and arguments[:1] == "{" else arguments
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return bytes(raw).decode("utf-8", "replace")


def _plain(value: object) -> bytes:
    """The one way to write `value`, whatever the order of its keys."""
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value, order="sorted")


# --- what came back ---

_CLEARED = re.compile(r"\[?(?:Old tool result|Old environment output|Tool result cleared|Old command output)")
"""How agents (Claude Code, SWE-agent) mark a result they have taken out of a long conversation: it tells nothing."""

_FAILED = re.compile(
    r"(?<!\b0 )(?<!\b[Nn]o )\b(?:FAIL(?:ED|URES?)?|[Ff]ail(?:ed|ing|ures?)|[Ee]rrors?|ERROR|[A-Z]\w*(?:Error|Exception)"
    r"|Traceback|panicked|[Ee]xit(?:ed with)? code:? [1-9]\d*|not found)\b(?!\.\w)"
)
"""How compilers, test runners and shells say that something went wrong; not ``0 failed``, nor a file's name."""

_HINTS = ("fail", "error", "exception", "traceback", "panicked", "exit", "not found")
"""One of these is in whatever `_FAILED` matches: plain searches are far quicker than the pattern."""

_TOLD = 2000
"""Characters at the end of a result in which that is looked for."""

_HEADER = re.compile(r"^(?:Chunk ID|Wall time): .*$|\"duration_seconds\":\s*[\d.]+", re.MULTILINE)
"""What Codex writes around each output: a number of its own, and how long it took."""

_LASTED = re.compile(r"\d+(?:\.\d+)?(?= ?m?s\b)")
_BEFORE_LASTED = (" in", "Time:", "\t")
"""How test runners (pytest, unittest, cargo, jest, go) end: ``1 failed in 0.53s``."""

_HEAD, _TAIL = 200, 250
"""Characters at either end of a result among which a duration is looked for."""


def result(raw: msgspec.Raw) -> Result:
    """What came back."""
    try:
        value = msgspec.json.decode(raw) if bytes(raw) else None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return Result(digest(bytes(raw)), failed=False)
    text = _text(value)
    if text is None:
        return Result(digest(_plain(value)), failed=False)
    if _CLEARED.match(text):
        return Result(None, failed=False)
    return Result(digest(_lasting(text).encode()), _says_failed(text[-_TOLD:]))


def _says_failed(text: str) -> bool:
    small = text.lower()
    return any(word in small for word in _HINTS) and _FAILED.search(text) is not None


def _text(value: object) -> str | None:
    """The text of a result that is all text, however it is wrapped."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return None
    texts = [block.get("text") if isinstance(block, dict) else None for block in value]
    if all(isinstance(text, str) for text in texts):
        return "\n".join(map(str, texts))
    for block in value:
        if isinstance(block, dict):
            block.pop("cache_control", None)
    return None


def _lasting(text: str) -> str:
    """`text` without how long it took, unless it still goes on: then time is all that can change."""
    head, tail = text[:_HEAD], text[-_TAIL:]
    if "Wall time: " in head and "running" not in head:
        text = _HEADER.sub("", head) + text[_HEAD:]
    elif '"duration_seconds"' in tail:
        text = text[:-_TAIL] + _HEADER.sub("", tail)
    tail = text[-_TAIL:]
    return text[:-_TAIL] + _LASTED.sub(_forgotten, tail)


def _forgotten(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 20) : found.start()].rstrip(" ")
    return "" if before.endswith(_BEFORE_LASTED) else found.group()


# --- what was written ---

_WRITERS = frozenset(
    [
        *("write", "writefile", "writetofile", "createfile", "edit", "editfile", "multiedit", "notebookedit"),
        *("replace", "replaceinfile", "strreplace", "strreplaceeditor", "strreplacebasededittool", "searchreplace"),
        *("insert", "applypatch", "applydiff"),
    ]
)
"""Tools that write the file they name, in small letters without underscores."""

_PATHS = ("file_path", "path", "filename", "target_file", "notebook_path", "filePath", "absolute_path")
_WRITING = frozenset({"create", "str_replace", "insert", "undo_edit", "write", None})
"""The writing commands of Anthropic's edit tool, which can also ``view``."""

_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
"""The files of a patch as OpenAI's models write it, to a tool of its own or to a shell."""


def _written(tool: str, arguments: dict[str, Any]) -> tuple[bytes, bytes] | tuple[None, None]:
    """Digests of the one file that a call writes and of what it writes there; nothing if it plainly does not."""
    name = tool.rpartition("__")[2].replace("_", "").replace("-", "").lower()
    if name in _WRITERS:
        key = next((key for key in _PATHS if isinstance(arguments.get(key), str)), None)
        command = arguments.get("command")
        if key and (command is None or (isinstance(command, str) and command in _WRITING)):
            content = {other: value for other, value in arguments.items() if other != key and other not in _COMMENTS}
            return digest(arguments[key].encode()), digest(_plain(content))
    for value in arguments.values():
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and "*** Begin Patch" in text:
                return _patch(text)
    return None, None


def _patch(text: str) -> tuple[bytes, bytes] | tuple[None, None]:
    files = set(_PATCHED.findall(text) if "*** Begin Patch" in text else ())
    return (digest(files.pop().strip().encode()), digest(text.encode())) if len(files) == 1 else (None, None)
