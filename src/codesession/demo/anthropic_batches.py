"""What does Anthropic answer about batches? The batch, and its results, one line of JSON for each request.

https://docs.claude.com/en/api/creating-message-batches (read 2026-11-28). The shapes are those that the anthropic
2.14.0 SDK reads; its tests are the proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import anthropic, batches
from codesession.demo.shapes import Endpoint
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.demo.batches import Batches, Row
    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_CREATED = "2026-11-28T10:00:00Z"
_ENDED = "2026-11-28T10:04:00Z"
_EXPIRES = "2026-11-29T10:00:00Z"
_TIER = "batch"


def _batch_id(plan: Plan) -> str:
    return f"msgbatch_01{plan.id}"


def _problem(body: Mapping[str, Any]) -> str | None:
    return None if isinstance(body.get("requests"), list) and body["requests"] else "requests: Field required"


def _made(plan: Plan, kept: Batches) -> Plan:
    rows = []
    for number, request in enumerate(plan.body["requests"]):
        params = request.get("params") if isinstance(request, dict) else None
        if not isinstance(params, dict) or not isinstance(request.get("custom_id"), str):
            raise InvalidInput(f"requests.{number}: custom_id and params are required")
        made = batches.row(plan, number, request["custom_id"], params, anthropic.MESSAGES)
        rows.append(made.at_tier(_TIER))
    whole = batches.of(plan, rows)
    kept.keep(_batch_id(plan), whole)
    return whole


def _kept(plan: Plan, kept: Batches) -> Plan:
    return batches.of(plan, kept.kept(plan.body["batch_id"]).rows)


def _batch(batch_id: str, rows: Sequence[Row], results_url: str | None) -> bytes:
    has_ended = results_url is not None
    failed = sum(row.has_failed for row in rows)
    counts = {"processing": len(rows), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    if has_ended:
        counts |= {"processing": 0, "succeeded": len(rows) - failed, "errored": failed}
    return _json(
        {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "ended" if has_ended else "in_progress",
            "request_counts": counts,
            "created_at": _CREATED,
            "expires_at": _EXPIRES,
            "ended_at": _ENDED if has_ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": results_url,
        }
    )


def _created(plan: Plan) -> bytes:
    return _batch(_batch_id(plan), plan.rows, None)


def _retrieved(plan: Plan) -> bytes:
    # the address is absolute, and the SDK fetches from there whatever its base URL is
    return _batch(plan.body["batch_id"], plan.rows, f"{plan.body['url']}/results")


def _results(plan: Plan) -> bytes:
    return b"".join(_json({"custom_id": row.custom_id, "result": _result(row)}) + b"\n" for row in plan.rows)


def _result(row: Row) -> dict[str, Any]:
    if not row.has_failed:
        return {"type": "succeeded", "message": row.answer()}
    script = row.plan.script
    message = script.error if isinstance(script.error, str) else f"simulated status {script.status}"
    return {"type": "errored", "error": msgspec.Raw(anthropic.error(script.status, message, ""))}


CREATE = Endpoint(
    anthropic.WIRE,
    "batches",
    _created,
    says=anthropic.MESSAGES.says,
    writes=False,
    is_billed=False,
    streams="never",
    problem=_problem,
    prepare=_made,
)
RETRIEVE = Endpoint(anthropic.WIRE, "batch", _retrieved, writes=False, is_billed=False, prepare=_kept)
RESULTS = Endpoint(
    anthropic.WIRE,
    "batch_results",
    _results,
    writes=False,
    is_billed=False,
    prepare=_kept,
    media_type=b"application/x-jsonl",
)
