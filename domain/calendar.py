"""Working time as data: a calendar is compiled beforehand (policy/calendars.py), pinned into what
runs under it, and read here without zone data and without a clock. New zone data or a new holiday
can therefore never move what a running workflow computed yesterday.

Windows are wall-clock time: it is working time whenever the clock on the wall shows a time within
a window. Where clocks jump ahead, a window that reaches over the gap is shorter that day; where
they are set back, one that reaches over the repeated hour is longer. `None` in place of a calendar
means plain time, where every second counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from domain.base import Moment, Seconds, Value, span

# Inside this module a moment is an int, microseconds since 1970 in UTC, and a local date is an
# int too, days since 1970: exact, and ten times as fast as datetimes.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_WEEK = 7 * _DAY
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _TICK
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _TICK
_FARTHEST = 250 * 366 * _DAY
"""Nothing is computed to lie farther away than this. A minute a week would make ten thousand years
of a long allowance, and Temporal's timers hold no more than 292."""


class Window(NamedTuple):
    """A stretch of one day in which work counts: minutes after local midnight, the end excluded.

    Written to JSON as a pair, because a week of them travels with every escalation.
    """

    opens: Annotated[int, Field(ge=0, lt=1440)]
    closes: Annotated[int, Field(gt=0, le=1440)]


Windows = tuple[Window, ...]


class Day(Value):
    """A date whose windows are not those of its weekday; with none at all it is a day off."""

    on: date
    name: str
    windows: Windows = ()


class Offset(Value):
    """From this moment on, local clocks are so many seconds ahead of UTC (west: negative)."""

    at: Moment
    seconds: Annotated[int, Field(gt=-86_400, lt=86_400)]


class Pause(Value):
    """A span in which no time counts, with who asked for it and the code of the reason."""

    start_at: Moment
    end_at: Moment | None = None
    """None while it is running."""
    by: str
    code: str

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Pause:
        if self.end_at is not None and self.end_at < self.start_at:
            raise ValueError("a pause ends no earlier than it starts")
        return self


class Calendar(Value):
    """When an organisation (or a person) works. Refused when there is no working time in a week.

    ``days`` and ``offsets`` are known from ``since`` to ``until``, both included. Outside of these
    the weekly windows go on, with the nearest offset and without holidays.
    """

    id: str
    zone: str
    """For people; nothing is looked up by it."""
    zone_version: str
    """The release of the zone data that ``offsets`` come from, such as 2026a."""
    weekly: tuple[Windows, ...]
    """Seven, Monday first."""
    days: tuple[Day, ...] = ()
    offsets: tuple[Offset, ...]
    """In order; the first one holds for everything before it, too."""
    since: date
    until: date

    @model_validator(mode="after")
    def _makes_sense(self) -> Calendar:
        if len(self.weekly) != 7:
            raise ValueError("a week has seven days, Monday first")
        if not any(self.weekly):
            raise ValueError("a calendar needs at least one window a week: work would never count")
        for windows in (*self.weekly, *(day.windows for day in self.days)):
            if any(w.opens >= w.closes for w in windows):
                raise ValueError("a window closes after it opens, on the same day")
            if any(a.closes > b.opens for a, b in pairwise(windows)):
                raise ValueError("the windows of a day come in order and do not overlap")
        if any(a.on >= b.on for a, b in pairwise(self.days)):
            raise ValueError("days come in order, each date once")
        if not self.offsets:
            raise ValueError("a calendar needs the offset from UTC that it starts with")
        if any(a.at >= b.at for a, b in pairwise(self.offsets)):
            raise ValueError("offsets come in order, each moment once")
        if self.since > self.until:
            raise ValueError("since is after until")
        return self

    def cut(self, since: date, days: int) -> Calendar:
        """What can matter to something that starts on this date and is over so many days later.

        A day earlier and later is kept as well, so that the date may be that of any time zone.
        Holidays on days on which nobody works anyway are left out.
        """
        first = max(self.since, since - timedelta(days=1))
        last = max(first, min(self.until, since + timedelta(days=days + 1)))
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
        end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=2)
        before = sum(offset.at <= begin for offset in self.offsets[1:])
        return self.model_copy(
            update={
                "days": tuple(
                    day
                    for day in self.days
                    if first <= day.on <= last and (day.windows or self.weekly[day.on.weekday()])
                ),
                "offsets": tuple(o for o in self.offsets[before:] if o.at < end)
                or self.offsets[before : before + 1],
                "since": first,
                "until": last,
            }
        )

    def is_open(self, at: datetime) -> bool:
        """Whether work counts at this moment; at closing time it no longer does."""
        moment = _int(at)
        return any(True for _ in _spans(self, moment, moment + 1))

    def next_open(self, at: datetime) -> datetime:
        """The moment itself if it is working time, otherwise the next opening."""
        moment = _int(at)
        spans = _spans(self, moment, _limit(moment))
        return _datetime(next((span.start for span in spans), _limit(moment)))


