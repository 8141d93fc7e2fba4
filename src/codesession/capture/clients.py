"""How is each agent and SDK brought to call the proxy? By the base URL it honours; a few need more.

What each client honours was measured (2026-11-22): Claude Code, both SDK families, google-genai, ollama,
litellm, aider and langchain take a base URL from the environment. Codex and Gemini CLI have files of their own.
What litellm (1.106.2) and the SDKs of Groq (1.7.0), Perplexity (0.46.1) and Cohere (7.3.1) honour beyond that was read
in their source (2026-11-28).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.capture.codex import codex_arguments, find_codex
from codesession.capture.gemini import gemini_variables
from codesession.capture.programs import position
from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy.outbound import Upstream, upstream_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROXY_VARIABLE = "CODESESSION_PROXY"
"""Tells a `cs run` inside a `cs run` which base URLs are the outer one's."""
BEFORE_PREFIX = "CODESESSION_BEFORE_"
"""Tells it what such a variable was set to before."""

_PREFIXED = frozenset(PROVIDERS) - {"anthropic", "openai"}
"""Providers whose base URL carries their name, since their paths alone do not say whose they are."""

_ONLY_WHERE_USED = frozenset({"llamacpp", "lmstudio", "vllm"})
"""Servers of the user's own that clients call only where their variable is set: it is not set where it was not."""

_AMAZONS_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - its name
"""Only with such a key can what a client sends to Amazon be relayed: a signature covers the name of the host."""
_AMAZONS_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")

_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def environment(
    root: str, session_id: int | None, environ: Mapping[str, str], data_dir: Path, upstreams: Mapping[str, Upstream]
) -> dict[str, str]:
    """The variables to set in a child so that its clients call the proxy at `root` for that session.

    A ``NO_PROXY`` is extended: a corporate proxy cannot reach this machine's loopback, and Claude Code would send
    it prompt and key in the clear. Claude Code also loads every tool into each request when its base URL is not
    Anthropic's own (86 kB instead of 49 kB for "say hi", measured with 2.1.197); where the call does end
    there, it is told that it may go on as without us.
    """
    base = _base(root, session_id)
    variables = {PROXY_VARIABLE: root}
    gemini = gemini_variables(environ, data_dir)
    for provider in PROVIDERS.values():
        if provider.name == "google" and gemini is None:
            continue
        if (provider.upstream is None or provider.name in _ONLY_WHERE_USED) and provider.name not in upstreams:
            continue  # it leads nowhere, and some programs take such a variable for the wish to use it
        if provider.name == "bedrock" and not environ.get(_AMAZONS_TOKEN):
            continue
        own = f"{base}/{provider.name}" if provider.name in _PREFIXED else base
        variables |= {name: own + path for name, path in provider.base_urls.items()}
        before = {name: _exported(environ, name) for name in provider.base_urls}
        variables |= {BEFORE_PREFIX + name: address for name, address in before.items() if address}
    variables |= gemini or {}
    if any(environ.get(name) for name in _PROXIES):
        for name, other in (("NO_PROXY", "no_proxy"), ("no_proxy", "NO_PROXY")):
            said = environ.get(name) or environ.get(other)  # most libraries read only one, and not the same one
            variables[name] = ",".join(filter(None, (said, "127.0.0.1", "localhost")))
    if "anthropic" not in upstreams and not environ.get("ENABLE_TOOL_SEARCH"):
        variables["ENABLE_TOOL_SEARCH"] = "true"
    return variables


def arguments(command: Sequence[str], root: str, session_id: int | None, environ: Mapping[str, str]) -> list[str]:
    """The child's arguments: untouched, but for Codex, which takes its base URL in no other way.

    >>> arguments(["codex", "exec", "hi"], "http://127.0.0.1:3739", 7, {"CODEX_HOME": "/nowhere"})
    ['codex', '-c', 'openai_base_url="http://127.0.0.1:3739/s/7/v1"', 'exec', 'hi']
    >>> arguments(["python", "codex"], "http://127.0.0.1:3739", 7, {})
    ['python', 'codex']
    """
    codex = find_codex(command, environ)
    if codex is None or codex.by_subscription:
        return list(command)
    return codex_arguments(command, codex, _base(root, session_id))


