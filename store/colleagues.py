"""People as they are shown: who works here, who is there now, and who stands for whom.

Everybody who works here may know who is there. Why somebody is absent, and where their mail goes,
is between them and the admins.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.house import Reason
from domain.people import Actor, Role
from domain.roster import Colleague, Roster, stands_for
from store import absences, cursors, people, roster
from store.tables import Absence, Delegation, Person

LIMIT = 200
"""The longest page."""


class AbsenceItem(Value):
    """From the first moment away to the first one back. ``reason`` is None for others."""

    id: str
    person: str
    since: Moment
    until: Moment
    deputy: str | None
    """None as well where whoever was named has left."""
    reason: Reason | None


class DelegationItem(Value):
    """``to`` may decide on behalf of ``person``, each time saying so."""

    id: str
    person: str
    to: str
    since: Moment
    until: Moment
    may_pass_on: bool


class PersonItem(Value):
    """One person. ``teams`` maps each team to whether they lead it."""

    id: str
    name: str
    roles: tuple[Role, ...]
    teams: dict[str, bool]
    manager: str | None
    is_active: bool
    """False for whoever has left."""
    is_there: bool
    """Neither left nor absent, whatever their hours."""
    away_until: Moment | None
    deputies: tuple[str, ...]


class PersonDetail(PersonItem):
    email: str | None
    """None for others."""
    zone: str | None
    hours: str | None
    next_at: Moment
    """When they work next; now, where they do."""
    stands_for: tuple[str, ...]
    absences: tuple[AbsenceItem, ...]
    """Those of now and those to come."""
    delegations: tuple[DelegationItem, ...]
    """The same, given and received."""


class PersonPage(Value):
    items: tuple[PersonItem, ...]
    next_cursor: str | None


def page(
    session: Session, at: datetime, *, limit: int = LIMIT, cursor: str | None = None
) -> PersonPage:
    """Everybody by id, those who have left included."""
    statement = select(col(Person.id), col(Person.name)).order_by(col(Person.id)).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(col(Person.id) > cursors.place_of_id(cursor, "people"))
    rows = session.execute(statement).all()
    around = roster.roster(session, at)
    colleagues = {colleague.id: colleague for colleague in around.people}
    return PersonPage(
        items=tuple(item(colleagues[row.id], row.name, around) for row in rows[:limit]),
        next_cursor=cursors.encode("people", (rows[limit - 1].id,)) if len(rows) > limit else None,
    )


def item(colleague: Colleague, name: str, around: Roster) -> PersonItem:
    """One person in a list."""
    return PersonItem(**_item(colleague, name, around))


def deputies(person_id: str, around: Roster) -> tuple[str, ...]:
    """Who comes in the place of somebody who is absent."""
    return tuple(s.by for s in around.standings if s.is_absence and s.of == person_id)


def _item(colleague: Colleague, name: str, around: Roster) -> dict[str, Any]:
    return {
        "id": colleague.id,
        "name": name,
        "roles": tuple(sorted(colleague.roles)),
        "teams": {team: team in colleague.leads for team in sorted(colleague.teams)},
        "manager": colleague.manager,
        "is_active": colleague.is_active,
        "is_there": colleague.is_there,
        "away_until": colleague.away_until,
        "deputies": deputies(colleague.id, around),
    }


def detail(session: Session, person_id: str, reader: Actor, at: datetime) -> PersonDetail:
    """Everything about one person that the reader may know. Raises Unknown."""
    row = people.known(session, person_id)
    around = roster.roster(session, at)
    colleague = next(c for c in around.people if c.id == person_id)
    is_private = reader.id == person_id or reader.has(Role.ADMIN)
    return PersonDetail(
        **_item(colleague, row.name, around),
        email=row.email if is_private else None,
        zone=row.zone,
        hours=row.hours,
        next_at=roster.next_at(session, person_id, at),
        stands_for=stands_for(person_id, around.standings),
        absences=tuple(
            absence_item(session, a, is_private=is_private)
            for a in absences.absences(session, at, person_id)
        ),
        delegations=tuple(delegation_item(d) for d in absences.delegations(session, at, person_id)),
    )


def absence_item(session: Session, row: Absence, *, is_private: bool) -> AbsenceItem:
    return AbsenceItem(
        id=row.id,
        person=row.person_id,
        since=row.since,
        until=row.until,
        deputy=absences.deputy_of(session, row),
        reason=Reason(row.reason) if is_private else None,
    )


def delegation_item(row: Delegation) -> DelegationItem:
    return DelegationItem(
        id=row.id,
        person=row.person_id,
        to=row.delegate,
        since=row.since,
        until=row.until,
        may_pass_on=row.may_pass_on,
    )
