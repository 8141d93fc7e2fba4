from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codesession.report import diffs
from codesession.report.diffs import Hunk, Line, join, parse_diff, stats_document, view_of_diff

MODIFIED = """\
diff --git a/src/app.py b/src/app.py
index 3c45e35..2b14cb5 100644
--- a/src/app.py
+++ b/src/app.py
@@ -1,4 +1,4 @@ def handle(event):
 import time
-attempts = 0
+attempts = 1
+
 while True:
--- a comment of SQL
@@ -20 +21 @@
-old
\\ No newline at end of file
+new
\\ No newline at end of file
"""


def test_lines_have_their_numbers_before_and_after() -> None:
    (file,) = parse_diff(MODIFIED).files
    assert (file.path, file.change, file.additions, file.deletions) == ("src/app.py", "modified", 3, 3)
    first, second = file.hunks
    assert first.within == "def handle(event):"
    assert [(line.kind, line.old, line.new) for line in first.lines] == [
        ("context", 1, 1),
        ("removed", 2, None),
        ("added", None, 2),
        ("added", None, 3),
        ("context", 3, 4),
        ("removed", 4, None),
    ]
    assert first.lines[-1].text == "--- a comment of SQL"
    assert [(line.kind, line.old, line.new) for line in second.lines[:4]] == [
        ("removed", 20, None),
        ("remark", None, None),
        ("added", None, 21),
        ("remark", None, None),
    ]
    assert second.within == ""


def of(head: str, *rest: str) -> diffs.FileDiff:
    (file,) = parse_diff("\n".join([f"diff --git {head}", *rest, ""])).files
    return file


def test_a_new_file_was_created() -> None:
    file = of(
        "a/n b/n", "new file mode 100644", "index 0000000..2988452", "--- /dev/null", "+++ b/n", "@@ -0,0 +1 @@", "+x"
    )
    assert (file.path, file.change, file.additions, file.deletions) == ("n", "created", 1, 0)


def test_a_deleted_file_has_its_old_name() -> None:
    file = of("a/o b/o", "deleted file mode 100644", "--- a/o", "+++ /dev/null", "@@ -1 +0,0 @@", "-x")
    assert (file.path, file.change, file.additions, file.deletions) == ("o", "deleted", 0, 1)


def test_a_moved_file_has_both_names() -> None:
    file = of("a/old name b/new name", "similarity index 100%", "rename from old name", "rename to new name")
    assert (file.path, file.old_path, file.change, file.hunks) == ("new name", "old name", "renamed", ())


def test_a_copied_file_has_both_names() -> None:
    file = of("a/x b/y", "similarity index 90%", "copy from x", "copy to y")
    assert (file.path, file.old_path, file.change) == ("y", "x", "copied")


def test_a_change_of_mode_is_told() -> None:
    file = of("a/run me b/run me", "old mode 100644", "new mode 100755")
    assert (file.path, file.modes, file.change) == ("run me", ("100644", "100755"), "modified")


def test_what_is_no_text_is_told() -> None:
    file = of("a/x.png b/x.png", "index 1..2 100644", "Binary files a/x.png and b/x.png differ")
    assert (file.path, file.is_binary, file.size) == ("x.png", True, 0)


@pytest.mark.parametrize(
    ("head", "plus", "path"),
    [
        pytest.param("a/two words b/two words", "+++ b/two words\t", "two words", id="spaces"),
        pytest.param('"a/tab\\there" "b/tab\\there"', '+++ "b/tab\\there"', "tab\there", id="tab"),
        pytest.param('"a/a\\"b\\\\c" "b/a\\"b\\\\c"', '+++ "b/a\\"b\\\\c"', 'a"b\\c', id="quotes"),
        pytest.param('"a/\\303\\274" "b/\\303\\274"', '+++ "b/\\303\\274"', "ü", id="octal"),
        pytest.param("a/b/b b/b/b", "+++ b/b/b", "b/b", id="like-the-prefix"),
        pytest.param("a/ünï b/ünï", "+++ b/ünï", "ünï", id="letters"),
    ],
)
def test_a_name_is_read_as_git_writes_it(head: str, plus: str, path: str) -> None:
    assert of(head, "--- a/x", plus, "@@ -1 +1 @@", "-a", "+b").path == path
    assert of(head, "old mode 1", "new mode 2").path == path


