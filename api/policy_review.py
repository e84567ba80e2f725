"""What is done with a policy file before and when it is put in force: looked at from every side,
compared, tried out, applied.

Called by the command line, by the JSON interface and by the pages, so that all of them say the same
about the same file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlmodel import Session

from domain.calendar import Calendar
from domain.errors import Conflict, Invalid, Unknown
from domain.people import Role
from domain.policy import Member, Policy
from policy.calendars import Moved, moved
from policy.checks import Person
from policy.compiling import horizon
from policy.difference import NOT_SAID, Change, calendar_differences, differences
from policy.file import Examined, examine, from_policy, read_policy_file, to_toml
from policy.problems import BadPolicy, Problem
from policy.shape import PolicyFile
from policy.simulation import Simulation, simulate
from store import people, policies, remarks, running, tables, uses
from store.policies import InForce
from store.uses import Use
from texts import stated

TRIED = 500
"""Past comments on which a draft is tried out while somebody waits; the command line takes more."""


@dataclass(frozen=True)
class Move:
    """A running date that other calendars would put elsewhere, and by which calendar."""

    moved: Moved
    calendar: Calendar


@dataclass(frozen=True)
class Given:
    """What a file makes of a person's roles and teams, where that is something else than now."""

    person: str
    before: Person | None
    """None: the file adds them."""
    after: Person

    @property
    def was(self) -> str:
        return _standing(self.before)

    @property
    def will_be(self) -> str:
        return _standing(self.after)


@dataclass(frozen=True)
class Removal:
    """A team or a channel that a draft takes away though something hangs on it. What is open stays
    with its people; nothing goes out on a channel until a policy has it again."""

    section: str
    """``teams`` or ``channels``, as in the file."""
    id: str
    use: Use


@dataclass(frozen=True)
class Review:
    """Everything there is to say about a draft, against the version in force."""

    text: str
    digest: str
    """Of the text and of what it compiles to: what was looked at is what is applied."""
    found: Examined
    against: InForce | None
    changes: tuple[Change, ...] = ()
    in_calendars: tuple[Change, ...] = ()
    """Dates that come out otherwise though nothing is written otherwise."""
    fresh: tuple[Calendar, ...] = ()
    """The calendars that somebody has to look at: new, or with other dates."""
    moves: tuple[Move, ...] = ()
    given: tuple[Given, ...] = ()
    removals: tuple[Removal, ...] = ()
    """What somebody has to say that it may go."""
    tried: Simulation | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return self.found.errors

    @property
    def is_same(self) -> bool:
        """Whether it comes to what is in force already, people included."""
        policy = self.found.policy
        return (
            policy is not None
            and self.against is not None
            and self.against.digest == policies.digest_of(policy)
            and not self.given
        )


def look(text: str, at: datetime, known: dict[str, Person] | None) -> Examined:
    """Everything that is wrong with a file. Raises BadPolicy where it is no TOML at all."""
    return examine(text, *horizon(at.date()), known)


def review(session: Session, text: str, at: datetime, *, tries: int = TRIED) -> Review:
    """A draft from every side. Reads only; what is no TOML at all is one error among others."""
    known = people_as_checked(session)
    found = _look(text, at, known)
    before = policies.current(session)
    made = Review(text=text, digest=_digest(text, found.policy), found=found, against=before)
    if found.policy is None:
        return made
    made = replace(
        made,
        fresh=fresh_calendars(before, found.policy),
        moves=moves(session, found.policy),
        given=given(known, found.file),
    )
    if before is None:
        return made
    return replace(
        made,
        changes=differences(file_of(before), found.file),
        in_calendars=calendar_differences(before.policy.calendars, found.policy.calendars),
        removals=removals(session, before, found, known),
        tried=simulate(before.policy, found.policy, remarks.that_opened(session, tries)),
    )


def _look(text: str, at: datetime, known: dict[str, Person]) -> Examined:
    try:
        return look(text, at, known)
    except BadPolicy as error:
        return Examined(None, PolicyFile(teams={}, channels={}), error.problems, ())


def _digest(text: str, policy: Policy | None) -> str:
    compiled = policies.digest_of(policy) if policy else ""
    return hashlib.sha256(f"{compiled}\n{text}".encode()).hexdigest()


