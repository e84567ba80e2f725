"""Who is there at a moment: the roster that the rules fill seats from, and working hours.

The zone of a person is looked up here and nowhere below: what the rules are given are moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Select, bindparam, false, select, true, union_all
from sqlmodel import Session, col

from domain.calendar import Calendar
from domain.errors import Invalid
from domain.hours import Hours, Window, parse_hours
from domain.people import Role
from domain.roster import Colleague, Roster, Standing
from store import calendars
from store.statements import ask, plain
from store.tables import Absence, Delegation, Membership, Person

BACK_TO_BACK = 50
"""Absences that follow one another without a working hour between them, at most: a person's next
working moment is looked for no further."""


def roster(session: Session, at: datetime) -> Roster:
    """Everybody as they are at this moment, in five statements."""
    teams: dict[str, set[str]] = {}
    leads: dict[str, set[str]] = {}
    for row in session.execute(
        select(col(Membership.person_id), col(Membership.team_id), col(Membership.is_lead))
    ):
        teams.setdefault(row.person_id, set()).add(row.team_id)
        if row.is_lead:
            leads.setdefault(row.person_id, set()).add(row.team_id)
    away = away_until(session, at)
    of_teams = calendars.of_teams(session)
    people = session.execute(
        select(
            col(Person.id), col(Person.roles), col(Person.is_active), col(Person.manager),
            col(Person.zone), col(Person.hours),
        ).order_by(col(Person.id))
    )  # fmt: skip
    return Roster(
        people=tuple(
            Colleague(
                id=row.id,
                roles=frozenset(Role(role) for role in row.roles),
                teams=frozenset(teams.get(row.id, ())),
                leads=frozenset(leads.get(row.id, ())),
                manager=row.manager,
                is_active=row.is_active,
                away_until=away.get(row.id),
                is_at_work=_is_at_work(
                    row.hours,
                    row.zone,
                    calendars.of_person(of_teams, teams.get(row.id, ())),
                    at,
                ),
            )
            for row in people
        ),
        standings=tuple(standings(session, at)),
    )


def away_until(session: Session, at: datetime) -> dict[str, datetime]:
    """Who is absent, and until when; of two absences the one that ends later."""
    return {row.person_id: row.until for row in ask(session, _AWAY, at=at)}


_ABSENCES = plain(Absence).c
_AWAY = (
    select(_ABSENCES.person_id, _ABSENCES.until)
    .where(
        _ABSENCES.ended_at.is_(None),
        _ABSENCES.since <= bindparam("at"),
        _ABSENCES.until > bindparam("at"),
    )
    .order_by(_ABSENCES.until)
)
"""By the index ``absence_until``: of all absences, few lie ahead."""


def _pairs(table: type[Absence] | type[Delegation], stand_in: str, **said: Any) -> Select[Any]:
    """Whoever is absent or let somebody decide, and who stands in for them at ``at``."""
    rows, of, by = plain(table).c, plain(Person).alias(), plain(Person).alias()
    return (
        select(
            rows.person_id.label("of"), by.c.id.label("by"), *(v.label(k) for k, v in said.items())
        )
        .join(of, of.c.id == rows.person_id)
        .join(by, by.c.id == rows[stand_in])
        .where(rows.ended_at.is_(None), rows.since <= bindparam("at"), rows.until > bindparam("at"))
        .where(of.c.is_active, by.c.is_active)
    )


_STANDINGS = union_all(
    _pairs(Absence, "deputy", is_absence=true(), may_pass_on=true()),
    _pairs(Delegation, "delegate", is_absence=false(), may_pass_on=plain(Delegation).c.may_pass_on),
)
"""Asked by every request of whoever is signed in."""


def standings(session: Session, at: datetime) -> list[Standing]:
    """Who stands for whom at this moment, in one statement. Nobody stands for whoever has left,
    and whoever has left stands for nobody."""
    return [
        Standing(
            of=row.of,
            by=row.by,
            is_absence=bool(row.is_absence),
            may_pass_on=bool(row.may_pass_on),
        )
        for row in ask(session, _STANDINGS, at=at)
    ]


# Working hours. ------------------------------------------------------------------------------


def check_zone(zone: str) -> None:
    """Raise Invalid for a time zone that this machine does not know."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(
            "unknown_zone",
            f"there is no time zone '{zone}'",
            "name it as Europe/Berlin or America/New_York",
            field="zone",
        ) from None


def opens_at(hours: str | None, zone: str | None, at: datetime) -> datetime:
    """The next working moment from ``at`` on: ``at`` itself within working hours, and always for
    somebody without any."""
    if hours is None:
        return at
    return _opens_at(parse_hours(hours), ZoneInfo(zone or "UTC"), at)


def _opens_at(hours: Hours, zone: ZoneInfo, at: datetime) -> datetime:
    # A week and a day reach every window, whatever the time of today's.
    today = at.astimezone(zone).date()
    for day in (today + timedelta(days=n) for n in range(9)):
        for window in hours.on(day.weekday()):
            opens, closes = _moments(window, datetime.combine(day, time(), zone))
            if at < closes:
                return max(opens, at)
    return at


