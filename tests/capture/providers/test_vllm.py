from __future__ import annotations

import pytest

from codesession.capture.providers.vllm import VLLM
from codesession.model import Usage


@pytest.mark.parametrize(
    "path", ["/rerank", "/v1/rerank", "/v2/rerank", "/score", "/v1/score", "/pooling", "/classify"]
)
def test_what_only_reads_tells_what_it_read(path: str) -> None:
    endpoint = VLLM.endpoints[path]

    assert endpoint.read_answer(b'{"model":"m","usage":{"total_tokens":56}}').usage == Usage(input=56)
    assert endpoint.read_request(b'{"model":"m","query":"q","documents":["d"]}').max_output == 0


def test_a_stream_is_asked_for_its_usage() -> None:
    assert VLLM.endpoints["/v1/chat/completions"].amendment is not None
    assert VLLM.is_local
    assert VLLM.is_free("/tokenize")
    assert VLLM.is_free("/v1/messages/count_tokens")