# Versions. -----------------------------------------------------------------------------------


def in_force(session: Session) -> InForce:
    """Raises Unknown before the first policy is applied."""
    found = policies.current(session)
    if found is None:
        raise Unknown(
            "no_policy",
            "no policy has been applied",
            "apply one with `answerable policy apply FILE`, or under /admin/policy",
        )
    return found


def source_of(version: InForce) -> str | None:
    """The file as it was written, or what comes closest; None where that cannot be said."""
    if version.source is not None:
        return version.source
    if version.policy.terms or version.policy.routes:
        return None
    return to_toml(from_policy(version.policy))


def file_of(version: InForce) -> PolicyFile:
    if version.source is None:
        return from_policy(version.policy)
    return read_policy_file(version.source)


def between(old: InForce, new: InForce) -> tuple[Change, ...]:
    """What one version says otherwise than another, key by key, calendars as they came out."""
    return (
        *differences(file_of(old), file_of(new)),
        *calendar_differences(old.policy.calendars, new.policy.calendars),
    )


_ADDRESSES = (".url", ".find_url")


def _hidden(said: str) -> str:
    return said if said == NOT_SAID else stated("an address")


def without_addresses(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The same for whoever does not set them: addresses of webhooks often hold their secret."""
    return tuple(
        replace(c, old=_hidden(c.old), new=_hidden(c.new)) if c.path.endswith(_ADDRESSES) else c
        for c in changes
    )


# What it would come to. ----------------------------------------------------------------------


def fresh_calendars(before: InForce | None, policy: Policy) -> tuple[Calendar, ...]:
    """Calendars that nobody has looked at yet: holidays come out of a library."""
    known = before.policy.calendars if before else {}
    return tuple(c for name, c in policy.calendars.items() if known.get(name) != c)


def moves(session: Session, policy: Policy, most: int | None = None) -> tuple[Move, ...]:
    """What runs by a calendar that is another one in this policy. It goes on as it is: its terms
    are pinned. ``most`` is how many running dates are looked at, where not all of them are."""
    calendars = policy.calendars
    return tuple(
        Move(move, calendars[terms.calendar.id])
        for stream, terms, deadline in islice(running.deadlines(session), most)
        if terms.calendar is not None and terms.calendar.id in calendars
        for move in moved(calendars[terms.calendar.id], [(stream, deadline)])
    )


def removals(
    session: Session, before: InForce | None, found: Examined, known: Mapping[str, Person]
) -> tuple[Removal, ...]:
    """The teams and channels of the version in force that a file lacks, and what hangs on them.
    Whom the file itself puts elsewhere is no member any more."""
    if before is None or found.policy is None:
        return ()
    members = Counter(
        team
        for person_id, person in known.items()
        if person.is_active and person_id not in found.file.people
        for team in person.teams
    )
    of_teams, of_channels = uses.of_teams(session), uses.of_channels(session)
    all_of_them = (
        *(
            Removal("teams", t, of_teams.get(t, Use()).model_copy(update={"members": members[t]}))
            for t in before.policy.teams
            if t not in found.policy.teams
        ),
        *(
            Removal("channels", c, of_channels.get(c, Use()))
            for c in before.policy.channels
            if c not in found.policy.channels
        ),
    )
    return tuple(removal for removal in all_of_them if removal.use != Use())


def people_as_checked(session: Session) -> dict[str, Person]:
    """Everybody as the checks know them."""
    return {
        person.id: Person(
            roles=frozenset(Role(role) for role in person.roles),
            teams=frozenset(m.team_id for m in memberships),
            leads=frozenset(m.team_id for m in memberships if m.is_lead),
            manager=person.manager,
            is_active=person.is_active,
        )
        for person, memberships in people.everybody(session)
    }


def given(known: dict[str, Person], file: PolicyFile) -> tuple[Given, ...]:
    """Whose roles, teams or manager a file sets otherwise than they are."""
    found = []
    for person_id, said in sorted(file.people.items()):
        was = known.get(person_id)
        leads = frozenset(said.leads)
        will_be = Person(
            roles=frozenset(said.roles),
            teams=frozenset(said.teams) | leads,
            leads=leads,
            manager=said.manager or (was.manager if was else None),
        )
        if was != will_be:
            found.append(Given(person_id, was, will_be))
    return tuple(found)


def _standing(person: Person | None) -> str:
    if person is None:
        return ""
    teams = [f"{t} (lead)" if t in person.leads else t for t in sorted(person.teams)]
    parts = [", ".join(sorted(person.roles)), ", ".join(teams), person.manager or ""]
    return "; ".join(part for part in parts if part)


# Applying. -----------------------------------------------------------------------------------


def put_in_force(
    session: Session,
    found: Examined,
    by: str,
    at: datetime,
    *,
    source: str,
    reason: str,
    on: int | None = None,
) -> int:
    """Put a file without errors in force and give its people their roles; answers its version.

    ``on`` is the version it was compared with. Raises Conflict if that is not in force any more.
    """
    assert found.policy is not None
    version = policies.apply(session, found.policy, by, at, source=source, reason=reason, on=on)
    session.flush()
    put_people(session, found.file, by, at)
    return version


def apply_reviewed(
    session: Session,
    text: str,
    by: str,
    at: datetime,
    *,
    draft: str,
    on: int,
    reason: str,
    is_accepted: bool,
    may_remove: bool,
) -> int:
    """Apply what somebody has looked at: the draft of this digest, compared with this version (0:
    with none). For a writing transaction. Raises Conflict where either is another one now, Invalid
    for errors, a missing reason, calendars that nobody has accepted, or teams and channels in use
    that nobody has said may go."""
    known = people_as_checked(session)
    found = _look(text, at, known)
    if found.policy is None:
        raise Invalid(
            "bad_policy",
            "nothing was applied: the file has an error"
            if len(found.errors) == 1
            else f"nothing was applied: the file has {len(found.errors)} errors",
            "correct what is wrong, and check it again",
            field="text",
        )
    if _digest(text, found.policy) != draft:
        raise Conflict(
            "draft_changed",
            "this is not the draft that was looked at, or it comes to something else by now",
            "look at it as it is shown now, and apply it then",
        )
    before = policies.current(session)
    if before and _is_repeated(before, found.policy, by, on):
        return before.version
    policies.check_on(before.version if before else 0, on)
    if before is not None and not reason.strip():
        raise Invalid(
            "reason_missing", "a change of policy needs a reason", "say why", field="reason"
        )
    if fresh_calendars(before, found.policy) and not is_accepted:
        raise Invalid(
            "calendars_not_accepted",
            "nobody has said that the calendars are right",
            "look at their dates, and say so",
            field="accept",
        )
    if (going := removals(session, before, found, known)) and not may_remove:
        named = ", ".join(f"{one.section}.{one.id}" for one in going)
        raise Invalid(
            "removals_not_accepted",
            f"it takes away what is in use: {named}",
            "look at what hangs on it, and say that it may go",
            field="remove",
        )
    version = put_in_force(session, found, by, at, source=text, reason=reason.strip(), on=on)
    people.check_an_admin_stays(session)
    return version


def _is_repeated(before: InForce, policy: Policy, by: str, on: int) -> bool:
    """Whether the same person has just sent the same: a form that was sent twice applies once."""
    is_next = (before.version, before.by) == (on + 1, by)
    return is_next and before.digest == policies.digest_of(policy)


def put_people(session: Session, file: PolicyFile, by: str, at: datetime) -> None:
    """Give the people of the file the roles and teams that it names. Names, addresses and absences
    are theirs, and stay as they are; who is not named in the file stays as they are, too."""
    new = [i for i in file.people if session.get(tables.Person, i) is None]
    for person_id in new:
        # First without managers: they may be further down in the file.
        section = file.people[person_id].model_copy(update={"manager": None})
        _put_person(session, person_id, section, by, at)
    for person_id, section in file.people.items():
        _put_person(session, person_id, section, by, at)


def _put_person(session: Session, person_id: str, said: Member, by: str, at: datetime) -> None:
    known = session.get(tables.Person, person_id)
    people.put_person(
        session,
        person_id,
        known.name if known else person_id,
        said.roles,
        {team: team in said.leads for team in (*said.teams, *said.leads)},
        at,
        known.email if known else None,
        by=by,
        manager=said.manager or (known.manager if known else None),
        zone=said.zone or (known.zone if known else None),
        hours=said.hours or (known.hours if known else None),
    )
