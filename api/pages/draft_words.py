"""What is said of a draft of the policy on its page: what changes, what it would have changed, and
the calendars that somebody has to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise

from api.pages import labels, times
from api.pages.refusals import anew
from api.policy_review import Given
from domain.calendar import Calendar, Windows, spell_offset, spell_window
from domain.policy import Audience, Shown
from policy.checks import Person
from policy.difference import NOT_SAID, Change
from policy.simulation import Difference
from texts import Sayings
from texts import gettext as _


@dataclass(frozen=True)
class Changed:
    """One key, what it said and what it is to say; None where it is said no more, or not yet."""

    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Tried:
    """One thing that a draft would have made otherwise, how often, and where to look."""

    what: str
    was: str
    would_be: str
    count: int
    examples: tuple[str, ...]


SHOWN = Sayings(
    {
        Shown.NAME: "their name",
        Shown.FIRST_NAME: "their first name",
        Shown.ROLE: "their role",
        Shown.TEAM: "their team",
    }
)
"""How people appear in public."""

AUDIENCES = Sayings(
    {
        Audience.PUBLIC: "the public",
        Audience.STAFF: "everybody who works here",
        Audience.EXECUTIVES: "executives and auditors",
        Audience.NOBODY: "nobody",
    }
)
"""Who reads a figure."""

MODES = Sayings(
    {
        "owner": "the owner alone",
        "one": "one of those who may",
        "all": "all who are named",
        "some": "some of those who may",
    }
)

ACTS = Sayings(
    {
        "remind": "reminder",
        "escalate": "escalation",
        "reassign": "back to the team",
        "holding": "holding reply",
    }
)
"""What a rung does, as a value by itself."""

_CODES: Mapping[str, Sayings] = {
    "roles": labels.ROLE_NAMES,
    "role": labels.ROLE_NAMES,
    "priority": labels.PRIORITIES,
    "act": ACTS,
    "to": labels.SEATS,
    "mode": MODES,
    "staff": SHOWN,
    "executives": SHOWN,
    "staff_figures": AUDIENCES,
    "executive_figures": AUDIENCES,
}
"""What the values of a key are called, by the last part of its path."""

_FREE = frozenset({"name", "organisation", "words", "url", "find_url"})
"""Keys whose values are somebody's own words."""

_WORDS = Sayings(
    {
        "yes": "yes",
        "no": "no",
        "nothing": "nothing",
        "never": "never",
        "earlier": "earlier",
        "later": "later",
        "off": "off",
    }
)

_WHAT = Sayings(
    {
        "team": "team",
        "terms": "terms",
        "priority": "priority",
        "first move due": "first move due",
        "decided by": "decided by",
        "suspected spam": "suspected spam",
        "language": "language",
        "public": "public",
        "ladders": "ladders",
    }
)


# What changes. -------------------------------------------------------------------------------


def changes(found: Iterable[Change]) -> tuple[Changed, ...]:
    return tuple(Changed(_key(one), _said(one, one.old), _said(one, one.new)) for one in found)


_RUNG = re.compile(r"(ladders\.[^.\[]+|.+\.ladder)\[(\d+)\](?:\.(.+))?")


def key_of(path: str) -> str:
    """A key as it stands in the file, save that the steps of a ladder are counted from one."""
    found = _RUNG.fullmatch(path)
    if found is None:
        return path
    ladder, number, key = found[1], int(found[2]) + 1, found[3]
    if key is None:
        return _("%(ladder)s, step %(number)s", ladder=ladder, number=number)
    return _("%(ladder)s, step %(number)s: %(key)s", ladder=ladder, number=number, key=key)


def _key(change: Change) -> str:
    """The key as people count, and which part of it, where that is no key."""
    key, comma, part = change.path.partition(", ")
    if not comma:
        return key_of(key)
    told = times.day(change.on) if change.on else anew(part)
    return f"{key_of(key)}, {told}"


