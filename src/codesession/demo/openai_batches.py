"""What does OpenAI answer about files and batches? A file of requests goes in, a batch names it, a file comes out.

The shapes are those that the openai 3.57.0 SDK reads, and of a line, which it has no type for, that of
https://github.com/dongri/openai-api-rs/blob/main/examples/data/batch_result.json (read 2026-11-28);
its tests are the proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import batches, openai, openai_completions
from codesession.demo.openai_chat import CHAT
from codesession.demo.openai_responses import RESPONSES
from codesession.demo.shapes import Endpoint, takes_anything
from codesession.errors import InvalidInput
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesession.demo.batches import Batches, Row
    from codesession.demo.plan import Plan

_json = msgspec.json.encode
_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines

_DAY_S = 86_400
_TOOK_S = 60
_OUTPUT = "-output"
_ERRORS = "-errors"
"""what the files of a batch's results are called by, after its own id: those that failed are apart"""

_ASKED_OF: dict[str, Endpoint] = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
    "/v1/embeddings": openai.EMBEDDINGS,
    "/v1/completions": openai_completions.COMPLETIONS,
}


def _file_id(plan: Plan) -> str:
    return f"file-{plan.id}"


def _batch_id(plan: Plan) -> str:
    return f"batch_{plan.id}"


def _file(file_id: str, content: bytes, purpose: str) -> bytes:
    return _json(
        {
            "id": file_id,
            "object": "file",
            "bytes": len(content),
            "created_at": openai.CREATED,
            "expires_at": None,
            "filename": f"{file_id}.jsonl",
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
    )


def _upload_problem(body: Mapping[str, Any]) -> str | None:
    return None if isinstance(body.get("file"), bytes) else "'file' is a required property"


def _uploaded(plan: Plan, kept: Batches) -> Plan:
    kept.keep(_file_id(plan), plan.body["file"])
    return plan


def _asked_problem(body: Mapping[str, Any]) -> str | None:
    return None if isinstance(body.get("input_file_id"), str) else "'input_file_id' is a required property"


def _made(plan: Plan, kept: Batches) -> Plan:
    content = kept.kept(plan.body["input_file_id"])
    try:
        lines = _decode_lines(content)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"The input file is not JSON lines: {error}") from error
    whole = batches.of(plan, [_row(plan, number, line) for number, line in enumerate(lines)])
    kept.keep(_batch_id(plan), whole)
    kept.keep(_batch_id(plan) + _OUTPUT, batches.of(plan, [row for row in whole.rows if not row.has_failed]))
    kept.keep(_batch_id(plan) + _ERRORS, batches.of(plan, [row for row in whole.rows if row.has_failed]))
    return whole


def _row(plan: Plan, number: int, line: Mapping[str, Any]) -> Row:
    endpoint, body, custom_id = _ASKED_OF.get(str(line.get("url"))), line.get("body"), line.get("custom_id")
    if endpoint is None or not isinstance(body, dict) or not isinstance(custom_id, str):
        raise InvalidInput(f"Line {number + 1} of the input file needs custom_id, url and body")
    return batches.row(plan, number, custom_id, body, endpoint)


def _kept_batch(plan: Plan, kept: Batches) -> Plan:
    return batches.of(plan, kept.kept(plan.body["batch_id"]).rows)


def _kept_file(plan: Plan, kept: Batches) -> Plan:
    found = kept.kept(plan.body["file_id"])
    # what was uploaded is told as it is, what came of a batch is made of its requests
    return batches.with_content(plan, found) if isinstance(found, bytes) else batches.of(plan, found.rows)


def _batch(batch_id: str, asked: Mapping[str, Any], rows: Sequence[Row], *, has_ended: bool) -> bytes:
    failed = sum(row.has_failed for row in rows)
    done = {"total": len(rows), "completed": len(rows) - failed, "failed": failed}
    known = {
        "id": batch_id,
        "object": "batch",
        "endpoint": asked.get("endpoint", rows[0].endpoint.name if rows else ""),
        "errors": None,
        "input_file_id": asked.get("input_file_id", ""),
        "completion_window": asked.get("completion_window", "24h"),
        "created_at": openai.CREATED,
        "expires_at": openai.CREATED + _DAY_S,
    }
    if not has_ended:
        return _json({**known, "status": "validating", "output_file_id": None, "request_counts": None})
    files = {"output_file_id": batch_id + _OUTPUT, "error_file_id": batch_id + _ERRORS if failed else None}
    ended = {"status": "completed", **files, "completed_at": openai.CREATED + _TOOK_S}
    return _json({**known, **ended, "request_counts": done, "usage": _usage(rows)})


def _usage(rows: Sequence[Row]) -> dict[str, Any]:
    usage = sum((row.result().usage for row in rows), Usage())
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.tokens,
    }


def _created(plan: Plan) -> bytes:
    return _batch(_batch_id(plan), plan.body, plan.rows, has_ended=False)


def _retrieved(plan: Plan) -> bytes:
    return _batch(plan.body["batch_id"], {}, plan.rows, has_ended=True)


def _content(plan: Plan) -> bytes:
    if plan.content is not None:
        return plan.content
    return b"".join(_json(_line(plan, number, row)) + b"\n" for number, row in enumerate(plan.rows))


def _line(plan: Plan, number: int, row: Row) -> dict[str, Any]:
    script = row.plan.script
    message = script.error if isinstance(script.error, str) else f"simulated status {script.status}"
    body = msgspec.Raw(openai.error(script.status, message, "")) if row.has_failed else row.answer()
    response = {"status_code": script.status, "request_id": f"req_{row.plan.id}", "body": body}
    known = {"id": f"batch_req_{plan.id}{number:06x}", "custom_id": row.custom_id}
    return {**known, "response": response, "error": None}


def _free(name: str, answer: Callable[[Plan], bytes], **more: Any) -> Endpoint:  # noqa: ANN401 - fields of Endpoint
    return Endpoint(openai.WIRE, name, answer, writes=False, is_billed=False, streams="never", **more)


FILES = _free(
    "files",
    lambda plan: _file(_file_id(plan), plan.body["file"], str(plan.body.get("purpose", "batch"))),
    problem=_upload_problem,
    prepare=_uploaded,
)
FILE = _free("file", lambda plan: _file(plan.body["file_id"], _content(plan), "batch"), prepare=_kept_file)
CONTENT = _free("file_content", _content, prepare=_kept_file, media_type=b"application/octet-stream")
CREATE = _free("batches", _created, says=CHAT.says | RESPONSES.says, problem=_asked_problem, prepare=_made)
RETRIEVE = _free("batch", _retrieved, problem=takes_anything, prepare=_kept_batch)
