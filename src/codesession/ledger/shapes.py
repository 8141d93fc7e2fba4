"""Which columns make a session or a call, and what value do they make?"""

from __future__ import annotations

import json
from typing import Any

from codesession.ledger.totals import MODEL, TOKEN_COLUMNS
from codesession.model import Call, CallState, Cut, Evidence, Session, Terms, Usage

SESSION = "id, name, directory, git_root, branch, start_head, started_ms, ended_ms, notes, background"
CALL = (
    f"id, session_id, provider, {MODEL}, endpoint, state, streamed, started_ms, ended_ms, "
    "hold_nanos, cost_nanos, evidence, price_source, cut, http_status, request_id, response_id, agent, user, "
    "customer, feature, client_session, retry, rule, saved_nanos, service_tier, speed, geography, batch, local, "
    f"hardware, extra, {', '.join(TOKEN_COLUMNS)}"
)


def session_of(row: tuple[Any, ...]) -> Session:
    """A session from a row of `SESSION`."""
    return Session(*(*row[:-1], bool(row[-1])))


def call_of(row: tuple[Any, ...]) -> Call:
    """A call from a row of `CALL`; its usage is known when any of its tokens are."""
    head, tokens = row[: -len(TOKEN_COLUMNS)], row[-len(TOKEN_COLUMNS) :]
    (
        row_id, session_id, provider, model, endpoint, state, streamed, started, ended, hold, cost, evidence, source,
        cut, http_status, request_id, response_id, agent, user, customer, feature, client_session, retry, rule, saved,
        tier, speed, geography, batch, local, hardware, extra,
    ) = head  # fmt: skip
    took_ms = ended - started if local and ended is not None else None
    return Call(
        row_id,
        session_id,
        provider,
        model,
        endpoint,
        CallState(state),
        bool(streamed),
        started,
        ended,
        hold,
        None if tokens[0] is None else Usage(*(count or 0 for count in tokens)),
        cost,
        None if evidence is None else Evidence(evidence),
        source,
        None if cut is None else Cut(cut),
        http_status,
        request_id,
        response_id,
        agent,
        user,
        customer,
        feature,
        client_session,
        retry,
        rule,
        saved,
        Terms(tier, speed, geography, bool(batch), bool(local), took_ms),
        hardware,
        tuple(json.loads(extra).items()) if extra else (),
    )
