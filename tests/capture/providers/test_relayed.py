from __future__ import annotations

from typing import Any

import pytest

from codesession.capture.providers import PROVIDERS, relayed
from codesession.capture.providers.relayed import RELAYED


@pytest.mark.parametrize("provider", RELAYED, ids=lambda provider: provider.name)
def test_what_is_passed_through_is_not_metered(provider: Any) -> None:
    assert not provider.endpoints
    assert PROVIDERS[provider.name] is provider


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("google", {"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}),
        ("ollama", {"error": "No."}),
        ("mistral", {"error": {"message": "No.", "type": "budget_exceeded", "param": None, "code": "budget_exceeded"}}),
    ],
)
def test_refusals_are_in_the_providers_shape(name: str, refusal: dict[str, Any]) -> None:
    assert PROVIDERS[name].refusal(400, "budget_exceeded", "No.") == refusal


def test_googles_unknown_statuses_are_unavailable() -> None:
    assert PROVIDERS["google"].refusal(502, "x", "No.")["error"]["status"] == "UNAVAILABLE"


def test_a_provider_of_the_users_own_is_passed_through() -> None:
    assert relayed("mine").upstream is None
    assert relayed("mine").base_urls == {}
