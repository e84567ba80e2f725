"""Who fills what: people as admins look for them, teams with their seats, and what somebody who
leaves would leave behind. The roster is read once for each of these, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.calendar import Calendar
from domain.errors import Unknown
from domain.people import Role, Seat, Seats
from domain.policy import Policy
from domain.roster import UP, Colleague, Roster, fill
from store import absences, calendars, colleagues, cursors, deciding, people, roster, tail
from store.colleagues import PersonItem
from store.tables import Commitment, Escalation, Matter, Person

LISTED = 50
"""Cases of one kind that are named when somebody is to leave; all of them are counted."""

SOON = timedelta(days=14)
"""An absence that begins within so long should have a deputy by now."""


class State(StrEnum):
    """How somebody is looked for."""

    HERE = "here"
    AWAY = "away"
    ROLELESS = "roleless"
    """They may do nothing at all."""
    MACHINES = "machines"
    LEFT = "left"


class Wish(Value):
    """Which people are wanted; what is empty does not matter."""

    text: str = ""
    """A part of a name or an id, or of an address."""
    role: str = ""
    team: str = ""
    state: str = ""


class Found(Value):
    """A page of people by id, and how many there are of each state."""

    items: tuple[PersonItem, ...]
    next_cursor: str | None
    counts: dict[str, int]


class SeatView(Value):
    """A seat of a team: who fills it now. Where it is empty, ``instead`` is the seat that is asked,
    and ``people`` are those who fill that one; None where nobody is there at all."""

    seat: Seat
    people: tuple[str, ...]
    is_empty: bool
    instead: Seat | None


class MemberView(Value):
    person: str
    name: str
    is_lead: bool
    is_there: bool
    away_until: Moment | None
    deputies: tuple[str, ...]
    is_at_work: bool
    zone: str
    hours: str | None
    """None: those of the team's calendar, or any."""


class TeamView(Value):
    """One team as it is now."""

    id: str
    name: str
    is_gone: bool
    """The policy does not have it any more."""
    calendar: str | None
    """The calendar of the terms under which its channels are answered."""
    zone: str
    is_open: bool
    """Whether this is one of its working hours."""
    members: tuple[MemberView, ...]
    seats: tuple[SeatView, ...]
    open_escalations: int
    unclaimed: int
    channels: tuple[str, ...]


class Heir(Value):
    """To whom the open cases of one team go when their owner is gone."""

    team: str
    cases: int
    seat: Seat | None
    """None: nobody is there at all."""
    people: tuple[str, ...]


class Replaced(Value):
    """Somebody who is away, or will be, and has nobody in their place once their deputy is gone."""

    person: str
    since: Moment
    until: Moment


class Left(Value):
    """What somebody would leave behind."""

    cases: tuple[tuple[str, str], ...]
    """Some open escalations they own, with their teams; ``heirs`` counts all of them."""
    heirs: tuple[Heir, ...]
    promises: tuple[str, ...]
    promises_in_all: int
    matters: tuple[str, ...]
    reports: tuple[str, ...]
    """The people they manage."""
    replaces: tuple[Replaced, ...]
    """Absences, of now and to come, in which they are the deputy."""
    decides: tuple[str, ...]
    """Terms of the policy that name them as an approver."""
    decisions: int
    """Cases that wait for their word."""
    last_of: tuple[Role, ...]
    """Roles that nobody else has."""
    leads: tuple[str, ...]
    """Teams that would have no lead."""


# People. -------------------------------------------------------------------------------------


def search(
    session: Session,
    wish: Wish,
    at: datetime,
    *,
    by_address: bool = False,
    limit: int = LISTED,
    cursor: str | None = None,
) -> Found:
    """The people who are wanted, by id. A house of thousands is still looked through at once.
    Addresses are searched only for whoever may see them."""
    around = roster.roster(session, at)
    columns = (col(Person.id), col(Person.name), *([col(Person.email)] if by_address else []))
    rows = session.execute(select(*columns))
    told = {row.id: row for row in rows}
    wanted = wish.text.casefold().strip()
    fitting = [
        one
        for one in around.people
        if (not wish.role or wish.role in one.roles)
        and (not wish.team or wish.team in one.teams)
        and any(wanted in (part or "").casefold() for part in told[one.id])
    ]
    counts = Counter(_state(one) for one in fitting)
    after = cursors.place_of_id(cursor, "staffing") if cursor else ""
    chosen = [
        one
        for one in fitting
        if one.id > after and (_state(one) == wish.state if wish.state else one.is_active)
    ]
    shown = chosen[:limit]
    return Found(
        items=tuple(colleagues.item(one, told[one.id].name, around) for one in shown),
        next_cursor=cursors.encode("staffing", (shown[-1].id,)) if len(chosen) > limit else None,
        counts={state: counts.get(state, 0) for state in State},
    )


