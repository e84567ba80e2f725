"""What has to be done in the outside world because of an escalation's events."""

from __future__ import annotations

from domain.commitment import OpenCommitment
from domain.effects import Effect, Notify, OpenEntity
from domain.entity import Event
from domain.escalation.events import (
    Approved,
    Assigned,
    Joined,
    Proposed,
    RefusedBy,
    ReplySettled,
    ReplySubmitted,
    Returned,
    Revised,
    RungClimbed,
)
from domain.escalation.state import Escalation
from domain.ledger import RULES
from domain.people import Seat
from domain.post import OpenPost, Settlement


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
