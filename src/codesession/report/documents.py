"""What does ``--json`` print? The documents of the contract, each from a view.

Keys are added, never removed or retyped. Money is float dollars, durations are whole seconds, times ISO 8601.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession import __version__
from codesession.model import Evidence, to_usd
from codesession.report.formats import duration, iso
from codesession.report.hardware import hardware_rows, seconds

if TYPE_CHECKING:
    from codesession.model import Annotation, Call, Commit, FileChange, ModelTotals, Nanos, Session, Statistics, Usage
    from codesession.report.logged import LoggedView
    from codesession.report.runs import BlockedView, RunView
    from codesession.report.views import SessionView

SCHEMA_VERSION = 1
Document = dict[str, Any]


def document(content: Document) -> Document:
    """`content` as a document of its own, with the versions every document begins with."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "codesessionVersion": __version__,
        "costhqVersion": __version__,
        **content,
    }


def bare(said: Document) -> Document:
    """A document without the versions it begins with: what a part of the HTTP API answers.

    >>> bare(document({"id": 1}))
    {'id': 1}
    """
    versions = document({}).keys()
    return {name: value for name, value in said.items() if name not in versions}


def start_document(session: Session, *, resumed: bool = False) -> Document:
    """What ``start`` answers."""
    return document(
        {
            "id": session.id,
            "name": session.name,
            "status": "active",
            "startTime": iso(session.started_ms),
            "directory": session.directory,
            "gitRoot": session.git_root,
            "branch": session.branch,
        }
        | ({"resumed": True} if resumed else {})
    )


def note_document(annotation: Annotation) -> Document:
    """What ``note`` answers."""
    return document(annotation_document(annotation))


def recover_document(sessions: list[Session]) -> Document:
    """What ``recover`` answers: the sessions it ended."""
    ended = [{"id": session.id, "name": session.name, "startTime": iso(session.started_ms)} for session in sessions]
    return document({"recovered": len(ended), "sessions": ended})


def logged_document(view: LoggedView) -> Document:
    """What ``log-ai`` answers: the call, by which price, and what its session now comes to."""
    call = call_document(view.call)
    logged = ("id", "provider", "model", "tokens", "promptTokens", "completionTokens", "cost", "agentName", "evidence")
    took = {"durationSeconds": call["durationSeconds"]} if "durationSeconds" in call else {}
    cost, tokens = to_usd(view.totals.cost_nanos), view.totals.tokens
    return document(
        {
            "logged": {key: call[key] for key in logged if key in call},
            "pricing": {
                "source": view.source,
                "modelKnown": view.model_known,
                "inputPer1M": usd(view.input_per_million),
                "outputPer1M": usd(view.output_per_million),
                "estimated": view.call.evidence == Evidence.ESTIMATED,
            }
            | ({} if view.per_hour is None else {"costPerHour": usd(view.per_hour)})
            | ({} if view.call.hardware is None else {"hardware": view.call.hardware})
            | took,
            "session": {
                "id": view.session_id,
                "aiCost": cost,
                "aiTokens": tokens,
                "totalCost": cost,
                "totalTokens": tokens,
            },
        }
    )


def list_document(views: list[SessionView]) -> list[Document]:
    """What ``list`` answers: a bare array, each element with its versions."""
    return [document(session_document(view)) for view in views]


def show_document(view: SessionView, *, files: bool, commits: bool) -> Document:
    """What ``show`` answers; ``commits`` is their number, or, asked for, the commits."""
    content = session_document(view) | _calls_and_remarks(view)
    if files:
        content["files"] = [file_document(file, view.session.id) for file in view.files]
    if commits:
        content["commits"] = [commit_document(commit, view.session.id) for commit in view.commits]
    return document(content)


