"""What each event changes in an escalation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from domain.deadlines import Deadline
from domain.entity import Event
from domain.escalation import events as happened
from domain.escalation.stages import HeldFor, Stage
from domain.escalation.state import (
    ASKED,
    CurrentReply,
    Decision,
    Dismissal,
    Escalation,
    Holding,
    MatterTie,
    Proposal,
    Question,
    Signature,
    allowance_of,
)
from domain.ladder import steps
from domain.ledger import Fact
from domain.panel import Panel, Recommendation, Vote
from domain.post import Settlement

_CLOCK: dict[str, Any] = {
    "rung": 0,
    "climbed": (),
    "watched": 0,
    "paused_until": None,
    "question": None,
}
"""A clock that begins afresh begins its ladder afresh."""


def _enter(state: Escalation, stage: Stage, at: datetime, **changes: Any) -> Escalation:
    """The state in a new stage, with the deadline of that stage's next move."""
    moved = state.model_copy(update={"stage": stage, **_CLOCK, **changes})
    seconds = allowance_of(moved, stage)
    deadline = Deadline.begin(stage, at, seconds, moved.calendar) if seconds is not None else None
    return moved.model_copy(update={"deadline": deadline})


def _opened(event: happened.Opened, fact: Fact) -> Escalation:
    state = Escalation(
        **event.model_dump(exclude={"words", "posted_at", "suspected", "rule"}),
        stage=Stage.UNCLAIMED,
        opened_at=fact.at,
        team=event.terms.team,
        comments={event.comment_id: 1},
    )
    if event.suspected:
        return _enter(state, Stage.HELD, fact.at, held_for=HeldFor.SUSPECTED_SPAM)
    return state if event.backlog else _enter(state, Stage.UNCLAIMED, fact.at)


_FRESH: dict[str, Any] = {
    "proposal": None,
    "decision": None,
    "reply": None,
    "waiting": None,
    "signatures": (),
}

_FREE: dict[str, Any] = {**_FRESH, "owner": None, "assigned_by": None, "lease_from": None}


# Comments. ------------------------------------------------------------------------------------


def _heard(state: Escalation, comment_id: str, revision: int, **changes: Any) -> Escalation:
    proposal, reply = state.proposal, state.reply
    return state.model_copy(
        update={
            "comments": {**state.comments, comment_id: revision},
            "removed": tuple(c for c in state.removed if c != comment_id),
            "proposal": proposal.model_copy(update={"news": True}) if proposal else None,
            "reply": reply.model_copy(
                update={"news": True, "since": {**reply.since, comment_id: revision}}
            )
            if reply
            else None,
            "waiting_news": {**state.waiting_news, comment_id: revision} if state.waiting else {},
            **changes,
        }
    )


def _joined(state: Escalation, event: happened.Joined, fact: Fact) -> Escalation:
    if event.is_thanks:
        comments = {**state.comments, event.comment_id: 1}
        return state.model_copy(update={"comments": comments})
    return _heard(state, event.comment_id, 1)


def _revised(state: Escalation, event: happened.Revised, fact: Fact) -> Escalation:
    return _heard(state, event.comment_id, event.revision)


def _removed(state: Escalation, event: happened.Removed, fact: Fact) -> Escalation:
    """Whoever decides sees it; it says nothing that would want an answer of its own."""
    others = tuple(c for c in state.removed if c != event.comment_id)
    removed = (*others, event.comment_id)
    return _heard(state, event.comment_id, event.revision, removed=removed, reply=state.reply)


def _reopened(state: Escalation, event: happened.Reopened, fact: Fact) -> Escalation:
    matter = {"matter": None} if state.matter else {}
    return _enter(state, Stage.PREPARING, fact.at, **_FRESH, **matter, lease_from=fact.at)


# Owners. --------------------------------------------------------------------------------------


def _claimed(state: Escalation, event: happened.Claimed, fact: Fact) -> Escalation:
    return _enter(
        state, Stage.PREPARING, fact.at, owner=fact.by, assigned_by=None, lease_from=fact.at
    )


