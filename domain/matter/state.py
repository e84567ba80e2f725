"""What a matter remembers, and when it wakes by itself.

Its members are not in here. They are rows that the store derives from the facts of the escalations
themselves, so that ten thousand of them cost this history nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.base import Moment, Seconds, Value, Words
from domain.calendar import Calendar
from domain.deadlines import Deadline
from domain.entity import Alarm, State
from domain.escalation import RefusalCode
from domain.ladder import Step, next_step, steps, watch_at
from domain.matter.stages import MOST, STAGES, TAKING, MatterStage
from domain.panel import Panel
from domain.people import Seat, Seats
from domain.terms import Priority, Rung, Terms


class Proposal(Value):
    by: str
    request: Words
    reply: Words
    panel: Panel = Panel()


class Answer(Value):
    """The one cleared text: who wrote it, who decided it, and which words exactly."""

    words: Words
    writer: str
    approver: str
    at: Moment
    refused: RefusalCode | None = None
    """Set where the answer is a no; the words are then its printed reason."""
    reason: Words | None = None
    on_behalf_of: str | None = None


class What(StrEnum):
    SERVE = "serve"
    AWAIT = "await"
    """Wait until somebody joins."""
    COUNT = "count"
    """Look whether anybody is left."""


class Wave(Value):
    """What the service does next with the members, and from when on."""

    n: int
    what: What
    at: Moment
    limit: int = MOST
    is_paced: bool = True
    """Whether it serves no more than the channels can publish in about a minute."""


class Matter(State):
    KIND: ClassVar[str] = "matter"

    stage: MatterStage
    title: Words
    terms: Terms
    request: str
    opened_by: str
    owner: str
    proposal: Proposal | None = None
    answer: Answer | None = None
    first: int = 0
    """How many are answered before the wait; 0 before it is released."""
    wait: Seconds = 0
    not_before: Moment | None = None
    """The end of the wait after the first ones: nobody else is answered before it."""
    waves: int = 0
    """Waves there have been; a report of an earlier one is old news."""
    wave: Wave | None = None
    stalled: int = 0
    """Waves in a row that could serve nobody who waits."""
    waiting: int = 0
    served: int = 0
    apart: int = 0
    """As of the last wave."""
    since: Moment
    """When its stage began."""
    deadline: Deadline | None = None
    climbed: tuple[int, ...] = ()
    watched: int = 0
    closed_at: Moment | None = None

    @property
    def is_closed(self) -> bool:
        return self.stage is MatterStage.CLOSED

    @property
    def is_taking(self) -> bool:
        """Whether escalations may still join."""
        return self.stage in TAKING

    @property
    def is_released(self) -> bool:
        return self.first > 0

    @property
    def panel(self) -> Panel:
        return self.proposal.panel if self.proposal else Panel()

    @property
    def proposer(self) -> str | None:
        return self.proposal.by if self.proposal else None

    @property
    def seats(self) -> Seats:
        return Seats(
            team=self.team,
            owner=self.owner,
            not_person=self.proposer,
            approvers=self.panel.missing,
        )

    @property
    def calendar(self) -> Calendar | None:
        """The calendar of the clock that runs. The public is listened to around the clock."""
        return None if self.stage is MatterStage.LISTENING else self.terms.calendar

    # When it wakes. ---------------------------------------------------------------------------

    def alarm(self) -> Alarm | None:
        if self.is_closed:
            return None
        if self.stage is MatterStage.LISTENING and self.deadline is not None:
            assert self.deadline.due_at is not None
            return Alarm(name=f"quiet:{self.touched['stage']}", at=self.deadline.due_at)
        found = self.steps()
        step = next_step(found, self.climbed)
        if step is None:
            return self._watch(found)
        return Alarm(
            name=f"{self.stage}:{self.touched['stage']}:{step.n}",
            at=step.at,
            seats=self._told_and_owing(step.rung),
            person=step.rung.person,
            role=step.rung.role,
            urgent=step.rung.urgent or self.terms.priority is Priority.URGENT,
        )

    def _watch(self, found: tuple[Step, ...]) -> Alarm:
        base = max((step.at for step in found), default=self.since)
        seats = (Seat.EXECUTIVES, STAGES[self.stage].owed_by)
        return Alarm(
            name=f"watch:{self.touched['stage']}:{self.watched}",
            at=watch_at(base, self.watched),
            seats=tuple(dict.fromkeys(seat for seat in seats if seat)),
        )

    def steps(self) -> tuple[Step, ...]:
        """The rungs of the ladder as they fall for the clock that runs."""
        if self.deadline is None:
            return ()
        return steps(self.terms.ladder, self.deadline, self.calendar)

    def _told_and_owing(self, rung: Rung) -> tuple[Seat, ...]:
        """A rung to the owner speaks to whoever owes the move of this stage."""
        owing = STAGES[self.stage].owed_by
        told = (owing or rung.to) if rung.to is Seat.OWNER else rung.to
        return tuple(dict.fromkeys(seat for seat in (told, owing) if seat))

    def waited(self, at: datetime) -> int:
        """Seconds of plain time since its stage began."""
        return max(int((at - self.since).total_seconds()), 0)


def allowance_of(state: Matter, stage: MatterStage) -> int | None:
    """How long the next move of a stage may take; None where nobody owes one."""
    name = STAGES[stage].allowance
    if name is None:
        return None
    seconds: int = getattr(state.terms.allowances, name)
    return seconds
