"""What a commitment remembers, and when it wakes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from domain import calendar as working
from domain.base import Moment, Value, Words, span
from domain.calendar import Calendar
from domain.commitment.clocks import Course, steps, watch_at
from domain.commitment.stages import (
    DECIDING_A_DATE,
    STAGES,
    Clock,
    CommitmentStage,
    Promise,
    WordSource,
)
from domain.deadlines import TICK, Deadline
from domain.entity import Alarm, State
from domain.ladder import Step, next_step
from domain.people import Seat, Seats
from domain.post import Settlement
from domain.terms import PromiseTerms, Rung

DUE = 1000
"""The thousandth of the allowance at which the promise is due."""


_ALL = (Seat.ACCOUNTABLE, Seat.LEAD, Seat.EXECUTIVES)
"""Who hears that a promise is broken, nobody exempt."""


class Report(Value):
    at: Moment
    by: str
    post_id: str
    stuck: Settlement | None = None
    attempt: int = 0


class NewDate(Value):
    """Another date, from the moment it is asked for. It counts once ``since`` is set."""

    due_at: Moment
    reason: Words
    words: Words
    asked_by: str
    asked_at: Moment
    is_signed: bool
    """Whoever is accountable has asked for it or accepted it."""
    agreed_by: str | None = None
    agreed_at: Moment | None = None
    post_id: str | None = None
    stuck: Settlement | None = None
    attempt: int = 0
    climbed: tuple[int, ...] = ()
    since: Moment | None = None


class Word(Value):
    """What the commenter says: the last word on whether a promise was kept."""

    is_kept: bool
    source: WordSource
    at: Moment


class Readers(Value):
    """How many readers say that it is kept, and how many that it is not."""

    kept: int = 0
    not_kept: int = 0


class Progress(Value):
    """A word of progress that is still on its way to the public."""

    post_id: str
    writer: str
    stuck: Settlement | None = None
    attempt: int = 0


class Answered(Value):
    """How the approver answered a denial."""

    is_upheld: bool
    by: str
    at: Moment
    reason: Words
    on_behalf_of: str | None = None


class Toll(StrEnum):
    """What a bell rings for."""

    RUNG = "rung"
    WATCH = "watch"
    DUE = "due"
    QUIET = "quiet"


class Bell(NamedTuple):
    """The next alarm with what it is about."""

    toll: Toll
    at: datetime
    name: str
    seats: tuple[Seat, ...] = ()
    """Who is told, then who owes the move."""
    step: Step | None = None
    is_about_date: bool = False
    """About the new date that waits for a decision."""


class Commitment(State):
    KIND: ClassVar[str] = "commitment"

    stage: CommitmentStage
    promise: Promise
    """As it was published; its date is the first one and stays."""
    escalation_id: str
    post_id: str
    channel: str
    comment_id: str
    approver: str
    ladder: tuple[Rung, ...] = ()
    """Under the first rules; later ones have ``terms``."""
    rung: int = 0
    report: Report | None = None
    was_broken: bool = False
    settled_at: Moment | None = None
    # From the second rules on.
    terms: PromiseTerms | None = None
    calendar: Calendar | None = None
    is_public: bool = True
    entered_at: Moment | None = None
    climbed: tuple[int, ...] = ()
    watched: int = 0
    rang_at: Moment | None = None
    """When the last rung or watch of this stage rang."""
    dates: tuple[NewDate, ...] = ()
    """Every date that came to count after the first one, in order."""
    wanted: NewDate | None = None
    """The date that is asked for, or agreed and not yet read by the public."""
    good_by: Moment | None = None
    """By when a broken promise is to be made good, where a denial was accepted."""
    broken_at: Moment | None = None
    word: Word | None = None
    readers: Readers = Readers()
    link: str | None = None
    answered: Answered | None = None
    progress: tuple[Progress, ...] = ()

    @property
    def is_closed(self) -> bool:
        return STAGES[self.stage].clock is None

    @property
    def promised(self) -> PromiseTerms:
        """The terms in force; where none were laid down, those that come with the product."""
        return self.terms or PromiseTerms()

    @property
    def first_due_at(self) -> datetime:
        return self.promise.due_at

    @property
    def due_at(self) -> datetime:
        """The date that counts now."""
        return self.dates[-1].due_at if self.dates else self.promise.due_at

    @property
    def is_late_report(self) -> bool:
        """Whether what was reported kept is kept late: a date that broke stays broken."""
        return self.was_broken or (self.report is not None and self.report.at > self.due_at)

    @property
    def is_renegotiated(self) -> bool:
        """Kept after its first date, by one that was renegotiated in time."""
        is_after = self.report is not None and self.report.at > self.first_due_at
        return self.stage is CommitmentStage.KEPT and is_after

    # Time. ------------------------------------------------------------------------------------

    @property
    def course(self) -> Course | None:
        """The time of the move that this stage waits for; None where none is owed."""
        entered = self.entered_at or self.opened_at
        match STAGES[self.stage].clock:
            case Clock.DATE if self.stage is CommitmentStage.BROKEN and self.good_by:
                return self._until(entered, self.good_by)
            case Clock.DATE:
                since = self.dates[-1].since if self.dates else None
                return self._until(since or self.opened_at, self.due_at)
            case Clock.SETTLE:
                return self._settling(entered)
            case Clock.CONFIRM:
                allowance = span(self.promised.confirm)
                return Course(entered, entered + allowance, allowance, None, None)
            case _:
                return None

    def _until(self, start: datetime, due: datetime) -> Course:
        return Course(start, due, max(due - start, span(0)), None, self.calendar)

    def _settling(self, start: datetime) -> Course:
        seconds = self.promised.settle
        due = working.add(self.calendar, start, seconds)
        return Course(start, due, span(seconds), self.calendar, self.calendar)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder of this stage as it falls."""
        ladder = STAGES[self.stage].ladder
        course = self.course
        if course is None:
            return ()
        return steps(self.promised.ladder if ladder is None else ladder, course)

    @property
    def date_course(self) -> Course | None:
        """The time in which a new date that is asked for wants to be decided."""
        if self.wanted is None or self.wanted.agreed_by is not None:
            return None
        return self._settling(self.wanted.asked_at)

    @property
    def date_steps(self) -> tuple[Step, ...]:
        course = self.date_course
        return steps(DECIDING_A_DATE, course) if course else ()

    @property
    def deadline(self) -> Deadline:
        if self.rules >= 2 and self.course is not None:
            start, due = self.course.start, self.course.due
        else:
            start, due = self.opened_at, self.promise.due_at
        stage = str(self.stage) if self.rules >= 2 else "open"
        allowance = int((due - start).total_seconds())
        return Deadline(stage=stage, start_at=start, allowance=max(allowance, 0))

    def explain(self) -> tuple[str, ...]:
        """How the time of this stage comes to its end, a step a line, for people."""
        course = self.course
        if course is None:
            return ()
        if STAGES[self.stage].clock is Clock.SETTLE:
            return working.steps(self.calendar, course.start, self.promised.settle)
        if STAGES[self.stage].clock is Clock.CONFIRM:
            return working.steps(None, course.start, self.promised.confirm)
        moves = (
            f"moved to {working.clock(None, date.due_at)}: asked for by {date.asked_by}, agreed to "
            f"by {date.agreed_by}, public since {working.clock(None, date.since or date.asked_at)}"
            for date in self.dates
        )
        made = working.clock(None, self.opened_at)
        first = f"promised {made} for {working.clock(None, self.first_due_at)}"
        good = (f"to be made good by {working.clock(None, self.good_by)}",) if self.good_by else ()
        return (first, *moves, *good, f"due {working.clock(None, course.due)}")

    # Waking. ----------------------------------------------------------------------------------

    @property
    def seats(self) -> Seats:
        if self.rules < 2:
            return Seats(team=self.team, accountable=self.promise.accountable)
        is_denied = self.stage is CommitmentStage.DENIED
        return Seats(
            team=self.team,
            accountable=self.promise.accountable,
            approvers=(self.approver,) if is_denied else (),
            not_person=self._not_person(),
        )

    def _not_person(self) -> str | None:
        """Who may not make the move that is owed."""
        if self.wanted and self.wanted.agreed_by is None:
            return self.wanted.asked_by
        if self.stage is CommitmentStage.REPORTED and self.report:
            return self.report.by
        return self.promise.accountable if self.stage is CommitmentStage.DENIED else None

    def alarm(self) -> Alarm | None:
        if self.rules < 2:
            return self._first_alarm()
        bell = self.bell()
        if bell is None:
            return None
        rung = bell.step.rung if bell.step else None
        return Alarm(
            name=bell.name,
            at=bell.at,
            seats=bell.seats,
            person=rung.person if rung else None,
            role=rung.role if rung else None,
            urgent=rung.urgent if rung else False,
        )

    def _first_alarm(self) -> Alarm | None:
        """Reminders up to the due date, then once that has passed; a broken promise has none."""
        if self.stage is not CommitmentStage.OPEN:
            return None
        reminders = [r for r in self.ladder if r.permille < DUE]
        if self.rung < len(reminders):
            at = self.deadline.rung_at(reminders[self.rung])
            return Alarm(name=f"remind:{self.rung}", at=at, seats=(Seat.ACCOUNTABLE,))
        return Alarm(name="due", at=self.promise.due_at + TICK, seats=_ALL)

    def bell(self) -> Bell | None:
        """What rings next; of what falls on one moment, the date itself goes first."""
        return min(self._bells(), key=lambda bell: bell.at, default=None)

    def _bells(self) -> Iterator[Bell]:
        if self.is_closed or self.course is None:
            return
        here = f"{self.stage}:{self.touched.get('stage', 0)}:{self.touched.get('date', 0)}"
        if self.stage is CommitmentStage.OPEN:
            yield Bell(Toll.DUE, self.due_at + TICK, f"due:{here}", _ALL)
        if self.stage is CommitmentStage.TOLD:
            yield Bell(Toll.QUIET, self.course.due + TICK, f"quiet:{here}")
        else:
            yield from self._ladder(here)
        if self.wanted and (step := next_step(self.date_steps, self.wanted.climbed)):
            owing = Seat.APPROVERS if self.wanted.is_signed else Seat.ACCOUNTABLE
            seats = _seats(step.rung.to, owing)
            yield Bell(Toll.RUNG, step.at, f"date:{here}:{step.n}", seats, step, True)

    def _ladder(self, here: str) -> Iterator[Bell]:
        owing = STAGES[self.stage].owed_by or Seat.ACCOUNTABLE
        found = self.steps
        step = next_step(found, self.climbed)
        if step is not None:
            seats = _seats(step.rung.to, owing)
            yield Bell(Toll.RUNG, step.at, f"{here}:{step.n}", seats, step)
        elif self.stage is not CommitmentStage.OPEN:
            base = self.rang_at or self.entered_at or self.opened_at
            at = watch_at(base, self.watched)
            seats = _seats(Seat.EXECUTIVES, owing)
            yield Bell(Toll.WATCH, at, f"watch:{here}:{self.watched}", seats)


def _seats(told: Seat, owing: Seat) -> tuple[Seat, ...]:
    """A rung to the owner speaks to whoever owes the move."""
    return tuple(dict.fromkeys((owing if told is Seat.OWNER else told, owing)))
