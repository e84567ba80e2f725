"""When each rung of a commitment's ladders is reached, and the standing watch after the last one.

A promise has a date and no allowance: a share of it is a share of the plain time up to that date,
while an offset from it is working time. What somebody has to settle is working time throughout.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.base import span
from domain.calendar import Calendar, shift
from domain.deadlines import TICK
from domain.ladder import WATCH, Step
from domain.terms import Rung

WHOLE = 1000
"""The thousandths at which the time is used up."""


class Course(NamedTuple):
    """The time that the next move has."""

    start: datetime
    due: datetime
    allowance: timedelta
    counted: Calendar | None
    """Counts the shares of it."""
    working: Calendar | None
    """Counts the offsets from its end."""


def steps(ladder: tuple[Rung, ...], course: Course) -> tuple[Step, ...]:
    """Every rung with its repeats, numbered in the order of the ladder.

    Repeats come in plain time after the first: nobody counts office hours to be asked again.
    """
    found: list[Step] = []
    for rung in ladder:
        first = _moment(rung, course)
        for turn in range(rung.times):
            found.append(Step(len(found), first + span(rung.every) * turn, rung))
    return tuple(found)


def _moment(rung: Rung, course: Course) -> datetime:
    """What follows from a moment having passed comes a tick after it."""
    if rung.offset == 0 or (rung.offset is None and rung.permille == WHOLE):
        return course.due + TICK
    if rung.offset is None:
        return shift(course.counted, course.start, course.allowance * rung.permille / WHOLE)
    return max(shift(course.working, course.due, span(rung.offset)), course.start)


def passed(found: tuple[Step, ...], at: datetime) -> tuple[int, ...]:
    """The numbers of the rungs that would have been reached by then: nobody is told of them any
    more, because what they were to prevent, or what came of it, has been told already."""
    return tuple(step.n for step in found if step.at <= at)


def watch_at(base: datetime, watched: int) -> datetime:
    """When the watch rings after ``base``, the last time it or a rung did."""
    return base + WATCH[min(watched, len(WATCH) - 1)]
