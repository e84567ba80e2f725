"""Moments as people read them: a distance and a date with its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def absolute(at: datetime) -> str:
    """``Tue 2 Dec 2025, 14:00 UTC``."""
    moment = at.astimezone(UTC)
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M} UTC"


def span(seconds: float) -> str:
    """A length of time in its largest unit that says enough: ``3 h``, ``2 d``, ``5 min``."""
    whole = int(abs(seconds))
    for size, unit in _UNITS:
        # Up to two days are told in hours, up to two hours in minutes: "1 d" hides too much.
        if whole >= (2 * size if unit != "min" else size):
            return f"{whole // size} {unit}"
    return "less than a minute"


def exact_span(seconds: int) -> str:
    """A length of time with nothing left out: ``1 d 2 h 30 min``."""
    parts, rest = [], seconds
    for size, unit in (*_UNITS, (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "no time"


def relative(at: datetime, now: datetime) -> str:
    """``in 3 h`` or ``3 h ago``."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < _UNITS[-1][0]:
        return "in a moment" if seconds > 0 else "just now"
    return f"in {span(seconds)}" if seconds > 0 else f"{span(seconds)} ago"


def ago(at: datetime, now: datetime) -> str:
    """``2 s ago`` or ``3 h ago``, for what has just happened."""
    seconds = (now - at).total_seconds()
    return f"{max(int(seconds), 0)} s ago" if seconds < _UNITS[-1][0] else relative(at, now)


def due(at: datetime, now: datetime) -> str:
    """``due in 3 h`` or ``3 h late``."""
    seconds = (at - now).total_seconds()
    return f"due in {span(seconds)}" if seconds >= 0 else f"{span(seconds)} late"


def end_of_day(text: str) -> str:
    """The last second of a day, as a form sends it (``2026-03-01``), in UTC and ISO 8601.

    What is no date is handed back as it is, for the checks of the door to refuse by name.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return datetime.combine(day, time(23, 59, 59), UTC).isoformat()
