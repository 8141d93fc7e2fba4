"""Which words does each command take, and which are mistakes? One row for each command, and every mistake made of it.

The rows say what cannot be read off the command itself: the words with which it succeeds, and which free texts are
wrong. Everything else, down to the last spelling of the last option, comes from the command.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from codesession.cli import commands
from codesession.cli.options import Scaled, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INVALID = "invalid_input"

NO_NUMBER = ("", " ", "x", "1x", "-1", "0x1", "nan", "NaN", "inf", "-inf", "Infinity", "1,5", "--", "$1", "None")
"""Nowhere a number."""
NO_WHOLE = (*NO_NUMBER, "1.0", "1.5", "1e3", " 1", "1 ", "1\n", "+1", "1_0", "٣", "²")
NO_ID = (*NO_WHOLE, "0", str(2**63), str(10**30), "9" * 5000)
NO_DECIMAL = (*NO_NUMBER, " 1", "1_0", "٣", "1e999", "1e9", ".", "e5", "9" * 400)
NO_PORT = (*NO_NUMBER, "1.0", "65536", "99999", str(10**30), "٣", " 1", "1_0", "+1")
NO_DOLLARS = (*NO_DECIMAL, "1e3", "+1", "1e-3", "10000001")
NO_AMOUNT = (*(text for text in NO_DECIMAL if text != "$1"), "$", "$$1", "$-1", "$ 1", "100000001")
NO_UNSIGNED = (*NO_AMOUNT, "+1", "$+1")
NO_TIME = ("", " ", "x", "-5", "0", "1.5h", "h", "5s3m", "1d", "٣m", "1h 5m", "nan", "0m")
NO_SINCE = (
    "", " ", "x", "30", "0d", "-1d", "1.5d", "30D", "1m", "1y", "d", "10000d", "1h30m", " 30d", "30d ", "٣d",
    "2026-13-01", "2026-02-30", "12:00", "yesterday", "nan", "1700000000000",
)  # fmt: skip
NO_SCOPE = (
    "", " ", "x", "ALL", "all:x", "session:x", "session:0", "session:", "agent", "agent:", "user: ", "customer:\n",
    "customer:" + "c" * 201, "model:", "model:[ab]", "project:",
)  # fmt: skip
NO_NAME = ("", " ", "\t\n")
NO_HOST = ("", " ", "a b", "http://127.0.0.1", "127.0.0.1:80", "[::1]", "1.2.3.4.5", "192.0.2.1", "x" * 300)
NO_WORD = (*NO_NAME, "a b", "flex,batch", " flex", "flex ", "flex\n", "-", "fl\u00e9x")
NO_MODEL = (*NO_NAME, "m" * 201)
NO_PROVIDER = (*NO_NAME, "p" * 101)
NO_PATTERN = (*NO_NAME, "gpt-[45]", "a,b", "m" * 201, "a\nb")
NO_MANDATE = ("", "x", "session", "session:12", "model:gpt-5*", "all:x", "agent", "agent:", "user: ", "project:nowhere")


@dataclass(frozen=True)
class Row:
    """What a command needs to succeed, and which words are wrong that only the command itself knows to be.

    `words` are those with which it succeeds, by parameter, in the order they are typed; every argument is among them.
    `wrong` tells, by parameter, an error's code and the values that must give it; a parameter in `free` takes any.
    """

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wrong: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    free: frozenset[str] = frozenset()
    refused: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """whole command lines that are wrong, by code"""
    is_idle: bool = False
    """whether it needs a directory without an active session"""


ONE_SESSION = {"session_id": {"session_not_found": ["13", "99", str(2**63 - 1)]}}
ENDED_SESSION = {"session_id": {"session_not_found": ["1", "13", str(2**63 - 1)]}}

TERMS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "unpriced": {INVALID: (*NO_UNSIGNED, "off", "ALLOW")},
    "ask_s": {"invalid_duration": NO_TIME},
}
"""Of the options that say how a limit is kept."""

ROWS: dict[str, Row] = {
    "cs": Row(refused={INVALID: [["frobnicate"], ["status", "extra"], [""], ["pricing", "frobnicate"]]}),
    "cs approve": Row(
        {"amount": ["+5"]},
        {**ONE_SESSION, "amount": {INVALID: (*NO_AMOUNT, "0", "+0", "+", "++1", "+-1", "$+1", "1+")}},
    ),
    "cs backup": Row(
        {"path": ["copy.db"]}, {"path": {INVALID: [*NO_NAME, "nowhere/copy.db", "README.md", "README.md/copy.db"]}}
    ),
    "cs budget": Row(
        {},
        {**TERMS, "session": {INVALID: (*NO_UNSIGNED, "OFF")}, "daily": {INVALID: (*NO_UNSIGNED, "none", "allow")}},
        refused={
            INVALID: [
                ["--mode", "block"],
                ["--enforce"],
                ["--daily", "5", "--ask"],
                ["--daily", "5", "--strict"],
                ["--daily", "5", "--strict", "--balanced", "--enforce"],
                ["--daily", "5", "--enforce", "--mode", "warn"],
                ["--daily", "5", "--enforce", "--ask-for", "2m", "--no-ask"],
                ["--daily", "5", "--enforce", "--ask-for", "25h"],
                ["--daily", "5", "set", "all", "3"],
            ]
        },
    ),
    "cs budget remove": Row(
        {"scope": ["customer:acme"]},
        {
            "scope": {
                INVALID: NO_SCOPE,
                "budget_not_found": ["all", "session", "session:99", "customer:*", "project:/x"],
            }
        },
        refused={"budget_not_found": [["customer:acme", "--window", "day"]], INVALID: [["all", "--window", "session"]]},
    ),
    "cs budget set": Row(
        {"scope": ["all"], "amount": ["5"]},
        {
            **TERMS,
            "scope": {
                INVALID: (*NO_SCOPE, "project:nowhere", "project:README.md"),
                "session_not_found": ["session:1", "session:99"],
            },
            "amount": {INVALID: (*NO_UNSIGNED, "off")},
        },
        refused={
            INVALID: [
                ["all", "5", "--ask"],
                ["all", "5", "--mode", "warn", "--strict"],
                ["all", "5", "--strict", "--balanced", "--mode", "stop"],
                ["all", "5", "--window", "session"],
                ["session", "5", "--window", "day"],
            ]
        },
    ),
    "cs budget why": Row(wrong=ONE_SESSION),
    "cs cache": Row(),
    "cs cache clear": Row(),
    "cs cache stats": Row(),
    "cs completion": Row({"shell": ["bash"]}),
    "cs dashboard": Row({"port": ["-p", "0"]}, {"host": {INVALID: NO_HOST}}),
    "cs demo": Row(),
    "cs deny": Row(wrong={"session_id": {**ONE_SESSION["session_id"], "budget_not_found": ["1"]}}),
    "cs doctor": Row(),
    "cs end": Row(wrong=ENDED_SESSION, free=frozenset({"notes"})),
    "cs export": Row(wrong={"limit": {INVALID: ["0"]}}),
    "cs list": Row(wrong={"limit": {INVALID: ["0"]}}),
    "cs local-models": Row(),
    "cs local-models add": Row(
        {"words": ["llama3"], "preset": ["--preset", "local-gpu"]},
        {
            "words": {INVALID: NO_MODEL},
            "provider": {INVALID: (*NO_PROVIDER, "a/b")},
            "gpu_name": {INVALID: (*NO_NAME, "g" * 201)},
            "notes": {INVALID: (*NO_NAME, "n" * 1001)},
        },
        refused={
            INVALID: [
                ["llama3"],
                ["a", "b", "c", "--preset", "free"],
                ["a", "b", "--provider", "c", "--preset", "free"],
                ["llama3", "--preset", "free", "--cost-per-hour", "1"],
                ["llama3", "--cost-per-hour", "1", "--watts", "350", "--price-per-kwh", "0.30"],
                ["llama3", "--watts", "350"],
                ["llama3", "--price-per-kwh", "0.30"],
                ["llama3", "--watts", "350", "--price-per-kwh", "0.30", "--lifetime-hours", "5"],
            ]
        },
    ),
    "cs local-models detect": Row(
        {},
        {
            "host": {INVALID: ["", " ", "a b", "https://gpu", "gpu:0", "gpu:x", "gpu/v1", "u@gpu", "[::1"]},
            "gpu_name": {INVALID: NO_NAME},
            "notes": {INVALID: NO_NAME},
        },
        refused={INVALID: [["--add"], ["--preset", "free"], ["--add", "--gpu", "RTX 4090"]]},
    ),
    "cs local-models list": Row(),
    "cs local-models remove": Row(
        {"words": ["qwen3:8b"]},
        {
            "words": {INVALID: NO_MODEL, "unknown_model": ["never-heard-of", "vllm/qwen3:8b", "*"]},
            "provider": {INVALID: (*NO_PROVIDER, "a/b"), "unknown_model": ["vllm"]},
        },
        refused={INVALID: [["a", "b", "c"], ["a", "b", "--provider", "c"]]},
    ),
    "cs log-ai": Row(
        {"provider": ["-p", "anthropic"], "model": ["-m", "claude-sonnet-4"], "tokens": ["-t", "10"]},
        {
            **ONE_SESSION,
            "provider": {INVALID: NO_PROVIDER},
            "model": {INVALID: NO_MODEL, "unknown_model": ["never-heard-of"]},
            "tokens": {"missing_tokens": ["0"], INVALID: [str(10**12 + 1)]},
            "agent": {INVALID: (*NO_NAME, "a" * 201)},
            "user": {INVALID: (*NO_NAME, "a" * 201)},
            "customer": {INVALID: (*NO_NAME, "a" * 201)},
            "feature": {INVALID: (*NO_NAME, "a" * 201)},
            "duration_s": {"invalid_duration": ("", " ", "x", "-5", "1.5h", "h", "5s3m", "1d", "٣m", "1h 5m", "nan")},
        },
        refused={
            "missing_tokens": [["-p", "openai", "-m", "gpt-4o"], ["-p", "openai", "-m", "gpt-4o", "-c", "0.1"]],
            INVALID: [["-p", "openai", "-m", "gpt-4o", "-t", "1", "--prompt-tokens", "2"]],
            "unknown_model": [["-p", "ollama", "-m", "qwen3", "-t", "1", "--local"]],
        },
    ),
    "cs mandate": Row(),
    "cs mandate list": Row(),
    "cs mandate remove": Row(
        {"scope": ["agent:codex"]},
        {
            "scope": {
                INVALID: NO_MANDATE,
                "budget_not_found": ["agent:nobody", "agent:*", "all", "project", "project:/x"],
            }
        },
    ),
    "cs mandate set": Row(
        {"scope": ["agent:codex"], "allow": ["--allow", "gpt-5*"]},
        {
            "scope": {INVALID: [*NO_MANDATE, "project:/x"]},
            "allow": {INVALID: NO_PATTERN},
            "deny": {INVALID: NO_PATTERN},
            "parallel": {INVALID: ["0"]},
        },
        refused={INVALID: [["agent:codex"]]},
    ),
    "cs note": Row({"message": ["half way"]}, {**ONE_SESSION, "message": {INVALID: NO_NAME}}),
    "cs pricing": Row(),
    "cs pricing explain": Row(
        {"model": ["claude-sonnet-4-5"]},
        {
            "model": {INVALID: NO_NAME, "unknown_model": ["never-heard-of"]},
            "moment": {INVALID: ["", "x", "yesterday", "2026-13-01", "2026-02-30", "12:00", "nan"]},
            "tier": {INVALID: (*NO_WORD, "t" * 101), "unknown_model": ["never-heard-of"]},
            "speed": {INVALID: (*NO_WORD, "s" * 101), "unknown_model": ["never-heard-of"]},
            "geography": {INVALID: (*NO_WORD, "g" * 101), "unknown_model": ["never-heard-of"]},
        },
        free=frozenset({"provider"}),
    ),
    "cs pricing list": Row(wrong={"provider": {INVALID: [*NO_NAME, "nobody"]}}),
    "cs pricing reset": Row(
        {"model": ["m"]}, {"model": {INVALID: (*NO_MODEL, "/m")}, "provider": {INVALID: (*NO_PROVIDER, "a/b")}}
    ),
    "cs pricing set": Row(
        {"model": ["m"], "input_": ["2.50"], "output": ["10"]},
        {
            "model": {INVALID: (*NO_MODEL, "/m", "m/")},
            "input_": {INVALID: NO_DOLLARS},
            "output": {INVALID: NO_DOLLARS},
            "provider": {INVALID: (*NO_PROVIDER, "a/b")},
            "cache_read": {INVALID: NO_DOLLARS},
            "cache_write": {INVALID: NO_DOLLARS},
        },
    ),
    "cs pricing reprice": Row(wrong={"since_ms": {INVALID: NO_SINCE}}),
    "cs pricing update": Row(
        {"installed": ["--installed"]},
        {
            "source": {
                INVALID: ["", " ", "nowhere.json", ".", "http://example.org/x", "ftp://example.org/x", "https://"]
            }
        },
        refused={
            INVALID: [
                ["--from", "https://ada:secret@example.org/x"],
                ["--from", "http://127.0.0.1@example.org/x"],
                ["--from", "file://elsewhere/x"],
                ["--from", "https://[::1"],
                ["--from", "README.md", "--installed"],
            ]
        },
    ),
    "cs pricing what-if": Row(
        {"model": ["-m", "claude-sonnet-4-5"]},
        {
            **ONE_SESSION,
            "model": {INVALID: NO_NAME, "unknown_model": ["never-heard-of", "claude-sonet"]},
            "provider": {INVALID: NO_NAME, "unknown_model": ["nobody"]},
            "since_ms": {INVALID: NO_SINCE},
        },
    ),
    "cs proxy": Row(
        {"verb": ["start"], "port": ["-p", "0"]},
        {"verb": {INVALID: ["stop", "", "START"]}, "name": {INVALID: NO_NAME}},
        is_idle=True,
    ),
    "cs recover": Row(wrong={"max_age_s": {INVALID: ["1000001"]}}),
    "cs reset": Row({"yes": ["--yes", "--budgets"]}, refused={INVALID: [[], ["--no-backup"], ["--budgets"]]}),
    "cs run": Row(
        {"name": ["-n", "try"], "no_proxy": ["--no-proxy"], "command": ["--", sys.executable, "-c", ""]},
        {
            **TERMS,
            "budget": {INVALID: NO_UNSIGNED},
            "name": {INVALID: NO_NAME},
            "json_file": {INVALID: ["nowhere/run.json"]},
        },
        free=frozenset({"command"}),
        refused={INVALID: [["--no-proxy", "--"], ["--mode", "stop", "true"], ["--no-proxy", "--budget", "5", "true"]]},
        is_idle=True,
    ),
    "cs serve": Row(
        {"port": ["-p", "0"], "dashboard_port": ["--dashboard-port", "0"]}, {"host": {INVALID: NO_HOST}}, is_idle=True
    ),
    "cs show": Row({"session_id": ["12"]}, ONE_SESSION),
    "cs start": Row(
        {"name": ["Fix the login"]},
        {**TERMS, "budget": {INVALID: NO_UNSIGNED}, "name": {INVALID: NO_NAME}},
        refused={INVALID: [[], ["x", "--strict"], ["x", "--budget", "5", "--strict", "--balanced"]]},
        is_idle=True,
    ),
    "cs stats": Row(),
    "cs status": Row(wrong=ENDED_SESSION),
}
"""Each command that does something, as it is typed."""


# --- the commands ---


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by the words that call it; groups that only hold others are left out."""
    for path, command in _all("cs", commands):
        if not isinstance(command, click.Group) or _takes_json(command):
            yield path, command


