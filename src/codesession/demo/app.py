"""What does the simulated provider do with a request? Plan the answer, keep the truth, write the answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from codesession.demo import anthropic, openai
from codesession.demo.answer import write_json, write_stream
from codesession.demo.codings import decoded
from codesession.demo.exchange import Exchange
from codesession.demo.plan import plan
from codesession.demo.routes import endpoint_of
from codesession.demo.script import DEFAULT, Script, marked, parse
from codesession.demo.truth import Received, Truth, sha256, to_json
from codesession.errors import InvalidInput
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.demo.answer import Ending
    from codesession.demo.exchange import Receive, Scope, Send
    from codesession.demo.plan import Plan
    from codesession.demo.shapes import Endpoint, Headers
    from codesession.demo.truth import Ended

_JSON = (b"content-type", b"application/json")
_FIRST_ERROR_STATUS = 400
_TOO_MANY_REQUESTS = 429
_DEFAULT_RETRY_AFTER_S = 1

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class Provider:
    """The ASGI application: both providers on one port. Its answers to one request differ only in their ids."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
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
        endpoint = endpoint_of(exchange)
        chosen = _decide(exchange, endpoint, raw, f"{self._run}{number:010x}")
        wire = anthropic if endpoint.provider == "anthropic" else openai
        request_id = wire.request_id(chosen.id)

        if self.truth.is_on:
            self.truth.opened(_arrived(number, exchange, raw, endpoint, chosen, request_id))

        def close(ended: Ended, *, usage: Usage, reported: Usage | None, events: int = 0) -> None:
            if self.truth.is_on:
                status = chosen.script.status if exchange.has_begun else None
                known = {"ended": ended, "usage": usage, "reported": reported, "events": events, "status": status}
                self.truth.closed(number, **known)

        headers = wire.headers(request_id)
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


def _decide(exchange: Exchange, endpoint: Endpoint, raw: bytes, plan_id: str) -> Plan:
    """What to answer; what makes no sense is answered with an error."""
    body: Mapping[str, Any] = {}
    try:
        if endpoint.name == "unknown":
            script = Script(
                status=426 if b"upgrade" in exchange.headers else 404,
                error=f"Invalid URL ({exchange.method} {exchange.path})",
            )
        else:
            body = _body(exchange, raw)
            script = _script(exchange, body)
        chosen = plan(plan_id, raw, body, script, writes=endpoint.writes)
        _check(endpoint, chosen)
    except InvalidInput as error:
        refusal = Script(status=400, error=error.message)
        return plan(plan_id, raw, body, refusal, writes=False)
    return chosen


def _body(exchange: Exchange, raw: bytes) -> Mapping[str, Any]:
    if exchange.method == "GET":
        return {}
    coding = exchange.headers.get(b"content-encoding")
    text = raw if coding is None else decoded(raw, coding.decode("latin-1"))
    try:
        body = _decode_body(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(body.get("model"), str):
        raise InvalidInput("model: Field required")
    return body


def _script(exchange: Exchange, body: Mapping[str, Any]) -> Script:
    told = exchange.headers.get(b"x-sim")
    if told is not None:
        return parse(told)
    return (marked(body) if body else None) or DEFAULT


def _check(endpoint: Endpoint, chosen: Plan) -> None:
    for name in endpoint.cannot_say:
        if getattr(chosen.usage, name):
            raise InvalidInput(f"the simulated {endpoint.name} endpoint has no word for {name}")


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