# Counting. -----------------------------------------------------------------------------------


def add(
    calendar: Calendar | None, start: datetime, seconds: Seconds, pauses: Iterable[Pause] = ()
) -> datetime:
    """The first moment at which so much working time has passed since the start.

    Time that is used up exactly at closing ends at closing time, not at the next opening; no
    seconds at all end at the start, whether or not that is working time. Negative seconds count
    back, as ``before`` does. A pause that is still running makes everything behind it as far away
    as can be (250 years).
    """
    return shift(calendar, start, span(seconds), pauses)


def before(
    calendar: Calendar | None, end: datetime, seconds: Seconds, pauses: Iterable[Pause] = ()
) -> datetime:
    """The last moment after which so much working time passes until the end.

    "Two working hours before Monday, 11:00" is Monday's opening at 9:00, not Friday's closing.
    """
    return shift(calendar, end, span(-seconds), pauses)


def shift(
    calendar: Calendar | None, start: datetime, amount: timedelta, pauses: Iterable[Pause] = ()
) -> datetime:
    """``add`` and ``before`` to the microsecond, as shares of an allowance need it."""
    begin, wanted = _int(start), amount // _TICK
    if wanted >= 0:
        return _datetime(_forward(calendar, begin, wanted, tuple(pauses)))
    return _datetime(_back(calendar, begin, -wanted, tuple(pauses)))


def measure(
    calendar: Calendar | None, start: datetime, end: datetime, pauses: Iterable[Pause] = ()
) -> Seconds:
    """The working time between two moments, in whole seconds that have passed; never negative."""
    return _measure(calendar, _int(start), _int(end), tuple(pauses)) // _SECOND


def _forward(calendar: Calendar | None, start: int, wanted: int, pauses: tuple[Pause, ...]) -> int:
    if not wanted:
        return start
    limit = _limit(start)
    for begin, end in _unpaused(start, limit, pauses):
        counted, at = _count(calendar, begin, end, wanted)
        if counted == wanted:
            return at
        wanted -= counted
    return limit


def _back(calendar: Calendar | None, end: int, wanted: int, pauses: tuple[Pause, ...]) -> int:
    """From far enough back, go forward by what is too much."""
    limit = max(end - _FARTHEST, _FIRST)
    reach = max(2 * wanted, _WEEK)
    start = max(end - reach, limit)
    while (found := _measure(calendar, start, end, pauses)) < wanted:
        if start == limit:
            return limit
        reach *= 2
        start = max(end - reach, limit)
    at = _forward(calendar, start, found - wanted, pauses)
    # Work goes on a moment later: at the next opening, or at the end of a pause.
    return _forward(calendar, at, 1, pauses) - 1


def _measure(calendar: Calendar | None, start: int, end: int, pauses: tuple[Pause, ...]) -> int:
    stretches = _unpaused(start, end, pauses)
    return sum(_count(calendar, begin, until, _LAST - _FIRST)[0] for begin, until in stretches)


