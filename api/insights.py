"""Figures as JSON, and what both doors understand of an address that asks for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import API, Reader, TheDoor, now
from domain.errors import Invalid
from store import insights
from store.insight_views import Insights, MovePage, Span
from store.insights import Which

router = APIRouter(prefix=API)

DAYS = 90
"""What is looked at where nobody says: a quarter of a year, today included."""

Word = Annotated[str, Query(max_length=40)]
Day = Annotated[str, Query(max_length=10, description="YYYY-MM-DD, in UTC; the day is included.")]


def span_of(since: Day = "", until: Day = "", team: Word = "", channel: Word = "") -> Span:
    """The span that an address asks for. Raises Invalid for days that are none, or in no order."""
    last = _day("until", until) or now().date()
    first = _day("since", since) or last - timedelta(days=DAYS - 1)
    if first > last:
        raise Invalid(
            "bad_span",
            "the first day is after the last",
            "ask for an earlier first day, or for a later last one",
            field="since",
        )
    return Span(
        since=_midnight(first),
        until=_midnight(last + timedelta(days=1)),
        team=team or None,
        channel=channel or None,
    )


def _day(field: str, told: str) -> date | None:
    if not told:
        return None
    try:
        day = date.fromisoformat(told)
    except ValueError:
        day = date.min
    if not 1970 <= day.year <= 9000:
        raise Invalid(
            "bad_day",
            f"{field} is no day between the years 1970 and 9000",
            "write it as YYYY-MM-DD, such as 2026-03-01",
            field=field,
        )
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


TheSpan = Annotated[Span, Depends(span_of)]


@router.get("/insights", tags=["insights"])
async def figures(door: TheDoor, actor: Reader, span: TheSpan) -> Insights:
    """Where time goes, step by step, executives included; what was decided, promised and said.

    About comments that came in from ``since`` to ``until`` (the last 90 days), and promises that
    were due then. Lengths are whole minutes.
    """
    return await door.read(lambda session: insights.insights(session, actor, now(), span))


@router.get("/insights/moves", tags=["insights"])
async def moves(
    door: TheDoor,
    actor: Reader,
    span: TheSpan,
    which: Annotated[Which, Depends()],
    limit: int = 50,
    cursor: str | None = None,
) -> MovePage:
    """The moves that a figure counts, each with its case, the newest case first."""
    return await door.read(
        lambda session: insights.moves(
            session, actor, now(), span, which, limit=limit, cursor=cursor
        )
    )
