"""Whatever a provider writes where its usage should stand, the call is kept, and nothing of it is invented.

``python3 tasks.py nightly`` draws 50,000 examples of each.
"""

from __future__ import annotations

import json
import math
from contextlib import closing
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.capture.recorded import RECORDINGS, Recording
from tests.laws.examples import IS_NIGHTLY
from tests.laws.test_streams import PLACES, cut
from tests.ledger.fresh import fresh

from codesession.capture.providers import StreamReader
from codesession.capture.providers.values import storable
from codesession.capture.proxy.exchange import outcome
from codesession.model import Attempt, CallState, Cost, Cut, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.capture.providers import Reading
    from codesession.ledger import SqliteLedger


def examples(usual: int) -> settings:
    """So many examples, or those of the nightly profile."""
    return settings(
        max_examples=settings().max_examples if IS_NIGHTLY else usual,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.sampled_from([-1, 0, 1, 2**31, 2**53, 2**63 - 1, 2**63, 10**12, 10**12 + 1, 10**400]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "12", "flex", "\ud83d", "x" * 500]),
    st.lists(st.integers(-5, 5), max_size=3),
    st.dictionaries(st.sampled_from(["input_tokens", "cached_tokens", "cost", "modality", "new"]), st.integers(-9, 9)),
)
"""What may stand where a number should."""


def places_of(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, by the keys that lead there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from places_of(part, (*path, key))


def usage_places(document: object) -> list[tuple[Any, ...]]:
    """The places in and at what a provider says of usage; where it says nothing, every place."""
    every = list(places_of(document))
    told = [path for path in every if any("usage" in str(key).lower() or "meta" in str(key).lower() for key in path)]
    return told or every


def put(document: Any, path: tuple[Any, ...], value: object, *, is_gone: bool) -> None:
    """Change the place in the document."""
    for key in path[:-1]:
        document = document[key]
    if is_gone:
        del document[path[-1]]
    else:
        document[path[-1]] = value


def altered(one: Recording, draw: st.DataObject) -> bytes:
    """A recorded answer with one to four of its numbers replaced."""
    reader = one.reader()
    units = list(reader.framing.units(one.body)) if isinstance(reader, StreamReader) else [one.body]
    payload = reader.framing.payload if isinstance(reader, StreamReader) else bytes.strip
    readable = [
        at for at, unit in enumerate(units) if payload(unit)[:1] in b"{[" and payload(unit) not in (b"", b"[DONE]")
    ]
    telling = [at for at in readable if b"sage" in units[at]] or readable
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.sampled_from(telling))
        text = payload(units[at])
        document = json.loads(text)
        paths = usage_places(document)
        if not paths:
            continue
        put(document, draw.draw(st.sampled_from(paths)), draw.draw(ODD), is_gone=draw.draw(st.booleans()))
        units[at] = units[at].replace(text, json.dumps(document).encode())
    return b"".join(units)


TEXTS = [one for one in RECORDINGS if not one.file.endswith(".amazon")]
"""Answers whose numbers can be altered in place; what Amazon frames has lengths: see `test_framed_usage`."""


def read(one: Recording, body: bytes, places: list[int]) -> Reading:
    reader = one.reader()
    for piece in cut(body, places):
        reader.feed(piece)
    return reader.finish()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(fresh(tmp_path / "l.db")) as ledger:
        with ledger.writing() as tx:
            tx.begin_session(Scope("/here"), "work", 1)
        yield ledger


@given(draw=st.data(), one=st.sampled_from(TEXTS), places=PLACES, is_cut=st.booleans())
@examples(200)
def test_malformed_usage_is_kept_marked_and_never_invented(
    ledger: SqliteLedger, draw: st.DataObject, one: Recording, places: list[int], *, is_cut: bool
) -> None:
    reading = read(one, altered(one, draw), places)

    assert not (reading.is_final and reading.usage is None)
    assert reading.usage is None or all(0 <= amount <= 4 * 10**12 for amount in astuple(reading.usage))
    assert reading.reported_nanos is None or 0 <= reading.reported_nanos < 2**63
    assert len(reading.extra) <= 64
    assert all(math.isfinite(number) for _, number in reading.extra)

    asked = Attempt(1, "p", "m", "e", streamed=one.is_stream, request_bytes=400)
    told = outcome(asked, reading, Cut.CLIENT if is_cut else None, 200, "req_1")
    told = replace(told, model=storable(told.model), response_id=storable(told.response_id))  # as the relay keeps them
    cost = None if told.usage is None else Cost(told.usage.tokens, "table")
    with ledger.writing() as tx:
        owner_id = tx.add_owner(1, 1)
        call_id = tx.hold(asked, 900, owner_id, 1)
        assert tx.settle(call_id, told, cost, 2)
        call = tx.call(call_id)

    assert call is not None
    assert call.state is CallState.SETTLED
    assert call.usage == told.usage
    assert call.cost_nanos == (900 if told.usage is None else told.usage.tokens)
    assert call.evidence == told.evidence
