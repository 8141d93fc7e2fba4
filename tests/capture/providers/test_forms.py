from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.examples import each

from codesession.capture.providers.forms import Form, is_form, read_form

TYPE = 'multipart/form-data; charset=utf-8; boundary="a b"'
HEAD = b"Content-Disposition: form-data; name="


def of(*parts: bytes, ends: bytes = b"--a b--\r\n") -> bytes:
    return b"".join(b"--a b\r\n" + part + b"\r\n" for part in parts) + ends


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        pytest.param(HEAD + b'"model"\r\n\r\nwhisper-1', {"model": "whisper-1"}, id="plain"),
        pytest.param(HEAD + b"model\r\n\r\nwhisper-1", {"model": "whisper-1"}, id="without-quotes"),
        pytest.param(
            b"CONTENT-TYPE: text/plain\r\ncontent-disposition: form-data; NAME=model\r\n\r\nx",
            {"model": "x"},
            id="case",
        ),
        pytest.param(HEAD + b'"model"\r\n\r\n', {"model": ""}, id="empty"),
        pytest.param(HEAD + b'"model"\r\n\r\na\r\n\r\nb', {"model": "a\r\n\r\nb"}, id="lines"),
        pytest.param(HEAD + b'"model"\r\n\r\n\xff', {"model": "\ufffd"}, id="not-text"),
        pytest.param(HEAD + b'"model"\r\n\r\n' + b"x" * 1001, {}, id="too-long"),
        pytest.param(b"Content-Disposition: form-data; filename=model\r\n\r\nx", {}, id="a-file-without-a-name"),
        pytest.param(HEAD + b"\"f\"; filename*=UTF-8''model\r\n\r\nx", {}, id="a-file"),
        pytest.param(b"x: y\r\n\r\nx", {}, id="no-disposition"),
        pytest.param(HEAD + b'"model"', {}, id="no-content"),
    ],
)
def test_fields_are_read(part: bytes, fields: dict[str, str]) -> None:
    assert read_form(of(part), TYPE).fields == fields


def test_of_several_of_one_name_the_first_is_kept() -> None:
    assert read_form(of(HEAD + b'"a"\r\n\r\n1', HEAD + b'"a"\r\n\r\n2'), TYPE).fields == {"a": "1"}


def test_files_are_passed_over_and_not_counted_as_text() -> None:
    file = HEAD + b'"file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n' + b"x--a b" * 1000
    body = of(file, HEAD + b'"model"\r\n\r\nwhisper-1')

    assert read_form(body, TYPE) == Form({"model": "whisper-1"}, len(body) - 6000)


def test_what_stands_before_the_first_part_is_passed_over() -> None:
    assert read_form(b"preamble\r\n" + of(HEAD + b'"a"\r\n\r\n1'), TYPE).fields == {"a": "1"}


def test_a_form_keeps_no_more_fields_than_it_may() -> None:
    body = of(*(HEAD + b'"%d"\r\n\r\n1' % number for number in range(200)))

    assert len(read_form(body, TYPE).fields) == 100


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (of(HEAD + b'"a"\r\n\r\n1'), "multipart/form-data"),
        (of(HEAD + b'"a"\r\n\r\n1'), "multipart/form-data; boundary=other"),
        (of(HEAD + b'"a"\r\n\r\n1', ends=b"")[:-2], TYPE),
        (b"", TYPE),
        (b"--a b--", TYPE),
    ],
)
def test_what_is_no_form_has_no_fields(body: bytes, content_type: str) -> None:
    assert read_form(body, content_type) == Form({}, len(body))


@pytest.mark.parametrize(
    ("content_type", "is_one"),
    [(TYPE, True), ("Multipart/Form-Data", True), ("application/json", False), ("multipart/mixed", False), ("", False)],
)
def test_a_form_is_known_by_its_type(content_type: str, *, is_one: bool) -> None:
    assert is_form(content_type) is is_one


WORDS = st.sampled_from(
    [b"--a b", b"\r\n", b"--", HEAD, b'"model"', b"; filename=x", b"\r\n\r\n", b"whisper-1", b"\xff"]
)


@given(body=st.lists(WORDS, max_size=40).map(b"".join), content_type=st.just(TYPE) | st.text(max_size=60))
@each(100)
def test_whatever_comes_is_read_without_failing(body: bytes, content_type: str) -> None:
    form = read_form(body, content_type)

    assert 0 <= form.text_bytes <= len(body)
    assert all(len(value) <= 1000 for value in form.fields.values())
