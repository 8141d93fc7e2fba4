"""What does the simulated provider do with a request? Plan the answer, keep the truth, write the answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from codesession.demo.answer import write_json, write_stream
from codesession.demo.batches import Batches, Unknown
from codesession.demo.codings import decoded
from codesession.demo.exchange import Exchange
from codesession.demo.multipart import IS_FORM, fields_of
from codesession.demo.plan import plan
from codesession.demo.routes import route
from codesession.demo.script import DEFAULT, Script, marked, parse, scripted
from codesession.demo.truth import Received, Truth, sha256, to_json
from codesession.errors import InvalidInput
from codesession.model import STANDARD, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.demo.answer import Ending
    from codesession.demo.exchange import Receive, Scope, Send
    from codesession.demo.plan import Plan
    from codesession.demo.shapes import Endpoint, Headers, Route
    from codesession.demo.truth import Ended

_JSON = (b"content-type", b"application/json")
_FIRST_ERROR_STATUS = 400
_TOO_MANY_REQUESTS = 429
_DEFAULT_RETRY_AFTER_S = 1

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class Provider:
    """The ASGI application: every provider on one port. Its answers to one request differ only in their ids."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self._batches = Batches()
        self._run = secrets.token_hex(6)
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send)
        if exchange.path.startswith("/_sim/"):
            await _tell(exchange, scope["query_string"].decode(), self.truth)
            return
        raw = await exchange.body()
        if exchange.is_abandoned:
            await exchange.abandoned()
            return
        self._count += 1
        number = self._count
        where = route(exchange)
        endpoint, wire = where.endpoint, where.endpoint.wire
        chosen = _decide(exchange, where, raw, f"{self._run}{number:010x}", self._batches)
        request_id = wire.request_id(chosen.id)

        if self.truth.is_on:
            self.truth.opened(_arrived(number, exchange, raw, endpoint, chosen, request_id))

        def close(ended: Ended, *, usage: Usage, reported: Usage | None, events: int = 0) -> None:
            if self.truth.is_on:
                status = chosen.script.status if exchange.has_begun else None
                known = {"ended": ended, "usage": usage, "reported": reported, "events": events, "status": status}
                self.truth.closed(number, **known)

        headers = [*wire.headers(request_id), *endpoint.headers(chosen)]
        headers += [(name.encode(), value.encode()) for name, value in chosen.script.headers.items()]
        if not await _begins(exchange, chosen.script, close):
            return
        if chosen.script.status >= _FIRST_ERROR_STATUS:
            told = chosen.script.error
            message = told if isinstance(told, str) else f"simulated status {chosen.script.status}"
            body = (
                msgspec.json.encode(told)
                if isinstance(told, dict)
                else wire.error(chosen.script.status, message, request_id)
            )
            await _write_error(exchange, chosen.script, body, headers, close)
        elif chosen.streamed and endpoint.stream is not None:
            await write_stream(exchange, chosen, endpoint.stream(chosen), headers, close)
        else:
            await write_json(exchange, chosen, endpoint, headers, close)


def _decide(exchange: Exchange, where: Route, raw: bytes, plan_id: str, kept: Batches) -> Plan:
    """What to answer; what makes no sense is answered with an error."""
    endpoint = where.endpoint
    body: Mapping[str, Any] = {}
    try:
        if endpoint.name == "unknown":
            script = Script(
                status=426 if b"upgrade" in exchange.headers else 404,
                error=f"Invalid URL ({exchange.method} {exchange.path})",
            )
        else:
            body = {**_body(exchange, raw), **{name: value for name, value in where.named.items() if value}}
            script = endpoint.refusal(body) or _checked(_script(exchange, body), endpoint, body, exchange.method)
        chosen = plan(plan_id, raw, body, script, endpoint)
        is_good = script.status < _FIRST_ERROR_STATUS
        return endpoint.prepare(chosen, kept) if endpoint.prepare and is_good else chosen
    except InvalidInput as error:
        return plan(plan_id, raw, body, Script(status=400, error=error.message), endpoint)
    except Unknown as error:
        return plan(plan_id, raw, body, Script(status=404, error=str(error)), endpoint)


