"""Whatever stands in the place of a value, a reader concludes something sound, or says that it cannot read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.recorded import RECORDINGS, Recording
from tests.laws.examples import each
from tests.laws.test_streams import PLACES, READERS, cut

from codesession.capture.providers import PROVIDERS, Unreadable
from codesession.capture.providers.forms import read_form

if TYPE_CHECKING:
    from codesession.capture.providers import Endpoint, Reading

VALUES = [
    *(b"null", b"true", b"-1", b"1.5", b"-0.0", b"1e999", b"NaN", b"9" * 400, b"1e18", b"9007199254740993"),
    *(b'""', b'"x"', b'"\\ud83d"', b'"\\u0000"', b'"https://x"', b'"' + b"a" * 300 + b'"', b"\xff", b""),
    *(b"[]", b"{}", b"[null]", b'[1,"a",{}]', b"[[]]", b'{"a":{"b":1}}', b'[{"type":1}]', b'[{"type":["x"]}]'),
    *(b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900, b"[" * 2000),
]
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|[\[{][^\[\]{}]*[\]}]')
"""A value, or a key, or a small object or array."""
CHANGES = st.lists(st.tuples(st.integers(0, 100_000), st.sampled_from(VALUES), st.booleans()), min_size=1, max_size=4)


def changed(body: bytes, changes: list[tuple[int, bytes, bool]]) -> bytes:
    """The body with other values in it, each in the place of one, or before it under the key of another."""
    for which, value, is_more in changes:
        tokens = list(TOKEN.finditer(body))
        if not tokens:
            return body
        token = tokens[which % len(tokens)]
        is_key = body[token.end() :].lstrip()[:1] == b":"
        more = token[0] + b":" + value + b"," + token[0] if is_key and is_more else value
        body = body[: token.start()] + more + body[token.end() :]
    return body


def is_sound(reading: Reading) -> bool:
    """Whether what was read can be billed, and kept."""
    usage, names = reading.usage, [name for name, _ in reading.extra]
    return (
        (usage is None or usage.tokens >= 0)
        and not (reading.is_final and usage is None)
        and (reading.reported_nanos is None or 0 <= reading.reported_nanos <= 10**15)
        and all(re.fullmatch(r"[A-Za-z0-9_.-]{1,200}", name) for name in names)
        and all(-1e18 < number < 1e18 for _, number in reading.extra)
        and reading.written_bytes >= 0
    )


@pytest.mark.parametrize("one", RECORDINGS, ids=lambda one: one.file)
@given(changes=CHANGES, places=PLACES, ends_at=st.none() | st.integers(0, 100_000))
@each(3)
def test_any_value_in_an_answer_is_read_or_is_not(
    one: Recording, changes: list[tuple[int, bytes, bool]], places: list[int], ends_at: int | None
) -> None:
    body = changed(one.body, changes)
    reader = one.reader()
    for piece in cut(body[:ends_at], places):
        reader.feed(piece)

    assert is_sound(reader.finish())


@pytest.mark.parametrize("name", READERS)
@given(one=st.sampled_from(RECORDINGS), changes=CHANGES)
@each(4)
def test_the_answer_of_another_is_read_or_is_not(
    name: str, one: Recording, changes: list[tuple[int, bytes, bool]]
) -> None:
    reader = READERS[name]()
    reader.feed(changed(one.body, changes))

    assert is_sound(reader.finish())


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.results])
@given(one=st.sampled_from(RECORDINGS), changes=CHANGES)
@settings(max_examples=12)
def test_any_file_is_a_batchs_results_or_is_not(
    name: str, one: Recording, changes: list[tuple[int, bytes, bool]]
) -> None:
    body = changed(one.body, changes)
    line = body.replace(b"\n", b" ")
    for _, new_reader in PROVIDERS[name].results:
        reader = new_reader()
        reader.feed(body + b"\n")
        reader.feed(b'{"id":"1","response":{"body":' + line + b"}}\n")
        reader.feed(b'{"result":{"message":' + line + b'}}\n{"response":' + line + b"}")

        assert all(is_sound(result.reading) for result in reader.finish())


# --- requests ---

BLOCKS = b"""{"text":"x"},{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://x"}},
{"type":"tool_use","id":"a","name":"b","input":{"x":1}},{"type":"tool_result","tool_use_id":"a","content":"x"},
{"toolUse":{"toolUseId":"a","name":"b","input":{}}},{"video":{"source":{"s3Location":{"uri":"x"}}}},
{"type":"function_call","call_id":"a","name":"b","arguments":"{}"},{"fileData":{"fileUri":"x"}},
{"functionCall":{"name":"x","args":{}}},{"functionResponse":{"name":"x","response":{"error":1}}},
{"type":"document","source":{"type":"url"}}"""
REQUEST = b"""{"model":"m","stream":true,"n":2,"max_tokens":5,"max_output_tokens":5,"n_predict":6,"service_tier":"flex",
"stream_options":{"include_usage":false},"generationConfig":{"maxOutputTokens":5,"candidateCount":2},
"inferenceConfig":{"maxTokens":5,"max_new_tokens":7},"options":{"num_predict":4},"completion_args":{"max_tokens":5},
"tools":[{"type":"function","function":{"name":"x"}},{"type":"web_search"},{"googleSearch":{}},{"toolSpec":{}}],
"toolConfig":{"tools":[{"systemTool":{}}]},"context_management":{"edits":[{"type":"compact_1"}]},"background":true,
"prompt":["a",[1,2],{"x":1}],"previous_response_id":"x","plugins":[1],"search_parameters":{},"data_sources":[],
"messages":[{"role":"user","content":[BLOCKS],"tool_calls":[{"id":"a","function":{"name":"x","arguments":"{}"}}]}],
"input":[{"role":"user","content":[BLOCKS]},BLOCKS],"contents":[{"role":"user","parts":[BLOCKS]}]}""".replace(
    b"BLOCKS", BLOCKS
)
ENDPOINTS: dict[str, Endpoint] = {
    f"{provider.name} {path}": endpoint
    for provider in PROVIDERS.values()
    for path, endpoint in (
        *provider.endpoints.items(),
        *((pattern.pattern, endpoint) for pattern, endpoint in provider.patterns),
    )
}
FORM_PARTS = st.sampled_from(
    [
        *(b"--x\r\n", b"--x--\r\n", b"\r\n", b"\n", b"--", b"\x00\xff", b'; filename="x"', b"9" * 2000, b"-5"),
        *(
            b'content-disposition: form-data; name="model"\r\n\r\n',
            b'; name="stream"\r\n\r\ntrue',
            b'; name="n"\r\n\r\n',
        ),
    ]
)
FORM_TYPES = st.sampled_from(["", "; boundary=x", '; boundary="x"', "; boundary=", '; boundary="', "; boundary=\xff"])
WHOLES = st.sampled_from([b"", b"[]", b"null", b"1", b'"x"', b"[{}]", b"{" * 5000, b"\x00", b"\xff\xfe", b"{}", b"{]"])


def is_askable(asked: Any) -> bool:
    return isinstance(asked.model, str) and (asked.max_output is None or 0 <= asked.max_output <= 10**12)


@pytest.mark.parametrize("name", ENDPOINTS)
@given(body=WHOLES | CHANGES.map(lambda changes: changed(REQUEST, changes)))
@each(3)
def test_any_value_in_a_request_is_read_or_is_not(name: str, body: bytes) -> None:
    endpoint = ENDPOINTS[name]
    try:
        asked = endpoint.read_request(body)
        if endpoint.amendment and asked.lacks_usage:
            endpoint.amendment.request(body)
    except Unreadable:
        return

    assert is_askable(asked)


@pytest.mark.parametrize(
    "name", [name for name, endpoint in ENDPOINTS.items() if endpoint.in_path or endpoint.in_query]
)
@given(
    path=st.text(st.characters(max_codepoint=255), max_size=40) | st.sampled_from(["/model//invoke", "/models/%E4:x"])
)
@settings(max_examples=15)
def test_any_path_and_query_tell_something_or_nothing(name: str, path: str) -> None:
    endpoint = ENDPOINTS[name]
    asked = endpoint.read_request(b"{}")
    for read in (endpoint.in_path, endpoint.in_query):
        assert read is None or is_askable(read(asked, path))


@given(body=st.lists(FORM_PARTS, max_size=14).map(b"".join), kind=FORM_TYPES)
@settings(max_examples=120)
def test_any_form_has_fields_or_has_none(body: bytes, kind: str) -> None:
    told = read_form(body, f"multipart/form-data{kind}")

    assert 0 <= told.text_bytes <= len(body)
    for endpoint in ENDPOINTS.values():
        if endpoint.read_form:
            assert is_askable(endpoint.read_form(body, f"multipart/form-data{kind}"))
