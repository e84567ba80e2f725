"""What each command to a matter comes to."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.base import Words, span
from domain.entity import Alarm, Command, Decide, Event, Ring
from domain.errors import Conflict, Forbidden, Invalid
from domain.escalation.replying import check_findings, check_reason
from domain.matter.commands import (
    ApproveAnswer,
    AssignMatter,
    Close,
    Halt,
    Note,
    OpenMatter,
    ProposeAnswer,
    RefuseAnswer,
    Release,
    Report,
    Resume,
    ReturnAnswer,
    WithdrawAnswer,
)
from domain.matter.events import (
    AnswerApproved,
    AnswerProposed,
    AnswerRefused,
    AnswerReturned,
    AnswerVoted,
    AnswerWithdrawn,
    BatchServed,
    CalendarAccepted,
    Closed,
    ClosingBegan,
    EverybodyServed,
    Halted,
    LateComersFound,
    LeftOver,
    MatterAssigned,
    MatterOpened,
    Noted,
    ReleaseBegan,
    Resumed,
    RungClimbed,
    Watched,
)
from domain.matter.stages import AGAIN, STAGES, MatterStage
from domain.matter.state import Matter
from domain.moving import AcceptCalendar
from domain.panel import Recommendation, Vote
from domain.people import Actor, Role, Seat, mentioned


def _open(state: None, command: OpenMatter, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if not (actor.works_in(command.team) or actor.has(Role.EXECUTIVE)):
        raise Forbidden(
            "not_yours",
            f"a matter of team '{command.team}' is opened by its staff or an executive",
            "name a team you work in",
            field="team",
        )
    return (MatterOpened.model_validate(command.model_dump(exclude={"act"})),)


def _assign(matter: Matter, command: AssignMatter, actor: Actor, at: datetime) -> tuple[Event, ...]:
    person = command.assignee
    if not (person.works_in(matter.team) or person.has(Role.EXECUTIVE)):
        raise Invalid(
            "not_in_team",
            f"{person.id} is neither staff of team '{matter.team}' nor an executive",
            "name somebody who is",
            field="person",
        )
    if person.id == matter.owner:
        raise Conflict("already_owner", f"{person.id} is its owner already", "nothing to do")
    return (MatterAssigned(owner=person.id),)


# The one answer. ------------------------------------------------------------------------------


def _propose(
    matter: Matter, command: ProposeAnswer, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    check_findings(matter, command.findings, "reply")
    return (AnswerProposed.model_validate(command.model_dump(exclude={"act"})),)


def _withdraw(
    matter: Matter, command: WithdrawAnswer, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    return (AnswerWithdrawn(),)


def _approve(
    matter: Matter, command: ApproveAnswer, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    proposal, panel = matter.proposal, matter.panel
    assert proposal is not None
    vote = panel.cast(actor, Recommendation.APPROVE, command.principal, matter.proposer)
    approved = AnswerApproved(
        words=proposal.reply, reason=command.reason, on_behalf_of=vote.on_behalf_of
    )
    if panel.is_single:
        return (approved,)
    voted = _voted(vote, command.reason)
    return (voted, approved) if panel.with_vote(vote).is_agreed else (voted,)


def _refuse(matter: Matter, command: RefuseAnswer, actor: Actor, at: datetime) -> tuple[Event, ...]:
    check_reason(command.unmarked)
    panel = matter.panel
    vote = panel.cast(actor, Recommendation.REFUSE, command.principal, matter.proposer)
    refused = AnswerRefused(
        code=command.code, reason=command.reason, on_behalf_of=vote.on_behalf_of
    )
    if panel.is_single:
        return (refused,)
    voted = _voted(vote, command.reason)
    return (voted, refused) if panel.with_vote(vote).is_refused else (voted,)


def _voted(vote: Vote, reason: Words | None) -> AnswerVoted:
    return AnswerVoted(outcome=vote.outcome, reason=reason, on_behalf_of=vote.on_behalf_of)


def _return(matter: Matter, command: ReturnAnswer, actor: Actor, at: datetime) -> tuple[Event, ...]:
    seat = matter.panel.seat(actor, command.principal, matter.proposer)
    return (AnswerReturned(reason=command.reason, on_behalf_of=seat),)


# Its release. ---------------------------------------------------------------------------------


def _release(matter: Matter, command: Release, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (ReleaseBegan(first=command.first, wait=command.wait),)


def _halt(matter: Matter, command: Halt, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Halted(reason=command.reason),)


def _resume(matter: Matter, command: Resume, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Resumed(),)


def _close(matter: Matter, command: Close, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.waiting:
        raise Conflict(
            "members_wait",
            "one escalation waits for the answer of this matter"
            if command.waiting == 1
            else f"{command.waiting} escalations wait for the answer of this matter",
            "release it, or have them leave first: POST …/members/leave",
            waiting=command.waiting,
        )
    return (ClosingBegan(reason=command.reason),)


def _note(matter: Matter, command: Note, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Noted(words=command.words, mentions=mentioned(command.mentions, actor)),)


def _report(matter: Matter, command: Report, actor: Actor, at: datetime) -> tuple[Event, ...]:
    """What a wave found leads to; one that was overtaken by a halt is old news."""
    if matter.wave is None or command.n != matter.wave.n:
        return ()
    match matter.stage:
        case MatterStage.RELEASING:
            return _advanced(matter, command, at)
        case MatterStage.LISTENING if command.waiting:
            return (LateComersFound(waiting=command.waiting),)
        case MatterStage.CLOSING if command.waiting and matter.is_released:
            return (LateComersFound(waiting=command.waiting),)
        case MatterStage.CLOSING if command.waiting:
            return (LeftOver(waiting=command.waiting),)
        case MatterStage.CLOSING:
            return (Closed(served=command.served, apart=command.apart),)
        case _:
            return ()


def _advanced(matter: Matter, command: Report, at: datetime) -> tuple[Event, ...]:
    advanced = BatchServed(waiting=command.waiting, served=command.served, apart=command.apart)
    if not command.waiting:
        return (advanced, EverybodyServed())
    next_at = at + span(max(command.pause, 1))
    if command.served <= matter.served:
        next_at = max(next_at, at + pause_after(matter.stalled + 1))
    if not matter.not_before:
        next_at = max(next_at, at + span(matter.wait))
    return (advanced.model_copy(update={"next_at": next_at}),)


def pause_after(stalled: int) -> timedelta:
    """How long to wait after so many waves that served nobody: doubling, at most an hour."""
    return timedelta(seconds=min(AGAIN.total_seconds() * 2 ** min(stalled - 1, 10), 3600))


# Alarms. --------------------------------------------------------------------------------------


def _ring(matter: Matter, command: Ring, actor: Actor, at: datetime) -> tuple[Event, ...]:
    alarm = matter.alarm()
    if alarm is None or alarm.name != command.alarm:
        return ()
    match alarm.name.partition(":")[0]:
        case "quiet":
            return (ClosingBegan(),)
        case "watch":
            return (_watched(matter, command, at),)
        case _:
            return (_climbed(matter, alarm, command, at),)


def _owed_by(matter: Matter, command: Ring) -> tuple[str, ...]:
    owing = STAGES[matter.stage].owed_by
    return command.people.get(owing, ()) if owing else ()


def _watched(matter: Matter, command: Ring, at: datetime) -> Watched:
    return Watched(
        stage=matter.stage,
        turn=matter.watched,
        told=command.people.get(Seat.EXECUTIVES, ()),
        owed_by=_owed_by(matter, command),
        waited=matter.waited(at),
    )


def _climbed(matter: Matter, alarm: Alarm, command: Ring, at: datetime) -> RungClimbed:
    deadline = matter.deadline
    assert deadline is not None
    assert deadline.due_at is not None
    number = int(alarm.name.rpartition(":")[2])
    rung = next(step.rung for step in matter.steps() if step.n == number)
    return RungClimbed(
        stage=matter.stage,
        rung=number,
        due_at=deadline.due_at,
        is_late=deadline.is_late(at),
        told=command.people.get(alarm.seats[0], ()),
        owed_by=_owed_by(matter, command),
        did=rung.act,
        waited=matter.waited(at),
        urgent=alarm.urgent,
    )


def _accept_calendar(
    matter: Matter, command: AcceptCalendar, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    assert matter.deadline is not None
    return (CalendarAccepted.by(matter.deadline, command),)


DECIDE: dict[type[Command], Decide] = {
    OpenMatter: _open,
    AssignMatter: _assign,
    ProposeAnswer: _propose,
    WithdrawAnswer: _withdraw,
    ApproveAnswer: _approve,
    RefuseAnswer: _refuse,
    ReturnAnswer: _return,
    Release: _release,
    Halt: _halt,
    Resume: _resume,
    AcceptCalendar: _accept_calendar,
    Close: _close,
    Note: _note,
    Report: _report,
    Ring: _ring,
}
