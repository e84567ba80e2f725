"""What an escalation remembers, and when it wakes by itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.base import Moment, Value, Words
from domain.commitment import Promise
from domain.deadlines import Deadline
from domain.entity import Alarm, State
from domain.escalation.stages import STAGES, Outcome, Recommendation, RefusalCode, Stage
from domain.people import Seat, Seats
from domain.policy import Terms
from domain.post import Settlement


class Proposal(Value):
    by: str
    request: Words
    recommendation: Recommendation
    reply: Words | None
    promises: tuple[Promise, ...]
    news: bool = False
    """The commenter has spoken since this was proposed."""


class Decision(Value):
    outcome: Literal["approved", "refused"]
    by: str
    at: Moment
    code: RefusalCode | None = None
    reason: Words | None = None


class CurrentReply(Value):
    post_id: str
    writer: str
    settlement: Settlement | None = None
    attempt: int = 0
    promises: tuple[Promise, ...] = ()
    news: bool = False
    """The commenter has spoken since this was submitted."""


class Escalation(State):
    KIND: ClassVar[str] = "escalation"

    stage: Stage
    conversation_id: str
    channel: str
    comment_id: str
    terms: Terms
    backlog: bool = False
    predecessor: str | None = None
    comments: dict[str, int] = {}
    owner: str | None = None
    proposal: Proposal | None = None
    decision: Decision | None = None
    reply: CurrentReply | None = None
    deadline: Deadline | None = None
    rung: int = 0
    outcome: Outcome | None = None
    closed_at: Moment | None = None

    @property
    def is_closed(self) -> bool:
        return self.stage is Stage.CLOSED

    @property
    def seats(self) -> Seats:
        proposer = self.proposal.by if self.proposal else None
        return Seats(team=self.team, owner=self.owner, not_person=proposer)

    def alarm(self) -> Alarm | None:
        if self.deadline is None or self.deadline.due_at is None or self.is_closed:
            return None
        if self.stage is Stage.LISTENING:
            return Alarm(name=f"quiet:{self.touched['stage']}", at=self.deadline.due_at)
        if self.rung >= len(self.terms.ladder):
            return None
        rung = self.terms.ladder[self.rung]
        owing = STAGES[self.stage].owed_by
        return Alarm(
            name=f"{self.stage}:{self.touched['stage']}:{self.rung}",
            at=self.deadline.rung_at(rung),
            seats=tuple(dict.fromkeys(seat for seat in (self._told(rung.to), owing) if seat)),
        )

    def _told(self, seat: Seat) -> Seat:
        """A rung to the owner speaks to whoever owes the move of this stage."""
        return (STAGES[self.stage].owed_by or seat) if seat is Seat.OWNER else seat
