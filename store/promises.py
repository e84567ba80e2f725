"""Promises as a board and a calendar show them: whose they are, who was told, and how they slip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, true
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.commitment import CommitmentStage
from domain.commitment.events import Broken, Reminded, RungReached, Watched
from domain.ledger import Fact
from domain.people import Actor
from store import deciding, people, queries, tables
from store.views import CommitmentItem

MOST = 500
"""Promises that one board or one month shows, those due first; there is a list behind them."""

SETTLED = 20
"""Promises with an end that a board still shows, those due last."""

ENDS = (CommitmentStage.KEPT, CommitmentStage.KEPT_LATE, CommitmentStage.WITHDRAWN)
OWED = tuple(stage for stage in CommitmentStage if stage not in ENDS)


class Whose(NamedTuple):
    """Promises of these people or of these teams; where neither is said, everybody's."""

    people: frozenset[str] | None = None
    teams: frozenset[str] | None = None

    def where(self) -> ColumnElement[bool]:
        table = tables.Commitment
        wanted = [
            col(column).in_(sorted(ids))
            for column, ids in ((table.accountable, self.people), (table.team, self.teams))
            if ids is not None
        ]
        return or_(*wanted) if wanted else true()


class Told(Value):
    """Who heard last that this promise is due, late or broken."""

    at: Moment
    people: tuple[str, ...]


class Pledge(NamedTuple):
    """A promise with what a board tells of it. ``wanted_at`` is the other date that is asked for,
    for those who may know of it."""

    item: CommitmentItem
    wanted_at: datetime | None
    told: Told | None


def reports(session: Session, manager: str) -> frozenset[str]:
    """Everybody below this person, however many managers are in between."""
    under: dict[str, list[str]] = {}
    for person, _ in people.everybody(session):
        if person.manager:
            under.setdefault(person.manager, []).append(person.id)
    found: set[str] = set()
    asked = list(under.get(manager, ()))
    while asked:
        person_id = asked.pop()
        if person_id not in found:
            found.add(person_id)
            asked += under.get(person_id, ())
    return frozenset(found - {manager})


def owed(session: Session, actor: Actor, at: datetime, whose: Whose) -> list[Pledge]:
    """Promises without an end yet, the one due first at the top."""
    queries.check_reader(actor)
    table = tables.Commitment
    rows = session.scalars(
        select(table)
        .where(col(table.stage).in_(OWED), whose.where())
        .order_by(col(table.due_at), col(table.id))
        .limit(MOST)
    ).all()
    return _pledges(session, actor, at, rows)


def settled(session: Session, actor: Actor, at: datetime, whose: Whose) -> list[Pledge]:
    """The last promises that have come to an end, the latest date first."""
    queries.check_reader(actor)
    table = tables.Commitment
    rows = session.scalars(
        select(table)
        .where(col(table.stage).in_(ENDS), whose.where())
        .order_by(col(table.due_at).desc(), col(table.id).desc())
        .limit(SETTLED)
    ).all()
    return _pledges(session, actor, at, rows)


def between(
    session: Session, actor: Actor, at: datetime, whose: Whose, since: datetime, until: datetime
) -> list[Pledge]:
    """Promises whose date lies in these days, whatever became of them."""
    queries.check_reader(actor)
    table = tables.Commitment
    rows = session.scalars(
        select(table)
        .where(col(table.due_at) >= since, col(table.due_at) < until, whose.where())
        .order_by(col(table.due_at), col(table.id))
        .limit(MOST)
    ).all()
    return _pledges(session, actor, at, rows)


def _pledges(
    session: Session, actor: Actor, at: datetime, rows: Sequence[tables.Commitment]
) -> list[Pledge]:
    """With what an insider alone may know: which date is asked for."""
    inside = [r.id for r in rows if queries.is_insider(actor, r.team, r.accountable)]
    wanted = deciding.wanted(session, inside)
    told = last_told(session, [row.id for row in rows])
    items = queries.commitment_items(session, rows, at)
    return [
        Pledge(item, wanted[item.id].due_at if item.id in wanted else None, told.get(item.id))
        for item in items
    ]


_TELLING = (Reminded.NAME, RungReached.NAME, Watched.NAME, Broken.NAME)


def last_told(session: Session, commitment_ids: Iterable[str]) -> Mapping[str, Told]:
    """Who was told last of each of these promises, as the ledger has it."""
    table = tables.LedgerEntry
    streams = [f"commitment/{found}" for found in commitment_ids]
    rows = session.execute(
        select(col(table.stream), col(table.body))
        .where(col(table.stream).in_(streams), col(table.name).in_(_TELLING))
        .order_by(col(table.stream), col(table.seq))
    )
    found: dict[str, Told] = {}
    for row in rows:
        fact = Fact.model_validate_json(row.body)
        if told := tuple(fact.data.get("told", ())):
            found[row.stream.partition("/")[2]] = Told(at=fact.at, people=told)
    return found
