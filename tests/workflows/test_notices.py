"""When people are told: together, in their own working hours, and urgently at any."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from activities.notices import hand_on
from activities.people import PeopleActivities
from domain.calendar import Calendar, Offset, Window
from domain.hours import DAYS
from domain.messages import Notice, SeatsWanted
from domain.notices import Rule, Rules, Timing, Topic
from domain.people import Role, Seat, Seats
from domain.policy import GENERAL
from domain.roster import Why
from store import absences, people, policies, roster, tables
from store import notices as wishes
from store.database import Database
from tests.builders import ADA, Service, plan, policy
from workflows import notices

DAY = timedelta(days=1)
AHEAD = 3
"""Days until Ada works again: more than one nap."""


def works_only_in_some_days(database: Database) -> datetime:
    """Let Ada work on one day of the week, some days ahead; answers when that begins."""
    now = datetime.now(UTC)
    opens = (now + AHEAD * DAY).replace(hour=9, minute=0, second=0, microsecond=0)
    hours = f"{DAYS[opens.weekday()]} 09:00-17:00"
    with database.writing() as session:
        people.put_person(
            session, "ada", "Ada", [Role.STAFF], {"care": False}, now, by="root",
            zone="UTC", hours=hours,
        )  # fmt: skip
    return opens


def told(service: Service) -> list[list[str]]:
    """The reasons of each message that went out."""
    with service.database.reading() as session:
        rows = session.scalars(select(tables.Announcement).filter_by(person_id="ada"))
        return [[notice["reason"] for notice in row.body] for row in rows if row.sent_at]


async def tell(service: Service, reason: str, *, urgent: bool = False) -> None:
    notice = Notice(reason=reason, about="escalation/E1", urgent=urgent)
    await hand_on(service.client, service.settings, "ada", notice)


async def skip(service: Service, duration: timedelta) -> None:
    """Let time pass for whoever waits to tell Ada; with nothing to tell nobody waits."""
    handle = service.client.get_workflow_handle("notices/ada")
    try:
        await TimeSkipper(service.client).fast_forward(handle, duration)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


@pytest.mark.rule(16)
async def test_notices_wait_for_the_next_working_moment_and_come_together(
    sqlite_service: Service,
) -> None:
    opens = works_only_in_some_days(sqlite_service.database)
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, DAY)
    await tell(sqlite_service, "commenter_spoke")
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, opens - datetime.now(UTC) - DAY - timedelta(minutes=10))
    assert told(sqlite_service) == []

    await skip(sqlite_service, timedelta(minutes=15))
    await sqlite_service.until(lambda: told(sqlite_service))
    assert told(sqlite_service) == [["decided", "commenter_spoke"]]


@pytest.mark.rule(16)
async def test_an_urgent_notice_is_told_at_any_hour_and_takes_along_what_waits(
    sqlite_service: Service,
) -> None:
    works_only_in_some_days(sqlite_service.database)
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, timedelta(hours=1))
    assert told(sqlite_service) == []
    await tell(sqlite_service, "late", urgent=True)
    await sqlite_service.until(lambda: told(sqlite_service))
    assert told(sqlite_service) == [["decided", "late"]]


async def test_a_notice_that_turns_urgent_is_told_once(sqlite_service: Service) -> None:
    works_only_in_some_days(sqlite_service.database)
    await tell(sqlite_service, "late")
    await skip(sqlite_service, timedelta(hours=1))
    await tell(sqlite_service, "late", urgent=True)
    await tell(sqlite_service, "late")
    await sqlite_service.until(lambda: told(sqlite_service))
    assert told(sqlite_service) == [["late"]]


@pytest.mark.rule(16)
async def test_whoever_is_back_early_is_told_early(sqlite_service: Service) -> None:
    now = datetime.now(UTC)
    with sqlite_service.database.writing() as session:
        away = absences.plan(session, "ada", now, now + 20 * DAY, now, by="ada").id
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, 2 * DAY)
    assert told(sqlite_service) == []
    with sqlite_service.database.writing() as session:
        absences.end(session, absences.absence(session, away), datetime.now(UTC), by="ada")
    await skip(sqlite_service, DAY)
    await sqlite_service.until(lambda: told(sqlite_service))


def follows_a_calendar(database: Database) -> datetime:
    """Let Ada's team work on one day of the week, some days ahead; answers when that begins."""
    now = datetime.now(UTC)
    opens = (now + AHEAD * DAY).replace(hour=9, minute=0, second=0, microsecond=0)
    week = tuple(
        (Window(opens=540, closes=1020),) if day == opens.weekday() else () for day in range(7)
    )
    calendar = Calendar(
        id="office", zone="UTC", zone_version="2026a", weekly=week,
        offsets=(Offset(at=now - 30 * DAY, seconds=0),),
        since=now.date(), until=now.date() + 300 * DAY,
    )  # fmt: skip
    with database.writing() as session:
        terms = {GENERAL: plan(calendar="office")}
        changed = policy(calendars={"office": calendar}, terms=terms)
        policies.apply(session, changed, "root", now)
    return opens


@pytest.mark.rule(16)
async def test_whoever_has_no_hours_is_told_when_their_team_works(sqlite_service: Service) -> None:
    opens = follows_a_calendar(sqlite_service.database)
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, opens - datetime.now(UTC) - timedelta(minutes=10))
    assert told(sqlite_service) == []
    await skip(sqlite_service, timedelta(minutes=15))
    await sqlite_service.until(lambda: told(sqlite_service))
    assert told(sqlite_service) == [["decided"]]


