"""Working hours as people write them."""

from __future__ import annotations

import pytest

from domain.errors import Invalid
from domain.hours import Window, parse_hours, tidy_hours


def test_days_and_several_windows_a_day_are_read() -> None:
    hours = parse_hours("Mon-Tue 09:00-12:30  13:30-17:00,sat 8:00-24:00")
    assert [tuple(w.model_dump().values()) for w in hours.windows] == [
        (0, 540, 750),
        (0, 810, 1020),
        (1, 540, 750),
        (1, 810, 1020),
        (5, 480, 1440),
    ]
    assert list(hours.on(5)) == [Window(weekday=5, opens=480, closes=1440)]


def test_a_week_may_begin_on_any_day() -> None:
    assert {w.weekday for w in parse_hours("sat-mon 10:00-11:00").windows} == {5, 6, 0}


def test_one_spelling_is_kept() -> None:
    assert tidy_hours(" MON-fri  09:00-17:00 ,sat 9:00-10:00") == (
        "mon-fri 09:00-17:00, sat 9:00-10:00"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' cannot be read"),
        ("always", "cannot be read"),
        ("mon 09:00", "cannot be read"),
        ("mon-fri", "cannot be read"),
        ("mun 09:00-17:00", "'mun' is not a day"),
        ("mon 09:00-25:00", "25:00 is not a time"),
        ("mon 09:75-10:00", "09:75 is not a time"),
        ("mon 22:00-06:00", "a night is two windows"),
        ("mon 09:00-09:00", "ends before it begins"),
        ("mon 09:00-12:00, mon-fri 11:00-17:00", "two windows of mon overlap"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_way_to_write_it(text: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_hours(text)
    assert told in refused.value.message
    assert "mon-fri 09:00-12:30" in refused.value.way_out
