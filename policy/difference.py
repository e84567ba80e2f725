"""What changes between two policy files, key by key, for somebody who reviews it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from domain.base import iso
from domain.calendar import Calendar, Day, spell_day, spell_window
from policy.shape import PolicyFile, RouteSection
from policy.spans import Mark, Span

NOT_SAID = "not said"


@dataclass(frozen=True)
class Change:
    """One key, what it said and what it is to say."""

    path: str
    old: str
    new: str
    on: date | None = None
    """The date that it is about, where it is one of a calendar."""

    def __str__(self) -> str:
        if self.old == NOT_SAID:
            return f"+ {self.path}: {self.new}"
        if self.new == NOT_SAID:
            return f"- {self.path}: {self.old}"
        return f"~ {self.path}: {self.old} → {self.new}"


def differences(old: PolicyFile, new: PolicyFile) -> tuple[Change, ...]:
    """Every key that says something else, in the order of the file. "4h" and "PT4H" are the same.

    Routes are told apart by name, so that one more at the top does not change all the others; that
    they stand in another order is a change of its own.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    changes = [
        Change(path, _said(before.get(path)), _said(after.get(path)))
        for path in dict.fromkeys((*before, *after))
        if _value(before.get(path)) != _value(after.get(path))
    ]
    return (*changes, *_order(old.routes, new.routes))


def _order(old: tuple[RouteSection, ...], new: tuple[RouteSection, ...]) -> Iterator[Change]:
    both = {r.name for r in old} & {r.name for r in new}
    before, after = ([r.name for r in routes if r.name in both] for routes in (old, new))
    if before != after:
        yield Change("routes, in order", ", ".join(before), ", ".join(after))


@dataclass(frozen=True)
class _Leaf:
    value: Any
    """What is compared."""
    said: str


def _value(leaf: _Leaf | None) -> Any:
    return leaf.value if leaf else None


def _said(leaf: _Leaf | None) -> str:
    return leaf.said if leaf else NOT_SAID


def _leaves(given: Any, path: str = "") -> Iterator[tuple[str, _Leaf]]:
    """Every value that is said, with its key path."""
    match given:
        case BaseModel():
            for key in type(given).model_fields:
                if key in given.model_fields_set and getattr(given, key) is not None:
                    yield from _leaves(getattr(given, key), f"{path}.{key}" if path else key)
        case Mapping():
            for key, value in given.items():
                yield from _leaves(value, f"{path}.{key}")
        case Span():
            yield path, _Leaf(given[:-1], given.text)
        case Mark(offset=None):
            yield path, _Leaf(given.permille, given.text)
        case Mark():
            yield path, _Leaf(given.offset[:-1], given.text)  # type: ignore[index]
        case tuple() if given and isinstance(given[0], BaseModel):
            for n, value in enumerate(given):
                name = value.name if isinstance(value, RouteSection) else n
                yield from _leaves(value, f"{path}[{name}]")
        case _:
            yield path, _Leaf(given, _readable(given))


def _readable(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value)) or "nothing"
        case datetime():
            return iso(value)
        case _:
            return str(value)


# Calendars, as they come out. ----------------------------------------------------------------


def calendar_differences(
    old: Mapping[str, Calendar], new: Mapping[str, Calendar]
) -> tuple[Change, ...]:
    """Dates that are special in one and not in the other, and newer zone data.

    A newer library may know a holiday that the same file did not have a year ago.
    """
    return tuple(
        change
        for name in old.keys() & new.keys()
        for change in _calendar(f"calendars.{name}", old[name], new[name])
    )


def _calendar(path: str, old: Calendar, new: Calendar) -> Iterator[Change]:
    if old.zone_version != new.zone_version:
        yield Change(f"{path}, zone data", old.zone_version, new.zone_version)
    first, last = max(old.since, new.since), min(old.until, new.until)
    before, after = ({d.on: d for d in c.days if first <= d.on <= last} for c in (old, new))
    for on in sorted(before.keys() | after.keys()):
        was, will = _day(before.get(on)), _day(after.get(on))
        if was != will:
            yield Change(f"{path}, {spell_day(on)}", was, will, on)


def _day(day: Day | None) -> str:
    if day is None:
        return "a day like others"
    return f"{day.name}, {', '.join(map(spell_window, day.windows)) or 'off'}"
