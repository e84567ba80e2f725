"""On which line of a TOML file a key stands. No parser for TOML in Python tells it, and an error in
a file of three hundred lines is found by its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_QUOTES = ('"""', "'''")


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) of each table and each key that has one of its own.

    What stands within an inline table or a list is found by the key above it.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in _outside_of_texts(text):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header is not None:
            table = _below(_parts(header[2]), counts)
            if header[1]:
                place = counts[table] = counts.get(table, -1) + 1
                table = (*table, place)
            found.setdefault(table, number)
        elif key is not None:
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def line_of(path: Path, known: dict[Path, int]) -> int | None:
    """The line of a key, or of the nearest table around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in known:
            return known[path[:length]]
    return None


def _outside_of_texts(text: str) -> Iterator[tuple[int, str]]:
    """The lines that do not begin within a text of several lines or a list of several lines."""
    closing, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not closing and depth == 0:
            yield number, line
        if closing:
            closing = "" if closing in line else closing
            continue
        opening = next((q for q in _QUOTES if line.count(q) % 2), "")
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*', "", line.partition(opening or "\0")[0])
        if depth or not _HEADER.match(line):
            depth = max(0, depth + bare.count("[") - bare.count("]"))
        closing = opening


def _parts(dotted: str) -> Path:
    """The keys of a dotted key; TOML itself knows how they are quoted."""
    names: list[str] = []
    given: Any = tomllib.loads(f"{dotted} = 0")
    while isinstance(given, dict):
        name, given = next(iter(given.items()))
        names.append(name)
    return tuple(names)


def _below(path: Path, counts: dict[Path, int]) -> Path:
    """A table under a list of tables belongs to the latest of them."""
    real: Path = ()
    for n, part in enumerate(path):
        real = (*real, part)
        if real in counts and n < len(path) - 1:
            real = (*real, counts[real])
    return real
