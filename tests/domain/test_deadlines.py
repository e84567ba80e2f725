"""Deadlines that pause, are extended and follow a calendar, and those from before all that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import Calendar, add, measure
from domain.deadlines import TICK, Deadline, Extension, Pause
from domain.people import Seat
from domain.terms import Rung, RungAct
from tests.domain.test_calendar import NAMED, OFFICE, berlin, calendars, make, moments

pytestmark = pytest.mark.rule(3)

HOUR = 3600
DAY = 27000
"""A working day of the office: seven hours and a half."""

OFFICE_HOURS = make("Europe/Berlin", OFFICE)
MONDAY = berlin("2026-03-02 09:00")

BOTH = pytest.mark.parametrize("calendar", [OFFICE_HOURS, None], ids=["calendar", "plain"])


def begin(calendar: Calendar | None = OFFICE_HOURS, allowance: int = DAY) -> Deadline:
    return Deadline.begin("deciding", MONDAY, allowance, calendar)


# As it was before there were calendars. ----------------------------------------------------------


def test_what_was_stored_before_there_were_calendars_goes_on_in_plain_time() -> None:
    old = '{"stage":"unclaimed","start_at":"2026-03-02T08:00:00.000000Z","allowance":14400}'
    deadline = Deadline.model_validate_json(old)
    assert deadline.due_at == deadline.first_due_at == MONDAY + timedelta(hours=4)
    assert not deadline.is_paused
    assert deadline.model_dump_json(exclude_defaults=True) == old


def test_a_new_deadline_in_plain_time_is_stored_as_it_always_was() -> None:
    assert begin(None) == Deadline(stage="deciding", start_at=MONDAY, allowance=DAY)


@given(start=moments, allowance=st.integers(1, 10**6), permille=st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_rungs_of_plain_time_ring_at_the_same_microsecond_as_ever(
    start: datetime, allowance: int, permille: int
) -> None:
    deadline = Deadline(stage="deciding", start_at=start, allowance=allowance)
    rung = Rung(permille=permille, act=RungAct.REMIND, to=Seat.OWNER)
    assert deadline.moment(None, permille) == deadline.rung_at(rung)


# With a calendar. --------------------------------------------------------------------------------


def test_a_deadline_follows_its_calendar_and_carries_only_the_outcome() -> None:
    deadline = begin(allowance=DAY + 1)
    assert deadline.due_at == berlin("2026-03-03 09:00:01")
    text = deadline.model_dump_json(exclude_defaults=True)
    assert "due" in text
    assert Deadline.model_validate_json(text) == deadline
    assert len(text) < 160


def test_it_is_late_only_once_its_moment_has_passed() -> None:
    due = berlin("2026-03-02 17:30")
    assert not begin().is_late(due)
    assert begin().is_late(due + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("permille", "offset", "reached"),
    [
        (0, None, "2026-03-02 09:00"),
        (500, None, "2026-03-02 13:45"),
        (750, None, "2026-03-02 15:37:30"),
        (1001, None, "2026-03-03 09:00:27"),
        (2000, None, "2026-03-03 17:30"),
        (1000, -2 * HOUR, "2026-03-02 15:30"),
        (1000, -4 * HOUR, "2026-03-02 13:30"),
        (1000, -4 * HOUR - 1, "2026-03-02 12:29:59"),
        (1000, -40 * HOUR, "2026-03-02 09:00"),  # not before the start
        (1000, HOUR, "2026-03-03 10:00"),
        (500, HOUR, "2026-03-03 10:00"),  # the offset wins
    ],
)
def test_a_rung_is_reached_by_working_time(permille: int, offset: int | None, reached: str) -> None:
    assert begin().moment(OFFICE_HOURS, permille, offset) == berlin(reached)


@BOTH
@pytest.mark.parametrize(("permille", "offset"), [(1000, None), (1000, 0), (300, 0)])
def test_the_rung_at_the_due_date_rings_once_that_has_passed(
    calendar: Calendar | None, permille: int, offset: int | None
) -> None:
    deadline = begin(calendar)
    at = deadline.moment(calendar, permille, offset)
    assert at is not None
    assert deadline.due_at == at - TICK
    assert deadline.is_late(at)


@settings(max_examples=60, deadline=None)
@given(calendar=st.one_of(st.none(), calendars()), allowance=st.integers(1, 10**6), data=st.data())
def test_rungs_come_in_the_order_of_their_shares(
    calendar: Calendar | None, allowance: int, data: st.DataObject
) -> None:
    deadline = begin(calendar, allowance)
    shares = sorted(data.draw(st.lists(st.integers(0, 5000), min_size=2, max_size=5, unique=True)))
    # The one at the due date waits a tick, which a share of a short allowance can fall into.
    reached = [at - TICK * (n == 1000) for n in shares if (at := deadline.moment(calendar, n))]
    assert reached == sorted(reached)
    assert len(reached) == len(shares)


# Pauses. -----------------------------------------------------------------------------------------


@BOTH
def test_while_it_is_paused_there_is_no_due_date(calendar: Calendar | None) -> None:
    paused = begin(calendar).paused(berlin("2026-03-02 11:00"), "ada", "supplier", calendar)
    assert paused.is_paused
    assert paused.due_at is None
    assert paused.first_due_at is None
    assert not paused.is_late(berlin("2036-03-02 11:00"))
    assert paused.moment(calendar) is None
    assert paused.moment(calendar, offset=-HOUR) is None
    assert paused.moment(calendar, 750) is None
    assert Deadline.model_validate_json(paused.model_dump_json(exclude_defaults=True)) == paused


@BOTH
def test_rungs_from_before_a_pause_keep_their_moment(calendar: Calendar | None) -> None:
    paused = begin(calendar).paused(berlin("2026-03-02 11:00"), "ada", "supplier", calendar)
    assert paused.moment(calendar, 100) == berlin("2026-03-02 09:45")


@BOTH
def test_what_is_reached_the_moment_a_pause_begins_is_reached(calendar: Calendar | None) -> None:
    deadline = begin(calendar, 2 * HOUR)
    at = berlin("2026-03-02 11:00")
    paused = deadline.paused(at, "ada", "supplier", calendar)
    assert paused.due_at == at
    assert deadline.paused(at - TICK, "ada", "supplier", calendar).due_at is None


def test_after_a_pause_what_was_left_is_left() -> None:
    paused = begin().paused(berlin("2026-03-02 11:00"), "ada", "supplier", OFFICE_HOURS)
    resumed = paused.resumed(berlin("2026-03-05 09:00"), OFFICE_HOURS)
    assert not resumed.is_paused
    assert resumed.due_at == berlin("2026-03-05 15:30")
    assert resumed.pauses == (
        Pause(
            start_at=berlin("2026-03-02 11:00"),
            end_at=berlin("2026-03-05 09:00"),
            by="ada",
            code="supplier",
        ),
    )


def test_a_pause_at_night_changes_nothing_in_working_time() -> None:
    deadline = begin(allowance=2 * DAY)
    paused = deadline.paused(berlin("2026-03-02 18:00"), "ada", "supplier", OFFICE_HOURS)
    assert paused.resumed(berlin("2026-03-03 08:00"), OFFICE_HOURS).due_at == deadline.due_at


@BOTH
def test_a_pause_does_not_hide_that_something_is_late_already(calendar: Calendar | None) -> None:
    deadline = begin(calendar)
    paused = deadline.paused(berlin("2026-03-04 11:00"), "ada", "supplier", calendar)
    assert paused.due_at == deadline.due_at
    assert paused.is_late(berlin("2026-03-04 12:00"))
    resumed = paused.resumed(berlin("2026-03-05 11:00"), calendar)
    assert resumed.due_at == deadline.due_at
    assert resumed.moment(calendar, 10_000) is not None


def test_it_is_paused_and_resumed_in_turn() -> None:
    paused = begin().paused(MONDAY, "ada", "supplier", OFFICE_HOURS)
    with pytest.raises(ValueError, match="paused already"):
        paused.paused(MONDAY, "ben", "supplier", OFFICE_HOURS)
    with pytest.raises(ValueError, match="not paused"):
        begin().resumed(MONDAY, OFFICE_HOURS)


def test_a_pause_never_ends_before_it_starts() -> None:
    paused = begin().paused(MONDAY, "ada", "supplier", OFFICE_HOURS)
    early = paused.resumed(MONDAY - timedelta(hours=1), OFFICE_HOURS)
    assert early.pauses[0].end_at == MONDAY
    assert early.due_at == begin().due_at
    with pytest.raises(ValidationError, match="no earlier than it starts"):
        Pause(start_at=MONDAY, end_at=MONDAY - TICK, by="ada", code="supplier")


@settings(max_examples=60, deadline=None)
@given(
    calendar=st.one_of(st.none(), calendars()),
    start=moments,
    allowance=st.integers(1, 10**6),
    spans=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=4),
    more=st.lists(st.integers(1, 10**5), max_size=2),
)
def test_however_it_is_moved_exactly_the_granted_time_counts(
    calendar: Calendar | None,
    start: datetime,
    allowance: int,
    spans: list[tuple[int, int]],
    more: list[int],
) -> None:
    deadline = Deadline.begin("deciding", start, allowance, calendar)
    at = deadline.start_at
    for runs, held in spans:
        at += timedelta(seconds=runs)
        deadline = deadline.paused(at, "ada", "supplier", calendar)
        at += timedelta(seconds=held)
        deadline = deadline.resumed(at, calendar)
    for seconds in more:
        deadline = deadline.extended(seconds, "cora", "holiday", calendar)
    assert deadline.due_at is not None
    counted = measure(calendar, deadline.start_at, deadline.due_at, deadline.pauses)
    assert counted == allowance + sum(more)
    assert deadline.recomputed(calendar) == deadline
    assert deadline.first_due_at == add(calendar, deadline.start_at, allowance, deadline.pauses)


# Extensions. -------------------------------------------------------------------------------------


@BOTH
def test_an_extension_moves_the_due_date_and_the_first_one_stays_on_record(
    calendar: Calendar | None,
) -> None:
    deadline = begin(calendar)
    extended = deadline.extended(HOUR, "cora", "holiday", calendar)
    again = extended.extended(HOUR, "cora", "holiday", calendar)
    for moved in (extended, again):
        assert moved.first_due_at == deadline.due_at
    assert again.granted == DAY + 2 * HOUR
    assert again.due_at == add(calendar, MONDAY, DAY + 2 * HOUR)
    assert again.allowance == DAY


def test_the_rungs_of_an_extended_deadline_share_what_was_granted() -> None:
    extended = begin().extended(DAY, "cora", "holiday", OFFICE_HOURS)
    assert extended.moment(OFFICE_HOURS, 500) == berlin("2026-03-02 17:30")
    assert extended.moment(OFFICE_HOURS, 1000) == berlin("2026-03-03 17:30") + TICK


def test_an_extension_during_a_pause_shows_once_it_is_over() -> None:
    paused = begin().paused(berlin("2026-03-02 11:00"), "ada", "supplier", OFFICE_HOURS)
    extended = paused.extended(HOUR, "cora", "holiday", OFFICE_HOURS)
    assert (extended.due_at, extended.first_due_at) == (None, None)
    resumed = extended.resumed(berlin("2026-03-03 11:00"), OFFICE_HOURS)
    assert resumed.first_due_at == berlin("2026-03-03 17:30")
    assert resumed.due_at == berlin("2026-03-04 10:00")


def test_an_extension_gives_time_and_takes_none() -> None:
    for seconds in (0, -1):
        with pytest.raises(ValidationError):
            Extension(seconds=seconds, by="cora", code="holiday")


# Explanations. -----------------------------------------------------------------------------------


def test_a_deadline_tells_how_it_was_moved_and_by_whom() -> None:
    deadline = begin().paused(berlin("2026-03-02 11:00"), "ada", "supplier", OFFICE_HOURS)
    deadline = deadline.resumed(berlin("2026-03-03 09:00"), OFFICE_HOURS)
    deadline = deadline.extended(HOUR, "cora", "holiday", OFFICE_HOURS)
    lines = deadline.explain(OFFICE_HOURS)
    assert lines[:4] == (
        "started 2026-03-02T08:00:00.000000Z when the stage 'deciding' began",
        "extended by 1 h by cora (holiday)",
        "counted from Mon 2 Mar 2026, 09:00 (+01:00)",
        f"to count: 8 h 30 min of working time by {NAMED}",
    )
    assert any("by ada (supplier)" in line for line in lines)
    assert lines[-2:] == (
        "first due Tue 3 Mar 2026, 15:30 (+01:00)",
        "due Tue 3 Mar 2026, 16:30 (+01:00)",
    )


def test_plain_time_with_a_pause_is_told_in_utc() -> None:
    deadline = begin(None).paused(MONDAY, "ada", "supplier", None)
    assert deadline.explain()[-1] == "no due date while it is paused; then 7 h 30 min are left"
    deadline = deadline.resumed(MONDAY + timedelta(hours=1), None)
    assert deadline.explain()[-1] == "due Mon 2 Mar 2026, 16:30 (UTC)"


def test_without_its_calendar_a_deadline_still_tells_the_truth() -> None:
    lines = begin(allowance=DAY + 1).explain()
    assert lines[1:] == (
        "allowance 7 h 30 min 1 s of working time",
        "due 2026-03-03T08:00:01.000000Z",
    )