def warnings(command: Sequence[str], environ: Mapping[str, str], directory: Path) -> list[str]:
    """What a person should know before `command` runs: which of its calls cannot be seen, and why."""
    said = []
    codex = find_codex(command, environ)
    if codex and codex.by_subscription:
        said.append("Codex is logged in with ChatGPT: its calls do not pass the proxy and are not metered.")
    if position(command, "claude", "@anthropic-ai/claude-code") is not None:
        home = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or Path.home(), ".claude"))
        files = (home / "settings.json", directory / ".claude/settings.json", directory / ".claude/settings.local.json")
        said += [
            f"{file} sets ANTHROPIC_BASE_URL, which Claude Code prefers to ours: its calls are not metered. "
            "Export it in your shell instead: then it becomes where the proxy sends them."
            for file in files
            if _sets_base_url(file)
        ]
    return said


def _sets_base_url(file: Path) -> bool:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or Claude Code itself will say what is wrong with it
        return False
    variables = settings.get("env") if isinstance(settings, dict) else None
    return isinstance(variables, dict) and bool(variables.get("ANTHROPIC_BASE_URL"))


def _base(root: str, session_id: int | None) -> str:
    return root if session_id is None else f"{root}/s/{session_id}"


def exported_upstreams(environ: Mapping[str, str], command: Sequence[str] = ()) -> dict[str, Upstream]:
    """The upstreams a user already points clients at, by provider: our proxy stands before that gateway.

    A base URL that is our own (a `cs run` inside another) is passed over, so that no call is seen twice.

    Raises:
        InvalidInput: an exported address cannot be used.
    """
    found = {}
    for provider in PROVIDERS.values():
        for variable, path in provider.base_urls.items():
            address = _exported(environ, variable)
            if address:
                found[provider.name] = upstream_at(_full(address) if provider.name == "ollama" else address, path)
                break
    amazon = _amazons_host(environ)
    if amazon:
        found.setdefault("bedrock", upstream_at(amazon))
    codex = find_codex(command, environ) if command else None
    if codex and codex.address:
        found["openai"] = upstream_at(codex.address, "/v1")
    return found


def _amazons_host(environ: Mapping[str, str]) -> str | None:
    """Where Bedrock is for a client with a key, by the region it is told; no path names one.

    https://docs.aws.amazon.com/general/latest/gr/bedrock.html (read 2026-11-28).

    >>> _amazons_host({"AWS_BEARER_TOKEN_BEDROCK": "x", "AWS_REGION": "us-east-1"})
    'https://bedrock-runtime.us-east-1.amazonaws.com'
    """
    region = next((environ[name] for name in _AMAZONS_REGIONS if environ.get(name)), "")
    is_told = environ.get(_AMAZONS_TOKEN) and _REGION.fullmatch(region)
    return f"https://bedrock-runtime.{region}.amazonaws.com" if is_told else None


def _exported(environ: Mapping[str, str], variable: str) -> str:
    """The address the user has set, seeing through an outer `cs run` that has set its own."""
    address = environ.get(variable, "").strip()
    ours = environ.get(PROXY_VARIABLE)
    if ours and (address + "/").startswith(ours + "/"):
        return environ.get(BEFORE_PREFIX + variable, "")
    return address


def _full(host: str) -> str:
    """An ``OLLAMA_HOST``, which may lack scheme and port, and may be the address a server binds to.

    >>> _full("0.0.0.0"), _full(":8080"), _full("gpu.example:8080")
    ('http://127.0.0.1:11434', 'http://127.0.0.1:8080', 'http://gpu.example:8080')
    """
    scheme, found, rest = host.rpartition("://")
    authority, slash, path = rest.partition("/")
    if authority.startswith(":"):
        authority = f"127.0.0.1{authority}"
    if ":" not in authority:
        authority += {"https": ":443", "http": ":80"}.get(scheme, ":11434")
    authority = authority.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - what is read here is never bound
    return f"{scheme if found else 'http'}://{authority}{slash}{path}"
