"""Absences and delegations: who is not there, who comes in their place, and who may decide for
whom. Ended ones stay on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain.errors import Conflict, Invalid, Unknown
from domain.house import AbsenceEnded, AbsencePlanned, DelegationEnded, DelegationGiven, Reason
from domain.people import Role
from store import house
from store.tables import Absence, Delegation, Person
from store.words import new_id

T = TypeVar("T", Absence, Delegation)

LONGEST = timedelta(days=3 * 366)
"""The longest absence: parental leave is three years in some places."""

FURTHEST = timedelta(days=10 * 366)
"""How far ahead anything is planned."""

LONGEST_DELEGATION = timedelta(days=366)
"""A delegation is for a time; who decides for good is made an executive."""


def plan(
    session: Session,
    person_id: str,
    since: datetime,
    until: datetime,
    at: datetime,
    *,
    by: str,
    reason: Reason = Reason.OTHER,
    deputy: str | None = None,
) -> Absence:
    """Plan an absence. Raises Invalid for impossible times or deputies, Unknown for an unknown
    person, Conflict where it overlaps another one of theirs."""
    _there(session, person_id)
    _check_times(since, until, at, LONGEST)
    if deputy is not None:
        _check_other(session, person_id, deputy, "deputy")
    other = _overlapping(session, Absence, since, until, person_id=person_id)
    if other is not None:
        raise Conflict(
            "overlaps",
            f"{person_id} is absent then already: {other.since:%Y-%m-%d %H:%M} to "
            f"{other.until:%Y-%m-%d %H:%M} UTC",
            f"end that one first ({other.id}), or choose other times",
            absence=other.id,
        )
    row = Absence(
        id=new_id(), person_id=person_id, since=since, until=until, deputy=deputy, reason=reason
    )
    session.add(row)
    if by != person_id:
        house.tell(session, person_id, "absence_planned_for_you", "me/away", at)
    if deputy is not None and deputy != by:
        house.tell(session, deputy, "deputy_for_somebody", "me/away", at)
    planned = AbsencePlanned(
        absence=row.id,
        person=person_id,
        since=since,
        until=until,
        reason=reason,
        deputy=deputy,
    )
    house.record(session, [planned], by, at)
    return row


def end(session: Session, absence: Absence, at: datetime, *, by: str) -> None:
    """Somebody is back early, or stays after all. Safe to repeat."""
    if absence.ended_at is None and absence.until > at:
        absence.ended_at = at
        ended = AbsenceEnded(absence=absence.id, person=absence.person_id)
        house.record(session, [ended], by, at)


def give(
    session: Session,
    person_id: str,
    delegate: str,
    since: datetime,
    until: datetime,
    at: datetime,
    *,
    by: str,
    may_pass_on: bool = False,
) -> Delegation:
    """Let somebody else decide on a person's behalf for a time. Raises as ``plan`` does."""
    _there(session, person_id)
    _check_times(since, until, at, LONGEST_DELEGATION)
    _check_other(session, person_id, delegate, "delegate")
    other = _overlapping(session, Delegation, since, until, person_id=person_id, delegate=delegate)
    if other is not None:
        raise Conflict(
            "overlaps",
            f"{delegate} decides for {person_id} then already",
            f"end that delegation first ({other.id}), or choose other times",
            delegation=other.id,
        )
    row = Delegation(
        id=new_id(),
        person_id=person_id,
        delegate=delegate,
        since=since,
        until=until,
        may_pass_on=may_pass_on,
    )
    session.add(row)
    if by != person_id:
        house.tell(session, person_id, "decisions_delegated_in_your_name", "me/away", at)
    if by != delegate:
        house.tell(session, delegate, "decisions_delegated_to_you", "me/away", at)
    given = DelegationGiven(
        delegation=row.id,
        of=person_id,
        to=delegate,
        since=since,
        until=until,
        may_pass_on=may_pass_on,
    )
    house.record(session, [given], by, at)
    return row


def take_back(session: Session, delegation: Delegation, at: datetime, *, by: str) -> None:
    """End a delegation before its time. Safe to repeat."""
    if delegation.ended_at is None and delegation.until > at:
        delegation.ended_at = at
        ended = DelegationEnded(
            delegation=delegation.id, of=delegation.person_id, to=delegation.delegate
        )
        house.record(session, [ended], by, at)


