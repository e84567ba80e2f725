"""The watch over the watchers: nothing open may be without a next alarm, late, lost or stuck.

Pure judgement of what a round of the upkeep check saw; ``activities.watching`` looks, the store
remembers. A new kind needs nothing here as long as its ``alarm()`` always answers something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.base import Moment, Value
from domain.commitment import Commitment, CommitmentStage
from domain.entity import State
from domain.escalation import Escalation, Stage
from domain.post import Post, PostStage

LATE = timedelta(minutes=5)
"""An alarm rings within a second of its time. One that has not rung for so long has a reason:
the worker is behind, or the workflow that should wake is gone."""

UNDER_WAY = timedelta(hours=1)
"""How long a call to a channel may be under way. A call takes less than a minute; the rest is for
a queue at a channel that takes a few posts a minute."""

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


class Code(StrEnum):
    """What can be wrong with something open."""

    NO_ALARM = "no_alarm"
    """Nothing will ever wake it by itself."""
    OVERDUE = "alarm_overdue"
    NO_WORKFLOW = "no_workflow"
    """Open in the store, but Temporal runs nothing for it."""
    STUCK = "workflow_stuck"
    """Its workflow cannot go on: most likely code that decides its past otherwise."""


class Finding(Value):
    stream: str
    code: Code


class Seen(Value):
    """One open stream (or another workflow, by its id) as a round of the check saw it.

    ``rests_until`` says how long it may do without an alarm; None is not at all. ``is_running``
    is None where nobody asked Temporal.
    """

    stream: str
    wakes_at: Moment | None = None
    rests_until: Moment | None = None
    is_running: bool | None = None
    is_stuck: bool = False


class Verdict(Value):
    found: tuple[Finding, ...] = ()
    cleared: tuple[Finding, ...] = ()
    left: int = 0
    """Earlier findings that this round could neither confirm nor clear."""

    @property
    def is_well(self) -> bool:
        """Whether the heartbeat may move on."""
        return not self.found and not self.left


def wakes_at(state: State) -> datetime | None:
    """When this entity wakes by itself; None where it is closed or nothing will wake it."""
    alarm = None if state.is_closed else state.alarm()
    return alarm.at if alarm else None


def seen(state: State, changed_at: datetime) -> Seen:
    """An open entity whose last change was then."""
    return Seen(
        stream=state.stream,
        wakes_at=wakes_at(state),
        rests_until=_rests_until(state, changed_at),
    )


def _rests_until(state: State, changed_at: datetime) -> datetime | None:
    """Until when an open state may be without an alarm.

    While a channel is being called, its answer is what wakes a post. What opened under the first
    rules sleeps where those had an end: an exhausted ladder, a post that waits for a person.
    """
    match state:
        case Post(stage=PostStage.PUBLISHING):
            return changed_at + UNDER_WAY
        case Post(stage=PostStage.UNCONFIRMED) if state.rules > 1:
            return changed_at + UNDER_WAY
    return FOR_EVER if state.rules == 1 and _slept_under_the_first_rules(state) else None


def _slept_under_the_first_rules(state: State) -> bool:
    match state:
        case Escalation():
            is_exhausted = state.rung >= len(state.terms.ladder)
            is_backlog = state.backlog and state.stage is Stage.UNCLAIMED
            return state.stage is not Stage.LISTENING and (is_exhausted or is_backlog)
        case Post():
            waits = (PostStage.IN_REVIEW, PostStage.FAILED, PostStage.UNCONFIRMED)
            return state.stage in waits
        case Commitment():
            return state.stage in (CommitmentStage.REPORTED, CommitmentStage.BROKEN)
        case _:
            return False


def findings(rows: Iterable[Seen], at: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong with what was seen."""
    return tuple(Finding(stream=row.stream, code=code) for row in rows for code in _codes(row, at))


def _codes(row: Seen, at: datetime) -> Iterable[Code]:
    if row.wakes_at is None:
        if row.rests_until is None or row.rests_until < at:
            yield Code.NO_ALARM
    elif row.wakes_at < at - LATE:
        yield Code.OVERDUE
    if row.is_running is False:
        yield Code.NO_WORKFLOW
    if row.is_stuck:
        yield Code.STUCK


def judge(known: Collection[Finding], rows: Collection[Seen], at: datetime) -> Verdict:
    """What a round found, and which earlier findings it clears.

    A missing workflow is missing until Temporal was asked again. Everything else is looked for in
    whole each time, so what is not found again is over.
    """
    found = findings(rows, at)
    unasked = {row.stream for row in rows if row.is_running is None}
    gone = [finding for finding in known if finding not in found]
    left = [f for f in gone if f.code is Code.NO_WORKFLOW and f.stream in unasked]
    cleared = tuple(finding for finding in gone if finding not in left)
    return Verdict(found=found, cleared=cleared, left=len(left))


FEW = 3
"""So many at once may be an accident of single cases, however few are open."""

SHARE = 10
"""Beyond one in ten of all that is open, it is the service that does not do its work."""


def is_severe(streams: int, open_count: int) -> bool:
    """Whether findings about so many streams mean that the service as a whole is broken."""
    return streams > max(FEW, open_count // SHARE)
