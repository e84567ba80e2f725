"""A deadline: the moment by which the next move is owed, how it moves and how it explains itself.

It carries its due date and not its calendar: whoever begins, pauses or extends one passes the
calendar that is pinned in the terms, `None` for plain time. What was stored before there were
calendars has neither due date nor pauses and goes on in plain time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from domain import calendar as working
from domain.base import Moment, Seconds, Value, iso, span, to_utc
from domain.calendar import Calendar, Pause
from domain.terms import Rung

__all__ = ["TICK", "Deadline", "Extension", "Pause"]

TICK = timedelta(milliseconds=1)
"""What follows from a moment having passed follows this much after it: a timer's resolution."""

WHOLE = 1000
"""The thousandths of an allowance at which it is used up."""


class Extension(Value):
    """More time that somebody was given, with the code of the reason."""

    seconds: Seconds = Field(ge=1)
    by: str
    code: str


class Deadline(Value):
    """The moment by which the next move is owed, with what it was computed from."""

    stage: str
    start_at: Moment
    allowance: Seconds
    due: Moment | None = None
    """What a calendar, pauses and extensions make of it; None for plain time that was never
    touched, and while a pause runs that began before the due date."""
    first_due: Moment | None = None
    """Where there are extensions: the due date without them."""
    pauses: tuple[Pause, ...] = ()
    """In order; of the last one the end may still be open."""
    extensions: tuple[Extension, ...] = ()

    @classmethod
    def begin(
        cls, stage: str, start_at: datetime, allowance: Seconds, calendar: Calendar | None = None
    ) -> Deadline:
        due = working.add(calendar, start_at, allowance) if calendar else None
        return cls(stage=stage, start_at=start_at, allowance=allowance, due=due)

    # What moves it. --------------------------------------------------------------------------

    def paused(self, at: datetime, by: str, code: str, calendar: Calendar | None) -> Deadline:
        """From now on no time counts. What is late already stays late."""
        if self.is_paused:
            raise ValueError("the deadline is paused already")
        return self._with(calendar, pauses=(*self.pauses, Pause(start_at=at, by=by, code=code)))

    def resumed(self, at: datetime, calendar: Calendar | None) -> Deadline:
        """Time counts again; what was left of the allowance is left."""
        if not self.is_paused:
            raise ValueError("the deadline is not paused")
        last = self.pauses[-1]
        over = last.model_copy(update={"end_at": max(to_utc(at), last.start_at)})
        return self._with(calendar, pauses=(*self.pauses[:-1], over))

    def extended(self, seconds: Seconds, by: str, code: str, calendar: Calendar | None) -> Deadline:
        """More time, counted as the rest is: eight hours are a working day, not a night."""
        more = Extension(seconds=seconds, by=by, code=code)
        return self._with(calendar, extensions=(*self.extensions, more))

    def recomputed(self, calendar: Calendar | None) -> Deadline:
        """What another calendar makes of it."""
        return self._with(calendar)

    def _with(self, calendar: Calendar | None, **changes: object) -> Deadline:
        changed = self.model_copy(update=changes)
        is_plain = calendar is None and not (changed.pauses or changed.extensions)
        due = None if is_plain else changed.reached(calendar, span(changed.granted))
        first = changed.reached(calendar, span(self.allowance)) if changed.extensions else None
        return changed.model_copy(update={"due": due, "first_due": first})

    # What it says. ---------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1].end_at is None

    @property
    def granted(self) -> Seconds:
        """The allowance and its extensions."""
        return self.allowance + sum(extension.seconds for extension in self.extensions)

    @property
    def due_at(self) -> datetime | None:
        """None while it is paused: nobody knows then. Unless it was over before the pause began."""
        if self.due is not None:
            return self.due
        return None if self.is_paused else self.start_at + span(self.allowance)

    @property
    def first_due_at(self) -> datetime | None:
        """The due date without extensions, which stays on record."""
        return self.first_due if self.extensions else self.due_at

    def is_late(self, at: datetime) -> bool:
        """Late only once the moment has passed, never at the moment itself."""
        return self.due_at is not None and at > self.due_at

    def moment(
        self, calendar: Calendar | None, permille: int = WHOLE, offset: Seconds | None = None
    ) -> datetime | None:
        """When a rung is reached: so much working time before (negative) or after the due date,
        but not before the start; without an offset, at a share of the granted time.

        The one at the due date itself is reached once that moment has passed. None while a pause
        runs in which it cannot be reached.
        """
        if offset == 0 or (offset is None and permille == WHOLE):
            at = self.due_at
        elif offset is None:
            at = self.reached(calendar, span(self.granted) * permille / WHOLE)
        else:
            at = self._away_from_due(calendar, span(offset))
        return at + TICK if at is not None and at == self.due_at else at

    def reached(self, calendar: Calendar | None, amount: timedelta) -> datetime | None:
        """When so much time has counted since the start; None if a running pause is in the way."""
        return self._unless_paused(working.shift(calendar, self.start_at, amount, self.pauses))

    def _away_from_due(self, calendar: Calendar | None, offset: timedelta) -> datetime | None:
        if self.due_at is None:
            return None
        at = working.shift(calendar, self.due_at, offset, self.pauses)
        return self._unless_paused(max(at, self.start_at))

    def _unless_paused(self, at: datetime) -> datetime | None:
        return None if self.is_paused and at > self.pauses[-1].start_at else at

    def rung_at(self, rung: Rung) -> datetime:
        """When a rung of plain time is reached that nothing has moved; others ask ``moment``."""
        due_at = self.start_at + span(self.allowance)
        at = self.start_at + span(self.allowance) * rung.permille / WHOLE
        return at + TICK if at == due_at else at

    def explain(self, calendar: Calendar | None = None) -> tuple[str, ...]:
        """The arithmetic, a step a line, for people; ``calendar`` is the one it was computed by."""
        started = f"started {iso(self.start_at)} when the stage '{self.stage}' began"
        if calendar is None and self.due is None and not self.pauses:
            return (
                started,
                f"allowance {self.allowance} s of plain time, counted around the clock",
                f"due {iso(self.start_at + span(self.allowance))}",
            )
        extended = (
            f"extended by {working.spell(e.seconds)} by {e.by} ({e.code})" for e in self.extensions
        )
        if calendar is None and self.due_at != self.reached(None, span(self.granted)):
            allowed = f"allowance {working.spell(self.granted)} of working time"
            due = f"due {iso(self.due_at)}" if self.due_at else "no due date while it is paused"
            return (started, *extended, allowed, due)
        first = self.first_due_at if self.extensions else None
        first_due = () if first is None else (f"first due {working.clock(calendar, first)}",)
        *steps, due = working.steps(calendar, self.start_at, self.granted, self.pauses)
        return (started, *extended, *steps, *first_due, due)