def test_the_lines_of_one_replaced_line_are_compared() -> None:
    (hunk,) = of(
        "a/x b/x", "--- a/x", "+++ b/x", "@@ -1,2 +1,2 @@", "-    wait(1)  # s", "+    wait(20)  # s", " same"
    ).hunks
    removed, added, *_ = hunk.lines
    assert removed.differs
    assert added.differs
    assert removed.text[slice(*removed.differs)] == "1"
    assert added.text[slice(*added.differs)] == "20"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("-alpha", "+omega rho"), id="nothing-in-common"),
        pytest.param(("-one line", "-one line b", "+one line c"), id="another-number-of-them"),
        pytest.param(("+one line", " ", "-one line b"), id="not-in-that-order"),
    ],
)
def test_other_lines_are_not_compared(lines: tuple[str, ...]) -> None:
    (hunk,) = of("a/x b/x", "--- a/x", "+++ b/x", "@@ -1,9 +1,9 @@", *lines).hunks
    assert [line.differs for line in hunk.lines] == [None] * len(hunk.lines)


def test_several_files_are_told_apart_and_summed_up() -> None:
    view = view_of_diff(MODIFIED + MODIFIED.replace("src/app.py", "b.py"))
    assert [file.path for file in view.files] == ["src/app.py", "b.py"]
    assert (view.additions, view.deletions, view.folded) == (6, 6, frozenset())


def test_long_files_and_those_after_many_lines_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffs, "LONG_FILE", 5)
    monkeypatch.setattr(diffs, "LONG_DIFF", 6)

    def file(name: str, lines: int) -> str:
        added = "".join(f"+{number}\n" for number in range(lines))
        head = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n"
        return f"{head}@@ -0,0 +1,{lines} @@\n{added}"

    text = file("a", 3) + file("long", 9) + file("b", 3) + file("c", 1)
    assert view_of_diff(text).folded == frozenset({1, 3})
    assert view_of_diff(text, is_whole=True, is_cut=True) == diffs.DiffView(parse_diff(text).files, is_cut=True)


def test_nothing_has_no_files() -> None:
    assert view_of_diff("") == diffs.DiffView()


def test_no_page_gets_more_lines_than_it_can_show() -> None:
    head = "diff --git a/long b/long\nnew file mode 100644\n--- /dev/null\n+++ b/long\n@@ -0,0 +1,20000 @@\n"
    short = view_of_diff(head + "+\n" * 19_995, is_whole=True)
    assert (short.additions, short.is_cut) == (19_995, False)
    long = view_of_diff(head + "+\n" * 19_996, is_whole=True)
    assert (long.additions, long.is_cut, long.folded) == (19_995, True, frozenset())
    folded = view_of_diff(head + "+\n" * 100_000)
    assert (folded.additions, folded.is_cut, folded.folded) == (99_995, True, frozenset({0}))


def test_what_stands_before_the_first_file_is_kept() -> None:
    assert parse_diff("hello\nworld").lead == ("hello", "world")


def test_a_hunk_that_was_cut_off_ends_there() -> None:
    (file,) = parse_diff("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\n-b").files
    assert file.hunks == (Hunk("@@ -1,9 +1,9 @@", (Line(" a", "context", 1, 1), Line("-b", "removed", 2))),)


class Stat(NamedTuple):
    path: str
    additions: int | None
    deletions: int | None


def test_the_numbers_of_files_have_the_keys_of_the_contract() -> None:
    assert stats_document([Stat("a", 1, 2), Stat("b.png", None, None)]) == [
        {"filePath": "a", "additions": 1, "deletions": 2},
        {"filePath": "b.png", "additions": None, "deletions": None},
    ]


LINES = st.sampled_from(
    [
        "diff --git a/x b/x", 'diff --git "a/\\t" "b/\\t"', "--- a/x", "+++ b/x", "@@ -1,2 +1,2 @@", "@@ -0,0 +1 @@ f",
        "@@", " same", "+new", "-old", "", "\\ No newline at end of file", "rename to y", "Binary files a and b differ",
        "+\r",
        "new file mode 1", '+++ "b/\\303', "diff --git ",
    ]
)  # fmt: skip


@given(st.lists(LINES | st.text(max_size=8), max_size=30).map("\n".join))
@example(MODIFIED)
@example("diff --git ")
@example('diff --git "')
def test_parsing_and_joining_gives_the_text_back(text: str) -> None:
    assert join(parse_diff(text)) == text
