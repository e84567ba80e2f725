"""Sessions of people at browsers: begun, seen, listed and ended.

A session is a token of its own purpose: the database has the digest of its secret only. It ends at
a fixed time, earlier where nothing is done in it, and at once where somebody ends it or its person
leaves. What a browser is, is remembered in a few words and only while the session lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.errors import Forbidden, Unknown
from domain.people import Actor, Role
from store import people, roster
from store.people import Purpose, digest_of
from store.tables import Token

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used: each look is not worth a write."""


@dataclass(frozen=True)
class Limits:
    """How long sessions last: at most, and where nothing is done in them."""

    lifetime: timedelta
    idle: timedelta


@dataclass(frozen=True)
class Here:
    """Who is at a browser, and whether it should be noted that they are."""

    id: str
    actor: Actor
    name: str
    is_stale: bool
    language: str | None
    """The language they chose to read; None: what their browser asks for."""
    zone: str
    """The name of the time zone in which they read times."""


class SessionItem(Value):
    """A session as its person sees it."""

    id: str
    began_at: Moment
    seen_at: Moment
    ends_at: Moment | None
    device: str | None
    is_this: bool = False
    """Whether it is the one in which this is asked."""


def begin(
    session: Session,
    person_id: str,
    at: datetime,
    limits: Limits,
    *,
    device: str | None = None,
    hint: str | None = None,
) -> str:
    """Begin a session; answers its secret, this once. Raises Unknown for whoever has left."""
    _forget(session, person_id, at, limits)
    secret = people.create_token(
        session, person_id, at, Purpose.SESSION, limits.lifetime, by=person_id
    )
    session.flush()
    session.execute(
        update(Token)
        .where(col(Token.digest) == digest_of(secret))
        .values(seen_at=at, device=device, hint=hint)
    )
    return secret


def _forget(session: Session, person_id: str, at: datetime, limits: Limits) -> None:
    """What was kept about sessions that are over goes, also where nobody ended them."""
    session.execute(
        update(Token)
        .where(*_of(person_id), or_(col(Token.device).is_not(None), col(Token.hint).is_not(None)))
        .where(~_goes_on(at, limits))
        .values(device=None, hint=None)
    )


def _of(person_id: str) -> tuple[ColumnElement[bool], ...]:
    return col(Token.person_id) == person_id, col(Token.purpose) == Purpose.SESSION


def _goes_on(at: datetime, limits: Limits) -> ColumnElement[bool]:
    seen = func.coalesce(col(Token.seen_at), col(Token.created_at))
    return (
        col(Token.revoked_at).is_(None) & (col(Token.expires_at) > at) & (seen > at - limits.idle)
    )


def find(session: Session, secret: str, at: datetime, limits: Limits) -> Here | None:
    """Whose session this is; None where it is over, or its person has left."""
    token = people.in_force(session, secret, at, Purpose.SESSION)
    if token is None or (token.seen_at or token.created_at) + limits.idle <= at:
        return None
    actor = people.actor_with(session, token.person_id, token.roles, at)
    is_stale = token.seen_at is None or token.seen_at + SEEN_EVERY <= at
    zone = token.reading_zone or token.zone or roster.zone_of_teams(session, actor.teams)
    return Here(token.id, actor, token.name, is_stale, token.language, zone)


def of_person(
    session: Session,
    person_id: str,
    actor: Actor,
    at: datetime,
    limits: Limits,
    *,
    here: str | None = None,
) -> tuple[SessionItem, ...]:
    """Somebody's sessions that go on, latest first, for themselves and for admins. ``here`` is
    the id of the one in which this is asked. Raises Forbidden, Unknown."""
    _check_theirs(actor, person_id)
    people.known(session, person_id)
    rows = session.scalars(
        select(Token).where(*_of(person_id), _goes_on(at, limits)).order_by(col(Token.id).desc())
    )
    return tuple(
        SessionItem(
            id=row.id,
            began_at=row.created_at,
            seen_at=row.seen_at or row.created_at,
            ends_at=row.expires_at,
            device=row.device,
            is_this=row.id == here,
        )
        for row in rows
    )


def end(session: Session, secret: str, at: datetime) -> str | None:
    """End the session of this secret, as its person; answers what the identity provider wants to
    be shown for it. Safe to repeat."""
    token = people.in_force(session, secret, at, Purpose.SESSION)
    if token is None:
        return None
    hint: str | None = token.hint
    people.revoke_those(session, at, col(Token.id) == token.id, by=token.person_id)
    return hint


def end_one(session: Session, person_id: str, session_id: str, actor: Actor, at: datetime) -> None:
    """End one of somebody's sessions. Safe to repeat. Raises Forbidden, Unknown."""
    _check_theirs(actor, person_id)
    row = session.get(Token, session_id)
    if row is None or row.person_id != person_id or row.purpose != Purpose.SESSION:
        raise Unknown("unknown_session", "there is no such session", "look at the list again")
    people.revoke_those(session, at, col(Token.id) == session_id, by=actor.id)


def end_all(session: Session, person_id: str, actor: Actor, at: datetime) -> int:
    """End every session of a person; answers how many. Raises Forbidden, Unknown."""
    _check_theirs(actor, person_id)
    people.known(session, person_id)
    return end_those(session, person_id, at, by=actor.id)


def end_those(session: Session, person_id: str, at: datetime, *, by: str) -> int:
    """The same at the machine itself, where nobody asks who may."""
    return people.revoke_those(session, at, *_of(person_id), by=by)


def _check_theirs(actor: Actor, person_id: str) -> None:
    if actor.id != person_id and not actor.has(Role.ADMIN):
        raise Forbidden(
            "not_yours",
            f"where {person_id} is signed in is for {person_id} and for admins",
            f"ask {person_id}, or an admin",
        )
