"""Small sums over measured values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median

Figures = dict[str, float]
"""Measured values by name."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def medians(rounds: Sequence[Figures]) -> Figures:
    """For each name the median over all rounds."""
    return {name: median(one[name] for one in rounds) for name in rounds[0]}


def mean(values: Iterable[float]) -> float:
    return fmean(list(values))


def milliseconds(seconds: Sequence[float]) -> Figures:
    """How long something took, as the three figures that are told."""
    return {
        name: percentile(seconds, share) * 1000
        for name, share in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99))
    }
