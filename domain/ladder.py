"""Ladders: when each rung is reached, and the standing watch after the last one.

A ladder is policy's; here it meets one deadline. Rungs are numbered in the order in which the
ladder lists them, repeats included, so that a rung keeps its number when a deadline moves.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from domain import calendar as working
from domain.calendar import Calendar
from domain.deadlines import Deadline
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
        first = deadline.moment(calendar, rung.permille, rung.offset)
        if first is None:
            return ()
        for turn in range(rung.times):
            at = first
            if turn:
                at = working.add(calendar, first, rung.every * turn, deadline.pauses)
            found.append(Step(len(found), at, rung))
    return tuple(found)


def next_step(found: tuple[Step, ...], climbed: Collection[int]) -> Step | None:
    """The earliest rung that has not been climbed; None where the ladder is exhausted."""
    left = [step for step in found if step.n not in climbed]
    return min(left, key=lambda step: (step.at, step.n), default=None)


def watch_at(base: datetime, n: int) -> datetime:
    """When the standing watch rings for the time ``n`` (from 0), counted from ``base``."""
    passed = sum(WATCH[:n], timedelta())
    late = max(n - len(WATCH) + 1, 0)
    return base + passed + (WATCH[n] if n < len(WATCH) else WATCH[-1] * late)
