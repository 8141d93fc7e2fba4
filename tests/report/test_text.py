"""Is everything a person must know in the text, and nothing that breaks a terminal?"""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from tests.report.test_documents import CALL

from codesession.model import (
    Annotation,
    ChangeType,
    Commit,
    Evidence,
    FileChange,
    HardwareTotals,
    ModelTotals,
    Rule,
    Session,
    Statistics,
    Totals,
    Usage,
)
from codesession.report import LoggedView, RunView, SessionView
from codesession.report.runs import BlockedView
from codesession.report.text import list_text, logged_text, run_text, session_text, stats_text, summary_line

SESSION = Session(12, "Fix the login", "/repo", "/repo", "main", None, 1_772_461_811_042, 1_772_461_999_000, "works")
TOTALS = Totals(calls=5, tokens=12_345, cost_nanos=1_430_000_000, files=8, commits=2)
MODELS = (ModelTotals("anthropic", "claude-x", 4, 9, 5, 0), ModelTotals("local", "mystery", 1, 9, 0, 1))
VIEW = SessionView(SESSION, TOTALS, 847, MODELS)


def test_the_summary_is_one_line() -> None:
    assert summary_line(VIEW) == "14m • 8 files • 2 commits • $1.43 AI cost"
    one = replace(VIEW, totals=Totals(files=1, commits=1), seconds=0)
    assert summary_line(one) == "0s • 1 file • 1 commit • $0.00 AI cost"


def test_a_run_ends_with_its_name_its_sum_and_its_top_model() -> None:
    assert run_text(RunView(VIEW, 0, joined=False, port=1)).splitlines() == [
        "Done Fix the login",
        "14m • 8 files • 2 commits • $1.43 AI cost",
        "Top model: claude-x",
    ]


AT_LIMIT = BlockedView(
    "budget",
    "codesession refused this call: the $5.00 budget for session 12 does not allow it ($4.93 spent).",
    "session 12",
    5_000_000_000,
    4_930_000_000,
    refusals=3,
)
FORBIDDEN = BlockedView("model", "codesession refused this call: agent:codex may not call gpt-5.", refusals=1)


def blocked_lines(blocked: BlockedView) -> list[str]:
    return run_text(RunView(VIEW, 0, joined=False, port=1, blocked=blocked)).splitlines()


def test_a_run_that_was_stopped_says_first_at_which_limit() -> None:
    assert blocked_lines(replace(AT_LIMIT, stopped=True)) == [
        "Session: 14m • Blocked at $5.00 limit • Catastrophe averted",
        "Stopped Fix the login",
        "8 files • 2 commits • $1.43 AI cost",
        "Top model: claude-x",
        "3 calls refused: no room in the $5.00 limit of session 12 ($4.93 spent). cs budget why explains.",
    ]


def test_a_run_that_was_stopped_for_another_rule_says_which() -> None:
    lines = blocked_lines(replace(FORBIDDEN, stopped=True))
    assert lines[0] == "Session: 14m • Blocked: model not allowed • Catastrophe averted"
    assert lines[-1] == "1 call refused: agent:codex may not call gpt-5. cs budget why explains."


def test_a_run_that_a_person_stopped_says_so() -> None:
    by_hand = BlockedView("stopped", "A person stopped session 12.", stopped=True)
    lines = blocked_lines(by_hand)
    assert (lines[0], lines[-1]) == ("Session: 14m • Stopped by hand", "A person stopped session 12.")
    assert blocked_lines(replace(by_hand, refusals=2))[-1] == "A person stopped session 12. 2 calls refused."


def test_a_limit_is_only_said_where_it_was_reached() -> None:
    unpriced = replace(AT_LIMIT, rule="unpriced", message="no price is known for x.", stopped=True)
    assert "$5.00" not in "\n".join(blocked_lines(unpriced))
    lines = blocked_lines(replace(AT_LIMIT, limit_nanos=None, stopped=True))
    assert lines[0] == "Session: 14m • Blocked: limit reached • Catastrophe averted"


