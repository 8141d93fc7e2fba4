"""What happens to a request that costs money? It is read, admitted, forwarded, watched, and settled, once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codesession.capture.providers import Reading, Unreadable
from codesession.capture.providers.base import storable
from codesession.capture.proxy.cache import Request, open_call, replay
from codesession.capture.proxy.client import unless_gone
from codesession.capture.proxy.exchange import OK, Answer, Broken, estimate, outcome
from codesession.capture.proxy.headers import onward
from codesession.capture.proxy.incoming import BadBody, attempt_at, named_session, read_body
from codesession.capture.proxy.outbound import Unreachable
from codesession.errors import DatabaseError
from codesession.model import Cut, Evidence, Hold, Outcome, Refusal

if TYPE_CHECKING:
    from codesession.capture.providers import Endpoint, Provider
    from codesession.capture.providers.base import Asked
    from codesession.capture.proxy.cache import Answers, CachedCall, Kept
    from codesession.capture.proxy.client import Send
    from codesession.capture.proxy.incoming import Incoming, Tally
    from codesession.capture.proxy.outbound import WayOut
    from codesession.model import Attempt
    from codesession.model.ports import Gate, Sessions


class Metered:
    """The metered paths of a relay."""

    def __init__(
        self, gate: Gate, sessions: Sessions, way_out: WayOut, tally: Tally, answers: Answers | None = None
    ) -> None:
        self._answers = answers
        self._gate = gate
        self._sessions = sessions
        self._way_out = way_out
        self._tally = tally

    async def serve(self, incoming: Incoming, endpoint: Endpoint, send: Send) -> None:
        """Admit a call, send it, pass its answer on, and settle it.

        Raises:
            BudgetExceeded: it may not be sent; nothing was.
        """
        body, read = await read_body(incoming)
        try:
            asked = endpoint.read_request(read)
        except Unreadable as error:
            raise BadBody("The request body is not a JSON object.") from error
        amendment = endpoint.amendment if asked.lacks_usage else None
        sent = onward(incoming.raw_headers)
        if amendment:
            try:
                body = amendment.request(read)
                sent = [(key, value) for key, value in sent if key != "content-encoding"]
            except Unreadable:
                amendment = None
        attempt = attempt_at(incoming, endpoint, asked, len(read), await session_of(self._sessions, incoming))
        cached = await self._in_cache(incoming, asked, read, attempt)
        if cached and (kept := await cached.find()):
            await self._answer_again(attempt, kept, send)
            return
        call = _Call(self._gate, attempt, incoming.route.provider, self._tally, cached)

        async def exchange() -> None:
            await call.admit()
            url = incoming.upstream.url(incoming.route.path, incoming.query)
            try:
                response = await self._way_out.send(incoming.method, url, sent, body)
            except Unreachable:
                provider = incoming.route.provider.name
                self._tally.unreachable[provider] = self._tally.unreachable.get(provider, 0) + 1
                await call.release(None)
                raise
            try:
                if response.status in OK:
                    call.answer = Answer(response, endpoint, amendment.answer() if amendment else None, cached)
                    call.response = response
                    await call.answer.forward(send, call.settle, call.watch if call.is_watched else None)
                else:
                    await call.release(response.status)
                    await Answer(response).forward(send, nothing)
            finally:
                response.close()

        try:
            await unless_gone(incoming.client, exchange())
        except Broken:
            await call.settle(Cut.UPSTREAM)
            raise
        finally:
            await call.settle(Cut.CLIENT)

    async def _in_cache(self, incoming: Incoming, asked: Asked, read: bytes, attempt: Attempt) -> CachedCall | None:
        """What the call has to do with the cache; None where there is none, or more than the request decides."""
        if self._answers is None or asked.reads_elsewhere or asked.is_unbounded:
            return None
        return await open_call(self._answers, _request(incoming, read), attempt.session_id)

    async def _answer_again(self, attempt: Attempt, kept: Kept, send: Send) -> None:
        """Answer a call as an identical one was answered; it costs nothing."""
        try:
            await self._gate.hit(attempt, kept.model, kept.cost_nanos)
        except DatabaseError:
            self._tally.unrecorded += 1
        await replay(kept, send)


def _request(incoming: Incoming, read: bytes) -> Request:
    """What the cache goes by."""
    way, upstream = incoming.route, incoming.upstream
    return Request(
        way.provider.name, upstream.root, incoming.method, way.path, incoming.query, incoming.raw_headers, read
    )


class _Call:
    """One call between its hold and its end; whichever end comes first is the one that counts."""

    def __init__(
        self, gate: Gate, attempt: Attempt, provider: Provider, tally: Tally, cached: CachedCall | None
    ) -> None:
        self._cached = cached
        self._gate = gate
        self._hold: Hold | None = None
        self._attempt = attempt
        self._provider = provider
        self._tally = tally
        self._rule: str | None = None
        self.answer: Answer | None = None
        self.response: Any = None

    async def admit(self) -> None:
        """Hold the call; where the ledger cannot take it, that is counted and must not stop an agent.

        Raises:
            BudgetExceeded: it may not be sent.
        """
        try:
            self._hold = await self._gate.admit(self._attempt)
        except DatabaseError:
            self._tally.unrecorded += 1

    @property
    def is_watched(self) -> bool:
        """Whether its answer may have to be ended before its end."""
        return self._hold is not None and self._hold.reserved_nanos is not None

    async def watch(self, reading: Reading) -> str | None:
        """Why the answer must not go on, if it must not."""
        if self._hold is None:
            return None
        told = await self._gate.extend(self._hold, estimate(self._attempt, reading))
        if isinstance(told, Refusal):
            self._rule = told.rule
            return told.message
        self._hold = told
        return None

    async def release(self, http_status: int | None) -> None:
        hold, self._hold = self._hold, None
        if hold:
            await self._record(self._gate.release(hold, http_status))

    async def settle(self, cut: Cut | None = None) -> None:
        hold, self._hold = self._hold, None
        if hold:
            outcome = self._outcome(cut)
            await self._record(self._gate.settle(hold, outcome))
            if self._cached and self.answer and cut is None:
                response = self.response
                self._cached.end(response.status, response.raw_headers, self._attempt, outcome, self.answer.read())

    async def _record(self, writing: Any) -> None:  # noqa: ANN401 - a coroutine of the gate
        try:
            await writing
        except DatabaseError:
            self._tally.unrecorded += 1  # the hold stands; it is billed at its ceiling when the proxy ends

    def _outcome(self, cut: Cut | None) -> Outcome:
        if not self.answer:
            # the client left before any answer: the provider has the request, and reads it
            return Outcome(estimate(self._attempt, Reading()), Evidence.ESTIMATED, cut=cut)
        header = self.response.headers.get
        names = (key.decode() for key in self._provider.request_id_headers)
        request_id = next((header(key) for key in names if header(key)), None)
        if self._rule:
            cut = Cut.CLIENT  # it is ended in the client's stead
        told = outcome(self._attempt, self.answer.read(), cut, self.response.status, storable(request_id))
        return replace(told, model=storable(told.model), response_id=storable(told.response_id), rule=self._rule)


async def session_of(sessions: Sessions, incoming: Incoming) -> int | None:
    """The session a request belongs to; None where the ledger cannot tell.

    Raises:
        SessionNotFound: it names one that does not exist.
    """
    try:
        return await sessions.attribute(named_session(incoming), incoming.peer)
    except DatabaseError:
        return None


async def nothing() -> None:
    """Nothing is to be done before the last byte of an answer that is not metered."""
