"""Calendars as the policy file writes them: what they compile to, and what is refused and how."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tzdata  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import Calendar, Window, add, measure
from domain.deadlines import Deadline
from domain.errors import Invalid
from policy.calendars import (
    CalendarRules,
    compile_calendar,
    moved,
    parse_weekdays,
    preview,
    zones,
)

SINCE, UNTIL = date(2026, 1, 1), date(2027, 6, 30)
"""Eighteen months."""

OFFICE = """
zone = "Europe/Berlin"
holidays = { country = "DE", subdivision = "BE" }
off = [{ on = 2026-12-28, until = 2026-12-31, name = "Betriebsferien" }]
on = [{ on = 2026-10-03, windows = ["10:00-14:00"], name = "Open day" }]
[hours]
mon-thu = ["09:00-12:30", "13:30-17:30"]
fri = ["9:00-15:00"]
"""


def rules(text: str = OFFICE, **changes: Any) -> CalendarRules:
    return CalendarRules.model_validate(tomllib.loads(text) | changes)


def compiled(since: date = SINCE, until: date = UNTIL, **changes: Any) -> Calendar:
    return compile_calendar("de-office", rules(**changes), since, until)


# What it compiles to. ----------------------------------------------------------------------------


def test_hours_become_windows_of_every_weekday() -> None:
    split = (Window(540, 750), Window(810, 1050))
    assert compiled().weekly == (split, split, split, split, (Window(540, 900),), (), ())


def test_around_the_clock_is_a_week_without_gaps() -> None:
    calendar = compiled(hours={}, always=True)
    assert calendar.weekly == ((Window(0, 1440),),) * 7


@pytest.mark.parametrize(
    ("text", "weekdays"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sun-thu", (6, 0, 1, 2, 3)),
        ("Mon, wed,sat-sun", (0, 2, 5, 6)),
    ],
)
def test_weekdays_are_named_alone_in_spans_and_in_lists(
    text: str, weekdays: tuple[int, ...]
) -> None:
    assert parse_weekdays(text) == weekdays


def test_holidays_closed_days_and_open_days_are_dates_with_names() -> None:
    days = {day.on: day for day in compiled().days}
    assert days[date(2026, 3, 8)].name == "Frauentag"
    assert days[date(2027, 1, 1)].name == "Neujahr"
    assert [date(2026, 12, n) in days for n in (27, 28, 31)] == [False, True, True]
    open_day = days[date(2026, 10, 3)]
    assert (open_day.name, open_day.windows) == ("Open day", (Window(600, 840),))


def test_nothing_outside_of_what_is_compiled_is_kept() -> None:
    calendar = compiled(date(2026, 5, 1), date(2026, 5, 14))
    assert [day.name for day in calendar.days] == ["Erster Mai", "Christi Himmelfahrt"]


def test_holidays_are_known_in_other_languages_and_categories() -> None:
    other = {"country": "DE", "subdivision": "BY", "categories": ["public", "catholic"]}
    names = [day.name for day in compiled(holidays=other | {"language": "en_US"}).days]
    assert "Assumption Day" in names
    assert "German Unity Day" not in names  # Open day of ours.


def test_eighteen_months_of_a_german_calendar_weigh_little() -> None:
    calendar = compiled(off=(), on=())
    text = calendar.model_dump_json(exclude_defaults=True)
    assert len(text) < 1500
    assert Calendar.model_validate_json(text) == calendar
    assert len(calendar.cut(date(2026, 3, 2), 90).model_dump_json(exclude_defaults=True)) < 800


def test_rules_are_kept_as_they_were_written() -> None:
    written = rules()
    assert written.hours["fri"] == ("9:00-15:00",)
    assert CalendarRules.model_validate_json(written.model_dump_json()) == written


# Zones. ------------------------------------------------------------------------------------------


def of_package(zone: str) -> ZoneInfo:
    with resources.files(tzdata).joinpath("zoneinfo", *zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(sorted(zones())), year=st.integers(1975, 2060))
def test_every_zone_of_the_world_compiles_to_its_own_offsets(zone: str, year: int) -> None:
    since = date(year, 1, 1)
    calendar = compiled(since, since + timedelta(days=400), zone=zone, holidays=None)
    info = of_package(zone)
    for offset in calendar.offsets[1:]:
        for at in (offset.at, offset.at - timedelta(seconds=1)):
            ahead = info.utcoffset(at.astimezone(info))
            assert ahead is not None
            assert (ahead.total_seconds() == offset.seconds) == (at == offset.at)
    at = datetime(year, 1, 1, tzinfo=UTC)
    for _ in range(80):
        seconds = [offset.seconds for offset in calendar.offsets if offset.at <= at][-1]
        assert info.utcoffset(at.astimezone(info)) == timedelta(seconds=seconds)
        at += timedelta(days=5, hours=1)


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Europe/Berlin", ["2026-03-29T01:00", "2026-10-25T01:00", "2027-03-28T01:00"]),
        ("Australia/Lord_Howe", ["2026-04-04T15:00", "2026-10-03T15:30", "2027-04-03T15:00"]),
        ("America/New_York", ["2026-03-08T07:00", "2026-11-01T06:00", "2027-03-14T07:00"]),
        ("Asia/Kathmandu", []),
    ],
)
def test_the_moments_at_which_clocks_change_are_found_to_the_second(
    zone: str, changes: list[str]
) -> None:
    found = [offset.at for offset in compiled(zone=zone).offsets[1:]]
    assert found == [datetime.fromisoformat(f"{text}+00:00") for text in changes]


def test_the_version_told_is_that_of_the_data_used_and_nothing_else_is_touched() -> None:
    before = zoneinfo.TZPATH
    assert compiled().zone_version == tzdata.IANA_VERSION
    assert before == zoneinfo.TZPATH


# What is refused, and how. -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hours": {}}, 'give hours, or "always = true"'),
        ({"hours": {"mon": []}}, "there is no working time"),
        ({"always": True}, "contradict each other"),
        ({"hours": {"mon-fri": ["9-17"]}}, 'write it as "09:30"'),
        ({"hours": {"mon-fri": ["09:00"]}}, 'write it as "09:00-12:30"'),
        ({"hours": {"mon-fri": ["09:60-10:00"]}}, '"09:60" is no time of day'),
        ({"hours": {"mon-fri": ["09:00-24:01"]}}, '"24:01" is no time of day'),
        ({"hours": {"mon-fri": ["٠٩:00-10:00"]}}, "is no time of day"),
        ({"hours": {"mon-fri": ["22:00-06:00"]}}, '"22:00-24:00", and "00:00-06:00" for the day'),
        ({"hours": {"mon-fri": ["22:00-00:00"]}}, 'is written "24:00"'),
        ({"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"hours": {"weekdays": ["09:00-12:00"]}}, '"weekdays" names no days; write one of mon'),
        ({"hours": {"mon-wed-fri": ["09:00-12:00"]}}, "names no days"),
        ({"hours": {"mon-fri": ["09:00-12:00"], "wed": ["09:00-10:00"]}}, "wed is given twice"),
        ({"off": [{"on": "2026-12-24", "name": "A"}] * 2}, "2026-12-24 is given twice"),
        ({"off": [{"on": "2026-12-24", "until": "2026-12-23", "name": "A"}]}, "until is before on"),
        ({"off": [{"on": "2026-10-03", "name": "A"}]}, "given twice under off and on"),
        ({"on": [{"on": "2026-12-24", "windows": ["x"], "name": "A"}]}, '"x" is no window'),
        ({"on": [{"on": "2026-12-24", "windows": [], "name": "A"}]}, "at least 1 item"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused_with_the_way_out(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        rules(**changes)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message", "way_out"),
    [
        ({"zone": "Europe/Berln"}, "no time zone 'Europe/Berln'", "Europe/Berlin"),
        ({"zone": "../../../etc/passwd"}, "no time zone", "IANA list"),
        ({"zone": ""}, "no time zone", "IANA list"),
        ({"holidays": {"country": "XX"}}, "the country 'XX'", "ISO 3166"),
        ({"holidays": {"country": "country_holidays"}}, "no holidays are known", "ISO 3166"),
        ({"holidays": {"country": "DE", "subdivision": "XX"}}, "no subdivision 'XX'", "BB, BE"),
        ({"holidays": {"country": "DE", "categories": ["bank"]}}, "no category 'bank'", "catholic"),
        ({"holidays": {"country": "ET", "categories": ["workday"]}}, "that is a day off", "public"),
        ({"holidays": {"country": "DE", "language": "fr"}}, "no language 'fr'", "en_US"),
    ],
)
def test_what_no_library_knows_is_refused_with_what_it_knows(
    changes: dict[str, Any], message: str, way_out: str
) -> None:
    with pytest.raises(Invalid) as refused:
        compiled(**changes)
    assert message in refused.value.message
    assert way_out in refused.value.way_out
    assert refused.value.details["field"].startswith("calendars.de-office.")


# For a person to accept. -------------------------------------------------------------------------


def test_a_person_sees_hours_every_day_off_and_every_change_of_the_clocks() -> None:
    first, *lines = preview(compiled(until=date(2026, 12, 31)))
    span = "from Thu 1 Jan 2026 to Thu 31 Dec 2026"
    assert first == f"de-office: Europe/Berlin, zone data {tzdata.IANA_VERSION}, {span}"
    assert lines == [
        "36 h a week",
        "Mon–Thu: 09:00–12:30, 13:30–17:30",
        "Fri: 09:00–15:00",
        "Sat–Sun: off",
        "Thu 1 Jan 2026: Neujahr, off",
        "Sun 8 Mar 2026: Frauentag, off",
        "Fri 3 Apr 2026: Karfreitag, off",
        "Mon 6 Apr 2026: Ostermontag, off",
        "Fri 1 May 2026: Erster Mai, off",
        "Thu 14 May 2026: Christi Himmelfahrt, off",
        "Mon 25 May 2026: Pfingstmontag, off",
        "Sat 3 Oct 2026: Open day, 10:00–14:00",
        "Fri 25 Dec 2026: Erster Weihnachtstag, off",
        "Sat 26 Dec 2026: Zweiter Weihnachtstag, off",
        "Mon 28 Dec 2026: Betriebsferien, off",
        "Tue 29 Dec 2026: Betriebsferien, off",
        "Wed 30 Dec 2026: Betriebsferien, off",
        "Thu 31 Dec 2026: Betriebsferien, off",
        "clocks go from +01:00 to +02:00: then it is Sun 29 Mar 2026, 03:00 (+02:00)",
        "clocks go from +02:00 to +01:00: then it is Sun 25 Oct 2026, 02:00 (+01:00)",
    ]


def test_the_environment_of_a_process_changes_nothing() -> None:
    """Neither its language, in which the library would name holidays, nor its zone."""
    root = Path(__file__).parents[2]
    code = (
        "from tests.policy.test_calendars import compiled, preview\n"
        "print(compiled().model_dump_json(), *preview(compiled()), sep='\\n')"
    )
    told = "\n".join([compiled().model_dump_json(), *preview(compiled())])
    environment = {"LANGUAGE": "en_US", "LANG": "en_US.UTF-8", "TZ": "Asia/Tokyo"}
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | environment | {"PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"},
        check=True,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert found.stdout.rstrip("\n") == told


@pytest.mark.rule(3)
def test_a_new_calendar_moves_nothing_and_lists_what_it_would_move() -> None:
    start = datetime(2026, 6, 1, 7, tzinfo=UTC)
    old = compiled()
    new = compiled(off=[{"on": "2026-06-03", "name": "Works outing"}])
    near = Deadline.begin("unclaimed", start, 4 * 3600, old)
    far = Deadline.begin("deciding", start, 20 * 3600, old)
    further = Deadline.begin("listening", start, 30 * 3600, old)
    held = far.paused(start, "ada", "supplier", old)
    streams = [("escalation/2", further), ("escalation/1", far), ("escalation/3", near)]
    found = moved(new, [*streams, ("escalation/4", held)])
    assert [(move.stream, move.stage) for move in found] == [
        ("escalation/1", "deciding"),
        ("escalation/2", "listening"),
    ]
    assert found[0].old_due == far.due_at
    assert found[0].new_due == add(new, start, 20 * 3600)
    assert moved(old, streams) == ()


@pytest.mark.rule(3)
def test_a_deadline_runs_on_what_was_compiled_long_after_the_rules_changed() -> None:
    pinned = compiled().cut(date(2026, 4, 2), 30)
    due = add(pinned, datetime(2026, 4, 2, 15, tzinfo=UTC), 3600)
    assert due == datetime(2026, 4, 7, 7, 30, tzinfo=UTC)
    assert measure(pinned, datetime(2026, 4, 2, 15, tzinfo=UTC), due) == 3600
