"""Do calls reach the session they belong to, and is nothing left in flight when a proxy ends?"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codesession.app.metering import OneSession, metering, prices, providers, upstreams
from codesession.app.proxying import BACKGROUND, PeerSessions, scope_of_peer, standalone_proxy, wait_for_end
from codesession.app.sessions import current_scope, start_session
from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy import listen
from codesession.config import Config, ProviderConfig, read_config
from codesession.errors import DatabaseError, InvalidInput, PortTaken, SessionActive, SessionNotFound
from codesession.ledger import WriteQueue
from codesession.meter import PricesUnavailable
from codesession.model import Attempt, CallState, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.place import Place

    from codesession.app import App


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


@pytest.fixture
def queue(app: App) -> Iterator[WriteQueue]:
    with closing(WriteQueue(app.ledger)) as queue:
        yield queue


# --- a run's own session ---


def test_calls_of_a_run_are_its_own_unless_they_name_another(app: App, queue: WriteQueue) -> None:
    mine = start_session(app, "mine")
    with app.ledger.writing() as tx:
        other = tx.begin_session(Scope("/other"), "other", 1)

    async def ask() -> None:
        sessions = OneSession(queue, mine.id)
        assert await sessions.attribute(None, None) == mine.id
        assert await sessions.attribute(None, ("127.0.0.1", 1)) == mine.id
        assert await sessions.attribute(other.id, None) == other.id
        assert await sessions.attribute(other.id, None) == other.id
        with pytest.raises(SessionNotFound) as caught:
            await sessions.attribute(4711, None)
        assert caught.value.extra == {"id": 4711}
        standing = await sessions.standing()
        assert standing
        assert standing[0] == mine
        assert await OneSession(queue, 4711).standing() is None

    asyncio.run(ask())


# --- a stand-alone proxy ---


@pytest.fixture
def peers(place: Place, app: App, queue: WriteQueue) -> PeerSessions:
    return PeerSessions(queue, current_scope(), app.ledger.claim(1), lambda: place.now_ms)


@pytest.fixture
def peer() -> Iterator[tuple[str, int]]:
    """Our own end of a connection: this process, which stands in the repository."""
    with (
        closing(listen(0)) as listener,
        socket.create_connection(listener.getsockname()) as ours,
        listener.accept()[0],
    ):
        host, port = ours.getsockname()
        yield host, port


NOBODY = ("127.0.0.1", 1)


def test_a_call_goes_to_the_session_of_the_directory_its_program_stands_in(
    place: Place, app: App, peers: PeerSessions, peer: tuple[str, int]
) -> None:
    session = start_session(app, "here")
    place.outside()
    start_session(app, "elsewhere")
    assert asyncio.run(peers.attribute(None, peer)) != session.id  # this process has moved there
    place.monkeypatch.chdir(place.repo)
    place.now_ms += 60_000
    assert asyncio.run(peers.attribute(None, peer)) == session.id


def test_the_scope_of_a_connection_is_that_of_its_program(place: Place, peer: tuple[str, int]) -> None:
    found = scope_of_peer(peer)
    assert found
    assert found.directory == str(place.repo)
    assert scope_of_peer(NOBODY) is None


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps the current directory from being deleted")
def test_a_program_whose_directory_is_gone_is_not_refused(
    place: Place, app: App, peers: PeerSessions, peer: tuple[str, int]
) -> None:
    only = start_session(app, "only")
    place.outside("gone").rmdir()
    assert scope_of_peer(peer) is None
    assert asyncio.run(peers.attribute(None, peer)) == only.id


def test_a_program_is_looked_for_again_only_after_a_while(
    place: Place, app: App, peers: PeerSessions, peer: tuple[str, int]
) -> None:
    session = start_session(app, "here")
    assert asyncio.run(peers.attribute(None, peer)) == session.id
    place.outside()
    place.now_ms += 30_000
    assert asyncio.run(peers.attribute(None, peer)) == session.id
    place.now_ms += 1
    outside = place.session(asyncio.run(peers.attribute(None, peer)))  # where it stands now
    assert (outside.directory, outside.is_background) == (str(place.home / "outside"), True)
    there = start_session(app, "there")
    assert asyncio.run(peers.attribute(None, peer)) == there.id


@contextmanager
def ended_by(number: signal.Signals) -> Iterator[None]:
    """Sends this process a signal as soon as somebody waits for one."""
    before = signal.getsignal(number)
    is_over = threading.Event()

    def send() -> None:
        while signal.getsignal(number) == before:
            if is_over.wait(0.005):
                return
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="there os.kill ends a process at once")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_proxy_waits_until_it_is_asked_to_end(name: str) -> None:
    number = signal.Signals[name]
    before = signal.getsignal(number)
    with ended_by(number):
        wait_for_end()
    assert signal.getsignal(number) == before


def test_a_call_of_nobody_goes_to_the_only_session(place: Place, app: App, peers: PeerSessions) -> None:
    place.outside()
    only = start_session(app, "only")
    assert asyncio.run(peers.attribute(None, None)) == only.id
    assert asyncio.run(peers.attribute(None, NOBODY)) == only.id


def test_else_a_background_session_begins_in_its_scope(app: App, peers: PeerSessions, place: Place) -> None:
    first = asyncio.run(peers.attribute(None, None))
    assert asyncio.run(peers.attribute(None, None)) == first
    session = place.session(first)
    assert (session.name, session.directory, session.is_background) == (BACKGROUND, str(place.repo), True)
    begun = start_session(app, "by hand")  # which ends it
    assert not place.session(first).is_active
    assert asyncio.run(peers.attribute(None, None)) == begun.id


def test_of_several_sessions_none_is_guessed(place: Place, app: App, peers: PeerSessions) -> None:
    with app.ledger.writing() as tx:
        others = {tx.begin_session(Scope(f"/{name}"), name, 1).id for name in "ab"}
    assert asyncio.run(peers.attribute(None, None)) not in others
    assert place.session(3).name == BACKGROUND


def test_a_call_that_names_its_session_is_believed_if_there_is_one(app: App, peers: PeerSessions) -> None:
    with app.ledger.writing() as tx:
        named = tx.begin_session(Scope("/other"), "other", 1).id
    assert asyncio.run(peers.attribute(named, None)) == named
    with pytest.raises(SessionNotFound):
        asyncio.run(peers.attribute(4711, None))


def test_what_stands_is_the_session_here_or_the_only_one(place: Place, app: App, peers: PeerSessions) -> None:
    assert asyncio.run(peers.standing()) is None
    with app.ledger.writing() as tx:
        other = tx.begin_session(Scope("/other"), "other", 1)
    standing = asyncio.run(peers.standing())
    assert standing
    assert standing[0] == other
    here = start_session(app, "here")
    standing = asyncio.run(peers.standing())
    assert standing
    assert standing[0] == here
    assert place.said == []


@pytest.mark.usefixtures("priced")
def test_a_proxy_ends_the_sessions_it_began(place: Place, app: App) -> None:
    with standalone_proxy(app, 0, "proxied") as (proxy, session):
        assert session
        assert session.is_active
        assert proxy.root == f"http://127.0.0.1:{proxy.port}"
        place.write("made.txt")
    assert not place.session(session.id).is_active
    with app.ledger.reading() as tx:
        assert [file.path for file in tx.files(session.id)] == ["made.txt"]


@pytest.mark.usefixtures("priced")
def test_a_proxy_without_a_name_begins_no_session_of_its_own(place: Place, app: App) -> None:
    mine = start_session(app, "mine")
    with standalone_proxy(app, 0, None) as (_, session):
        assert session is None
    assert place.session(mine.id).is_active


def test_a_proxy_does_not_start_where_a_session_of_another_name_is_active(app: App) -> None:
    start_session(app, "mine")
    with pytest.raises(SessionActive), standalone_proxy(app, 0, "proxied"):
        raise AssertionError("it has started")


def test_a_proxy_does_not_start_on_a_port_that_is_taken(app: App) -> None:
    with (
        closing(listen(0)) as taken,
        pytest.raises(PortTaken),
        standalone_proxy(app, taken.getsockname()[1], None),
    ):
        raise AssertionError("it has started")


# --- the wiring ---


@pytest.mark.usefixtures("priced")
def test_what_is_in_flight_when_a_proxy_ends_is_billed(app: App) -> None:
    owner_id = app.ledger.claim(1)
    session = start_session(app, "work")
    with (
        closing(listen(0)) as listener,
        metering(app, listener, owner_id, lambda queue: OneSession(queue, session.id), {}),
        app.ledger.writing() as tx,
    ):
        call_id = tx.hold(Attempt(None, "p", "m", "e", streamed=True, request_bytes=1), 900, owner_id, 1)
    with app.ledger.reading() as tx:
        call = tx.call(call_id)
    assert call
    assert (call.state, call.cost_nanos) == (CallState.LOST, 900)


def test_without_published_prices_that_is_said_and_everything_is_unpriced(place: Place, app: App) -> None:
    def unavailable(_: object) -> None:
        raise PricesUnavailable("No prices here.")

    place.monkeypatch.setattr("codesession.app.pricing.ensure_shards", unavailable)
    catalogue = prices(app)
    assert place.said == ["No prices here. Every call will be unpriced."]
    from datetime import UTC, datetime

    assert catalogue.ceiling("openai", "gpt-4o", 1, 1, datetime.now(UTC)) is None


def test_a_host_that_the_user_names_is_metered(place: Place) -> None:
    place.monkeypatch.setenv("CODESESSION_UPSTREAM_MINE", "http://127.0.0.1:8000")
    place.monkeypatch.setenv("CODESESSION_UPSTREAM_OPENAI", "http://127.0.0.1:9000/x")
    config = read_config()
    known = providers(config)
    assert known.keys() - PROVIDERS.keys() == {"mine"}
    assert known["mine"].endpoints["/v1/chat/completions"].name == "chat"
    assert known["openai"] is PROVIDERS["openai"]
    assert {"mine", "openai"} <= upstreams(config).keys()


def test_what_the_user_says_of_a_host_holds() -> None:
    said = {
        "claude": ProviderConfig("anthropic", "anthropic"),
        "azure": ProviderConfig(deployments={"my-gpt": "gpt-4o"}),
        "gpu": ProviderConfig(is_local=True, asks_usage=False),
    }
    config = Config(Path("/data"), Path("/data/sessions.db"), providers=said)
    known = providers(config)
    assert known["claude"].endpoints == PROVIDERS["anthropic"].endpoints
    assert known["azure"].deployments == {"my-gpt": "gpt-4o"}
    assert (known["gpu"].is_local, known["gpu"].endpoints["/v1/chat/completions"].amendment) == (True, None)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
def test_an_address_that_ends_with_a_version_stands_for_it(place: Place, path: str) -> None:
    place.monkeypatch.setenv("CODESESSION_UPSTREAM_MINE", "https://llm.example/api/v1/")
    upstream = upstreams(read_config())["mine"]
    assert str(upstream.url(path, "")) == "https://llm.example/api/v1/chat/completions"


def test_an_address_that_cannot_be_used_is_refused(place: Place) -> None:
    place.monkeypatch.setenv("CODESESSION_UPSTREAM_OPENAI", "ftp://nowhere")
    with pytest.raises(InvalidInput):
        upstreams(read_config())


@pytest.mark.usefixtures("priced")
def test_a_ledger_that_fails_when_a_proxy_ends_is_said(place: Place, app: App) -> None:
    owner_id = app.ledger.claim(1)
    session = start_session(app, "work")
    other = place.app()
    with (
        closing(listen(0)) as listener,
        metering(app, listener, owner_id, lambda queue: OneSession(queue, session.id), {}),
    ):
        app.ledger.close()
    assert [sentence for sentence in place.said if "closed database" in sentence]
    with pytest.raises(DatabaseError), app.ledger.reading():
        raise AssertionError("it is closed")
    with other.ledger.reading() as tx:
        assert tx.session(session.id)
