"""What happens to a request that costs money? It is read, admitted, forwarded, watched, and settled, once."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from codesession.capture.providers import Reading, Unreadable
from codesession.capture.providers.forms import is_form
from codesession.capture.providers.values import storable, word
from codesession.capture.proxy.cache import Request, open_call, replay
from codesession.capture.proxy.client import unless_gone
from codesession.capture.proxy.exchange import OK, Answer, Broken, beside, estimate, outcome
from codesession.capture.proxy.headers import onward
from codesession.capture.proxy.incoming import MOST_REQUEST, BadBody, attempt_at, named_session, read_body
from codesession.capture.proxy.outbound import Unreachable
from codesession.capture.proxy.stopping import Stop, Stopped
from codesession.errors import BudgetExceeded, DatabaseError
from codesession.model import Cut, Evidence, Hold, Outcome, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from codesession.capture.providers import Endpoint, Provider
    from codesession.capture.providers.base import Asked
    from codesession.capture.proxy.cache import Answers, CachedCall, Kept
    from codesession.capture.proxy.client import Client, Send
    from codesession.capture.proxy.incoming import Incoming, Tally
    from codesession.capture.proxy.outbound import WayOut
    from codesession.model import Attempt
    from codesession.model.relaying import Gate, Sessions

    _Later: TypeAlias = dict[tuple[str, str], "_Call"]
    """The calls that wait for their answers, by provider and the answer's id; which waits longest is the first."""


MOST_LATER = 10_000
"""Answers made in the background that are waited for at a time; of more, the calls are billed at their ceiling."""


LONGEST_LATER_S = 24 * 3600
"""Seconds that such an answer is waited for, from its call on; then the call is billed at its ceiling. Most are made
within minutes, and OpenAI keeps some for ten only (https://developers.openai.com/docs/guides/background, read
2026-11-28)."""


