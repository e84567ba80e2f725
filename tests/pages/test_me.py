"""Being away and the link of one's calendar, by forms."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from domain.people import Role
from store import absences, house, people
from store.tables import Token
from tests.pages.conftest import Office, form_of, text_of

BERLIN = ZoneInfo("Europe/Berlin")


def _day(ahead: int) -> str:
    return (datetime.now(BERLIN) + timedelta(days=ahead)).date().isoformat()


def live_in_berlin(office: Office) -> None:
    with office.door.service.database.writing() as session:
        people.put_person(
            session, "cora", "Cora", [Role.EXECUTIVE], {}, datetime.now(UTC), by="root",
            zone="Europe/Berlin",
        )  # fmt: skip


async def test_an_absence_is_planned_in_days_of_ones_own_zone_and_ended(office: Office) -> None:
    live_in_berlin(office)
    cora = await office.browser_of("cora")
    page = await cora.see("/me/away")
    fields = form_of(page, "/me/away/absences")
    assert fields["since"] == _day(0)
    sent = fields | {"since": _day(2), "until": _day(3), "deputy": "ben", "reason": "vacation"}
    planned = await cora.http.post("/me/away/absences", data=sent)

    assert "Your absence is planned." in text_of(planned)
    assert "Ben comes in your place" in text_of(planned)
    with office.door.service.database.reading() as session:
        (row,) = absences.absences(session, datetime.now(UTC), "cora")
    first, back = row.since.astimezone(BERLIN), row.until.astimezone(BERLIN)
    assert (first.date().isoformat(), first.hour) == (_day(2), 0)
    assert (back.date().isoformat(), back.hour) == (_day(4), 0), "the first moment back"

    again = await cora.http.post("/me/away/absences", data=sent)
    assert again.status_code == 409
    assert "absent then already" in text_of(again)
    assert form_of(again, "/me/away/absences")["until"] == _day(3)
    end = f"/me/away/absences/{row.id}/end"
    ended = await cora.http.post(end, data=form_of(planned, end))
    assert "counted as there again" in text_of(ended)
    assert "Nothing: nobody stands in" in text_of(ended)


async def test_decisions_are_delegated_from_now_on_and_taken_back(office: Office) -> None:
    cora, ben = await office.browser_of("cora"), await office.browser_of("ben")
    page = await cora.see("/me/away")
    fields = form_of(page, "/me/away/delegations") | {"to": "ben", "until": _day(1)}
    given = await cora.http.post("/me/away/delegations", data=fields)

    assert "Ben may decide on your behalf" in text_of(given)
    assert "Just now you may decide on behalf of Cora" in text_of(await ben.see("/me/away"))
    (end,) = re.findall(r"/me/away/delegations/\w+/end", given.text)
    foreign = form_of(await ben.see("/me/away"), "/me/away/absences")
    assert (await ben.http.post(end, data=foreign)).status_code == 404
    ended = await cora.http.post(end, data=form_of(given, end))
    assert "no longer" in text_of(ended)


async def test_what_cannot_be_is_said_and_kept(office: Office) -> None:
    cora = await office.browser_of("cora")
    fields = form_of(await cora.see("/me/away"), "/me/away/absences")
    for wrong, said in (
        ({"until": ""}, "Last day: is missing"),
        ({"until": "someday"}, "Last day"),
        ({"until": "0001-01-01"}, "Last day"),
        ({"until": _day(-3)}, "it ends before it begins"),
        ({"until": _day(3), "deputy": "dev"}, "dev acts in nothing"),
        ({"until": _day(3), "deputy": "nobody"}, "there is no person"),
    ):
        answer = await cora.http.post("/me/away/absences", data=fields | wrong)
        assert answer.status_code == 422, wrong
        assert said.lower() in text_of(answer).lower(), (wrong, text_of(answer))
        if list(wrong) == ["until"]:
            assert '<a href="#absence-away-until">' in answer.text
    read_in = form_of(await cora.see("/me"), "/me/reading") | {"zone": "Atlantis"}
    answer = await cora.http.post("/me/reading", data=read_in)
    assert form_of(answer, "/me/reading")["zone"] == "Atlantis"
    assert '<a href="#reading-me-zone">' in answer.text


async def test_an_auditor_looks_and_arranges_nothing(office: Office) -> None:
    dev = await office.browser_of("dev")
    for address in ("/me", "/me/away"):
        page = await dev.see(address)
        assert "/me/away/absences" not in page.text
        assert 'action="/me/calendar"' not in page.text


async def test_the_link_of_a_calendar_is_made_shown_once_renewed_and_ended(office: Office) -> None:
    ben = await office.browser_of("ben")
    page = await ben.see("/me")
    assert "There is none yet." in page.text
    made = await ben.http.post("/me/calendar", data=form_of(page, "/me/calendar"))
    first = _path(made.text)
    seen = await ben.see("/me")
    assert first not in seen.text
    assert "There is one, made" in text_of(seen)
    assert (await office.door.http.get(first)).status_code == 200

    second = _path((await ben.http.post("/me/calendar", data=form_of(seen, "/me/calendar"))).text)
    assert (await office.door.http.get(first)).status_code == 404
    ended = await ben.http.post("/me/calendar/end", data=form_of(made, "/me/calendar/end"))
    assert "opens nothing any more" in text_of(ended)
    assert (await office.door.http.get(second)).status_code == 404


def _path(text: str) -> str:
    found = re.search(r"/calendar/[\w-]+\.ics", text)
    assert found
    return found[0]


async def test_of_many_looks_at_once_one_notes_that_the_session_is_in_use(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await office.browser_of("ada")
    await ada.see("/me")
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    with office.door.service.database.writing() as session:
        session.execute(update(Token).where(col(Token.person_id) == "ada").values(seen_at=long_ago))
    noted: list[str] = []
    note = people.touch

    def slowly(session: Session, token: str, at: datetime) -> None:
        noted.append(token)
        time.sleep(0.5)
        note(session, token, at)

    monkeypatch.setattr(people, "touch", slowly)
    await asyncio.gather(*(ada.see("/me") for _ in range(6)))
    assert len(noted) == 1
    await ada.see("/me")
    assert len(noted) == 1, "it is known now"


async def test_what_acts_in_ones_name_is_listed_and_ended_by_oneself_alone(office: Office) -> None:
    with office.door.service.database.writing() as session:
        at = datetime.now(UTC)
        people.create_token(session, "ada", at, by="root", label="The import of every night")
        told = [(n.person_id, n.reason, n.about) for n in house.untold(session, 99)]
    assert ("ada", "token_made_for_you", "sessions") in told
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    page = await ada.see("/sessions")
    assert "The import of every night" not in (await ben.see("/sessions")).text
    item = page.text.partition("The import of every night")[2]
    (end,) = re.findall(r'action="(/sessions/tokens/\w+/end)"', item)[:1]
    taken = form_of(await ben.see("/sessions"), "/sessions/end")
    assert (await ben.http.post(end, data=taken)).status_code == 404
    ended = await ada.http.post(end, data=form_of(page, end))
    assert "The import of every night" not in ended.text
    assert "Tokens that act in your name" in text_of(await ben.see("/sessions"))


async def test_what_is_arranged_for_somebody_is_told_with_the_page_where_it_stands(
    office: Office,
) -> None:
    at = datetime.now(UTC)
    until = at + timedelta(days=2)
    with office.door.service.database.writing() as session:
        absences.plan(session, "eve", at, until, at, by="root")
        told = {n.reason: n.about for n in house.untold(session, 99)}
    assert told["absence_planned_for_you"] == "me/away"


async def test_the_only_executive_reads_that_nobody_is_next_up(office: Office) -> None:
    cora = await office.browser_of("cora")
    page = await cora.see("/me/away")
    assert "no other executive is there" in text_of(page)
    assert "ask the next one up" not in text_of(page)
    sent = form_of(page, "/me/away/absences") | {"until": _day(3), "deputy": ""}
    planned = await cora.http.post("/me/away/absences", data=sent)
    assert "what you are asked waits until one of you is back" in text_of(planned)
    assert "ask the next one up" in text_of(await (await office.browser_of("ben")).see("/me/away"))


def _away(
    office: Office, person: str, deputy: str | None = None, ahead: timedelta = timedelta(0)
) -> str:
    """Somebody is away for two days, from now or later on; answers the absence's id."""
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        row = absences.plan(
            session, person, at + ahead, at + ahead + timedelta(days=2), at, by="root",
            deputy=deputy,
        )  # fmt: skip
        return row.id


