"""Is an alert posted in the shape its host expects, again where that may help, and nowhere else?"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.app.receiver import Receiver, receiver, standing

from codesession import __version__
from codesession.app.webhooks import Webhook, content, usual_shape
from codesession.model import Alert, Level, ScopeKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["receiver"]

NOW_MS = 1_772_461_811_042
ALERT = Alert("80 % is used.", Level.NEAR)
PAUSES_S = (1.0, 4.0, 15.0)


class Pauses(list[float]):
    """Remembers how long it should have paused; another try may follow."""

    goes_on = True

    def __call__(self, seconds: float) -> bool:
        self.append(seconds)
        return self.goes_on


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def posted(address: str, pauses: Pauses, alert: Alert = ALERT, shape: str | None = None) -> str | None:
    return Webhook(address, shape, lambda: NOW_MS, pauses, PAUSES_S).deliver(alert, NOW_MS)


@pytest.mark.parametrize(
    ("address", "shape"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "slack"),
        ("https://HOOKS.SLACK.COM/workflows/T0", "slack"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://discordapp.com/api/webhooks/1/x", "discord"),
        ("https://canary.discord.com/api/v10/webhooks/1/x?wait=true", "discord"),
        ("https://discord.com/api/webhooks/1/x/slack", "slack"),
        ("https://discord.com/api/webhooks/1/x/slack/?wait=true", "slack"),
        ("https://discord.com/blog", "json"),
        ("https://notdiscord.com/api/webhooks/1/x", "json"),
        ("https://discord.com.example.org/api/webhooks/1/x", "json"),
        ("https://example.org/hooks.slack.com", "json"),
        ("http://127.0.0.1:8000/", "json"),
    ],
)
def test_the_host_tells_the_shape(address: str, shape: str) -> None:
    assert usual_shape(address) == shape


def test_slack_gets_text_that_mentions_and_links_nothing() -> None:
    alert = Alert("<!channel> of Q&A <https://example.org|here>", Level.OVER)
    assert content(alert, NOW_MS, "slack") == {
        "text": "&lt;!channel&gt; of Q&amp;A &lt;https://example.org|here&gt;",
    }


def test_discord_gets_content_that_mentions_links_and_formats_nothing() -> None:
    alert = Alert("@everyone [here](https://example.org) claude-*-4_5*", Level.OVER)
    assert content(alert, NOW_MS, "discord") == {
        "content": r"@everyone \[here\](https://example.org) claude-\*-4\_5\*",
        "allowed_mentions": {"parse": []},
    }


def test_discord_gets_no_more_than_it_takes() -> None:
    text = content(Alert("x" * 2000, Level.NEAR), NOW_MS, "discord")["content"]
    assert text == "x" * 2000
    text = content(Alert("x" * 2001, Level.NEAR), NOW_MS, "discord")["content"]
    assert text == "x" * 1999 + "…"


@pytest.mark.parametrize(
    ("kind", "subject", "scope"),
    [
        (ScopeKind.CUSTOMER, "acme", "customer:acme"),
        (ScopeKind.MODEL, "claude-*", "model:claude-*"),
        (ScopeKind.ALL, "", "all"),
        (ScopeKind.SESSION, "", "session"),
        (ScopeKind.PROJECT, "/home/ada/secret-project", "project"),
    ],
)
def test_a_budget_is_named_without_any_path(kind: ScopeKind, subject: str, scope: str) -> None:
    told = content(Alert("x", Level.NEAR, standing(kind, subject), 12), NOW_MS, "json")["budget"]
    assert isinstance(told, dict)
    assert told["scope"] == scope


def test_an_alert_that_is_about_no_budget_has_none() -> None:
    told = content(Alert("A loop.", Level.OVER), NOW_MS, "json")
    assert (told["type"], told["level"], told["budget"], told["sessionId"]) == ("budget_alert", "over", None, None)


def test_a_post_says_who_it_is_from_and_is_made_once(receiver: Receiver) -> None:
    pauses = Pauses()
    assert posted(receiver.address, pauses, shape="slack") is None
    assert receiver.bodies == [{"text": "80 % is used."}]
    assert receiver.targets == ["/services/secret"]
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert receiver.headers[0]["User-Agent"] == f"codesession/{__version__}"
    assert pauses == []


def test_what_fails_for_a_moment_is_posted_again(receiver: Receiver) -> None:
    receiver.answers = [503, 408, 500, 204]
    pauses = Pauses()
    assert posted(receiver.address, pauses) is None
    assert len(receiver.bodies) == 4
    assert receiver.bodies[1:] == receiver.bodies[:-1]
    assert pauses == [1.0, 4.0, 15.0]


def test_after_four_tries_it_is_given_up(receiver: Receiver) -> None:
    receiver.answers = [502] * 9
    pauses = Pauses()
    assert posted(receiver.address, pauses) == "it answered 502"
    assert len(receiver.bodies) == 4
    assert pauses == [1.0, 4.0, 15.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_what_would_fail_again_is_posted_once(receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    pauses = Pauses()
    assert posted(receiver.address, pauses) == f"it answered {status}"
    assert (len(receiver.bodies), pauses) == (1, [])


def test_when_time_is_up_one_last_try_is_made(receiver: Receiver) -> None:
    receiver.answers = [503, 503, 503, 503]
    pauses = Pauses()
    pauses.goes_on = False
    assert posted(receiver.address, pauses) == "it answered 503"
    assert (len(receiver.bodies), pauses) == (2, [1.0])


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("0.65", 0.65, id="a-part-of-a-second"),
        pytest.param("0", 0.0, id="at-once"),
        pytest.param("3600", 60.0, id="too-long"),
        pytest.param("Mon, 02 Mar 2026 14:30:31 GMT", pytest.approx(19.958), id="a-date"),
        pytest.param("Mon, 02 Mar 2026 10:00:00 GMT", 0.0, id="a-date-that-has-passed"),
        pytest.param("soon", 1.0, id="a-word"),
        pytest.param("-5", 1.0, id="below-0"),
        pytest.param("inf", 1.0, id="for-ever"),
        pytest.param("Mon, 99 Mar 2026 10:00:00 GMT", 1.0, id="no-date"),
    ],
)
def test_a_server_may_say_when_to_come_again(receiver: Receiver, after: str, seconds: float) -> None:
    receiver.answers = [(429, {"Retry-After": after})]
    pauses = Pauses()
    assert posted(receiver.address, pauses) is None
    assert pauses == [seconds]


def test_a_server_that_is_not_there_is_tried_again() -> None:
    gone = Receiver()
    gone.close()
    pauses = Pauses()
    assert posted(gone.address, pauses) == "it could not be reached"
    assert pauses == [1.0, 4.0, 15.0]


def test_a_server_that_hangs_is_not_waited_for_and_tried_again(receiver: Receiver) -> None:
    receiver.may_answer.clear()
    pauses = Pauses()
    webhook = Webhook(receiver.address, None, lambda: NOW_MS, pauses, (1.0,), timeout_s=0.05)
    assert webhook.deliver(ALERT, NOW_MS) == "it did not answer in time"
    assert pauses == [1.0]


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", ".invalid"])
def test_a_host_that_cannot_be_is_no_crash(host: str) -> None:
    assert posted(f"http://{host}/secret", Pauses()) == "it could not be reached"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    other = Receiver()
    receiver.answers = [(status, {"Location": other.address})]
    assert posted(receiver.address, Pauses()) == f"it answered {status}"
    assert (len(receiver.targets), other.targets) == (1, [])
    other.close()


# --- the way there ---


def test_the_users_proxy_is_taken(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{receiver.host}")
    assert posted("http://alerts.invalid/hook", Pauses()) is None
    assert receiver.targets == ["http://alerts.invalid/hook"]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_is_asked_for_this_machine(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert posted(receiver.address, Pauses()) is None
    assert posted(receiver.address.replace("127.0.0.1", "localhost"), Pauses()) is None
    assert receiver.targets == ["/services/secret"] * 2


@pytest.fixture
def tls_receiver(tmp_path: Path) -> Iterator[Receiver]:
    """One whose certificate nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver = Receiver(tls=context)
    yield receiver
    receiver.close()


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(tls_receiver: Receiver) -> None:
    problem = posted(f"https://{tls_receiver.host}/secret", Pauses())
    assert problem == "its certificate is not trusted here"
    assert tls_receiver.bodies == []
