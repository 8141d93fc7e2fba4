"""Does nobody get past the guard who may not, and does everybody who may? Requests as the server hands them over."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.web import bodies
from codesession.web.guarding import Guard, Place
from codesession.web.passes import Passes
from codesession.web.sealing import POLICY, SEALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Message, Receive, Scope, Send

TOKEN = "t" * 43
HERE = Place("127.0.0.1", 3737)
OPEN = Place("0.0.0.0", 3737, frozenset({"mybox", "mybox.local", "dash.lan"}))
JSON = ("content-type", "application/json")


class Site:
    """What stands behind the guard: it keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.names: list[set[str]] = []
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.asked.append((scope["path"], scope["query_string"].decode(), message["body"]))
        self.names.append({name.decode() for name, _ in scope["headers"]})
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"shown"})


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> Any:
        document = json.loads(self.body)
        assert document.keys() == {"error", "code"}
        assert self.headers["content-type"] == "application/json"
        return document["code"]


class Visitor:
    """Sends requests to a guard, from a browser or a program."""

    def __init__(self, place: Place, arrived_at: str = "192.0.2.7") -> None:
        self.site = Site()
        self.passes = Passes(TOKEN, place.port)
        self._guard = Guard(self.site, place, self.passes)
        self._arrived_at = arrived_at

    def __call__(
        self,
        method: str = "GET",
        target: str = "/",
        *headers: tuple[str, str],
        host: str | None = "127.0.0.1:3737",
        pieces: Sequence[bytes] = (b"",),
        hangs_up: bool = False,
    ) -> Answer:
        path, _, query = target.partition("?")
        named = [("host", host)] if host is not None else []
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in [*named, *headers]],
            "server": (self._arrived_at, 3737),
        }
        messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        messages[-1]["more_body"] = False
        if hangs_up:
            messages[-1:] = [{"type": "http.disconnect"}]
        answer = Answer()

        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                for name, value in message["headers"]:
                    assert name.decode() not in answer.headers
                    answer.headers[name.decode()] = value.decode()
            else:
                answer.body += message["body"]

        asyncio.run(self._guard(scope, receive, send))
        return answer


@pytest.fixture
def here() -> Visitor:
    return Visitor(HERE)


@pytest.fixture
def abroad() -> Visitor:
    return Visitor(OPEN)


def bearer(token: str = TOKEN) -> tuple[str, str]:
    return "authorization", f"Bearer {token}"


# --- by what name ---


@pytest.mark.parametrize("host", ["127.0.0.1:3737", "localhost:3737", "LocalHost:3737", "[::1]:3737"])
def test_our_own_names_are_answered(here: Visitor, host: str) -> None:
    answer = here(host=host)
    assert (answer.status, answer.body) == (200, b"shown")


FOREIGN = [
    "evil.example",
    "evil.example:3737",
    "localhost:3737.evil.example",
    "localhost.evil.example:3737",
    "127.0.0.1.evil.example:3737",
    "evil.example:3737@localhost:3737",
    "localhost:3737@evil.example",
    "localhost",
    "127.0.0.1",
    "localhost:80",
    "localhost:3738",
    "localhost:03737 ",
    "localhost.:3737",
    "127.1:3737",
    "2130706433:3737",
    "0.0.0.0:3737",
    "[::]:3737",
    "[localhost]:3737",
    "[127.0.0.1:3737",
    "::1:3737",
    "127.0.0.1:3737, evil.example",
    "localhost:3737/",
    "localhost:٣٧٣٧".encode().decode("latin-1"),
    "mybox:3737",
    "192.0.2.7:3737",
    "",
    " ",
]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_name_is_refused(here: Visitor, host: str, method: str) -> None:
    answer = here(method, "/api/v1/stats", bearer(), host=host)
    assert (answer.status, answer.code) == (403, "foreign_host")
    assert here.site.asked == []


def test_a_request_without_a_name_is_refused(here: Visitor) -> None:
    assert here(host=None).code == "foreign_host"


