from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codesession.capture.clients import PROXY_VARIABLE, arguments, environment, exported_upstreams, warnings
from codesession.capture.proxy import Upstream
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "http://127.0.0.1:3739"


def variables(session_id: int | None = 7, environ: Mapping[str, str] | None = None, **options: Any) -> dict[str, str]:
    return environment(ROOT, session_id, environ or {}, Path("/nowhere"), options.get("upstreams", {}))


def test_each_client_gets_the_base_url_it_expects() -> None:
    told = variables()

    assert told["ANTHROPIC_BASE_URL"] == f"{ROOT}/s/7"
    assert told["OPENAI_BASE_URL"] == told["OPENAI_API_BASE"] == f"{ROOT}/s/7/v1"
    assert told["GOOGLE_GEMINI_BASE_URL"] == f"{ROOT}/s/7/google"
    assert told["GEMINI_API_BASE"] == f"{ROOT}/s/7/google/v1beta"
    assert told["OLLAMA_HOST"] == f"{ROOT}/s/7/ollama"
    assert told["MISTRAL_API_BASE"] == f"{ROOT}/s/7/mistral/v1"
    assert told["DEEPSEEK_API_BASE"] == f"{ROOT}/s/7/deepseek"
    assert told[PROXY_VARIABLE] == ROOT


def test_the_sdks_of_other_providers_get_theirs() -> None:
    told = variables()

    assert told["GROQ_API_BASE"] == f"{ROOT}/s/7/groq/openai/v1"
    assert told["GROQ_BASE_URL"] == f"{ROOT}/s/7/groq"
    assert told["PERPLEXITY_API_BASE"] == told["PERPLEXITY_BASE_URL"] == f"{ROOT}/s/7/perplexity"
    assert told["CO_API_URL"] == f"{ROOT}/s/7/cohere"
    assert told["TOGETHER_AI_API_BASE"] == f"{ROOT}/s/7/together/v1"
    assert told["FIREWORKS_API_BASE"] == f"{ROOT}/s/7/fireworks/v1"
    assert told["DEEPSEEK_ANTHROPIC_API_BASE"] == f"{ROOT}/s/7/deepseek/anthropic"


def test_a_server_of_ones_own_is_told_only_where_it_was_used() -> None:
    names = {"HOSTED_VLLM_API_BASE", "LM_STUDIO_API_BASE", "LLAMAFILE_API_BASE"}
    environ = {"HOSTED_VLLM_API_BASE": "http://gpu.lan:8000/v1"}

    assert not names & set(variables())
    assert exported_upstreams(environ) == {"vllm": Upstream("http://gpu.lan:8000")}
    told = variables(environ=environ, upstreams=exported_upstreams(environ))
    assert {name: told[name] for name in names if name in told} == {"HOSTED_VLLM_API_BASE": f"{ROOT}/s/7/vllm/v1"}


AMAZON = {"AWS_BEARER_TOKEN_BEDROCK": "secret", "AWS_REGION": "us-gov-west-1"}
AMAZON_NAMES = ("ANTHROPIC_BEDROCK_BASE_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME")


def amazon(environ: Mapping[str, str]) -> dict[str, str]:
    """What a child is told of Bedrock."""
    told = variables(environ=environ, upstreams=exported_upstreams(environ))
    return {name: told[name] for name in AMAZON_NAMES if name in told}


def test_bedrock_is_called_through_the_proxy_where_its_key_is_a_bearer_token() -> None:
    assert amazon(AMAZON) == dict.fromkeys(AMAZON_NAMES, f"{ROOT}/s/7/bedrock")
    assert amazon({"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "id"}) == {}
    assert amazon({AMAZON_NAMES[0]: "https://gw.example"}) == {}
    assert amazon({"AWS_BEARER_TOKEN_BEDROCK": "secret"}) == {}


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        (AMAZON, "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        (
            {"AWS_BEARER_TOKEN_BEDROCK": "secret", "AWS_DEFAULT_REGION": "eu-central-1"},
            "https://bedrock-runtime.eu-central-1.amazonaws.com",
        ),
        ({**AMAZON, "AWS_DEFAULT_REGION": "eu-central-1"}, "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ({**AMAZON, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://gw.example/aws/"}, "https://gw.example/aws"),
        ({**AMAZON, "AWS_REGION": "evil.example/us-east-1"}, None),
        ({**AMAZON, "AWS_REGION": "us-east-1.evil.example"}, None),
        ({**AMAZON, "AWS_REGION": "us-east-1\n"}, None),
        ({"AWS_REGION": "us-east-1"}, None),
    ],
)
def test_where_bedrock_is_its_region_tells(environ: dict[str, str], root: str | None) -> None:
    assert exported_upstreams(environ) == ({"bedrock": Upstream(root)} if root else {})


