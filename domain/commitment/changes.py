"""What each event changes in a commitment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.commitment.clocks import passed
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
from domain.commitment.stages import CommitmentStage
from domain.commitment.state import Answered, Commitment, NewDate, Progress, Report, Word
from domain.deadlines import TICK
from domain.entity import Event
from domain.ledger import Fact
from domain.post import Settlement


def _opened(event: CommitmentOpened, fact: Fact) -> Commitment:
    state = Commitment(
        **event.model_dump(),
        id=event.promise.id,
        stage=CommitmentStage.OPEN,
        opened_at=fact.at,
    )
    return _enter(state, CommitmentStage.OPEN, fact.at)


def _enter(state: Commitment, stage: CommitmentStage, at: datetime, **changes: Any) -> Commitment:
    """The state in a new stage, at the foot of that stage's ladder.

    Rungs that lie behind are not climbed any more: a promise whose report falls through is not
    reminded of once more, and one that breaks tells everybody at once.
    """
    state = state.model_copy(update={"stage": stage, **changes})
    if state.rules < 2:
        return state
    fresh = {"entered_at": at, "climbed": (), "watched": 0, "rang_at": None, "link": None}
    state = state.model_copy(update=fresh)
    behind = max(at, state.due_at + TICK) if state.broken_at == at else at
    return state.model_copy(update={"climbed": passed(state.steps, behind)})


def _dated(state: Commitment, event: NewDateSet, fact: Fact) -> Commitment:
    """From here on the new date counts, and the ladder up to it begins anew."""
    assert state.wanted is not None
    date = state.wanted.model_copy(update={"since": fact.at, "climbed": ()})
    state = state.model_copy(update={"dates": (*state.dates, date), "wanted": None})
    if state.stage is not CommitmentStage.OPEN:
        return state
    return state.model_copy(update={"climbed": passed(state.steps, fact.at)})


def _asked(state: Commitment, event: NewDateAsked, fact: Fact) -> Commitment:
    wanted = NewDate(
        **event.model_dump(),
        asked_by=fact.by,
        asked_at=fact.at,
        is_signed=fact.by == state.promise.accountable,
    )
    return state.model_copy(update={"wanted": wanted})


def _wanted(state: Commitment, **changes: Any) -> Commitment:
    assert state.wanted is not None
    return state.model_copy(update={"wanted": state.wanted.model_copy(update=changes)})


def _stuck(state: Commitment, event: FollowUpStuck) -> Commitment:
    told = {"stuck": event.settlement, "attempt": event.attempt}
    if state.wanted is not None and state.wanted.post_id == event.post_id:
        return _wanted(state, **told)
    assert state.report is not None
    return state.model_copy(update={"report": state.report.model_copy(update=told)})


def _rung(state: Commitment, event: RungReached, fact: Fact) -> Commitment:
    if event.is_about_date:
        assert state.wanted is not None
        return _wanted(state, climbed=(*state.wanted.climbed, event.rung))
    climbed = (*state.climbed, event.rung)
    return state.model_copy(update={"climbed": climbed, "rang_at": fact.at})


_OVER = frozenset({Settlement.PUBLISHED, Settlement.RETURNED, Settlement.WITHDRAWN})


def _progressed(state: Commitment, event: ProgressSettled) -> Commitment:
    told = {"stuck": event.settlement, "attempt": event.attempt}
    left = tuple(
        said.model_copy(update=told) if said.post_id == event.post_id else said
        for said in state.progress
        if said.post_id != event.post_id or event.settlement not in _OVER
    )
    return state.model_copy(update={"progress": left})


def _counted(state: Commitment, event: WordCounted) -> Commitment:
    readers = state.readers
    counted = {"kept": readers.kept + 1} if event.is_kept else {"not_kept": readers.not_kept + 1}
    return state.model_copy(update={"readers": readers.model_copy(update=counted)})


def _worded(state: Commitment, event: WordGiven, fact: Fact) -> Commitment:
    word = Word(is_kept=event.is_kept, source=event.source, at=fact.at)
    if event.is_kept:
        return state.model_copy(update={"word": word, "link": None})
    return _enter(state, CommitmentStage.DENIED, fact.at, word=word)


def _answered(state: Commitment, event: Upheld | Reopened, fact: Fact) -> Commitment:
    answered = Answered(
        is_upheld=isinstance(event, Upheld),
        by=fact.by,
        at=fact.at,
        reason=event.reason,
        on_behalf_of=event.on_behalf_of,
    )
    return state.model_copy(update={"answered": answered})


def _reopened(state: Commitment, event: Reopened, fact: Fact) -> Commitment:
    stage = CommitmentStage.BROKEN if state.was_broken else CommitmentStage.OPEN
    state = _answered(state, event, fact)
    return _enter(state, stage, fact.at, report=None, word=None, good_by=event.good_by)


def _broken(state: Commitment, fact: Fact) -> Commitment:
    changes: dict[str, Any] = {"was_broken": True}
    if state.rules >= 2:
        changes["broken_at"] = fact.at
    return _enter(state, CommitmentStage.BROKEN, fact.at, **changes)


def _closed(state: Commitment, stage: CommitmentStage, fact: Fact) -> Commitment:
    return _enter(state, stage, fact.at, settled_at=fact.at)


def _changed(state: Commitment, event: Event, fact: Fact) -> Commitment:
    match event:
        case KeptReported():
            report = Report(at=fact.at, by=fact.by, post_id=event.post_id)
            return _enter(state, CommitmentStage.REPORTED, fact.at, report=report)
        case ReportFellThrough():
            stage = CommitmentStage.BROKEN if state.was_broken else CommitmentStage.OPEN
            return _enter(state, stage, fact.at, report=None)
        case FollowUpStuck():
            return _stuck(state, event)
        case ReportTold():
            return _enter(state, CommitmentStage.TOLD, fact.at)
        case Broken():
            return _broken(state, fact)
        case Kept():
            stage = CommitmentStage.KEPT_LATE if event.is_late else CommitmentStage.KEPT
            return _closed(state, stage, fact)
        case PromiseWithdrawn():
            return _closed(state, CommitmentStage.WITHDRAWN, fact)
        case Reminded():
            return state.model_copy(update={"rung": event.rung + 1})
        case RungReached():
            return _rung(state, event, fact)
        case Watched():
            watched = {"watched": event.number + 1, "rang_at": fact.at}
            return state.model_copy(update=watched)
        case _:
            return _spoken(state, event, fact)


def _spoken(state: Commitment, event: Event, fact: Fact) -> Commitment:
    """What is asked for, agreed and said, beside the stages."""
    match event:
        case NewDateAsked():
            return _asked(state, event, fact)
        case NewDateAccepted():
            return _wanted(state, is_signed=True)
        case NewDateAgreed():
            return _wanted(state, agreed_by=fact.by, agreed_at=fact.at, post_id=event.post_id)
        case NewDateSet():
            return _dated(state, event, fact)
        case NewDateRefused() | NewDateLapsed():
            return state.model_copy(update={"wanted": None})
        case ProgressWritten():
            said = Progress(post_id=event.post_id, writer=event.writer)
            return state.model_copy(update={"progress": (*state.progress, said)})
        case ProgressSettled():
            return _progressed(state, event)
        case LinkMade():
            return state.model_copy(update={"link": event.digest})
        case WordGiven():
            return _worded(state, event, fact)
        case WordCounted():
            return _counted(state, event)
        case Upheld():
            return _answered(state, event, fact)
        case Reopened():
            return _reopened(state, event, fact)
        case _:
            return state


def evolve(state: Commitment | None, event: Event, fact: Fact) -> Commitment:
    """The state after one event; total over every event of this kind."""
    if isinstance(event, CommitmentOpened):
        return _opened(event, fact)
    assert state is not None
    return _changed(state, event, fact)
