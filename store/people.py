"""People, teams, tokens, and who fills a seat now."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, or_, select, update
from sqlmodel import Session, col

from domain.errors import Conflict, Unknown
from domain.people import Actor, Role, Seat, Seats
from store.tables import Escalation, Membership, Person, Team, Token
from store.words import new_id


class Purpose(StrEnum):
    API = "api"
    SESSION = "session"


def put_team(session: Session, team_id: str, name: str) -> None:
    """Make a team, or give an existing one this name."""
    session.merge(Team(id=team_id, name=name))


def put_person(
    session: Session,
    person_id: str,
    name: str,
    roles: Iterable[Role],
    teams: Mapping[str, bool],
    at: datetime,
    email: str | None = None,
) -> None:
    """Make a person or set what is given. ``teams`` maps a team's id to whether they lead it."""
    if person_id in ("system", "public"):
        raise Conflict("reserved_id", f"'{person_id}' is reserved", "choose another id", field="id")
    for team_id in teams:
        if session.get(Team, team_id) is None:
            raise Unknown("unknown_team", f"there is no team '{team_id}'", "add it to the policy")
    known = session.get(Person, person_id)
    created_at = known.created_at if known else at
    session.merge(
        Person(
            id=person_id,
            name=name,
            email=email,
            roles=sorted(Role(r) for r in roles),
            created_at=created_at,
        )
    )
    for membership in session.scalars(select(Membership).where(_of(person_id))):
        session.delete(membership)
    session.flush()
    session.add_all(
        Membership(person_id=person_id, team_id=team, is_lead=lead) for team, lead in teams.items()
    )


def known(session: Session, person_id: str) -> Person:
    """The person, also one who has left. Raises Unknown."""
    person = session.get(Person, person_id)
    if person is None:
        raise Unknown(
            "unknown_person",
            f"there is no person '{person_id}'",
            "list the people with: answerable people",
        )
    return person


def remove_person(session: Session, person_id: str, at: datetime) -> int:
    """Let a person leave and revoke their tokens; answers how many open escalations they own.

    The row stays, because the ledger names them. Raises Unknown. Safe to repeat.
    """
    known(session, person_id).is_active = False
    revoke(session, at, person_id=person_id)
    owned = select(func.count()).where(col(Escalation.owner) == person_id, col(Escalation.is_open))
    return session.scalar(owned) or 0


def _of(person_id: str):  # type: ignore[no-untyped-def]
    return col(Membership.person_id) == person_id


def actor(session: Session, person_id: str) -> Actor:
    """The person with roles and teams as they are now. Raises Unknown, also for one who left."""
    person = session.get(Person, person_id)
    if person is None or not person.is_active:
        raise Unknown(
            "unknown_person",
            f"there is no person '{person_id}'",
            "list the people with: answerable people",
        )
    memberships = list(session.scalars(select(Membership).where(_of(person_id))))
    return Actor(
        id=person.id,
        roles=frozenset(Role(r) for r in person.roles),
        teams=frozenset(m.team_id for m in memberships),
        leads=frozenset(m.team_id for m in memberships if m.is_lead),
    )


def everybody(session: Session) -> list[tuple[Person, list[Membership]]]:
    """All people with their memberships, by id."""
    members: dict[str, list[Membership]] = {}
    for membership in session.scalars(select(Membership)):
        members.setdefault(membership.person_id, []).append(membership)
    people = session.scalars(select(Person).order_by(col(Person.id)))
    return [(person, members.get(person.id, [])) for person in people]


def names(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """Names by id, for what people read."""
    wanted = {i for i in ids if i}
    rows = session.execute(
        select(col(Person.id), col(Person.name)).where(col(Person.id).in_(wanted))
    )
    return {row.id: row.name for row in rows}


# Tokens. -------------------------------------------------------------------------------------


def digest_of(secret: str) -> str:
    """Tokens carry 256 random bits, so a plain SHA-256 keeps them safe at rest."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(
    session: Session,
    person_id: str,
    at: datetime,
    purpose: Purpose = Purpose.API,
    lifetime: timedelta | None = None,
) -> str:
    """A new secret for this person, shown this once. Raises Unknown for an unknown person."""
    actor(session, person_id)
    secret = f"ans_{secrets.token_urlsafe(32)}"
    session.add(
        Token(
            id=new_id(),
            person_id=person_id,
            digest=digest_of(secret),
            purpose=purpose,
            created_at=at,
            expires_at=at + lifetime if lifetime else None,
        )
    )
    return secret


def holder(
    session: Session, secret: str, at: datetime, purpose: Purpose | None = None
) -> Actor | None:
    """Who holds this secret; None if it is unknown, revoked, expired or its person has left.

    Where a purpose is named, a secret that was made for another one is unknown.
    """
    token = session.scalars(
        select(Token).where(
            col(Token.digest) == digest_of(secret),
            col(Token.revoked_at).is_(None),
            or_(col(Token.expires_at).is_(None), col(Token.expires_at) > at),
        )
    ).first()
    if token is None or purpose not in (None, token.purpose):
        return None
    try:
        return actor(session, token.person_id)
    except Unknown:
        return None


def revoke(
    session: Session, at: datetime, *, secret: str | None = None, person_id: str = ""
) -> int:
    """Revoke one token by its secret, or all of a person; answers how many."""
    chosen = col(Token.digest) == digest_of(secret) if secret else col(Token.person_id) == person_id
    tokens = session.scalars(select(Token).where(chosen, col(Token.revoked_at).is_(None))).all()
    session.execute(
        update(Token).where(col(Token.id).in_([t.id for t in tokens])).values(revoked_at=at)
    )
    return len(tokens)


# Seats. --------------------------------------------------------------------------------------


def fill(session: Session, seat: Seat, seats: Seats) -> tuple[str, ...]:
    """Who fills a seat now, by id, in order; empty where nobody does."""
    match seat:
        case Seat.OWNER:
            return (seats.owner,) if seats.owner else ()
        case Seat.ACCOUNTABLE:
            return (seats.accountable,) if seats.accountable else ()
        case Seat.TEAM:
            return _staff(session, seats.team)
        case Seat.LEAD:
            return _staff(session, seats.team, leads=True)
        case Seat.REVIEWERS:
            return tuple(p for p in _staff(session, seats.team) if p != seats.not_person)
        case Seat.APPROVERS:
            return tuple(p for p in _with_role(session, Role.EXECUTIVE) if p != seats.not_person)
        case Seat.EXECUTIVES:
            return _with_role(session, Role.EXECUTIVE)
        case _:
            return ()


def _staff(session: Session, team: str, *, leads: bool = False) -> tuple[str, ...]:
    statement = (
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.team_id) == team, col(Person.is_active))
        .order_by(col(Person.id))
    )
    if leads:
        statement = statement.where(col(Membership.is_lead))
    return tuple(p.id for p in session.scalars(statement) if Role.STAFF in p.roles)


def _with_role(session: Session, role: Role) -> tuple[str, ...]:
    people = session.scalars(select(Person).where(col(Person.is_active)).order_by(col(Person.id)))
    return tuple(p.id for p in people if role in p.roles)
