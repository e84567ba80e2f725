"""Whether the reader is counted as away, and who is there in their place: said where they look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

import texts
from api.deps import now
from api.pages import days
from api.pages.security import Viewer
from domain.people import Role, Seat, Seats
from store import absences, people


@dataclass(frozen=True)
class Away:
    """An absence that the reader is in. ``instead``: the names of those who are there in their
    place, deputies of deputies included; empty where nobody is."""

    id: str
    last_day: date
    instead: tuple[str, ...]
    is_last: bool


def away_of(session: Session, viewer: Viewer) -> Away | None:
    """The absence that the reader is in now; None where they are counted as there."""
    me, at = viewer.actor.id, now()
    row = absences.current(session, me, at)
    if row is None:
        return None
    filled = people.filled(session, Seat.PERSON, Seats(team="", person=me), at, urgent=True)
    # Whoever was found further up is nobody's deputy.
    instead = () if filled.empty else filled.people
    names = people.names(session, instead)
    return Away(
        id=row.id,
        last_day=last_day(row.until),
        instead=tuple(names.get(one, one) for one in instead),
        is_last=is_last(session, viewer, at),
    )


def last_day(until: datetime) -> date:
    """The last day of an absence that ends at this moment, in the zone of the page."""
    return days.day_of(until - timedelta(seconds=1), texts.zone())


def is_last(session: Session, viewer: Viewer, at: datetime) -> bool:
    """Whether nobody is next up at this moment: they are an executive, and no other one is there,
    nor anybody in the place of another one."""
    seats = Seats(team="", not_person=viewer.actor.id)
    filled = people.filled(session, Seat.APPROVERS, seats, at, urgent=True)
    return viewer.actor.has(Role.EXECUTIVE) and Seat.APPROVERS in filled.empty
