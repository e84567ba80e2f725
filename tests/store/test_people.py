"""Who is there at a moment, as the store knows it, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Conflict, Invalid, Refused, Unknown
from domain.house import Reason
from domain.people import Role, Seat, Seats
from domain.roster import Why
from store import absences, people, roster
from store.database import Database
from tests.builders import AT, furnish

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICE = {"zone": "Europe/Berlin", "hours": "mon-fri 09:00-17:00"}


def put(database: Database, person: str, *roles: Role, **more: Any) -> None:
    with database.writing() as session:
        teams = more.pop("teams", {})
        people.put_person(
            session, person, person.title(), roles or (Role.STAFF,), teams, AT, by="root", **more
        )


def plan(database: Database, person: str, **more: Any) -> str:
    values: dict[str, Any] = {"since": AT, "until": AT + DAY, "at": AT, "by": person} | more
    with database.writing() as session:
        return absences.plan(session, person, **values).id


def give(database: Database, person: str, to: str, **more: Any) -> str:
    values: dict[str, Any] = {"since": AT, "until": AT + DAY, "at": AT, "by": person} | more
    with database.writing() as session:
        return absences.give(session, person, to, **values).id


def stands_for(database: Database, person: str, at: datetime = AT) -> tuple[str, ...]:
    with database.reading() as session:
        return people.actor(session, person, at).stands_for


@pytest.mark.rule(4)
def test_an_absent_owner_is_replaced_by_their_deputy_for_as_long_as_they_are_away(
    house: Database,
) -> None:
    plan(house, "ada", deputy="eve")
    seats = Seats(team="care", owner="ada")
    with house.reading() as session:
        for moment, expected in (
            (AT - HOUR, ("ada",)),
            (AT, ("eve",)),
            (AT + DAY - HOUR, ("eve",)),
            (AT + DAY, ("ada",)),
        ):
            assert people.filled(session, Seat.OWNER, seats, moment).people == expected


@pytest.mark.rule(4)
def test_a_leaver_is_gone_and_their_manager_is_still_known(house: Database) -> None:
    put(house, "mia")
    put(house, "ada", teams={"care": False}, manager="mia")
    with house.writing() as session:
        people.remove_person(session, "ben", AT, by="root")
        people.remove_person(session, "ada", AT, by="root")
    with house.reading() as session:
        found = people.filled(session, Seat.OWNER, Seats(team="care", owner="ada"), AT)
    assert found.people == ("mia",)
    assert found.empty == (Seat.OWNER, Seat.LEAD)
    assert [(s.person, s.why) for s in found.skipped] == [("ada", Why.LEFT)]


@pytest.mark.rule(6)
def test_people_may_decide_for_those_who_delegated_and_those_whose_deputy_they_are(
    house: Database,
) -> None:
    put(house, "fay", Role.EXECUTIVE)
    give(house, "cora", "ben")
    plan(house, "fay", deputy="ben")
    plan(house, "ben", deputy="eve")
    assert stands_for(house, "ben") == ("cora", "fay")
    assert stands_for(house, "eve") == ("ben", "fay"), "Cora did not let it be passed on"
    assert stands_for(house, "ben", AT + DAY) == ()
    assert stands_for(house, "ben", AT - HOUR) == ()
    assert stands_for(house, "cora") == ()


@pytest.mark.rule(6)
def test_a_chain_of_delegations_holds_where_it_may_be_passed_on_and_circles_are_cut(
    house: Database,
) -> None:
    give(house, "cora", "ben", may_pass_on=True)
    give(house, "ben", "ada", may_pass_on=True)
    give(house, "ada", "cora", may_pass_on=True)
    assert stands_for(house, "ada") == ("ben", "cora")
    assert stands_for(house, "ben") == ("ada", "cora")


@pytest.mark.rule(6)
def test_nobody_decides_for_or_through_somebody_who_has_left(house: Database) -> None:
    give(house, "cora", "ben", may_pass_on=True)
    give(house, "ben", "ada", may_pass_on=True)
    with house.writing() as session:
        people.remove_person(session, "ben", AT, by="root")
    assert stands_for(house, "ada") == ()
    put(house, "ben")
    assert stands_for(house, "ada") == (), "what ended with leaving stays ended"


def test_an_ended_delegation_decides_nothing(house: Database) -> None:
    given = give(house, "cora", "ben")
    with house.writing() as session:
        absences.take_back(session, absences.delegation(session, given), AT, by="cora")
    assert stands_for(house, "ben") == ()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02T07:59", "2026-03-02T08:00"),  # Monday, an hour ahead of UTC
        ("2026-03-02T08:00", "2026-03-02T08:00"),
        ("2026-03-02T15:59", "2026-03-02T15:59"),
        ("2026-03-02T16:00", "2026-03-03T08:00"),
        ("2026-03-06T20:00", "2026-03-09T08:00"),  # over a weekend
        ("2026-03-27T20:00", "2026-03-30T07:00"),  # over the night when clocks go forward
    ],
)
@pytest.mark.rule(16)
def test_the_next_working_moment_is_in_the_persons_own_zone(
    sqlite_house: Database, at: str, expected: str
) -> None:
    put(sqlite_house, "ada", **OFFICE)
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, expected)]
    with sqlite_house.reading() as session:
        assert roster.next_at(session, "ada", moments[0]) == moments[1]
        colleague = next(c for c in roster.roster(session, moments[0]).people if c.id == "ada")
    assert colleague.is_at_work is (moments[0] == moments[1])


@pytest.mark.rule(16)
def test_whoever_is_absent_works_next_after_their_absence_and_within_their_hours(
    sqlite_house: Database,
) -> None:
    put(sqlite_house, "ada", **OFFICE)
    plan(sqlite_house, "ada", until=AT + DAY)
    plan(sqlite_house, "ada", since=AT + DAY, until=AT + 4 * DAY + 12 * HOUR)
    with sqlite_house.reading() as session:
        found = roster.next_at(session, "ada", AT)
    assert found == datetime(2026, 3, 9, 8, tzinfo=UTC), "Friday evening is the weekend"


@pytest.mark.parametrize(
    ("hours", "zone", "at", "expected"),
    [
        ("mon-fri 09:00-17:00", "Europe/Berlin", "2026-03-02T07:00", "2026-03-02T08:00"),
        ("mon-fri 09:00-17:00", "Europe/Berlin", "2026-03-02T08:00", "2026-03-02T08:00"),
        ("mon-fri 09:00-17:00", "Europe/Berlin", "2026-03-02T08:01", "2026-03-03T08:00"),
        (
            "mon-fri 09:00-12:00 13:00-17:00",
            "Europe/Berlin",
            "2026-03-06T11:30",
            "2026-03-09T08:00",
        ),
        ("mon-fri 09:00-17:00", "Europe/Berlin", "2026-03-27T20:00", "2026-03-30T07:00"),
        ("mon-sun 00:00-24:00", "Europe/Berlin", "2026-03-02T08:01", "2026-03-03T07:00"),
        ("mon-sun 06:00-14:00", "America/New_York", "2026-03-02T12:00", "2026-03-03T11:00"),
        (None, None, "2026-03-02T07:00", "2026-03-02T08:00"),
    ],
)
@pytest.mark.rule(16)
def test_a_working_day_begins_where_its_person_lives(
    sqlite_house: Database, hours: str | None, zone: str | None, at: str, expected: str
) -> None:
    put(sqlite_house, "ada", hours=hours, zone=zone)
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, expected)]
    with sqlite_house.reading() as session:
        assert roster.morning(session, "ada", moments[0]) == moments[1]


def test_a_working_day_begins_after_an_absence(sqlite_house: Database) -> None:
    put(sqlite_house, "ada", **OFFICE)
    plan(sqlite_house, "ada", until=AT + 2 * DAY)
    with sqlite_house.reading() as session:
        found = roster.morning(session, "ada", AT)
        assert found == roster.next_at(session, "ada", AT + 2 * DAY)
        assert roster.morning(session, "nobody", AT) == AT


def test_somebody_without_hours_works_at_any(sqlite_house: Database) -> None:
    with sqlite_house.reading() as session:
        assert roster.next_at(session, "ada", AT) == AT
        assert roster.next_at(session, "nobody", AT) == AT


@pytest.mark.parametrize(
    ("more", "error", "field"),
    [
        ({"manager": "nobody"}, Invalid, "manager"),
        ({"manager": "ada"}, Invalid, "manager"),
        ({"manager": "ben"}, Invalid, "manager"),  # who is managed by Ada
        ({"zone": "Mars/Olympus"}, Invalid, "zone"),
        ({"zone": "../etc/passwd"}, Invalid, "zone"),
        ({"hours": "mon-fri 09:00-17:00"}, Invalid, "zone"),
        ({"hours": "often", "zone": "UTC"}, Invalid, "hours"),
        ({"email": "ada"}, Invalid, "email"),
        ({"email": "ada@a.example\nBcc: all@a.example"}, Invalid, "email"),
    ],
)
def test_what_cannot_be_of_a_person_is_refused_with_the_way_out(
    sqlite_house: Database, more: dict[str, Any], error: type[Refused], field: str
) -> None:
    put(sqlite_house, "ben", manager="ada")
    with pytest.raises(error) as refused:
        put(sqlite_house, "ada", **more)
    assert refused.value.way_out
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("more", "error", "code"),
    [
        ({"until": AT}, Invalid, "no_time"),
        ({"since": AT - 2 * DAY, "until": AT - DAY}, Invalid, "past"),
        ({"until": AT + 2000 * DAY}, Invalid, "too_long"),
        ({"since": AT + 9000 * DAY, "until": AT + 9001 * DAY}, Invalid, "too_far"),
        ({"deputy": "ada"}, Invalid, "not_yourself"),
        ({"deputy": "nobody"}, Invalid, "unknown_person"),
        ({"deputy": "dev"}, Invalid, "cannot_act"),
        ({"since": AT + HOUR, "until": AT + 2 * HOUR}, Conflict, "overlaps"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_with_the_way_out(
    house: Database, more: dict[str, Any], error: type[Refused], code: str
) -> None:
    plan(house, "ada")
    with pytest.raises(error) as refused:
        plan(house, "ada", **more)
    assert refused.value.code == code
    assert refused.value.way_out
    with house.reading() as session:
        assert len(absences.absences(session, AT)) == 1


def test_nobody_is_absent_or_delegates_who_is_not_there(sqlite_house: Database) -> None:
    for work in (lambda: plan(sqlite_house, "nobody"), lambda: give(sqlite_house, "no", "ada")):
        with pytest.raises(Unknown):
            work()
    give(sqlite_house, "cora", "ben")
    with pytest.raises(Conflict):
        give(sqlite_house, "cora", "ben", until=AT + HOUR)
    give(sqlite_house, "cora", "ada")


def test_an_absence_that_was_ended_makes_room_for_another(sqlite_house: Database) -> None:
    first = plan(sqlite_house, "ada", reason=Reason.VACATION)
    with sqlite_house.writing() as session:
        absences.end(session, absences.absence(session, first), AT + HOUR, by="ada")
    second = plan(sqlite_house, "ada")
    with sqlite_house.reading() as session:
        assert [a.id for a in absences.absences(session, AT)] == [second]


def test_the_roster_takes_five_statements_however_many_there_are(database: Database) -> None:
    from sqlalchemy import event

    furnish(database)
    for n in range(20):
        put(database, f"p{n}", teams={"care": False}, **OFFICE)
        plan(database, f"p{n}", deputy="ada")
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: seen.append(str(call[2])))
    with database.reading() as session:
        roster.roster(session, AT)  # The text of a policy is read once for each process.
        seen.clear()
        found = roster.roster(session, AT)
    assert len(found.people) == 27
    assert len(found.standings) == 20
    assert sum(statement.startswith("SELECT") for statement in seen) == 5
