"""An escalation: one conversation's way to its answer.

The stage table, the rights, what each command decides and what each event changes. Read
``STAGES`` for the journey and ``RIGHTS`` for who may do what.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.base import Moment, Value, Words
from domain.commitment import OpenCommitment, Promise
from domain.deadlines import Deadline
from domain.effects import Effect, Notify, OpenEntity
from domain.entity import Alarm, Command, Decide, Event, Kind, Right, Ring, State
from domain.errors import Conflict, Invalid, Refused
from domain.ledger import RULES, Fact
from domain.people import Actor, Role, Seat, Seats
from domain.policy import Terms
from domain.post import OpenPost, Settle, Settlement, is_old_news


class Stage(StrEnum):
    UNCLAIMED = "unclaimed"
    PREPARING = "preparing"
    DECIDING = "deciding"
    REPLYING = "replying"
    LISTENING = "listening"
    CLOSED = "closed"


@dataclass(frozen=True)
class StageRow:
    """Who owes the next move in a stage, which allowance it has, and how it is left."""

    owed_by: Seat | None
    allowance: str | None
    leaves_by: dict[str, Stage]


STAGES: dict[Stage, StageRow] = {
    Stage.UNCLAIMED: StageRow(
        Seat.TEAM,
        "claim",
        {"claim": Stage.PREPARING, "assign": Stage.PREPARING, "dismiss": Stage.CLOSED},
    ),
    Stage.PREPARING: StageRow(
        Seat.OWNER,
        "propose",
        {"propose": Stage.DECIDING, "release": Stage.UNCLAIMED, "dismiss": Stage.CLOSED},
    ),
    Stage.DECIDING: StageRow(
        Seat.APPROVERS,
        "decide",
        {
            "approve": Stage.REPLYING,
            "refuse": Stage.REPLYING,
            "return": Stage.PREPARING,
            "withdraw": Stage.PREPARING,
        },
    ),
    Stage.REPLYING: StageRow(Seat.OWNER, "reply", {"published": Stage.LISTENING}),
    Stage.LISTENING: StageRow(None, "listen", {"receive": Stage.PREPARING, "quiet": Stage.CLOSED}),
    Stage.CLOSED: StageRow(None, None, {}),
}


class Outcome(StrEnum):
    ANSWERED = "answered"
    REFUSED = "refused"
    DISMISSED = "dismissed"


class DismissCode(StrEnum):
    SPAM = "spam"
    ABUSE = "abuse"
    NOT_ABOUT_US = "not_about_us"
    NOTHING_ASKED = "nothing_asked"
    SAID_ELSEWHERE = "said_elsewhere"


class RefusalCode(StrEnum):
    NOT_POSSIBLE = "not_possible"
    NOT_ALLOWED = "not_allowed"
    TOO_COSTLY = "too_costly"
    UNFAIR_TO_OTHERS = "unfair_to_others"
    NOT_OURS = "not_ours"
    DISAGREE = "disagree"


class Recommendation(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


# What somebody may ask for. ------------------------------------------------------------------


class OpenEscalation(Command):
    """The first comment of a conversation we owe an answer. ``received_at`` starts the clock."""

    act: Literal["open"] = "open"
    id: str
    conversation_id: str
    channel: str
    comment_id: str
    words: Words
    terms: Terms
    received_at: Moment
    posted_at: Moment
    predecessor: str | None = None
    backlog: bool = False
    rules: int = 1


class Receive(Command):
    """A later comment of the conversation, or a revision of an earlier one."""

    act: Literal["receive"] = "receive"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    comment_id: str
    revision: int = 1
    words: Words


class Claim(Command):
    act: Literal["claim"] = "claim"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Release(Command):
    act: Literal["release"] = "release"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Assign(Command):
    """Make somebody the owner. ``assignee`` is that person as the door knew them."""

    act: Literal["assign"] = "assign"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})
    assignee: Actor


class Dismiss(Command):
    act: Literal["dismiss"] = "dismiss"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    code: DismissCode
    reason: Words | None = None


class Propose(Command):
    """Ask for a decision. Where ``reply`` is given, approving binds those exact words."""

    act: Literal["propose"] = "propose"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    request: Words
    recommendation: Recommendation = Recommendation.APPROVE
    reply: Words | None = None
    promises: tuple[Promise, ...] = Field(default=(), max_length=20)


class Approve(Command):
    """``post_id`` names the post that carries the approved words, should they go out."""

    act: Literal["approve"] = "approve"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal", "comment"})
    post_id: str
    reason: Words | None = None


class Refuse(Command):
    """Say no, with a code and a reason fit to print."""

    act: Literal["refuse"] = "refuse"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal", "comment"})
    code: RefusalCode
    reason: Words


class Return(Command):
    """Give the proposal back for changes."""

    act: Literal["return"] = "return"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    reason: Words


class Reply(Command):
    """Submit the words of the public answer.

    Words that the decision approved go straight out; any others wait for another person.
    """

    act: Literal["reply"] = "reply"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "reply", "comment"})
    post_id: str
    words: Words
    promises: tuple[Promise, ...] = Field(default=(), max_length=20)


class Note(Command):
    act: Literal["note"] = "note"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    words: Words


class Withdraw(Command):
    """Take back the proposal while nobody has decided it."""

    act: Literal["withdraw"] = "withdraw"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})


# What happened. ------------------------------------------------------------------------------


class Opened(Event):
    NAME = "escalation:conversation:opened"
    TOUCHES = frozenset({"stage", "comment"})
    id: str
    conversation_id: str
    channel: str
    comment_id: str
    words: Words
    terms: Terms
    posted_at: Moment
    predecessor: str | None = None
    backlog: bool = False
    rules: int = 1


class Joined(Event):
    NAME = "escalation:comment:joined"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    words: Words


class Revised(Event):
    NAME = "escalation:comment:revised"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    revision: int
    words: Words


class Reopened(Event):
    """The commenter came back while we listened: the same owner prepares again."""

    NAME = "escalation:stage:reopened"
    TOUCHES = frozenset({"stage"})


class Claimed(Event):
    NAME = "escalation:owner:claimed"
    TOUCHES = frozenset({"owner", "stage"})


class Released(Event):
    NAME = "escalation:owner:released"
    TOUCHES = frozenset({"owner", "stage"})


class Assigned(Event):
    NAME = "escalation:owner:assigned"
    TOUCHES = frozenset({"owner", "stage"})
    owner: str


class Dismissed(Event):
    NAME = "escalation:case:dismissed"
    TOUCHES = frozenset({"stage"})
    code: DismissCode
    reason: Words | None = None


class Proposed(Event):
    NAME = "escalation:proposal:submitted"
    TOUCHES = frozenset({"proposal", "stage"})
    request: Words
    recommendation: Recommendation
    reply: Words | None = None
    promises: tuple[Promise, ...] = ()


class ProposalWithdrawn(Event):
    NAME = "escalation:proposal:withdrawn"
    TOUCHES = frozenset({"proposal", "stage"})


class Approved(Event):
    NAME = "escalation:decision:approved"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words | None = None


class RefusedBy(Event):
    NAME = "escalation:decision:refused"
    TOUCHES = frozenset({"proposal", "stage"})
    code: RefusalCode
    reason: Words


class Returned(Event):
    NAME = "escalation:decision:returned"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words


class ReplySubmitted(Event):
    """``cleared_by`` is the approver whose approval bound these words; None asks for review."""

    NAME = "escalation:reply:submitted"
    TOUCHES = frozenset({"reply"})
    post_id: str
    words: Words
    writer: str
    promises: tuple[Promise, ...] = ()
    cleared_by: str | None = None


class ReplySettled(Event):
    NAME = "escalation:reply:settled"
    TOUCHES = frozenset({"reply", "stage"})
    post_id: str
    settlement: Settlement
    attempt: int = 0


class Noted(Event):
    NAME = "escalation:note:written"
    words: Words


class RungClimbed(Event):
    """A rung was reached: who was told, and who owed the move. Silence is never a decision."""

    NAME = "escalation:ladder:climbed"
    stage: Stage
    rung: int
    due_at: Moment
    is_late: bool
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()


class Closed(Event):
    NAME = "escalation:case:closed"
    TOUCHES = frozenset({"stage"})
    outcome: Outcome


# What is remembered. -------------------------------------------------------------------------


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
        if self.deadline is None or self.is_closed:
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


# Who may do what, and when. ------------------------------------------------------------------


def _is_owner(actor: Actor, state: Escalation) -> bool:
    return state.owner == actor.id and actor.has(Role.STAFF)


def _is_team(actor: Actor, state: Escalation) -> bool:
    return actor.works_in(state.team)


def _leads(actor: Actor, state: Escalation) -> bool:
    return (actor.works_in(state.team) and state.team in actor.leads) or actor.has(Role.EXECUTIVE)


def _decides(actor: Actor, state: Escalation) -> bool:
    proposer = state.proposal.by if state.proposal else None
    return actor.has(Role.EXECUTIVE) and actor.id != proposer


def _machine(actor: Actor, state: Escalation) -> bool:
    return actor.has(Role.SERVICE)


def _while_deciding(state: Escalation) -> Refused | None:
    """A proposal stands with its proposer until it is decided or withdrawn."""
    if state.proposal is None or state.decision is not None:
        return None
    return Conflict(
        "waiting_for_decision",
        f"a proposal by {state.proposal.by} is being decided",
        "withdraw it first, or assign after the decision",
    )


def _while_replying(state: Escalation) -> Refused | None:
    if state.reply is None:
        return None
    return Conflict(
        "reply_on_its_way",
        "a reply has been submitted and is on its way",
        "withdraw that post first, or wait until it is published",
        post_id=state.reply.post_id,
    )


_OPEN = frozenset(Stage) - {Stage.CLOSED}
_WITH_OWNER = frozenset({Stage.PREPARING, Stage.DECIDING, Stage.REPLYING, Stage.LISTENING})

RIGHTS: dict[str, Right] = {
    "claim": Right("staff of its team", _is_team, frozenset({Stage.UNCLAIMED})),
    "release": Right(
        "its owner, the team's lead or an executive",
        lambda a, s: _is_owner(a, s) or _leads(a, s),
        frozenset({Stage.PREPARING}),
    ),
    "assign": Right(
        "its owner, the team's lead or an executive",
        lambda a, s: _is_owner(a, s) or _leads(a, s),
        frozenset({Stage.UNCLAIMED}) | _WITH_OWNER,
        hindered=_while_deciding,
    ),
    "dismiss": Right(
        "its owner, or staff of its team while it is unclaimed",
        lambda a, s: _is_owner(a, s) or (s.owner is None and _is_team(a, s)),
        frozenset({Stage.UNCLAIMED, Stage.PREPARING}),
    ),
    "propose": Right("its owner", _is_owner, frozenset({Stage.PREPARING})),
    "approve": Right("an executive who did not propose it", _decides, frozenset({Stage.DECIDING})),
    "refuse": Right("an executive who did not propose it", _decides, frozenset({Stage.DECIDING})),
    "return": Right("an executive who did not propose it", _decides, frozenset({Stage.DECIDING})),
    "reply": Right("its owner", _is_owner, frozenset({Stage.REPLYING}), hindered=_while_replying),
    "note": Right(
        "staff of its team or an executive",
        lambda a, s: _is_team(a, s) or a.has(Role.EXECUTIVE),
        _OPEN,
    ),
    "withdraw": Right("its owner", _is_owner, frozenset({Stage.DECIDING})),
    "receive": Right("the intake", _machine, _OPEN, is_machine=True, is_answered=True),
    "settle": Right("a post", _machine, frozenset({Stage.REPLYING}), is_machine=True),
    "ring": Right("a timer", _machine, _OPEN, is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    assert isinstance(state, Escalation)
    if state.is_closed:
        return Conflict(
            "closed",
            f"this escalation is closed ({state.outcome})",
            "a new comment of the conversation opens a new escalation",
            stage=state.stage,
        )
    if act == "claim":
        return Conflict(
            "already_claimed",
            f"already claimed by {state.owner}",
            f"speak to {state.owner}, or have it assigned to you",
            owner=state.owner,
        )
    right = RIGHTS[act]
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {' or '.join(sorted(right.stages))}; it is {state.stage} now",
        "see what is allowed now in GET of the escalation",
        stage=state.stage,
    )


# What each command decides. ------------------------------------------------------------------


def _open(state: None, command: OpenEscalation, actor: Actor, at: datetime) -> tuple[Event, ...]:
    fields = command.model_dump(exclude={"act", "received_at"})
    return (Opened.model_validate(fields),)


def _receive(state: Escalation, command: Receive, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if state.comments.get(command.comment_id, 0) >= command.revision:
        return ()
    if command.revision > 1:
        event: Event = Revised(
            comment_id=command.comment_id, revision=command.revision, words=command.words
        )
    else:
        event = Joined(comment_id=command.comment_id, words=command.words)
    return (event, Reopened()) if state.stage is Stage.LISTENING else (event,)


def _claim(state: Escalation, command: Claim, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Claimed(),)


def _release(state: Escalation, command: Release, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Released(),)


def _assign(state: Escalation, command: Assign, actor: Actor, at: datetime) -> tuple[Event, ...]:
    assignee = command.assignee
    if not assignee.works_in(state.team):
        raise Invalid(
            "not_on_team",
            f"{assignee.id} is not staff of team {state.team}",
            "assign to somebody who works in that team",
            field="person",
        )
    if assignee.id == state.owner:
        raise Conflict("already_owner", f"{assignee.id} owns this already", "nothing to do")
    return (Assigned(owner=assignee.id),)


def _dismiss(state: Escalation, command: Dismiss, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Dismissed(code=command.code, reason=command.reason), Closed(outcome=Outcome.DISMISSED))


FARTHEST = timedelta(days=20 * 365)
"""Beyond this nobody now accountable will answer; and Temporal's timers end at 292 years."""


