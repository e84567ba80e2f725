"""How much of everything is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    rounds: int = 3
    """Rounds of ours and of bare, taking turns; the medians count."""
    cases: int = 40
    """Whole lives of a case in one round."""
    at_once: int = 8
    """Of those at the same time."""
    idle_seconds: float = 5.0
    """How long the idle stack is watched."""
    claims: int = 300
    """Claims that arrive independently of each other, ten a second."""
    looped_claims: int = 100
    """Claims of one closed-loop round."""
    openings: int = 400
    """Arrivals of one round; a part of the hand-over, see ``activities.upkeep.PART``."""
    lists: int = 10
    """Lists of a thousand comments."""
    list_length: int = 1_000
    crowd: int = 1_000_000
    """Escalations in the full table of the queue, and how many of them are open."""
    crowd_open: int = 20_000
    few: int = 1_000
    """Escalations in the small table that the full one is compared with, all of them open."""
    storm: int = 10_000
    """Comments about one thing."""
    pages: int = 800
    """Pages that are asked for, twenty a second."""
    pages_crowd: int = 100_000
    """Escalations behind those pages, and how many of them are open."""
    pages_open: int = 20_000
    looks: int = 150
    """Times each view of the queue is looked at, on each of its two pages."""


FULL = Sizes()

QUICK = Sizes(
    rounds=1,
    cases=3,
    at_once=3,
    idle_seconds=0.5,
    claims=10,
    looped_claims=10,
    openings=10,
    lists=1,
    list_length=50,
    crowd=5_000,
    crowd_open=2_000,
    few=500,
    storm=40,
    pages=20,
    pages_crowd=2_000,
    pages_open=500,
    looks=5,
)
"""Enough to see that everything runs; its figures mean nothing."""
