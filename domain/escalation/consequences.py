"""What has to be done in the outside world because of an escalation's events."""

from __future__ import annotations

from typing import Any

from domain.base import Words
from domain.commitment import OpenCommitment
from domain.effects import Effect, OpenEntity, Tell
from domain.entity import Event, notify
from domain.escalation.events import (
    Approved,
    ApproverAdded,
    ApproverReplaced,
    Asked,
    Assigned,
    Bypassed,
    Declined,
    Held,
    HoldingSettled,
    HoldingSubmitted,
    Informed,
    Joined,
    LookedAt,
    Noted,
    OwnerLost,
    PromiseCountered,
    PromiseDeclined,
    Proposed,
    RefusedBy,
    Removed,
    ReplyHeld,
    ReplySettled,
    ReplySubmitted,
    Rerouted,
    Returned,
    Revised,
    RungClimbed,
    Served,
    Voted,
    Watched,
)
from domain.escalation.stages import Stage
from domain.escalation.state import Escalation
from domain.people import Seat
from domain.post import OpenPost, Settlement
from domain.terms import RungAct


def effects(state: Escalation, event: Event) -> tuple[Effect, ...]:
    match event:
        case Assigned():
            return (notify(state, "assigned_to_you", (event.owner,)),)
        case Joined() | Revised() | Removed():
            return _spoken(state, event)
        case RungClimbed() | Watched():
            return _climbed(state, event)
        case ReplyHeld():
            people = tuple(sorted({p.accountable for p in state.unsigned}))
            return (notify(state, "acceptance_wanted", people),)
        case ReplySubmitted():
            return (_send(state, event, event.cleared_by, len(event.promises)),)
        case HoldingSubmitted():
            return (_send(state, event),)
        case Served():
            return (_served(state, event),)
        case ReplySettled() if event.settlement is Settlement.PUBLISHED:
            return _open_commitments(state)
        case ReplySettled():
            return (notify(state, f"reply_{event.settlement}", to=(Seat.OWNER,)),)
        case HoldingSettled() if event.settlement is not Settlement.PUBLISHED:
            return (notify(state, f"reply_{event.settlement}", to=(Seat.OWNER,)),)
        case _:
            return _told(state, event)


def _told(state: Escalation, event: Event) -> tuple[Effect, ...]:
    """Whom an event is told to and nothing else."""
    match event:
        case Proposed():
            accountable = tuple(sorted({p.accountable for p in state.unsigned}))
            wanted = notify(state, "decision_wanted", to=(Seat.APPROVERS,))
            if state.rules < 2 or not accountable:
                return (wanted,)
            return (wanted, notify(state, "acceptance_wanted", accountable))
        case Approved() | RefusedBy() | Returned():
            return (notify(state, "decided", to=(Seat.OWNER,)),)
        case Voted() | Informed():
            return (notify(state, "decision_wanted", to=(Seat.APPROVERS,)),)
        case Asked():
            return (notify(state, "information_wanted", to=(Seat.OWNER,)),)
        case ApproverAdded():
            return (notify(state, "decision_wanted", (event.person,)),)
        case ApproverReplaced():
            return (notify(state, "decision_wanted", (event.replaced_by,)),)
        case Bypassed():
            seats = (Seat.EXECUTIVES, Seat.LEAD, Seat.OWNER)
            return (notify(state, "decision_bypassed", event.missing, seats),)
        case PromiseCountered() | PromiseDeclined():
            return (notify(state, "promise_not_accepted", to=(Seat.OWNER,)),)
        case Declined() | Rerouted() | LookedAt(is_upheld=False):
            return (notify(state, "waits_for_an_owner", to=(Seat.LEAD,)),)
        case OwnerLost():
            return (notify(state, "claim_lost", (event.owner,), (Seat.LEAD,)),)
        case Noted() if event.mentions:
            return (notify(state, "mentioned", event.mentions),)
        case Held():
            return (notify(state, "second_look_wanted", to=(Seat.REVIEWERS,)),)
        case _:
            return ()


def _spoken(state: Escalation, event: Joined | Revised | Removed) -> tuple[Effect, ...]:
    """Whoever acts next sees it; words that wait for their clearance ask to be confirmed."""
    if isinstance(event, Joined) and event.is_thanks:
        return ()
    told: list[Effect] = []
    if state.owner:
        told.append(notify(state, "commenter_spoke", to=(Seat.OWNER,)))
    if state.rules >= 2 and state.stage is Stage.REPLYING and state.reply is not None:
        revision = 1 if isinstance(event, Joined) else event.revision
        heard = {"act": "heard", "comment_id": event.comment_id, "revision": revision}
        told.append(Tell(stream=f"post/{state.reply.post_id}", command=heard))
    return tuple(told)


def _climbed(state: Escalation, event: RungClimbed | Watched) -> tuple[Effect, ...]:
    if not event.told:
        return ()
    if isinstance(event, Watched):
        return (notify(state, "still_open", event.told),)
    reason = "late" if event.is_late else "due_soon"
    if event.did is RungAct.HOLDING:
        reason = "holding_reply_wanted"
    return (notify(state, reason, event.told, urgent=event.urgent),)


def _post(
    state: Escalation, post_id: str, words: Words, writer: str, cleared_by: str | None
) -> OpenPost:
    return OpenPost(
        id=post_id,
        origin=state.stream,
        escalation_id=state.id,
        channel=state.channel,
        team=state.team,
        comment_id=state.comment_id,
        words=words,
        writer=writer,
        cleared_by=cleared_by,
        rules=state.rules,
        **_from_terms(state),
    )


def _from_terms(state: Escalation) -> dict[str, Any]:
    """What the terms ask of words before they go out."""
    replies = state.terms.replies
    if state.rules < 2 or replies is None:
        return {}
    return {"undo": replies.undo, "review": replies.review, "calendar": state.terms.calendar}


def _send(
    state: Escalation,
    event: ReplySubmitted | HoldingSubmitted,
    cleared_by: str | None = None,
    promises: int = 0,
) -> OpenEntity:
    post = _post(state, event.post_id, event.words, event.writer, cleared_by)
    return _opens(state, post.model_copy(update={"promises": promises}))


def _served(state: Escalation, event: Served) -> OpenEntity:
    cleared_by = event.approver if event.approver != event.writer else None
    post = _post(state, event.post_id, event.words, event.writer, cleared_by)
    marked = {"matter_id": event.matter_id, "same_answer_to": event.same_answer_to}
    return _opens(state, post.model_copy(update=marked))


def _opens(state: Escalation, post: OpenPost) -> OpenEntity:
    return OpenEntity(
        stream=f"post/{post.id}",
        command=post.model_dump(mode="json"),
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
                terms=state.terms.promises,
                calendar=state.terms.calendar,
                is_public=state.terms.is_public,
                rules=state.rules,
            ).model_dump(mode="json"),
            summary=f"promise on {state.channel}",
        )
        for promise in reply.promises
    )
