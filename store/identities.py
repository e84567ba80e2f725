"""Accounts at an identity provider, and the people who sign in by them.

An account is known by issuer and subject, which never change hands. An address does: it is
believed once, to find the person an account belongs to, only if the provider has checked it, and
never for somebody who has an account there already.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from domain.base import PUBLIC, SYSTEM, Value
from domain.errors import Conflict, Forbidden
from domain.house import ROOT, IdentityBound, IdentityReleased
from domain.people import Role
from store import house, people, sessions
from store.people import digest_of
from store.tables import Identity, Person, SignIn
from store.words import new_id

ON_THE_WAY = timedelta(minutes=10)
"""How long somebody may take at the provider: a password, a second factor, a consent."""


class Told(Value):
    """What the identity provider says of whoever signs in."""

    issuer: str
    subject: str
    login: str | None = None
    """What they are called there; only a wish for an id here, and nothing is found by it."""
    name: str | None = None
    email: str | None = None
    is_checked: bool = False
    """Whether the provider vouches for the address."""

    @property
    def address(self) -> str | None:
        """The address, if it can be believed."""
        return self.email if self.is_checked else None


class Standing(Value):
    """What somebody is here by their groups at the provider."""

    roles: frozenset[Role] = frozenset()
    teams: dict[str, bool] = {}


# Who it is. ----------------------------------------------------------------------------------


def recognise(session: Session, told: Told, standing: Standing | None, at: datetime) -> str:
    """The id of the person who signs in. Raises Forbidden for anybody that nobody let in.

    With a standing, the provider's groups rule: whoever is in one is added, and roles and teams
    become what the groups give, also none. Without one, only people who are known sign in.
    """
    bound = _bound(session, told)
    person = session.get(Person, bound.person_id) if bound else _by_address(session, told)
    if person is not None and not person.is_active:
        raise Forbidden(
            "has_left",
            f"{person.name} has left, so this account no longer signs in here",
            "ask whoever runs the service, if that is wrong",
        )
    if person is None and (standing is None or not standing.roles):
        raise nobody(told, has_groups=standing is not None)
    person_id = person.id if person else _new_id(session, told)
    if standing is not None:
        _follow(session, person_id, told, standing, at)
    if bound is None:
        _bind(session, person_id, told.issuer, told.subject, at, by=person_id)
    return person_id


def _bound(session: Session, told: Told) -> Identity | None:
    return session.scalars(
        select(Identity).where(
            col(Identity.issuer) == told.issuer, col(Identity.subject) == told.subject
        )
    ).first()


def _by_address(session: Session, told: Told) -> Person | None:
    """The one person whose address this is. Machines have no account, and whoever has one at this
    provider signs in by that: an address that was given to somebody else opens nothing."""
    if not told.address:
        return None
    found = [
        person
        for person in session.scalars(
            select(Person).where(func.lower(col(Person.email)) == told.address.lower())
        )
        if set(person.roles) != {Role.SERVICE}
    ]
    if len(found) > 1:
        raise Forbidden(
            "shared_address",
            "several people here have your address, so it does not say who you are",
            "ask whoever runs the service to bind this account to you",
        )
    if found and _of(session, found[0].id, told.issuer):
        raise Forbidden(
            "other_account",
            f"{found[0].name} has your address here and signs in with another account",
            "sign in with that account, or ask whoever runs the service to release it",
        )
    return found[0] if found else None


def _of(session: Session, person_id: str, issuer: str) -> Identity | None:
    return session.scalars(
        select(Identity).where(col(Identity.person_id) == person_id, col(Identity.issuer) == issuer)
    ).first()


def nobody(told: Told, *, has_groups: bool) -> Forbidden:
    if has_groups:
        return Forbidden(
            "no_group",
            "this account is in none of the groups that may use this service",
            "ask whoever runs the service which group you need",
        )
    if told.email and not told.is_checked:
        return Forbidden(
            "unchecked_address",
            "the address of this account has not been verified, so it does not say who you are",
            "verify it there and sign in again, or ask whoever runs this service to bind the "
            "account to you",
        )
    return Forbidden(
        "unknown_account",
        "nobody has added you to this service",
        "ask whoever runs it to add you with the address of this account",
    )


def _follow(session: Session, person_id: str, told: Told, standing: Standing, at: datetime) -> None:
    people.follow(
        session,
        person_id,
        at,
        by=SYSTEM,
        name=told.name,
        email=told.address,
        roles=standing.roles,
        teams=standing.teams,
    )


_TAKEN = frozenset({SYSTEM, PUBLIC, ROOT})
"""Ids that stand in the ledger for something else than a person who signs in."""


def _new_id(session: Session, told: Told) -> str:
    """An id that nobody has or had: it is made from what they are called, but finds nobody."""
    wish = (told.login or told.address or "").partition("@")[0].lower()
    base = re.sub(r"[^a-z0-9_-]+", "-", wish).strip("-_")[:36] or "person"
    candidate, n = base, 1
    while candidate in _TAKEN or session.get(Person, candidate) is not None:
        n += 1
        candidate = f"{base}-{n}"
    return candidate


# Bound by hand. ------------------------------------------------------------------------------


def bind(
    session: Session, person_id: str, issuer: str, subject: str, at: datetime, *, by: str
) -> None:
    """From now on this account signs in as this person. Safe to repeat. Raises Unknown and
    Conflict."""
    people.actor(session, person_id, at)
    theirs = _of(session, person_id, issuer)
    if theirs is not None and theirs.subject == subject:
        return
    if theirs is not None or _bound(session, Told(issuer=issuer, subject=subject)) is not None:
        whose = "another account is theirs" if theirs else "it is somebody else's"
        raise Conflict(
            "bound_already",
            f"this account cannot be bound to {person_id}: {whose}",
            "release that first, with: answerable people release PERSON",
        )
    _bind(session, person_id, issuer, subject, at, by=by)


def _bind(
    session: Session, person_id: str, issuer: str, subject: str, at: datetime, *, by: str
) -> None:
    row = Identity(id=new_id(), person_id=person_id, issuer=issuer, subject=subject, bound_at=at)
    session.add(row)
    session.flush()
    house.record(session, [IdentityBound(identity=row.id, person=person_id)], by, at)


def release(session: Session, person_id: str, at: datetime, *, by: str) -> int:
    """Forget the accounts of a person and end their sessions; answers how many accounts."""
    people.known(session, person_id)
    sessions.end_those(session, person_id, at, by=by)
    rows = list(session.scalars(select(Identity).where(col(Identity.person_id) == person_id)))
    for row in rows:
        session.delete(row)
    events = [IdentityReleased(identity=row.id, person=person_id) for row in rows]
    house.record(session, events, by, at)
    return len(rows)


# On the way. ---------------------------------------------------------------------------------


class Way(Value):
    """What was laid aside when somebody set out for the provider."""

    nonce: str
    verifier: str
    onward: str


def set_out(session: Session, state: str, browser: str, way: Way, at: datetime) -> None:
    """Lay a way aside until it comes back to this browser. What has come too late is cleared."""
    session.execute(delete(SignIn).where(col(SignIn.expires_at) <= at))
    session.add(
        SignIn(
            digest=digest_of(state),
            browser=digest_of(browser),
            expires_at=at + ON_THE_WAY,
            **way.model_dump(),
        )
    )


def come_back(session: Session, state: str, browser: str, at: datetime) -> Way | None:
    """The way of this state, this once; None if it is unknown, used, too late or another
    browser's."""
    row = session.get(SignIn, digest_of(state), with_for_update=True)
    if row is None:
        return None
    way = Way(nonce=row.nonce, verifier=row.verifier, onward=row.onward)
    is_ours = hmac.compare_digest(row.browser, digest_of(browser)) and row.expires_at > at
    session.delete(row)
    return way if is_ours else None


def standing_of(groups: Collection[str], granted: Mapping[str, Standing]) -> Standing:
    """What these groups together make of somebody."""
    given = [granted[group] for group in sorted(set(groups)) if group in granted]
    teams: dict[str, bool] = {}
    for standing in given:
        for team, leads in standing.teams.items():
            teams[team] = leads or teams.get(team, False)
    return Standing(roles=frozenset(r for s in given for r in s.roles), teams=teams)
