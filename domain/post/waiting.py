"""How long a post may wait for a person, and who hears of it when it waits longer.

The clock starts when words come to review, when publishing fails, or when the channel could not
say whether an attempt arrived.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from domain import calendar
from domain.base import Seconds
from domain.calendar import Calendar
from domain.deadlines import TICK
from domain.ladder import watch_at
from domain.people import Seat
from domain.post.stages import REVIEW, PostStage

OWED_BY: dict[PostStage, Seat] = {
    PostStage.IN_REVIEW: Seat.REVIEWERS,
    PostStage.UNCONFIRMED: Seat.OWNER,
    PostStage.FAILED: Seat.OWNER,
}
"""Who owes the next move where a person does. The owner of a post is whoever wrote it."""

_HIGHER = (Seat.LEAD, Seat.EXECUTIVES)
"""Who is told at twice and at three times the allowance."""

RUNGS = 1 + len(_HIGHER)


class Step(NamedTuple):
    """The next moment at which somebody is told that a post still waits."""

    at: datetime
    to: Seat
    owed_by: Seat
    is_watch: bool


def due_at(worktime: Calendar | None, since: datetime, review: Seconds) -> datetime:
    """By when a person should have moved."""
    return calendar.add(worktime, since, review or REVIEW)


def step(
    stage: PostStage, since: datetime, rung: int, review: Seconds, worktime: Calendar | None
) -> Step:
    """Step ``rung`` of a wait in a stage of ``OWED_BY``. There is always a next one."""
    owing, allowance = OWED_BY[stage], review or REVIEW
    if rung < RUNGS:
        seats = (owing, *_HIGHER)
        at = calendar.add(worktime, since, allowance * (rung + 1)) + TICK
        return Step(at, seats[rung], owing, is_watch=False)
    last = calendar.add(worktime, since, allowance * RUNGS) + TICK
    return Step(watch_at(last, rung - RUNGS), Seat.EXECUTIVES, owing, is_watch=True)
