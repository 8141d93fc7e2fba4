"""Are names loaded when they are asked for, once, and no others?"""

from __future__ import annotations

import subprocess
import sys

import pytest

import codesession.model
import codesession.workspace
from codesession.lazily import names_of


def test_a_name_is_loaded_when_it_is_asked_for_and_kept() -> None:
    program = """
import sys
import codesession.workspace as room
assert "codesession.workspace.scope" not in sys.modules
first = room.find_scope
assert "codesession.workspace.scope" in sys.modules
assert "codesession.workspace.changes" not in sys.modules
assert room.__dict__["find_scope"] is first
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_name_that_is_not_offered_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"module 'codesession.model' has no attribute 'Nonsense'"):
        names_of("codesession.model", {"Usage": "usage"})("Nonsense")
    assert not hasattr(codesession.model, "Nonsense")
    assert not hasattr(codesession.workspace, "Nonsense")
