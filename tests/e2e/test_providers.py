"""Is every provider's bill in the ledger, token by token, whichever SDK called it through `cs run`?"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import AGENTS, told

from codesession.model import CallState, Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.e2e.conftest import Machine

    from codesession.demo.truth import Received
    from codesession.model import Call

AT = {
    "google": "",
    "ollama": "",
    "azure": "/azure",
    "mistral": "/mistral",
    "deepseek": "/deepseek",
    "xai": "/xai",
    "groq": "/groq",
    "openrouter": "/openrouter",
    "together": "/together",
    "fireworks": "/fireworks/inference",
    "lmstudio": "/lmstudio",
    "llamacpp": "/llamacpp",
    "vllm": "/vllm",
}
"""where the simulated provider stands for each of them"""
LOCAL = ("ollama", "lmstudio", "llamacpp", "vllm")
REPORTED = ("openrouter", "xai")


@dataclass
class Came:
    """What came of one agent: as it tells, the provider, the ledger, and ``cs show``."""

    told: dict[str, dict[str, Any]]
    truth: list[Received]
    calls: list[Call]
    shown: dict[str, Any]
    stderr: str


def upstreams(machine: Machine) -> dict[str, str]:
    """The environment in which every provider is the simulated one."""
    named = {f"CODESESSION_UPSTREAM_{name.upper()}": machine.provider.url + path for name, path in AT.items()}
    return {**named, "GEMINI_API_KEY": "fake"}


@pytest.fixture(scope="module", params=["google", "ollama", "compatible", "azure"])
def came(request: pytest.FixtureRequest, machines: Callable[[], AbstractContextManager[Machine]]) -> Iterator[Came]:
    with machines() as machine:
        done = machine.run(sys.executable, str(AGENTS / "providers_sdk.py"), request.param, env=upstreams(machine))
        shown = machine.json("show")
        lines = {line["way"]: line for line in told(done)}
        yield Came(lines, machine.truth(), machine.calls(), shown, done.stderr.decode())


def paired(came: Came) -> list[tuple[Call, Received]]:
    """Each call with what the provider says of it, in the order they were made."""
    assert len(came.calls) == len(came.truth) == len(came.told)
    return list(zip(came.calls, came.truth, strict=True))


def test_each_call_is_settled_with_every_class_of_tokens_that_is_billed(came: Came) -> None:
    for call, row in paired(came):
        assert call.usage == row.usage, (call.provider, call.endpoint)
        assert (call.provider, call.endpoint, call.streamed) == (row.provider, row.endpoint, row.streamed)
        assert (call.state, call.cut, call.http_status) == (CallState.SETTLED, None, 200)
    assert "unmetered" not in came.stderr
    assert came.shown["aiTokens"] == sum(row.usage.tokens for row in came.truth)


def test_what_a_call_costs_is_known_and_how_that_was_got_is_told(came: Came) -> None:
    for call, row in paired(came):
        assert call.cost_nanos is not None, (call.provider, call.model)
        if call.provider in REPORTED:
            assert (call.cost_nanos, call.evidence) == (row.cost_nanos, Evidence.REPORTED)
        else:
            assert call.evidence is Evidence.MEASURED
        if call.provider in LOCAL:
            assert (call.cost_nanos, call.terms.is_local, call.price_source) == (0, True, "local")
        elif call.provider not in REPORTED:
            assert call.cost_nanos > 0
    assert came.shown["unpricedCalls"] == 0


def test_each_client_gets_the_answer_that_was_written_for_it(came: Came) -> None:
    for line in came.told.values():
        assert line["text"].startswith("naïve answer number ")
    assert len({line["text"] for line in came.told.values()}) == len(came.told)


@pytest.mark.parametrize("came", ["google"], indirect=True)
def test_gemini_is_billed_as_published_to_the_nano_dollar(came: Came) -> None:
    pro, flash = came.calls
    # https://ai.google.dev/gemini-api/docs/pricing, read 2026-11-28: $1.25 in, $0.125 cached and $10 out of the first,
    # $0.30 in and $2.50 out of the second
    assert pro.cost_nanos == 1_001 * 1_250 + 2_000 * 125 + (313 + 40) * 10_000
    assert flash.cost_nanos == 1_002 * 300 + (326 + 70) * 2_500
    assert (pro.model, flash.model) == ("gemini-2.5-pro", "gemini-2.5-flash")


def test_a_deployment_is_billed_as_the_model_behind_it(machine: Machine) -> None:
    (machine.home / ".codesession" / "config.toml").write_text(
        '[providers.azure.deployments]\nmy-gpt = "gpt-4o"\n', encoding="utf-8"
    )
    machine.run(sys.executable, str(AGENTS / "providers_sdk.py"), "azure", env=upstreams(machine))
    call = machine.call()
    assert (call.provider, call.model) == ("azure", "gpt-4o")
    assert call.cost_nanos == (1_060 * 2_500 + (300 + 13 * 60) * 10_000)
    assert call.hold_nanos is not None


def test_a_host_of_ones_own_is_billed_by_the_list_it_names(machine: Machine) -> None:
    (machine.home / ".codesession" / "config.toml").write_text(
        f'[providers.mycompany]\nupstream = "{machine.provider.url}"\nprices = "openai"\n', encoding="utf-8"
    )
    code = (
        "import json, os, urllib.request\n"
        "asked = urllib.request.Request(os.environ['ANTHROPIC_BASE_URL'] + '/mycompany/v1/chat/completions',\n"
        "    json.dumps({'model': 'gpt-4o', 'messages': []}).encode(),\n"
        "    {'x-sim': json.dumps({'input': 1000, 'output': 100}), 'content-type': 'application/json'})\n"
        "urllib.request.urlopen(asked).read()\n"
    )
    machine.run(sys.executable, "-c", code)
    call = machine.call()
    assert (call.provider, call.model, call.cost_nanos) == (
        "mycompany",
        "gpt-4o-2024-08-06",
        1_000 * 2_500 + 100 * 10_000,
    )


def test_time_on_own_hardware_is_paid_by_the_hour_and_summed(machine: Machine) -> None:
    machine.json(
        "local-models", "add", "qwen2.5", "--provider", "ollama", "--cost-per-hour", "3.60", "--gpu", "RTX 4090"
    )
    machine.run(sys.executable, str(AGENTS / "providers_sdk.py"), "ollama", env=upstreams(machine))
    for call in machine.calls():
        assert (call.hardware, call.price_source) == ("RTX 4090", "local (RTX 4090)")
        assert call.cost_nanos is not None
        assert call.cost_nanos > 0
    (row,) = machine.json("show")["hardware"]
    assert (row["hardware"], row["calls"]) == ("RTX 4090", 2)
    assert row["cost"] == pytest.approx(sum(call.cost_nanos or 0 for call in machine.calls()) / 1e9)
