from __future__ import annotations

import pytest

from codesession.capture.proxy.peers import Forbidden, check_peer


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1:3739", "127.0.0.1", "localhost", "LocalHost:80", "[::1]:3739", "[::1]"])
def test_programs_of_this_machine_may_come_in(address: str, host: str) -> None:
    check_peer(address, {"host": host})


@pytest.mark.parametrize("address", [None, "10.0.0.7", "192.168.1.2", "::ffff:10.0.0.7", "fe80::1", "0.0.0.0", "", "x"])
def test_other_machines_may_not(address: str | None) -> None:
    with pytest.raises(Forbidden, match="on this machine"):
        check_peer(address, {"host": "127.0.0.1"})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example:80",
        "",
        "[::2]",
        "0.0.0.0",
        "2130706433",
    ],
)
def test_foreign_names_may_not_be_used(host: str) -> None:
    with pytest.raises(Forbidden, match="localhost only"):
        check_peer("127.0.0.1", {"host": host})


def test_a_request_without_a_host_may_not_come_in() -> None:
    with pytest.raises(Forbidden):
        check_peer("127.0.0.1", {})


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost", "null", ""])
def test_web_pages_may_not_come_in(origin: str) -> None:
    with pytest.raises(Forbidden, match="Web pages"):
        check_peer("127.0.0.1", {"host": "127.0.0.1", "origin": origin})