def _assigned(state: Escalation, event: happened.Assigned, fact: Fact) -> Escalation:
    owned = {"owner": event.owner, "assigned_by": fact.by, "lease_from": fact.at}
    if state.stage is Stage.UNCLAIMED:
        return _enter(state, Stage.PREPARING, fact.at, **owned)
    return state.model_copy(update=owned)


def _freed(state: Escalation, event: Event, fact: Fact) -> Escalation:
    return _enter(state, Stage.UNCLAIMED, fact.at, **_FREE)


def _renewed(state: Escalation, event: happened.LeaseRenewed, fact: Fact) -> Escalation:
    return state.model_copy(update={"lease_from": fact.at})


def _rerouted(state: Escalation, event: happened.Rerouted, fact: Fact) -> Escalation:
    changes = {**_FREE, "terms": event.terms, "team": event.terms.team}
    if state.deadline is None:
        return state.model_copy(update=changes)
    return _enter(state, Stage.UNCLAIMED, fact.at, **changes)


# Ends and second looks. -----------------------------------------------------------------------


def _dismissed(state: Escalation, event: happened.Dismissed, fact: Fact) -> Escalation:
    return state.model_copy(update={"dismissal": Dismissal(by=fact.by, code=event.code)})


def _held(state: Escalation, event: happened.Held, fact: Fact) -> Escalation:
    return _enter(state, Stage.HELD, fact.at, held_for=event.cause)


def _looked_at(state: Escalation, event: happened.LookedAt, fact: Fact) -> Escalation:
    if event.is_upheld:
        return state
    freed = {**_FREE, "held_for": None, "dismissal": None, "backlog": False}
    return _enter(state, Stage.UNCLAIMED, fact.at, **freed)


def _merged(state: Escalation, event: happened.Merged, fact: Fact) -> Escalation:
    return state.model_copy(update={"merged_into": event.into})


def _closed(state: Escalation, event: happened.Closed, fact: Fact) -> Escalation:
    return _enter(state, Stage.CLOSED, fact.at, outcome=event.outcome, closed_at=fact.at)


# Decisions. -----------------------------------------------------------------------------------


def _proposed(state: Escalation, event: happened.Proposed, fact: Fact) -> Escalation:
    panel = Panel.of(state.terms.decision, fact.by) if state.rules >= 2 else None
    fields = event.model_dump(exclude={"findings"})
    marked_none = event.findings.marked_none if event.findings else 0
    proposal = Proposal(by=fact.by, panel=panel, marked_none=marked_none, **fields)
    return _enter(state, Stage.DECIDING, fact.at, proposal=proposal, decision=None, signatures=())


def _back(state: Escalation, event: Event, fact: Fact) -> Escalation:
    return _enter(state, Stage.PREPARING, fact.at, **_FRESH, lease_from=fact.at)


def _where(climbed: tuple[int, ...]) -> dict[str, Any]:
    """Where on its ladder a clock goes on."""
    return {"climbed": climbed, "rung": max(climbed, default=-1) + 1}


def _with_panel(state: Escalation, change: Callable[[Panel], Panel]) -> Escalation:
    proposal = state.proposal
    assert proposal is not None
    panel = change(proposal.panel or Panel())
    return state.model_copy(update={"proposal": proposal.model_copy(update={"panel": panel})})


def _voted(state: Escalation, event: happened.Voted, fact: Fact) -> Escalation:
    vote = Vote(by=fact.by, outcome=event.outcome, on_behalf_of=event.on_behalf_of)
    return _with_panel(state, lambda panel: panel.with_vote(vote))


def _approver_added(state: Escalation, event: happened.ApproverAdded, fact: Fact) -> Escalation:
    return _with_panel(
        state, lambda panel: panel.model_copy(update={"extra": (*panel.extra, event.person)})
    )


