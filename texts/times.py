"""Moments as people read them: a distance, and a date with its zone, in their language and place.

The zone is that of whoever reads (``texts.zone``). What is said often is kept: a page of fifty rows
says the same few dates, hours and zones again and again.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache

from babel import Locale, dates

from texts import gettext as _
from texts import spoken, zone

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60

_LETTERS = 5
"""A name of a zone that is longer, such as Eastern Standard Time, is no short one."""


def absolute(at: datetime) -> str:
    """``Tue, 2 Dec 2025, 14:00 CET``."""
    moment = at.astimezone(zone())
    region = spoken().region
    when = _joined(_date(moment.date(), "yMMMEd", region), _hour(moment, region), region)
    return f"{when} {_zone(moment, region)}"


def moment_in(at: datetime) -> str:
    """``Tue, 2 Dec, 14:00``, where the page says the zone once and the year is plain."""
    moment, region = at.astimezone(zone()), spoken().region
    return _joined(_date(moment.date(), "MMMEd", region), _hour(moment, region), region)


def brief(at: datetime, now: datetime) -> str:
    """``Tue, 2 Dec, 14:00 CET``; with the year where it is another one than that of ``now``."""
    moment = at.astimezone(zone())
    if moment.year != now.astimezone(zone()).year:
        return absolute(at)
    return f"{moment_in(at)} {_zone(moment, spoken().region)}"


def clock(at: datetime) -> str:
    """``14:00``."""
    return _hour(at.astimezone(zone()), spoken().region)


def day(on: date) -> str:
    """``Tue, 2 Dec 2025``."""
    return _date(on, "yMMMEd", spoken().region)


def month(on: date) -> str:
    """``December 2025``."""
    return _date(on, "yMMMM", spoken().region)


def weekdays(first: int) -> list[tuple[str, str]]:
    """The days of a week from this one on (0 is Monday), short and in full."""
    days = spoken().locale.days["stand-alone"]
    order = [(first + n) % 7 for n in range(7)]
    return [(days["abbreviated"][n], days["wide"][n]) for n in order]


def date_in_full(on: date) -> str:
    """``Tuesday, 2 December 2025``."""
    return _date(on, "full", spoken().region)


@lru_cache(maxsize=4096)
def _date(on: date, skeleton: str, region: str) -> str:
    if skeleton == "full":
        return dates.format_date(on, "full", region)
    return dates.format_skeleton(skeleton, on, locale=region)


def _hour(moment: datetime, region: str) -> str:
    return _time(moment.hour, moment.minute, region)


@lru_cache(maxsize=4096)
def _time(hour: int, minute: int, region: str) -> str:
    return dates.format_time(time(hour, minute), "short", locale=region)


def _joined(on: str, hour: str, region: str) -> str:
    return _glue(region).format(hour, on)


@lru_cache(maxsize=64)
def _glue(region: str) -> str:
    return str(Locale.parse(region).datetime_formats["medium"]).replace("'", "")


def _zone(moment: datetime, region: str) -> str:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return _zone_name(hour, moment.fold, zone().key, region)


@lru_cache(maxsize=4096)
def _zone_name(hour: datetime, fold: int, key: str, region: str) -> str:
    """By the hour, within which a zone keeps its name. The same hour of two zones is equal for
    Python, and so are both of an hour that comes twice: what tells them apart goes along."""
    name = str(dates.get_timezone_name(hour, width="short", locale=region))
    if not (name.isalpha() and len(name) <= _LETTERS):
        # Where the locale has no short name, the one that is used around the world.
        name = hour.tzname() or ""
    if name.isalpha():
        return name
    # Places without a name for their time are called by their distance alone.
    sign = "-" if name.startswith("-") else "+"
    hours, minutes = name.lstrip("+-")[:2], name.lstrip("+-")[2:4]
    return f"UTC{sign}{int(hours)}{f':{minutes}' if minutes.strip('0') else ''}"


def span(seconds: float) -> str:
    """A length of time in units that say enough: ``2 d``, ``14 h``, ``3 h 59 min``, ``5 min``."""
    whole = int(abs(seconds))
    # Up to two days are told in hours, up to two hours in minutes: "1 d" hides too much. Up to half
    # a day minutes are told as well, and what is longer to the nearest: "3 h" is not nearly four.
    if whole >= 2 * _DAY:
        return _("%(count)s d", count=(whole + _DAY // 2) // _DAY)
    if whole >= 12 * _HOUR:
        return _("%(count)s h", count=(whole + _HOUR // 2) // _HOUR)
    if whole >= 2 * _HOUR:
        return working_span(whole - whole % _MINUTE)
    if whole >= _MINUTE:
        return _("%(count)s min", count=whole // _MINUTE)
    return _("less than a minute")


def exact_span(seconds: int) -> str:
    """A length of time with nothing left out: ``1 d 2 h 30 min``."""
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    parts = [
        days and _("%(count)s d", count=days),
        hours and _("%(count)s h", count=hours),
        minutes and _("%(count)s min", count=minutes),
        left and _("%(count)s s", count=left),
    ]
    return " ".join(str(part) for part in parts if part) or _("no time")


def working_span(seconds: int) -> str:
    """A length of working time: hours are the largest unit, since one day's work is not like
    another's."""
    hours, rest = divmod(seconds, _HOUR)
    parts = [
        hours and _("%(count)s h", count=hours),
        rest and _("%(count)s min", count=rest // _MINUTE),
    ]
    return " ".join(str(part) for part in parts if part) or _("no time")


def relative(at: datetime, now: datetime) -> str:
    """``in 3 h`` or ``3 h ago``."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < _MINUTE:
        return _("in a moment") if seconds > 0 else _("just now")
    if seconds > 0:
        return _("in %(span)s", span=span(seconds))
    return _("%(span)s ago", span=span(seconds))


def ago(at: datetime, now: datetime) -> str:
    """``2 s ago`` or ``3 h ago``, for what has just happened."""
    seconds = (now - at).total_seconds()
    if seconds >= _MINUTE:
        return relative(at, now)
    return _("%(span)s ago", span=_("%(count)s s", count=max(int(seconds), 0)))


def due(at: datetime, now: datetime) -> str:
    """``due in 3 h`` or ``3 h late``."""
    seconds = (at - now).total_seconds()
    if seconds >= 0:
        return _("due in %(span)s", span=span(seconds))
    return _("%(span)s late", span=span(seconds))


def distance(at: datetime, now: datetime) -> str:
    """``in 3 h`` or ``20 min late``, in letters, which are read once and then are past."""
    seconds = (at - now).total_seconds()
    told = span(max(abs(seconds), _MINUTE)).replace(" ", "\N{NO-BREAK SPACE}")
    return _("in %(span)s", span=told) if seconds >= 0 else _("%(span)s late", span=told)


def end_of_day(text: str) -> str:
    """The last second of a day of the reader, as a form sends it (``2026-03-01``), in ISO 8601.

    What is no date is handed back as it is, for the checks of the door to refuse by name.
    """
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return text
    return datetime.combine(on, time(23, 59, 59), zone()).astimezone(UTC).isoformat()