def _second_executive(office: Office) -> None:
    with office.door.service.database.writing() as session:
        people.put_person(session, "fay", "Fay", [Role.EXECUTIVE], {}, datetime.now(UTC), by="root")


async def test_an_executive_whose_fellows_are_all_away_is_told_that_nobody_is_next_up(
    office: Office,
) -> None:
    _second_executive(office)
    cora = await office.browser_of("cora")
    assert "ask the next one up" in text_of(await cora.see("/me/away"))
    _away(office, "fay")
    assert "no other executive is there" in text_of(await cora.see("/me/away"))


async def test_an_executive_who_is_away_with_somebody_in_their_place_is_next_up_all_the_same(
    office: Office,
) -> None:
    _second_executive(office)
    _away(office, "fay", "ben")
    cora = await office.browser_of("cora")
    assert "ask the next one up" in text_of(await cora.see("/me/away"))
    _away(office, "ben")
    assert "no other executive is there" in text_of(await cora.see("/me/away"))


async def test_of_an_absence_to_come_it_is_said_who_is_there_by_then(office: Office) -> None:
    _second_executive(office)
    week = timedelta(days=7)
    _away(office, "fay", ahead=week - timedelta(days=1))
    _away(office, "cora", ahead=week)
    page = text_of(await (await office.browser_of("cora")).see("/me/away"))
    assert "no other executive is there then" in page
    assert "Nobody: ask the next one up" in page, "today Fay is there"


