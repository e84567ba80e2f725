"""What each command to a commitment decides."""

from __future__ import annotations

from datetime import datetime

from domain.commitment.commands import (
    AcceptNewDate,
    Agree,
    MakeLink,
    OpenCommitment,
    RefuseNewDate,
    Renegotiate,
    Reopen,
    ReportKept,
    SayWord,
    TellPublic,
    Uphold,
    WithdrawPromise,
)
from domain.commitment.events import (
    Broken,
    CommitmentOpened,
    FollowUpStuck,
    Kept,
    KeptReported,
    LinkMade,
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
    WordCounted,
    WordGiven,
)
from domain.commitment.stages import (
    FARTHEST,
    READERS,
    CommitmentStage,
    Lapse,
    Settled,
    WordSource,
)
from domain.commitment.state import Bell, Commitment, NewDate, Progress, Report, Toll
from domain.entity import Command, Decide, Event, Ring
from domain.errors import Conflict, Invalid, Unknown
from domain.people import Actor, Seat
from domain.post import Settle, Settlement, check_marked, is_old_news

Events = tuple[Event, ...]


def _open(state: None, command: OpenCommitment, actor: Actor, at: datetime) -> Events:
    return (CommitmentOpened.model_validate(command.model_dump(exclude={"act"})),)


# Its date. ------------------------------------------------------------------------------------


def _is_overdue(state: Commitment, at: datetime) -> bool:
    return state.stage is CommitmentStage.OPEN and at > state.due_at


def _overdue(state: Commitment, at: datetime) -> Events:
    """The date may have passed a moment before its timer rings: then it is broken first."""
    return _break(state) if _is_overdue(state, at) else ()


def _break(state: Commitment, told: tuple[str, ...] = ()) -> Events:
    """Broken, whatever had been asked for or agreed: the record says why that never counted."""
    return (Broken(due_at=state.due_at, told=told), *_lapse(state, Lapse.OVERTAKEN))


def _lapse(state: Commitment, why: Lapse) -> Events:
    wanted = state.wanted
    if wanted is None:
        return ()
    return (
        NewDateLapsed(
            due_at=wanted.due_at, asked_by=wanted.asked_by, why=why, post_id=wanted.post_id
        ),
    )


def _check_in_time(state: Commitment, at: datetime) -> None:
    if _is_overdue(state, at):
        raise Conflict(
            "date_has_passed",
            "the date has passed: from now on it is broken, whatever is agreed",
            "tell the public how it stands, and report it kept once it is",
            due_at=state.due_at,
        )


def _check_date(new: datetime, at: datetime, field: str = "due_at") -> None:
    if new <= at:
        raise Invalid(
            "due_in_the_past", "this date has passed already", "give one in the future", field=field
        )
    if new > at + FARTHEST:
        raise Invalid(
            "due_too_far",
            f"this date is more than {FARTHEST.days // 365} years from now",
            "promise a step that can be taken sooner",
            field=field,
        )


def _renegotiate(state: Commitment, command: Renegotiate, actor: Actor, at: datetime) -> Events:
    _check_in_time(state, at)
    _check_date(command.due_at, at)
    check_marked(command.unmarked)
    if command.due_at == state.due_at:
        raise Invalid(
            "same_date", "this is the date that stands", "give another one", field="due_at"
        )
    asked = NewDateAsked(due_at=command.due_at, reason=command.reason, words=command.words)
    return (asked,)


def _accept(state: Commitment, command: AcceptNewDate, actor: Actor, at: datetime) -> Events:
    _check_in_time(state, at)
    return (NewDateAccepted(due_at=_wanted(state).due_at),)


def _agree(state: Commitment, command: Agree, actor: Actor, at: datetime) -> Events:
    _check_in_time(state, at)
    wanted = _wanted(state)
    if wanted.due_at <= at:
        raise Conflict(
            "new_date_has_passed",
            "the date that is asked for has passed itself",
            "refuse it, and ask for another one",
            due_at=wanted.due_at,
        )
    return (
        NewDateAgreed(
            due_at=wanted.due_at,
            post_id=command.post_id,
            words=wanted.words,
            writer=wanted.asked_by,
        ),
    )


def _refuse(state: Commitment, command: RefuseNewDate, actor: Actor, at: datetime) -> Events:
    _check_in_time(state, at)
    wanted = _wanted(state)
    refused = NewDateRefused(due_at=wanted.due_at, asked_by=wanted.asked_by, reason=command.reason)
    return (refused,)


def _wanted(state: Commitment) -> NewDate:
    assert state.wanted is not None
    return state.wanted


# Speaking. ------------------------------------------------------------------------------------


