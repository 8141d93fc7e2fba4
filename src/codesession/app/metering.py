"""How are the relay, the prices and the ledger wired together? For as long as a program runs beside them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession import __version__
from codesession.app.pricing import price_book
from codesession.capture.clients import exported_upstreams
from codesession.capture.providers import PROVIDERS, Provider, relayed
from codesession.capture.proxy import LOOPBACK, ProxyApp, Tally, WayOut, serving, upstream_at
from codesession.errors import DatabaseError, SessionNotFound
from codesession.gate import LedgerGate
from codesession.ledger import WriteQueue

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from codesession.app.core import App
    from codesession.capture.proxy import Upstream
    from codesession.config import Config
    from codesession.meter import PriceBook
    from codesession.model import Session, Totals
    from codesession.model.ports import Sessions


@dataclass(frozen=True, slots=True)
class Metering:
    """A proxy at work."""

    root: str
    """its address, ``http://127.0.0.1:PORT``"""
    port: int
    tally: Tally


async def named_session(queue: WriteQueue, named: int) -> int:
    """The session a call names itself.

    Raises:
        SessionNotFound: there is none of that id.
    """
    if await queue.write(lambda tx: tx.session(named)) is None:
        raise SessionNotFound(f"No session has the id {named}.", id=named)
    return named


class OneSession:
    """The `Sessions` of a `cs run`: calls that name no session are its own."""

    def __init__(self, queue: WriteQueue, session_id: int) -> None:
        self._queue = queue
        self._own = session_id
        self._known = {session_id}

    async def attribute(self, named: int | None, peer: tuple[str, int] | None) -> int:
        """The session named, or this run's; whoever asks."""
        del peer
        if named is None:
            return self._own
        if named not in self._known:
            self._known.add(await named_session(self._queue, named))
        return named

    async def standing(self) -> tuple[Session, Totals] | None:
        """This run's session."""
        session, totals = await self._queue.write(lambda tx: (tx.session(self._own), tx.totals(self._own)))
        return (session, totals) if session else None


def prices(app: App) -> PriceBook:
    """The user's prices and the published ones; what cannot be used is said, and is unpriced."""
    return price_book(app.config, app.problem)


@contextmanager
def metering(
    app: App,
    listener: socket.socket,
    owner_id: int,
    sessions: Callable[[WriteQueue], Sessions],
    upstreams: Mapping[str, Upstream],
) -> Iterator[Metering]:
    """Serve the proxy on `listener` while the block runs; when it ends, nothing is left in flight."""
    port: int = listener.getsockname()[1]
    queue = WriteQueue(app.ledger)
    try:
        way_out = WayOut(app.config.connect_timeout_s, app.config.idle_timeout_s)
        proxy = ProxyApp(
            LedgerGate(queue, prices(app), owner_id, app.now_ms),
            sessions(queue),
            way_out,
            version=__version__,
            upstreams=upstreams,
            providers=providers(app.config),
        )
        with serving(proxy, way_out, listener):
            yield Metering(f"http://{LOOPBACK}:{port}", port, proxy.tally)
    finally:
        queue.close()
        try:
            with app.ledger.writing() as writer:
                writer.lose(owner_id, app.now_ms())
        except DatabaseError as error:  # the next command that can write will find what is held, and its owner gone
            app.say(error.message)


def providers(config: Config) -> dict[str, Provider]:
    """The providers we know, and those the user has named with an address, which are relayed."""
    named = {name: relayed(name) for name in config.upstreams if name not in PROVIDERS}
    return {**PROVIDERS, **named}


def upstreams(config: Config, command: Sequence[str] = ()) -> dict[str, Upstream]:
    """Where calls go on to: what is set for us, else what the user has exported for the clients.

    Raises:
        InvalidInput: an address cannot be used.
    """
    ours = {name: upstream_at(address) for name, address in config.upstreams.items()}
    return {**exported_upstreams(config.environ, command), **ours}