class Metered:
    """The metered paths of a relay."""

    def __init__(
        self,
        gate: Gate,
        sessions: Sessions,
        way_out: WayOut,
        tally: Tally,
        answers: Answers | None = None,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now_s = now_s
        self._answers = answers
        self._gate = gate
        self._sessions = sessions
        self._way_out = way_out
        self._tally = tally
        self._later: _Later = {}
        self._running: set[_Call] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self, sessions: Collection[int]) -> None:
        """Have the calls of these sessions end that run now; any thread may call it, and it returns at once."""

        def press() -> None:
            for call in self._running:
                if call.session_id in sessions:
                    call.stop.press()

        if self._loop:  # else nothing has run yet
            with suppress(RuntimeError):  # the loop has been closed, and nothing runs any more
                self._loop.call_soon_threadsafe(press)

    async def serve(self, incoming: Incoming, endpoint: Endpoint, send: Send) -> None:
        """Admit a call, send it, pass its answer on, and settle it.

        Raises:
            BudgetExceeded: it may not be sent, and was not; or a person stopped it before any answer came.
        """
        self._loop = self._loop or asyncio.get_running_loop()
        await self._wait_no_longer()
        body, read = await read_body(incoming)
        asked = _asked(incoming, endpoint, read)
        amendment = endpoint.amendment if asked.lacks_usage else None
        sent = onward(incoming.raw_headers)
        if amendment:
            try:
                body = amendment.request(read)
                sent = [(key, value) for key, value in sent if key != "content-encoding"]
            except Unreadable:
                amendment = None
        size = len(read) if asked.text_bytes is None else asked.text_bytes
        attempt = attempt_at(incoming, endpoint, asked, size, await session_of(self._sessions, incoming))
        cached = await self._in_cache(incoming, asked, read, attempt)
        if cached and (kept := await cached.find()):
            await self._answer_again(attempt, kept, send)
            return
        call = _Call(self._gate, attempt, incoming.route.provider, self._tally, cached, self._later)
        call.since_s = self._now_s()

        async def exchange() -> None:
            await call.admit()
            call.stop.check()
            call.is_sent = True
            url = incoming.upstream.url(incoming.route.path, incoming.query)
            try:
                response = await call.stop.unless(self._way_out.send(incoming.method, url, sent, body))
            except Unreachable:
                provider = incoming.route.provider.name
                self._tally.unreachable[provider] = self._tally.unreachable.get(provider, 0) + 1
                await call.release(None)
                raise
            try:
                if response.status in OK:
                    call.answer = Answer(response, endpoint, amendment.answer() if amendment else None, cached)
                    call.response = response
                    watch = call.watch if call.is_watched else None
                    await call.answer.forward(send, call.settle, watch, stop=call.stop)
                else:
                    await call.release(response.status)
                    await Answer(response).forward(send, nothing)
            finally:
                response.close()

        await self._see_through(call, incoming.client, exchange())

    async def _see_through(self, call: _Call, client: Client, exchange: Coroutine[Any, Any, None]) -> None:
        """Have a call settled, however its exchange ends: by itself, by its client, or by a person.

        Raises:
            BudgetExceeded: a person has stopped it before any answer came.
            Broken: its answer has ended early.
        """
        self._running.add(call)
        try:
            await unless_gone(client, exchange)
        except Broken:
            await call.settle(Cut.UPSTREAM)
            raise
        except Stopped as stopped:
            raise BudgetExceeded(await stopped.why(), rule=call.rule) from None
        finally:
            self._running.discard(call)
            await call.end()

    async def follow(self, incoming: Incoming, send: Send) -> bool:
        """Pass on what has come of an answer made in the background, and settle the call that asked for it.

        False: none is waited for there, and nothing was done.
        """
        await self._wait_no_longer()
        provider, path = incoming.route.provider, incoming.route.plain_path
        found = [(match[1], endpoint) for pattern, endpoint in provider.later if (match := pattern.fullmatch(path))]
        response_id, endpoint = found[0] if found else ("", None)
        call = self._later.get((provider.name, response_id))
        if call is None or incoming.method not in ("GET", "POST"):
            return False
        body = await incoming.client.body(MOST_REQUEST)

        async def exchange() -> None:
            url = incoming.upstream.url(incoming.route.path, incoming.query)
            sent = body if incoming.method == "POST" else None
            response = await self._way_out.send(incoming.method, url, onward(incoming.raw_headers), sent)
            try:
                is_told = response.status in OK
                answer = Answer(response, endpoint if is_told else None)
                await answer.forward(send, (lambda: call.resume(answer)) if is_told else nothing)
            finally:
                response.close()

        await unless_gone(incoming.client, exchange())
        return True

    async def _wait_no_longer(self) -> None:
        """Have billed what has been waited for too long; looked for whenever a request comes, whatever it asks."""
        while self._later and (first := next(iter(self._later.values()))).since_s + LONGEST_LATER_S <= self._now_s():
            await first.give_up()

    async def _in_cache(self, incoming: Incoming, asked: Asked, read: bytes, attempt: Attempt) -> CachedCall | None:
        """What the call has to do with the cache; None where there is none, or more than the request decides."""
        endpoint = incoming.route.endpoint
        if self._answers is None or asked.reads_elsewhere or asked.is_unbounded:
            return None
        if endpoint is None or not endpoint.is_repeatable:
            return None
        return await open_call(self._answers, _request(incoming, read), attempt.session_id)

    async def _answer_again(self, attempt: Attempt, kept: Kept, send: Send) -> None:
        """Answer a call as an identical one was answered; it costs nothing."""
        try:
            await self._gate.hit(attempt, kept.model, kept.cost_nanos)
        except DatabaseError:
            self._tally.unrecorded += 1
        await replay(kept, send)


def _asked(incoming: Incoming, endpoint: Endpoint, read: bytes) -> Asked:
    """What the request asks for, by its decoded body, its path and its query.

    Raises:
        BadBody: it is neither JSON nor, where one is taken, a form.
    """
    kind = incoming.headers.get("content-type", "")
    try:
        read_form = endpoint.read_form if is_form(kind) else None
        asked = read_form(read, kind) if read_form else endpoint.read_request(read)
        if endpoint.in_path:
            asked = endpoint.in_path(asked, incoming.route.path)
        if endpoint.in_query:
            asked = endpoint.in_query(asked, incoming.query)
    except Unreadable as error:
        raise BadBody("The request body is not a JSON object.") from error
    provider = incoming.route.provider
    tier = word(incoming.headers.get(provider.tier_header)) if provider.tier_header else None
    if tier and asked.terms.service_tier is None:
        asked = replace(asked, terms=replace(asked.terms, service_tier=tier))
    model = provider.deployments.get(asked.model)
    return replace(asked, model=model) if model else asked


def _request(incoming: Incoming, read: bytes) -> Request:
    """What the cache goes by."""
    way, upstream = incoming.route, incoming.upstream
    return Request(
        way.provider.name, upstream.root, incoming.method, way.path, incoming.query, incoming.raw_headers, read
    )


