"""Does everybody hear of an alert, without anybody waiting for it?"""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.receiver import LIMIT_S, Receiver, receiver, standing

from codesession import __version__
from codesession.app.alerts import Alerts, alerts_for
from codesession.config import read_config
from codesession.model import Alert, Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["receiver"]

NOW_MS = 1_772_461_811_042
ALERT = Alert("80 % of the $5.00 budget is used.", Level.NEAR, None, 12)


def alerts_to(webhook: str | None, said: list[str], **settings: Any) -> Alerts:
    """Alerts without a desktop and without pauses."""
    chosen: dict[str, Any] = {"desktop": False, "pauses_s": (0, 0, 0), **settings}
    return Alerts(said.append, webhook=webhook, now_ms=lambda: NOW_MS, **chosen)


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("alerts-")}


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("alerts-"):
            thread.join(LIMIT_S)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Set up before the receiver, and so at work after it is closed: what hung there has ended."""
    yield
    wait_for_threads()


def test_without_a_webhook_and_a_desktop_the_sentence_is_said_and_no_thread_started() -> None:
    said: list[str] = []
    alerts = alerts_to(None, said)
    alerts.tell(ALERT)
    assert threads() == set()
    alerts.close()
    assert said == [ALERT.sentence]


def test_without_an_alert_no_thread_is_started_and_closing_says_nothing(receiver: Receiver) -> None:
    said: list[str] = []
    alerts = alerts_to(receiver.address, said, desktop=True)
    assert threads() == set()
    alerts.close()
    assert said == []


def test_an_alert_is_posted_with_its_figures(receiver: Receiver) -> None:
    said: list[str] = []
    alerts = alerts_to(receiver.address, said)
    alerts.tell(Alert("It comes near.", Level.NEAR, standing(), 12))
    alerts.close(LIMIT_S)
    assert receiver.bodies == [
        {
            "schemaVersion": 1,
            "codesessionVersion": __version__,
            "costhqVersion": __version__,
            "type": "budget_alert",
            "level": "near",
            "message": "It comes near.",
            "sessionId": 12,
            "budget": {
                "scope": "customer:acme",
                "window": "day",
                "mode": "block",
                "limit": 6.0,
                "spent": 4.1,
                "held": 0.2,
                "free": 1.7,
                "extra": 1.0,
            },
            "timestamp": "2026-03-02T14:30:11.042Z",
        }
    ]
    assert said == ["It comes near."]
    wait_for_threads()
    assert threads() == set()


def test_telling_waits_for_no_server(receiver: Receiver) -> None:
    said: list[str] = []
    receiver.may_answer.clear()
    alerts = alerts_to(receiver.address, said)
    alerts.tell(ALERT)
    assert receiver.has_one.wait(LIMIT_S)
    alerts.tell(Alert("It is used up.", Level.OVER))  # that this comes back is the test: nobody has answered
    assert said == [ALERT.sentence, "It is used up."]
    assert len(receiver.bodies) == 1
    receiver.may_answer.set()
    alerts.close(LIMIT_S)
    assert [body["message"] for body in receiver.bodies] == said


def test_closing_gives_up_what_is_not_taken_in_time_and_says_how_much(receiver: Receiver) -> None:
    said: list[str] = []
    receiver.may_answer.clear()
    alerts = alerts_to(receiver.address, said)
    for _ in range(3):
        alerts.tell(ALERT)
    assert receiver.has_one.wait(LIMIT_S)
    alerts.close(0.01)
    assert said[3:] == ["3 alerts could not be delivered to 127.0.0.1."]
    receiver.answers = [500]
    receiver.may_answer.set()
    wait_for_threads()
    assert said[4:] == []
    assert len(receiver.bodies) == 1


def test_after_closing_the_sentence_is_still_said(receiver: Receiver) -> None:
    said: list[str] = []
    alerts = alerts_to(receiver.address, said)
    alerts.close()
    alerts.tell(ALERT)
    assert said == [ALERT.sentence]
    assert threads() == set()


def test_a_failure_is_said_once_and_the_others_are_counted(receiver: Receiver) -> None:
    said: list[str] = []
    receiver.answers = [404, 404, 200, 403]
    alerts = alerts_to(receiver.address, said)
    for _ in range(4):
        alerts.tell(ALERT)
    alerts.close(LIMIT_S)
    assert [sentence for sentence in said if sentence != ALERT.sentence] == [
        "An alert could not be delivered to 127.0.0.1: it answered 404.",
        "3 alerts could not be delivered to 127.0.0.1.",
    ]


def test_closing_does_not_repeat_the_only_failure(receiver: Receiver) -> None:
    said: list[str] = []
    receiver.answers = [400]
    alerts = alerts_to(receiver.address, said)
    alerts.tell(ALERT)
    alerts.close(LIMIT_S)
    assert said == [ALERT.sentence, "An alert could not be delivered to 127.0.0.1: it answered 400."]


def test_closing_cuts_pauses_short_for_one_last_try(receiver: Receiver) -> None:
    said: list[str] = []
    receiver.answers = [503, 503, 503]
    alerts = alerts_to(receiver.address, said, pauses_s=(LIMIT_S * 10, LIMIT_S * 10))
    alerts.tell(ALERT)
    assert receiver.has_one.wait(LIMIT_S)
    alerts.close(LIMIT_S)
    assert len(receiver.bodies) == 2
    assert said[1:] == ["An alert could not be delivered to 127.0.0.1: it answered 503."]


def test_only_the_host_of_a_webhook_is_told(receiver: Receiver) -> None:
    said: list[str] = []
    gone = Receiver()
    gone.close()
    receiver.answers = [404]
    for address in (receiver.address, gone.address):
        alerts = alerts_to(address, said)
        alerts.tell(ALERT)
        alerts.close(LIMIT_S)
    receiver.may_answer.clear()
    alerts = alerts_to(receiver.address, said)
    alerts.tell(ALERT)
    alerts.close(0)
    assert len(said) == 6
    assert not [sentence for sentence in said if "secret" in sentence or "services" in sentence]


def test_what_commands_a_terminal_is_taken_out(receiver: Receiver) -> None:
    said: list[str] = []
    alerts = alerts_to(receiver.address, said)
    alerts.tell(Alert("The budget of \x1b[2Jacme\n\udc80 is used up.", Level.OVER))
    alerts.close(LIMIT_S)
    assert said == ["The budget of  [2Jacme   is used up."]
    assert receiver.bodies[0]["message"] == said[0]


def test_the_settings_say_where_alerts_go(tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / ".codesession").mkdir()
    (tmp_path / ".codesession" / "config.toml").write_text('[alerts]\nwebhook_shape = "slack"\ndesktop = false\n')
    said: list[str] = []
    config = read_config({"HOME": str(tmp_path), "CODESESSION_WEBHOOK": receiver.address})
    alerts = alerts_for(config, said.append, lambda: NOW_MS)
    alerts.tell(ALERT)
    assert "alerts-desktop" not in threads()
    alerts.close(LIMIT_S)
    assert receiver.bodies == [{"text": ALERT.sentence}]


@pytest.mark.skipif(sys.platform != "linux", reason="the program is Linux's")
def test_a_webhook_that_hangs_keeps_nothing_from_the_desktop(tmp_path: Path, receiver: Receiver) -> None:
    fake = tmp_path / "notify-send"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$4" > "{tmp_path}/shown"\n')
    fake.chmod(0o755)
    os.mkfifo(tmp_path / "shown")
    shown = os.open(tmp_path / "shown", os.O_RDWR)
    said: list[str] = []
    receiver.may_answer.clear()
    alerts = alerts_to(receiver.address, said, desktop=True, environ={"PATH": str(tmp_path), "DISPLAY": ":0"})
    for sentence in ("It is used up.", "It is more than used up."):
        alerts.tell(Alert(sentence, Level.OVER))
        assert receiver.has_one.wait(LIMIT_S)
        assert select.select([shown], [], [], LIMIT_S)[0]
        assert os.read(shown, 1000).decode() == f"{sentence}\n"
    assert len(receiver.bodies) == 1
    os.close(shown)
    receiver.may_answer.set()
    alerts.close(LIMIT_S)
    assert len(receiver.bodies) == 2
