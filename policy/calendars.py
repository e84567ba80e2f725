"""A calendar as the policy file writes it, and its way to the compiled one that workflows carry.

Called when a policy is checked or applied. The only place that knows zone data and holidays: both
are looked up once, here, and shown to a person (`preview`) before they count. Nothing that runs is
moved by a newer calendar; `moved` lists what it would move, for a person to accept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from importlib import resources
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import tzdata  # type: ignore[import-untyped]
from pydantic import Field, field_validator, model_validator

from domain.base import Moment, Value
from domain.calendar import (
    Calendar,
    Day,
    Offset,
    Window,
    Windows,
    clock,
    spell,
    spell_day,
    spell_offset,
    spell_window,
)
from domain.deadlines import Deadline
from domain.errors import Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

ALWAYS: Windows = (Window(0, 1440),)

NOT_WHOLE_DAYS_OFF = ("half_day", "workday")
"""Categories of the library that are no days off: it names the days, and nobody their hours."""


def _minutes(text: str) -> int:
    """Minutes after midnight of `09:30`. Raises ValueError for a person."""
    hours, _, minutes = text.strip().partition(":")
    digits = hours + minutes
    if len(hours) in (1, 2) and len(minutes) == 2 and digits.isascii() and digits.isdigit():
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= 1440:
            return total
    raise ValueError(
        f'"{text}" is no time of day; write it as "09:30", midnight at the end "24:00"'
    )


def parse_window(text: str) -> Window:
    """`09:00-12:30`. Raises ValueError for a person."""
    opens, dash, closes = text.replace("–", "-").partition("-")
    if not dash:
        raise ValueError(f'"{text}" is no window; write it as "09:00-12:30"')
    window = Window(_minutes(opens), _minutes(closes))
    if window.closes == 0:
        raise ValueError(f'"{text}": midnight at the end of a day is written "24:00"')
    if window.opens >= window.closes:
        first, second = f"{opens.strip()}-24:00", f"00:00-{closes.strip()}"
        raise ValueError(
            f'"{text}" does not end on the day it begins; '
            f'write "{first}", and "{second}" for the day after'
        )
    return window


def parse_windows(texts: Iterable[str]) -> Windows:
    windows = sorted((parse_window(text), text) for text in texts)
    for (first, a), (second, b) in pairwise(windows):
        if first.closes > second.opens:
            raise ValueError(f'"{a}" and "{b}" overlap; make one window of them')
    return tuple(window for window, _ in windows)


def parse_weekdays(text: str) -> tuple[int, ...]:
    """`mon-fri`, `sun-thu`, `sat` or `mon, wed`; Monday is 0. Raises ValueError for a person."""
    found: list[int] = []
    for part in text.lower().split(","):
        names = [name.strip() for name in part.split("-")]
        if len(names) > 2 or any(name not in WEEKDAYS for name in names):
            days = ", ".join(WEEKDAYS)
            raise ValueError(
                f'"{text}" names no days; write one of {days}, or several as "mon-fri" or "mon,wed"'
            )
        first, last = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
        found += [(first + n) % 7 for n in range((last - first) % 7 + 1)]
    return tuple(found)


class HolidayRules(Value):
    """Whose public holidays are days off, by the names the library `holidays` gives them."""

    country: str
    """Two letters of ISO 3166, such as DE."""
    subdivision: str | None = None
    """State, province or region, such as BE for Berlin."""
    categories: tuple[str, ...] = Field(default=("public",), min_length=1)
    language: str | None = None
    """The names are in the country's own language unless this says otherwise."""


class DayOff(Value):
    on: date
    until: date | None = None
    """The last day, where it is more than one."""
    name: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> DayOff:
        if self.until is not None and not self.on <= self.until <= self.on + timedelta(days=366):
            raise ValueError("until is before on, or more than a year after it")
        return self

    @property
    def dates(self) -> Iterator[date]:
        days = ((self.until or self.on) - self.on).days + 1
        return (self.on + timedelta(days=n) for n in range(days))


