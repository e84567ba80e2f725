"""Which fields of a form that came back are wrong: each says so where it stands, and is linked to
from the top of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from api.pages.forms import Trouble, Typed


class _Wrong(NamedTuple):
    said: Mapping[str, str]
    """What is wrong, by the id of the field."""
    places: Mapping[str, str]
    """The id of the field, by the line about it at the top."""


_wrong: ContextVar[_Wrong] = ContextVar("wrong")


@contextmanager
def shown(typed: object, trouble: object) -> Iterator[None]:
    """For a page that is made meanwhile: what was typed into which form, and why it came back."""
    before = _wrong.set(_found(typed, trouble))
    try:
        yield
    finally:
        _wrong.reset(before)


def _found(typed: object, trouble: object) -> _Wrong:
    said: dict[str, str] = {}
    places: dict[str, str] = {}
    if isinstance(typed, Typed) and isinstance(trouble, Trouble):
        for path, why in trouble.wrong.items():
            if place := typed.place_of(path):
                said[place], places[trouble.lines[path]] = why, place
    return _Wrong(said, places)


def at(place: str) -> str:
    """What is wrong with the field of this id; empty where nothing is."""
    return _wrong.get().said.get(place, "")


def place_of(line: str) -> str:
    """The id of the field that a line at the top is about; empty where the page has none."""
    return _wrong.get().places.get(line, "")
