from __future__ import annotations

import pytest

from codesession.demo.multipart import fields_of
from codesession.errors import InvalidInput

KIND = "multipart/form-data; boundary=line"


def form(*parts: tuple[str, bytes]) -> bytes:
    told = b"".join(
        b"--line\r\ncontent-disposition: form-data; %b\r\n\r\n%b\r\n" % (head.encode(), content)
        for head, content in parts
    )
    return told + b"--line--\r\n"


def test_a_file_stays_bytes_and_a_field_is_text() -> None:
    content = bytes(range(256)) + b"\r\n\r\n--lin\r\n"
    raw = form(('name="model"', "naïve ✓".encode()), ('name="file"; filename="a.wav"', content))
    assert fields_of(KIND, raw) == {"model": "naïve ✓", "file": content}


@pytest.mark.parametrize(("said", "meant"), [(b"true", True), (b"True", True), (b"false", "false")])
def test_a_form_asks_for_a_stream_in_words(said: bytes, meant: object) -> None:
    assert fields_of(KIND, form(('name="stream"', said))) == {"stream": meant}


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(InvalidInput, match="could not parse the form"):
        fields_of(KIND, b"{}")
