"""What an escalation remembers, and when it wakes by itself."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from domain.base import Moment, Value, Words, iso
from domain.calendar import Calendar
from domain.commitment import Promise
from domain.deadlines import Deadline
from domain.entity import Alarm, State
from domain.escalation.events import ReplyHeld
from domain.escalation.stages import STAGES, DismissCode, HeldFor, Outcome, RefusalCode, Stage
from domain.ladder import Step, next_step, steps, watch_at
from domain.panel import Panel, Recommendation
from domain.people import Seat, Seats
from domain.post import Settlement
from domain.terms import DecisionTerms, Limits, Priority, Rung, Terms

ASKED = "asked"
"""The name of the clock that runs while approvers wait for information."""


class Proposal(Value):
    by: str
    request: Words
    recommendation: Recommendation
    reply: Words | None
    promises: tuple[Promise, ...]
    news: bool = False
    """The commenter has spoken since this was proposed."""
    panel: Panel | None = None
    marked_none: int = 0
    """How many sentences of the reply read like a promise and are said to be none by its writer."""


class Question(Value):
    """Something the approvers want to know, and the clock that stands still meanwhile."""

    by: str
    question: Words
    shelved: Deadline
    climbed: tuple[int, ...] = ()
    watched: int = 0
    at: Moment


class Decision(Value):
    outcome: Literal["approved", "refused", "moved_to_private"]
    by: str
    at: Moment
    code: RefusalCode | None = None
    reason: Words | None = None
    on_behalf_of: str | None = None
    is_alone: bool = False
    """The owner decided, as the terms allow."""


class CurrentReply(Value):
    post_id: str
    writer: str
    settlement: Settlement | None = None
    attempt: int = 0
    promises: tuple[Promise, ...] = ()
    news: bool = False
    """The commenter has spoken since this was submitted."""
    since: dict[str, int] = {}
    """The comments that came since, each with its revision."""


class Signature(Value):
    """What whoever is to be accountable said to a promise before it was made."""

    promise_id: str
    is_accepted: bool
    promise: Promise | None = None
    """Where it was accepted: the very promise that was, with its words and its date."""
    due_at: Moment | None = None
    """The date that was offered instead."""


class Dismissal(Value):
    by: str
    code: DismissCode


class Holding(Value):
    """A holding reply on its way: it answers nothing."""

    post_id: str
    settlement: Settlement | None = None
    attempt: int = 0


class MatterTie(Value):
    """The matter this one is answered with."""

    id: str
    at: Moment
    is_served: bool = False


class Escalation(State):
    KIND: ClassVar[str] = "escalation"

    stage: Stage
    conversation_id: str
    channel: str
    comment_id: str
    terms: Terms
    backlog: bool = False
    ladders_at: Moment | None = None
    predecessor: str | None = None
    comments: dict[str, int] = {}
    removed: tuple[str, ...] = ()
    owner: str | None = None
    assigned_by: str | None = None
    """Who made the owner the owner; None where the owner claimed it."""
    lease_from: Moment | None = None
    held_for: HeldFor | None = None
    dismissal: Dismissal | None = None
    proposal: Proposal | None = None
    question: Question | None = None
    decision: Decision | None = None
    signatures: tuple[Signature, ...] = ()
    waiting: ReplyHeld | None = None
    """Words that go out once every promise in them is accepted."""
    waiting_news: dict[str, int] = {}
    """The comments that came since they began to wait, each with its revision."""
    reply: CurrentReply | None = None
    holding: Holding | None = None
    answers: int = 0
    """Replies that have been published."""
    answered_at: Moment | None = None
    """When the first of them was: what somebody who spoke in public had to wait for."""
    deadline: Deadline | None = None
    paused_until: Moment | None = None
    pauses: int = 0
    rung: int = 0
    climbed: tuple[int, ...] = ()
    """The steps of the ladder that were reached, by number."""
    watched: int = 0
    matter: MatterTie | None = None
    merged_into: str | None = None
    outcome: Outcome | None = None
    closed_at: Moment | None = None

    @property
    def is_closed(self) -> bool:
        return self.stage is Stage.CLOSED

    @property
    def seats(self) -> Seats:
        proposer = self.proposal.by if self.proposal else None
        panel = self.proposal.panel if self.proposal else None
        if self.stage is Stage.HELD and self.dismissal:
            proposer = self.dismissal.by
        return Seats(
            team=self.team,
            owner=self.owner,
            not_person=proposer,
            approvers=panel.missing if panel else (),
        )

    # What the terms come to. ------------------------------------------------------------------

    @property
    def limits(self) -> Limits:
        return self.terms.limits or Limits()

    @property
    def decision_terms(self) -> DecisionTerms:
        return self.terms.decision or DecisionTerms()

    @property
    def calendar(self) -> Calendar | None:
        """The calendar of the clock that runs. The public is listened to around the clock."""
        return None if self.stage is Stage.LISTENING else self.terms.calendar

    @property
    def owing(self) -> Seat | None:
        """Whose move it is."""
        return Seat.OWNER if self.question else STAGES[self.stage].owed_by

    @property
    def is_waiting(self) -> bool:
        """Whether its owner has done their part for now, so that others owe the next move."""
        if self.stage is Stage.REPLYING:
            return self.reply is not None or self.waiting is not None
        return self.stage in (Stage.DECIDING, Stage.LISTENING) and self.owing is not Seat.OWNER

    @property
    def waits_for_matter(self) -> bool:
        """Whether its answer is decided elsewhere: its own ladder then does not climb."""
        is_tied = self.matter is not None and not self.matter.is_served
        return is_tied and self.stage in (Stage.UNCLAIMED, Stage.PREPARING)

    @property
    def unsigned(self) -> tuple[Promise, ...]:
        """Promises in words on their way that nobody accountable has accepted yet."""
        if self.waiting is not None:
            promises, writer = self.waiting.promises, self.waiting.writer
        elif self.stage is Stage.DECIDING and self.proposal is not None:
            promises, writer = self.proposal.promises, self.proposal.by
        else:
            return ()
        return self.unaccepted(promises, writer)

    def unaccepted(self, promises: tuple[Promise, ...], writer: str) -> tuple[Promise, ...]:
        """Those of the promises that still need their accountable's word. Writing is signing."""
        accepted = [s.promise for s in self.signatures if s.is_accepted]
        return tuple(p for p in promises if p.accountable != writer and p not in accepted)

    @property
    def disputed(self) -> tuple[str, ...]:
        """Promises whose accountable has said no, or another date."""
        return tuple(s.promise_id for s in self.signatures if not s.is_accepted)

    # When it wakes. ---------------------------------------------------------------------------

    def alarm(self) -> Alarm | None:
        if self.is_closed:
            return None
        if self.paused_until is not None:
            return Alarm(name=f"resume:{self.touched['clock']}", at=self.paused_until)
        if self.rules < 2:
            return self._first_rules_alarm()
        return min(self._alarms(), key=lambda alarm: alarm.at)

    def _alarms(self) -> list[Alarm]:
        if self.stage is Stage.LISTENING and self.deadline is not None:
            return [self._quiet(self.deadline)]
        found = [self._climb()]
        if self.deadline is None and self.ladders_at is not None:
            found.append(Alarm(name=f"start:{self.touched['stage']}", at=self.ladders_at))
        if lease := self._lease():
            found.append(lease)
        return found

    def _quiet(self, deadline: Deadline) -> Alarm:
        assert deadline.due_at is not None
        return Alarm(name=f"quiet:{self.touched['stage']}", at=deadline.due_at)

    def _climb(self) -> Alarm:
        """The next rung of the ladder, or the standing watch where there is none left."""
        found = self.steps()
        step = None if self.waits_for_matter else next_step(found, self.climbed)
        if step is None:
            return self._watch(found)
        name = self.deadline.stage if self.deadline else str(self.stage)
        since = self.touched["proposal" if self.question else "stage"]
        return Alarm(
            name=f"{name}:{since}:{step.n}",
            at=step.at,
            seats=self._told_and_owing(step.rung),
            person=step.rung.person,
            role=step.rung.role,
            urgent=step.rung.urgent or self.terms.priority is Priority.URGENT,
        )

    def _watch(self, found: tuple[Step, ...]) -> Alarm:
        base = self.opened_at
        if self.matter and self.waits_for_matter:
            base = self.matter.at
        elif found:
            base = max(step.at for step in found)
        elif self.deadline and self.deadline.due_at:
            base = self.deadline.due_at
        seats = [Seat.EXECUTIVES, self.owing]
        return Alarm(
            name=f"watch:{self.touched['stage']}:{self.watched}",
            at=watch_at(base, self.watched),
            seats=tuple(dict.fromkeys(seat for seat in seats if seat)),
        )

    def _lease(self) -> Alarm | None:
        """When a claim lapses: the end of its lease, in working time."""
        if self.lease_from is None or self.stage is not Stage.PREPARING or not self.limits.lease:
            return None
        lease = Deadline.begin("lease", self.lease_from, self.limits.lease, self.terms.calendar)
        assert lease.due_at is not None
        return Alarm(name=f"lease:{iso(self.lease_from)}", at=lease.due_at)

    def steps(self) -> tuple[Step, ...]:
        """The rungs of the ladder as they fall for the clock that runs."""
        if self.deadline is None or self.deadline.is_paused:
            return ()
        return steps(self.terms.ladder, self.deadline, self.calendar)

    def _told_and_owing(self, rung: Rung) -> tuple[Seat, ...]:
        """A rung to the owner speaks to whoever owes the move of this stage."""
        told = (self.owing or rung.to) if rung.to is Seat.OWNER else rung.to
        return tuple(dict.fromkeys(seat for seat in (told, self.owing) if seat))

    def _first_rules_alarm(self) -> Alarm | None:
        """As it was before ladders had repeats and a watch; open cases go on like this."""
        if self.deadline is None:
            return None
        if self.stage is Stage.LISTENING:
            return self._quiet(self.deadline)
        if self.rung >= len(self.terms.ladder):
            return None
        rung = self.terms.ladder[self.rung]
        at = self.deadline.moment(self.calendar, rung.permille)
        assert at is not None
        return Alarm(
            name=f"{self.stage}:{self.touched['stage']}:{self.rung}",
            at=at,
            seats=self._told_and_owing(rung),
        )

    def waited(self, at: datetime) -> int:
        """Seconds of plain time since the running clock began."""
        start = self.deadline.start_at if self.deadline else self.opened_at
        return max(int((at - start).total_seconds()), 0)


def allowance_of(state: Escalation, stage: Stage) -> int | None:
    """How long the next move of a stage may take; None where nobody owes one."""
    name = STAGES[stage].allowance
    if name is None:
        return None
    seconds: int = getattr(state.limits if name == "look" else state.terms.allowances, name)
    return seconds
