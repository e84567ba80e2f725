"""The secret link by which somebody reads their own deadlines in a calendar program.

It is a token that opens nothing else; like every token it is kept as a hash, is an entry of the
house, and ends when its person leaves. Each person has one: a new one ends the one before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.errors import Unknown
from domain.people import Actor
from store import people
from store.people import Purpose
from store.tables import Person, Token


def made_at(session: Session, person_id: str) -> datetime | None:
    """When the link that works now was made; None where there is none."""
    return session.scalars(
        select(col(Token.created_at))
        .where(
            col(Token.person_id) == person_id,
            col(Token.purpose) == Purpose.CALENDAR,
            col(Token.revoked_at).is_(None),
        )
        .order_by(col(Token.id).desc())
    ).first()


def make(session: Session, person_id: str, at: datetime) -> str:
    """A new link's secret, shown this once; the one before ends. Raises Unknown."""
    session.get(Person, person_id, with_for_update=True)  # Of two at once, one ends the other.
    end(session, person_id, at)
    return people.create_token(session, person_id, at, Purpose.CALENDAR, by=person_id)


def end(session: Session, person_id: str, at: datetime) -> None:
    """End the link. Safe to repeat."""
    people.revoke(session, at, by=person_id, person_id=person_id, purpose=Purpose.CALENDAR)


def reader(session: Session, secret: str, at: datetime) -> Actor:
    """Whose deadlines a link opens. Raises Unknown."""
    actor = people.holder(session, secret, at, Purpose.CALENDAR)
    if actor is None:
        raise Unknown(
            "unknown_link",
            "this link opens no calendar, or no longer",
            "make a new one on the page about you, /me",
        )
    return actor
