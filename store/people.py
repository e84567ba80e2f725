"""People, teams, tokens, and who fills a seat now."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, or_, select, update
from sqlmodel import Session, col

from domain.entity import Event
from domain.errors import Conflict, Invalid, Unknown
from domain.hours import parse_hours, tidy_hours
from domain.house import (
    Field,
    PersonAdded,
    PersonChanged,
    PersonLeft,
    RoleGranted,
    RoleWithdrawn,
    TeamJoined,
    TeamLeft,
    TokenMade,
    TokenRevoked,
)
from domain.people import Actor, Role, Seat, Seats
from domain.roster import Filled, stands_for
from domain.roster import fill as fill_seat
from store import absences, house, notices, roster
from store.statements import ask, plain
from store.tables import Escalation, Membership, Person, Team, Token
from store.words import new_id

_PEOPLE, _MEMBERS, _TOKENS = plain(Person).c, plain(Membership).c, plain(Token).c


class Purpose(StrEnum):
    API = "api"
    SESSION = "session"
    CALENDAR = "calendar"
    """Opens one's own deadlines to be read, and nothing else."""


def put_team(session: Session, team_id: str, name: str) -> None:
    """Make a team, or give an existing one this name."""
    session.merge(Team(id=team_id, name=name))


def team_names(session: Session) -> dict[str, str]:
    """Every team that a policy has or had, by id: what is theirs keeps their name."""
    return {row.id: row.name for row in session.execute(select(col(Team.id), col(Team.name)))}


@dataclass(frozen=True)
class Profile:
    """Everything about a person that is set at once. ``teams`` maps a team's id to whether they
    lead it; ``hours`` are written as ``domain.hours`` reads them, in the time of ``zone``."""

    name: str
    roles: Collection[Role]
    teams: Mapping[str, bool]
    email: str | None = None
    manager: str | None = None
    zone: str | None = None
    hours: str | None = None


def put_person(
    session: Session,
    person_id: str,
    name: str,
    roles: Collection[Role],
    teams: Mapping[str, bool],
    at: datetime,
    email: str | None = None,
    *,
    by: str,
    manager: str | None = None,
    zone: str | None = None,
    hours: str | None = None,
) -> None:
    """Make a person or set what is given; what is not given is taken away.

    Raises Conflict for a reserved id, Unknown for an unknown team, Invalid for anything else that
    cannot be. Safe to repeat: what stays as it was leaves no entry.
    """
    hours = tidy_hours(hours) if hours else None
    profile = Profile(name, roles, teams, email or None, manager or None, zone or None, hours)
    _check(session, person_id, profile)
    _set(session, person_id, profile, at, by=by)


def follow(
    session: Session,
    person_id: str,
    at: datetime,
    *,
    by: str,
    name: str | None,
    email: str | None,
    roles: Collection[Role],
    teams: Mapping[str, bool],
) -> None:
    """Bring what an identity provider says of a person into line, and make the person where they
    are new. A name or address that it does not tell stays, and so does all that it never tells.

    Raises nothing for what it says: teams we do not have and addresses that cannot be are left
    out. Safe to repeat.
    """
    row = session.get(Person, person_id)
    if email and not _ADDRESS.fullmatch(email):
        email = None
    profile = Profile(
        name or (row.name if row else person_id),
        roles,
        {team: leads for team, leads in teams.items() if session.get(Team, team) is not None},
        email or (row.email if row else None),
        row.manager if row else None,
        row.zone if row else None,
        row.hours if row else None,
    )
    _set(session, person_id, profile, at, by=by)


def _set(session: Session, person_id: str, profile: Profile, at: datetime, *, by: str) -> None:
    row = session.get(Person, person_id, with_for_update=True)
    events: list[Event] = []
    if row is None:
        row = Person(id=person_id, name=profile.name, roles=[], created_at=at)
        session.add(row)
        events.append(PersonAdded(person=person_id, manager=profile.manager))
    elif not row.is_active:
        row.is_active = True
        events.append(PersonAdded(person=person_id, manager=profile.manager))
    elif changed := tuple(f for f in Field if getattr(row, f) != getattr(profile, f)):
        events.append(PersonChanged(person=person_id, fields=changed, manager=profile.manager))
    for field in Field:
        setattr(row, field, getattr(profile, field))
    events += _set_roles(row, {Role(role) for role in profile.roles})
    session.flush()
    events += _set_teams(session, person_id, profile.teams)
    house.record(session, events, by, at)


