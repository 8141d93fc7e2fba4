"""Are the JSON documents those of the contract, key by key and type by type?"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from codesession import __version__
from codesession.model import (
    Annotation,
    Call,
    CallState,
    ChangeType,
    Commit,
    Cut,
    Evidence,
    FileChange,
    HardwareTotals,
    ModelTotals,
    Session,
    Statistics,
    Terms,
    Totals,
    Usage,
)
from codesession.report import (
    LoggedView,
    RunView,
    SessionView,
    document,
    end_document,
    list_document,
    logged_document,
    note_document,
    recover_document,
    run_document,
    show_document,
    start_document,
    stats_document,
    status_document,
)
from codesession.report.runs import BlockedView

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

METADATA = {"schemaVersion": int, "codesessionVersion": str, "costhqVersion": str}
SESSION_KEYS: dict[str, Any] = {
    "id": int,
    "name": str,
    "status": str,
    "startTime": TIME,
    "endTime": (TIME, None),
    "duration": (int, None),
    "durationFormatted": (str, None),
    "workingDirectory": str,
    "gitRoot": (str, None),
    "filesChanged": int,
    "commits": int,
    "commitsCount": int,
    "aiTokens": int,
    "aiCost": float,
    "notes": (str, None),
}
FILE_KEYS = {"id": int, "sessionId": int, "filePath": str, "changeType": str, "timestamp": TIME}
COMMIT_KEYS = {"id": int, "sessionId": int, "hash": str, "message": str, "timestamp": TIME}
ANNOTATION_KEYS = {"id": int, "sessionId": int, "message": str, "timestamp": TIME}
USAGE_KEYS = {
    "id": int,
    "sessionId": int,
    "provider": str,
    "model": str,
    "tokens": int,
    "cost": (float, None),
    "timestamp": TIME,
}


def fits(value: object, kind: object) -> bool:
    match kind:
        case tuple():
            return any(fits(value, one) for one in kind)
        case None:
            return value is None
        case re.Pattern():
            return isinstance(value, str) and bool(kind.fullmatch(value))
        case type():
            return type(value) is kind
    raise AssertionError(kind)


def check(found: dict[str, Any], keys: dict[str, Any]) -> None:
    """Every key of the contract is there, with a value of its type (after a trip through JSON)."""
    told = json.loads(json.dumps(found, allow_nan=False))
    assert told.keys() >= keys.keys()
    wrong = {key: told[key] for key, kind in keys.items() if not fits(told[key], kind)}
    assert wrong == {}


CALL = Call(
    7, 3, "anthropic", "claude-x", "messages", CallState.SETTLED, True, 1_772_461_811_042, 1_772_461_812_000, 900,
    Usage(10, 20, 30, 40, cache_read_audio=5, output=6, reasoning=7, web_searches=2), 1_430_000_000,
    Evidence.MEASURED, "table", None, 200, "req_1", "msg_1",
    "claude-code", "ada", "acme", "search", "abc", 0,
)  # fmt: skip
BARE = replace(
    CALL, id=8, usage=None, cost_nanos=None, price_source=None, request_id=None, response_id=None, agent=None,
    user=None, customer=None, feature=None, client_session=None, cut=Cut.CLIENT, evidence=Evidence.ESTIMATED,
)  # fmt: skip
ACTIVE = Session(3, "work", "/repo", "/repo", "main", "a" * 40, 1_772_461_811_042, None, None)
ENDED = replace(ACTIVE, ended_ms=1_772_461_811_042 + 8_100_000, notes="done")
TOTALS = Totals(calls=2, tokens=120, cost_nanos=1_430_000_000, unpriced=1, cut=1, files=1, commits=1)
VIEW = SessionView(
    ENDED,
    TOTALS,
    8100,
    (ModelTotals("anthropic", "claude-x", 2, 120, 1_430_000_000, 1),),
    (CALL, BARE),
    (FileChange("src/a.py", ChangeType.CREATED, 1_772_461_811_042, 5),),
    (Commit("b" * 40, "first", 1_772_461_811_042, 6),),
    (Annotation(4, 3, "half way", 1_772_461_811_042),),
)
LIVE = replace(VIEW, session=ACTIVE)
EMPTY = SessionView(ENDED, Totals(), 0)


def test_every_document_begins_with_its_versions() -> None:
    told = document({"x": 1})
    assert told == {"schemaVersion": 1, "codesessionVersion": __version__, "costhqVersion": __version__, "x": 1}


def test_start() -> None:
    told = start_document(ACTIVE)
    check(told, {**METADATA, "id": int, "name": str, "status": str, "directory": str, "gitRoot": str, "branch": str})
    assert (told["status"], told["directory"], told["branch"]) == ("active", "/repo", "main")
    outside = start_document(replace(ACTIVE, git_root=None, branch=None))
    assert (outside["gitRoot"], outside["branch"]) == (None, None)


@pytest.mark.parametrize("view", [VIEW, LIVE, EMPTY], ids=["ended", "live", "empty"])
def test_the_session_is_in_every_document(view: SessionView) -> None:
    for told in (show_document(view, files=False, commits=False), status_document(view), *list_document([view])):
        check(told, {**METADATA, **SESSION_KEYS})


def test_end_has_everything_as_arrays() -> None:
    told = end_document(VIEW)
    check(told, {**METADATA, **SESSION_KEYS, "commits": list, "files": list, "aiUsage": list, "annotations": list})
    check(told["files"][0], FILE_KEYS)
    check(told["commits"][0], COMMIT_KEYS)
    check(told["annotations"][0], ANNOTATION_KEYS)
    for call in told["aiUsage"]:
        check(call, USAGE_KEYS)
    assert told["commitsCount"] == 1
    assert (told["status"], told["duration"], told["durationFormatted"]) == ("completed", 8100, "2h 15m")
    assert told["endTime"] == "2026-03-02T16:45:11.042Z"
    assert (told["aiCost"], told["aiTokens"], told["notes"]) == (1.43, 120, "done")


def test_an_end_with_nothing_in_it_has_empty_arrays_and_no_time() -> None:
    told = end_document(EMPTY)
    assert (told["files"], told["commits"], told["aiUsage"], told["annotations"]) == ([], [], [], [])
    assert (told["duration"], told["durationFormatted"], told["commitsCount"]) == (0, "0s", 0)
    assert (told["aiCost"], type(told["aiCost"])) == (0.0, float)


def test_status_is_live() -> None:
    told = status_document(LIVE)
    check(
        told,
        {**METADATA, **SESSION_KEYS, "liveDuration": int, "liveDurationFormatted": str, "annotations": list,
         "aiUsage": list},
    )  # fmt: skip
    assert told["status"] == "active"
    assert (told["endTime"], told["duration"], told["durationFormatted"]) == (None, None, None)
    assert (told["liveDuration"], told["liveDurationFormatted"], told["notes"]) == (8100, "2h 15m", None)


@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("commits", [True, False])
def test_show_lists_what_it_is_asked_for(*, files: bool, commits: bool) -> None:
    told = show_document(VIEW, files=files, commits=commits)
    check(told, {"commits": list if commits else int, "commitsCount": int, "aiUsage": list, "annotations": list})
    assert ("files" in told) is files
    assert told["notes"] == "done"


def test_a_list_is_a_bare_array_without_arrays_in_it() -> None:
    told = list_document([VIEW, LIVE])
    assert isinstance(told, list)
    assert [entry["status"] for entry in told] == ["completed", "active"]
    for entry in told:
        check(entry, {**METADATA, **SESSION_KEYS})
        assert not any(isinstance(value, (list, dict)) for value in entry.values())
    assert list_document([]) == []


def test_a_call_tells_its_tokens_by_kind() -> None:
    (told, _) = end_document(VIEW)["aiUsage"]
    assert told["tokens"] == told["promptTokens"] + told["completionTokens"] == 10 + 20 + 30 + 40 + 5 + 6 + 7
    assert (told["cacheReadTokens"], told["cacheWriteTokens"], told["cacheWrite1hTokens"]) == (25, 30, 40)
    assert (told["reasoningTokens"], told["webSearches"]) == (7, 2)
    assert (told["agentName"], told["user"], told["customer"], told["feature"]) == (
        "claude-code", "ada", "acme", "search",
    )  # fmt: skip
    assert (told["requestId"], told["clientSession"], told["priceSource"]) == ("req_1", "abc", "table")
    assert (told["cost"], told["unpriced"], told["interruptedBy"], told["evidence"]) == (1.43, False, None, "measured")


def test_a_call_tells_its_terms_and_what_is_rare_only_where_there_is_something() -> None:
    usage = Usage(input=1, cache_write_other=2, input_audio=3, input_image=4, cache_read_image=5, input_video=6,
        output_audio=7, output_image=8, output_video=9, file_searches=10, rerank_searches=11)  # fmt: skip
    terms = Terms("flex", "fast", "us", is_batch=True, is_local=True)
    call = replace(CALL, usage=usage, terms=terms, hardware="RTX 4090", extra=(("details.new", 1.5),))
    (told,) = show_document(replace(VIEW, calls=(call,)), files=False, commits=False)["aiUsage"]
    assert (told["cacheWriteOtherTokens"], told["audioInputTokens"], told["imageInputTokens"]) == (2, 3, 9)
    assert (told["videoInputTokens"], told["audioOutputTokens"], told["imageOutputTokens"]) == (6, 7, 8)
    assert (told["videoOutputTokens"], told["fileSearches"], told["rerankSearches"]) == (9, 10, 11)
    assert (told["serviceTier"], told["speed"], told["geography"]) == ("flex", "fast", "us")
    assert (told["batch"], told["local"], told["hardware"], told["extraUsage"]) == (
        True, True, "RTX 4090", {"details.new": 1.5},
    )  # fmt: skip
    (plain, _) = end_document(VIEW)["aiUsage"]
    only = {"cacheWriteOtherTokens", "fileSearches", "serviceTier", "batch", "local", "hardware", "extraUsage"}
    assert only.isdisjoint(plain)


def test_what_is_not_known_of_a_call_is_absent_and_an_unknown_cost_is_null() -> None:
    (_, told) = end_document(VIEW)["aiUsage"]
    assert (told["cost"], told["unpriced"], told["tokens"], told["interruptedBy"]) == (None, True, 0, "client")
    assert {"promptTokens", "completionTokens", "requestId", "priceSource"}.isdisjoint(told)
    assert {"agentName", "user", "customer", "feature"}.isdisjoint(told)


def test_doubts_are_counted() -> None:
    view = replace(VIEW, totals=Totals(unpriced=1, estimated=2, cut=3, lost=4, held=5, failed=6, calls=9))
    told = status_document(view)
    assert [told[key] for key in ("unpricedCalls", "estimatedCalls", "interruptedCalls", "lostCalls")] == [1, 2, 3, 4]
    assert (told["callsInFlight"], told["failedCalls"], told["aiCalls"]) == (5, 6, 9)


def test_run() -> None:
    told = run_document(RunView(VIEW, 3, joined=True, port=3739, unmetered={"groq": 2}, unrecorded=1))
    check(
        told,
        {**METADATA, **SESSION_KEYS, "commits": list, "files": list, "exitCode": int, "joined": bool, "port": int,
         "topModel": str, "models": list, "unmeteredRequests": dict, "unrecordedCalls": int},
    )  # fmt: skip
    assert (told["exitCode"], told["joined"], told["topModel"], told["problem"]) == (3, True, "claude-x", None)
    assert told["models"] == [
        {"provider": "anthropic", "model": "claude-x", "calls": 2, "tokens": 120, "cost": 1.43, "unpricedCalls": 1}
    ]
    assert (told["unmeteredRequests"], told["unrecordedCalls"]) == ({"groq": 2}, 1)


def test_a_run_that_was_blocked() -> None:
    blocked = BlockedView("budget", "It is used up.", "session 3", 5 * 10**9, 4_930_000_000, refusals=2, stopped=True)
    told = run_document(RunView(VIEW, 143, joined=False, port=3739, blocked=blocked))["blocked"]
    check(
        told,
        {"rule": str, "limit": float, "spent": float, "scope": str, "message": str, "stopped": bool, "refusals": int},
    )
    assert told == {
        "rule": "budget",
        "limit": 5.0,
        "spent": 4.93,
        "scope": "session 3",
        "message": "It is used up.",
        "stopped": True,
        "refusals": 2,
    }


def test_what_is_not_known_of_a_block_is_null() -> None:
    told = run_document(RunView(VIEW, 0, joined=False, port=3739, blocked=BlockedView("model", "Not that one.")))
    assert [told["blocked"][key] for key in ("limit", "spent", "scope")] == [None] * 3
    assert run_document(RunView(VIEW, 0, joined=False, port=3739))["blocked"] is None


def test_a_run_that_came_to_nothing() -> None:
    told = run_document(RunView(EMPTY, 127, joined=False, port=None, problem="nope: command not found"))
    assert (told["exitCode"], told["port"], told["topModel"]) == (127, None, None)
    assert told["problem"] == "nope: command not found"


def test_a_session_that_is_resumed_says_so() -> None:
    assert start_document(ACTIVE, resumed=True) == {**start_document(ACTIVE), "resumed": True}


def test_a_note() -> None:
    check(note_document(VIEW.annotations[0]), {**METADATA, **ANNOTATION_KEYS})


def test_what_was_recovered() -> None:
    told = recover_document([ENDED])
    check(told, {**METADATA, "recovered": int, "sessions": list})
    assert told["recovered"] == 1
    assert told["sessions"] == [{"id": 3, "name": "work", "startTime": "2026-03-02T14:30:11.042Z"}]
    assert recover_document([])["sessions"] == []


def test_the_sums_over_all_sessions() -> None:
    told = stats_document(Statistics(2, 8101, 8, 2, 12_345, 1_430_000_000, 1))
    numbers = ("totalSessions", "totalTime", "totalFiles", "totalCommits", "totalTokens", "avgSessionTime")
    texts = ("totalTimeFormatted", "avgSessionFormatted")
    check(told, {**METADATA, **dict.fromkeys(numbers, int), **dict.fromkeys(texts, str), "totalAICost": float})
    assert (told["avgSessionTime"], told["totalTimeFormatted"], told["unpricedCalls"]) == (4050, "2h 15m", 1)
    empty = stats_document(Statistics(0, 0, 0, 0, 0, 0, 0))
    assert (empty["avgSessionTime"], empty["avgSessionFormatted"], empty["totalAICost"]) == (0, "0s", 0.0)


def test_a_logged_call() -> None:
    call = replace(CALL, usage=Usage(input=8000, output=2000), ended_ms=CALL.started_ms)
    view = LoggedView(call, "built-in", True, 3_000_000_000, None, None, 3, TOTALS)
    told = logged_document(view)
    check(told, {**METADATA, "logged": dict, "pricing": dict, "session": dict})
    check(told["logged"], {"provider": str, "model": str, "tokens": int, "promptTokens": int, "cost": float})
    assert told["pricing"] == {
        "source": "built-in", "modelKnown": True, "inputPer1M": 3.0, "outputPer1M": None, "estimated": False,
    }  # fmt: skip
    local = view._replace(per_hour=400_000_000, call=replace(call, ended_ms=call.started_ms + 1500))
    assert (
        logged_document(local)["pricing"] | {"costPerHour": 0.4, "durationSeconds": 1.5}
        == (logged_document(local)["pricing"])
    )


def test_tokens_of_which_only_the_total_is_known_have_no_sides() -> None:
    view = replace(VIEW, calls=(replace(CALL, usage=Usage(unsplit=70)),))
    (call,) = show_document(view, files=False, commits=False)["aiUsage"]
    assert call["tokens"] == 70
    assert {"promptTokens", "completionTokens", "cacheReadTokens"}.isdisjoint(call)


def test_a_status_says_how_many_calls_it_leaves_out() -> None:
    assert status_document(LIVE)["aiUsageOmitted"] == 0
    assert status_document(replace(LIVE, calls=(CALL,)))["aiUsageOmitted"] == 1


def test_what_own_hardware_did_is_in_every_document_of_a_session() -> None:
    worked = (HardwareTotals("local-gpu", 3, 720_500, 14_000_000),)
    rows = [{"hardware": "local-gpu", "calls": 3, "seconds": 720.5, "cost": 0.014}]
    view = replace(VIEW, hardware=worked)
    assert show_document(view, files=False, commits=False)["hardware"] == rows
    assert end_document(view)["hardware"] == status_document(view)["hardware"] == rows
    assert run_document(RunView(view, 0, joined=False, port=1))["hardware"] == rows
    assert stats_document(Statistics(1, 1, 1, 1, 1, 1, 0, worked))["hardware"] == rows
    assert show_document(EMPTY, files=False, commits=False)["hardware"] == []


def test_a_logged_call_on_own_hardware_says_which() -> None:
    view = LoggedView(replace(CALL, hardware="RTX 4090"), "local", False, None, None, 70_000_000, 3, TOTALS)
    pricing = logged_document(view)["pricing"]
    assert (pricing["source"], pricing["costPerHour"], pricing["hardware"]) == ("local", 0.07, "RTX 4090")