def test_a_run_of_which_calls_were_refused_is_done_and_says_so() -> None:
    assert blocked_lines(AT_LIMIT) == [
        "Done Fix the login",
        "14m • 8 files • 2 commits • $1.43 AI cost",
        "Top model: claude-x",
        "3 calls refused: no room in the $5.00 limit of session 12 ($4.93 spent). cs budget why explains.",
    ]


@pytest.mark.parametrize(
    ("blocked", "line"),
    [
        pytest.param(
            replace(AT_LIMIT, refusals=0, scope=None),
            "A running answer was ended: no room in the $5.00 limit of a budget ($4.93 spent). cs budget why explains.",
            id="an-answer-was-ended",
        ),
        pytest.param(
            replace(AT_LIMIT, spent_nanos=None),
            "3 calls refused: no room in the $5.00 limit of session 12. cs budget why explains.",
            id="what-was-spent-is-not-known",
        ),
        pytest.param(
            BlockedView("same_request", "codesession ended this answer: it loops. cs budget why says more."),
            "A running answer was ended: it loops. cs budget why says more.",
            id="what-explains-is-said-once",
        ),
        pytest.param(
            BlockedView("new_rule", "", refusals=1),
            "1 call refused: new rule. cs budget why explains.",
            id="a-rule-that-says-nothing",
        ),
    ],
)
def test_what_is_known_of_a_refusal_is_said(blocked: BlockedView, line: str) -> None:
    assert blocked_lines(blocked)[-1] == line


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_said_in_words_that_fit_a_terminal(rule: Rule) -> None:
    line = blocked_lines(BlockedView(rule, "x.", refusals=1, stopped=True))[0]
    assert len(line) < 80
    assert f"Blocked: {rule.replace('_', ' ')} •" not in line


def test_a_proxy_that_refused_every_call_was_not_without_calls() -> None:
    view = replace(VIEW, totals=Totals())
    assert "No model call" not in run_text(RunView(view, 0, joined=False, port=1, blocked=AT_LIMIT))