def _state(one: Colleague) -> State:
    if not one.is_active:
        return State.LEFT
    if not one.roles:
        return State.ROLELESS
    if one.roles == {Role.SERVICE}:
        return State.MACHINES
    return State.HERE if one.is_there else State.AWAY


def without_deputies(session: Session, at: datetime) -> list[tuple[str, datetime]]:
    """Who is away, or soon will be, with nobody to come in their place; the first to go first."""
    return [
        (row.person_id, row.since)
        for row in absences.absences(session, at)
        if row.since < at + SOON
        and absences.deputy_of(session, row) is None
        and people.known(session, row.person_id).is_active
    ]


def circles(around: Roster) -> list[tuple[str, ...]]:
    """People who are all away and whose deputies are each other: nobody comes for any of them."""
    away = {one.id for one in around.people if one.away_until is not None}
    nexts: dict[str, list[str]] = {}
    for standing in around.standings:
        if standing.is_absence and standing.of in away:
            nexts.setdefault(standing.of, []).append(standing.by)
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for person in sorted(away):
        chain, after = [person], nexts.get(person, [])
        while after and after[0] in away and after[0] not in chain:
            chain.append(after[0])
            after = nexts.get(after[0], [])
        if after and after[0] in chain:
            circle = tuple(chain[chain.index(after[0]) :])
            found.setdefault(frozenset(circle), circle)
    return list(found.values())


# Teams. --------------------------------------------------------------------------------------


def teams(session: Session, policy: Policy, at: datetime) -> tuple[TeamView, ...]:
    """Every team of the policy, in the order of its file, then those that are ``left_over``."""
    around = roster.roster(session, at)
    names = policy.teams | left_over(session, policy, around)
    of_teams = calendars.of_teams(session)
    rows = {row.id: row for row in session.execute(_persons())}
    counts = _open_cases(session)
    return tuple(
        TeamView(
            id=team,
            name=name,
            is_gone=team not in policy.teams,
            calendar=of_teams[team].id if team in of_teams else None,
            zone=of_teams[team].zone if team in of_teams else "UTC",
            is_open=of_teams[team].is_open(at) if team in of_teams else True,
            members=_members(team, around, rows, of_teams),
            seats=seats_of(team, around),
            open_escalations=sum(counts.get(team, {}).values()),
            unclaimed=counts.get(team, {}).get("unclaimed", 0),
            channels=tuple(sorted(n for n, c in policy.channels.items() if c.team == team)),
        )
        for team, name in names.items()
    )


def left_over(session: Session, policy: Policy, around: Roster) -> dict[str, str]:
    """The teams that the policy lacks and that have members or open escalations: name by id."""
    used = {team for one in around.people if one.is_active for team in one.teams}
    used |= _open_cases(session).keys()
    names = people.team_names(session)
    return {team: names.get(team, team) for team in sorted(used - policy.teams.keys())}


def _persons() -> Select[Any, Any, Any, Any]:
    return select(col(Person.id), col(Person.name), col(Person.zone), col(Person.hours))


def _members(
    team: str,
    around: Roster,
    rows: Mapping[str, Any],
    of_teams: Mapping[str, Calendar],
) -> tuple[MemberView, ...]:
    return tuple(
        MemberView(
            person=one.id,
            name=rows[one.id].name,
            is_lead=team in one.leads,
            is_there=one.is_there,
            away_until=one.away_until,
            deputies=colleagues.deputies(one.id, around),
            is_at_work=one.is_at_work,
            zone=rows[one.id].zone or (of_teams[team].zone if team in of_teams else "UTC"),
            hours=rows[one.id].hours,
        )
        for one in around.people
        if one.is_active and team in one.teams
    )


SEATS = (Seat.TEAM, Seat.LEAD, Seat.APPROVERS)
"""What each team needs somebody for: to claim, to be told of what lies, to decide."""


def seats_of(team: str, around: Roster) -> tuple[SeatView, ...]:
    """The seats of a team as they are filled now, at work or not."""
    found = []
    for seat in SEATS:
        filled = fill(seat, Seats(team=team), around, urgent=True)
        found.append(
            SeatView(
                seat=seat,
                people=filled.people,
                is_empty=bool(filled.empty),
                instead=_after(seat, filled.empty) if filled.empty and filled.people else None,
            )
        )
    return tuple(found)


