"""Spans of time as people write them into the policy file: "4h", "30m", "2d", or ISO 8601.

A day is not always a day. Where working time counts, ``1w`` is what the calendar has in a week, and
``1d`` is that divided by the weekdays on which it is open; where plain time counts, they are 168
and 24 hours. So a span keeps its days apart from its hours until the calendar is known, which no
library for durations does.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, GetPydanticSchema, PlainSerializer
from pydantic_core import core_schema

from domain.base import Seconds
from domain.calendar import Calendar
from domain.policy import week_of

_SHORT = re.compile(
    r"([+-]?)"
    + r"\s*".join(rf"(?:(\d{{1,9}})\s?{unit})?" for unit in ("w", "d", "h", "m(?:in)?", "s"))
)
_ISO = re.compile(
    r"([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?"
)


class Units(NamedTuple):
    """What a day and a week are worth, in seconds."""

    day: Seconds
    week: Seconds


PLAIN = Units(86_400, 604_800)


def working(calendar: Calendar | None) -> Units:
    """What a day and a week of this calendar are worth; of none, those of plain time."""
    if calendar is None:
        return PLAIN
    week = week_of(calendar)
    return Units(week // sum(1 for windows in calendar.weekly if windows), week)


class Span(NamedTuple):
    """A span as it was written. All parts carry its sign."""

    weeks: int
    days: int
    seconds: Seconds
    text: str

    def of(self, units: Units) -> Seconds:
        return self.weeks * units.week + self.days * units.day + self.seconds

    def __str__(self) -> str:
        return self.text


def parse(value: Any) -> Span:
    """A span from its text, or from whole seconds. Raises ValueError that says how to write it."""
    if isinstance(value, Span):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Span(0, 0, value, f"{value}s")
    text = value.strip() if isinstance(value, str) else ""
    match = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        raise ValueError("it is no span of time; write 30m, 4h, 1h30m, 2d, 1w, or ISO 8601: PT4H")
    sign = -1 if match[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (sign * int(part or 0) for part in match.groups()[1:])
    return Span(weeks, days, hours * 3600 + minutes * 60 + seconds, text)


def read(seconds: Seconds, units: Units = PLAIN) -> str:
    """Seconds as people read them, the other way round: 5400 is 1h30m."""
    if seconds == 0:
        return "0s"
    sign, rest, said = "-" if seconds < 0 else "", abs(seconds), ""
    sizes = (("d", units.day), ("h", 3600), ("m", 60), ("s", 1))
    for unit, size in sizes if units == PLAIN else sizes[1:]:
        count, rest = divmod(rest, size)
        said += f"{count}{unit}" if count else ""
    return sign + said


SpanField = Annotated[
    Span,
    GetPydanticSchema(lambda _source, _handler: core_schema.any_schema()),
    BeforeValidator(parse),
    PlainSerializer(str),
]


class Mark(NamedTuple):
    """Where a rung is: at a thousandth of the allowance, or so long from the deadline."""

    permille: int | None
    offset: Span | None
    text: str

    def __str__(self) -> str:
        return self.text


_SHARE = re.compile(r"(\d{1,5})(?:\.(\d))?\s?%")


def parse_mark(value: Any) -> Mark:
    """A mark from "75%" or from a span such as "-2h" or "+1d". Raises ValueError."""
    if isinstance(value, Mark):
        return value
    share = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if share is not None:
        return Mark(int(share[1]) * 10 + int(share[2] or 0), None, value.strip())
    try:
        span = parse(value) if isinstance(value, str) else None
    except ValueError:
        span = None
    if span is None:
        raise ValueError(
            'it is no place on a ladder; write a share of the time allowed, such as "75%", or a '
            'span from the deadline, such as "-2h" or "+1d"'
        )
    return Mark(None, span, span.text)


MarkField = Annotated[
    Mark,
    GetPydanticSchema(lambda _source, _handler: core_schema.any_schema()),
    BeforeValidator(parse_mark),
    PlainSerializer(str),
]
