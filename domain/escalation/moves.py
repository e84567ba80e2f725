"""Moves: what was owed in a case, from when, by whom, how long it took, and how it was made.

Figures about time are made of these and of nothing else. They follow from the facts of a case, one
after another, so a ledger that is folded again comes to the same moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain import calendar as working
from domain.base import Seconds, Value
from domain.calendar import Pause
from domain.deadlines import Deadline
from domain.entity import Event
from domain.escalation.commands import Findings
from domain.escalation.events import (
    Closed,
    DecidedAlone,
    Proposed,
    RefusedBy,
    ReplySettled,
    ReplySubmitted,
    RungClimbed,
    Served,
    Watched,
)
from domain.escalation.stages import STAGES, Stage
from domain.escalation.state import Escalation
from domain.ledger import Fact
from domain.people import Seat
from domain.post import Settlement


class Step(StrEnum):
    """What is owed. All but the first run one after another, ``asked`` within ``deciding``."""

    ANSWER = "answer"
    """The first public answer as a whole, from the moment we received the comment."""
    HELD = "held"
    UNCLAIMED = "unclaimed"
    PREPARING = "preparing"
    DECIDING = "deciding"
    ASKED = "asked"
    """Those who decide have asked something and wait for the owner."""
    REPLYING = "replying"


class Wording(StrEnum):
    """How the words of a reply came about, as far as it was looked at."""

    WRITTEN = "written"
    """Compared with recent replies, and like none of them."""
    READY_MADE = "ready_made"
    """So like a recent reply that its writer had to say why."""
    SHARED = "shared"
    """The answer of a matter, openly the same for many."""


OWED_BY: dict[Step, Seat | None] = {
    Step.ANSWER: None,
    Step.ASKED: Seat.OWNER,
    **{Step(stage): row.owed_by for stage, row in STAGES.items() if row.owed_by},
}
"""Whose move each step is; the answer as a whole is everybody's."""

DECIDED = frozenset({"approved", "refused", "returned"})
"""How those who decide make their move."""


class Move(Value):
    """One move that was owed in one case. ``n`` is the seq of the fact from which it was owed; the
    answer as a whole is 0."""

    n: int
    step: Step
    team: str
    after: Seconds
    """Since the case was opened, in plain time."""
    plain: Seconds | None = None
    """How long it took by the clock on the wall; None while it is still owed."""
    working: Seconds | None = None
    """The same in working time of the pinned calendar, without pauses (the answer: with them)."""
    paused: Seconds = 0
    """Of the plain time, what fell into pauses."""
    is_late: bool = False
    """Made after its deadline; of the answer: any move on the way to it was."""
    owed_by: tuple[str, ...] = ()
    """Who owed it when rungs behind its deadline were climbed: their silence is on record."""
    told: tuple[str, ...] = ()
    """Who was told then that it is late."""
    person: str | None = None
    """The owner at its end, or who decided; None where it was a team's, or nobody's alone."""
    how: str | None = None
    """The last part of the name of the fact that ended it, or the outcome of the case."""
    code: str | None = None
    """Of a refusal or a dismissal."""
    words: Wording | None = None
    """deciding: of the reply proposed; replying: of the reply. None: not compared."""

    @property
    def is_open(self) -> bool:
        return self.plain is None


def follow(
    moves: tuple[Move, ...], before: Escalation | None, fact: Fact, after: Escalation
) -> tuple[Move, ...]:
    """The moves of a case after one more fact, which made ``after`` of ``before``."""
    found = {move.n: move for move in moves}
    event = _event(fact)
    if before is None:
        found[0] = Move(n=0, step=Step.ANSWER, team=after.team, after=0)
    else:
        _lapse(found, before, event)
        _end(found, before, fact, event, after)
    _begin(found, before, fact, after)
    _word(found, event, after)
    if before is not None:
        _answer(found, before, fact, event, after)
    return tuple(found.values())


def moves_of(states: Iterable[tuple[Escalation | None, Fact, Escalation]]) -> tuple[Move, ...]:
    """All moves of a case from its whole history."""
    moves: tuple[Move, ...] = ()
    for before, fact, after in states:
        moves = follow(moves, before, fact, after)
    return moves


_TELLING: dict[str, type[Event]] = {
    event.NAME: event
    for event in (
        Closed, DecidedAlone, Proposed, RefusedBy, ReplySettled, ReplySubmitted, RungClimbed,
        Served, Watched,
    )
}  # fmt: skip


def _event(fact: Fact) -> Event | None:
    """The event, where it says more about a move than that it was made."""
    known = _TELLING.get(fact.name)
    return known.model_validate(fact.data) if known else None


# Clocks. --------------------------------------------------------------------------------------


def running(state: Escalation) -> dict[Step, Deadline | None]:
    """The moves that are owed now, each with its clock; a backlog may have none yet."""
    if state.stage in (Stage.LISTENING, Stage.CLOSED):
        return {}
    if state.question is not None:
        return {Step.DECIDING: state.question.shelved, Step.ASKED: state.deadline}
    return {Step(state.stage): state.deadline}


def _is_same(step: Step, before: Escalation, after: Escalation) -> bool:
    """Whether a move that was owed goes on being owed, by the same team and the same clock."""
    earlier, later = running(before), running(after)
    if step not in earlier or step not in later or before.team != after.team:
        return False
    return _start(earlier[step], before) == _start(later[step], after)


