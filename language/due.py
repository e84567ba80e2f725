"""By when a promise says that it will be kept: a date to begin with, for a person to look at.

It reads only what can be read in one way: a date written out, "tomorrow", a weekday, "within three
days". Anything else has no answer, and the writer gives the date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from language import rules


@dataclass(frozen=True)
class _Words:
    days: Mapping[str, int]
    """How far away a day is that has a name of its own."""
    weekdays: tuple[str, ...]
    """Monday first."""
    numbers: Mapping[str, int]
    units: Mapping[str, int]
    """In days; the plural as well."""


_LANGUAGES: Mapping[str, _Words] = {
    "en": _Words(
        days={"today": 0, "tonight": 0, "tomorrow": 1},
        weekdays=(
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        ),
        numbers={
            "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
            "seven": 7, "ten": 10, "fourteen": 14,
        },
        units={"hour": 0, "hours": 0, "day": 1, "days": 1, "week": 7, "weeks": 7},
    ),
}  # fmt: skip

_DATE = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")


def day(sentence: str, today: date, language: str = "en") -> date | None:
    """The last day on which the sentence would be kept; None where it does not say."""
    if found := _DATE.search(sentence):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return None
    words = _LANGUAGES.get(rules.primary(language))
    spoken = re.findall(r"[^\W_]+", sentence.lower())
    return _spoken(spoken, words, today) if words else None


def _spoken(spoken: list[str], words: _Words, today: date) -> date | None:
    for word in spoken:
        if word in words.days:
            return today + timedelta(days=words.days[word])
        if word in words.weekdays:
            # The next one: on a Friday, "by Friday" is a week away, never already over.
            ahead = (words.weekdays.index(word) - today.weekday() - 1) % 7 + 1
            return today + timedelta(days=ahead)
    for count, unit in pairwise(spoken):
        if unit not in words.units:
            continue
        number = int(count) if count.isascii() and count.isdigit() else words.numbers.get(count)
        if number is not None and number <= 366:
            hours = number if words.units[unit] == 0 else 0
            return today + timedelta(days=words.units[unit] * number or -(-hours // 24))
    return None
