"""Is a stream cut where its units end, whatever the pieces it comes in, and without looking at anything twice?"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.examples import each

from codesession.capture.framing import EVENTS, LINES, OBJECTS, Framing, LineSplitter, ObjectSplitter

PLACES = st.lists(st.integers(min_value=0, max_value=10_000), max_size=30)
TEXTS = st.text(st.sampled_from('ab{}[]",:\\\n\u00e9'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=5)


def cut(body: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(at)]


def units(framing: Framing, pieces: list[bytes]) -> list[bytes]:
    splitter = framing.splitter()
    stretches = [*(splitter.feed(piece) for piece in pieces), splitter.rest()]
    assert b"".join(stretches) == b"".join(pieces)
    return [unit for stretch in stretches for unit in framing.units(stretch)]


def documents(framing: Framing, pieces: list[bytes]) -> list[Any]:
    return [json.loads(told) for unit in units(framing, pieces) if (told := framing.payload(unit))]


@given(
    said=DOCUMENTS, places=PLACES, indent=st.sampled_from([None, 2]), between=st.sampled_from([",", "\n,\r\n", ", "])
)
@each(50)
def test_an_array_is_cut_after_each_object(
    said: list[Any], places: list[int], indent: int | None, between: str
) -> None:
    body = ("[" + between.join(json.dumps(one, indent=indent) for one in said) + "\n]").encode()

    assert documents(OBJECTS, cut(body, places)) == said


@given(said=DOCUMENTS, places=PLACES, end=st.sampled_from([b"\n", b"\r\n"]), is_ended=st.booleans())
@each(50)
def test_lines_are_cut_at_their_ends(said: list[Any], places: list[int], end: bytes, *, is_ended: bool) -> None:
    body = end.join(json.dumps(one).encode() for one in said) + (end if is_ended else b"")

    assert documents(LINES, cut(body, places)) == said


@given(body=st.binary(max_size=200), places=PLACES)
@pytest.mark.parametrize("framing", [LINES, OBJECTS, EVENTS], ids=["lines", "objects", "events"])
def test_whatever_comes_every_byte_is_in_a_unit(framing: Framing, body: bytes, places: list[int]) -> None:
    assert b"".join(units(framing, cut(body, places))) == body


@pytest.mark.parametrize(
    ("data", "first_end"), [(b'{"a":1}', 0), (b'{"a":1}\n{', 8), (b"\n", 1), (b"", 0), (b"\r\n\n", 2)]
)
def test_the_first_line_ends_after_its_mark(data: bytes, first_end: int) -> None:
    assert LINES.first_end is not None
    assert LINES.first_end(data) == first_end


def test_between_units_nothing_is_begun() -> None:
    lines, objects = LineSplitter(), ObjectSplitter()
    lines.feed(b'{"a":1}\n')
    objects.feed(b'[{"a":1},\n')

    assert (lines.last_bytes(), objects.last_bytes()) == (b"", b"")
    lines.feed(b'{"b"')
    objects.feed(b'{"b"')
    assert (lines.last_bytes(), objects.last_bytes()) == (b'b"', b'b"')


@pytest.mark.parametrize("mark", [b'"', b'\\"', b"\\\\", b"\\"])
def test_a_string_may_be_cut_in_an_escape(mark: bytes) -> None:
    body = b'[{"a":"{' + mark + b'x"}, {"b":1}]'
    pieces = [body[at : at + 1] for at in range(len(body))]

    assert units(OBJECTS, pieces) == units(OBJECTS, [body])


def test_a_line_too_large_is_passed_over_and_the_next_is_read() -> None:
    splitter = LineSplitter(most=10)
    assert [splitter.feed(b"x" * 6) for _ in range(3)] == [b"", b"", b""]

    assert splitter.feed(b'x\n{"a":1}\n') == b'{"a":1}\n'
    assert splitter.skipped
    splitter.feed(b"y" * 20)
    assert splitter.rest() == b""


def test_an_object_too_large_is_passed_over_and_the_next_is_read() -> None:
    splitter = ObjectSplitter(most=10)
    splitter.feed(b'[{"a": "')
    for _ in range(5):
        assert splitter.feed(b"x" * 20) == b""
        assert len(splitter._tail) <= 20  # noqa: SLF001 - memory is what is promised

    assert splitter.feed(b'"}') == b""
    assert splitter.feed(b', {"b":1}') == b', {"b":1}'
    assert splitter.skipped


def test_the_end_of_what_is_passed_over_is_not_the_rest() -> None:
    splitter = ObjectSplitter(most=10)
    splitter.feed(b'{"a": "' + b"x" * 40)

    assert splitter.rest() == b""


def test_a_long_string_is_looked_at_once() -> None:
    splitter = ObjectSplitter()
    splitter.feed(b'[{"a": "')
    for _ in range(200):
        splitter.feed(b"x" * 1000)
        assert splitter._seen == len(splitter._tail)  # noqa: SLF001 - the time it takes is what is promised

    assert len(splitter.feed(b'"}')) == 200_010