def _said(change: Change, value: str) -> str | None:
    if value == NOT_SAID:
        return None
    if change.on is not None:
        name, comma, hours = value.rpartition(", ")
        return f"{name}, {_WORDS['off']}" if comma and hours == "off" else anew(value)
    last = change.path.rpartition(".")[2].partition("[")[0]
    if change.path.startswith("teams.") or last in _FREE:
        return value
    codes: Mapping[str, str] = _CODES.get(last, {})
    told = (codes.get(one, one) for one in value.split(", "))
    return _WORDS[value] if value in _WORDS else anew(", ".join(told))


def standing(given: Given, names: Mapping[str, str]) -> Changed:
    """Whose roles and teams change, and how."""
    was, will_be = (_standing(one, names) for one in (given.before, given.after))
    return Changed(names.get(given.person, given.person), was or None, will_be)


def _standing(person: Person | None, names: Mapping[str, str]) -> str:
    if person is None:
        return ""
    roles = ", ".join(labels.ROLE_NAMES[role] for role in sorted(person.roles))
    teams = ", ".join(
        _("%(team)s (lead)", team=team) if team in person.leads else team
        for team in sorted(person.teams)
    )
    manager = names.get(person.manager, person.manager) if person.manager else ""
    return "; ".join(part for part in (roles, teams, manager) if part)


# What it would have changed. -----------------------------------------------------------------


def tried(differences: Iterable[Difference]) -> Iterator[Tried]:
    for one in differences:
        yield Tried(
            what=_WHAT[one.what],
            was=_outcome(one.what, one.was),
            would_be=_outcome(one.what, one.would_be),
            count=one.count,
            examples=tuple(_examples(one)),
        )


def _outcome(what: str, value: str) -> str:
    if what == "priority":
        return labels.PRIORITIES[value]
    if what == "team" or value not in _WORDS:
        return anew(value)
    return _WORDS[value]


def _examples(one: Difference) -> Iterator[str]:
    if not one.dates:
        yield from one.examples
        return
    for example, (was, would_be) in zip(one.examples, one.dates, strict=True):
        case = example.partition(" ")[0]
        yield f"{case} ({times.absolute(was)} → {times.absolute(would_be)})"


# Calendars. ----------------------------------------------------------------------------------


def preview(calendar: Calendar) -> tuple[str, ...]:
    """What was compiled, a line for each thing a person should look at before it counts; what
    ``policy.calendars.preview`` says on the command line."""
    week = sum(w.closes - w.opens for windows in calendar.weekly for w in windows)
    return (
        _(
            "%(name)s: %(zone)s, zone data %(version)s, from %(first)s to %(last)s",
            name=calendar.id,
            zone=calendar.zone,
            version=calendar.zone_version,
            first=times.day(calendar.since),
            last=times.day(calendar.until),
        ),
        _("%(hours)s a week", hours=times.working_span(week * 60)),
        *_week(calendar),
        *(
            _(
                "%(day)s: %(name)s, %(hours)s",
                day=times.day(day.on),
                name=day.name,
                hours=_hours(day.windows),
            )
            for day in calendar.days
        ),
        *_clocks(calendar),
    )


def _week(calendar: Calendar) -> Iterator[str]:
    names = [short for short, _long in times.weekdays(0)]
    for windows, days in groupby(enumerate(calendar.weekly), key=lambda day: day[1]):
        numbers = [weekday for weekday, _windows in days]
        first, last = names[numbers[0]], names[numbers[-1]]
        yield f"{first if first == last else f'{first}–{last}'}: {_hours(windows)}"


def _hours(windows: Windows) -> str:
    return ", ".join(map(spell_window, windows)) or _WORDS["off"]


def _clocks(calendar: Calendar) -> Iterator[str]:
    for old, new in pairwise(calendar.offsets):
        there = new.at + timedelta(seconds=new.seconds)
        yield _(
            "clocks go from %(old)s to %(new)s: then it is %(clock)s on %(day)s",
            old=spell_offset(old.seconds),
            new=spell_offset(new.seconds),
            clock=f"{there:%H:%M}",
            day=times.day(there.date()),
        )
