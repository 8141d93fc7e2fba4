from __future__ import annotations

import pytest

from codesession.capture.providers import Unreadable
from codesession.capture.providers.base import Answered
from codesession.capture.providers.together import TOGETHER, tell
from codesession.model import Usage


def test_what_was_cached_stands_beside_or_among_the_details() -> None:
    beside = tell({"prompt_tokens": 10, "cached_tokens": 8}, Answered())
    among = tell({"prompt_tokens": 10, "cached_tokens": 8, "prompt_tokens_details": {"cached_tokens": 3}}, Answered())

    assert (beside.usage, beside.extra) == (Usage(input=2, cache_read=8), ())
    assert (among.usage, among.extra) == (Usage(input=7, cache_read=3), ())
    with pytest.raises(Unreadable):
        tell({"prompt_tokens": 10, "cached_tokens": 11}, Answered())


def test_a_stream_tells_its_usage_unasked() -> None:
    assert TOGETHER.endpoints["/v1/chat/completions"].amendment is None
    assert TOGETHER.base_urls == {"TOGETHER_AI_API_BASE": "/v1"}