def _check(session: Session, person_id: str, profile: Profile) -> None:
    if person_id in ("system", "public"):
        raise Conflict("reserved_id", f"'{person_id}' is reserved", "choose another id", field="id")
    for team_id in profile.teams:
        if session.get(Team, team_id) is None:
            raise Unknown("unknown_team", f"there is no team '{team_id}'", "add it to the policy")
    if profile.email and not _ADDRESS.fullmatch(profile.email):
        raise Invalid(
            "bad_email",
            "this is not a mail address",
            "write it like ada@example.org",
            field="email",
        )
    if profile.zone:
        roster.check_zone(profile.zone)
    if profile.hours:
        parse_hours(profile.hours)
        if not profile.zone:
            raise Invalid(
                "zone_missing",
                "working hours need the time zone they are in",
                "name it as well, for example Europe/Berlin",
                field="zone",
            )
    if profile.manager:
        _check_manager(session, person_id, profile.manager)


_ADDRESS = re.compile(r"[^@\s\x00-\x20<>]+@[^@\s\x00-\x20<>]+")
"""What a mail's header can hold; whether mail arrives there is another matter."""


def _check_manager(session: Session, person_id: str, manager: str) -> None:
    """A manager works here, and nobody is their own, however many others are in between."""
    above: str | None = manager
    seen: set[str] = set()
    while above is not None and above not in seen:
        if above == person_id:
            raise Invalid(
                "manager_circle",
                f"{manager} cannot manage {person_id}: then {person_id} would manage themselves",
                "name another manager, or change those above first",
                field="manager",
            )
        seen.add(above)
        row = session.get(Person, above)
        if above == manager and (row is None or not row.is_active):
            raise Invalid(
                "unknown_person",
                f"there is no person '{manager}'",
                "list the people with: answerable people",
                field="manager",
            )
        above = row.manager if row else None


def _set_roles(row: Person, roles: set[Role]) -> list[Event]:
    before = {Role(role) for role in row.roles}
    row.roles = sorted(roles)
    granted = [RoleGranted(person=row.id, role=role) for role in sorted(roles - before)]
    return [*granted, *(RoleWithdrawn(person=row.id, role=r) for r in sorted(before - roles))]


def _set_teams(session: Session, person_id: str, teams: Mapping[str, bool]) -> list[Event]:
    events: list[Event] = []
    before = {m.team_id: m for m in session.scalars(select(Membership).where(_of(person_id)))}
    for team, membership in sorted(before.items()):
        if team not in teams:
            session.delete(membership)
            events.append(TeamLeft(person=person_id, team=team))
    for team, is_lead in sorted(teams.items()):
        known = before.get(team)
        if known is not None and known.is_lead == is_lead:
            continue
        if known is None:
            session.add(Membership(person_id=person_id, team_id=team, is_lead=is_lead))
        else:
            known.is_lead = is_lead
        events.append(TeamJoined(person=person_id, team=team, is_lead=is_lead))
    return events


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


def remove_person(session: Session, person_id: str, at: datetime, *, by: str) -> int:
    """Let a person leave, revoke their tokens, end delegations from and to them; answers how many
    open escalations they own.

    The row stays, because the ledger names them. Raises Unknown. Safe to repeat.
    """
    person = known(session, person_id)
    if person.is_active:
        person.is_active = False
        house.record(session, [PersonLeft(person=person_id)], by, at)
    absences.take_back_all(session, person_id, at, by=by)
    notices.forget(session, person_id)
    revoke(session, at, person_id=person_id, by=by)
    owned = select(func.count()).where(col(Escalation.owner) == person_id, col(Escalation.is_open))
    return session.scalar(owned) or 0


def check_an_admin_stays(session: Session) -> None:
    """Raise Conflict where nobody would be left who runs people, policy and tokens. Called by doors
    that are for admins alone; at the machine itself root can always add one."""
    session.flush()
    if any(Role.ADMIN in row.roles for row in session.execute(_ACTIVE)):
        return
    raise Conflict(
        "last_admin",
        "nobody would be left who runs this service",
        "make somebody else an admin first",
        field="roles",
    )


def _of(person_id: str):  # type: ignore[no-untyped-def]
    return col(Membership.person_id) == person_id