def take_back_all(session: Session, person_id: str, at: datetime, *, by: str) -> None:
    """End what somebody who leaves has delegated and what was delegated to them."""
    for delegation in delegations(session, at, person_id):
        take_back(session, delegation, at, by=by)


def absence(session: Session, absence_id: str) -> Absence:
    """Raises Unknown."""
    row = session.get(Absence, absence_id)
    if row is None:
        raise Unknown(
            "unknown_absence",
            f"there is no absence '{absence_id[:60]}'",
            "list them with: answerable absence list",
        )
    return row


def delegation(session: Session, delegation_id: str) -> Delegation:
    """Raises Unknown."""
    row = session.get(Delegation, delegation_id)
    if row is None:
        raise Unknown(
            "unknown_delegation",
            f"there is no delegation '{delegation_id[:60]}'",
            "list them with: answerable delegate list",
        )
    return row


def absences(session: Session, at: datetime, person_id: str | None = None) -> list[Absence]:
    """Those of now and those to come, the earliest first; of one person or of everybody."""
    statement = select(Absence).where(col(Absence.ended_at).is_(None), col(Absence.until) > at)
    if person_id is not None:
        statement = statement.where(col(Absence.person_id) == person_id)
    return list(session.scalars(statement.order_by(col(Absence.since), col(Absence.id))))


def current(session: Session, person_id: str, at: datetime) -> Absence | None:
    """The absence that somebody is in at this moment; those of one person never overlap."""
    found = absences(session, at, person_id)
    return next((row for row in found if row.since <= at), None)


def deputy_of(session: Session, row: Absence) -> str | None:
    """Who comes in their place; None where nobody was named, or whoever was named has left."""
    deputy = session.get(Person, row.deputy) if row.deputy else None
    return deputy.id if deputy and deputy.is_active else None


def delegations(session: Session, at: datetime, person_id: str | None = None) -> list[Delegation]:
    """The same of delegations; of one person those given and those received."""
    table = Delegation
    statement = select(table).where(col(table.ended_at).is_(None), col(table.until) > at)
    if person_id is not None:
        statement = statement.where(
            or_(col(table.person_id) == person_id, col(table.delegate) == person_id)
        )
    return list(session.scalars(statement.order_by(col(table.since), col(table.id))))


def _there(session: Session, person_id: str) -> None:
    person = session.get(Person, person_id, with_for_update=True)
    if person is None or not person.is_active:
        raise Unknown(
            "unknown_person",
            f"there is no person '{person_id}'",
            "list the people with: answerable people",
        )


def _check_times(since: datetime, until: datetime, at: datetime, longest: timedelta) -> None:
    if until <= since:
        raise Invalid("no_time", "it ends before it begins", "let it end later", field="until")
    if until <= at:
        raise Invalid("past", "it is over already", "let it end in the future", field="until")
    if until - at > FURTHEST:
        raise Invalid("too_far", "it is too far ahead", "plan it when it is nearer", field="until")
    if until - since > longest:
        raise Invalid(
            "too_long",
            f"it lasts longer than {longest.days} days",
            "let it end earlier; it can be renewed",
            field="until",
        )


def _check_other(session: Session, person_id: str, other: str, field: str) -> None:
    if other == person_id:
        raise Invalid(
            "not_yourself", f"nobody is their own {field}", "name somebody else", field=field
        )
    known = session.get(Person, other)
    if known is None or not known.is_active:
        raise Invalid(
            "unknown_person",
            f"there is no person '{other}'",
            "list the people with: answerable people",
            field=field,
        )
    if set(known.roles) <= {Role.AUDITOR, Role.SERVICE}:
        raise Invalid(
            "cannot_act",
            f"{other} acts in nothing, and so in nobody's place",
            "name somebody who is staff or an executive",
            field=field,
        )


def _overlapping(
    session: Session, table: type[T], since: datetime, until: datetime, **of: str
) -> T | None:
    statement = (
        select(table)
        .filter_by(**of)
        .where(col(table.ended_at).is_(None), col(table.since) < until, col(table.until) > since)
    )
    return session.scalars(statement.limit(1)).first()
