"""Deadlines that run now: what a changed calendar is compared with before it is applied."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session, col

from domain.deadlines import Deadline
from domain.escalation import Escalation
from domain.matter import Matter
from domain.terms import Terms
from store import records, tables

PAGE = 200
"""Snapshots held at a time."""


def deadlines(session: Session) -> Iterator[tuple[str, Terms, Deadline]]:
    """The deadline of every open escalation's and matter's next move, with the terms it has pinned.

    Promises are not among them: their dates were told to the public, and no calendar moves those.
    """
    table, after = tables.Snapshot, ""
    statement = (
        select(table)
        .where(col(table.kind).in_(("escalation", "matter")), col(table.is_open))
        .order_by(col(table.stream))
        .limit(PAGE)
    )
    while rows := session.scalars(statement.where(col(table.stream) > after)).all():
        for row in rows:
            state = records.load(row)
            if isinstance(state, Escalation | Matter) and state.deadline is not None:
                yield row.stream, state.terms, state.deadline
        after = rows[-1].stream
        session.expunge_all()