@pytest.mark.parametrize("address", ["/queue", "/decisions"])
async def test_whoever_is_away_reads_it_where_they_work_and_can_be_there_again(
    office: Office, address: str
) -> None:
    ben = await office.browser_of("ben")
    assert "You are away" not in text_of(await ben.see(address))
    absence = _away(office, "ben", "ada")
    page = await ben.see(address)
    assert re.search(r"You are away until .+; Ada comes in your place\.", text_of(page))
    assert 'href="/me/away"' in page.text
    assert "You are away" not in text_of(await (await office.browser_of("ada")).see(address))

    _away(office, "ada", "eve")
    assert "Eve comes in your place" in text_of(await ben.see(address)), "a deputy of a deputy"
    end = f"/me/away/absences/{absence}/end"
    await ben.http.post(end, data=form_of(page, end))
    assert "You are away" not in text_of(await ben.see(address))


async def test_whoever_is_away_reads_that_nobody_comes_in_their_place(office: Office) -> None:
    _away(office, "cora")
    _away(office, "ben")
    cora, ben = await office.browser_of("cora"), await office.browser_of("ben")
    alone = text_of(await cora.see("/decisions"))
    assert "nobody comes in your place and no other executive is there" in alone
    assert "nobody comes in your place, and the next one up" in text_of(await ben.see("/queue"))


async def test_an_absence_to_come_is_no_absence_yet(office: Office) -> None:
    _away(office, "ben", ahead=timedelta(days=1))
    assert "You are away" not in text_of(await (await office.browser_of("ben")).see("/queue"))