def actor(session: Session, person_id: str, at: datetime | None = None) -> Actor:
    """The person with roles and teams, and whose decisions they may make at this moment (without
    one: now). Raises Unknown, also for one who left."""
    person = ask(session, _ROLES, person_id=person_id).first()
    if person is None:
        raise Unknown(
            "unknown_person",
            f"there is no person '{person_id}'",
            "list the people with: answerable people",
        )
    return actor_with(session, person_id, person.roles, at or datetime.now(UTC))


def actor_with(session: Session, person_id: str, roles: Iterable[str], at: datetime) -> Actor:
    """The same of somebody who is known to be here, with these roles."""
    teams = ask(session, _TEAMS, person_id=person_id).all()
    return Actor(
        id=person_id,
        roles=frozenset(Role(role) for role in roles),
        teams=frozenset(row.team_id for row in teams),
        leads=frozenset(row.team_id for row in teams if row.is_lead),
        stands_for=stands_for(person_id, roster.standings(session, at)),
    )


_ROLES = select(_PEOPLE.roles).where(_PEOPLE.id == bindparam("person_id"), _PEOPLE.is_active)
_TEAMS = select(_MEMBERS.team_id, _MEMBERS.is_lead).where(
    _MEMBERS.person_id == bindparam("person_id")
)


def everybody(session: Session) -> list[tuple[Person, list[Membership]]]:
    """All people with their memberships, by id."""
    members: dict[str, list[Membership]] = {}
    for membership in session.scalars(select(Membership)):
        members.setdefault(membership.person_id, []).append(membership)
    people = session.scalars(select(Person).order_by(col(Person.id)))
    return [(person, members.get(person.id, [])) for person in people]


_ACTIVE = (
    select(_PEOPLE.id, _PEOPLE.name, _PEOPLE.roles)
    .where(_PEOPLE.is_active)
    .order_by(_PEOPLE.name, _PEOPLE.id)
)
_TEAM = select(_MEMBERS.person_id).where(_MEMBERS.team_id == bindparam("team"))


def active(session: Session) -> Sequence[Row[tuple[str, str, list[str]]]]:
    """Everybody who is here: ``id``, ``name`` and ``roles``, by name."""
    return ask(session, _ACTIVE).all()


def staff(session: Session) -> list[tuple[str, str]]:
    """Everybody who may own a case: id and name, by name."""
    return [(row.id, row.name) for row in active(session) if Role.STAFF in row.roles]


def of_team(session: Session, team: str) -> frozenset[str]:
    """The ids of everybody in a team, also of those who have left."""
    return frozenset(ask(session, _TEAM, team=team).scalars())


def names(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """Names by id, for what people read."""
    wanted = {i for i in ids if i}
    if not wanted:
        return {}
    return {row.id: row.name for row in ask(session, _NAMES, ids=sorted(wanted))}


_NAMES = select(_PEOPLE.id, _PEOPLE.name).where(_PEOPLE.id.in_(bindparam("ids", expanding=True)))


ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

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
    *,
    by: str,
    label: str | None = None,
    token_id: str | None = None,
) -> str:
    """A new secret for this person, shown this once. Raises Unknown for an unknown person, Conflict
    where there is a token of this id.

    One that somebody else made is announced to them: it acts in their name.
    """
    owner = actor(session, person_id, at)
    if token_id is not None and session.get(Token, token_id) is not None:
        raise Conflict(
            "made_already",
            "this form has made its token already, and it is not shown again",
            "if it was not copied, end it and make another one",
        )
    secret = f"ans_{secrets.token_urlsafe(32)}"
    token = Token(
        id=token_id if token_id and ULID.fullmatch(token_id) else new_id(),
        person_id=person_id,
        digest=digest_of(secret),
        purpose=purpose,
        created_at=at,
        expires_at=at + lifetime if lifetime else None,
        made_by=by,
        label=label,
    )
    session.add(token)
    is_machine = owner.roles <= {Role.SERVICE}  # There is nobody behind it who could be told.
    if by != person_id and not is_machine:
        house.tell(session, person_id, "token_made_for_you", "sessions", at)
    made = TokenMade(token=token.id, person=person_id, purpose=purpose, expires_at=token.expires_at)
    house.record(session, [made], by, at)
    return secret


def in_force(session: Session, secret: str, at: datetime, purpose: Purpose) -> Row[Any] | None:
    """The token of this secret with its person, unless it is unknown, revoked, expired or for
    another purpose, or the person has left."""
    digest = digest_of(secret)
    return ask(session, _IN_FORCE, digest=digest, purpose=purpose, at=at).first()