def stats_document(stats: Statistics) -> Document:
    """What ``stats`` answers: the sums over all completed sessions."""
    average = round(stats.seconds / stats.sessions) if stats.sessions else 0
    return document(
        {
            "totalSessions": stats.sessions,
            "totalTime": stats.seconds,
            "totalTimeFormatted": duration(stats.seconds),
            "totalFiles": stats.files,
            "totalCommits": stats.commits,
            "totalTokens": stats.tokens,
            "totalAICost": to_usd(stats.cost_nanos),
            "unpricedCalls": stats.unpriced,
            "avgSessionTime": average,
            "avgSessionFormatted": duration(average),
            "hardware": hardware_rows(stats.hardware),
        }
    )


def end_document(view: SessionView) -> Document:
    """What ``end`` answers: everything."""
    return show_document(view, files=True, commits=True)


def status_document(view: SessionView) -> Document:
    """What ``status`` answers."""
    return document(active_document(view))


def active_document(view: SessionView) -> Document:
    """A session as it stands."""
    live = {
        "liveDuration": view.seconds,
        "liveDurationFormatted": duration(view.seconds),
        "aiUsageOmitted": view.totals.calls - len(view.calls),
    }
    return session_document(view) | live | _calls_and_remarks(view)


def run_document(run: RunView) -> Document:
    """What ``run`` leaves on stderr or in a file: the session, and this run's share of it."""
    view = run.session
    return document(
        session_document(view)
        | {
            "exitCode": run.exit_code,
            "joined": run.joined,
            "port": run.port,
            "topModel": view.models[0].model if view.models else None,
            "models": [_model(model) for model in view.models],
            "hardware": hardware_rows(view.hardware),
            "unmeteredRequests": dict(run.unmetered),
            "unrecordedCalls": run.unrecorded,
            "unreachable": dict(run.unreachable),
            "files": [file_document(file, view.session.id) for file in view.files],
            "commits": [commit_document(commit, view.session.id) for commit in view.commits],
            "problem": run.problem,
            "blocked": None if run.blocked is None else _blocked(run.blocked),
        }
    )


def _blocked(blocked: BlockedView) -> Document:
    return {
        "rule": blocked.rule,
        "limit": usd(blocked.limit_nanos),
        "spent": usd(blocked.spent_nanos),
        "scope": blocked.scope,
        "message": blocked.message,
        "stopped": blocked.stopped,
        "refusals": blocked.refusals,
    }


def session_document(view: SessionView) -> Document:
    """A session with what it amounts to."""
    session, totals = view.session, view.totals
    ended = session.ended_ms is not None
    return {
        "id": session.id,
        "name": session.name,
        "status": "completed" if ended else "active",
        "startTime": iso(session.started_ms),
        "endTime": iso(session.ended_ms) if session.ended_ms is not None else None,
        "duration": view.seconds if ended else None,
        "durationFormatted": duration(view.seconds) if ended else None,
        "workingDirectory": session.directory,
        "gitRoot": session.git_root,
        "branch": session.branch,
        "startGitHead": session.start_head,
        "filesChanged": totals.files,
        "commits": totals.commits,
        "commitsCount": totals.commits,
        "aiTokens": totals.tokens,
        "aiCost": to_usd(totals.cost_nanos),
        "aiCalls": totals.calls,
        "unpricedCalls": totals.unpriced,
        "estimatedCalls": totals.estimated,
        "interruptedCalls": totals.cut,
        "lostCalls": totals.lost,
        "callsInFlight": totals.held,
        "failedCalls": totals.failed,
        "notes": session.notes,
    }


def _calls_and_remarks(view: SessionView) -> Document:
    return {
        "aiUsage": [call_document(call) for call in view.calls],
        "annotations": [annotation_document(annotation) for annotation in view.annotations],
        "hardware": hardware_rows(view.hardware),
    }


