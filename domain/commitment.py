"""A commitment: one promise in a published reply, tracked until it is kept or openly broken."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from domain.base import Moment, Value, Words
from domain.deadlines import TICK, Deadline
from domain.effects import Effect, Notify, OpenEntity
from domain.entity import Alarm, Command, Decide, Event, Kind, Right, Ring, State
from domain.errors import Conflict, Refused
from domain.ledger import RULES, Fact
from domain.people import Actor, Role, Seat, Seats
from domain.post import OpenPost, Settle, Settlement, is_old_news
from domain.terms import Rung

DUE = 1000
"""The thousandth of the allowance at which the promise is due."""


class CommitmentStage(StrEnum):
    OPEN = "open"
    REPORTED = "reported"
    """Somebody says it is kept; the public word of it is on its way."""
    BROKEN = "broken"
    KEPT = "kept"
    KEPT_LATE = "kept_late"
    WITHDRAWN = "withdrawn"


class Promise(Value):
    """A sentence of a reply that binds us: who is accountable, and until when.

    ``id`` becomes the commitment's id when the reply is published.
    """

    id: str
    words: Words
    accountable: str
    due_at: Moment
    proof: Words | None = None
    """How anybody will know that it is done."""


# What somebody may ask for. ------------------------------------------------------------------


class OpenCommitment(Command):
    act: Literal["open"] = "open"
    promise: Promise
    escalation_id: str
    post_id: str
    channel: str
    team: str
    comment_id: str
    approver: str
    ladder: tuple[Rung, ...] = ()
    rules: int = 1


class ReportKept(Command):
    """Say that the promise is kept, with the words that tell the public so."""

    act: Literal["report_kept"] = "report_kept"
    post_id: str
    words: Words
    evidence: Words | None = None


class WithdrawPromise(Command):
    act: Literal["withdraw"] = "withdraw"
    reason: Words


# What happened. ------------------------------------------------------------------------------


class CommitmentOpened(Event):
    NAME = "commitment:promise:opened"
    TOUCHES = frozenset({"stage"})
    promise: Promise
    escalation_id: str
    post_id: str
    channel: str
    team: str
    comment_id: str
    approver: str
    ladder: tuple[Rung, ...] = ()
    rules: int = 1


class KeptReported(Event):
    NAME = "commitment:promise:reported_kept"
    TOUCHES = frozenset({"stage"})
    post_id: str
    words: Words
    writer: str
    evidence: Words | None = None


class ReportFellThrough(Event):
    """The follow-up was returned or withdrawn, so the promise is as open as before."""

    NAME = "commitment:promise:report_fell_through"
    TOUCHES = frozenset({"stage"})
    post_id: str
    settlement: Settlement


class FollowUpStuck(Event):
    """The follow-up failed or is unconfirmed: the report stands, a person must see to the post."""

    NAME = "commitment:promise:follow_up_stuck"
    post_id: str
    settlement: Settlement
    attempt: int = 0


class Reminded(Event):
    NAME = "commitment:ladder:climbed"
    rung: int
    told: tuple[str, ...] = ()


class Broken(Event):
    NAME = "commitment:promise:broken"
    TOUCHES = frozenset({"stage"})
    due_at: Moment
    told: tuple[str, ...] = ()


class Kept(Event):
    NAME = "commitment:promise:kept"
    TOUCHES = frozenset({"stage"})
    is_late: bool = False


class PromiseWithdrawn(Event):
    NAME = "commitment:promise:withdrawn"
    TOUCHES = frozenset({"stage"})
    reason: Words


# What is remembered. -------------------------------------------------------------------------


class Report(Value):
    at: Moment
    by: str
    post_id: str
    stuck: Settlement | None = None
    attempt: int = 0


class Commitment(State):
    KIND: ClassVar[str] = "commitment"

    stage: CommitmentStage
    promise: Promise
    escalation_id: str
    post_id: str
    channel: str
    comment_id: str
    approver: str
    ladder: tuple[Rung, ...] = ()
    rung: int = 0
    report: Report | None = None
    was_broken: bool = False
    settled_at: Moment | None = None

    @property
    def is_closed(self) -> bool:
        return self.stage in (
            CommitmentStage.KEPT,
            CommitmentStage.KEPT_LATE,
            CommitmentStage.WITHDRAWN,
        )

    @property
    def deadline(self) -> Deadline:
        allowance = int((self.promise.due_at - self.opened_at).total_seconds())
        return Deadline(stage="open", start_at=self.opened_at, allowance=max(allowance, 0))

    @property
    def seats(self) -> Seats:
        return Seats(team=self.team, accountable=self.promise.accountable)

    def alarm(self) -> Alarm | None:
        """Reminders up to the due date, then once that has passed; a broken promise has none."""
        if self.stage is not CommitmentStage.OPEN:
            return None
        reminders = [r for r in self.ladder if r.permille < DUE]
        if self.rung < len(reminders):
            at = self.deadline.rung_at(reminders[self.rung])
            return Alarm(name=f"remind:{self.rung}", at=at, seats=(Seat.ACCOUNTABLE,))
        seats = (Seat.ACCOUNTABLE, Seat.LEAD, Seat.EXECUTIVES)
        return Alarm(name="due", at=self.promise.due_at + TICK, seats=seats)


# Who may do what, and when. ------------------------------------------------------------------


def _reports(actor: Actor, state: Commitment) -> bool:
    return actor.id == state.promise.accountable or actor.works_in(state.team)


def _machine(actor: Actor, state: Commitment) -> bool:
    return actor.has(Role.SERVICE)


RIGHTS: dict[str, Right] = {
    "report_kept": Right(
        "whoever is accountable, or staff of its team",
        _reports,
        frozenset({CommitmentStage.OPEN, CommitmentStage.BROKEN}),
    ),
    "withdraw": Right(
        "an executive who is not accountable for it",
        lambda actor, state: actor.has(Role.EXECUTIVE) and actor.id != state.promise.accountable,
        frozenset({CommitmentStage.OPEN, CommitmentStage.BROKEN}),
    ),
    "settle": Right("a post", _machine, frozenset({CommitmentStage.REPORTED}), is_machine=True),
    "ring": Right("a timer", _machine, frozenset({CommitmentStage.OPEN}), is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    stages = " or ".join(sorted(RIGHTS[act].stages))
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {stages}; the promise is {state.stage} now",
        "see what is allowed now in GET of the commitment",
        stage=state.stage,
    )


# What each command decides. ------------------------------------------------------------------


def _open(state: None, command: OpenCommitment, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (CommitmentOpened.model_validate(command.model_dump(exclude={"act"})),)


def _report(
    state: Commitment, command: ReportKept, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    reported = KeptReported(
        post_id=command.post_id,
        words=command.words,
        writer=actor.id,
        evidence=command.evidence,
    )
    return (*_overdue(state, at), reported)


def _overdue(state: Commitment, at: datetime) -> tuple[Event, ...]:
    """The date may have passed a moment before its timer rings: then it is broken first."""
    if state.stage is CommitmentStage.OPEN and at > state.promise.due_at:
        return (Broken(due_at=state.promise.due_at),)
    return ()


def _withdraw(
    state: Commitment, command: WithdrawPromise, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    return (*_overdue(state, at), PromiseWithdrawn(reason=command.reason))


def _settle(state: Commitment, command: Settle, actor: Actor, at: datetime) -> tuple[Event, ...]:
    report = state.report
    if report is None or report.post_id != command.post_id:
        return ()
    match command.settlement:
        case Settlement.PUBLISHED:
            late = state.was_broken or report.at > state.promise.due_at
            return (Kept(is_late=late),)
        case Settlement.RETURNED | Settlement.WITHDRAWN:
            fell = ReportFellThrough(post_id=command.post_id, settlement=command.settlement)
            is_overdue = at > state.promise.due_at and not state.was_broken
            return (fell, Broken(due_at=state.promise.due_at)) if is_overdue else (fell,)
        case _ if is_old_news(command, report.attempt, report.stuck):
            return ()
        case _:
            stuck = FollowUpStuck(
                post_id=command.post_id, settlement=command.settlement, attempt=command.attempt
            )
            return (stuck,)


def _ring(state: Commitment, command: Ring, actor: Actor, at: datetime) -> tuple[Event, ...]:
    alarm = state.alarm()
    if alarm is None or alarm.name != command.alarm:
        return ()
    told = tuple(dict.fromkeys(p for seat in alarm.seats for p in command.people.get(seat, ())))
    if alarm.name == "due":
        return (Broken(due_at=state.promise.due_at, told=told),)
    return (Reminded(rung=state.rung, told=told),)


DECIDE: dict[type[Command], Decide] = {
    OpenCommitment: _open,
    ReportKept: _report,
    WithdrawPromise: _withdraw,
    Settle: _settle,
    Ring: _ring,
}


def _opened(event: CommitmentOpened, fact: Fact) -> Commitment:
    return Commitment(
        **event.model_dump(),
        id=event.promise.id,
        stage=CommitmentStage.OPEN,
        opened_at=fact.at,
    )


def _changes(state: Commitment, event: Event, fact: Fact) -> dict[str, Any]:
    match event:
        case KeptReported():
            report = Report(at=fact.at, by=fact.by, post_id=event.post_id)
            return {"stage": CommitmentStage.REPORTED, "report": report}
        case ReportFellThrough():
            stage = CommitmentStage.BROKEN if state.was_broken else CommitmentStage.OPEN
            return {"stage": stage, "report": None}
        case FollowUpStuck():
            assert state.report is not None
            stuck = {"stuck": event.settlement, "attempt": event.attempt}
            return {"report": state.report.model_copy(update=stuck)}
        case Reminded():
            return {"rung": event.rung + 1}
        case Broken():
            return {"stage": CommitmentStage.BROKEN, "was_broken": True}
        case Kept():
            stage = CommitmentStage.KEPT_LATE if event.is_late else CommitmentStage.KEPT
            return {"stage": stage, "settled_at": fact.at}
        case PromiseWithdrawn():
            return {"stage": CommitmentStage.WITHDRAWN, "settled_at": fact.at}
        case _:
            return {}


def evolve(state: Commitment | None, event: Event, fact: Fact) -> Commitment:
    """The state after one event; total over every event of this kind."""
    if isinstance(event, CommitmentOpened):
        return _opened(event, fact)
    assert state is not None
    return state.model_copy(update=_changes(state, event, fact))


def effects(state: Commitment, event: Event) -> tuple[Effect, ...]:
    match event:
        case CommitmentOpened():
            return (_notify(state, "promise_made", to=(Seat.ACCOUNTABLE,)),)
        case KeptReported():
            return (_follow_up(state, event),)
        case Reminded() if event.told:
            return (_notify(state, "due_soon", people=event.told),)
        case Broken():
            people = tuple(dict.fromkeys((*event.told, state.approver)))
            return (_notify(state, "promise_broken", people=people),)
        case ReportFellThrough() | FollowUpStuck():
            return (_notify(state, f"reply_{event.settlement}", to=(Seat.ACCOUNTABLE,)),)
        case _:
            return ()


def _notify(
    state: Commitment, reason: str, people: tuple[str, ...] = (), to: tuple[Seat, ...] = ()
) -> Notify:
    return Notify(
        reason=reason,
        about=state.stream,
        people=people,
        to=to,
        seats=state.seats if to else None,
    )


def _follow_up(state: Commitment, event: KeptReported) -> OpenEntity:
    """The public word that a promise is kept; somebody else clears it, as any other words."""
    command = OpenPost(
        id=event.post_id,
        origin=state.stream,
        escalation_id=state.escalation_id,
        commitment_id=state.id,
        channel=state.channel,
        team=state.team,
        comment_id=state.comment_id,
        words=event.words,
        writer=event.writer,
        rules=RULES,
    )
    return OpenEntity(
        stream=f"post/{event.post_id}",
        command=command.model_dump(mode="json"),
        summary=f"follow-up on {state.channel}",
    )


_EVENTS: tuple[type[Event], ...] = (
    CommitmentOpened, KeptReported, ReportFellThrough, FollowUpStuck, Reminded, Broken, Kept,
    PromiseWithdrawn,
)  # fmt: skip

COMMITMENT = Kind(
    name="commitment",
    state=Commitment,
    opening=OpenCommitment,
    commands={c.model_fields["act"].default: c for c in DECIDE if c is not OpenCommitment},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=_out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
