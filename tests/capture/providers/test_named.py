from __future__ import annotations

import pytest

from codesession.capture.providers import PROVIDERS, WIRES, named
from codesession.capture.providers.openai import OPENAI


def test_a_new_name_speaks_openais_api_with_and_without_a_version() -> None:
    mine = named("mine", PROVIDERS)

    assert {path.removeprefix("/v1") for path in mine.endpoints} == {
        "/chat/completions",
        "/completions",
        "/responses",
        "/embeddings",
        "/rerank",
    }
    assert len(mine.endpoints) == 10
    assert (mine.name, mine.upstream, mine.is_local, dict(mine.base_urls)) == ("mine", None, False, {})
    assert mine.refusal(400, "x", "No.") == OPENAI.refusal(400, "x", "No.")


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "openai"])
def test_a_new_name_may_speak_another_wire(wire: str) -> None:
    mine, known = named("mine", PROVIDERS, wire), PROVIDERS[wire]

    assert (mine.name, mine.upstream, dict(mine.base_urls)) == ("mine", None, {})
    assert (mine.endpoints, mine.patterns, mine.free) == (known.endpoints, known.patterns, known.free)
    assert mine.refusal(400, "x", "No.") == known.refusal(400, "x", "No.")
    assert mine.is_local == known.is_local


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_known_stays_as_it_is_unless_something_is_said(name: str) -> None:
    assert named(name, PROVIDERS) is PROVIDERS[name]


@pytest.mark.parametrize("wire", WIRES)
def test_to_say_what_is_known_changes_nothing(wire: str) -> None:
    assert named(wire, PROVIDERS, wire) is PROVIDERS[wire]


def test_what_is_known_may_be_given_another_wire_and_stays_where_it_is() -> None:
    deepseek = named("deepseek", PROVIDERS, "anthropic")

    assert deepseek.endpoints == PROVIDERS["anthropic"].endpoints
    assert (deepseek.name, deepseek.upstream) == ("deepseek", PROVIDERS["deepseek"].upstream)
    assert deepseek.base_urls == PROVIDERS["deepseek"].base_urls


def test_what_the_user_says_of_a_host_holds() -> None:
    mine = named("azure", PROVIDERS, is_local=True, deployments={"my-gpt": "gpt-4o"})

    assert (mine.is_local, mine.deployments) == (True, {"my-gpt": "gpt-4o"})
    assert named("ollama", PROVIDERS, is_local=False).is_local is False


def test_a_host_that_refuses_to_be_asked_for_usage_is_not_asked() -> None:
    mine, azure = named("mine", PROVIDERS, asks_usage=False), named("azure", PROVIDERS, asks_usage=False)

    assert not any(endpoint.amendment for endpoint in mine.endpoints.values())
    assert not any(endpoint.amendment for _, endpoint in azure.patterns)
    assert named("mine", PROVIDERS).endpoints["/chat/completions"].amendment
