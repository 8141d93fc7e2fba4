from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from codesession.app.sessions import start_session
from codesession.model import Attempt, ChangeType, Commit, Cost, FileChange, Outcome, Scope, Usage

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from tests.app.place import Place

    from codesession.app import App

HOUR = 3_600_000


@pytest.fixture
def ids(app: App, place: Place) -> list[int]:
    """Three sessions outside of git, the last one live; with a call, a file, a commit and a remark each."""
    found = []
    with app.ledger.writing() as tx:
        for number, name in enumerate(("first", "second", "third"), 1):
            began_ms = place.now_ms - (10 - number) * HOUR
            session = tx.begin_session(Scope(f"/code/{name}"), name, began_ms)
            made = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0, agent="codex")
            for _ in range(number):
                tx.record(made, Outcome(Usage(input=5)), Cost(1_000_000_000, "t"), began_ms, began_ms + 9)
            tx.annotate(session.id, "remark", began_ms + 1)
            files, commits = [FileChange("a.py", ChangeType.CREATED, began_ms)], [Commit("c" * 40, "made", began_ms)]
            if number < 3:
                tx.end_session(session.id, began_ms + HOUR, notes="done", files=files, commits=commits)
            else:
                tx.record_changes(session.id, files, commits)
            found.append(session.id)
    return found


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("query", "names", "total"),
    [
        ("", ["third", "second", "first"], 3),
        ("?limit=1&offset=1", ["second"], 3),
        ("?status=active", ["third"], 1),
        ("?status=completed&sort=cost&dir=asc", ["first", "second"], 2),
        ("?search=SECOND", ["second"], 1),
        ("?project=/code/first", ["first"], 1),
        ("?days=365", ["third", "second", "first"], 3),
        ("?search=nothing", [], 0),
    ],
)
def test_sessions_are_listed_as_asked_for(client: TestClient, query: str, names: list[str], total: int) -> None:
    answer = client.get(f"/sessions{query}").json()
    assert ([session["name"] for session in answer["sessions"]], answer["total"]) == (names, total)
    assert all(session["agents"] == ["codex"] for session in answer["sessions"])


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "offset=-1", "status=open", "sort=size", "dir=up", "days=0", f"search={'x' * 501}"],
)
def test_what_cannot_be_used_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/sessions?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_one_session_comes_with_all_that_is_in_it(client: TestClient, ids: list[int]) -> None:
    answer = client.get(f"/sessions/{ids[1]}").json()
    assert list(answer) == ["session", "aiUsage", "aiUsageOmitted", "files", "commits", "notes"]
    assert [len(answer[key]) for key in ("aiUsage", "files", "commits", "notes")] == [2, 1, 1, 1]
    assert (answer["session"]["name"], answer["session"]["notes"], answer["session"]["aiCost"]) == (
        "second",
        "done",
        2.0,
    )
    assert answer["files"][0]["filePath"] == "a.py"
    assert answer["notes"][0]["message"] == "remark"


def test_its_calls_are_bounded_and_that_is_said(client: TestClient, ids: list[int]) -> None:
    answer = client.get(f"/sessions/{ids[2]}?limit=1").json()
    assert (len(answer["aiUsage"]), answer["aiUsageOmitted"]) == (1, 2)