def _report(state: Commitment, command: ReportKept, actor: Actor, at: datetime) -> Events:
    check_marked(command.unmarked)
    reported = KeptReported(
        post_id=command.post_id,
        words=command.words,
        writer=actor.id,
        evidence=command.evidence,
    )
    if overdue := _overdue(state, at):
        return (*overdue, reported)
    is_asked = state.wanted is not None and state.wanted.agreed_by is None
    return (*(_lapse(state, Lapse.REPORTED) if is_asked else ()), reported)


def _tell(state: Commitment, command: TellPublic, actor: Actor, at: datetime) -> Events:
    check_marked(command.unmarked)
    said = ProgressWritten(post_id=command.post_id, words=command.words, writer=actor.id)
    return (*_overdue(state, at), said)


def _withdraw(state: Commitment, command: WithdrawPromise, actor: Actor, at: datetime) -> Events:
    if state.rules >= 2 and command.post_id is None:
        raise Invalid(
            "no_post",
            "the public is told why a promise is withdrawn, and no post is named for it",
            "name the post in post_id",
            field="post_id",
        )
    check_marked(command.unmarked)
    overdue = _overdue(state, at)
    lapsed = () if overdue else _lapse(state, Lapse.WITHDRAWN)
    withdrawn = PromiseWithdrawn(reason=command.reason)
    if state.rules >= 2:
        told = {"post_id": command.post_id, "writer": actor.id}
        withdrawn = withdrawn.model_copy(update=told)
    return (*overdue, *lapsed, withdrawn)


# What became of our posts. ---------------------------------------------------------------------


def _settle(state: Commitment, command: Settle, actor: Actor, at: datetime) -> Events:
    if state.report is not None and state.report.post_id == command.post_id:
        is_waiting = state.stage is CommitmentStage.REPORTED
        return _settle_report(state, state.report, command, at) if is_waiting else ()
    if state.wanted is not None and state.wanted.post_id == command.post_id:
        return _settle_date(state, state.wanted, command, at)
    for said in state.progress:
        if said.post_id == command.post_id:
            return _settle_progress(said, command)
    return ()


def _settle_report(state: Commitment, report: Report, told: Settle, at: datetime) -> Events:
    match told.settlement:
        case Settlement.PUBLISHED if state.rules < 2:
            return (Kept(is_late=state.is_late_report),)
        case Settlement.PUBLISHED:
            lapsed = _lapse(state, Lapse.REPORTED)
            published = ReportTold(post_id=told.post_id)
            if state.promised.confirm:
                return (*lapsed, published)
            kept = Kept(is_late=state.is_late_report, settled=Settled.UNASKED)
            return (*lapsed, published, kept)
        case Settlement.RETURNED | Settlement.WITHDRAWN:
            fell = ReportFellThrough(post_id=told.post_id, settlement=told.settlement)
            is_overdue = at > state.due_at and not state.was_broken
            return (fell, *_break(state)) if is_overdue else (fell,)
        case _:
            return _stuck(told, report.attempt, report.stuck)


def _settle_date(state: Commitment, wanted: NewDate, told: Settle, at: datetime) -> Events:
    """The new date counts from now on, unless the old one, or it itself, has passed meanwhile."""
    match told.settlement:
        case Settlement.PUBLISHED if at <= min(state.due_at, wanted.due_at):
            return (NewDateSet(due_at=wanted.due_at, post_id=told.post_id),)
        case Settlement.PUBLISHED:
            return _overdue(state, at) or _lapse(state, Lapse.OVERTAKEN)
        case Settlement.RETURNED:
            return _lapse(state, Lapse.RETURNED)
        case Settlement.WITHDRAWN:
            return _lapse(state, Lapse.WITHDRAWN)
        case _:
            return _stuck(told, wanted.attempt, wanted.stuck)


def _settle_progress(said: Progress, told: Settle) -> Events:
    if is_old_news(told, said.attempt, said.stuck):
        return ()
    return (
        ProgressSettled(
            post_id=told.post_id,
            writer=said.writer,
            settlement=told.settlement,
            attempt=told.attempt,
        ),
    )


def _stuck(told: Settle, attempt: int, stuck: Settlement | None) -> Events:
    if is_old_news(told, attempt, stuck):
        return ()
    return (FollowUpStuck(post_id=told.post_id, settlement=told.settlement, attempt=told.attempt),)


# The commenter's word, and the answer to a no. --------------------------------------------------


def _make_link(state: Commitment, command: MakeLink, actor: Actor, at: datetime) -> Events:
    return (LinkMade(digest=command.digest),)


