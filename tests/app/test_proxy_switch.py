"""Can a proxy be begun and ended from within another program, and does it end with it?"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from codesession.app.proxy_status import proxy_status
from codesession.app.proxy_switch import ProxySwitch
from codesession.capture.proxy import listen
from codesession.config import PROXY_PORT
from codesession.errors import PortTaken

if TYPE_CHECKING:
    from tests.app.place import Place

pytestmark = pytest.mark.usefixtures("priced")
WAIT_S = 30


def test_the_usual_port_is_the_documented_one() -> None:
    assert PROXY_PORT == 3739


def test_it_is_begun_once_and_ended(place: Place) -> None:
    switch = ProxySwitch(place.app())
    assert (switch.port, switch.stop()) == (None, False)
    port = switch.start(0)
    try:
        assert switch.start(0) == switch.port == port
        assert proxy_status(port, WAIT_S).running
    finally:
        assert switch.stop()
    assert switch.port is None
    assert not proxy_status(port, WAIT_S).running
    assert not any(thread.name == "proxy-switch" for thread in threading.enumerate())


def test_it_can_be_begun_again(place: Place) -> None:
    switch = ProxySwitch(place.app())
    for _ in range(2):
        switch.start(0)
        assert switch.stop()


def test_a_port_that_is_taken_starts_nothing(place: Place) -> None:
    switch = ProxySwitch(place.app())
    with closing(listen(0)) as listener, pytest.raises(PortTaken):
        switch.start(listener.getsockname()[1])
    assert (switch.port, switch.stop()) == (None, False)


PROGRAM = """
from codesession.app import open_app
from codesession.app.proxy_switch import ProxySwitch
from codesession.config import read_config

with open_app(read_config(), print) as app:
    print(ProxySwitch(app).start(0), flush=True)
    input()
"""


def test_it_ends_with_the_program(place: Place) -> None:
    environ = os.environ | {"HOME": str(place.home)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_S)) as connection:
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
        child.communicate("\n", timeout=WAIT_S)
    assert child.returncode == 0
    assert not proxy_status(port, WAIT_S).running