def test_a_second_name_does_not_help(here: Visitor) -> None:
    assert here("GET", "/", ("host", "evil.example:3737")).code == "foreign_host"
    assert here("GET", "/", ("host", "127.0.0.1:3737"), host="evil.example:3737").code == "foreign_host"


@given(*[st.text("[]:@./#,%0137localhst \t\r\n\0\\\xe9", max_size=12)] * 2)
@pytest.mark.parametrize("name", ["localhost:3737", "127.0.0.1:3737", "[::1]:3737"])
def test_a_name_that_has_ours_in_it_is_not_ours(name: str, before: str, after: str) -> None:
    assert HERE.is_ours(before + name + after, None) is (not before and not after)
    assert not HERE.is_ours(f"{name}.evil.example", None)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("192.0.2.7:3737", True),
        ("mybox:3737", True),
        ("MyBox.local:3737", True),
        ("dash.lan:3737", True),
        ("localhost:3737", True),
        ("192.0.2.8:3737", False),
        ("other.local:3737", False),
        ("mybox.evil.example:3737", False),
        ("mybox", False),
    ],
)
def test_bound_to_all_addresses_the_one_it_arrived_at_is_ours(host: str, *, is_ours: bool) -> None:
    assert OPEN.is_ours(host, "192.0.2.7") is is_ours


def test_an_address_is_the_same_however_it_is_written() -> None:
    everywhere = Place("::", 80)
    assert everywhere.is_ours("192.0.2.7", "::ffff:192.0.2.7")
    assert everywhere.is_ours("[2001:DB8:0::1]", "2001:db8::1")
    assert everywhere.is_ours("[fe80::1]:80", "fe80::1%eth0")
    assert not everywhere.is_ours("[2001:db8::1]:80", None)
    assert Place("127.0.0.2", 3737).is_ours("127.0.0.2:3737", None)


# --- what changes something ---


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "post"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3737.evil.example",
        "http://localhost:3738",
        "http://localhost",
        "http://localhost:3737/",
        "http://localhost:3737 ",
        "https://localhost:3737",
        "http://127.0.0.1:3737",
        "null",
        "",
        "http://localhost:3737, http://evil.example",
    ],
)
def test_a_page_of_another_origin_changes_nothing(here: Visitor, method: str, origin: str) -> None:
    answer = here(method, "/api/v1/pricing", ("origin", origin), JSON, bearer(), host="localhost:3737")
    assert (answer.status, answer.code) == (403, "foreign_origin")
    assert here.site.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1:3737", "localhost:3737", "[::1]:3737"])
def test_a_page_of_ours_changes_what_it_likes(here: Visitor, host: str) -> None:
    assert here("POST", "/api/v1/pricing", ("origin", f"http://{host}"), host=host).status == 200
    assert here("DELETE", "/api/v1/pricing/m", ("origin", f"http://{host}"), host=host).status == 200


def test_two_origins_are_none_of_ours(here: Visitor) -> None:
    ours = ("origin", "http://127.0.0.1:3737")
    assert here("POST", "/api/v1/pricing", ours, ("Origin", "http://evil.example")).code == "foreign_origin"


@pytest.mark.parametrize("token", [None, "", "x", TOKEN[:-1], TOKEN + "t", "é", f"{TOKEN}, {TOKEN}"])
def test_a_program_without_the_token_changes_nothing(here: Visitor, token: str | None) -> None:
    headers = [] if token is None else [bearer(token)]
    answer = here("POST", "/api/v1/pricing", *headers, JSON)
    assert (answer.status, answer.code) == (401, "token_required")
    assert answer.headers["www-authenticate"] == 'Bearer realm="codesession"'
    assert here.site.asked == []


