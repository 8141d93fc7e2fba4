from __future__ import annotations

from codesession.capture.providers.rerank import JINA, VOYAGE
from codesession.model import Usage


def test_they_tell_only_how_much_was_read() -> None:
    for provider in (JINA, VOYAGE):
        for path in ("/v1/rerank", "/v1/embeddings"):
            assert provider.endpoints[path].read_answer(b'{"usage":{"total_tokens":26}}').usage == Usage(input=26)


def test_what_is_paid_by_the_pixel_is_not_metered() -> None:
    assert VOYAGE.endpoint_at("/v1/multimodalembeddings") is None
    assert not VOYAGE.is_free("/v1/multimodalembeddings")
    assert VOYAGE.endpoint_at("/v1/contextualizedembeddings") is not None