def _approver_replaced(
    state: Escalation, event: happened.ApproverReplaced, fact: Fact
) -> Escalation:
    def replaced(people: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(event.replaced_by if p == event.person else p for p in people)

    return _with_panel(
        state,
        lambda panel: panel.model_copy(
            update={"approvers": replaced(panel.approvers), "extra": replaced(panel.extra)}
        ),
    )


def _asked(state: Escalation, event: happened.Asked, fact: Fact) -> Escalation:
    """The approvers' clock stands still while the owner's runs."""
    assert state.deadline is not None
    shelved = state.deadline
    if not shelved.is_paused:
        shelved = shelved.paused(fact.at, fact.by, ASKED, state.calendar)
    question = Question(
        by=fact.by,
        question=event.question,
        shelved=shelved,
        climbed=state.climbed,
        watched=state.watched,
        at=fact.at,
    )
    clock = Deadline.begin(ASKED, fact.at, state.decision_terms.inform, state.calendar)
    return state.model_copy(update={**_CLOCK, "question": question, "deadline": clock})


def _informed(state: Escalation, event: happened.Informed, fact: Fact) -> Escalation:
    question = state.question
    assert question is not None
    clock = question.shelved.resumed(fact.at, state.calendar)
    where = {**_where(question.climbed), "watched": question.watched}
    return state.model_copy(update={**_CLOCK, "deadline": clock, **where})


def _decided(
    state: Escalation,
    fact: Fact,
    outcome: Literal["approved", "refused", "moved_to_private"],
    **fields: Any,
) -> Escalation:
    decision = Decision(outcome=outcome, by=fact.by, at=fact.at, **fields)
    return _enter(state, Stage.REPLYING, fact.at, decision=decision)


def _approved(state: Escalation, event: happened.Approved, fact: Fact) -> Escalation:
    return _decided(state, fact, "approved", reason=event.reason, on_behalf_of=event.on_behalf_of)


def _refused(state: Escalation, event: happened.RefusedBy, fact: Fact) -> Escalation:
    return _decided(
        state,
        fact,
        "refused",
        code=event.code,
        reason=event.reason,
        on_behalf_of=event.on_behalf_of,
    )


def _decided_alone(state: Escalation, event: happened.DecidedAlone, fact: Fact) -> Escalation:
    is_yes = event.outcome is Recommendation.APPROVE
    outcome: Literal["approved", "refused"] = "approved" if is_yes else "refused"
    return _decided(state, fact, outcome, code=event.code, reason=event.reason, is_alone=True)


def _moved_to_private(state: Escalation, event: happened.MovedToPrivate, fact: Fact) -> Escalation:
    return _decided(state, fact, "moved_to_private", is_alone=True)


# Replies. -------------------------------------------------------------------------------------


def _reply_held(state: Escalation, event: happened.ReplyHeld, fact: Fact) -> Escalation:
    return state.model_copy(update={"waiting": event, "waiting_news": {}})


def _reply_recalled(state: Escalation, event: happened.ReplyRecalled, fact: Fact) -> Escalation:
    return state.model_copy(update={"waiting": None, "waiting_news": {}})


def _reply_submitted(state: Escalation, event: happened.ReplySubmitted, fact: Fact) -> Escalation:
    reply = CurrentReply(
        post_id=event.post_id,
        writer=event.writer,
        promises=event.promises,
        news=bool(state.waiting_news),
        since=state.waiting_news,
    )
    return state.model_copy(update={"reply": reply, "waiting": None, "waiting_news": {}})


def _settled(state: Escalation, event: happened.ReplySettled, fact: Fact) -> Escalation:
    assert state.reply is not None
    told = {"settlement": event.settlement, "attempt": event.attempt}
    if event.settlement is Settlement.PUBLISHED:
        reply = state.reply.model_copy(update=told)
        said = {"answers": state.answers + 1, "answered_at": state.answered_at or fact.at}
        return _enter(state, Stage.LISTENING, fact.at, reply=reply, **said)
    if event.settlement in (Settlement.RETURNED, Settlement.WITHDRAWN):
        return state.model_copy(update={"reply": None})
    return state.model_copy(update={"reply": state.reply.model_copy(update=told)})


def _holding(state: Escalation, event: happened.HoldingSubmitted, fact: Fact) -> Escalation:
    return state.model_copy(update={"holding": Holding(post_id=event.post_id)})


def _holding_settled(state: Escalation, event: happened.HoldingSettled, fact: Fact) -> Escalation:
    told = {"settlement": event.settlement, "attempt": event.attempt}
    assert state.holding is not None
    return state.model_copy(update={"holding": state.holding.model_copy(update=told)})


def _signed(state: Escalation, signature: Signature, **changes: Any) -> Escalation:
    others = tuple(s for s in state.signatures if s.promise_id != signature.promise_id)
    return state.model_copy(update={"signatures": (*others, signature), **changes})


def _promise_accepted(state: Escalation, event: happened.PromiseAccepted, fact: Fact) -> Escalation:
    accepted = next((p for p in state.unsigned if p.id == event.promise_id), None)
    return _signed(
        state, Signature(promise_id=event.promise_id, is_accepted=True, promise=accepted)
    )


def _promise_countered(
    state: Escalation, event: happened.PromiseCountered, fact: Fact
) -> Escalation:
    signature = Signature(promise_id=event.promise_id, is_accepted=False, due_at=event.due_at)
    return _signed(state, signature, waiting=None, waiting_news={})


def _promise_declined(state: Escalation, event: happened.PromiseDeclined, fact: Fact) -> Escalation:
    return _signed(
        state,
        Signature(promise_id=event.promise_id, is_accepted=False),
        waiting=None,
        waiting_news={},
    )


# Clocks. --------------------------------------------------------------------------------------


def _climbed(state: Escalation, event: happened.RungClimbed, fact: Fact) -> Escalation:
    return state.model_copy(
        update={"rung": event.rung + 1, "climbed": (*state.climbed, event.rung)}
    )


def _watched(state: Escalation, event: happened.Watched, fact: Fact) -> Escalation:
    return state.model_copy(update={"watched": event.turn + 1})


def _clock_started(state: Escalation, event: happened.ClockStarted, fact: Fact) -> Escalation:
    return _enter(state, state.stage, fact.at)


def _paused(state: Escalation, event: happened.Paused, fact: Fact) -> Escalation:
    assert state.deadline is not None
    deadline = state.deadline.paused(fact.at, fact.by, event.code, state.calendar)
    return state.model_copy(
        update={
            "deadline": deadline,
            "paused_until": event.until,
            "pauses": state.pauses + 1,
        }
    )


def _resumed(state: Escalation, event: happened.Resumed, fact: Fact) -> Escalation:
    assert state.deadline is not None
    deadline = state.deadline.resumed(fact.at, state.calendar)
    return state.model_copy(
        update={
            "deadline": deadline,
            "paused_until": None,
            # A claim does not lapse over a pause: it holds anew.
            "lease_from": fact.at if state.lease_from else None,
        }
    )


def _extended(state: Escalation, event: happened.Extended, fact: Fact) -> Escalation:
    assert state.deadline is not None
    deadline = state.deadline.extended(event.seconds, fact.by, event.code, state.calendar)
    return _due_elsewhere(state, deadline, fact.at)


def _calendar_accepted(
    state: Escalation, event: happened.CalendarAccepted, fact: Fact
) -> Escalation:
    """All that its clocks still count, they count by the new calendar."""
    assert state.deadline is not None
    terms = state.terms.model_copy(update={"calendar": event.calendar})
    moved = state.model_copy(update={"terms": terms})
    return _due_elsewhere(moved, state.deadline.recomputed(event.calendar), fact.at)


def _due_elsewhere(state: Escalation, deadline: Deadline, at: datetime) -> Escalation:
    """Rungs that now lie ahead again are climbed again: the new date has its own ladder."""
    found = steps(state.terms.ladder, deadline, state.calendar)
    ahead = {step.n for step in found if step.at > at}
    climbed = tuple(n for n in state.climbed if n not in ahead)
    return state.model_copy(update={"deadline": deadline, **_where(climbed)})


# Matters. -------------------------------------------------------------------------------------


def _matter_joined(state: Escalation, event: happened.MatterJoined, fact: Fact) -> Escalation:
    tie = MatterTie(id=event.matter_id, at=fact.at)
    return state.model_copy(update={"matter": tie, "watched": 0})


def _matter_left(state: Escalation, event: happened.MatterLeft, fact: Fact) -> Escalation:
    """Its own clock begins afresh: the others' answer is not the one it waits for."""
    if state.deadline is None:
        return state.model_copy(update={"matter": None, "watched": 0})
    return _enter(state, state.stage, fact.at, matter=None)


def _served(state: Escalation, event: happened.Served, fact: Fact) -> Escalation:
    assert state.matter is not None
    decision = Decision(
        outcome="refused" if event.refused else "approved",
        by=event.approver,
        at=fact.at,
        code=event.refused,
        reason=event.words if event.refused else None,
    )
    return _enter(
        state,
        Stage.REPLYING,
        fact.at,
        owner=event.owner,
        assigned_by=None,
        matter=state.matter.model_copy(update={"is_served": True}),
        decision=decision,
        reply=CurrentReply(post_id=event.post_id, writer=event.writer),
    )


def _nothing(state: Escalation, event: Event, fact: Fact) -> Escalation:
    return state


Change = Callable[[Escalation, Any, Fact], Escalation]

_CHANGES: dict[type[Event], Change] = {
    happened.Joined: _joined,
    happened.Revised: _revised,
    happened.Removed: _removed,
    happened.Reopened: _reopened,
    happened.Claimed: _claimed,
    happened.Released: _freed,
    happened.Assigned: _assigned,
    happened.Declined: _freed,
    happened.OwnerLost: _freed,
    happened.LeaseRenewed: _renewed,
    happened.Rerouted: _rerouted,
    happened.Dismissed: _dismissed,
    happened.Held: _held,
    happened.LookedAt: _looked_at,
    happened.Merged: _merged,
    happened.FoundAnswered: _nothing,
    happened.Proposed: _proposed,
    happened.ProposalWithdrawn: _back,
    happened.Returned: _back,
    happened.Voted: _voted,
    happened.ApproverAdded: _approver_added,
    happened.ApproverReplaced: _approver_replaced,
    happened.Asked: _asked,
    happened.Informed: _informed,
    happened.Approved: _approved,
    happened.RefusedBy: _refused,
    happened.Bypassed: _nothing,
    happened.DecidedAlone: _decided_alone,
    happened.MovedToPrivate: _moved_to_private,
    happened.ReplyHeld: _reply_held,
    happened.ReplyRecalled: _reply_recalled,
    happened.ReplySubmitted: _reply_submitted,
    happened.ReplySettled: _settled,
    happened.HoldingSubmitted: _holding,
    happened.HoldingSettled: _holding_settled,
    happened.PromiseAccepted: _promise_accepted,
    happened.PromiseCountered: _promise_countered,
    happened.PromiseDeclined: _promise_declined,
    happened.Noted: _nothing,
    happened.RungClimbed: _climbed,
    happened.Watched: _watched,
    happened.ClockStarted: _clock_started,
    happened.Paused: _paused,
    happened.Resumed: _resumed,
    happened.Extended: _extended,
    happened.CalendarAccepted: _calendar_accepted,
    happened.MatterJoined: _matter_joined,
    happened.MatterLeft: _matter_left,
    happened.Served: _served,
    happened.Closed: _closed,
}
"""Every event of this kind but the opening; a test compares this with the kind's events."""


def evolve(state: Escalation | None, event: Event, fact: Fact) -> Escalation:
    """The state after one event; total over every event of this kind."""
    if isinstance(event, happened.Opened):
        return _opened(event, fact)
    assert state is not None
    return _CHANGES[type(event)](state, event, fact)