def groups() -> list[str]:
    """The commands that hold others, `cs` itself aside."""
    return [path for path, command in _all("cs", commands) if isinstance(command, click.Group) and path != "cs"]


def _all(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _all(f"{path} {name}", found)


def _takes_json(command: click.Command) -> bool:
    return any("--json" in param.opts for param in command.params)


def example_in(help_text: str) -> str:
    """The command line that a help text gives as its example."""
    (found,) = re.findall(r"Example: (.+?)(?:\n\s*\n|\s*\Z)", help_text, re.DOTALL)
    return " ".join(found.split())


# --- what a command says about itself ---


def gaps(path: str, command: click.Command) -> list[str]:
    """What the rows do not say about a command and must, as sentences that say what to do."""
    row = ROWS.get(path)
    if row is None:
        return [f"`{path}` has no row in ROWS of tests/contract/commands.py: add one with the words it succeeds with."]
    known = {param.name for param in command.params}
    said = {*row.words, *row.wrong, *row.free}
    wanting = [f"The row of `{path}` names {name!r}, which is no parameter of it." for name in sorted(said - known)]
    for param in command.params:
        name = param.name or ""
        if isinstance(param, click.Argument) and name not in row.words:
            wanting.append(f"Say in the row of `{path}` which words to give for the argument {name!r}.")
        if _wrong_values(param) is None and name not in row.wrong and name not in row.free:
            wanting.append(
                f"Say in the row of `{path}` which texts are wrong for {name!r}, or that it is `free` to be any."
            )
        if param.required and name not in row.words:
            wanting.append(f"Say in the row of `{path}` which words to give for {name!r}, which it requires.")
    return wanting


def _wrong_values(param: click.Parameter) -> Sequence[str] | None:
    """Values that the type of a parameter excludes; None when its type is no help."""
    kind: object = param.type
    if isinstance(param, click.Option) and param.is_flag:
        return ()
    if isinstance(kind, Whole):
        return NO_ID if kind.name == "id" else NO_WHOLE
    if isinstance(kind, Scaled):
        return NO_DECIMAL
    if isinstance(kind, click.IntRange):
        return NO_PORT
    if isinstance(kind, click.Choice):
        return ("", " ", "frobnicate", str(next(iter(kind.choices))).upper())
    return None


# --- mistakes ---


@dataclass(frozen=True)
class Mistake:
    """Words after a command, and the code of the error that they must give."""

    words: tuple[str, ...]
    code: str


def line(row: Row, changed: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...]:
    """The words of a row, those of some parameters `changed`: options first, then arguments."""
    given = {**row.words, **(changed or {})}
    options = [word for words in given.values() if _is_option(words) for word in words]
    arguments = [word for words in given.values() if not _is_option(words) for word in words]
    return (*options, *arguments)


def _is_option(words: Sequence[str]) -> bool:
    return bool(words) and words[0].startswith("-") and words[0] != "--"


def mistakes(path: str, command: click.Command) -> Iterator[Mistake]:
    """Every mistake that can be made of a command: each parameter unknown, missing, without its value, of no use."""
    row = ROWS[path]
    yield Mistake(("--frobnicate", *line(row)), INVALID)
    yield Mistake(("-Z", *line(row)), INVALID)
    if not any(param.nargs == -1 for param in command.params):
        yield Mistake((*line(row), "one-word-too-many"), INVALID)
    for code, lines in row.refused.items():
        yield from (Mistake(tuple(words), code) for words in lines)
    for param in command.params:
        name = param.name or ""
        if param.required:
            yield Mistake(line(row, {name: ()}), INVALID)
        if isinstance(param, click.Option):
            yield from (Mistake(words, INVALID) for words in _without_sense(row, param))
        for code, values in _wrong(row, param).items():
            for turn, value in enumerate(values):
                yield from (Mistake(line(row, {name: words}), code) for words in _given(param, value, turn))


def _without_sense(row: Row, option: click.Option) -> Iterator[tuple[str, ...]]:
    """An option without the value it takes, or with one that it does not."""
    if option.is_flag:
        yield from ((f"{opt}=yes", *line(row)) for opt in option.opts if opt.startswith("--"))
        return
    others = {name: words if _is_option(words) and name != option.name else () for name, words in row.words.items()}
    yield from ((*line(row, others), opt) for opt in option.opts)


def _wrong(row: Row, param: click.Parameter) -> dict[str, list[str]]:
    """Values of a parameter that are wrong, by the code of their error."""
    wrong = {code: list(values) for code, values in row.wrong.get(param.name or "", {}).items()}
    wrong[INVALID] = list(dict.fromkeys([*wrong.get(INVALID, ()), *(_wrong_values(param) or ())]))
    return wrong


def _given(param: click.Parameter, value: str, turn: int) -> tuple[tuple[str, ...], ...]:
    """The words that give a parameter a value: in each way there is, or, where all come to the same, in one by turns.

    A text is the same text in whichever way it is given, unless it looks like an option or like none at all.
    """
    if isinstance(param, click.Argument):
        return ((value,) if not value.startswith("-") else ("--", value),)
    ways: list[tuple[str, ...]] = []
    for opt in param.opts:
        ways.append((opt, value))
        if opt.startswith("--"):
            ways.append((f"{opt}={value}",))
    return tuple(ways) if value.startswith("-") or not value.strip() else (ways[turn % len(ways)],)
