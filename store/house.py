"""What is recorded of the house itself, in the transaction that changes it: nothing changes
without its entry, and no entry stands for a change that did not happen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.entity import Event
from domain.house import HOUSE, CaseRead
from store import records
from store.tables import HouseNotice, Person, Reading
from store.words import new_id


def record(session: Session, events: Sequence[Event], by: str, at: datetime) -> None:
    """Write what happened and who did it. Call it last: the ledger is held until the commit."""
    if events:
        records.append(session, HOUSE, events, by, at)


# Reading. ------------------------------------------------------------------------------------


def is_noted(session: Session, person_id: str, stream: str, at: datetime) -> bool:
    """Whether it is on record that this person read this case within this hour."""
    row = session.get(Reading, (person_id, stream))
    return row is not None and row.hour == _hour(at)


def note_reading(session: Session, person_id: str, stream: str, at: datetime) -> None:
    """Record that this person read this case, once an hour. Safe to repeat."""
    row = session.get(Reading, (person_id, stream), with_for_update=True)
    if row is not None and row.hour == _hour(at):
        return
    if row is None:
        session.add(Reading(person_id=person_id, stream=stream, hour=_hour(at)))
    else:
        row.hour = _hour(at)
    record(session, [CaseRead(stream=stream)], person_id, at)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


# Telling. ------------------------------------------------------------------------------------


def tell(session: Session, person_id: str, reason: str, about: str, at: datetime) -> None:
    """Keep a notice for this person until the sweep has handed it on."""
    session.add(
        HouseNotice(id=new_id(), person_id=person_id, reason=reason, about=about, made_at=at)
    )


def untold(session: Session, limit: int) -> list[HouseNotice]:
    """Notices that wait, oldest first; those for people who have left wait for nothing."""
    statement = (
        select(HouseNotice)
        .join(Person, col(Person.id) == col(HouseNotice.person_id))
        .where(col(HouseNotice.told_at).is_(None), col(Person.is_active))
        .order_by(col(HouseNotice.id))
        .limit(limit)
    )
    return list(session.scalars(statement))


def mark_told(session: Session, notice_id: str, at: datetime) -> None:
    session.get_one(HouseNotice, notice_id).told_at = at
