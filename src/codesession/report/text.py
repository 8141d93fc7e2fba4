"""How is a view shown to a person? Tables where there is a terminal, the same words where there is none."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from codesession.model import Evidence, Rule, reason_of
from codesession.model.local import per_hour
from codesession.report.formats import CENT, detailed, dollars, duration, money, plural, tokens
from codesession.report.hardware import hardware_text
from codesession.report.tables import columns, facts, harmless, is_narrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Statistics
    from codesession.report.logged import LoggedView
    from codesession.report.runs import BlockedView, RunView
    from codesession.report.views import SessionView

_BLOCKED_FOR: Mapping[str, str] = {
    Rule.BUDGET: "limit reached",
    Rule.UNPRICED: "price not known",
    Rule.UNBOUNDED: "cost without a bound",
    Rule.MODEL: "model not allowed",
    Rule.CALL_TOO_DEAR: "one call too dear",
    Rule.TOO_MANY_PARALLEL: "too many calls at once",
    Rule.SPEED: "money spent too fast",
    Rule.SAME_REQUEST: "same request again and again",
    Rule.SAME_TOOL_CALL: "same tool call again and again",
    Rule.ERROR_LOOP: "one error after the other",
    Rule.FILE_CHURN: "same file again and again",
    Rule.DENIED: "approval denied",
    Rule.STOPPED: "stopped by hand",
    Rule.PAUSED: "paused, and not resumed",
    Rule.LEDGER: "ledger cannot be written",
}
_EXPLAINS = "cs budget why"


def summary_line(view: SessionView) -> str:
    """A session in one line: ``14m • 8 files • 2 commits • $1.43 AI cost``."""
    return f"{duration(view.seconds)} • {_results(view)}"


def _results(view: SessionView) -> str:
    totals = view.totals
    return f"{plural(totals.files, 'file')} • {plural(totals.commits, 'commit')} • {_cost(view)} AI cost"


def run_text(run: RunView) -> str:
    """What `cs run` says at the end."""
    view = run.session
    lines = [f"cs: {run.problem}"] if run.problem else []
    if run.blocked and run.blocked.stopped:
        lines += [_stopped_line(view, run.blocked), f"Stopped {view.session.name}", _results(view)]
    else:
        lines += [f"Done {view.session.name}", summary_line(view)]
    if view.models:
        lines.append(f"Top model: {view.models[0].model}")
    if view.hardware:
        lines.append(f"Own hardware: {hardware_text(view.hardware)}")
    if run.blocked:
        lines.append(_refused_line(run.blocked))
    lines += _remarks(view)
    for provider, count in sorted(run.unmetered.items()):
        lines.append(f"{plural(count, 'request')} to {provider} passed through unmetered: their cost is not known here")
    for provider, count in sorted(run.unreachable.items()):
        lines.append(f"{provider} could not be reached, or did not answer, {plural(count, 'time')}")
    seen = view.totals.calls or view.totals.failed or run.unmetered or run.unrecorded or run.blocked
    if run.port is not None and not seen:
        lines.append("No model call passed the proxy: none was made, or the command does not honour base URLs")
    if run.unrecorded:
        lines.append(f"{plural(run.unrecorded, 'call')} could not be written to the ledger: the cost above lacks them")
    if run.joined:
        lines.append(f'Part of session {view.session.id} "{view.session.name}", which goes on')
    return "\n".join(lines)


def _stopped_line(view: SessionView, blocked: BlockedView) -> str:
    """The one line of a run that was stopped: ``Session: 12m • Blocked at $5.00 limit • Catastrophe averted``."""
    if blocked.rule == Rule.STOPPED:
        return f"Session: {duration(view.seconds)} • Stopped by hand"
    if blocked.rule == Rule.BUDGET and blocked.limit_nanos is not None:
        what = f"Blocked at {detailed(blocked.limit_nanos)} limit"
    else:
        what = f"Blocked: {_words_for(blocked.rule)}"
    return f"Session: {duration(view.seconds)} • {what} • Catastrophe averted"


def _words_for(rule: str) -> str:
    return _BLOCKED_FOR.get(rule, rule.replace("_", " "))


def _refused_line(blocked: BlockedView) -> str:
    """What was refused, and why; an agent may have kept it to itself."""
    if blocked.rule == Rule.STOPPED and blocked.stopped:
        return blocked.message + (f" {plural(blocked.refusals, 'call')} refused." if blocked.refusals else "")
    what = f"{plural(blocked.refusals, 'call')} refused" if blocked.refusals else "A running answer was ended"
    if blocked.rule == Rule.BUDGET and blocked.limit_nanos is not None:
        spent = "" if blocked.spent_nanos is None else f" ({detailed(blocked.spent_nanos)} spent)"
        why = f"no room in the {detailed(blocked.limit_nanos)} limit of {blocked.scope or 'a budget'}{spent}."
    else:
        why = reason_of(blocked.message) or f"{_words_for(blocked.rule)}."
    return f"{what}: {why}" + ("" if _EXPLAINS in why else f" {_EXPLAINS} explains.")


def _cost(view: SessionView) -> str:
    """The money, with a plus where some of it is not known."""
    return money(view.totals.cost_nanos) + ("+" if view.totals.unpriced else "")


def _remarks(view: SessionView) -> list[str]:
    """What a person must know to trust the figure."""
    totals = view.totals
    remarks = []
    if totals.unpriced:
        names = ", ".join(f"{model.provider}/{model.model}" for model in view.models if model.unpriced)
        remarks.append(f"{plural(totals.unpriced, 'call')} unpriced, not in the cost: no price is known for {names}")
    if totals.cut:
        remarks.append(f"{plural(totals.cut, 'call')} interrupted, billed for what came")
    if totals.lost:
        remarks.append(f"{plural(totals.lost, 'call')} lost with a process that died, billed at the most possible")
    if totals.failed:
        remarks.append(f"{plural(totals.failed, 'call')} failed, not billed")
    if totals.estimated:
        remarks.append(f"{plural(totals.estimated, 'call')} estimated: it is not known in full what was used")
    return remarks


def session_text(view: SessionView, *, files: bool = False, commits: bool = False) -> str:
    """All of a session, as ``show`` and ``status`` print it."""
    session, totals = view.session, view.totals
    rows = [
        ("Session", str(session.id)),
        ("Status", "Active" if session.is_active else "Completed"),
        ("Started", _when(session.started_ms)),
        ("Ended", "" if session.ended_ms is None else _when(session.ended_ms)),
        ("Duration", duration(view.seconds)),
        ("Directory", session.directory),
        ("Branch", session.branch or ""),
        ("Files Changed", f"{totals.files:,}"),
        ("Commits", f"{totals.commits:,}"),
        ("AI Calls", f"{totals.calls:,}" + (f" (+{totals.held} in flight)" if totals.held else "")),
        ("AI Tokens", f"{totals.tokens:,}"),
        ("AI Cost", _cost(view)),
        ("Top Model", view.models[0].model if view.models else ""),
        ("Own Hardware", hardware_text(view.hardware)),
        ("Notes", session.notes or ""),
    ]
    parts = [facts(f"Session: {session.name}", [row for row in rows if row[1]]), *map(harmless, _remarks(view))]
    parts += [harmless(f"Note: {annotation.message}") for annotation in view.annotations]
    if files:
        parts.append(columns("Files", ("Change", "File"), [(file.change, file.path) for file in view.files]))
    if commits:
        shown = [(commit.hash[:7], commit.message) for commit in view.commits]
        parts.append(columns("Commits", ("Hash", "Message"), shown))
    return "\n".join(parts)


def list_text(views: list[SessionView]) -> str:
    """The sessions in a table."""
    if not views:
        return "No sessions yet. Begin with: cs run -- <command>"
    shown = {
        "ID": [str(view.session.id) for view in views],
        "Description": [view.session.name + (" (active)" if view.session.is_active else "") for view in views],
        "Duration": [duration(view.seconds) for view in views],
        "Files": [f"{view.totals.files:,}" for view in views],
        "Commits": [f"{view.totals.commits:,}" for view in views],
        "Cost": [_cost(view) for view in views],
    }
    if is_narrow():
        del shown["Files"], shown["Commits"]
    numbers = shown.keys() - {"Description"}
    return columns("Recent Sessions", list(shown), list(zip(*shown.values(), strict=True)), numbers)


def stats_text(stats: Statistics) -> str:
    """The sums over all completed sessions."""
    average = stats.seconds // stats.sessions if stats.sessions else 0
    rows = [
        ("Total Sessions", f"{stats.sessions:,}"),
        ("Total Time", duration(stats.seconds)),
        ("Average Session", duration(average)),
        ("Files Changed", f"{stats.files:,}"),
        ("Total Commits", f"{stats.commits:,}"),
        ("AI Tokens Used", tokens(stats.tokens)),
        ("Total AI Cost", money(stats.cost_nanos) + ("+" if stats.unpriced else "")),
    ]
    if stats.hardware:
        rows.append(("Own Hardware", hardware_text(stats.hardware)))
    parts = [facts("Overall Statistics", rows)]
    if stats.unpriced:
        parts.append(f"{plural(stats.unpriced, 'call')} unpriced, not in the cost")
    return "\n".join(parts)


def logged_text(view: LoggedView) -> str:
    """A call that was logged by hand, and what its session now comes to."""
    call = view.call
    count = call.usage.tokens if call.usage else 0
    how = {"manual": "as given", "custom": "at your price"}.get(view.source, "at the list price")
    nanos = call.cost_nanos or 0
    cost = f"${dollars(nanos)}" if view.source == "manual" and nanos % CENT else money(nanos)
    if view.source == "local" and view.per_hour is not None:
        took_s = ((call.ended_ms or call.started_ms) - call.started_ms) // 1000
        cost, how = detailed(nanos), f"for {duration(took_s)} on {call.hardware} at {per_hour(view.per_hour)}/h"
    if call.evidence == Evidence.ESTIMATED:
        how += ", assuming that 70 % of the tokens were read"
    return (
        f"Logged {call.provider}/{call.model}: {count:,} tokens, {cost} {how}\n"
        f"Session {view.session_id} now: {view.totals.tokens:,} tokens, {money(view.totals.cost_nanos)}"
        + ("+" if view.totals.unpriced else "")
    )


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%b %d, %Y %H:%M")
