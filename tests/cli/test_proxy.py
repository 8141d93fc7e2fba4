"""Does ``cs proxy`` say where it listens, wait, and tell what its session came to?"""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from tests.app.test_metering import ended_by

if TYPE_CHECKING:
    from tests.cli.conftest import Cs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there os.kill ends a process at once")


@pytest.mark.usefixtures("priced")
def test_a_proxy_for_people_says_what_to_type_and_what_it_came_to(cs: Cs) -> None:
    with ended_by(signal.SIGTERM):
        told = cs("proxy", "--port", "0", "--session", "agent run")
    assert told.status == 0
    first, _, *settings = told.out.splitlines()
    root = first.removeprefix("The proxy listens on ").partition(". ")[0]
    assert root.startswith("http://127.0.0.1:")
    assert settings[:2] == [f"export ANTHROPIC_BASE_URL={root}", f"export OPENAI_BASE_URL={root}/v1"]
    assert told.err == "Ctrl-C ends it.\nDone agent run\n0s • 0 files • 0 commits • $0.00 AI cost\n"
    assert cs("list", "--json").json()[0]["status"] == "completed"


@pytest.mark.usefixtures("priced")
def test_a_proxy_for_programs_is_one_document(cs: Cs) -> None:
    with ended_by(signal.SIGINT):
        told = cs("proxy", "start", "-p", "0", "--json")
    assert (told.status, told.err, told.out.count("\n")) == (0, "", 1)
    document = json.loads(told.out)
    assert document["url"] == f"http://127.0.0.1:{document['port']}"
    assert document["sessionId"] is None
    assert document["env"] == {"ANTHROPIC_BASE_URL": document["url"], "OPENAI_BASE_URL": f"{document['url']}/v1"}


@pytest.mark.parametrize("words", [["stop"], ["--session", " "], ["--port", "99999"]])
def test_what_cannot_be_used_starts_nothing(cs: Cs, words: list[str]) -> None:
    cs("proxy", *words).sentence()
    assert cs("proxy", *words, "--json").error()["code"] == "invalid_input"
    assert cs("list", "--json").json() == []
