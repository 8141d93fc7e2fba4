"""How are the relay, the prices and the ledger wired together? For as long as a program runs beside them."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from codesession import __version__
from codesession.app.alerts import alerts_for
from codesession.app.budgets import zone_of
from codesession.app.caching import kept_answers
from codesession.app.directories import Directories
from codesession.app.pricing import price_book
from codesession.app.project_file import ProjectFiles
from codesession.app.switches import heeding
from codesession.capture.clients import exported_upstreams
from codesession.capture.providers import PROVIDERS, Provider, named
from codesession.capture.proxy import LOOPBACK, ProxyApp, Tally, Upstream, WayOut, serving, upstream_at
from codesession.config import ProviderConfig
from codesession.errors import DatabaseError, SessionNotFound
from codesession.gate import LedgerGate, Surroundings
from codesession.guard import Action, Thresholds, Watches
from codesession.ledger import WriteQueue

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from codesession.app.core import App
    from codesession.config import Config
    from codesession.meter import PriceBook
    from codesession.model import EventKind, Refusal, Session, Totals
    from codesession.model.relaying import Sessions


_KEPT_MS = 60 * 24 * 3600 * 1000
"""How long what a budget came to is kept after its window has ended, in milliseconds; the calls stay."""


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


class InProjects:
    """The `Sessions` of a proxy that heeds the projects' own files: what one says holds from the next call on."""

    def __init__(self, sessions: Sessions, queue: WriteQueue, files: ProjectFiles) -> None:
        self._sessions = sessions
        self._files = files
        self._directories = Directories(queue)

    async def attribute(self, named: int | None, peer: tuple[str, int] | None) -> int | None:
        """The session of a call, once what its project's file says is in the ledger."""
        session_id = await self._sessions.attribute(named, peer)
        if session_id is not None:
            directory = await self._directories.of(session_id)
            if directory is not None and self._files.is_due(directory):
                await asyncio.to_thread(self._files.check, directory)
        return session_id

    async def standing(self) -> tuple[Session, Totals] | None:
        """The session that unnamed calls go to now."""
        return await self._sessions.standing()


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
    refused: Callable[[Refusal, EventKind], None] = lambda _refusal, _kind: None,
    stopped: Callable[[Collection[int]], None] = lambda _sessions: None,
) -> Iterator[Metering]:
    """Serve the proxy on `listener` while the block runs; when it ends, nothing is left in flight.

    `refused` is called, in the proxy's thread, when a call was refused or an answer ended; it returns at once. So does
    `stopped`, which is told of sessions that a person has stopped (see `heeding`).
    """
    port: int = listener.getsockname()[1]
    alerts = alerts_for(app.config, app.say, app.now_ms)
    queue = WriteQueue(app.ledger)
    try:
        with app.ledger.writing() as writer:
            writer.forget_accounts(app.now_ms() - _KEPT_MS)
            is_guarded = writer.has_blocking_budget()
        around = Surroundings(zone_of(app.config), alerts.tell, refused, watches(app.config))
        way_out = WayOut(app.config.connect_timeout_s, app.config.idle_timeout_s)
        book = prices(app)
        with kept_answers(app, queue, book) as answers:
            proxy = ProxyApp(
                LedgerGate(queue, book, owner_id, app.now_ms, around, is_guarded=is_guarded),
                InProjects(sessions(queue), queue, ProjectFiles(app.ledger, app.problem)),
                way_out,
                version=__version__,
                upstreams=upstreams,
                providers=providers(app.config),
                answers=answers,
            )

            def heard(sessions: Collection[int]) -> None:
                stopped(sessions)
                proxy.stop(sessions)

            with serving(proxy, way_out, listener), heeding(app.ledger, heard):
                yield Metering(f"http://{LOOPBACK}:{port}", port, proxy.tally)
    finally:
        queue.close()
        try:
            with app.ledger.writing() as writer:
                writer.lose(owner_id, app.now_ms())
        except DatabaseError as error:  # the next command that can write will find what is held, and its owner gone
            app.say(error.message)
        alerts.close()


def watches(config: Config) -> Watches | None:
    """What looks for loops, as the user has settled it; None: nothing does."""
    wanted = config.runaway
    if wanted.action == "off":
        return None
    known = {field.name: getattr(wanted, field.name) for field in fields(Thresholds)}
    said = {name: value for name, value in known.items() if value is not None}
    return Watches(Thresholds(**said), Action(wanted.action), wanted.wait_s)


def providers(config: Config) -> dict[str, Provider]:
    """The providers we know, as the user has settled them, and the hosts that the user has named.

    A host of a new name speaks OpenAI's API unless it is said to speak another.
    """
    said = {name: config.providers.get(name, ProviderConfig()) for name in (*config.upstreams, *config.providers)}
    own = {
        name: named(
            name,
            PROVIDERS,
            settled.wire,
            is_local=settled.is_local,
            asks_usage=settled.asks_usage,
            deployments=settled.deployments,
        )
        for name, settled in said.items()
    }
    return {**PROVIDERS, **own}


def upstreams(config: Config, command: Sequence[str] = ()) -> dict[str, Upstream]:
    """Where calls go on to: what is set for us, else what the user has exported for the clients.

    Raises:
        InvalidInput: an address cannot be used.
    """
    ours = {name: _upstream(address) for name, address in config.upstreams.items()}
    return {**exported_upstreams(config.environ, command), **ours}


def _upstream(address: str) -> Upstream:
    """The upstream for an address of ours; one that ends with a version stands for it, whether a path has it or not."""
    upstream = upstream_at(address)
    return replace(upstream, without="/v1") if upstream.root.endswith("/v1") else upstream