def _word(state: Commitment, command: SayWord, actor: Actor, at: datetime) -> Events:
    """The commenter may take a no back while nobody has answered it; a yes settles the matter."""
    if command.source is WordSource.READER:
        return _count(state, command)
    if command.source is WordSource.PRIVATE_LINK:
        _check_link(state, command)
    if state.word is not None and state.word.is_kept == command.is_kept:
        raise Conflict(
            "said_already",
            "the commenter has said so already",
            "nothing is to be done: it stands on the record",
        )
    given = WordGiven(is_kept=command.is_kept, source=command.source)
    if not command.is_kept:
        return (given,)
    return (given, Kept(is_late=state.is_late_report, settled=Settled.CONFIRMED))


def _count(state: Commitment, command: SayWord) -> Events:
    if state.readers.kept + state.readers.not_kept >= READERS:
        raise Conflict(
            "counted_enough",
            f"{READERS} readers have been counted, and no more are",
            "nothing is lost: what readers say changes no promise",
        )
    return (WordCounted(is_kept=command.is_kept),)


def _check_link(state: Commitment, command: SayWord) -> None:
    if state.link is None or command.link != state.link:
        raise Unknown(
            "unknown_link",
            "this link is not, or no longer, one that answers for a promise",
            "ask whoever gave it to you for a new one, or answer in the thread itself",
        )


def _uphold(state: Commitment, command: Uphold, actor: Actor, at: datetime) -> Events:
    upheld = Upheld(reason=command.reason, on_behalf_of=_on_behalf_of(state, actor))
    return (upheld, Kept(is_late=state.is_late_report, settled=Settled.UPHELD))


def _reopen(state: Commitment, command: Reopen, actor: Actor, at: datetime) -> Events:
    is_past = state.was_broken or at > state.due_at
    if command.due_at is not None:
        _check_date(command.due_at, at)
        if not is_past:
            raise Invalid(
                "date_still_holds",
                "the date of the promise still holds, and another one is a public act",
                "leave due_at out, and ask for another date with renegotiate",
                field="due_at",
            )
    reopened = Reopened(
        reason=command.reason, good_by=command.due_at, on_behalf_of=_on_behalf_of(state, actor)
    )
    if is_past and not state.was_broken:
        return (reopened, Broken(due_at=state.due_at))
    return (reopened,)


def _on_behalf_of(state: Commitment, actor: Actor) -> str | None:
    is_stand_in = actor.id != state.approver and state.approver in actor.stands_for
    return state.approver if is_stand_in else None


# Time. ----------------------------------------------------------------------------------------


def _ring(state: Commitment, command: Ring, actor: Actor, at: datetime) -> Events:
    if state.rules < 2:
        return _first_ring(state, command)
    bell = state.bell()
    if bell is None or bell.name != command.alarm:
        return ()
    match bell.toll:
        case Toll.DUE:
            return _break(state, _everybody(bell.seats, command))
        case Toll.QUIET:
            return (Kept(is_late=state.is_late_report, settled=Settled.SILENCE),)
        case Toll.WATCH:
            return (_watched(state, bell, command),)
        case Toll.RUNG:
            return (_reached(state, bell, command, at),)


def _watched(state: Commitment, bell: Bell, command: Ring) -> Watched:
    course = state.course
    assert course is not None
    return Watched(
        stage=state.stage,
        number=state.watched,
        due_at=course.due,
        told=command.people.get(bell.seats[0], ()),
        owed_by=command.people.get(bell.seats[-1], ()),
        empty=command.empty,
    )


def _reached(state: Commitment, bell: Bell, command: Ring, at: datetime) -> RungReached:
    course, step = state.date_course if bell.is_about_date else state.course, bell.step
    assert course is not None
    assert step is not None
    return RungReached(
        stage=state.stage,
        rung=step.n,
        due_at=course.due,
        is_late=at > course.due,
        is_about_date=bell.is_about_date,
        told=command.people.get(bell.seats[0], ()),
        owed_by=command.people.get(bell.seats[-1], ()),
        empty=command.empty,
    )


def _first_ring(state: Commitment, command: Ring) -> Events:
    alarm = state.alarm()
    if alarm is None or alarm.name != command.alarm:
        return ()
    told = _everybody(alarm.seats, command)
    if alarm.name == "due":
        return (Broken(due_at=state.promise.due_at, told=told),)
    return (Reminded(rung=state.rung, told=told),)


def _everybody(seats: tuple[Seat, ...], command: Ring) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p for seat in seats for p in command.people.get(seat, ())))


DECIDE: dict[type[Command], Decide] = {
    OpenCommitment: _open,
    ReportKept: _report,
    TellPublic: _tell,
    Renegotiate: _renegotiate,
    AcceptNewDate: _accept,
    Agree: _agree,
    RefuseNewDate: _refuse,
    WithdrawPromise: _withdraw,
    MakeLink: _make_link,
    SayWord: _word,
    Uphold: _uphold,
    Reopen: _reopen,
    Settle: _settle,
    Ring: _ring,
}
