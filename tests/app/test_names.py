"""Does a session's name tell what ran, and never what was said or with which key?"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from codesession.app import session_name
from codesession.app.words import LONGEST_NAME, checked, valid_text
from codesession.errors import InvalidInput

KEY = "sk-ant-api03-AbCdEf123456"

NAMES = [
    # programs
    (["python", "my_agent.py"], "python my_agent.py"),
    (["/usr/local/bin/claude"], "claude"),
    ([r"C:\Program Files\nodejs\node.exe", "agent.js"], "node.exe agent.js"),
    (["/opt/My Agents/run", "--fast"], "run --fast"),
    (["./build.sh", "--jobs", "4"], "build.sh --jobs 4"),
    (["/"], "/"),
    # prompts
    (["claude", "-p", "hello"], "claude -p …"),
    (["claude", "--print", "fix"], "claude --print …"),
    (["claude", "fix the login bug"], "claude …"),
    (["claude", "fix"], "claude …"),
    (["claude.exe", "fix"], "claude.exe …"),
    (["codex", "exec", "--full-auto", "fix", "it"], "codex exec --full-auto … …"),
    (["gemini", "--prompt=fix"], "gemini --prompt=…"),
    (["aider", "--message", "fix", "app.py"], "aider --message … …"),
    (["aider", "--message-file", "notes.md"], "aider --message-file …"),
    (["npx", "my-agent", "--task", "fix the bug", "--fast"], "npx my-agent --task … --fast"),
    (["python", "-c", "print(1)"], "python -c …"),
    (["node", "-e", "1"], "node -e …"),
    (["bash", "-c", "claude -p 'secret words'"], "bash -c …"),
    (["claude -p 'read /etc/secret words'"], "claude …"),
    (["fix the bug"], "fix …"),
    ([" "], "… …"),
    (["x", "--system-prompt", "a"], "x --system-prompt …"),
    (["x", "--input", "-"], "x --input -"),
    # keys
    (["x", "--api-key", KEY], "x --api-key …"),
    (["x", f"--api-key={KEY}"], "x --api-key=…"),
    (["x", "--API_KEY=abc"], "x --API_KEY=…"),
    (["x", KEY], "x …"),
    (["x", f"--flag={KEY}"], "x …"),
    (["x", "--token", "abc"], "x --token …"),
    (["x", "--password=abc"], "x --password=…"),
    (["x", "--tokens", "5"], "x --tokens …"),
    (["curl", "-H", "x-api-key: abc"], "curl -H …"),
    (["env", "ANTHROPIC_API_KEY=abc", "python", "x.py"], "env ANTHROPIC_API_KEY=… python x.py"),
    (["env", "GH_TOKEN=abc", "MODE=fast", "x"], "env GH_TOKEN=… MODE=fast x"),
    (["git", "clone", "https://me:abc@example.org/x"], "git clone …"),
    (["git", "clone", "https://example.org/x"], "git clone https://example.org/x"),
    (["x", "ghp_abcdefgh12345678"], "x …"),
    (["x", "0123456789abcdef0123456789abcdef"], "x …"),
    (["x", "a-word-that-is-long-but-has-no-digit-in-it"], "x a-word-that-is-long-but-has-no-digit-in-it"),
    # the rest of what an agent is told
    (["claude", "--model=opus", "--resume"], "claude --model=opus --resume"),
    (["claude", "--model", "opus", "fix"], "claude --model opus …"),
    (["disk_usage_report", "task-manager-x", "pkg_resources"], "disk_usage_report task-manager-x pkg_resources"),
    (["claude", "mcp", "list"], "claude mcp …"),
    (["python", "x.py", "--model", "opus"], "python x.py --model opus"),
]


@pytest.mark.parametrize(("command", "name"), NAMES, ids=[" ".join(command) for command, _ in NAMES])
def test_a_name_tells_the_program_and_no_prompt_or_key(command: list[str], name: str) -> None:
    assert session_name(command) == name


WORD = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
# Words of a prompt: of an alphabet of their own, so that a part of one can be told from everything else.
PROMPT = st.lists(st.text("ⅠⅡⅢⅣⅤ", min_size=1, max_size=6), min_size=2, max_size=5)
SPACE = st.sampled_from([" ", "\t", "\n", "  ", "\u00a0", "\u3000"])


@given(
    st.lists(WORD.filter(lambda word: not set(word) & set("ⅠⅡⅢⅣⅤ")), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 6), PROMPT, SPACE, st.sampled_from(["", "--", "x="])), min_size=1, max_size=3),
)
@example(["env"], [(1, ["ⅠⅡ", "Ⅲ"], " ", "x=")])
def test_a_word_with_white_space_never_appears(
    words: list[str], prompts: list[tuple[int, list[str], str, str]]
) -> None:
    command = list(words)
    for at, prompt, space, before in prompts:
        command.insert(max(1, at), before + space.join(prompt))
    assert not set(session_name(command)) & set("ⅠⅡⅢⅣⅤ")


@given(st.lists(st.text(), min_size=1).filter(any))
def test_any_command_has_a_short_name_of_one_line(command: list[str]) -> None:
    try:
        name = session_name(command)
    except InvalidInput:
        assert not "".join(command).strip()
        return
    assert 0 < len(name) <= 120
    assert name == " ".join(name.split())
    assert name.encode()


def test_a_long_command_is_cut() -> None:
    name = session_name(["python", *["argument"] * 50])
    assert len(name) == 120
    assert name.endswith("…")


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        pytest.param("Fix the login", "Fix the login", id="as-it-is"),
        pytest.param("  Fix\n\tthe   login ", "Fix the login", id="one-line"),
        pytest.param("Grüße 🦊", "Grüße 🦊", id="any-script"),
        pytest.param("\udcff bad", "? bad", id="bytes-that-are-no-text"),
        pytest.param("x" * 501, "x" * LONGEST_NAME, id="too-long"),
    ],
)
def test_a_name_as_it_is_kept(given_name: str, kept: str) -> None:
    assert checked(given_name) == kept


@pytest.mark.parametrize("name", ["", " ", "\n\t", "\u3000"])
def test_a_blank_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match='A session needs a name, such as: cs start "Fix the login"'):
        checked(name)


@given(st.text())
def test_valid_text_stays_as_it_is(text: str) -> None:
    assert valid_text(text) == text
