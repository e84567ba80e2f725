"""Days as a reader counts them: in their zone, in weeks that begin where theirs do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from store import roster

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6

# The first day of the week by region, after CLDR 48 (supplemental data, weekData); everywhere else
# it is Monday.
_FIRST = {
    FRIDAY: "MV",
    SATURDAY: "AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY",
    SUNDAY: "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HK HN ID IL IN JM JP KE KH KR LA MH MM "
    "MO MT MX MZ NI NP PA PE PH PK PR PT PY SA SG SV TH TT TW UM US VE VI WS YE ZA ZW",
}
_WEEKDAY_OF = {region: day for day, regions in _FIRST.items() for region in regions.split()}

_REGION = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?-([A-Za-z]{2})\b")


def first_weekday(accept_language: str) -> int:
    """The weekday on which a week begins for a browser that speaks like this; 0 is Monday."""
    found = _REGION.match(accept_language.strip())
    return _WEEKDAY_OF.get(found[1].upper(), MONDAY) if found else MONDAY


def zone_of(session: Session, person_id: str) -> ZoneInfo:
    """The time zone in which a person reads times."""
    return ZoneInfo(roster.zone_of(session, person_id))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def beginning(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def week_of(day: date, first: int) -> date:
    """The first day of the week that this day is in."""
    return day - timedelta(days=(day.weekday() - first) % 7)


def month_of(text: str, usual: date) -> date:
    """The first day of the month that an address names, such as ``2026-11``."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return usual.replace(day=1)
    # A year on either side of what dates can hold would break the weeks around it.
    return found if 1000 <= found.year <= 9000 else usual.replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def last_month(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def weeks(month: date, first: int) -> Iterator[list[date]]:
    """The weeks that show a month whole, with the days of its neighbours at both ends."""
    day = week_of(month, first)
    while day < next_month(month):
        yield [day + timedelta(days=n) for n in range(7)]
        day += timedelta(days=7)
