"""Keeps the catalogues in step with the code: ``make texts`` runs this.

Every message of Python and of the templates is put into ``answerable.pot``, and from there into the
catalogue of each language; what has been translated stays. Messages carry the file they come from
and no line, so that moving code changes no catalogue.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from texts import FOLDER, rules

HOME = FOLDER.parent.parent
TEMPLATE = FOLDER / "answerable.pot"

ROOMS = ("activities", "api", "domain", "texts")
"""Where anything is said to people."""

RULING = (*ROOMS, "channels", "intake", "policy", "store")
"""Where anything is refused or checked (``texts.rules``)."""

SAID_BY = frozenset({"_", "gettext", "stated", "raw_gettext", "_told", "_new_date"})
SAID_BY_NUMBER = frozenset({"ngettext", "raw_ngettext"})
SAYINGS = frozenset({"Sayings"})
COLUMNS = frozenset({"head"})
"""Their first argument is a key, all others are said."""

ALL_SAID = frozenset({"domain/notices.py"})
"""Files of the domain, which knows no languages, whose every constant text is said to people."""

WIDTH = 100

_ABOUT = "What Answerable says to people; kept by: make texts"

Message = tuple[str, tuple[str, ...]]
"""A file, and a message: one text, or one and many."""


def collected() -> Catalog:
    """The messages of all the code there is, without any translation."""
    catalogue = Catalog(fuzzy=False)
    for file, texts in messages():
        name = texts[0] if len(texts) == 1 else texts
        catalogue.add(name, locations=[(file, 1)])
    for file, text in ruled():
        catalogue.add(text, locations=[(file, 1)], auto_comments=[rules.NOTE])
    return catalogue


def messages() -> Iterator[Message]:
    for room in ROOMS:
        for path in sorted((HOME / room).rglob("*")):
            name = path.relative_to(HOME).as_posix()
            if path.suffix == ".py":
                yield from ((name, found) for found in _of_python(path.read_text(), name))
            elif path.parent.name == "templates":
                yield from ((name, found) for found in of_template(path.read_text()))


def ruled() -> Iterator[tuple[str, str]]:
    """The sentences of the rules, each with its file."""
    for room in RULING:
        for path in sorted((HOME / room).rglob("*.py")):
            name = path.relative_to(HOME).as_posix()
            yield from ((name, text) for text in rules.templates(path.read_text(), name))


def of_template(source: str) -> Iterable[tuple[str, ...]]:
    environment = Environment(  # noqa: S701 - nothing is rendered here
        extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["ext.i18n.trimmed"] = True
    for _, _, found in extract_from_ast(
        environment.parse(source), sorted(SAID_BY | SAID_BY_NUMBER)
    ):
        if isinstance(found, str):
            yield (found,)
        elif found:
            yield tuple(one for one in found if one is not None)


def _of_python(source: str, name: str) -> Iterator[tuple[str, ...]]:
    tree = ast.parse(source)
    if name in ALL_SAID:
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                yield from ((text,) for text in _strings(node.value))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    for call in calls:
        yield from _of_call(call)


def _of_call(call: ast.Call) -> Iterator[tuple[str, ...]]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in SAYINGS:
        yield from ((text,) for one in call.args for text in _strings(one))
    if name in COLUMNS:
        yield from ((text,) for one in call.args[1:] for text in _strings(one))
    wanted = 2 if name in SAID_BY_NUMBER else 1 if name in SAID_BY else 0
    said = [a.value for a in call.args[:wanted] if isinstance(a, ast.Constant)]
    if wanted and len(said) == wanted:
        yield tuple(str(text) for text in said)


def _strings(node: ast.AST) -> Iterator[str]:
    """The texts in a value, without the keys of its tables."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value:
            yield node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value)
    elif not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its file holds it: without a date, which would change it each time."""
    head = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    if catalogue.locale:
        forms = f"Plural-Forms: {catalogue.plural_forms}"
        head = [f"Language: {catalogue.locale_identifier}", forms, *head]
    told = "".join(f'"{line}\\n"\n' for line in head)
    out = BytesIO()
    write_po(out, catalogue, width=WIDTH, sort_output=True, include_lineno=False, omit_header=True)
    return f'# {_ABOUT}\nmsgid ""\nmsgstr ""\n{told}\n'.encode() + out.getvalue()


def read(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale=file.stem if file.suffix == ".po" else None)


def updated(file: Path, template: Catalog) -> Catalog:
    """A language's catalogue with every message of the template, and without any other. Nothing
    is guessed from what is like it: what is new is translated by somebody."""
    catalogue = read(file)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def main() -> int:
    template = collected()
    TEMPLATE.write_bytes(written(template))
    for file in sorted(FOLDER.glob("*.po")):
        catalogue = updated(file, template)
        file.write_bytes(written(catalogue))
        missing = [m for m in catalogue if m.id and not _is_whole(m.string)]
        print(f"{file.name}: {len(missing)} of {len(catalogue)} are not translated")  # noqa: T201
    return 0


def _is_whole(said: object) -> bool:
    return all(said) if isinstance(said, tuple | list) else bool(said)


if __name__ == "__main__":
    sys.exit(main())