def _unpaused(start: int, end: int, pauses: tuple[Pause, ...]) -> Iterator[tuple[int, int]]:
    """The stretches between two moments that no pause covers; pauses may overlap."""
    gaps = sorted((_int(p.start_at), _LAST if p.end_at is None else _int(p.end_at)) for p in pauses)
    for begin, until in gaps:
        if until <= start:
            continue
        if begin >= end:
            break
        if start < begin:
            yield start, begin
        start = until
    if start < end:
        yield start, end


def _count(calendar: Calendar | None, start: int, end: int, wanted: int) -> tuple[int, int]:
    """Working time from start to end, or until enough is counted: how much, and where that was."""
    if calendar is None:
        counted = min(wanted, end - start)
        return counted, start + counted
    week, regular = _week(calendar), _regular_from(calendar)
    counted = 0
    for part in _spans(calendar, start, end):
        begin = part.start
        # Weeks that are all alike need not be walked. At least one tick is left to be walked, so
        # that what ends at closing time does so here, too.
        weeks = min((end - begin) // _WEEK, (wanted - counted - 1) // week)
        if begin >= regular and weeks > 0:
            counted += weeks * week
            rest, at = _count(calendar, begin + weeks * _WEEK, end, wanted - counted)
            return counted + rest, at
        taken = min(part.end - begin, wanted - counted)
        counted += taken
        if counted == wanted:
            return counted, begin + taken
    return counted, end


# What a calendar says about a stretch of time. ------------------------------------------------


class _Span(NamedTuple):
    start: int
    end: int
    day: int
    """The local date, as days since 1970."""
    offset: int


def _week(calendar: Calendar) -> int:
    """The working time of a week in which nothing special happens."""
    return sum(w.closes - w.opens for windows in calendar.weekly for w in windows) * _MINUTE


def _special(calendar: Calendar) -> dict[int, Day]:
    return {_day_number(day.on): day for day in calendar.days}


def _segments(calendar: Calendar) -> Iterator[tuple[int, int, int]]:
    """Stretches of one offset: from, to, offset. Within one, local time is UTC and a constant,
    so that no wall time is ever missing or ambiguous."""
    changes = [_int(offset.at) for offset in calendar.offsets]
    changes[0] = _FIRST
    for offset, begin, end in zip(
        calendar.offsets, changes, [*changes[1:], _LAST + 1], strict=True
    ):
        yield begin, end, offset.seconds * _SECOND


def _regular_from(calendar: Calendar) -> int:
    """From here on every week is like the next: no special day, no change of the clocks."""
    last_day = _day_number(calendar.days[-1].on) + 2 if calendar.days else 0
    return max(_int(calendar.offsets[-1].at), last_day * _DAY)


def _spans(calendar: Calendar, start: int, end: int) -> Iterator[_Span]:
    """The working time between two moments, in order, never across local midnight."""
    special = _special(calendar)
    for begin, until, offset in _segments(calendar):
        low, high = max(begin, start), min(until, end)
        if low >= high:
            continue
        number = (low + offset) // _DAY
        midnight = number * _DAY - offset
        while midnight < high:
            day = special.get(number)
            for opens, closes in calendar.weekly[_weekday(number)] if day is None else day.windows:
                first = max(midnight + opens * _MINUTE, low)
                last = min(midnight + closes * _MINUTE, high)
                if first < last:
                    yield _Span(first, last, number, offset)
            number += 1
            midnight += _DAY


# Explaining. ---------------------------------------------------------------------------------


def steps(
    calendar: Calendar | None, start: datetime, seconds: Seconds, pauses: Iterable[Pause] = ()
) -> tuple[str, ...]:
    """How ``add`` comes to its answer, a sentence a line, in local time with the offset from UTC.

    Days that count in full are told together, from one thing worth a line to the next.
    """
    held = tuple(
        pause
        for pause in sorted(pauses, key=lambda pause: pause.start_at)
        if pause.end_at is None or pause.end_at > start
    )
    running = next((pause for pause in held if pause.end_at is None), None)
    begin, wanted = _int(start), seconds * _SECOND
    due = _forward(calendar, begin, wanted, held)
    # What comes after a pause that has no end yet is not known and not told.
    end = due if running is None else max(begin, min(due, _int(running.start_at)))
    notes = [_tell_pause(calendar, pause) for pause in held if _int(pause.start_at) < due]
    if calendar is not None:
        notes += [*_tell_clocks(calendar, begin, end), *_tell_days_off(calendar, begin, end)]
        notes += [*_tell_days(calendar, begin, end, held, [note.at for note in notes])]
    told = (
        f"counted from {_clock(calendar, begin)}",
        f"to count: {_amount(wanted)} of {_kind(calendar)}",
        *(note.text for note in sorted(notes)),
    )
    if running is not None and due > end:
        left = _amount(wanted - _measure(calendar, begin, end, held))
        return (*told, f"no due date while it is paused; then {left} are left")
    if due == _limit(begin):
        return (*told, "due in more than 250 years, which is as far as anything is counted")
    return (*told, f"due {_clock(calendar, due)}")


def clock(calendar: Calendar | None, at: datetime) -> str:
    """A moment as the clocks of the calendar show it, with their offset from UTC."""
    return _clock(calendar, _int(at))


def spell(seconds: Seconds) -> str:
    """A length of working time, such as 6 h 30 min; hours are the largest unit, since one day's
    work is not like another's."""
    return _amount(seconds * _SECOND)


def spell_day(on: date) -> str:
    """A date with its weekday, in English wherever the process runs."""
    return f"{_WEEKDAYS[on.weekday()]} {on.day} {_MONTHS[on.month - 1]} {on.year}"


def spell_window(window: Window) -> str:
    return f"{_time(window.opens * _MINUTE)}–{_time(window.closes * _MINUTE)}"


def spell_offset(seconds: int) -> str:
    """An offset from UTC as people write it: +01:00, or UTC."""
    if not seconds:
        return "UTC"
    hours, rest = divmod(abs(seconds), 3600)
    clock = f"{hours:02}:{rest // 60:02}" + (f":{rest % 60:02}" if rest % 60 else "")
    return f"{'+' if seconds > 0 else '-'}{clock}"


class _Note(NamedTuple):
    at: int
    text: str


def _kind(calendar: Calendar | None) -> str:
    if calendar is None:
        return "plain time, counted around the clock"
    version = f"zone data {calendar.zone_version}"
    return f"working time by the calendar '{calendar.id}' ({calendar.zone}, {version})"


def _tell_pause(calendar: Calendar | None, pause: Pause) -> _Note:
    at = _int(pause.start_at)
    until = (
        "still running" if pause.end_at is None else f"to {_clock(calendar, _int(pause.end_at))}"
    )
    return _Note(at, f"paused from {_clock(calendar, at)}, {until}, by {pause.by} ({pause.code})")


def _tell_clocks(calendar: Calendar, begin: int, end: int) -> Iterator[_Note]:
    for old, new in pairwise(calendar.offsets):
        if begin < (at := _int(new.at)) < end:
            change = f"from {spell_offset(old.seconds)} to {spell_offset(new.seconds)}"
            yield _Note(at, f"{_date((at + old.seconds * _SECOND) // _DAY)}: clocks go {change}")
    last = _day_number(calendar.until)
    if (at := (last + 1) * _DAY - calendar.offsets[-1].seconds * _SECOND) < end:
        yield _Note(
            max(at, begin),
            f"after {_date(last)} this calendar knows of no holidays and no changes of the clocks: "
            "its weekly hours go on",
        )


def _tell_days_off(calendar: Calendar, begin: int, end: int) -> Iterator[_Note]:
    """Only those that would have counted otherwise."""
    for number, day in _special(calendar).items():
        midnight = number * _DAY - _offset(calendar, number * _DAY)
        would_count = calendar.weekly[_weekday(number)]
        if would_count and not day.windows and begin < midnight + _DAY and midnight < end:
            yield _Note(max(midnight, begin), f"{_date(number)}: {day.name}, not counted")


def _tell_days(
    calendar: Calendar, begin: int, end: int, pauses: tuple[Pause, ...], breaks: list[int]
) -> Iterator[_Note]:
    """A line for each day that is special or counts in part, and one for each run of others."""
    special = _special(calendar)
    counted = (
        part
        for start, until in _unpaused(begin, end, pauses)
        for part in _spans(calendar, start, until)
    )
    run: list[tuple[_Span, ...]] = []
    for number, parts in groupby(counted, key=lambda part: part.day):
        day = tuple(parts)
        usual = sum(w.closes - w.opens for w in calendar.weekly[_weekday(number)]) * _MINUTE
        is_ordinary = number not in special and _total(day) == usual
        if run and (not is_ordinary or any(run[-1][0].start < at <= day[0].start for at in breaks)):
            yield _tell_run(run)
            run = []
        if is_ordinary:
            run.append(day)
        else:
            yield _tell_day(day, special.get(number))
    if run:
        yield _tell_run(run)


def _tell_day(day: tuple[_Span, ...], special: Day | None) -> _Note:
    name = f" ({special.name})" if special else ""
    hours = ", ".join(f"{_wall(part.start, part)}–{_wall(part.end, part)}" for part in day)
    return _Note(day[0].start, f"{_date(day[0].day)}{name}: {hours}, {_amount(_total(day))}")


def _tell_run(run: list[tuple[_Span, ...]]) -> _Note:
    if len(run) == 1:
        return _tell_day(run[0], None)
    days = f"{_date(run[0][0].day)} to {_date(run[-1][0].day)}"
    total = _amount(sum(_total(day) for day in run))
    return _Note(run[0][0].start, f"{days}: {len(run)} working days in full, {total}")


def _total(day: tuple[_Span, ...]) -> int:
    return sum(part.end - part.start for part in day)


# Moments, dates and how they are written. ------------------------------------------------------

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Not strftime, which speaks the language of the process.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _int(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _datetime(moment: int) -> datetime:
    return _EPOCH + moment * _TICK


def _limit(start: int) -> int:
    return min(start + _FARTHEST, _LAST)


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH.toordinal()


def _weekday(number: int) -> int:
    """Monday is 0; 1 January 1970 was a Thursday."""
    return (number + 3) % 7


def _offset(calendar: Calendar | None, moment: int) -> int:
    segments = _segments(calendar) if calendar else ()
    return next((offset for _, end, offset in segments if moment < end), 0)


def _date(number: int) -> str:
    return spell_day(date.fromordinal(min(number + _EPOCH.toordinal(), date.max.toordinal())))


def _time(since_midnight: int) -> str:
    minutes, rest = divmod(since_midnight, _MINUTE)
    clock = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{clock}:{rest // _SECOND:02}" if rest >= _SECOND else clock


def _wall(moment: int, part: _Span) -> str:
    """What the clock shows at the start or the end of a part of a day; its end may be 24:00."""
    return _time(moment + part.offset - part.day * _DAY)


def _clock(calendar: Calendar | None, moment: int) -> str:
    offset = _offset(calendar, moment)
    number, since_midnight = divmod(moment + offset, _DAY)
    return f"{_date(number)}, {_time(since_midnight)} ({spell_offset(offset // _SECOND)})"


def _amount(moments: int) -> str:
    minutes, rest = divmod(moments, _MINUTE)
    parts = ((minutes // 60, "h"), (minutes % 60, "min"), (rest // _SECOND, "s"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"
