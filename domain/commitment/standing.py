"""What the public is told of a commitment: how it stands, who says so, and since when.

A report that still waits to be cleared, a date that is only asked for, a note, a reminder: all of
that is inside, and nothing here knows of it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from domain.commitment.stages import CommitmentStage
from domain.commitment.state import Commitment


class Standing(StrEnum):
    """How a promise stands. Each is in exactly one of these, as in the figures."""

    OPEN = "open"
    """Not settled, and no date of it has passed unkept."""
    BROKEN = "broken"
    """Its date has passed, and it is neither kept nor withdrawn."""
    KEPT = "kept"
    """By the first date that was given."""
    RENEGOTIATED = "renegotiated"
    """Kept by a later date, which the public could read before the earlier one had passed."""
    KEPT_LATE = "kept_late"
    """Kept after it was broken."""
    WITHDRAWN = "withdrawn"


CLAIMED = frozenset(
    {
        CommitmentStage.TOLD,
        CommitmentStage.DENIED,
        CommitmentStage.KEPT,
        CommitmentStage.KEPT_LATE,
    }
)
"""Stages in which the public has read our word that it is kept."""


def standing_of(state: Commitment) -> Standing:
    match state.stage:
        case CommitmentStage.WITHDRAWN:
            return Standing.WITHDRAWN
        case CommitmentStage.KEPT_LATE:
            return Standing.KEPT_LATE
        case CommitmentStage.KEPT:
            return Standing.RENEGOTIATED if state.is_renegotiated else Standing.KEPT
        case _:
            is_broken = state.was_broken or state.stage is CommitmentStage.BROKEN
            return Standing.BROKEN if is_broken else Standing.OPEN


def turned_at(state: Commitment) -> datetime:
    """When the public could last read that something about it has changed."""
    moments = [state.opened_at, state.broken_at, state.settled_at]
    moments += [date.since for date in state.dates]
    moments += [said.at for said in (state.word, state.answered) if said is not None]
    if state.stage is CommitmentStage.TOLD:
        moments.append(state.entered_at)
    return max(moment for moment in moments if moment is not None)
