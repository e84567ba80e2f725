"""A person's working hours: weekly windows in the time of their own place.

Which moments these are depends on a zone, and zones are known to the store alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from domain.base import Value
from domain.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

_PART = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?((?: \d\d?:\d\d-\d\d?:\d\d)+)")
_WINDOW = re.compile(r"(\d\d?):(\d\d)-(\d\d?):(\d\d)")


class Window(Value):
    """From one minute of a local day to another, the last one not included. Monday is 0."""

    weekday: int
    opens: int
    closes: int


class Hours(Value):
    """The windows of a week, in order, none overlapping another."""

    windows: tuple[Window, ...]

    def on(self, weekday: int) -> Iterator[Window]:
        return (window for window in self.windows if window.weekday == weekday)


def parse_hours(text: str) -> Hours:
    """The hours that a text such as ``mon-fri 09:00-12:30 13:30-17:00, sat 10:00-12:00`` means.

    Raises Invalid that says what cannot be read and how it is written.
    """
    windows: list[Window] = []
    for part in tidy_hours(text).split(", "):
        windows += _windows(part)
    windows.sort(key=lambda w: (w.weekday, w.opens))
    for one, other in pairwise(windows):
        if one.weekday == other.weekday and other.opens < one.closes:
            raise _wrong(f"two windows of {DAYS[one.weekday]} overlap")
    return Hours(windows=tuple(windows))


def tidy_hours(text: str) -> str:
    """The same hours in the one spelling that is stored and compared."""
    return ", ".join(" ".join(part.split()) for part in text.lower().split(","))


def _windows(part: str) -> list[Window]:
    found = _PART.fullmatch(part)
    if found is None:
        raise _wrong(f"'{part[:60]}' cannot be read")
    first, last, spans = found.groups()
    found_windows = []
    for opens_hour, opens_minute, closes_hour, closes_minute in _WINDOW.findall(spans):
        opens, closes = _minute(opens_hour, opens_minute), _minute(closes_hour, closes_minute)
        if opens >= closes:
            raise _wrong(
                f"'{part[:60]}' ends before it begins; a night is two windows, "
                "one until 24:00 and one from 00:00"
            )
        found_windows += [
            Window(weekday=day, opens=opens, closes=closes) for day in _days(first, last or first)
        ]
    return found_windows


def _days(first: str, last: str) -> list[int]:
    for name in (first, last):
        if name not in DAYS:
            raise _wrong(f"'{name}' is not a day of the week")
    begin, end = DAYS.index(first), DAYS.index(last)
    return [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]


def _minute(hour: str, minute: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > DAY_MINUTES:
        raise _wrong(f"{hour}:{minute} is not a time of day")
    return found


def _wrong(what: str) -> Invalid:
    return Invalid(
        "bad_hours",
        f"these are no working hours: {what}",
        "write them like: mon-fri 09:00-12:30 13:30-17:00, sat 10:00-12:00",
        field="hours",
    )
