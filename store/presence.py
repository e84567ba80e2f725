"""Who looks at a case just now, or writes in it: so that two do not write the same answer.

Rows in a table, because several processes serve pages; gone as soon as somebody leaves or says
nothing more. No history is kept, and nobody is told how long anybody looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlmodel import Session, col

from domain.people import Actor
from store import queries, tables
from store.statements import ask, plain
from store.tables import Presence

LASTS = timedelta(seconds=45)
"""Somebody who says nothing for so long has gone: two signs of life may be lost on the way."""


class Present(NamedTuple):
    """Somebody who is there."""

    person: str
    name: str
    is_writing: bool


def say(session: Session, stream: str, actor: Actor, at: datetime, *, is_writing: bool) -> None:
    """Say that somebody looks at a case or writes in it. Safe to repeat.

    Only those who work on it are seen: staff of another team leave no trace. Whoever has said
    nothing for a while is forgotten on the way.
    """
    session.execute(delete(Presence).where(col(Presence.seen_at) < at - LASTS))
    if not _works_on(session, stream, actor):
        return
    row = session.get(Presence, (stream, actor.id))
    if row is None:
        row = Presence(stream=stream, person_id=actor.id, is_writing=is_writing, seen_at=at)
        session.add(row)
    row.is_writing, row.seen_at = is_writing, at


def leave(session: Session, stream: str, actor: Actor) -> None:
    """Somebody has gone from a case. Safe to repeat."""
    session.execute(
        delete(Presence).where(col(Presence.stream) == stream, col(Presence.person_id) == actor.id)
    )


def others(
    session: Session, streams: Iterable[str], actor: Actor, at: datetime
) -> dict[str, list[Present]]:
    """Who else is at each of these cases, those who write first. For those who may read what is
    written there; nobody else learns who works on what."""
    rows = ask(session, _OTHERS, streams=list(streams), since=at - LASTS, reader=actor.id)
    found: dict[str, list[Present]] = {}
    for row in rows:
        here = Present(row.person_id, row.name, row.is_writing)
        found.setdefault(row.stream, []).append(here)
    return {stream: there for stream, there in found.items() if _works_on(session, stream, actor)}


_PRESENT, _PEOPLE = plain(Presence).c, plain(tables.Person).c
_OTHERS = (
    select(_PRESENT.stream, _PRESENT.person_id, _PEOPLE.name, _PRESENT.is_writing)
    .join(plain(tables.Person), _PEOPLE.id == _PRESENT.person_id)
    .where(
        _PRESENT.stream.in_(bindparam("streams", expanding=True)),
        _PRESENT.seen_at >= bindparam("since"),
        _PRESENT.person_id != bindparam("reader"),
    )
    .order_by(_PRESENT.is_writing.desc(), _PEOPLE.name)
)


def everywhere(session: Session, at: datetime) -> frozenset[tuple[str, str, bool]]:
    """Who is where: compared from time to time, so that open pages hear of a change."""
    rows = session.execute(
        select(col(Presence.stream), col(Presence.person_id), col(Presence.is_writing)).where(
            col(Presence.seen_at) >= at - LASTS
        )
    )
    return frozenset((stream, person, is_writing) for stream, person, is_writing in rows)


def _works_on(session: Session, stream: str, actor: Actor) -> bool:
    kind, _, entity_id = stream.partition("/")
    if kind != "escalation":
        return False
    row = session.get(tables.Escalation, entity_id)
    return row is not None and queries.is_insider(actor, row.team, row.owner)