@pytest.mark.parametrize("path", ["", "/diff", "/diff-stats", "/commits/abcd/diff"])
def test_a_session_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/sessions/99{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")


@pytest.mark.parametrize("path", ["nothing", "0", "-1", "1.5", "9" * 30])
def test_what_is_no_id_is_refused(client: TestClient, path: str) -> None:
    assert client.get(f"/sessions/{path}").status_code == 400


# --- diffs ---


def test_a_diff_is_plain_text(client: TestClient, app: App, place: Place) -> None:
    place.now_ms = 1_000
    session = start_session(app, "work")
    address = f"/sessions/{session.id}"
    empty = client.get(f"{address}/diff")
    assert (empty.text, empty.headers["content-type"]) == ("(no changes)", "text/plain; charset=utf-8")
    assert client.get(f"{address}/diff-stats").json() == []
    place.write("new.txt", "<b>one</b>\n")
    place.write("old.txt", "other\n")
    made = place.commit("made")
    (place.repo / "x.bin").write_bytes(b"\0")
    assert client.get(f"{address}/diff-stats").json() == [
        {"filePath": "new.txt", "additions": 1, "deletions": 0},
        {"filePath": "old.txt", "additions": 1, "deletions": 1},
        {"filePath": "x.bin", "additions": None, "deletions": None},
    ]
    assert client.get(f"{address}/diff").text.count("diff --git ") == 3
    one = client.get(f"{address}/diff", params={"file": "new.txt"}).text
    assert one.startswith("diff --git a/new.txt b/new.txt\n")
    assert one.endswith("+<b>one</b>\n")
    assert client.get(f"{address}/commits/{made[:12]}/diff").text.count("diff --git ") == 2
    assert client.get(f"{address}/commits/{made}/diff", params={"file": "new.txt"}).text.endswith("+<b>one</b>\n")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/diff?file=../secret", 404, "not_found"),
        ("/diff?file=/etc/passwd", 404, "not_found"),
        ("/commits/xyz/diff", 400, "invalid_input"),
        ("/commits/abcd/diff", 404, "commit_not_found"),
        (f"/commits/{'a' * 41}/diff", 400, "invalid_input"),
    ],
)
def test_a_diff_that_cannot_be_shown_says_why(client: TestClient, app: App, path: str, status: int, code: str) -> None:
    session = start_session(app, "work")
    answer = client.get(f"/sessions/{session.id}{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_outside_git_there_is_no_diff(client: TestClient, ids: list[int]) -> None:
    for path in ("diff", "diff-stats"):
        answer = client.get(f"/sessions/{ids[0]}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (400, "no_repository")


def test_a_diff_that_was_cut_says_so(
    client: TestClient, app: App, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codesession.workspace import diffs

    session = start_session(app, "work")
    place.write("long.txt", "a line\n" * 100)
    monkeypatch.setattr(diffs, "MOST_BYTES", 300)
    text = client.get(f"/sessions/{session.id}/diff").text
    assert text.endswith("+a line\n\n(the diff goes on: it was cut after 4,194,304 bytes)\n")


# --- notes ---


def test_a_note_is_added(client: TestClient, ids: list[int]) -> None:
    answer = client.post(f"/sessions/{ids[0]}/notes", json={"message": " tests pass "})
    assert (answer.status_code, answer.json()["message"], answer.json()["sessionId"]) == (200, "tests pass", ids[0])
    assert [note["message"] for note in client.get(f"/sessions/{ids[0]}").json()["notes"]] == ["remark", "tests pass"]


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "  "}, {"message": 5}, {"message": "x", "more": 1}])
def test_a_note_without_words_is_refused(client: TestClient, ids: list[int], body: dict[str, object]) -> None:
    assert client.post(f"/sessions/{ids[0]}/notes", json=body).status_code == 400
    assert client.post("/sessions/99/notes", json={"message": "x"}).status_code == 404


# --- exports ---


@pytest.mark.usefixtures("ids")
def test_an_export_is_a_file_of_what_is_asked_for(client: TestClient) -> None:
    answer = client.get("/export?status=completed&sort=name&dir=asc")
    assert answer.headers["content-disposition"] == 'attachment; filename="codesession-sessions-2026-03-02.json"'
    assert answer.headers["content-type"] == "application/json"
    first, second = json.loads(answer.content)
    assert (first["name"], len(first["aiUsage"]), second["name"]) == ("first", 1, "second")
    answer = client.get("/export?format=csv&limit=2")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, third, second = csv.reader(answer.text.splitlines())
    assert (header[0], third[1], second[1]) == ("id", "third", "second")


def test_an_export_of_nothing_is_an_empty_list(client: TestClient) -> None:
    assert client.get("/export").content == b"[]"
    assert client.get("/export?format=xml").status_code == 400
