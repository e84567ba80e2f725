"""What has to be done in the outside world because of a commitment's events."""

from __future__ import annotations

from domain.base import Words
from domain.commitment.events import (
    Broken,
    CommitmentOpened,
    FollowUpStuck,
    Kept,
    KeptReported,
    NewDateAccepted,
    NewDateAgreed,
    NewDateAsked,
    NewDateLapsed,
    NewDateRefused,
    NewDateSet,
    ProgressSettled,
    ProgressWritten,
    PromiseWithdrawn,
    Reminded,
    Reopened,
    ReportFellThrough,
    ReportTold,
    RungReached,
    Upheld,
    Watched,
    WordGiven,
)
from domain.commitment.stages import Settled
from domain.commitment.state import Commitment
from domain.effects import Effect, OpenEntity
from domain.entity import Event, notify
from domain.people import Seat
from domain.post import OpenPost, PostKind, Settlement
from domain.terms import Rung


def effects(state: Commitment, event: Event) -> tuple[Effect, ...]:
    match event:
        case CommitmentOpened():
            return (notify(state, "promise_made", to=(Seat.ACCOUNTABLE,)),)
        case KeptReported():
            return (_follow_up(state, event.post_id, event.words, event.writer),)
        case ReportFellThrough() | FollowUpStuck():
            return (notify(state, f"reply_{event.settlement}", to=(Seat.ACCOUNTABLE,)),)
        case ProgressWritten():
            return (_follow_up(state, event.post_id, event.words, event.writer),)
        case ProgressSettled() if event.settlement is not Settlement.PUBLISHED:
            people = _once(event.writer, state.promise.accountable)
            return (notify(state, f"reply_{event.settlement}", people=people),)
        case PromiseWithdrawn() if event.post_id and event.writer:
            sent = _follow_up(state, event.post_id, event.reason, event.writer)
            return (sent, notify(state, "promise_withdrawn", to=(Seat.ACCOUNTABLE,)))
        case Reminded() | RungReached() | Watched() | Broken():
            return _clock(state, event)
        case _:
            return (*_dates(state, event), *_last_word(state, event))


def _clock(state: Commitment, event: Event) -> tuple[Effect, ...]:
    match event:
        case Reminded() if event.told:
            return (notify(state, "due_soon", people=event.told),)
        case RungReached() if event.told:
            reason = "late" if event.is_late else "due_soon"
            return (notify(state, reason, people=event.told, urgent=_is_urgent(state, event)),)
        case Watched() if event.told:
            return (notify(state, "still_waiting", people=event.told),)
        case Broken():
            people = tuple(dict.fromkeys((*event.told, state.approver)))
            return (notify(state, "promise_broken", people=people),)
        case _:
            return ()


def _is_urgent(state: Commitment, event: RungReached) -> bool:
    found = state.date_steps if event.is_about_date else state.steps
    rung: Rung | None = next((step.rung for step in found if step.n == event.rung), None)
    return rung is not None and rung.urgent


def _dates(state: Commitment, event: Event) -> tuple[Effect, ...]:
    doer = (state.promise.accountable,)
    match event:
        case NewDateAsked() if state.wanted and not state.wanted.is_signed:
            return (notify(state, "new_date_to_accept", people=doer),)
        case NewDateAsked() | NewDateAccepted():
            return (notify(state, "new_date_wanted", to=(Seat.APPROVERS,)),)
        case NewDateAgreed():
            cleared_by = state.wanted.agreed_by if state.wanted else None
            sent = _follow_up(state, event.post_id, event.words, event.writer, cleared_by)
            return (sent, notify(state, "new_date_agreed", people=_once(event.writer, *doer)))
        case NewDateRefused():
            people = _once(event.asked_by, *doer)
            return (notify(state, "new_date_refused", people=people),)
        case NewDateLapsed():
            people = _once(event.asked_by, *doer, state.approver)
            return (notify(state, "new_date_lapsed", people=people),)
        case NewDateSet():
            return (notify(state, "new_date_set", people=_once(*doer, state.approver)),)
        case _:
            return ()


def _last_word(state: Commitment, event: Event) -> tuple[Effect, ...]:
    doer = state.promise.accountable
    match event:
        case ReportTold() if state.promised.confirm and state.report:
            return (notify(state, "commenter_asked", people=_once(state.report.by, doer)),)
        case WordGiven() if not event.is_kept:
            return (notify(state, "promise_denied", people=_once(state.approver, doer)),)
        case Upheld():
            return (notify(state, "denial_rejected", people=(doer,)),)
        case Reopened():
            return (notify(state, "promise_reopened", people=(doer,)),)
        case Kept() if event.settled is Settled.CONFIRMED:
            return (notify(state, "promise_confirmed", people=_once(doer, state.approver)),)
        case _:
            return ()


def _once(*people: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(people))


def _follow_up(
    state: Commitment, post_id: str, words: Words, writer: str, cleared_by: str | None = None
) -> OpenEntity:
    """A public word on the promise, in the same thread; cleared by somebody else than its writer,
    as any other words."""
    command = OpenPost(
        id=post_id,
        origin=state.stream,
        escalation_id=state.escalation_id,
        commitment_id=state.id,
        channel=state.channel,
        team=state.team,
        comment_id=state.comment_id,
        words=words,
        writer=writer,
        cleared_by=cleared_by,
        rules=state.rules,
    )
    if state.rules >= 2:
        more = {"kind": PostKind.FOLLOW_UP, "review": state.promised.settle}
        command = command.model_copy(update=more | {"calendar": state.calendar})
    return OpenEntity(
        stream=f"post/{post_id}",
        command=command.model_dump(mode="json"),
        summary=f"follow-up on {state.channel}",
    )
