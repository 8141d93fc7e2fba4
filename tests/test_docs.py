"""Does what the documents tell people to type exist? Every ``$ cs …`` line is parsed by the commands themselves."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from codesession.cli import COMMANDS, commands

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_TYPED = re.compile(r"^\$ (?:[A-Z_]+=\S+ )*(cs(?: .*)?)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def typed() -> list[str]:
    """Every command line of ours in the pages, without what the shell makes of its end."""
    found = [line for page in PAGES for line in _TYPED.findall(page.read_text(encoding="utf-8"))]
    return sorted({re.split(r"\s+(?:#|>|>>|&&|\|)\s*", line)[0] for line in found})


def parse(words: list[str]) -> None:
    """Parse a command line down to its last subcommand, and run nothing."""
    group: click.Command = commands
    context = commands.make_context("cs", words[1:], resilient_parsing=False)
    while isinstance(group, click.Group) and context._protected_args:  # noqa: SLF001 - click 8 has no public name for it
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])  # noqa: SLF001
        assert command is not None
        context = command.make_context(name, rest, parent=context)
        group = command


@pytest.mark.parametrize("line", typed())
def test_every_command_line_in_the_documents_can_be_typed(line: str) -> None:
    parse(shlex.split(line))


def test_a_command_line_that_cannot_be_typed_is_found() -> None:
    for line in ("cs frob", "cs list --frob", "cs pricing frob", "cs note"):
        with pytest.raises(click.ClickException):
            parse(shlex.split(line))


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`cs {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_of_ours_leads_somewhere(page: Path) -> None:
    for target, heading in _LINK.findall(page.read_text(encoding="utf-8")):
        there = page if not target else (page.parent / target).resolve()
        if not (ROOT / "src").exists() and "src/" in target:
            continue  # the tests of the built wheel have no sources beside them
        assert there.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles], heading