def _after(asked: Seat, empty: Sequence[Seat]) -> Seat:
    """The seat that people were found in, once these were empty."""
    order = (asked, *UP[asked])
    return order[order.index(empty[-1]) + 1]


def _open_cases(session: Session) -> dict[str, dict[str, int]]:
    rows = session.execute(
        select(col(Escalation.team), col(Escalation.stage), func.count().label("number"))
        .where(col(Escalation.is_open))
        .group_by(col(Escalation.team), col(Escalation.stage))
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.team, {})[row.stage] = row.number
    return found


# Leaving. ------------------------------------------------------------------------------------


def left_behind(session: Session, person_id: str, policy: Policy | None, at: datetime) -> Left:
    """What is open for somebody, and to whom it goes once they are gone."""
    around = _without(roster.roster(session, at), person_id)
    own = col(Escalation.owner) == person_id, col(Escalation.is_open)
    per_team = session.execute(
        select(col(Escalation.team), func.count().label("number"))
        .where(*own)
        .group_by(col(Escalation.team))
        .order_by(col(Escalation.team))
    )
    cases = session.execute(
        select(col(Escalation.id), col(Escalation.team))
        .where(*own)
        .order_by(col(Escalation.id))
        .limit(LISTED)
    )
    promised = select(col(Commitment.id)).where(
        col(Commitment.accountable) == person_id, col(Commitment.is_open)
    )
    matters = select(col(Matter.id)).where(col(Matter.owner) == person_id, col(Matter.is_open))
    return Left(
        cases=tuple((row.id, row.team) for row in cases),
        heirs=tuple(_heir(row.team, row.number, person_id, around) for row in per_team),
        promises=tuple(session.scalars(promised.order_by(col(Commitment.due_at)).limit(LISTED))),
        promises_in_all=session.scalar(select(func.count()).select_from(promised.subquery())) or 0,
        matters=tuple(session.scalars(matters.limit(LISTED))),
        reports=tuple(
            one.id for one in around.people if one.manager == person_id and one.is_active
        ),
        replaces=tuple(
            Replaced(person=row.person_id, since=row.since, until=row.until)
            for row in absences.absences(session, at)
            if row.deputy == person_id and people.known(session, row.person_id).is_active
        ),
        decides=_decides(person_id, policy),
        decisions=_decisions(session, person_id, at),
        last_of=_last_of(person_id, around),
        leads=_leads_alone(person_id, policy, around),
    )


def _decisions(session: Session, person_id: str, at: datetime) -> int:
    try:
        actor = people.actor(session, person_id, at)
        return deciding.count(session, actor, at, tail.newest(session)).decisions
    except Unknown:  # They have left already.
        return 0


def _last_of(person_id: str, around: Roster) -> tuple[Role, ...]:
    """``around`` is the house without them."""
    own = next((one.roles for one in around.people if one.id == person_id), frozenset())
    others = {role for one in around.people if one.is_active for role in one.roles}
    return tuple(sorted(own - others - {Role.SERVICE}))


def _leads_alone(person_id: str, policy: Policy | None, around: Roster) -> tuple[str, ...]:
    """``around`` is the house without them."""
    own = next((one.leads for one in around.people if one.id == person_id), frozenset())
    others = {
        team
        for one in around.people
        if one.is_active and Role.STAFF in one.roles
        for team in one.leads
    }
    return tuple(team for team in (policy.teams if policy else ()) if team in own - others)


def _without(around: Roster, person_id: str) -> Roster:
    """The same house without them, and without whoever stands in for them: that ends, too."""
    return Roster(
        people=tuple(
            one.model_copy(update={"is_active": False}) if one.id == person_id else one
            for one in around.people
        ),
        standings=tuple(s for s in around.standings if person_id not in (s.of, s.by)),
    )


def _heir(team: str, cases: int, owner: str, around: Roster) -> Heir:
    filled = fill(Seat.OWNER, Seats(team=team, owner=owner), around, urgent=True)
    seat = _after(Seat.OWNER, filled.empty) if filled.people and filled.empty else None
    return Heir(team=team, cases=cases, seat=seat, people=filled.people)


def _decides(person_id: str, policy: Policy | None) -> tuple[str, ...]:
    terms: Iterable[str] = policy.terms if policy else ()
    return tuple(
        name for name in terms if policy and person_id in policy.terms[name].decision.approvers
    )