class DayOn(Value):
    """A date with hours of its own, whether or not it is a holiday or a weekend."""

    on: date
    windows: tuple[str, ...] = Field(min_length=1)
    name: str = Field(min_length=1)

    @field_validator("windows")
    @classmethod
    def _are_windows(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        parse_windows(texts)
        return texts


class CalendarRules(Value):
    """One calendar in the shape of the policy file, kept as it was written."""

    zone: str
    hours: dict[str, tuple[str, ...]] = {}
    """Weekdays to windows: "mon-fri" = ["09:00-12:30", "13:30-17:30"]."""
    always: bool = False
    """Around the clock, instead of hours."""
    holidays: HolidayRules | None = None
    off: tuple[DayOff, ...] = ()
    on: tuple[DayOn, ...] = ()

    @model_validator(mode="after")
    def _makes_a_week(self) -> CalendarRules:
        if self.always and self.hours:
            raise ValueError("always and hours contradict each other; keep one of them")
        if not any(self.week):
            raise ValueError('there is no working time; give hours, or "always = true"')
        dates = [day for off in self.off for day in off.dates] + [day.on for day in self.on]
        for day in dates:
            if dates.count(day) > 1:
                raise ValueError(f"{day} is given twice under off and on; keep one of them")
        return self

    @property
    def week(self) -> tuple[Windows, ...]:
        """Seven, Monday first. Raises ValueError for a person."""
        if self.always:
            return (ALWAYS,) * 7
        week: dict[int, Windows] = {}
        for days, texts in self.hours.items():
            windows = parse_windows(texts)
            for weekday in parse_weekdays(days):
                if weekday in week:
                    raise ValueError(f"hours: {WEEKDAYS[weekday]} is given twice; keep one of them")
                week[weekday] = windows
        return tuple(week.get(weekday, ()) for weekday in range(7))


# Compiling. ----------------------------------------------------------------------------------


def compile_calendar(calendar_id: str, rules: CalendarRules, since: date, until: date) -> Calendar:
    """The calendar as data, its holidays and clock changes known from ``since`` to ``until``.

    Raises Invalid where zone, country, subdivision, category or language are not known.
    """
    special = {
        **_holidays(calendar_id, rules.holidays, since, until),
        **{day: Day(on=day, name=off.name) for off in rules.off for day in off.dates},
        **{d.on: Day(on=d.on, name=d.name, windows=parse_windows(d.windows)) for d in rules.on},
    }
    return Calendar(
        id=calendar_id,
        zone=rules.zone,
        zone_version=tzdata.IANA_VERSION,
        weekly=rules.week,
        days=tuple(special[day] for day in sorted(special) if since <= day <= until),
        offsets=_offsets(_zone(calendar_id, rules.zone), since, until),
        since=since,
        until=until,
    )


def _invalid(calendar_id: str, key: str, message: str, way_out: str) -> Invalid:
    return Invalid(
        f"calendar_{key}_unknown", message, way_out, field=f"calendars.{calendar_id}.{key}"
    )


@cache
def zones() -> frozenset[str]:
    """Every zone there is data for."""
    return frozenset(resources.files(tzdata).joinpath("zones").read_text("utf-8").split())


def _zone(calendar_id: str, name: str) -> ZoneInfo:
    """From the package tzdata, never from the system's files: its version is the one we tell."""
    if name not in zones():
        likely = get_close_matches(name, zones(), n=3)
        hint = f"did you mean {' or '.join(likely)}?" if likely else "one is Europe/Berlin"
        message = f"there is no time zone '{name}'"
        raise _invalid(calendar_id, "zone", message, f"name a zone of the IANA list; {hint}")
    with resources.files(tzdata).joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def _ahead(zone: ZoneInfo, moment: datetime) -> int:
    ahead = zone.utcoffset(moment.astimezone(zone))
    assert ahead is not None
    return int(ahead.total_seconds())


def _offsets(zone: ZoneInfo, since: date, until: date) -> tuple[Offset, ...]:
    """What holds on the day before ``since``, and every change up to the day after ``until``.

    A change is looked for from one noon and midnight to the next, and halved down to its second.
    """
    at = datetime.combine(since, time(), UTC) - timedelta(days=1)
    end = datetime.combine(until, time(), UTC) + timedelta(days=2)
    found = [Offset(at=at, seconds=_ahead(zone, at))]
    while at < end:
        later = at + timedelta(hours=12)
        if (seconds := _ahead(zone, later)) != found[-1].seconds:
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                is_before = _ahead(zone, middle) == found[-1].seconds
                low, high = (middle, high) if is_before else (low, middle)
            found.append(Offset(at=high, seconds=seconds))
        at = later
    return tuple(found)


def _holidays(
    calendar_id: str,
    rules: HolidayRules | None,
    since: date,
    until: date,
) -> dict[date, Day]:
    if rules is None:
        return {}
    _check(calendar_id, rules)
    # The language is always said: left out, it would be that of this process's environment.
    language = rules.language or _country(rules).default_language
    found = holidays.country_holidays(
        rules.country,
        rules.subdivision,
        years=range(since.year, until.year + 1),
        categories=rules.categories,
        language=language,
    )
    return {day: Day(on=day, name=name) for day, name in found.items()}


def _country(rules: HolidayRules) -> Any:
    return getattr(holidays, rules.country)


def _check(calendar_id: str, rules: HolidayRules) -> None:
    """Refuses what the library does not know, with what it does."""
    if rules.country not in holidays.list_supported_countries():
        raise _invalid(
            calendar_id,
            "holidays",
            f"no holidays are known for the country '{rules.country}'",
            "write its two letters of ISO 3166, such as DE, or list the days under off",
        )
    country = _country(rules)
    known = {
        "subdivision": (country.subdivisions, (rules.subdivision,)),
        "category": (
            [c for c in country.supported_categories if c not in NOT_WHOLE_DAYS_OFF],
            rules.categories,
        ),
        "language": (country.supported_languages, (rules.language,)),
    }
    for what, (there, wanted) in known.items():
        for name in wanted:
            if name is not None and name not in there:
                raise _invalid(
                    calendar_id,
                    "holidays",
                    f"{rules.country} has no {what} '{name}'"
                    + (" that is a day off" if what == "category" else ""),
                    f"choose among {', '.join(there)}" if there else "leave it out",
                )


# For a person to accept. ---------------------------------------------------------------------


def preview(calendar: Calendar) -> tuple[str, ...]:
    """What was compiled, a line for each thing a person should look at before it counts."""
    span = f"from {spell_day(calendar.since)} to {spell_day(calendar.until)}"
    week = sum(w.closes - w.opens for windows in calendar.weekly for w in windows)
    return (
        f"{calendar.id}: {calendar.zone}, zone data {calendar.zone_version}, {span}",
        f"{spell(week * 60)} a week",
        *_preview_week(calendar),
        *(f"{spell_day(day.on)}: {day.name}, {_hours(day.windows)}" for day in calendar.days),
        *(
            f"clocks go from {spell_offset(old.seconds)} to {spell_offset(new.seconds)}: "
            f"then it is {clock(calendar, new.at)}"
            for old, new in pairwise(calendar.offsets)
        ),
    )


def _preview_week(calendar: Calendar) -> Iterator[str]:
    for windows, days in groupby(enumerate(calendar.weekly), key=lambda day: day[1]):
        numbers = [weekday for weekday, _ in days]
        first, last = WEEKDAYS[numbers[0]].capitalize(), WEEKDAYS[numbers[-1]].capitalize()
        yield f"{first if first == last else f'{first}–{last}'}: {_hours(windows)}"


def _hours(windows: Windows) -> str:
    return ", ".join(map(spell_window, windows)) or "off"


class Moved(Value):
    """A due date that another calendar would move."""

    stream: str
    stage: str
    old_due: Moment
    new_due: Moment


def moved(new: Calendar | None, deadlines: Iterable[tuple[str, Deadline]]) -> tuple[Moved, ...]:
    """What a new calendar would move, the earliest due date first. Changes nothing.

    A deadline that is paused has no due date to be moved; it is not listed.
    """
    found = [
        Moved(stream=stream, stage=deadline.stage, old_due=old_due, new_due=new_due)
        for stream, deadline in deadlines
        if (old_due := deadline.due_at) is not None
        and (new_due := deadline.recomputed(new).due_at) is not None
        and old_due != new_due
    ]
    return tuple(sorted(found, key=lambda move: (move.old_due, move.stream)))