class _Call:
    """One call between its hold and its end; whichever end comes first is the one that counts.

    A call whose answer is made in the background stays held, in `later`, until what has come of it is fetched; if that
    never happens here, it is billed after `LONGEST_LATER_S`, or lost when the proxy ends, like any call in flight.
    """

    since_s = 0.0
    """when it came"""
    is_sent = False
    rule: str | None = None
    """by which it is ended early"""

    def __init__(
        self, gate: Gate, attempt: Attempt, provider: Provider, tally: Tally, cached: CachedCall | None, later: _Later
    ) -> None:
        self._cached = cached
        self._later = later
        self._put_off: Hold | None = None
        self._later_as = ("", "")
        self._waits_no_more = False
        self._gate = gate
        self._hold: Hold | None = None
        self._attempt = attempt
        self._provider = provider
        self._tally = tally
        self.stop = Stop(self.why)
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
    def session_id(self) -> int | None:
        """Whose it is."""
        return self._attempt.session_id

    async def why(self) -> str:
        """What the client is told of a call that a person has stopped."""
        refusal = await self._gate.stopped(self._attempt, self._hold)
        self.rule = refusal.rule
        return refusal.message

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
            self.rule = told.rule
            return told.message
        self._hold = told
        return None

    async def release(self, http_status: int | None) -> None:
        hold, self._hold = self._hold, None
        if hold:
            await self._record(self._gate.release(hold, http_status))

    async def end(self) -> None:
        """Have done with it, unless that has happened: its client has left, or a person has stopped it."""
        if self.is_sent:
            await self.settle(Cut.CLIENT)
        else:
            await self.release(None)

    async def resume(self, answer: Answer) -> None:
        """Settle a call that was put off by what was fetched, if that is all of it."""
        reading = answer.read()
        is_whole = reading.has_ended and not reading.is_waiting and reading.response_id == self._later_as[1]
        if is_whole and self._put_off:
            self._hold, self._put_off = self._put_off, None
            self._later.pop(self._later_as, None)
            self.answer = answer
            await self.settle()

    async def give_up(self) -> None:
        """Settle a call that was put off without what it waits for."""
        self._hold, self._put_off = self._put_off, None
        self._later.pop(self._later_as, None)
        self._waits_no_more = True
        await self.settle()

    async def settle(self, cut: Cut | None = None) -> None:
        if self._hold and self._waits():
            self._hold, self._put_off = None, self._hold
            return
        hold, self._hold = self._hold, None
        if hold:
            outcome = self._outcome(cut)
            await self._record(self._gate.settle(hold, outcome))
            if self.answer and (others := beside(outcome, self.answer.read())):
                await self._record(self._gate.record_results(self._attempt, others))
            if self._cached and self.answer and cut is None:
                response = self.response
                self._cached.end(response.status, response.raw_headers, self._attempt, outcome, self.answer.read())

    def _waits(self) -> bool:
        """Whether what has come of it is to be fetched; if so, that is how it will be settled."""
        reading = self.answer.read() if self.answer and not self.rule else Reading()
        if not reading.is_waiting or not reading.response_id or self._waits_no_more:
            return False
        named = self._provider.name, reading.response_id
        if len(self._later) >= MOST_LATER or named in self._later:
            return False
        self._later_as = named
        self._later[named] = self
        self._cached = None
        return True

    async def _record(self, writing: Any) -> None:  # noqa: ANN401 - a coroutine of the gate
        try:
            await writing
        except DatabaseError:
            self._tally.unrecorded += 1  # the hold stands; it is billed at its ceiling when the proxy ends

    def _outcome(self, cut: Cut | None) -> Outcome:
        if not self.answer:
            # the client left before any answer: the provider has the request, and reads it
            return Outcome(estimate(self._attempt, Reading()), Evidence.ESTIMATED, cut=cut, rule=self.rule)
        header = self.response.headers.get
        names = (key.decode() for key in self._provider.request_id_headers)
        request_id = next((header(key) for key in names if header(key)), None)
        if self.rule:
            cut = Cut.CLIENT  # it is ended in the client's stead
        told = outcome(self._attempt, self.answer.read(), cut, self.response.status, storable(request_id))
        model = self._provider.deployments.get(told.model or "", told.model)
        tier = word(header(self._provider.told_tier_header)) if self._provider.told_tier_header else None
        terms = replace(told.terms, service_tier=told.terms.service_tier or tier)
        return replace(told, model=storable(model), response_id=storable(told.response_id), rule=self.rule, terms=terms)


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
