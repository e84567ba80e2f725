"""Every deadline that a case has had, from its facts: what was owed, by when, with the arithmetic,
when it was done and whether in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from domain import calendar
from domain.base import SYSTEM
from domain.commitment import Commitment
from domain.deadlines import Deadline
from domain.entity import State
from domain.escalation import Escalation
from domain.ledger import Fact
from domain.matter import Matter
from domain.post import Post
from domain.post.stages import REVIEW
from store import details
from store.record_views import Clock
from store.views import DeadlineView


@dataclass
class _Running:
    view: DeadlineView
    from_seq: int
    ended: Fact | None = None


def clocks(steps: Iterable[tuple[Fact, State]], at: datetime) -> tuple[Clock, ...]:
    """The deadlines in the order in which they began. One that was extended or paused is the same
    one, shown as it came to be in the end."""
    known: dict[tuple[str, datetime], _Running] = {}
    for fact, state in steps:
        running = {(view.stage, view.start_at): view for view in _running(state, at)}
        for key, view in running.items():
            if key in known:
                known[key].view, known[key].ended = view, None
            else:
                known[key] = _Running(view, fact.seq)
        for key, clock in known.items():
            if key not in running and clock.ended is None:
                clock.ended = fact
    return tuple(_clock(clock, at) for clock in known.values())


def _clock(clock: _Running, at: datetime) -> Clock:
    end, due_at = clock.ended, clock.view.due_at
    is_late = due_at is not None and (end.at if end else at) > due_at
    return Clock(
        deadline=clock.view.model_copy(update={"is_late": is_late}),
        from_seq=clock.from_seq,
        ended_at=end.at if end else None,
        ended_seq=end.seq if end else None,
        is_late=is_late and not _is_no_move(clock),
    )


def _is_no_move(clock: _Running) -> bool:
    """Whether nobody was to move by then: a time of quiet runs out by itself, a moment later."""
    return clock.view.stage == "listening" and clock.ended is not None and clock.ended.by == SYSTEM


def _running(state: State, at: datetime) -> Iterator[DeadlineView]:
    match state:
        case Escalation():
            if state.deadline is not None and not state.is_closed:
                worktime = state.calendar if state.rules >= 2 else None
                yield details.deadline_view(state.stream, state.deadline, (), 0, at, worktime)
            if state.question is not None:
                shelved = state.question.shelved
                yield details.deadline_view(state.stream, shelved, (), 0, at, state.calendar)
        case Matter():
            if state.deadline is not None and not state.is_closed:
                yield details.deadline_view(state.stream, state.deadline, (), 0, at, state.calendar)
        case Commitment():
            if not state.is_closed and state.course is not None:
                view = details.deadline_view(state.stream, state.deadline, (), 0, at)
                if state.rules >= 2:
                    said = {"due_at": state.course.due, "explained": state.explain()}
                    view = view.model_copy(update=said)
                yield view
        case Post():
            if state.owed_since is not None and state.due_at is not None:
                yield _of_post(state, state.owed_since, at)


def _of_post(state: Post, since: datetime, at: datetime) -> DeadlineView:
    allowance = state.review or REVIEW
    deadline = Deadline.begin(state.stage, since, allowance, state.calendar)
    view = details.deadline_view(state.stream, deadline, (), 0, at, state.calendar)
    steps = calendar.steps(state.calendar, since, allowance)
    return view.model_copy(update={"due_at": state.due_at, "explained": steps})
