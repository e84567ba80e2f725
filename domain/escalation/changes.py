"""What each event changes in an escalation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.deadlines import Deadline
from domain.entity import Event
from domain.escalation.events import (
    Approved,
    Assigned,
    Claimed,
    Closed,
    Joined,
    Opened,
    ProposalWithdrawn,
    Proposed,
    RefusedBy,
    Released,
    Reopened,
    ReplySettled,
    ReplySubmitted,
    Returned,
    Revised,
    RungClimbed,
)
from domain.escalation.stages import STAGES, Stage
from domain.escalation.state import CurrentReply, Decision, Escalation, Proposal
from domain.ledger import Fact
from domain.post import Settlement


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
