"""A newer calendar, accepted for one case by a person. Without that no running date ever moves.

Escalations and matters use it alike; the dates of promises were told to the public and no calendar
moves those.
"""

from __future__ import annotations

from typing import Literal

from domain.base import Moment, Words, iso
from domain.calendar import Calendar
from domain.deadlines import Deadline
from domain.entity import Command, Event
from domain.errors import Conflict, Refused

MAY = "the team's lead or an executive"


class AcceptCalendar(Command):
    """Let it go on by another calendar than it opened with: the one that is in force now."""

    act: Literal["accept_calendar"] = "accept_calendar"
    calendar: Calendar
    policy_version: int
    due_at: Moment
    """The date that was looked at and accepted."""
    reason: Words


class Moved(Event):
    """Its dates follow a newer calendar from here on. Both dates stay on record."""

    TOUCHES = frozenset({"clock"})
    calendar: Calendar
    policy_version: int
    old_due_at: Moment
    new_due_at: Moment
    reason: Words

    @classmethod
    def by(cls, deadline: Deadline, command: AcceptCalendar) -> Moved:
        """Raises Conflict where the date would not move, or to another one than was accepted."""
        old, new = deadline.due_at, deadline.recomputed(command.calendar).due_at
        assert old is not None
        assert new is not None
        if new == old:
            raise Conflict("same_date", "the calendar in force moves nothing here", "nothing to do")
        if new != command.due_at:
            raise Conflict(
                "another_date",
                f"by the calendar in force it would be due {iso(new)}",
                "look at that date, then accept it",
                field="due_at",
                due_at=iso(new),
            )
        return cls(
            calendar=command.calendar,
            policy_version=command.policy_version,
            old_due_at=old,
            new_due_at=new,
            reason=command.reason,
        )


def unless_by_calendar(calendar: Calendar | None, deadline: Deadline | None) -> Refused | None:
    """Why there is nothing to accept: no clock runs, or it follows no calendar."""
    if deadline is None:
        return Conflict("no_clock", "no clock runs here", "nothing to do")
    if calendar is None:
        return Conflict("no_calendar", "its clock follows no calendar", "nothing to do")
    return None
