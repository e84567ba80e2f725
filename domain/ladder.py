"""Ladders: when each rung is reached, and the standing watch after the last one.

A ladder is policy's; here it meets one deadline. Rungs are numbered in the order in which the
ladder lists them, repeats included, so that a rung keeps its number when a deadline moves.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.base import span
from domain.calendar import Calendar
from domain.deadlines import TICK, WHOLE, Deadline
from domain.terms import Rung

WATCH = (timedelta(days=7), timedelta(days=14), timedelta(days=28))
"""After the last rung executives are told again after a week, then two, then every four weeks:
what is open is never without a next moment, and nobody's history grows by more than a few events
a month."""


class Step(NamedTuple):
    """One rung as it falls for one deadline: its number, its moment, what it is."""

    n: int
    at: datetime
    rung: Rung


def steps(
    ladder: tuple[Rung, ...], deadline: Deadline, calendar: Calendar | None
) -> tuple[Step, ...]:
    """Every rung with its repeats, numbered in the ladder's order.

    Repeats count in working time as the rest does. While a pause runs nothing is reached: the
    rungs come back when it ends.
    """
    found: list[Step] = []
    for rung in ladder:
        for turn in range(rung.times):
            at = _moment(rung, turn, deadline, calendar)
            if at is None:
                return ()
            found.append(Step(len(found), at, rung))
    return tuple(found)


def _moment(
    rung: Rung, turn: int, deadline: Deadline, calendar: Calendar | None
) -> datetime | None:
    """When a rung comes for the n-th time: so much working time later each turn."""
    later = rung.every * turn
    if rung.offset is not None:
        return deadline.moment(calendar, offset=rung.offset + later)
    if not later:
        return deadline.moment(calendar, rung.permille)
    share = span(deadline.granted) * rung.permille / WHOLE
    at = deadline.reached(calendar, share + span(later))
    return at + TICK if at is not None and at == deadline.due_at else at


def next_step(found: tuple[Step, ...], climbed: Collection[int]) -> Step | None:
    """The earliest rung that has not been climbed; None where the ladder is exhausted."""
    left = [step for step in found if step.n not in climbed]
    return min(left, key=lambda step: (step.at, step.n), default=None)


def watch_at(base: datetime, n: int) -> datetime:
    """When the standing watch rings for the time ``n`` (from 0), counted from ``base``."""
    passed = sum(WATCH[:n], timedelta())
    late = max(n - len(WATCH) + 1, 0)
    return base + passed + (WATCH[n] if n < len(WATCH) else WATCH[-1] * late)
