"""What each command to an escalation decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.base import Words
from domain.commitment import Promise
from domain.entity import Command, Decide, Event, Ring
from domain.errors import Conflict, Invalid
from domain.escalation.commands import (
    Approve,
    Assign,
    Claim,
    Dismiss,
    Note,
    OpenEscalation,
    Propose,
    Receive,
    Refuse,
    Release,
    Reply,
    Return,
    Withdraw,
)
from domain.escalation.events import (
    Approved,
    Assigned,
    Claimed,
    Closed,
    Dismissed,
    Joined,
    Noted,
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
from domain.escalation.stages import STAGES, Outcome, Recommendation, Stage
from domain.escalation.state import Escalation, Proposal
from domain.people import Actor
from domain.post import Settle, Settlement, is_old_news


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
    if proposal.news or (words := _words_to_approve(proposal)) is None:
        return (approved,)
    check_promises(proposal.promises, words, at)
    return (
        approved,
        ReplySubmitted(
            post_id=command.post_id,
            words=words,
            writer=proposal.by,
            promises=proposal.promises,
            cleared_by=actor.id,
        ),
    )


def _words_to_approve(proposal: Proposal) -> Words | None:
    """The words that an approval sends out; never those that were written to say no."""
    is_yes = proposal.recommendation is Recommendation.APPROVE
    return proposal.reply if is_yes else None


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
        approved = (_words_to_approve(proposal), proposal.promises)
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
    if (due_at := state.deadline.due_at) is None:
        return ()
    if state.stage is Stage.LISTENING:
        refused = state.decision is not None and state.decision.outcome == "refused"
        return (Closed(outcome=Outcome.REFUSED if refused else Outcome.ANSWERED),)
    owing = STAGES[state.stage].owed_by
    return (
        RungClimbed(
            stage=state.stage,
            rung=state.rung,
            due_at=due_at,
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