DOUBTS = {
    "unpriced": (Totals(unpriced=1), "1 call unpriced, not in the cost: no price is known for local/mystery"),
    "interrupted": (Totals(cut=2), "2 calls interrupted, billed for what came"),
    "lost": (Totals(lost=1), "1 call lost with a process that died, billed at the most possible"),
    "failed": (Totals(failed=2), "2 calls failed, not billed"),
    "estimated": (Totals(estimated=3), "3 calls estimated: it is not known in full what was used"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_every_doubt_about_the_figure_is_said(doubt: str) -> None:
    totals, sentence = DOUBTS[doubt]
    view = replace(VIEW, totals=totals)
    assert sentence in run_text(RunView(view, 0, joined=False, port=1)).splitlines()
    assert sentence in session_text(view).splitlines()
    for _, other in DOUBTS.values():
        assert (other in session_text(view)) is (other == sentence)


def test_without_doubts_none_are_said() -> None:
    for _, sentence in DOUBTS.values():
        assert sentence not in session_text(VIEW)


def test_a_cost_that_lacks_something_has_a_plus_everywhere() -> None:
    view = replace(VIEW, totals=replace(TOTALS, unpriced=1))
    assert summary_line(view).endswith("$1.43+ AI cost")
    assert "$1.43+" in session_text(view)
    assert "$1.43+" in list_text([view])


def test_what_a_run_could_not_see_is_said() -> None:
    text = run_text(
        RunView(
            VIEW,
            127,
            joined=True,
            port=1,
            unmetered={"zai": 2, "groq": 1},
            unrecorded=1,
            unreachable={"openai": 3},
            problem="x: not found",
        )
    )
    assert text.splitlines()[0] == "cs: x: not found"
    assert text.splitlines()[-5:] == [
        "1 request to groq passed through unmetered: their cost is not known here",
        "2 requests to zai passed through unmetered: their cost is not known here",
        "openai could not be reached, or did not answer, 3 times",
        "1 call could not be written to the ledger: the cost above lacks them",
        'Part of session 12 "Fix the login", which goes on',
    ]


@pytest.mark.parametrize(
    ("view", "port", "is_said"),
    [
        pytest.param(replace(VIEW, totals=Totals()), 3739, True, id="nothing-came"),
        pytest.param(replace(VIEW, totals=Totals()), None, False, id="there-was-no-proxy"),
        pytest.param(replace(VIEW, totals=Totals(calls=1)), 3739, False, id="a-call-came"),
        pytest.param(replace(VIEW, totals=Totals(failed=1)), 3739, False, id="a-call-came-and-failed"),
    ],
)
def test_a_proxy_that_nothing_passed_says_so(view: SessionView, port: int | None, *, is_said: bool) -> None:
    assert ("No model call passed the proxy" in run_text(RunView(view, 0, joined=False, port=port))) is is_said


def test_a_session_is_shown_with_all_of_it() -> None:
    view = replace(
        VIEW,
        totals=replace(TOTALS, held=3),
        files=(FileChange("src/a.py", ChangeType.DELETED, 1, 1),),
        commits=(Commit("abcdef0123456789", "Second try", 1, 1),),
        annotations=(Annotation(1, 12, "half way", 1),),
    )
    text = session_text(view, files=True, commits=True)
    for part in (
        "Session: Fix the login", "Completed", "14m", "/repo", "main", "5 (+3 in flight)", "12,345", "$1.43",
        "claude-x", "works", "Note: half way", "deleted", "src/a.py", "abcdef0 ", "Second try",
    ):  # fmt: skip
        assert part in text
    assert "src/a.py" not in session_text(view)


def test_what_a_session_does_not_have_has_no_row() -> None:
    text = session_text(SessionView(replace(SESSION, ended_ms=None, notes=None, branch=None), Totals(), 5))
    for name in ("Ended", "Notes", "Branch", "Top Model", "in flight"):
        assert name not in text
    assert "Active" in text


def test_the_list_marks_what_is_active_and_helps_when_it_is_empty() -> None:
    text = list_text([VIEW, replace(VIEW, session=replace(SESSION, id=13, ended_ms=None))])
    assert "Fix the login (active)" in text
    assert text.index("12") < text.index("13")
    assert list_text([]) == "No sessions yet. Begin with: cs run -- <command>"


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int, **variables: str) -> None:
    """From now on stdout is a terminal of that width."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"COLUMNS": str(width), **variables}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    on_a_terminal(monkeypatch, width, NO_COLOR="1")
    name = "A name that is much longer than any narrow terminal is wide 宽宽宽宽宽宽"
    view = replace(
        VIEW,
        session=replace(SESSION, name=name, directory="/very" * 30),
        files=(FileChange("f" * 90, ChangeType.CREATED, 1),),
    )
    for text in (session_text(view, files=True, commits=True), list_text([view])):
        assert all(len(line) <= width for line in text.splitlines())
    assert session_text(view, files=True).count("f") >= 90
    assert list_text([view]).count("宽") == 6


def test_words_in_brackets_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    view = replace(VIEW, session=replace(SESSION, name="[bold]x[/bold] :smile: [link=http://x]y"))
    assert "[bold]x[/bold] :smile: [link=http://x]y" in list_text([view])
    assert "[bold]x[/bold] :smile: [link=http://x]y" in " ".join(session_text(view).split())  # its title may be folded
    assert "\x1b" not in list_text([view]) + session_text(view)


def test_a_pipe_gets_plain_lines_without_a_frame_each_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    text = list_text([replace(VIEW, session=replace(SESSION, name="word " * 50 + "end"))])
    title, names, row = text.splitlines()
    assert (title, names.split()) == ("Recent Sessions", ["ID", "Description", "Duration", "Files", "Commits", "Cost"])
    assert row.count("word ") == 50
    assert {"\x1b", "│", "─"}.isdisjoint(text + session_text(VIEW))


def test_a_terminal_gets_a_frame_and_weight_unless_it_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, 80)
    assert "\x1b[1m" in list_text([VIEW])
    assert "╭" in list_text([VIEW])
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        on_a_terminal(monkeypatch, 80, **variables)
        assert "\x1b" not in list_text([VIEW])
        assert "╭" in list_text([VIEW])


def test_words_that_command_a_terminal_are_harmless_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, 200, NO_COLOR="1")
    hostile = replace(SESSION, name="\x1b[31mred\x07", notes="\u202eback", branch="\x9b2J")
    remark = Annotation(1, 12, "\x1b]0;title\x07", 1)
    text = session_text(replace(VIEW, session=hostile, annotations=(remark,))) + list_text([VIEW])
    assert {"\x1b", "\x07", "\x9b", "\u202e"}.isdisjoint(text)


def test_a_narrow_terminal_keeps_the_columns_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, 40, NO_COLOR="1")
    text = list_text([VIEW])
    assert all(name in text for name in ("ID", "Description", "Duration", "Cost"))
    assert "Commits" not in text


def test_the_sums_over_all_sessions() -> None:
    text = stats_text(Statistics(52, 498_000, 412, 184, 3_100_000, 104_720_000_000, 2))
    values = [line.split("  ")[-1].strip() for line in text.splitlines()[1:-1]]
    assert values == ["52", "138h 20m", "2h 39m", "412", "184", "3.1M", "$104.72+"]
    assert text.splitlines()[-1] == "2 calls unpriced, not in the cost"
    assert stats_text(Statistics(0, 0, 0, 0, 0, 0, 0)).splitlines()[-1].endswith("$0.00")


@pytest.mark.parametrize(
    ("source", "evidence", "words"),
    [
        ("manual", Evidence.MANUAL, "$0.30 as given"),
        ("custom", Evidence.MANUAL, "$0.30 at your price"),
        ("built-in", Evidence.ESTIMATED, "$0.30 at the list price, assuming that 70 % of the tokens were read"),
    ],
)
def test_a_logged_call_says_how_its_cost_was_got(source: str, evidence: Evidence, words: str) -> None:
    call = replace(CALL, cost_nanos=300_000_000, evidence=evidence, usage=Usage(unsplit=15_000))
    view = LoggedView(call, source, model_known=True, input_per_million=1, output_per_million=2, per_hour=None,
                      session_id=12, totals=Totals(tokens=20_000, cost_nanos=10**9, unpriced=1))  # fmt: skip
    first, second = logged_text(view).splitlines()
    assert first == f"Logged {call.provider}/{call.model}: 15,000 tokens, {words}"
    assert second == "Session 12 now: 20,000 tokens, $1.00+"


def test_a_logged_call_on_own_hardware_says_what_its_time_costs() -> None:
    call = replace(CALL, cost_nanos=14_000_000, hardware="RTX 4090", usage=Usage(), ended_ms=CALL.started_ms + 720_000)
    view = LoggedView(call, "local", model_known=False, input_per_million=None, output_per_million=None,
                      per_hour=70_000_000, session_id=12, totals=Totals())  # fmt: skip
    told = logged_text(view).splitlines()[0]
    assert told == f"Logged {call.provider}/{call.model}: 0 tokens, $0.014 for 12m on RTX 4090 at $0.07/h"


WORKED = (HardwareTotals("local-gpu", 3, 720_000, 14_000_000),)


def test_what_own_hardware_did_is_told_where_it_did_something() -> None:
    view = replace(VIEW, hardware=WORKED)
    assert "Own Hardware" in session_text(view)
    assert "12m on local-gpu, $0.014" in session_text(view)
    assert "Own Hardware" not in session_text(VIEW)
    run = RunView(view, 0, joined=False, port=1)
    assert "Own hardware: 12m on local-gpu, $0.014" in run_text(run).splitlines()
    assert "Own hardware" not in run_text(replace(run, session=VIEW))
    stats = Statistics(1, 1, 1, 1, 1, 1, 0, WORKED)
    assert stats_text(stats).splitlines()[-1].split("  ")[-1].strip() == "12m on local-gpu, $0.014"
    assert "Own Hardware" not in stats_text(replace(stats, hardware=()))
