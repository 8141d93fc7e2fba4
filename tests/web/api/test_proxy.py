"""Can the proxy be begun and ended over HTTP, and is what was begun elsewhere left alone?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from codesession.app.proxy_status import ProxyStatus
from codesession.app.proxy_switch import ProxySwitch
from codesession.errors import PortTaken
from codesession.web.api import build_api, live, proxy

if TYPE_CHECKING:
    from codesession.app import App

pytestmark = pytest.mark.usefixtures("priced")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Whether somebody else's proxy listens at the usual port; whose machine this is does not matter."""
    state = {"runs": False}
    monkeypatch.setattr(proxy, "proxy_status", lambda port=1: ProxyStatus(running=state["runs"], port=port))
    return state


@pytest.mark.usefixtures("elsewhere")
def test_a_proxy_is_begun_and_ended(app: App) -> None:
    with TestClient(build_api(app)) as client:
        begun = client.post("/proxy/start", json={"port": 0}).json()
        try:
            assert (begun["success"], begun["running"], begun["port"] > 0) == (True, True, True)
            assert begun["env"]["OPENAI_BASE_URL"] == f"http://127.0.0.1:{begun['port']}/v1"
            assert client.post("/proxy/start").json() == begun
        finally:
            ended = client.post("/proxy/stop").json()
        assert ended == {"success": True, "running": False, "port": None, "env": {}}
        assert client.post("/proxy/stop").json() == ended


def test_one_that_was_begun_elsewhere_is_used_and_not_ended(
    app: App, elsewhere: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_taken(_switch: ProxySwitch, port: int) -> int:
        raise PortTaken("Port 3739 is in use.", port=port)

    monkeypatch.setattr(ProxySwitch, "start", is_taken)
    with TestClient(build_api(app)) as client:
        assert client.post("/proxy/start").status_code == 409  # it is no proxy of ours
    elsewhere["runs"] = True
    with TestClient(build_api(app)) as client:
        assert client.post("/proxy/start").json()["port"] == 3739
        answer = client.post("/proxy/stop")
    assert (answer.status_code, answer.json()["code"]) == (409, "port_taken")


def test_the_one_beside_it_is_the_one_and_ends_with_the_program(
    app: App, elsewhere: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere["runs"] = True
    monkeypatch.setattr(live, "proxy_status", lambda port: ProxyStatus(running=True, port=port))
    with TestClient(build_api(app, 4711)) as client:
        assert client.get("/proxy/status").json()["port"] == 4711
        assert client.post("/proxy/start").json()["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:4711"
        answer = client.post("/proxy/stop")
    assert (answer.status_code, answer.json()["code"], answer.json()["port"]) == (409, "port_taken", 4711)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("port", [-1, 65_536, "x", True])
def test_what_is_no_port_is_refused(app: App, port: object) -> None:
    with TestClient(build_api(app)) as client:
        assert client.post("/proxy/start", json={"port": port}).status_code == 400


def test_what_the_cache_saved_is_told(app: App) -> None:
    with TestClient(build_api(app)) as client:
        stats = client.get("/proxy/stats").json()
    assert (stats["enabled"], stats["entries"], stats["hits"], stats["savedCost"]) == (False, 0, 0, 0.0)
    assert "lastHit" not in stats
