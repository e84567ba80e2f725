"""A deadline and how it explains itself. Plain time: every second counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.base import Moment, Seconds, Value, iso, span
from domain.terms import Rung

TICK = timedelta(milliseconds=1)
"""What follows from a moment having passed follows this much after it: a timer's resolution."""


class Deadline(Value):
    """The moment by which the next move is owed, with what it was computed from."""

    stage: str
    start_at: Moment
    allowance: Seconds

    @property
    def due_at(self) -> datetime:
        return self.start_at + span(self.allowance)

    def is_late(self, at: datetime) -> bool:
        """Late only once the moment has passed, never at the moment itself."""
        return at > self.due_at

    def rung_at(self, rung: Rung) -> datetime:
        """When a rung is reached; the one at the deadline itself once that moment has passed."""
        at = self.start_at + span(self.allowance) * rung.permille / 1000
        return at + TICK if at == self.due_at else at

    def explain(self) -> tuple[str, ...]:
        """The arithmetic, a step a line, for people."""
        return (
            f"started {iso(self.start_at)} when the stage '{self.stage}' began",
            f"allowance {self.allowance} s of plain time, counted around the clock",
            f"due {iso(self.due_at)}",
        )
