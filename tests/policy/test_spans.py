"""Spans of time as they are written, and what a day of working time is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.spans import PLAIN, Units, parse, parse_mark, read, working
from tests.policy.files import SMALL, compiled

OFFICE = Units(day=8 * 3600, week=40 * 3600)


@pytest.mark.parametrize(
    ("written", "plain", "office"),
    [
        ("30m", 1800, 1800),
        ("30min", 1800, 1800),
        ("4h", 14400, 14400),
        ("1h30m", 5400, 5400),
        ("1h 30m", 5400, 5400),
        ("90s", 90, 90),
        ("2d", 172800, 57600),
        ("1w", 604800, 144000),
        ("1w2d3h", 604800 + 172800 + 10800, 144000 + 57600 + 10800),
        ("-2h", -7200, -7200),
        ("+1d", 86400, 28800),
        ("PT4H", 14400, 14400),
        ("P1DT12H", 129600, 72000),
        ("-PT15M", -900, -900),
        ("P1W", 604800, 144000),
        (60, 60, 60),
        ("0s", 0, 0),
    ],
)
@pytest.mark.rule(3)
def test_a_day_of_working_time_is_a_day_of_the_calendar(
    written: object, plain: int, office: int
) -> None:
    assert parse(written).of(PLAIN) == plain
    assert parse(written).of(OFFICE) == office


@pytest.mark.parametrize(
    "written",
    ["", "4", "4 hours", "1.5h", "h", "PT", "P", "P1M", "P1Y", "PT1H30", "m30", "1h1h", True, 1.5,
     None, "--1h", "1h-30m", "½h"],
)  # fmt: skip
def test_what_is_no_span_says_how_one_is_written(written: object) -> None:
    with pytest.raises(ValueError, match="write 30m, 4h, 1h30m, 2d, 1w, or ISO 8601: PT4H"):
        parse(written)


@given(st.integers(-(10**8), 10**8))
def test_what_is_read_out_is_read_in_again(seconds: int) -> None:
    assert parse(read(seconds)).of(PLAIN) == seconds
    assert parse(read(seconds, OFFICE)).of(OFFICE) == seconds


@pytest.mark.parametrize(
    ("written", "permille", "offset"),
    [("75%", 750, None), ("12.5%", 125, None), ("200 %", 2000, None), ("-2h", None, -7200),
     ("+1d", None, 28800), ("0m", None, 0)],
)  # fmt: skip
def test_a_rung_is_at_a_share_or_so_far_from_the_deadline(
    written: str, permille: int | None, offset: int | None
) -> None:
    mark = parse_mark(written)
    assert mark.permille == permille
    assert (mark.offset.of(OFFICE) if mark.offset else None) == offset


HOURS = """
[calendars.office]
zone = "Europe/Berlin"
[calendars.office.hours]
"mon-thu" = ["09:00-12:30", "13:30-18:00"]
fri = ["09:00-13:00"]
[terms.default]
calendar = "office"
[terms.default.allowances]
claim = "1d"
propose = "1w"
listen = "2d"
[terms.default.limits]
pause = "2d"
extend = "2d"
[terms.default.replies]
undo = "1h"
review = "1d"
[terms.default.promises]
confirm = "1w"
settle = "1w"
[[terms.default.ladder]]
at = "-1d"
act = "remind"
to = "owner"
"""


@pytest.mark.rule(3)
def test_working_time_and_plain_time_are_told_apart_key_by_key() -> None:
    plan = compiled(SMALL + HOURS).terms["default"]
    week = 36 * 3600
    day = week // 5
    assert (plan.allowances.claim, plan.allowances.propose) == (day, week)
    assert plan.allowances.listen == 2 * 86400
    assert (plan.limits.pause, plan.limits.extend) == (2 * 86400, 2 * day)
    assert (plan.replies.undo, plan.replies.review) == (3600, day)
    assert (plan.promises.confirm, plan.promises.settle) == (7 * 86400, week)
    assert plan.ladder[0].offset == -day


def test_terms_with_another_calendar_inherit_spans_as_written() -> None:
    """A day is then a day of theirs."""
    text = SMALL + HOURS + '[terms.always]\ncalendar = "plain"\n'
    plan = compiled(text).terms["always"]
    assert plan.calendar is None
    assert plan.allowances.claim == 86400
    assert plan.ladder[0].offset == -86400


def test_without_a_calendar_a_day_is_around_the_clock() -> None:
    assert working(None) == PLAIN