_IN_FORCE = (
    select(
        _TOKENS.id, _TOKENS.person_id, _TOKENS.created_at, _TOKENS.seen_at, _TOKENS.hint,
        _PEOPLE.name, _PEOPLE.roles, _PEOPLE.language, _PEOPLE.zone, _PEOPLE.reading_zone,
    )
    .join(plain(Person), _PEOPLE.id == _TOKENS.person_id)
    .where(
        _TOKENS.digest == bindparam("digest"),
        _TOKENS.purpose == bindparam("purpose"),
        _TOKENS.revoked_at.is_(None),
        or_(_TOKENS.expires_at.is_(None), _TOKENS.expires_at > bindparam("at")),
        _PEOPLE.is_active,
    )
)  # fmt: skip
"""Asked by every request."""


@dataclass(frozen=True)
class Bearer:
    """Who asks with a token, and whether it should be noted that it is in use."""

    token: str
    actor: Actor
    is_stale: bool


SEEN_EVERY = timedelta(hours=1)
"""How exactly it is known when a token was last used: enough to see that nobody needs it."""


def bearer(
    session: Session, secret: str, at: datetime, purpose: Purpose = Purpose.API
) -> Bearer | None:
    """Who holds this token; None if it is not in force for this purpose, or its person has left.
    A session's secret is no token: it is good in its browser alone, see ``sessions``."""
    token = in_force(session, secret, at, purpose)
    if token is None:
        return None
    found = actor_with(session, token.person_id, token.roles, at)
    return Bearer(token.id, found, token.seen_at is None or token.seen_at + SEEN_EVERY <= at)


def holder(
    session: Session, secret: str, at: datetime, purpose: Purpose = Purpose.API
) -> Actor | None:
    """The same, where only who it is matters."""
    found = bearer(session, secret, at, purpose)
    return found.actor if found else None


def touch(session: Session, token: str, at: datetime) -> None:
    """Note that a token or session is in use. One that has been ended meanwhile stays ended."""
    session.execute(
        update(Token)
        .where(col(Token.id) == token, col(Token.revoked_at).is_(None))
        .values(seen_at=at)
    )


def revoke(
    session: Session,
    at: datetime,
    *,
    by: str,
    secret: str | None = None,
    person_id: str = "",
    purpose: Purpose | None = None,
) -> int:
    """Revoke one token by its secret, or all of a person (of one purpose); answers how many."""
    chosen = [
        col(Token.digest) == digest_of(secret) if secret else col(Token.person_id) == person_id
    ]
    if purpose is not None:
        chosen.append(col(Token.purpose) == purpose)
    return revoke_those(session, at, *chosen, by=by)


def revoke_those(session: Session, at: datetime, *chosen: ColumnElement[bool], by: str) -> int:
    """Revoke the tokens that fulfil all these conditions; answers how many."""
    tokens = session.scalars(
        select(Token).where(*chosen, col(Token.revoked_at).is_(None)).order_by(col(Token.id))
    ).all()
    session.execute(
        update(Token)
        .where(col(Token.id).in_([t.id for t in tokens]))
        .values(revoked_at=at, device=None, hint=None)
    )
    revoked = [TokenRevoked(token=token.id, person=token.person_id) for token in tokens]
    house.record(session, revoked, by, at)
    return len(tokens)


# Seats. --------------------------------------------------------------------------------------


def filled(
    session: Session, seat: Seat, seats: Seats, at: datetime, *, urgent: bool = False
) -> Filled:
    """Who fills a seat at this moment, who was skipped and why, and which seats were empty."""
    return filled_all(session, (seat,), seats, at, urgent=urgent)[seat]


def filled_all(
    session: Session, wanted: Iterable[Seat], seats: Seats, at: datetime, *, urgent: bool = False
) -> dict[Seat, Filled]:
    """The same for several seats, which costs no more than for one."""
    around = roster.roster(session, at)
    return {seat: fill_seat(seat, seats, around, urgent=urgent) for seat in wanted}


def fill(session: Session, seat: Seat, seats: Seats) -> tuple[str, ...]:
    """Everybody who fills a seat now, at work or not, in order; empty where nobody is there."""
    return filled(session, seat, seats, datetime.now(UTC), urgent=True).people