def check_promises(promises: tuple[Promise, ...], reply: Words | None, at: datetime) -> None:
    """Promises stand in a reply, are due in a future we can see and are told apart by id."""
    if promises and reply is None:
        raise Invalid(
            "promise_without_reply",
            "promises stand in the words of a reply, and there are none",
            "send the words of the reply in 'reply', or leave the promises out",
            field="promises",
        )
    if len({p.id for p in promises}) != len(promises):
        raise Invalid(
            "promise_twice",
            "two promises have the same id",
            "give each promise an id of its own",
            field="promises",
        )
    for n, promise in enumerate(promises):
        if promise.due_at <= at:
            raise Invalid(
                "due_in_the_past",
                "a promise is due before it could be made",
                "give a due_at in the future",
                field=f"promises[{n}].due_at",
            )
        if promise.due_at > at + FARTHEST:
            raise Invalid(
                "due_too_far",
                f"a promise is due more than {FARTHEST.days // 365} years from now",
                "promise a step that can be taken sooner",
                field=f"promises[{n}].due_at",
            )


def _propose(state: Escalation, command: Propose, actor: Actor, at: datetime) -> tuple[Event, ...]:
    check_promises(command.promises, command.reply, at)
    return (
        Proposed(
            request=command.request,
            recommendation=command.recommendation,
            reply=command.reply,
            promises=command.promises,
        ),
    )


