"""Where an act names something else, the page offers what there is, by name."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from api.deps import POLICY_SECONDS
from domain.calendar import Calendar, Day, Offset, Window
from domain.policy import GENERAL
from store import policies
from tests import builders
from tests.pages.conftest import Office, form_of, text_of
from tests.pages.test_pages import case_of, page_of

NOT_NOW = "Not for you now, and why"


async def test_a_case_is_sent_to_a_team_that_is_chosen_by_its_name(office: Office) -> None:
    case = page_of(await office.door.opened())
    ben = await office.browser_of("ben")
    page = await ben.see(case)
    assert '<option value="shop">Online shop</option>' in page.text
    assert form_of(page, "/reroute")["team"] == "", "nothing is chosen beforehand"
    await ben.do(case, "reroute", page=page, team="shop", reason="It is about an order.")
    assert (await office.door.ben.get(case_of(case)))["team"] == "shop"


async def test_a_matter_is_chosen_by_its_title_and_where_there_is_none_that_is_said(
    office: Office,
) -> None:
    case = page_of(await office.door.opened())
    ada = await office.browser_of("ada")
    offered, _, refused = text_of(await ada.see(case)).partition(NOT_NOW)
    assert "Put it into a matter" not in offered
    assert "Put it into a matter : no matter is open to be joined" in refused
    made = await office.door.ada.post("matters", {"title": "No saddles", "team": "care"})
    page = await ada.see(case)
    assert f'<option value="{made["id"]}">No saddles</option>' in page.text
    await ada.do(case, "join_matter", page=page, matter_id=made["id"])
    assert (await office.door.ada.get(case_of(case)))["matter_id"] == made["id"]


async def test_what_is_merged_into_is_chosen_by_its_first_words(office: Office) -> None:
    case = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    offered, _, refused = text_of(await ada.see(case)).partition(NOT_NOW)
    assert "Merge it" not in offered
    assert "no other case of the same person is open" in refused
    other = (await office.door.opened(text="And my lamp is dark.")).partition("/")[2]
    page = await ada.see(case)
    assert f'<option value="{other}">And my lamp is dark. (Customer care)</option>' in page.text
    await ada.do(case, "merge", page=page, into=other, reason="Both are about one bicycle.")
    assert (await office.door.ada.get(case_of(case)))["outcome"] == "merged"


async def test_a_newer_calendar_is_offered_where_it_moves_the_date(office: Office) -> None:
    today = datetime.now(UTC).date()
    always = Calendar(
        id="hours",
        weekly=((Window(0, 1440),),) * 7,
        zone="UTC",
        zone_version="2026a",
        offsets=(Offset(at=datetime(1970, 1, 1, tzinfo=UTC), seconds=0),),
        since=today - timedelta(days=9),
        until=today + timedelta(days=400),
    )
    free = tuple(Day(on=today + timedelta(days=n), name="Stocktaking") for n in range(2))

    async def put_in_force(calendar: Calendar) -> None:
        terms: dict[str, Any] = {GENERAL: builders.plan(calendar="hours")}
        policy = builders.policy(terms=terms, calendars={"hours": calendar})
        with office.door.service.database.writing() as session:
            policies.apply(session, policy, "root", datetime.now(UTC), reason="Hours.")
        await asyncio.sleep(POLICY_SECONDS)

    await put_in_force(always)
    case = page_of(await office.door.prepared())
    (clock,) = (await office.door.ben.get(case_of(case)))["deadlines"]
    ben = await office.browser_of("ben")
    offered, _, refused = text_of(await ben.see(case)).partition(NOT_NOW)
    assert "Accept the newer calendar" not in offered
    assert "the calendar in force moves nothing here" in refused
    await put_in_force(always.model_copy(update={"days": free}))
    page = await ben.see(case)
    assert "By the calendar in force it would be due" in text_of(page)
    await ben.do(case, "accept_calendar", page=page, reason="We count our saddles.")
    (moved,) = (await office.door.ben.get(case_of(case)))["deadlines"]
    assert moved["due_at"] > clock["due_at"]
