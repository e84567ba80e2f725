"""What the documents point at is there: files, headings, make targets, commands, options."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from answerable.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

LINK = re.compile(r"\[(?:[^\]]|\\\])*\]\(([^)\s]+)\)")
CODE = re.compile(r"```\w*\n(.*?)```|`([^`]+)`", re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(document: Path) -> list[str]:
    """Every line of code in a document, continued ones in one."""
    found = [block or span.replace("\n", " ") for block, span in CODE.findall(document.read_text())]
    joined = re.sub(r"\\\n\s*", "", "\n".join(found))
    return [line.strip() for line in joined.splitlines()]


# Links. --------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    for link in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if heading:
            assert heading in headings(target), link


def headings(document: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    found = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_decision_is_one_page_in_the_usual_order() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04d}" for n in range(1, len(pages) + 1)]
    for number, page in enumerate(pages, 1):
        text = page.read_text()
        assert text.startswith(f"# {number}. ")
        wanted = ["Context", "Decision", "Consequences", "Rejected"]
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == wanted, page.name
        assert len(text.splitlines()) <= 70, page.name


# Commands. -----------------------------------------------------------------------------------


def test_the_readme_names_the_two_commands() -> None:
    assert {"make up", "make test"} <= {line.partition("#")[0].strip() for line in readme()}


def readme() -> list[str]:
    return code(ROOT / "README.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code(document):
        for target in re.findall(r"(?:^|[;&|] )make ([a-z-]+)", line):
            assert target in targets, line


@cache
def commands() -> dict[tuple[str, ...], set[str]]:
    """Every command of the command line with its options."""
    found: dict[tuple[str, ...], set[str]] = {}

    def walk(command: Any, path: tuple[str, ...]) -> None:
        options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        found[path] = {o for o in options if o.startswith("-")} | {"--help"}
        for name, below in getattr(command, "commands", {}).items():
            walk(below, (*path, name))

    walk(typer.main.get_command(app), ())
    return found


def called(document: Path) -> list[tuple[str, list[str]]]:
    """Every call of `answerable` in a document, with its arguments."""
    by_name = re.compile(r"(?:^|[\s(/])answerable ([a-z].*)")
    in_a_container = re.compile(r"docker compose run (?:--\S+ (?:\"[^\"]*\" )?)*\w+ (.+)")
    return [
        (line, words(found[1]))
        for line in code(document)
        for call in (by_name, in_a_container)
        for found in call.finditer(line)
    ]


def words(rest: str) -> list[str]:
    plain = re.split(r"[;&|)`#]", rest)[0]
    return shlex.split(plain.replace("'", "’") if plain.count("'") % 2 else plain)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_and_option_that_is_named_exists(document: Path) -> None:
    for line, arguments in called(document):
        path: tuple[str, ...] = ()
        while arguments[len(path) :] and (*path, arguments[len(path)]) in commands():
            path = (*path, arguments[len(path)])
        assert path, f"no such command: {line}"
        rest = arguments[len(path) :]
        if any(known[: len(path)] == path and len(known) > len(path) for known in commands()):
            assert not rest or rest[0].startswith("-"), f"no such command: {line}"
        for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
            assert option in commands()[path], f"{option}: {line}"


def test_the_readme_lists_every_command() -> None:
    listed = {arguments[0] for _, arguments in called(ROOT / "README.md")}
    assert {path[0] for path in commands() if path} <= listed
