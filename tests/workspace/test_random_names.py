"""A property: whatever a file is called and whatever is done to it, exactly that is reported."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesession.workspace.names import to_text

if TYPE_CHECKING:
    from tests.workspace.conftest import Repo

# Git refuses what Windows and macOS could take for `.git`; a letter in front makes every name an ordinary one.
_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
_TEXT = st.text(_LETTERS, max_size=20).map(lambda name: f"n{name}".encode())
_BYTES = st.binary(max_size=20).map(lambda name: b"n" + name.translate(None, b"/\0"))
_PLAIN = st.text("abc Öü'", max_size=20).map(lambda name: f"n{name}n".encode())
NAMES = st.one_of(_TEXT, _BYTES) if sys.platform == "linux" else _PLAIN

DEEDS = ("nothing", "commit", "stage", "leave untracked", "create and delete", "modify", "delete", "commit deletion")
EXPECTED = {
    "commit": "created",
    "stage": "created",
    "leave untracked": "created",
    "modify": "modified",
    "delete": "deleted",
    "commit deletion": "deleted",
}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.dictionaries(
        st.tuples(st.sampled_from([b"", b"deep/er/"]), NAMES).map(b"".join), st.sampled_from(DEEDS), max_size=12
    )
)
def test_what_was_done_to_a_file_of_any_name_is_what_is_reported(repo: Repo, plan: dict[bytes, str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        copy = type(repo)(Path(directory).resolve() / "copy")
        shutil.copytree(repo.root, copy.root)

        def paths(*deeds: str) -> list[Path]:
            root = os.fsencode(copy.root)
            return [Path(os.fsdecode(root + b"/" + name)) for name, deed in plan.items() if deed in deeds]

        def write(*deeds: str) -> None:
            for path in paths(*deeds):
                path.parent.mkdir(parents=True, exist_ok=True)
                # contents of their own, so that no deletion and creation look like a rename
                path.write_text(sha256(os.fsencode(path)).hexdigest() * 3)

        def remove(*deeds: str) -> None:
            for path in paths(*deeds):
                path.unlink()

        write("modify", "delete", "commit deletion")
        copy.commit("before")
        work = copy.begin()
        write("commit", "create and delete")
        remove("commit deletion")
        copy.commit("in the session")
        remove("create and delete", "delete")
        write("stage")
        copy.git("add", "--all")
        write("leave untracked")
        for path in paths("modify"):
            path.write_text("modified")

        assert work.files() == {to_text(name): EXPECTED[deed] for name, deed in plan.items() if deed in EXPECTED}