def test_a_program_with_the_token_changes_what_it_likes(here: Visitor) -> None:
    assert here("POST", "/api/v1/pricing", bearer()).status == 200
    assert here("POST", "/api/v1/pricing", ("Authorization", f"bearer  {TOKEN}")).status == 200
    assert here("POST", f"/api/v1/pricing?a=1&token={TOKEN}").status == 200
    assert here.site.asked[-1] == ("/api/v1/pricing", "a=1", b"")


def from_site(site: str, mode: str, dest: str) -> tuple[tuple[str, str], ...]:
    """What a browser says of where a request comes from, and what for."""
    return ("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "none, cross-site"])
def test_pages_of_somebody_elses_may_link_here_and_nothing_more(here: Visitor, site: str) -> None:
    for path in ("/", "/api/v1/calls/export", "/live", "/static/app.css"):
        for mode, dest in (
            ("no-cors", "image"),
            ("cors", "empty"),
            ("navigate", "iframe"),
            ("navigate", "document, x"),
        ):
            assert here("GET", path, *from_site(site, mode, dest)).code == "foreign_origin"
    assert here.site.asked == []
    assert here("GET", "/", *from_site(site, "navigate", "document")).status == 200


def test_our_own_pages_may_ask_for_all(here: Visitor) -> None:
    for mode, dest in (("no-cors", "image"), ("cors", "empty"), ("navigate", "document")):
        assert here("GET", "/live", *from_site("same-origin", mode, dest)).status == 200
    assert here("GET", "/", *from_site("none", "navigate", "document")).status == 200


PUSHED = ["/api/v1/calls", "/api/calls", "/api/v1/sessions/active/ai", "/api/sessions/active/ai"]


@pytest.mark.parametrize("path", PUSHED)
def test_any_app_on_this_machine_may_push_usage(here: Visitor, path: str) -> None:
    assert here("POST", path, JSON).status == 200
    assert here("POST", path, ("content-type", "Application/JSON; charset=utf-8")).status == 200
    for site in ("none", "same-origin"):
        assert here("POST", path, JSON, ("sec-fetch-site", site)).status == 200


@pytest.mark.parametrize("path", PUSHED)
def test_but_no_page_of_somebody_elses(here: Visitor, path: str) -> None:
    assert here("POST", path, JSON, ("origin", "http://evil.example")).code == "foreign_origin"
    assert here("POST", path, JSON, ("origin", "null")).code == "foreign_origin"
    for site in ("cross-site", "same-site", "", "none, cross-site"):
        assert here("POST", path, JSON, ("sec-fetch-site", site)).code == "token_required"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""):
        assert here("POST", path, ("content-type", kind)).code == "token_required"
    assert here("POST", path).code == "token_required"
    assert here("POST", path, JSON, ("content-type", "text/plain")).code == "token_required"
    assert here.site.asked == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/calls"),
        ("DELETE", "/api/v1/calls"),
        ("POST", "/api/v1/calls/"),
        ("POST", "/api/v2/calls"),
        ("POST", "//api/v1/calls"),
        ("POST", "/api/v1/calls/1"),
        ("POST", "/api/v1/sessions/1/ai"),
        ("POST", "/api/v1/reset"),
    ],
)
def test_and_nothing_else_can_be_pushed(here: Visitor, method: str, path: str) -> None:
    assert here(method, path, JSON).code == "token_required"


def test_over_the_network_usage_is_pushed_with_the_token_only(abroad: Visitor) -> None:
    cookie = cookie_of(abroad("GET", f"/?token={abroad.passes.ticket}"))
    assert abroad("POST", "/api/v1/calls", JSON).code == "token_required"
    assert abroad("POST", "/api/v1/calls", JSON, cookie).code == "token_required"
    assert abroad("POST", "/api/v1/calls", JSON, bearer()).status == 200


# --- over the network ---