def _start(clock: Deadline | None, state: Escalation) -> datetime:
    return clock.start_at if clock else state.opened_at


def _between(start: datetime, end: datetime) -> Seconds:
    return max(int((end - start).total_seconds()), 0)


def _begin(
    found: dict[int, Move], before: Escalation | None, fact: Fact, after: Escalation
) -> None:
    owed = {move.step for move in found.values() if move.is_open}
    for step, clock in running(after).items():
        if step not in owed:
            since = _between(after.opened_at, _start(clock, after))
            found[fact.seq] = Move(n=fact.seq, step=step, team=after.team, after=since)


def _end(
    found: dict[int, Move], before: Escalation, fact: Fact, event: Event | None, after: Escalation
) -> None:
    for move in tuple(found.values()):
        if not move.is_open or move.step is Step.ANSWER or _is_same(move.step, before, after):
            continue
        clock = running(before).get(move.step)
        start = _start(clock, before)
        pauses = clock.pauses if clock else ()
        how = _how(fact, event)
        found[move.n] = move.model_copy(
            update={
                "plain": _between(start, fact.at),
                "working": working.measure(before.terms.calendar, start, fact.at, pauses),
                "paused": _paused(pauses, fact.at),
                "is_late": clock.is_late(fact.at) if clock else False,
                "person": _person(move.step, how, before, fact),
                "how": how,
                "code": _code(event, after),
            }
        )


def _paused(pauses: Iterable[Pause], at: datetime) -> Seconds:
    return sum(_between(pause.start_at, min(pause.end_at or at, at)) for pause in pauses)


# What the end of a move says. -----------------------------------------------------------------


def _how(fact: Fact, event: Event | None) -> str:
    match event:
        case Closed():
            return str(event.outcome)
        case ReplySettled():
            return str(event.settlement)
        case Proposed():
            return "proposed"
        case _:
            return fact.name.rpartition(":")[2]


def _person(step: Step, how: str, before: Escalation, fact: Fact) -> str | None:
    if step is Step.DECIDING:
        return fact.by if how in DECIDED else None
    return before.owner if OWED_BY[step] is Seat.OWNER else None


def _code(event: Event | None, after: Escalation) -> str | None:
    match event:
        case RefusedBy() | DecidedAlone():
            return event.code
        case Served():
            return event.refused
        case _ if after.dismissal is not None and after.stage in (Stage.HELD, Stage.CLOSED):
            return after.dismissal.code
        case _:
            return None


# What else is told of a move. -----------------------------------------------------------------


def _change(found: dict[int, Move], step: Step, **changes: Any) -> None:
    """Say something about the move of this step that is owed now."""
    for move in found.values():
        if move.is_open and move.step is step:
            found[move.n] = move.model_copy(update=changes)
            return


def _lapse(found: dict[int, Move], before: Escalation, event: Event | None) -> None:
    is_lapse = isinstance(event, Watched) or (isinstance(event, RungClimbed) and event.is_late)
    if not is_lapse or not isinstance(event, Watched | RungClimbed):
        return
    step = Step.ASKED if before.question else Step(event.stage)
    for move in tuple(found.values()):
        if move.is_open and move.step is step:
            _change(
                found,
                step,
                owed_by=tuple(sorted({*move.owed_by, *event.owed_by})),
                told=tuple(sorted({*move.told, *event.told})),
            )


def _word(found: dict[int, Move], event: Event | None, after: Escalation) -> None:
    match event:
        case Proposed() if event.reply is not None:
            _change(found, Step.DECIDING, words=_wording(event.findings, after))
        case ReplySubmitted():
            _change(found, Step.REPLYING, words=_of_reply(found, event, after))
        case Served():
            _change(found, Step.REPLYING, words=Wording.SHARED)


def _of_reply(found: dict[int, Move], event: ReplySubmitted, after: Escalation) -> Wording | None:
    """Words that were approved with the proposal were compared when they were proposed."""
    proposal = after.proposal
    if event.findings is None and proposal is not None and proposal.reply == event.words:
        decided = [move for move in found.values() if move.step is Step.DECIDING]
        return max(decided, key=lambda move: move.n).words if decided else None
    return _wording(event.findings, after)


def _wording(findings: Findings | None, state: Escalation) -> Wording | None:
    replies = state.terms.replies
    if findings is None or replies is None or not replies.sameness:
        return None
    return Wording.READY_MADE if findings.twin else Wording.WRITTEN


def _answer(
    found: dict[int, Move], before: Escalation, fact: Fact, event: Event | None, after: Escalation
) -> None:
    """The first answer is there, or the case ends without one of ours."""
    answer = found.get(0)
    if answer is None or not answer.is_open:
        return
    is_out = isinstance(event, ReplySettled) and event.settlement is Settlement.PUBLISHED
    if not is_out and not isinstance(event, Closed):
        found[0] = answer.model_copy(update={"team": after.team})
        return
    found[0] = answer.model_copy(
        update={
            "team": after.team,
            "plain": _between(before.opened_at, fact.at),
            "working": working.measure(before.terms.calendar, before.opened_at, fact.at),
            "is_late": any(move.is_late for move in found.values()),
            "how": "answered" if is_out else _how(fact, event),
            "code": None if is_out else _code(event, after),
        }
    )