def _approve(state: Escalation, command: Approve, actor: Actor, at: datetime) -> tuple[Event, ...]:
    proposal = state.proposal
    assert proposal is not None
    approved = Approved(reason=command.reason)
    if proposal.reply is None or proposal.news:
        return (approved,)
    check_promises(proposal.promises, proposal.reply, at)
    return (
        approved,
        ReplySubmitted(
            post_id=command.post_id,
            words=proposal.reply,
            writer=proposal.by,
            promises=proposal.promises,
            cleared_by=actor.id,
        ),
    )


def _refuse(state: Escalation, command: Refuse, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (RefusedBy(code=command.code, reason=command.reason),)


def _return(state: Escalation, command: Return, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Returned(reason=command.reason),)


def _reply(state: Escalation, command: Reply, actor: Actor, at: datetime) -> tuple[Event, ...]:
    check_promises(command.promises, command.words, at)
    approver = _approver_of(state, command.words, command.promises)
    return (
        ReplySubmitted(
            post_id=command.post_id,
            words=command.words,
            writer=actor.id,
            promises=command.promises,
            cleared_by=approver,
        ),
    )


def _approver_of(state: Escalation, words: Words, promises: tuple[Promise, ...]) -> str | None:
    """Who approved exactly these words with exactly these promises; None asks for review.

    After an approval those are the words proposed with it; after a refusal, the printed reason.
    """
    decision, proposal = state.decision, state.proposal
    if decision is None or proposal is None or decision.by == state.owner:
        return None
    if decision.outcome == "approved":
        approved = (proposal.reply, proposal.promises)
    else:
        approved = (decision.reason, ())
    return decision.by if approved == (words, promises) else None


def _note(state: Escalation, command: Note, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Noted(words=command.words),)


def _withdraw(
    state: Escalation, command: Withdraw, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    return (ProposalWithdrawn(),)


def _settle(state: Escalation, command: Settle, actor: Actor, at: datetime) -> tuple[Event, ...]:
    reply = state.reply
    if reply is None or reply.post_id != command.post_id:
        return ()
    if is_old_news(command, reply.attempt, reply.settlement):
        return ()
    settled = ReplySettled(
        post_id=command.post_id, settlement=command.settlement, attempt=command.attempt
    )
    # What was said while our words were on their way is not answered by them.
    is_answer_due = reply.news and command.settlement is Settlement.PUBLISHED
    return (settled, Reopened()) if is_answer_due else (settled,)


def _ring(state: Escalation, command: Ring, actor: Actor, at: datetime) -> tuple[Event, ...]:
    alarm = state.alarm()
    if alarm is None or alarm.name != command.alarm or state.deadline is None:
        return ()
    if state.stage is Stage.LISTENING:
        refused = state.decision is not None and state.decision.outcome == "refused"
        return (Closed(outcome=Outcome.REFUSED if refused else Outcome.ANSWERED),)
    owing = STAGES[state.stage].owed_by
    return (
        RungClimbed(
            stage=state.stage,
            rung=state.rung,
            due_at=state.deadline.due_at,
            is_late=state.deadline.is_late(at),
            told=command.people.get(alarm.seats[0], ()),
            owed_by=command.people.get(owing, ()) if owing else (),
        ),
    )


DECIDE: dict[type[Command], Decide] = {
    OpenEscalation: _open,
    Receive: _receive,
    Claim: _claim,
    Release: _release,
    Assign: _assign,
    Dismiss: _dismiss,
    Propose: _propose,
    Approve: _approve,
    Refuse: _refuse,
    Return: _return,
    Reply: _reply,
    Note: _note,
    Withdraw: _withdraw,
    Settle: _settle,
    Ring: _ring,
}


# What each event changes. --------------------------------------------------------------------


def _enter(state: Escalation, stage: Stage, at: datetime, **changes: Any) -> Escalation:
    """The state in a new stage, with the deadline of that stage's next move."""
    name = STAGES[stage].allowance
    deadline = (
        Deadline(stage=stage, start_at=at, allowance=getattr(state.terms.allowances, name))
        if name
        else None
    )
    return state.model_copy(update={"stage": stage, "deadline": deadline, "rung": 0, **changes})


def _opened(event: Opened, fact: Fact) -> Escalation:
    state = Escalation(
        **event.model_dump(exclude={"words", "posted_at"}),
        stage=Stage.UNCLAIMED,
        opened_at=fact.at,
        team=event.terms.team,
        comments={event.comment_id: 1},
    )
    return state if event.backlog else _enter(state, Stage.UNCLAIMED, fact.at)


def _heard(state: Escalation, comment_id: str, revision: int) -> Escalation:
    proposal, reply = state.proposal, state.reply
    return state.model_copy(
        update={
            "comments": {**state.comments, comment_id: revision},
            "proposal": proposal.model_copy(update={"news": True}) if proposal else None,
            "reply": reply.model_copy(update={"news": True}) if reply else None,
        }
    )


def _proposed(state: Escalation, event: Proposed, fact: Fact) -> Escalation:
    proposal = Proposal(by=fact.by, **event.model_dump())
    return _enter(state, Stage.DECIDING, fact.at, proposal=proposal, decision=None)


def _settled(state: Escalation, event: ReplySettled, fact: Fact) -> Escalation:
    assert state.reply is not None
    told = {"settlement": event.settlement, "attempt": event.attempt}
    if event.settlement is Settlement.PUBLISHED:
        reply = state.reply.model_copy(update=told)
        return _enter(state, Stage.LISTENING, fact.at, reply=reply)
    if event.settlement in (Settlement.RETURNED, Settlement.WITHDRAWN):
        return state.model_copy(update={"reply": None})
    return state.model_copy(update={"reply": state.reply.model_copy(update=told)})


_FRESH = {"proposal": None, "decision": None, "reply": None}


def evolve(state: Escalation, event: Event, fact: Fact) -> Escalation:
    """The state after one event; total over every event of this kind."""
    match event:
        case Opened():
            return _opened(event, fact)
        case Joined():
            return _heard(state, event.comment_id, 1)
        case Revised():
            return _heard(state, event.comment_id, event.revision)
        case Reopened():
            return _enter(state, Stage.PREPARING, fact.at, **_FRESH)
        case Claimed():
            return _enter(state, Stage.PREPARING, fact.at, owner=fact.by)
        case Released():
            return _enter(state, Stage.UNCLAIMED, fact.at, owner=None)
        case Assigned() if state.stage is Stage.UNCLAIMED:
            return _enter(state, Stage.PREPARING, fact.at, owner=event.owner)
        case Assigned():
            return state.model_copy(update={"owner": event.owner})
        case Proposed():
            return _proposed(state, event, fact)
        case ProposalWithdrawn() | Returned():
            return _enter(state, Stage.PREPARING, fact.at, **_FRESH)
        case Approved():
            decision = Decision(outcome="approved", by=fact.by, at=fact.at, reason=event.reason)
            return _enter(state, Stage.REPLYING, fact.at, decision=decision)
        case RefusedBy():
            decision = Decision(
                outcome="refused", by=fact.by, at=fact.at, code=event.code, reason=event.reason
            )
            return _enter(state, Stage.REPLYING, fact.at, decision=decision)
        case ReplySubmitted():
            reply = CurrentReply(
                post_id=event.post_id, writer=event.writer, promises=event.promises
            )
            return state.model_copy(update={"reply": reply})
        case ReplySettled():
            return _settled(state, event, fact)
        case RungClimbed():
            return state.model_copy(update={"rung": event.rung + 1})
        case Closed():
            return _enter(state, Stage.CLOSED, fact.at, outcome=event.outcome, closed_at=fact.at)
        case _:
            return state


# What has to be done because of it. ----------------------------------------------------------


def effects(state: Escalation, event: Event) -> tuple[Effect, ...]:
    match event:
        case Assigned():
            return (_notify(state, "assigned_to_you", people=(event.owner,)),)
        case Proposed():
            return (_notify(state, "decision_wanted", to=(Seat.APPROVERS,)),)
        case Approved() | RefusedBy() | Returned():
            return (_notify(state, "decided", to=(Seat.OWNER,)),)
        case Joined() | Revised() if state.owner:
            return (_notify(state, "commenter_spoke", to=(Seat.OWNER,)),)
        case RungClimbed():
            reason = "late" if event.is_late else "due_soon"
            return (_notify(state, reason, people=event.told),) if event.told else ()
        case ReplySubmitted():
            return (_open_post(state, event),)
        case ReplySettled() if event.settlement is Settlement.PUBLISHED:
            return _open_commitments(state)
        case ReplySettled():
            return (_notify(state, f"reply_{event.settlement}", to=(Seat.OWNER,)),)
        case _:
            return ()


def _notify(
    state: Escalation, reason: str, people: tuple[str, ...] = (), to: tuple[Seat, ...] = ()
) -> Notify:
    return Notify(
        reason=reason,
        about=state.stream,
        people=people,
        to=to,
        seats=state.seats if to else None,
    )


def _open_post(state: Escalation, event: ReplySubmitted) -> OpenEntity:
    command = OpenPost(
        id=event.post_id,
        origin=state.stream,
        escalation_id=state.id,
        channel=state.channel,
        team=state.team,
        comment_id=state.comment_id,
        words=event.words,
        writer=event.writer,
        promises=len(event.promises),
        cleared_by=event.cleared_by,
        rules=RULES,
    )
    return OpenEntity(
        stream=f"post/{event.post_id}",
        command=command.model_dump(mode="json"),
        summary=f"reply on {state.channel}",
    )


def _open_commitments(state: Escalation) -> tuple[OpenEntity, ...]:
    reply, decision = state.reply, state.decision
    if reply is None or decision is None:
        return ()
    return tuple(
        OpenEntity(
            stream=f"commitment/{promise.id}",
            command=OpenCommitment(
                promise=promise,
                escalation_id=state.id,
                post_id=reply.post_id,
                channel=state.channel,
                team=state.team,
                comment_id=state.comment_id,
                approver=decision.by,
                ladder=state.terms.ladder,
                rules=RULES,
            ).model_dump(mode="json"),
            summary=f"promise on {state.channel}",
        )
        for promise in reply.promises
    )


_COMMANDS: tuple[type[Command], ...] = tuple(c for c in DECIDE if c is not OpenEscalation)
_EVENTS: tuple[type[Event], ...] = (
    Opened, Joined, Revised, Reopened, Claimed, Released, Assigned, Dismissed, Proposed,
    ProposalWithdrawn, Approved, RefusedBy, Returned, ReplySubmitted, ReplySettled, Noted,
    RungClimbed, Closed,
)  # fmt: skip

ESCALATION = Kind(
    name="escalation",
    state=Escalation,
    opening=OpenEscalation,
    commands={c.model_fields["act"].default: c for c in _COMMANDS},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=_out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
