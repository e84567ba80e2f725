"""What each command to an escalation decides: comments and owners here, the rest by topic."""

from __future__ import annotations

import hashlib
from datetime import datetime

from domain.entity import Command, Decide, Event, Ring
from domain.errors import Conflict, Invalid
from domain.escalation import approving, clocks, replying
from domain.escalation.commands import (
    AcceptPromise,
    AddApprover,
    AnsweredOutside,
    Approve,
    Ask,
    Assign,
    Bypass,
    Claim,
    CounterPromise,
    DecideAlone,
    Decline,
    DeclinePromise,
    Dismiss,
    Extend,
    HoldingReply,
    Inform,
    JoinMatter,
    LeaveMatter,
    Merge,
    MovePrivate,
    Note,
    OpenEscalation,
    Overturn,
    Pause,
    Propose,
    Recall,
    Receive,
    Refuse,
    Release,
    Renew,
    ReplaceApprover,
    Reply,
    Reroute,
    Resume,
    Return,
    Serve,
    Uphold,
    Withdraw,
)
from domain.escalation.events import (
    Assigned,
    Claimed,
    Closed,
    Declined,
    Dismissed,
    FoundAnswered,
    Held,
    Joined,
    LeaseRenewed,
    LookedAt,
    MatterJoined,
    MatterLeft,
    Merged,
    Noted,
    Opened,
    Released,
    Removed,
    Reopened,
    Rerouted,
    Revised,
)
from domain.escalation.stages import HeldFor, Outcome, Stage
from domain.escalation.state import Escalation
from domain.moving import AcceptCalendar
from domain.people import Actor, mentioned
from domain.post import Settle


def _open(state: None, command: OpenEscalation, actor: Actor, at: datetime) -> tuple[Event, ...]:
    fields = command.model_dump(exclude={"act", "received_at"})
    return (Opened.model_validate(fields),)


# What the commenter says. ---------------------------------------------------------------------


def _receive(state: Escalation, command: Receive, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if state.comments.get(command.comment_id, 0) >= command.revision:
        return ()
    if command.is_removed:
        return _removed(state, command)
    event: Event
    if command.revision > 1:
        event = Revised(
            comment_id=command.comment_id, revision=command.revision, words=command.words
        )
    else:
        event = Joined(
            comment_id=command.comment_id, words=command.words, is_thanks=command.is_thanks
        )
    is_heard = state.stage is Stage.LISTENING and not command.is_thanks
    return (event, Reopened()) if is_heard else (event,)


def _removed(state: Escalation, command: Receive) -> tuple[Event, ...]:
    """A commenter who takes everything back before we have answered is owed nothing more."""
    removed = Removed(comment_id=command.comment_id, revision=command.revision)
    left = set(state.comments) - set(state.removed) - {command.comment_id}
    is_early = state.stage in (Stage.HELD, Stage.UNCLAIMED, Stage.PREPARING)
    if left or not is_early or state.answers:
        return (removed,)
    return (removed, Closed(outcome=Outcome.WITHDRAWN))


# Owners. --------------------------------------------------------------------------------------


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


def _decline(state: Escalation, command: Decline, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Declined(reason=command.reason),)


def _renew(state: Escalation, command: Renew, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (LeaseRenewed(),)


def _reroute(state: Escalation, command: Reroute, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.terms == state.terms:
        raise Conflict("same_terms", "it is under these terms already", "nothing to do")
    return (Rerouted(terms=command.terms, reason=command.reason),)


# Ends without an answer of ours. --------------------------------------------------------------


def _dismiss(state: Escalation, command: Dismiss, actor: Actor, at: datetime) -> tuple[Event, ...]:
    dismissed = Dismissed(code=command.code, reason=command.reason)
    if state.rules >= 2 and is_sampled(state.id, state.limits.look_at):
        return (dismissed, Held(cause=HeldFor.SECOND_LOOK))
    return (dismissed, Closed(outcome=_after_dismissal(state)))


def is_sampled(escalation_id: str, of_a_hundred: int) -> bool:
    """Whether a dismissal of this one is looked at again: drawn by its id, so that no replay and
    no person draws another lot."""
    lot = int(hashlib.sha256(escalation_id.encode()).hexdigest()[:8], 16)
    return lot % 100 < of_a_hundred


def _after_dismissal(state: Escalation) -> Outcome:
    """What was answered before and then only went on about nothing stays answered."""
    return clocks.outcome_of(state) if state.answers else Outcome.DISMISSED


def _uphold(state: Escalation, command: Uphold, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (LookedAt(is_upheld=True), Closed(outcome=_after_dismissal(state)))


def _overturn(
    state: Escalation, command: Overturn, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    return (LookedAt(is_upheld=False, reason=command.reason),)


def _merge(state: Escalation, command: Merge, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.into == state.id:
        raise Invalid(
            "into_itself",
            "it cannot be merged into itself",
            "name another escalation of the same person",
            field="into",
        )
    return (
        Merged(into=command.into, reason=command.reason),
        Closed(outcome=Outcome.MERGED),
    )


def _answered_outside(
    state: Escalation, command: AnsweredOutside, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    return (FoundAnswered(link=command.link), Closed(outcome=Outcome.ANSWERED_OUTSIDE))


# Notes and matters. ---------------------------------------------------------------------------


def _note(state: Escalation, command: Note, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Noted(words=command.words, mentions=mentioned(command.mentions, actor)),)


def _join_matter(
    state: Escalation, command: JoinMatter, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    return (MatterJoined(matter_id=command.matter_id),)


def _leave_matter(
    state: Escalation, command: LeaveMatter, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    assert state.matter is not None
    return (MatterLeft(matter_id=state.matter.id, reason=command.reason),)


DECIDE: dict[type[Command], Decide] = {
    OpenEscalation: _open,
    Receive: _receive,
    Claim: _claim,
    Release: _release,
    Assign: _assign,
    Decline: _decline,
    Renew: _renew,
    Reroute: _reroute,
    Dismiss: _dismiss,
    Uphold: _uphold,
    Overturn: _overturn,
    Merge: _merge,
    AnsweredOutside: _answered_outside,
    Propose: approving.propose,
    DecideAlone: approving.decide_alone,
    Approve: approving.approve,
    Refuse: approving.refuse,
    Return: approving.return_,
    Ask: approving.ask,
    Inform: approving.inform,
    AddApprover: approving.add_approver,
    ReplaceApprover: approving.replace_approver,
    Bypass: approving.bypass,
    Withdraw: approving.withdraw,
    Reply: replying.reply,
    Recall: replying.recall,
    MovePrivate: replying.move_private,
    HoldingReply: replying.holding_reply,
    AcceptPromise: replying.accept_promise,
    CounterPromise: replying.counter_promise,
    DeclinePromise: replying.decline_promise,
    Note: _note,
    Pause: clocks.pause,
    Resume: clocks.resume,
    Extend: clocks.extend,
    AcceptCalendar: clocks.accept_calendar,
    JoinMatter: _join_matter,
    LeaveMatter: _leave_matter,
    Serve: replying.serve,
    Settle: replying.settle,
    Ring: clocks.ring,
}