def call_document(call: Call) -> Document:
    """A call; what is not known is absent, but for the cost, which is then null: *unpriced*."""
    usage = call.usage
    known: Document = {
        "id": call.id,
        "sessionId": call.session_id,
        "provider": call.provider,
        "model": call.model,
        "tokens": usage.tokens if usage else 0,
        "cost": usd(call.cost_nanos),
        "timestamp": iso(call.started_ms),
        "evidence": call.evidence,
        "state": call.state,
        "unpriced": call.is_unpriced,
        "interruptedBy": call.cut,
        "endpoint": call.endpoint,
        "streamed": call.streamed,
    }
    if usage and usage.knows_sides:
        known |= {
            "promptTokens": usage.prompt_tokens,
            "completionTokens": usage.completion_tokens,
            "cacheReadTokens": usage.cache_read + usage.cache_read_audio + usage.cache_read_image,
            "cacheWriteTokens": usage.cache_write,
            "cacheWrite1hTokens": usage.cache_write_1h,
            "reasoningTokens": usage.reasoning,
            "webSearches": usage.web_searches,
        } | {key: amount for key, amount in _rarer(usage).items() if amount}
    named = {
        "agentName": call.agent,
        "user": call.user,
        "customer": call.customer,
        "feature": call.feature,
        "clientSession": call.client_session,
        "requestId": call.request_id,
        "priceSource": call.price_source,
        "durationSeconds": _seconds(call),
        "endedByRule": call.rule,
        "savedCost": usd(call.saved_nanos),
        "serviceTier": call.terms.service_tier,
        "speed": call.terms.speed,
        "geography": call.terms.geography,
        "batch": call.terms.is_batch or None,
        "local": call.terms.is_local or None,
        "hardware": call.hardware,
        "extraUsage": dict(call.extra) or None,
    }
    return known | {key: value for key, value in named.items() if value is not None}


def _rarer(usage: Usage) -> dict[str, int]:
    """The classes that most calls have none of."""
    return {
        "cacheWriteOtherTokens": usage.cache_write_other,
        "audioInputTokens": usage.input_audio + usage.cache_read_audio,
        "imageInputTokens": usage.input_image + usage.cache_read_image,
        "videoInputTokens": usage.input_video,
        "audioOutputTokens": usage.output_audio,
        "imageOutputTokens": usage.output_image,
        "videoOutputTokens": usage.output_video,
        "fileSearches": usage.file_searches,
        "rerankSearches": usage.rerank_searches,
    }


def _seconds(call: Call) -> float | int | None:
    """How long a call took, to the millisecond; None when that is not known."""
    took_ms = 0 if call.ended_ms is None else call.ended_ms - call.started_ms
    return seconds(took_ms) if took_ms else None


def usd(nanos: Nanos | None) -> float | None:
    """Dollars for nano-dollars; None stays unknown."""
    return None if nanos is None else to_usd(nanos)


def _model(model: ModelTotals) -> Document:
    return {
        "provider": model.provider,
        "model": model.model,
        "calls": model.calls,
        "tokens": model.tokens,
        "cost": to_usd(model.cost_nanos),
        "unpricedCalls": model.unpriced,
    }


def _recorded(row_id: int) -> Document:
    """The id of what is in the ledger; what was only just seen in an active session has none yet."""
    return {"id": row_id} if row_id else {}


def file_document(file: FileChange, session_id: int) -> Document:
    """A file that a session changed."""
    return _recorded(file.id) | {
        "sessionId": session_id,
        "filePath": file.path,
        "changeType": file.change,
        "timestamp": iso(file.timestamp_ms),
    }


def commit_document(commit: Commit, session_id: int) -> Document:
    """A commit of a session."""
    return _recorded(commit.id) | {
        "sessionId": session_id,
        "hash": commit.hash,
        "message": commit.message,
        "timestamp": iso(commit.timestamp_ms),
    }


def annotation_document(annotation: Annotation) -> Document:
    """A remark made in a session."""
    return {
        "id": annotation.id,
        "sessionId": annotation.session_id,
        "message": annotation.message,
        "timestamp": iso(annotation.timestamp_ms),
    }
