"""A relay for each test, between a provider the test plays and clients of its own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.wire import WAIT_S, Books, Provider, Proxy, Sessions, upstreams
from tests.demo.authorities import few_authorities, one_authority

from codesession.capture.proxy import ProxyApp, WayOut, listen, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from codesession.capture.proxy import Upstream

__all__ = ["few_authorities", "one_authority"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


@pytest.fixture
def start(provider: Provider) -> Iterator[Callable[..., Proxy]]:
    """Start a relay to `provider`, or to other upstreams."""
    with ExitStack() as running:

        def run(
            *,
            gate: Any = None,
            to: Mapping[str, Upstream] | None = None,
            connect_s: float = WAIT_S,
            idle_s: float = WAIT_S,
            **options: Any,
        ) -> Proxy:
            books, sessions, way_out = Books(), Sessions(), WayOut(connect_s, idle_s)
            known = upstreams(provider.root) if to is None else to
            app = ProxyApp(gate or books, sessions, way_out, version="9.9.9", upstreams=known, **options)
            listener = listen(0)
            proxy = Proxy(app, listener.getsockname()[1], books, sessions)
            running.enter_context(serving(app, way_out, listener))
            running.callback(proxy.close)
            return proxy

        yield run


@pytest.fixture
def relay(start: Callable[..., Proxy]) -> Proxy:
    return start()
