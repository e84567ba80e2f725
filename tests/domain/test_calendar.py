"""Working time, held against zone data minute by minute, and by table where its edges are."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import (
    Calendar,
    Day,
    Offset,
    Pause,
    Window,
    Windows,
    add,
    before,
    measure,
    shift,
    steps,
)

pytestmark = pytest.mark.rule(3)

SINCE, UNTIL = date(2025, 12, 1), date(2027, 2, 28)
HOUR = 3600
SECOND = timedelta(seconds=1)

SPLIT = (Window(540, 750), Window(810, 1050))
OFFICE = (SPLIT,) * 5 + ((), ())
"""Monday to Friday, 9:00–12:30 and 13:30–17:30."""
ALWAYS = ((Window(0, 1440),),) * 7
NIGHT = ((Window(0, 150), Window(165, 400), Window(1380, 1440)),) * 7
"""Windows that begin and end within the hours in which clocks change, and at midnight."""
THIN = ((Window(600, 601),), (), (), (), (), (), ())
"""A minute a week."""

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # its clocks change by half an hour
    "Asia/Kathmandu",  # +05:45
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Casablanca",  # leaves its summer time for Ramadan
    "America/Santiago",  # changes at midnight: a day without 00:00
    "UTC",
)

CLOSED = Day(on=date(2026, 3, 30), name="Inventory")
SHORT = Day(on=date(2026, 10, 24), name="Market", windows=(Window(600, 720),))


@cache
def offsets(zone: str) -> tuple[Offset, ...]:
    """Found by looking at every half-hour."""
    info = ZoneInfo(zone)
    at = datetime(2025, 11, 1, tzinfo=UTC)
    found: list[Offset] = []
    while at.date() <= UNTIL + timedelta(days=2):
        ahead = at.astimezone(info).utcoffset()
        assert ahead is not None
        if not found or found[-1].seconds != ahead.total_seconds():
            found.append(Offset(at=at, seconds=int(ahead.total_seconds())))
        at += timedelta(minutes=30)
    return tuple(found)


def make(zone: str = "Europe/Berlin", weekly: tuple[Windows, ...] = OFFICE, *days: Day) -> Calendar:
    return Calendar(
        id="test",
        zone=zone,
        zone_version="2026a",
        weekly=weekly,
        days=days,
        offsets=offsets(zone),
        since=SINCE,
        until=UNTIL,
    )


def wall(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def berlin(text: str) -> datetime:
    return wall("Europe/Berlin", text)


def pause(start: datetime, end: datetime | None) -> Pause:
    return Pause(start_at=start, end_at=end, by="ada", code="waiting")


# Against zone data, a minute at a time. ----------------------------------------------------------


def minutes(calendar: Calendar, start: datetime, end: datetime, pauses: tuple[Pause, ...]) -> int:
    """The working minutes between two full minutes, by looking at the clock on the wall."""
    info = ZoneInfo(calendar.zone)
    special = {day.on: day.windows for day in calendar.days}
    counted = 0
    while start < end:
        local = start.astimezone(info)
        windows = special.get(local.date(), calendar.weekly[local.weekday()])
        minute = local.hour * 60 + local.minute
        held = any(p.start_at <= start < (p.end_at or end) for p in pauses)
        counted += not held and any(opens <= minute < closes for opens, closes in windows)
        start += timedelta(minutes=1)
    return counted


CHANGES = tuple(
    (zone, offset.at) for zone in ZONES for offset in offsets(zone)[1:] if offset.at.year == 2026
)
"""Every change of the clocks in 2026."""

YEAR_ENDS = tuple(
    (zone, datetime(year, 1, 1, tzinfo=UTC)) for zone in ZONES for year in (2026, 2027)
)

weeks = st.sampled_from((OFFICE, ALWAYS, NIGHT))
moments = st.integers(0, 364 * 86_400_000_000).map(
    lambda ticks: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks)
)
whole_moments = moments.map(lambda at: at.replace(microsecond=0))
zones = st.sampled_from(ZONES)
amounts = st.one_of(
    st.integers(0, 3 * 24 * HOUR), st.integers(0, 900).map(lambda quarters: quarters * 900)
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.sampled_from(((), (CLOSED,), (CLOSED, SHORT))))
    return make(draw(zones), draw(weeks), *days)


@st.composite
def some_pauses(draw: st.DrawFn) -> tuple[Pause, ...]:
    """None to three spans, which may touch and overlap."""
    starts = draw(st.lists(whole_moments, max_size=3))
    return tuple(
        pause(at, at + timedelta(seconds=draw(st.integers(0, 9 * 24 * HOUR)))) for at in starts
    )


@settings(max_examples=60, deadline=None)
@given(
    place=st.sampled_from(CHANGES + YEAR_ENDS),
    weekly=weeks,
    back=st.integers(0, 2 * 24 * 60),
    length=st.integers(0, 3 * 24 * 60),
    held=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 600)), max_size=2),
)
def test_the_same_minutes_count_as_on_the_clock_on_the_wall_around_every_change(
    place: tuple[str, datetime],
    weekly: tuple[Windows, ...],
    back: int,
    length: int,
    held: list[tuple[int, int]],
) -> None:
    zone, change = place
    calendar = make(zone, weekly, CLOSED, SHORT)
    start = change - timedelta(minutes=back)
    end = start + timedelta(minutes=length)
    pauses = tuple(
        pause(start + timedelta(minutes=a), start + timedelta(minutes=a + b)) for a, b in held
    )
    counted = minutes(calendar, start, end, pauses)
    assert measure(calendar, start, end, pauses) == counted * 60
    if counted:
        due = add(calendar, start, counted * 60, pauses)
        assert due <= end
        assert minutes(calendar, due, end, pauses) == 0
        assert minutes(calendar, due - timedelta(minutes=1), due, pauses) == 1


# Properties. -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(calendar=calendars(), start=moments, seconds=amounts, pauses=some_pauses())
def test_what_was_added_is_what_is_measured(
    calendar: Calendar, start: datetime, seconds: int, pauses: tuple[Pause, ...]
) -> None:
    due = add(calendar, start, seconds, pauses)
    assert measure(calendar, start, due, pauses) == seconds
    if seconds:
        assert measure(calendar, start, due - timedelta(microseconds=1), pauses) == seconds - 1


@settings(max_examples=100, deadline=None)
@given(calendar=calendars(), end=moments, seconds=amounts, pauses=some_pauses())
def test_what_was_counted_back_is_what_is_measured(
    calendar: Calendar, end: datetime, seconds: int, pauses: tuple[Pause, ...]
) -> None:
    start = before(calendar, end, seconds, pauses)
    assert measure(calendar, start, end, pauses) == seconds
    if seconds:
        assert measure(calendar, start + timedelta(microseconds=1), end, pauses) == seconds - 1
        assert calendar.is_open(start)
        assert add(calendar, start, -seconds, pauses) == before(calendar, start, seconds, pauses)


@settings(max_examples=100, deadline=None)
@given(calendar=calendars(), start=moments, first=amounts, second=amounts, pauses=some_pauses())
def test_adding_twice_is_adding_the_sum_and_more_is_later(
    calendar: Calendar, start: datetime, first: int, second: int, pauses: tuple[Pause, ...]
) -> None:
    middle = add(calendar, start, first, pauses)
    end = add(calendar, middle, second, pauses)
    assert end == add(calendar, start, first + second, pauses)
    assert (end > middle) == (second > 0)


@settings(max_examples=100, deadline=None)
@given(
    calendar=calendars(),
    ends=st.lists(whole_moments, min_size=3, max_size=3).map(sorted),
    pauses=some_pauses(),
)
def test_the_parts_of_a_stretch_add_up(
    calendar: Calendar, ends: list[datetime], pauses: tuple[Pause, ...]
) -> None:
    a, b, c = ends
    parts = measure(calendar, a, b, pauses) + measure(calendar, b, c, pauses)
    assert parts == measure(calendar, a, c, pauses)
    assert 0 <= parts <= (c - a).total_seconds()
    assert parts <= measure(calendar, a, c)


@settings(max_examples=60, deadline=None)
@given(calendar=calendars(), start=moments, seconds=amounts, later=st.integers(0, 10**6))
def test_who_starts_later_is_due_no_earlier(
    calendar: Calendar, start: datetime, seconds: int, later: int
) -> None:
    assert add(calendar, start, seconds) <= add(calendar, start + SECOND * later, seconds) or (
        seconds == 0
    )


@settings(max_examples=60, deadline=None)
@given(calendar=calendars(), at=moments)
def test_the_next_opening_is_working_time_and_nothing_before_it_is(
    calendar: Calendar, at: datetime
) -> None:
    opening = calendar.next_open(at)
    assert calendar.is_open(opening)
    assert measure(calendar, at, opening) == 0
    assert (opening == at) == calendar.is_open(at)


@settings(max_examples=60, deadline=None)
@given(calendar=calendars(), start=moments, seconds=amounts, pauses=some_pauses())
def test_what_was_cut_out_answers_the_same_as_the_whole(
    calendar: Calendar, start: datetime, seconds: int, pauses: tuple[Pause, ...]
) -> None:
    due = add(calendar, start, seconds, pauses)
    part = calendar.cut(start.date(), (due.date() - start.date()).days)
    assert Calendar.model_validate(part.model_dump()) == part
    assert add(part, start, seconds, pauses) == due
    assert measure(part, start, due, pauses) == seconds


@settings(max_examples=60, deadline=None)
@given(
    start=moments,
    ahead=st.integers(0, 400),
    seconds=st.integers(0, 366 * 24 * HOUR),
    weekly=weeks,
)
def test_weeks_that_are_skipped_count_like_weeks_that_are_walked(
    start: datetime, ahead: int, seconds: int, weekly: tuple[Windows, ...]
) -> None:
    """A day that is special in name only, far away, has everything before it walked."""
    holiday = Day(on=date(2027, 2, 10), name="Long after the last change of the clocks")
    plain = make("America/New_York", weekly, holiday)
    name_only = date(2040, 1, 2)
    same = Day(on=name_only, name="", windows=weekly[name_only.weekday()])
    walked = plain.model_copy(update={"days": (holiday, same)})
    start += timedelta(days=ahead)
    due = add(plain, start, seconds)
    assert due == add(walked, start, seconds)
    assert measure(plain, start, due) == measure(walked, start, due) == seconds


@settings(max_examples=60, deadline=None)
@given(start=moments, seconds=amounts, pauses=some_pauses())
def test_plain_time_is_a_calendar_that_never_closes(
    start: datetime, seconds: int, pauses: tuple[Pause, ...]
) -> None:
    always = make("Europe/Berlin", ALWAYS)
    due = add(None, start, seconds, pauses)
    assert due == add(always, start, seconds, pauses)
    assert measure(None, start, due, pauses) == seconds
    assert before(None, due, seconds, pauses) == before(always, due, seconds, pauses)


@settings(max_examples=60, deadline=None)
@given(calendar=calendars(), start=moments, seconds=amounts, pauses=some_pauses())
def test_every_explanation_ends_at_the_moment_it_explains(
    calendar: Calendar, start: datetime, seconds: int, pauses: tuple[Pause, ...]
) -> None:
    due = add(calendar, start, seconds, pauses)
    lines = steps(calendar, start, seconds, pauses)
    local = due.astimezone(ZoneInfo(calendar.zone))
    assert lines[-1].startswith(f"due {local:%a} {local.day} {local:%b %Y, %H:%M}")


# The edges, by table. ----------------------------------------------------------------------------

FRIDAY = berlin("2026-03-20 17:00")

TABLE: dict[str, tuple[str, int, str]] = {
    "within a window": ("2026-03-02 09:00", HOUR, "2026-03-02 10:00"),
    "across lunch": ("2026-03-02 12:00", HOUR, "2026-03-02 14:00"),
    "exactly until lunch, not until it is over": ("2026-03-02 09:00", 12600, "2026-03-02 12:30"),
    "exactly until closing, not until tomorrow": ("2026-03-02 13:30", 14400, "2026-03-02 17:30"),
    "a second more is tomorrow": ("2026-03-02 13:30", 14401, "2026-03-03 09:00:01"),
    "nothing to count stays where it is": ("2026-03-01 03:00", 0, "2026-03-01 03:00"),
    "from closing time on": ("2026-03-02 17:30", 1, "2026-03-03 09:00:01"),
    "from the night": ("2026-03-03 03:00", HOUR, "2026-03-03 10:00"),
    "over a weekend": ("2026-03-06 17:00", HOUR, "2026-03-09 09:30"),
    "over Easter and the change of the clocks": ("2026-04-02 17:00", HOUR, "2026-04-07 09:30"),
    "over new year": ("2026-12-31 17:00", HOUR, "2027-01-01 09:30"),
    "a whole week": ("2026-03-02 09:00", 5 * 27000, "2026-03-06 17:30"),
}

EASTER = (
    Day(on=date(2026, 4, 3), name="Good Friday"),
    Day(on=date(2026, 4, 6), name="Easter Monday"),
)


@pytest.mark.parametrize("case", TABLE)
def test_working_time_ends_where_the_table_says(case: str) -> None:
    start, seconds, due = TABLE[case]
    assert add(make("Europe/Berlin", OFFICE, *EASTER), berlin(start), seconds) == berlin(due)


@pytest.mark.parametrize(
    ("end", "seconds", "start"),
    [
        ("2026-03-02 11:00", HOUR, "2026-03-02 10:00"),
        ("2026-03-02 11:00", 2 * HOUR, "2026-03-02 09:00"),
        ("2026-03-02 11:00", 2 * HOUR + 1, "2026-02-27 17:29:59"),
        ("2026-03-02 03:00", 1, "2026-02-27 17:29:59"),
        ("2026-03-01 03:00", 0, "2026-03-01 03:00"),
        ("2026-04-07 09:30", HOUR, "2026-04-02 17:00"),
    ],
)
def test_counting_back_arrives_at_an_opening_not_at_the_closing_before(
    end: str, seconds: int, start: str
) -> None:
    calendar = make("Europe/Berlin", OFFICE, *EASTER)
    assert before(calendar, berlin(end), seconds) == berlin(start)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-28", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Sydney", "2026-04-05", 25),
        ("Australia/Sydney", "2026-10-04", 23),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Santiago", "2026-09-06", 23),
        ("Asia/Kathmandu", "2026-03-29", 24),
    ],
)
def test_a_day_around_the_clock_has_as_many_hours_as_the_clock_says(
    zone: str, day: str, hours: float
) -> None:
    weekly = tuple(
        (Window(0, 1440),) if n == date.fromisoformat(day).weekday() else () for n in range(7)
    )
    start = wall(zone, f"{day} 12:00") - timedelta(hours=30)
    counted = measure(make(zone, weekly), start, start + timedelta(hours=60))
    assert counted == hours * HOUR


@pytest.mark.parametrize(
    ("day", "window", "counted"),
    [
        ("2026-03-29", Window(60, 240), 2 * 60),  # 01:00–04:00, of which 02:00–03:00 never was
        ("2026-03-29", Window(120, 180), 0),
        ("2026-03-29", Window(150, 240), 60),
        ("2026-10-25", Window(60, 240), 4 * 60),
        ("2026-10-25", Window(135, 165), 60),  # 02:15–02:45, twice
        ("2026-10-25", Window(60, 150), 2 * 60),  # until 02:30, and from 02:00 to 02:30 again
    ],
)
def test_a_window_shrinks_in_the_gap_and_lengthens_in_the_repeated_hour(
    day: str, window: Window, counted: int
) -> None:
    special = Day(on=date.fromisoformat(day), name="Night shift", windows=(window,))
    calendar = make("Europe/Berlin", OFFICE, special)
    start = berlin(f"{day} 12:00") - timedelta(hours=14)
    assert measure(calendar, start, start + timedelta(hours=20)) == counted * 60


def test_around_the_clock_no_change_of_clocks_moves_a_deadline() -> None:
    for zone in ZONES:
        calendar = make(zone, ALWAYS)
        start = datetime(2026, 1, 1, tzinfo=UTC)
        assert add(calendar, start, 360 * 24 * HOUR) == start + timedelta(days=360)


def test_a_special_day_adds_work_to_a_weekend() -> None:
    extra = Day(on=date(2026, 3, 7), name="Open day", windows=(Window(600, 660),))
    due = add(make("Europe/Berlin", OFFICE, extra), berlin("2026-03-06 17:00"), 2 * HOUR)
    assert due == berlin("2026-03-09 09:30")


def test_beyond_what_was_compiled_the_weekly_hours_go_on_with_the_last_offset() -> None:
    calendar = make("Europe/Berlin")
    start = datetime(2031, 7, 1, 7, 59, 59, tzinfo=UTC)
    assert not calendar.is_open(start)
    assert calendar.is_open(start + SECOND)


def test_years_of_work_are_counted_without_walking_them() -> None:
    calendar = make("Europe/Berlin")
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    began = time.perf_counter()
    for _ in range(10):
        add(calendar, start, 10 * 52 * 37 * HOUR)
    assert (time.perf_counter() - began) / 10 < 0.1


@pytest.mark.parametrize("number", [1, 2, 100])
def test_whole_weeks_that_are_skipped_end_at_closing_too(number: int) -> None:
    """Not at the opening of the week after, although no work lies between the two."""
    start = berlin("2028-02-07 09:00")
    closing = berlin("2028-02-04 17:30") + timedelta(weeks=number)
    assert add(make(), start, number * 5 * 27000) == closing


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_what_is_cut_out_around_a_change_of_the_clocks_keeps_it(
    zone: str, change: datetime
) -> None:
    calendar, start = make(zone, NIGHT), change - timedelta(days=1)
    part = calendar.cut(start.date(), 2)
    for hours in range(0, 40, 3):
        assert add(part, start, hours * HOUR) == add(calendar, start, hours * HOUR)
    assert len(part.offsets) == 2
    for days in (-30, 30):  # Elsewhere, one offset is enough.
        start = change + timedelta(days=days)
        alone = calendar.cut(start.date(), 2)
        assert alone.next_open(start) == calendar.next_open(start)
        assert add(alone, start, HOUR) == add(calendar, start, HOUR)


def test_nothing_is_further_away_than_250_years() -> None:
    """A minute a week would otherwise make ten thousand years, which no timer holds."""
    calendar = make("Europe/Berlin", THIN)
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    years = (add(calendar, start, 366 * 24 * HOUR) - start).days / 366
    assert years == 250
    assert "more than 250 years" in steps(calendar, start, 366 * 24 * HOUR)[-1]


def test_a_pause_without_an_end_lets_no_more_time_pass() -> None:
    calendar, start = make(), berlin("2026-03-02 09:00")
    held = (pause(berlin("2026-03-02 11:00"), None),)
    assert add(calendar, start, HOUR, held) == berlin("2026-03-02 10:00")
    assert add(calendar, start, 2 * HOUR, held) == berlin("2026-03-02 11:00")
    assert add(calendar, start, 3 * HOUR, held) > berlin("2200-01-01 00:00")
    assert measure(calendar, start, berlin("2030-01-01 00:00"), held) == 2 * HOUR


def test_pauses_that_overlap_are_counted_once() -> None:
    start = berlin("2026-03-02 09:00")
    held = (
        pause(berlin("2026-03-02 10:00"), berlin("2026-03-02 11:00")),
        pause(berlin("2026-03-02 10:30"), berlin("2026-03-02 10:45")),
        pause(berlin("2026-03-02 10:50"), berlin("2026-03-02 11:30")),
    )
    assert add(make(), start, 2 * HOUR, held) == berlin("2026-03-02 13:30") - HOUR * SECOND
    assert add(None, start, 2 * HOUR, held) == berlin("2026-03-02 12:30")


def test_shares_of_a_second_are_exact() -> None:
    start = berlin("2026-03-02 17:29:59.250")
    assert shift(make(), start, timedelta(milliseconds=1000)) == berlin("2026-03-03 09:00:00.250")
    assert shift(make(), start, timedelta(milliseconds=750)) == berlin("2026-03-02 17:30")
    back = berlin("2026-03-03 09:00:00.250")
    assert shift(make(), back, timedelta(milliseconds=-1000)) == start


def test_a_holiday_on_which_nobody_works_anyway_is_not_cut_out() -> None:
    sunday = Day(on=date(2026, 4, 5), name="Easter Sunday")
    market = Day(on=date(2026, 4, 11), name="Market", windows=(Window(600, 720),))
    calendar = make("Europe/Berlin", OFFICE, EASTER[0], sunday, EASTER[1], market)
    assert calendar.cut(date(2026, 4, 1), 20).days == (*EASTER, market)
    assert calendar.cut(date(2026, 4, 8), 2).days == (market,)
    assert calendar.cut(date(2026, 4, 8), 1).days == ()


# What a calendar may not be, and what it weighs. ---------------------------------------------


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"weekly": ((),) * 7}, "at least one window a week"),
        ({"weekly": OFFICE[:6]}, "seven days"),
        ({"weekly": (((600, 540),), *OFFICE[1:])}, "closes after it opens"),
        ({"weekly": (((540, 1441),), *OFFICE[1:])}, "less than or equal to 1440"),
        ({"weekly": (((540, 700), (690, 800)), *OFFICE[1:])}, "do not overlap"),
        ({"days": (CLOSED, CLOSED)}, "each date once"),
        ({"days": (SHORT, CLOSED)}, "in order"),
        ({"offsets": ()}, "offset from UTC"),
        ({"since": UNTIL, "until": SINCE}, "since is after until"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Calendar.model_validate(make().model_dump() | change)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        add(make(), datetime(2026, 3, 2), 1)  # noqa: DTZ001


def test_json_keeps_a_calendar_whole_and_small() -> None:
    calendar = make("Europe/Berlin", OFFICE, *EASTER, SHORT)
    text = calendar.model_dump_json(exclude_defaults=True)
    assert Calendar.model_validate_json(text) == calendar
    assert len(text) < 900
    assert len(calendar.cut(date(2026, 3, 2), 60).model_dump_json(exclude_defaults=True)) < 600


# Explanations. -----------------------------------------------------------------------------------


NAMED = "the calendar 'test' (Europe/Berlin, zone data 2026a)"
BY = "by ada (waiting)"
NO_MORE = "this calendar knows of no holidays and no changes of the clocks: its weekly hours go on"


def test_an_explanation_names_everything_that_mattered() -> None:
    sunday = Day(on=date(2026, 4, 5), name="Easter Sunday")
    calendar = make("Europe/Berlin", OFFICE, EASTER[0], sunday, EASTER[1])
    held = (pause(berlin("2026-03-24 12:00"), berlin("2026-03-25 12:00")),)
    assert steps(calendar, berlin("2026-03-20 12:00"), 12 * 27000 + 60, held) == (
        "counted from Fri 20 Mar 2026, 12:00 (+01:00)",
        f"to count: 90 h 1 min of working time by {NAMED}",
        "Fri 20 Mar 2026: 12:00–12:30, 13:30–17:30, 4 h 30 min",
        "Mon 23 Mar 2026: 09:00–12:30, 13:30–17:30, 7 h 30 min",
        "Tue 24 Mar 2026: 09:00–12:00, 3 h",
        f"paused from Tue 24 Mar 2026, 12:00 (+01:00), to Wed 25 Mar 2026, 12:00 (+01:00), {BY}",
        "Wed 25 Mar 2026: 12:00–12:30, 13:30–17:30, 4 h 30 min",
        "Thu 26 Mar 2026 to Fri 27 Mar 2026: 2 working days in full, 15 h",
        "Sun 29 Mar 2026: clocks go from +01:00 to +02:00",
        "Mon 30 Mar 2026 to Thu 2 Apr 2026: 4 working days in full, 30 h",
        "Fri 3 Apr 2026: Good Friday, not counted",
        "Mon 6 Apr 2026: Easter Monday, not counted",
        "Tue 7 Apr 2026 to Thu 9 Apr 2026: 3 working days in full, 22 h 30 min",
        "Fri 10 Apr 2026: 09:00–12:01, 3 h 1 min",
        "due Fri 10 Apr 2026, 12:01 (+02:00)",
    )


def test_an_explanation_says_where_a_calendar_knew_no_more() -> None:
    lines = steps(make("Asia/Kathmandu"), datetime(2027, 2, 26, 4, tzinfo=UTC), 10 * HOUR)
    assert lines[-4:] == (
        "Fri 26 Feb 2027: 09:45–12:30, 13:30–17:30, 6 h 45 min",
        f"after Sun 28 Feb 2027 {NO_MORE}",
        "Mon 1 Mar 2027: 09:00–12:15, 3 h 15 min",
        "due Mon 1 Mar 2027, 12:15 (+05:45)",
    )


def test_an_explanation_of_a_running_pause_says_how_much_is_left() -> None:
    held = (pause(berlin("2026-03-02 11:00"), None),)
    for calendar in (make(), None):
        lines = steps(calendar, berlin("2026-03-02 09:00"), 3 * HOUR, held)
        assert "still running, by ada (waiting)" in lines[-2]
        assert lines[-1] == "no due date while it is paused; then 1 h are left"


def test_ten_years_are_explained_in_a_few_lines() -> None:
    lines = steps(make(), berlin("2026-03-20 12:00"), 10 * 52 * 37 * HOUR)
    assert len(lines) < 15


# Everywhere the same. ----------------------------------------------------------------------------


def told() -> str:
    """Answers and explanations around every change of the clocks; run in other processes below."""
    lines = []
    for zone, change in CHANGES:
        calendar = make(zone, NIGHT, CLOSED, SHORT)
        start = change - timedelta(hours=3)
        lines += [add(calendar, start, hours * HOUR).isoformat() for hours in (1, 5, 30)]
        lines += [*steps(calendar, start, 30 * HOUR), before(calendar, start, HOUR).isoformat()]
    return "\n".join(lines)


def test_no_process_answers_by_a_zone_of_its_own() -> None:
    root = Path(__file__).parents[2]
    code = "from tests.domain.test_calendar import told; print(told())"
    others = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "TZ": zone, "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for zone in ("Europe/Berlin", "Pacific/Chatham")
    ]
    for other in others:
        found, _ = other.communicate(timeout=120)
        assert other.returncode == 0
        assert found.rstrip("\n") == told()