async def test_what_is_urgent_comes_at_once_where_the_team_sleeps(sqlite_service: Service) -> None:
    follows_a_calendar(sqlite_service.database)
    await tell(sqlite_service, "late", urgent=True)
    await sqlite_service.until(lambda: told(sqlite_service))


def wants_a_daily_message_of_cases(database: Database) -> datetime:
    """Let Ada, for whom it is about noon, hear of cases once a day; answers when that is next."""
    now = datetime.now(UTC)
    ahead = 12 - now.hour
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"  # These names count the other way round.
    with database.writing() as session:
        people.put_person(
            session, "ada", "Ada", [Role.STAFF], {"care": False}, now, by="root",
            zone=zone, hours="mon-sun 09:00-17:00",
        )  # fmt: skip
        rules = Rules(topics={Topic.CASES: Rule(timing=Timing.DAILY)})
        wishes.put(session, "ada", rules, None, now, by="ada")
        session.flush()
        return roster.morning(session, "ada", now)


@pytest.mark.rule(16)
async def test_the_daily_message_comes_when_the_next_working_day_begins_and_holds_up_nothing(
    sqlite_service: Service,
) -> None:
    morning = wants_a_daily_message_of_cases(sqlite_service.database)
    await tell(sqlite_service, "decided")
    await tell(sqlite_service, "late")
    await skip(sqlite_service, timedelta(minutes=5))
    await sqlite_service.until(lambda: told(sqlite_service))
    assert told(sqlite_service) == [["late"]], "only what is told at once"
    await tell(sqlite_service, "decided")
    await tell(sqlite_service, "commenter_spoke")
    await skip(sqlite_service, timedelta(minutes=5))
    await skip(sqlite_service, morning - datetime.now(UTC))
    await sqlite_service.until(lambda: len(told(sqlite_service)) == 2)
    assert sorted(told(sqlite_service)[1]) == ["commenter_spoke", "decided"]


async def test_what_waits_for_the_daily_message_and_turns_urgent_is_told_at_once(
    sqlite_service: Service,
) -> None:
    wants_a_daily_message_of_cases(sqlite_service.database)
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, timedelta(minutes=5))
    assert told(sqlite_service) == []
    await tell(sqlite_service, "decided", urgent=True)
    await sqlite_service.until(lambda: told(sqlite_service))
    await skip(sqlite_service, 2 * DAY)
    assert told(sqlite_service) == [["decided"]]


async def test_nothing_waits_for_ever(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "NAPS", 4)
    now = datetime.now(UTC)
    with sqlite_service.database.writing() as session:
        absences.plan(session, "ada", now, now + 300 * DAY, now, by="ada")
    await tell(sqlite_service, "decided")
    await skip(sqlite_service, 4 * notices.LONGEST_NAP + timedelta(minutes=5))
    await sqlite_service.until(lambda: told(sqlite_service))


async def test_a_token_that_somebody_else_made_is_announced_whenever_temporal_is_there(
    sqlite_service: Service,
) -> None:
    with sqlite_service.database.writing() as session:
        people.create_token(session, "ada", datetime.now(UTC), by="root")
    upkeep = sqlite_service.client.get_workflow_handle("upkeep")
    await TimeSkipper(sqlite_service.client).fast_forward(upkeep, timedelta(minutes=2))
    await sqlite_service.until(lambda: told(sqlite_service))
    assert told(sqlite_service) == [["token_made_for_you"]]
    handle = sqlite_service.client.get_workflow_handle("notices/ada")
    for _ in range(100):
        if (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED:
            break
        await asyncio.sleep(0.1)
    with sqlite_service.database.reading() as session:
        assert session.scalars(select(col(tables.HouseNotice.told_at))).all() != [None]


@pytest.mark.rule(4)
async def test_the_ladder_of_an_absent_owner_speaks_to_their_deputy(
    sqlite_service: Service,
) -> None:
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, ADA, "claim")
    now = datetime.now(UTC)
    with sqlite_service.database.writing() as session:
        absences.plan(session, "ada", now, now + DAY, now, by="ada", deputy="eve")
    handle = sqlite_service.client.get_workflow_handle(stream)
    await TimeSkipper(sqlite_service.client).fast_forward(handle, timedelta(hours=6, minutes=5))
    climbed = "escalation:ladder:climbed"
    await sqlite_service.until(lambda: climbed in sqlite_service.names(stream))
    with sqlite_service.database.reading() as session:
        body = session.scalars(
            select(col(tables.LedgerEntry.body)).filter_by(stream=stream, name=climbed)
        ).one()
    assert '"told":["eve"]' in body


@pytest.mark.rule(4)
def test_a_workflow_can_ask_who_was_skipped_and_which_seats_were_empty(
    sqlite_house: Database,
) -> None:
    now = datetime.now(UTC)
    with sqlite_house.writing() as session:
        absences.plan(session, "ben", now, now + DAY, now, by="ben")
    wanted = SeatsWanted(wanted=(Seat.LEAD, Seat.OWNER), seats=Seats(team="care", owner="ada"))
    found = PeopleActivities(sqlite_house).find_people(wanted).filled
    assert (found[Seat.OWNER].people, found[Seat.OWNER].empty) == (("ada",), ())
    assert found[Seat.LEAD].people == ("cora",)
    assert found[Seat.LEAD].empty == (Seat.LEAD, Seat.MANAGER)
    assert [(s.person, s.why) for s in found[Seat.LEAD].skipped] == [("ben", Why.AWAY)]
    plain = PeopleActivities(sqlite_house).fill_seats(wanted)
    assert plain == {seat: filled.people for seat, filled in found.items()}
