from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codesession.workspace.names import directory_to_text, text_to_directory, to_raw, to_text


@given(st.binary())
@example(rb"\xff")
@example(rb"\x5c")
@example(rb"\\x5cxff\xfe" + b"\xff")
def test_every_name_is_text_for_json_and_comes_back_as_it_was(raw: bytes) -> None:
    text = to_text(raw)
    json.dumps(text, ensure_ascii=False).encode()
    assert to_raw(text) == raw


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\\")))
def test_a_unicode_name_is_its_own_text(name: str) -> None:
    assert to_text(name.encode()) == name


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_a_directory_that_is_not_unicode_is_found_again(tmp_path: Path) -> None:
    directory = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    directory.mkdir()
    text = directory_to_text(directory)
    assert text.endswith("/caf\\xe9")
    assert text_to_directory(text) == directory


def test_a_directory_that_looks_escaped_is_left_as_it_is(tmp_path: Path) -> None:
    assert directory_to_text(tmp_path / "\\x86") == str(tmp_path / "\\x86")
