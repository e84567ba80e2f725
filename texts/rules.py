"""Sentences that rules make in English, said anew in the language of whoever reads them.

What refuses and what checks (the domain, the policy, the store) knows no languages: it fills a
sentence with what it speaks of, ``already claimed by ben``, and programs are answered with just
that. ``templates`` finds in the code what such sentences are made of, ``already claimed by
%(owner)s``, for the catalogues; ``understood`` finds in a sentence which of them it is, and with
what in its places, so that a page can say it in another language and with names in place of ids.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from babel.messages.catalog import Catalog

import texts

NOTE = "Said by the rules in English; understood, and said anew, where it is read."

REFUSALS = {
    "Conflict": (1, 3),
    "Forbidden": (1, 3),
    "Invalid": (1, 3),
    "Unknown": (1, 3),
    "Unauthenticated": (0, 1),
    "Right": (0, 1),
    "Message": (0, 1),
    "_invalid": (2, 4),
}
"""What is called with sentences, and which of its arguments are such."""

OF_A_POLICY = frozenset({"domain/policy.py", "domain/terms.py", "policy/calendars.py"}) | {
    "policy/shape.py"
}
"""Files whose every ValueError is read by whoever writes a policy."""

WHOLE = frozenset(
    f"policy/{name}.py"
    for name in ("checks", "compiling", "difference", "file", "problems", "simulation", "spans")
) | {"domain/hours.py"}
"""Files whose every text of several words is said about somebody's draft, as a sentence or within
one."""

LONGEST = 1000
"""Characters of a sentence that is understood; what is longer holds somebody's text."""

LEAST = 2
"""Letters of its own without which a sentence would be found in all others."""

_NOT_SAID = frozenset({"compile", "join", "removeprefix", "replace", "split", "startswith"})
"""What is called with texts that are looked for and not said."""

_PLACE = re.compile(r"%\((\w+)\)s")
_PROGRAMS = re.compile(r"/api/|GET |Idempotency-Key|openapi")


class Understood(NamedTuple):
    """A sentence as its message, in English, and what stands in its places."""

    message: str
    values: dict[str, str]


# What sentences are made of. -----------------------------------------------------------------


def templates(source: str, name: str) -> Iterator[str]:
    """The messages of one file. What only programs can follow is left out."""
    tree = ast.parse(source)
    nodes = _of_whole(tree) if name in WHOLE else _of_calls(tree, name)
    for text in nodes:
        if not _PROGRAMS.search(text) and len(_letters(text)) >= LEAST:
            yield text


def _of_calls(tree: ast.Module, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first, last = REFUSALS.get(called, (0, 0))
            if called == "ValueError" and name in OF_A_POLICY:
                first, last = 0, 1
            for given in node.args[first:last]:
                yield from _texts(given)
    if name.startswith("domain/") and name.endswith("/rights.py"):
        for one in tree.body:
            if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant | ast.JoinedStr):
                yield from _texts(one.value)


def _of_whole(tree: ast.Module) -> Iterator[str]:
    docstrings = {
        id(n.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)
    }
    patterns = {
        id(given)
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and getattr(n.func, "attr", "") in _NOT_SAID
        for given in ast.walk(n)
    }
    left = docstrings | patterns
    yield from (text for text in _texts(tree, left) if " " in text.strip())


def _texts(node: ast.AST, left: set[int] | frozenset[int] = frozenset()) -> Iterator[str]:
    """The texts under a node, each with named places where something is put in."""
    if id(node) in left:
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value.strip():
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield _template(node)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value, left)
    elif not isinstance(node, ast.FormattedValue | ast.Compare | ast.Subscript):
        for child in ast.iter_child_nodes(node):
            yield from _texts(child, left)


def _template(node: ast.JoinedStr) -> str:
    said, places = "", dict[str, str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            said += str(part.value).replace("%", "%%")
        elif isinstance(part, ast.FormattedValue):
            what, name = ast.dump(part.value), _place(part.value)
            while places.setdefault(name, what) != what:
                name += "_"
            said += f"%({name})s"
    return said


def _place(node: ast.AST) -> str:
    """What a place is called: the last word of what is put there, such as ``owner``."""
    match node:
        case ast.Name(id=name):
            return name.strip("_").lower()
        case ast.Attribute(value=owner, attr="id" | "args" | "days"):
            return _place(owner)
        case ast.Attribute(attr=name):
            return name
        case ast.Call(args=[first, *_]):
            return _place(first)
        case ast.Call(func=inner) | ast.Subscript(value=inner) | ast.BinOp(left=inner):
            return _place(inner)
        case ast.BoolOp(values=[inner, *_]):
            return _place(inner)
    return "value"


def _letters(message: str) -> str:
    return re.sub(r"[\W\d_]", "", _PLACE.sub("", message))


# Which sentence it is. -----------------------------------------------------------------------


def understood(text: str) -> Understood | None:
    """The message that this sentence was made of; None where no catalogue has one like it."""
    return _understood(text, texts.spoken().code) if len(text) <= LONGEST else None


@lru_cache(maxsize=4096)
def _understood(text: str, code: str) -> Understood | None:
    return match(text, _patterns(code))


def match(text: str, among: Iterable[tuple[str, re.Pattern[str]]]) -> Understood | None:
    for message, pattern in among:
        if found := pattern.fullmatch(text):
            return Understood(message, found.groupdict())
    return None


@lru_cache(maxsize=16)
def _patterns(code: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return patterns(texts.catalogue(code))


def patterns(catalogue: Catalog) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The sentences of the rules with places, those that say most themselves first."""
    known = [
        str(message.id)
        for message in catalogue
        if NOTE in message.auto_comments and _PLACE.search(str(message.id))
    ]
    known.sort(key=lambda message: -len(_letters(message)))
    return tuple((message, _pattern(message)) for message in known)


def _pattern(message: str) -> re.Pattern[str]:
    parts, seen = _PLACE.split(message), set[str]()
    said = ""
    for n, part in enumerate(parts):
        if n % 2 == 0:
            said += re.escape(part.replace("%%", "%"))
        else:
            said += rf"(?P={part})" if part in seen else rf"(?P<{part}>.+?)"
            seen.add(part)
    return re.compile(said, re.DOTALL)


def forget() -> None:
    """Read the catalogues anew."""
    _understood.cache_clear()
    _patterns.cache_clear()