def _body(exchange: Exchange, raw: bytes) -> Mapping[str, Any]:
    if exchange.method == "GET":
        return {}
    coding = exchange.headers.get(b"content-encoding")
    text = raw if coding is None else decoded(raw, coding.decode("latin-1"))
    kind = exchange.headers.get(b"content-type", b"").decode("latin-1")
    if kind.startswith(IS_FORM):
        return fields_of(kind, text)
    try:
        return _decode_body(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"We could not parse the JSON body of your request: {error}") from error


def _script(exchange: Exchange, body: Mapping[str, Any]) -> Script:
    told = exchange.headers.get(b"x-sim")
    if told is not None:
        return parse(told)
    return (marked(body) if body else None) or DEFAULT


def _checked(script: Script, endpoint: Endpoint, body: Mapping[str, Any], method: str) -> Script:
    """The script, if it can be followed. Raises InvalidInput."""
    problem = None if method == "GET" else endpoint.problem(body)
    if problem:
        raise InvalidInput(problem)
    unsaid = scripted(script) - endpoint.says
    if unsaid:
        raise InvalidInput(f"the simulated {endpoint.name} endpoint has no word for {min(unsaid)}")
    return script


def _arrived(
    number: int, exchange: Exchange, raw: bytes, endpoint: Endpoint, chosen: Plan, request_id: str
) -> Received:
    is_good = chosen.script.status < _FIRST_ERROR_STATUS
    return Received(
        number=number,
        provider=endpoint.provider,
        endpoint=endpoint.name,
        model_asked=chosen.model_asked or None,
        model=chosen.model or None,
        streamed=chosen.streamed,
        usage=Usage(),
        planned=chosen.usage if is_good and endpoint.is_billed else Usage(),
        reported=None,
        status=None,
        ended="open",
        events=0,
        request_id=request_id,
        response_id=endpoint.response_id(chosen) if is_good else None,
        method=exchange.method,
        target=exchange.head.target.decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.head.headers),
        body_sha256=sha256(raw),
        body_bytes=len(raw),
        terms=endpoint.terms(chosen) if is_good else STANDARD,
        cost_nanos=chosen.cost_nanos if is_good and "cost_nanos" in endpoint.says else None,
        results=tuple(row.result() for row in chosen.rows),
    )


async def _begins(exchange: Exchange, script: Script, close: Ending) -> bool:
    """Whether an answer is to be written at all, once the wait before it is over."""
    if script.hang:
        await exchange.abandoned()
    elif script.first_delay_ms and not await exchange.stays(script.first_delay_ms / 1000):
        pass
    elif script.cut_after is not None and script.cut_after < 0:
        close("cut", usage=Usage(), reported=None)
        await exchange.cut(reset=script.reset)
        return False
    else:
        return True
    close("client_left", usage=Usage(), reported=None)
    return False


async def _write_error(exchange: Exchange, script: Script, body: bytes, headers: Headers, close: Ending) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(body)), *headers]
    wait_s = script.retry_after
    if wait_s is msgspec.UNSET and script.status == _TOO_MANY_REQUESTS:
        wait_s = _DEFAULT_RETRY_AFTER_S
    if isinstance(wait_s, (int, float)):
        headers.append((b"retry-after", f"{wait_s:g}".encode()))
    await exchange.begin(script.status, headers)
    close("complete", usage=Usage(), reported=None)
    await exchange.end(body)


async def _tell(exchange: Exchange, query: str, truth: Truth) -> None:
    """Answer about ourselves: health, and the truth, once no request is open or ``wait_s`` seconds have passed."""
    status, body = 200, b'{"status":"ok"}'
    match exchange.method, exchange.path:
        case "GET", "/_sim/health":
            pass
        case "GET", "/_sim/truth":
            body = to_json(await truth.rows(float(parse_qs(query).get("wait_s", ["0"])[0])))
        case "DELETE", "/_sim/truth":
            truth.clear()
        case _:
            status, body = 404, b'{"status":"unknown"}'
    await exchange.begin(status, [_JSON, (b"content-length", b"%d" % len(body))])
    await exchange.end(body)