def _moments(window: Window, midnight: datetime) -> tuple[datetime, datetime]:
    """The window on one day. Adding to a local time counts as the clock on the wall does, also
    on a day that daylight saving makes shorter or longer."""
    opens, closes = (midnight + timedelta(minutes=m) for m in (window.opens, window.closes))
    return opens.astimezone(UTC), closes.astimezone(UTC)


def _is_at_work(
    hours: str | None, zone: str | None, calendar: Calendar | None, at: datetime
) -> bool:
    if hours is None and calendar is not None:
        return calendar.is_open(at)
    return opens_at(hours, zone, at) == at


Opens = Callable[[datetime], datetime]
"""From a moment to the first working moment from there on, by hours alone."""


def _opens(person: Person, calendar: Calendar | None) -> Opens:
    """By the person's own hours, or else by their team's calendar; at any hour without both."""
    if person.hours is None and calendar is not None:
        return calendar.next_open
    return lambda at: opens_at(person.hours, person.zone, at)


def _calendar(session: Session, person: Person) -> Calendar | None:
    if person.hours is not None:
        return None
    teams = session.scalars(
        select(col(Membership.team_id)).where(col(Membership.person_id) == person.id)
    )
    return calendars.of_person(calendars.of_teams(session), teams)


def next_at(session: Session, person_id: str, at: datetime) -> datetime:
    """The next moment from ``at`` on at which this person works: within their hours or else their
    team's, and not absent. Of an unknown person nothing is known that would speak against ``at``.
    """
    person = session.get(Person, person_id)
    if person is None:
        return at
    return _present(session, person, _opens(person, _calendar(session, person)), at)


def _present(session: Session, person: Person, opens: Opens, at: datetime) -> datetime:
    absences = _ahead(session, person.id, at)
    moment = at
    for _ in range(BACK_TO_BACK):
        found = opens(moment)
        away = [until for since, until in absences if since <= found < until]
        if not away:
            return found
        moment = max(away)
    return moment


MORNING = "mon-sun 08:00-20:00"
"""When a day begins for somebody whose hours go on through midnight."""


def morning(session: Session, person_id: str, at: datetime) -> datetime:
    """When this person's working day next begins, from ``at`` on: the first working moment of a
    day, in the time of their own place. ``at`` itself for somebody unknown."""
    person = session.get(Person, person_id)
    if person is None:
        return at
    calendar = _calendar(session, person)
    name = _zone(person, calendar)
    opens, zone = _opens(person, calendar), ZoneInfo(name)

    def begins(moment: datetime) -> datetime:
        found = opens(moment)
        is_midnight = found.astimezone(zone).time() == time()
        return opens_at(MORNING, name, found) if is_midnight else found

    midnight = datetime.combine(at.astimezone(zone).date(), time(), zone)
    found = _present(session, person, begins, midnight.astimezone(UTC))
    if found >= at:
        return found
    midnight = datetime.combine(midnight.date() + timedelta(days=1), time(), zone)
    return max(_present(session, person, begins, midnight.astimezone(UTC)), at)


def zone_of(session: Session, person_id: str) -> str:
    """The name of the time zone in which this person reads times."""
    person = session.get(Person, person_id)
    if person is None:
        return "UTC"
    if chosen := person.reading_zone or person.zone:
        return chosen
    teams = session.scalars(
        select(col(Membership.team_id)).where(col(Membership.person_id) == person.id)
    )
    return zone_of_teams(session, teams)


def language_of(session: Session, person_id: str) -> str | None:
    """The language that this person has chosen to read."""
    person = session.get(Person, person_id)
    return person.language if person else None


def zone_of_teams(session: Session, teams: Iterable[str]) -> str:
    """The name of the time zone of somebody in these teams who has none of their own; where their
    teams have none either, that of the house."""
    around = calendars.in_force(session)
    calendar = calendars.of_person(around.of_teams, teams)
    return calendar.zone if calendar else around.zone


class Reading(NamedTuple):
    """What somebody chose to read in; None: what their browser asks for, where they work."""

    language: str | None
    zone: str | None


def reading(session: Session, person_id: str) -> Reading:
    person = session.get_one(Person, person_id)
    return Reading(person.language, person.reading_zone)


def read_in(session: Session, person_id: str, language: str | None, zone: str | None) -> None:
    """Note in which language this person reads, and in which zone; None: as before they chose.
    Raises Invalid for a zone that there is not."""
    if zone:
        check_zone(zone)
    person = session.get_one(Person, person_id)
    person.language, person.reading_zone = language, zone


def _zone(person: Person, calendar: Calendar | None) -> str:
    return person.zone or (calendar.zone if calendar else "UTC")


def _ahead(session: Session, person_id: str, at: datetime) -> Iterable[tuple[datetime, datetime]]:
    rows = session.execute(
        select(col(Absence.since), col(Absence.until)).where(
            col(Absence.person_id) == person_id,
            col(Absence.ended_at).is_(None),
            col(Absence.until) > at,
        )
    )
    return [(row.since, row.until) for row in rows]
