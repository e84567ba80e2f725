"""Moments as pages say them: those of ``texts.times``, in the reader's language and zone."""

from __future__ import annotations

from texts.times import (
    absolute,
    ago,
    clock,
    date_in_full,
    day,
    due,
    end_of_day,
    exact_span,
    moment_in,
    month,
    relative,
    span,
    weekdays,
    working_span,
)

__all__ = [
    "absolute",
    "ago",
    "clock",
    "date_in_full",
    "day",
    "due",
    "end_of_day",
    "exact_span",
    "moment_in",
    "month",
    "relative",
    "span",
    "weekdays",
    "working_span",
]