@pytest.mark.parametrize("path", ["/api/v1/stats", "/api/stats", "/live", "/metrics", "/static/app.css"])
def test_programs_need_the_token(abroad: Visitor, path: str) -> None:
    answer = abroad("GET", path)
    assert (answer.status, answer.code) == (401, "token_required")
    assert abroad("GET", path, bearer("wrong")).body == answer.body
    assert abroad("GET", f"{path}?token=wrong").body == answer.body
    assert abroad("GET", path, bearer(abroad.passes.ticket)).status == 401
    assert abroad("GET", f"{path}?token={abroad.passes.ticket}").status == 401
    assert abroad.site.asked == []
    for _ in range(2):
        assert abroad("GET", path, bearer()).status == 200
        assert abroad("GET", f"{path}?days=3&token={TOKEN}").status == 200
    assert {query for _, query, _ in abroad.site.asked} == {"", "days=3"}


@pytest.mark.parametrize("path", ["/", "/sessions/1", "/nowhere", "/livestock", "/apiary"])
def test_people_are_asked_for_it(abroad: Visitor, path: str) -> None:
    answer = abroad("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert b'<form method="post" action="/signin">' in answer.body
    assert abroad("GET", f"{path}?token=wrong").body == answer.body
    assert abroad.site.asked == []


def cookie_of(answer: Answer) -> tuple[str, str]:
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict"]
    return "cookie", f"theme=dark; {value}"


def test_the_address_that_was_printed_opens_a_page_once(abroad: Visitor) -> None:
    answer = abroad("GET", f"/models?days=7&token={abroad.passes.ticket}&x=%26")
    assert (answer.status, answer.headers["location"], answer.body) == (303, "/models?days=7&x=%26", b"")
    cookie = cookie_of(answer)
    assert TOKEN not in cookie[1]
    assert abroad.passes.ticket not in cookie[1]
    assert abroad.site.asked == []
    assert abroad("GET", "/models?days=7", cookie).body == b"shown"
    assert abroad("GET", "/api/v1/stats", cookie).body == b"shown"

    again = abroad("GET", f"/?token={abroad.passes.ticket}")
    assert (again.status, "set-cookie" in again.headers) == (401, False)
    known = abroad("GET", f"/?token={abroad.passes.ticket}", cookie)
    assert (known.status, known.headers["location"], "set-cookie" in known.headers) == (303, "/", False)


def test_the_token_in_the_address_of_a_page_works_once_too(abroad: Visitor) -> None:
    assert abroad("GET", f"/?token={TOKEN}").status == 303
    assert abroad("GET", f"/?token={TOKEN}").status == 401
    assert abroad("GET", f"/?token={abroad.passes.ticket}").status == 303
    assert abroad("GET", "/api/v1/stats", bearer()).status == 200


def test_a_look_at_where_an_address_leads_does_not_use_it_up(abroad: Visitor) -> None:
    assert abroad("HEAD", f"/?token={abroad.passes.ticket}").status == 401
    assert abroad("GET", f"/?token={abroad.passes.ticket}").status == 303


@pytest.mark.parametrize("path", ["//evil.example", "///evil.example/", "/\\evil.example", "//evil.example/%2e%2e"])
def test_an_address_never_leads_elsewhere(abroad: Visitor, path: str) -> None:
    location = abroad("GET", f"{path}?token={abroad.passes.ticket}").headers["location"]
    assert location.startswith("/evil.example")


@pytest.mark.parametrize(
    "cookie", ["", "codesession-3737=", f"codesession-3737={TOKEN}", "codesession-3737", "\xff;=;"]
)
def test_no_other_cookie_opens_anything(abroad: Visitor, cookie: str) -> None:
    assert abroad("GET", "/", ("cookie", cookie)).status == 401
    other = Visitor(OPEN)
    of_other = cookie_of(other("GET", f"/?token={TOKEN}"))
    assert abroad("GET", "/", of_other).status == 401


@pytest.mark.parametrize(
    "others",
    [
        'a={"x": 1, "y": 2}',
        "a=b c",
        "a@b=1",
        'a="',
        "a",
        "=",
        "path=/",
        "\xff=\xff",
        "codesession-3737=x",
        'a="' + "\\" * 60_000,
    ],
)
def test_cookies_of_others_on_this_host_keep_nobody_out(abroad: Visitor, others: str) -> None:
    _, ours = cookie_of(abroad("GET", f"/?token={abroad.passes.ticket}"))
    assert abroad("GET", "/", ("cookie", f"{others}; {ours}")).status == 200
    assert abroad("GET", "/", ("cookie", f"{ours}; {others}")).status == 200
    assert abroad("GET", "/", ("cookie", others)).status == 401


def test_nobody_behind_the_guard_reads_cookies(here: Visitor) -> None:
    assert here("GET", "/", ("cookie", "a=b"), ("x-more", "c")).status == 200
    assert here.site.names == [{"host", "x-more"}]


def test_a_cookie_changes_something_only_from_a_page_of_ours(abroad: Visitor) -> None:
    cookie = cookie_of(abroad("GET", f"/?token={abroad.passes.ticket}"))
    assert abroad("POST", "/api/v1/pricing", cookie).code == "token_required"
    assert abroad("POST", "/api/v1/pricing", cookie, ("origin", "http://evil.example")).code == "foreign_origin"
    ours = ("origin", "http://mybox:3737")
    assert abroad("POST", "/api/v1/pricing", cookie, ours).code == "foreign_origin"
    assert abroad("POST", "/api/v1/pricing", cookie, ours, host="mybox:3737").status == 200
    assert abroad("POST", "/api/v1/pricing", ours, host="mybox:3737").code == "token_required"


def test_who_types_the_token_is_let_in(abroad: Visitor) -> None:
    ours = ("origin", "http://127.0.0.1:3737")
    form = ("content-type", "application/x-www-form-urlencoded")
    length = ("content-length", "49")
    answer = abroad("POST", "/signin", ours, form, length, pieces=[b"token=", TOKEN.encode()])
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert abroad("GET", "/", cookie_of(answer)).status == 200
    for typed in (b"token=wrong", b"token=", b"", b"\xff", f"token={abroad.passes.ticket}".encode()):
        wrong = abroad("POST", "/signin", ours, form, ("content-length", "9"), pieces=[typed])
        assert (wrong.status, "set-cookie" in wrong.headers) == (401, False)
    foreign = abroad("POST", "/signin", ("origin", "null"), form, length, pieces=[f"token={TOKEN}".encode()])
    assert foreign.code == "foreign_origin"
    assert abroad("POST", "/signin", ours, ("content-length", "1001")).code == "too_large"


def test_on_loopback_nobody_signs_in(here: Visitor) -> None:
    assert here("POST", "/signin", ("origin", "http://127.0.0.1:3737")).body == b"shown"
    answer = here("GET", f"/sessions?token={TOKEN}")
    assert (answer.status, answer.headers["location"], "set-cookie" in answer.headers) == (303, "/sessions", False)


def test_a_secret_that_is_tried_is_not_told_again(abroad: Visitor) -> None:
    tried = "tried-and-failed"
    for answer in (
        abroad("GET", f"/?token={tried}"),
        abroad("GET", f"/api/v1/stats?token={tried}", bearer(tried)),
        abroad("GET", "/", host=tried),
        abroad("POST", "/x", ("origin", tried)),
    ):
        assert tried not in str(answer.headers)
        assert tried.encode() not in answer.body


# --- how much ---


@pytest.mark.parametrize("length", ["1000001", "9" * 5000, "-1", "1e3", "\xb2"])
def test_what_says_that_it_is_too_large_is_not_read(here: Visitor, length: str) -> None:
    answer = here("POST", "/api/v1/calls", JSON, ("content-length", length), pieces=[b"never read"])
    assert (answer.status, answer.code) == (413, "too_large")
    assert here.site.asked == []


def test_what_comes_in_pieces_is_counted(here: Visitor) -> None:
    chunked = ("transfer-encoding", "chunked")
    most = bodies.MOST_BYTES
    whole = here("POST", "/api/v1/calls", JSON, chunked, pieces=[b"x" * (most - 1), b"y"])
    assert whole.status == 200
    assert here.site.asked.pop()[2] == b"x" * (most - 1) + b"y"
    answer = here("POST", "/api/v1/calls", JSON, chunked, pieces=[b"x" * most, b"y", b"never read"])
    assert (answer.status, answer.code) == (413, "too_large")
    assert here("GET", "/", chunked, pieces=[b"x" * most, b"y"]).code == "too_large"
    assert here.site.asked == []


def test_who_hangs_up_in_the_middle_is_not_answered(here: Visitor) -> None:
    answer = here("POST", "/api/v1/calls", JSON, ("content-length", "9"), pieces=[b"x", b""], hangs_up=True)
    assert answer.status == 0
    assert here.site.asked == []


# --- what an answer may do ---


def sealed_with(answer: Answer) -> dict[str, str]:
    return {name: answer.headers[name] for name in (key.decode() for key in SEALS)}


def test_every_answer_is_sealed(here: Visitor, abroad: Visitor) -> None:
    expected = {name.decode(): value.decode() for name, value in SEALS.items()}
    assert expected["content-security-policy"] == POLICY
    assert expected["x-content-type-options"] == "nosniff"
    assert expected["referrer-policy"] == "no-referrer"
    assert expected["cross-origin-opener-policy"] == expected["cross-origin-resource-policy"] == "same-origin"
    assert expected["x-frame-options"] == "DENY"
    assert "unsafe" not in POLICY
    for answer in (
        here(),
        here("GET", "/api/v1/stats"),
        here(host="evil.example"),
        here("POST", "/api/v1/calls", ("content-length", "1000001"), JSON),
        abroad(),
        abroad("GET", "/api/v1/stats"),
        abroad("GET", f"/?token={TOKEN}"),
    ):
        assert sealed_with(answer) == expected


def test_what_a_page_says_itself_does_not_break_the_seal(here: Visitor) -> None:
    here.site.headers = [
        (b"Content-Security-Policy", b"default-src *"),
        (b"cache-control", b"max-age=5"),
        (b"etag", b"1"),
    ]
    answer = here()
    assert answer.headers["content-security-policy"] == POLICY
    assert "Content-Security-Policy" not in answer.headers
    assert (answer.headers["cache-control"], answer.headers["etag"]) == ("max-age=5", "1")


@pytest.mark.parametrize(
    ("method", "target", "keeping"),
    [
        ("GET", "/", "no-store"),
        ("GET", "/live", "no-store"),
        ("GET", "/metrics", "no-store"),
        ("GET", "/api/v1/stats", "no-cache"),
        ("POST", "/api/v1/calls", "no-store"),
        ("GET", "/static/app.css", "no-cache"),
        ("GET", "/static/app.css?v=123", "public, max-age=31536000, immutable"),
    ],
)
def test_what_may_be_kept_and_how_long(here: Visitor, method: str, target: str, keeping: str) -> None:
    answer = here(method, target, JSON)
    assert (answer.status, answer.headers["cache-control"]) == (200, keeping)
    assert here(method, target, host="evil").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "version"), [("/api/v1/stats", "1"), ("/api/x", "1"), ("/api", "1"), ("/", None), ("/apiary", None)]
)
def test_the_api_says_its_version(here: Visitor, path: str, version: str | None) -> None:
    assert here("GET", path).headers.get("x-codesession-api-version") == version
    assert here("GET", path, host="evil").headers.get("x-codesession-api-version") == version


# --- other connections ---


def test_there_are_no_web_sockets() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await send({"type": scope["type"]})

    guard = Guard(site, HERE, Passes(TOKEN, 3737))
    asyncio.run(guard({"type": "websocket"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    asyncio.run(guard({"type": "lifespan"}, receive, send))
    assert sent[1:] == [{"type": "lifespan"}]
