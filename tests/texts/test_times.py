"""Moments in the reader's language and zone, also where a clock is set forward or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import texts
from texts import numbers, times

NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
AT = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


def said(tag: str, zone: str, at: datetime) -> str:
    language = texts.language(tag)
    assert language is not None
    with texts.speaking(language, ZoneInfo(zone)):
        return times.absolute(at).replace(NNBSP, " ").replace(NBSP, " ")


@pytest.mark.parametrize(
    ("tag", "zone", "expected"),
    [
        ("en", "UTC", "Tue, 24 Nov 2026, 13:05 UTC"),
        ("en", "Europe/Berlin", "Tue, 24 Nov 2026, 14:05 CET"),
        ("en-US", "America/New_York", "Tue, Nov 24, 2026, 8:05 AM EST"),
        ("de", "Europe/Berlin", "Di., 24. Nov. 2026, 14:05 MEZ"),
        ("de-AT", "Europe/Vienna", "Di., 24. Nov. 2026, 14:05 MEZ"),
        ("en", "Asia/Kolkata", "Tue, 24 Nov 2026, 18:35 IST"),
        ("de", "Asia/Kathmandu", "Di., 24. Nov. 2026, 18:50 UTC+5:45"),
        ("de", "America/Sao_Paulo", "Di., 24. Nov. 2026, 10:05 UTC-3"),
    ],
)
def test_a_moment_is_said_where_its_reader_is(tag: str, zone: str, expected: str) -> None:
    assert said(tag, zone, AT) == expected


@pytest.mark.parametrize(
    ("at", "english", "german"),
    [
        ((2026, 3, 29, 0, 59), "Sun, 29 Mar 2026, 01:59 CET", "So., 29. März 2026, 01:59 MEZ"),
        ((2026, 3, 29, 1, 0), "Sun, 29 Mar 2026, 03:00 CEST", "So., 29. März 2026, 03:00 MESZ"),
        ((2026, 10, 25, 0, 30), "Sun, 25 Oct 2026, 02:30 CEST", "So., 25. Okt. 2026, 02:30 MESZ"),
        ((2026, 10, 25, 1, 30), "Sun, 25 Oct 2026, 02:30 CET", "So., 25. Okt. 2026, 02:30 MEZ"),
    ],
)
def test_both_changes_of_the_clock_name_the_hour_that_is_meant(
    at: tuple[int, int, int, int, int], english: str, german: str
) -> None:
    moment = datetime(*at, tzinfo=UTC)
    assert said("en", "Europe/Berlin", moment) == english
    assert said("de", "Europe/Berlin", moment) == german


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        ("2026-03-28", "2026-03-28T22:59:59+00:00"),
        ("2026-03-29", "2026-03-29T21:59:59+00:00"),
        ("2026-10-24", "2026-10-24T21:59:59+00:00"),
        ("2026-10-25", "2026-10-25T22:59:59+00:00"),
        ("never", "never"),
    ],
)
def test_a_day_of_a_form_ends_where_its_reader_is(day: str, ends: str) -> None:
    with texts.speaking(texts.english(), ZoneInfo("Europe/Berlin")):
        assert times.end_of_day(day) == ends


def test_distances_and_lengths_are_said_in_the_language() -> None:
    german = texts.language("de")
    assert german is not None
    assert times.due(AT + timedelta(hours=3), AT) == "due in 3 h"
    assert times.due(AT + timedelta(hours=3, minutes=59, seconds=59), AT) == "due in 3 h 59 min"
    assert times.due(AT + timedelta(hours=3, seconds=59), AT) == "due in 3 h"
    assert times.due(AT - timedelta(hours=13, minutes=40), AT) == "14 h late"
    assert times.relative(AT - timedelta(days=4), AT) == "4 d ago"
    assert times.relative(AT - timedelta(days=3, hours=20), AT) == "4 d ago"
    assert times.exact_span(93_600 + 1_800) == "1 d 2 h 30 min"
    with texts.speaking(german):
        assert times.due(AT + timedelta(hours=3), AT) == "fällig in 3 Std."
        assert times.due(AT + timedelta(minutes=239), AT) == "fällig in 3 Std. 59 Min."
        assert times.due(AT - timedelta(minutes=5), AT) == "5 Min. zu spät"
        assert times.relative(AT - timedelta(days=4), AT) == "vor 4 Tg."
        assert times.exact_span(0) == "keine Zeit"


def test_numbers_are_written_as_they_are_where_the_reader_is() -> None:
    german, swiss = texts.language("de"), texts.language("de-CH")
    assert german is not None
    assert swiss is not None
    assert numbers.number(1234.5) == "1,234.5"
    with texts.speaking(german):
        assert numbers.number(1234.5) == "1.234,5"
        assert numbers.tenths(2) == "2,0"
        assert numbers.percent(1, 3) == f"33{NBSP}%"
    with texts.speaking(swiss):
        assert numbers.number(1234.5) == "1’234.5"


def test_a_week_begins_on_any_day_and_is_named() -> None:
    german = texts.language("de")
    assert german is not None
    with texts.speaking(german):
        assert times.weekdays(6)[0] == ("So", "Sonntag")
        assert times.month(AT.date()) == "November 2026"
        assert times.date_in_full(AT.date()) == "Dienstag, 24. November 2026"