def test_a_run_inside_a_run_finds_bedrock_where_the_outer_one_did() -> None:
    for outer in (AMAZON, {**AMAZON, AMAZON_NAMES[0]: "https://gw.example"}):
        inner = {**outer, **variables(environ=outer, upstreams=exported_upstreams(outer))}

        assert exported_upstreams(inner) == exported_upstreams(outer)


def test_without_a_session_the_root_is_the_base() -> None:
    assert variables(None)["ANTHROPIC_BASE_URL"] == ROOT


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_no_corporate_proxy_is_asked_for_this_machine(name: str) -> None:
    told = variables(environ={name: "http://proxy.example:8080"})

    assert told["NO_PROXY"] == told["no_proxy"] == "127.0.0.1,localhost"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_what_no_proxy_is_asked_for_stays_so_for_every_library(name: str) -> None:
    told = variables(environ={"HTTP_PROXY": "http://proxy.example:8080", name: "internal.example"})

    assert told["NO_PROXY"] == told["no_proxy"] == "internal.example,127.0.0.1,localhost"


def test_without_a_proxy_nothing_is_said_of_one() -> None:
    assert not {"NO_PROXY", "no_proxy"} & set(variables(environ={"NO_PROXY": "x"}))


@pytest.mark.parametrize(
    ("environ", "upstreams", "told"),
    [
        ({}, {}, "true"),
        ({"ENABLE_TOOL_SEARCH": "false"}, {}, None),
        ({}, {"anthropic": Upstream("http://gateway.example")}, None),
    ],
)
def test_claude_code_may_go_on_searching_its_tools(
    environ: dict[str, str], upstreams: dict[str, Upstream], told: str | None
) -> None:
    assert variables(environ=environ, upstreams=upstreams).get("ENABLE_TOOL_SEARCH") == told


def test_gemini_settings_that_cannot_be_made_ready_leave_gemini_alone(tmp_path: Path) -> None:
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini/settings.json").write_text("{} // mine", encoding="utf-8")
    told = environment(ROOT, 7, {"GEMINI_API_KEY": "fake", "HOME": str(tmp_path)}, tmp_path / "data", {})

    assert "GOOGLE_GEMINI_BASE_URL" not in told
    assert "ANTHROPIC_BASE_URL" in told


# --- where calls went before ---


@pytest.mark.parametrize(
    ("environ", "name", "upstream"),
    [
        ({"ANTHROPIC_BASE_URL": "https://gw.example/a/"}, "anthropic", Upstream("https://gw.example/a")),
        (
            {"ANTHROPIC_BASE_URL": " ", "ANTHROPIC_API_URL": "https://gw.example"},
            "anthropic",
            Upstream("https://gw.example"),
        ),
        ({"OPENAI_BASE_URL": "https://gw.example/v1"}, "openai", Upstream("https://gw.example")),
        ({"OPENAI_API_BASE": "https://gw.example/llm"}, "openai", Upstream("https://gw.example/llm", "/v1")),
        ({"OLLAMA_HOST": "gpu.example"}, "ollama", Upstream("http://gpu.example:11434")),
        ({"OLLAMA_HOST": "0.0.0.0:8080"}, "ollama", Upstream("http://127.0.0.1:8080")),
        ({"OLLAMA_HOST": ":8080"}, "ollama", Upstream("http://127.0.0.1:8080")),
        ({"OLLAMA_HOST": "https://gpu.example/x"}, "ollama", Upstream("https://gpu.example:443/x")),
        ({"OLLAMA_HOST": "http://gpu.example"}, "ollama", Upstream("http://gpu.example:80")),
    ],
)
def test_what_a_user_has_exported_is_the_upstream(environ: dict[str, str], name: str, upstream: Upstream) -> None:
    assert exported_upstreams(environ) == {name: upstream}


