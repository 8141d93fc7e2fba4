"""Does a call that an app tells us of get into the session that it means?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.web.api.pushing import ONE, push, refused

from codesession.app import end_session, start_session
from codesession.model import Scope

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from tests.app.place import Place

    from codesession.app import App

pytestmark = pytest.mark.usefixtures("priced")

ACTIVE = "/sessions/active/ai"


def test_a_named_session_begins_once_and_is_found_by_its_name(client: TestClient, app: App, place: Place) -> None:
    first = push(client, ONE | {"sessionName": " Nightly  import "}, ACTIVE)
    assert first["session"] == {
        "id": 1, "name": "Nightly import", "aiCost": 0.054, "aiTokens": 10_000, "aiCalls": 1, "unpricedCalls": 0,
        "totalCost": 0.054, "totalTokens": 10_000,
    }  # fmt: skip
    assert push(client, ONE | {"sessionName": "Nightly import"})["session"]["aiCost"] == 0.108
    push(client, ONE | {"sessionName": "Weekly"}, ACTIVE)
    with app.ledger.reading() as reader:
        one, other = reader.active_sessions()
    assert (one.name, other.name) == ("Nightly import", "Weekly")
    assert one.directory.startswith(str(place.home / ".codesession" / "apps" / "Nightly-import-"))
    assert not (place.home / ".codesession" / "apps").exists()
    end_session(app, 1)
    assert push(client, ONE | {"sessionName": "Nightly import"}, ACTIVE)["session"]["id"] == 3


@pytest.mark.parametrize("names", [("a/b", "a b"), ("é", "e"), ("../..", "..")], ids=lambda names: names[0])
def test_names_that_look_alike_are_sessions_of_their_own(client: TestClient, app: App, names: tuple[str, str]) -> None:
    for name in names:
        push(client, ONE | {"sessionName": name})
    with app.ledger.reading() as reader:
        found = reader.active_sessions()
    assert [session.name for session in found] == list(names)
    assert all(".." not in session.directory for session in found)


def test_a_session_that_a_person_began_is_found_by_its_name_and_its_directory(
    client: TestClient, app: App, place: Place
) -> None:
    start_session(app, "Review")
    inside = place.repo / "src"
    inside.mkdir()
    assert push(client, ONE | {"sessionName": "Review"}, ACTIVE)["session"]["id"] == 1
    assert push(client, ONE | {"directory": str(inside)}, ACTIVE)["session"]["id"] == 1
    assert push(client, ONE | {"directory": str(inside), "sessionName": "Review"})["session"]["id"] == 1
    status, code, said = refused(client, ONE | {"directory": str(inside), "sessionName": "Other"})
    assert (status, code) == (409, "session_active")
    assert said == f'Session 1 "Review" is active in {place.repo}.'


def test_a_session_begins_in_a_directory_as_cs_start_begins_it(client: TestClient, app: App, place: Place) -> None:
    place.write("half-done.txt")
    assert push(client, ONE | {"directory": str(place.repo), "sessionName": "Review"})["session"]["id"] == 1
    ended = end_session(app)
    with app.ledger.reading() as reader:
        assert reader.files(1) == []  # what was uncommitted before is not its work
    assert (ended.directory, ended.git_root, ended.branch) == (str(place.repo), str(place.repo), "main")


def test_without_a_name_it_is_the_only_active_session(client: TestClient, app: App, place: Place) -> None:
    assert refused(client, ONE, ACTIVE)[:2] == (404, "no_active_session")
    assert refused(client, ONE | {"directory": str(place.repo)}, ACTIVE)[:2] == (404, "no_active_session")
    with app.ledger.writing() as writer:
        writer.begin_session(Scope("/proxied"), "proxied", 1, background=True)
    assert refused(client, ONE, ACTIVE)[:2] == (404, "no_active_session")
    push(client, ONE | {"sessionName": "One"})
    assert push(client, ONE, ACTIVE)["session"]["name"] == "One"
    assert push(client, ONE)["session"] is None
    push(client, ONE | {"sessionName": "Two"})
    answer = client.post(ACTIVE, json=ONE)
    assert (answer.status_code, answer.json()["code"]) == (409, "session_ambiguous")
    assert [(choice["id"], choice["name"]) for choice in answer.json()["choices"]] == [(2, "One"), (3, "Two")]


def test_a_session_that_has_ended_is_reached_by_its_id(client: TestClient, app: App) -> None:
    push(client, ONE | {"sessionName": "One"})
    end_session(app, 1)
    assert push(client, ONE | {"sessionId": 1}, ACTIVE)["session"]["aiCalls"] == 2


def test_two_sessions_of_one_name_are_told_apart_by_their_id(client: TestClient, place: Place) -> None:
    push(client, ONE | {"sessionName": "Review"})
    push(client, ONE | {"sessionName": "Review", "directory": str(place.repo)})
    assert refused(client, ONE | {"sessionName": "Review"})[:2] == (409, "session_ambiguous")
    assert push(client, ONE | {"sessionId": 2})["session"]["id"] == 2