@pytest.mark.parametrize("address", ["gw.example", "https://", "http://x:port", "ftp://x"])
def test_an_exported_address_that_cannot_be_called_is_said_to_be(address: str) -> None:
    with pytest.raises(InvalidInput):
        exported_upstreams({"ANTHROPIC_BASE_URL": address})


def test_a_run_inside_a_run_sees_each_call_once() -> None:
    outer = {"ANTHROPIC_BASE_URL": "https://gw.example"}
    inner = {**outer, **variables(environ=outer)}

    assert exported_upstreams(inner) == exported_upstreams(outer) == {"anthropic": Upstream("https://gw.example")}
    assert exported_upstreams(variables()) == {}


def test_what_only_looks_like_ours_is_the_users() -> None:
    environ = {PROXY_VARIABLE: ROOT, "ANTHROPIC_BASE_URL": ROOT + "0"}

    assert exported_upstreams(environ) == {"anthropic": Upstream(ROOT + "0")}


def test_where_codex_is_sent_is_an_upstream_of_codex_alone(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('openai_base_url = "https://gw.example/v1"', encoding="utf-8")
    environ = {"CODEX_HOME": str(tmp_path)}

    assert exported_upstreams(environ, ["codex", "exec"]) == {"openai": Upstream("https://gw.example")}
    assert exported_upstreams(environ, ["python", "codex"]) == {}


# --- arguments ---


def test_arguments_are_left_alone_but_for_codex(tmp_path: Path) -> None:
    environ = {"CODEX_HOME": str(tmp_path)}

    assert arguments(["claude", "-c", "codex"], ROOT, 7, environ) == ["claude", "-c", "codex"]
    assert arguments(["codex", "-c", "x=1"], ROOT, None, environ) == [
        "codex",
        "-c",
        f'openai_base_url="{ROOT}/v1"',
        "-c",
        "x=1",
    ]


def test_a_codex_that_is_logged_in_with_chatgpt_is_left_alone_and_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text('{"auth_mode":"chatgpt"}', encoding="utf-8")
    environ = {"CODEX_HOME": str(tmp_path)}

    assert arguments(["codex", "exec"], ROOT, 7, environ) == ["codex", "exec"]
    assert warnings(["codex", "exec"], environ, tmp_path) == [
        "Codex is logged in with ChatGPT: its calls do not pass the proxy and are not metered."
    ]
    assert warnings(["python"], environ, tmp_path) == []


@pytest.mark.parametrize(
    "file", ["settings.json", "project/.claude/settings.json", "project/.claude/settings.local.json"]
)
@pytest.mark.parametrize(
    ("settings", "is_said"),
    [
        ('{"env":{"ANTHROPIC_BASE_URL":"https://gw.example"}}', True),
        ('{"env":{"ANTHROPIC_BASE_URL":""}}', False),
        ('{"env":7}', False),
        ("[]", False),
        ("{", False),
    ],
)
def test_settings_of_claude_code_that_win_are_said_to(
    tmp_path: Path, file: str, settings: str, *, is_said: bool
) -> None:
    project = tmp_path / "project"
    (project / ".claude").mkdir(parents=True)
    (tmp_path / file).write_text(settings, encoding="utf-8")
    said = warnings(["claude", "-p", "hi"], {"CLAUDE_CONFIG_DIR": str(tmp_path)}, project)

    assert [str(tmp_path / file) in line for line in said] == [True] * is_said


def test_nothing_a_user_has_is_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".gemini").mkdir(parents=True)
    (home / ".gemini/settings.json").write_text(json.dumps({"ui": {}}), encoding="utf-8")
    before = {file: file.stat().st_mtime_ns for file in home.rglob("*")}
    environment(ROOT, 7, {"GEMINI_API_KEY": "fake", "HOME": str(home)}, tmp_path / "data", {})

    assert {file: file.stat().st_mtime_ns for file in home.rglob("*")} == before
