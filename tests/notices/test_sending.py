"""Telling people: once by each way, as each of them wants, and what failed on record."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import notices as activities
from activities.notices import NoticeActivities
from config.settings import Settings
from domain.messages import Mailing, Notice, Sent
from domain.notices import Rule, Rules, Timing, Topic, Way
from domain.people import Role
from store import links, notices, people, tables
from store.database import Database
from store.notices import Result
from tests.builders import ADA, Service
from tests.channels.receiver import Receiver, answers, stalls_after
from tests.postbox import Postbox, serving

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def postbox() -> AsyncIterator[tuple[Postbox, str]]:
    async with serving() as found:
        yield found


@pytest.fixture
async def chat() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        receiver.behaviour = answers(200)
        yield receiver


class Desk:
    """The activities over a database with the cast, and short ways to use them."""

    def __init__(self, database: Database, **settings: Any) -> None:
        self.database = database
        values = {"chat_services": "json", "public_url": "https://answers.example"} | settings
        self.activities = NoticeActivities(database, Settings(**values))

    def person(self, **changes: Any) -> None:
        values: dict[str, Any] = {"email": "ada@example.org", "zone": "UTC"} | changes
        with self.database.writing() as session:
            people.put_person(
                session, "ada", "Ada", [Role.STAFF], {"care": False}, AT, by="root", **values
            )

    def wants(self, chat: str | None = None, **topics: Rule) -> None:
        rules = Rules(topics={Topic(name): rule for name, rule in topics.items()})
        with self.database.writing() as session:
            notices.put(session, "ada", rules, chat, AT, by="ada")

    async def send(self, *told: Notice, mailing: str = "m1", **more: Any) -> Sent:
        one = Mailing(id=mailing, person="ada", notices=told, **({"at": AT, "since": AT} | more))
        environment = ActivityEnvironment()
        return await asyncio.to_thread(environment.run, self.activities.send_notices, one)

    async def send_until_done(self, *told: Notice, **more: Any) -> Sent:
        """As Temporal would: again until it no longer fails."""
        for _ in range(activities.ATTEMPTS + 1):
            try:
                return await self.send(*told, **more)
            except ApplicationError:
                continue
        raise AssertionError("it never ended")

    def log(self) -> dict[str, tuple[str, int]]:
        with self.database.reading() as session:
            page = notices.deliveries(session)
        return {item.way: (str(item.result), item.attempts) for item in page.items}

    def announced(self) -> list[list[str]]:
        with self.database.reading() as session:
            rows = session.scalars(select(tables.Announcement)).all()
            return [[n["reason"] for n in row.body] for row in rows if row.sent_at]


def about(reason: str = "decided", *, urgent: bool = False) -> Notice:
    return Notice(reason=reason, about="queue", urgent=urgent)


@pytest.fixture
def desk(sqlite_house: Database, postbox: tuple[Postbox, str]) -> Desk:
    desk = Desk(sqlite_house, smtp_url=SecretStr(postbox[1]))
    desk.person()
    return desk


def at(receiver: Receiver) -> str:
    return f"json://{receiver.url.removeprefix('http://').rstrip('/')}/secret-path"


# Once by each way. ---------------------------------------------------------------------------


async def test_a_message_goes_out_by_mail_and_chat_and_is_not_repeated(
    desk: Desk, postbox: tuple[Postbox, str], chat: Receiver
) -> None:
    desk.wants(chat=at(chat))
    for _ in range(3):
        assert await desk.send(about()) == Sent()
    (mail,) = postbox[0].mails
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"] == "Your proposal has been decided"
    assert len(chat.received) == 1
    assert b"Your proposal has been decided" in chat.received[0].body
    assert desk.log() == {"mail": ("delivered", 1), "chat": ("delivered", 1)}


@pytest.mark.rule(16)
async def test_a_way_that_fails_keeps_no_other_waiting_and_repeats_none(
    desk: Desk, postbox: tuple[Postbox, str], chat: Receiver
) -> None:
    desk.wants(chat=at(chat))
    chat.behaviour = answers(500)
    with pytest.raises(ApplicationError):
        await desk.send(about())
    assert len(postbox[0].mails) == 1
    chat.behaviour = answers(200)
    assert await desk.send(about()) == Sent()
    assert len(postbox[0].mails) == 1
    assert desk.log() == {"mail": ("delivered", 1), "chat": ("delivered", 2)}


async def test_a_chat_that_stays_broken_is_given_up_where_mail_has_arrived(
    desk: Desk, postbox: tuple[Postbox, str], chat: Receiver
) -> None:
    desk.wants(chat=at(chat))
    chat.behaviour = answers(500)
    assert await desk.send_until_done(about()) == Sent()
    assert desk.log() == {
        "mail": ("delivered", 1),
        "chat": ("given_up", activities.ATTEMPTS),
    }
    assert desk.announced() == [["decided"]]


async def test_where_no_way_works_it_is_told_anew_in_a_while(
    desk: Desk, postbox: tuple[Postbox, str]
) -> None:
    postbox[0].answers = "451 later"
    sent = await desk.send_until_done(about(), about("late"))
    assert {held.notice.reason for held in sent.held} == {"decided", "late"}
    assert {held.until for held in sent.held} == {AT + activities.AGAIN}
    assert desk.announced() == []
    postbox[0].answers = "250 taken"
    due = tuple(held.notice for held in sent.held)
    assert await desk.send(mailing="m2", due=due, at=AT + activities.AGAIN) == Sent()
    assert len(postbox[0].mails) == 1
    assert len(desk.announced()) == 1


async def test_what_a_server_will_never_take_is_not_tried_again(
    desk: Desk, postbox: tuple[Postbox, str]
) -> None:
    postbox[0].answers = "550 no such mailbox"
    assert await desk.send(about()) == Sent()
    assert desk.log() == {"mail": ("refused", 1)}


@pytest.mark.rule(16)
async def test_what_is_urgent_takes_another_way_where_the_chosen_one_is_shut(
    desk: Desk, postbox: tuple[Postbox, str], chat: Receiver
) -> None:
    desk.wants(chat=at(chat), late=Rule(ways=frozenset({Way.MAIL})))
    postbox[0].answers = "550 no such mailbox"
    assert await desk.send(about("late", urgent=True)) == Sent()
    assert len(chat.received) == 1
    assert desk.log() == {"mail": ("refused", 1), "chat": ("delivered", 1)}


async def test_a_chat_that_never_answers_ends_by_itself(
    desk: Desk, chat: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels import chat as module

    monkeypatch.setattr(module, "SECONDS", 0.3)
    desk.wants(chat=at(chat))
    chat.behaviour = stalls_after()
    started = asyncio.get_running_loop().time()
    with pytest.raises(ApplicationError):
        await desk.send(about())
    assert asyncio.get_running_loop().time() - started < 5


async def test_whoever_can_be_reached_by_nothing_is_told_in_the_log(sqlite_house: Database) -> None:
    desk = Desk(sqlite_house)
    assert await desk.send(about()) == Sent()
    assert desk.log() == {"log": ("logged", 1)}
    assert desk.announced() == [["decided"]]


async def test_whoever_has_left_is_told_nothing(desk: Desk, postbox: tuple[Postbox, str]) -> None:
    with desk.database.writing() as session:
        people.remove_person(session, "ada", AT, by="root")
    assert await desk.send(about(), about("late", urgent=True)) == Sent()
    assert postbox[0].mails == []


# As each of them wants. ----------------------------------------------------------------------


async def test_a_silenced_topic_is_not_told_unless_it_is_urgent(
    desk: Desk, postbox: tuple[Postbox, str]
) -> None:
    desk.wants(late=Rule(ways=frozenset()))
    assert await desk.send(about("late")) == Sent()
    assert (postbox[0].mails, desk.announced()) == ([], [])
    await desk.send(about("late", urgent=True), mailing="m2")
    assert [m["Subject"] for m in postbox[0].mails] == ["Urgent: A deadline has passed"]


async def test_a_daily_topic_is_held_back_until_the_next_working_day_begins(
    desk: Desk, postbox: tuple[Postbox, str]
) -> None:
    desk.person(hours="mon-fri 08:00-17:00")
    desk.wants(cases=Rule(timing=Timing.DAILY))
    sent = await desk.send(about("decided"), about("late"))
    tuesday = datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert [(h.notice.reason, h.until) for h in sent.held] == [("decided", tuesday)]
    assert desk.announced() == [["late"]]
    assert (await desk.send(about("decided"), about("late"))).held == sent.held, "said again"
    assert len(postbox[0].mails) == 1

    again = await desk.send(mailing="m2", due=(about("decided"),), since=tuesday, at=tuesday)
    assert again == Sent()
    assert desk.announced() == [["late"], ["decided"]]


async def test_what_came_at_night_is_in_the_message_of_the_next_morning(desk: Desk) -> None:
    desk.person(hours="mon-fri 08:00-17:00")
    desk.wants(cases=Rule(timing=Timing.DAILY))
    morning = datetime(2026, 3, 3, 8, tzinfo=UTC)
    night = morning - timedelta(hours=9)
    assert await desk.send(about("decided"), since=night, at=morning) == Sent()


async def test_topics_by_different_ways_tell_each_what_belongs_there(
    desk: Desk, postbox: tuple[Postbox, str], chat: Receiver
) -> None:
    desk.wants(
        chat=at(chat),
        cases=Rule(ways=frozenset({Way.MAIL})),
        late=Rule(ways=frozenset({Way.CHAT})),
    )
    await desk.send(about("decided"), about("late"))
    assert "deadline" not in postbox[0].mails[0].as_string()
    assert b"decided" not in chat.received[0].body


# Secrets and words. --------------------------------------------------------------------------


async def test_no_address_of_a_chat_is_in_any_log_or_error(
    desk: Desk, chat: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    desk.wants(chat=at(chat))
    chat.behaviour = answers(500)
    with pytest.raises(ApplicationError) as error:
        await desk.send(about())
    ours = [r.getMessage() for r in caplog.records if r.name != "mail.log"]  # That is the server's.
    assert not any("secret-path" in line or "ada@example.org" in line for line in ours)
    assert "secret-path" not in str(error.value)
    with desk.database.reading() as session:
        assert "secret-path" not in repr(notices.wishes(session, "ada"))
        entries = session.scalars(select(col(tables.LedgerEntry.body))).all()
        assert "secret-path" not in str(notices.deliveries(session).model_dump())
    assert not any("secret-path" in body for body in entries)
    assert any('"has_chat":true' in body for body in entries)


WORDS = "My bike came without a saddle, you crooks."


async def deciding(service: Service) -> str:
    stream = await service.opened("1", text=WORDS)
    await service.do(stream, ADA, "claim")
    request, reply = (service.words(text) for text in ("May I send one?", "We are sorry."))
    fields: dict[str, Any] = {
        "request": request,
        "recommendation": "approve",
        "reply": reply,
        "promises": (),
    }
    await service.do(stream, ADA, "propose", **fields)
    return stream


async def test_a_mail_about_a_decision_leads_straight_there_and_holds_nobodys_words(
    sqlite_service: Service, postbox: tuple[Postbox, str]
) -> None:
    stream = await deciding(sqlite_service)
    desk = Desk(sqlite_service.database, smtp_url=SecretStr(postbox[1]))
    with desk.database.writing() as session:
        people.put_person(
            session, "cora", "Cora", [Role.EXECUTIVE], {}, AT, "cora@example.org", by="root"
        )
    told = Notice(reason="decision_wanted", about=stream)
    now = datetime.now(UTC)
    one = Mailing(id="m1", person="cora", notices=(told,), since=now, at=now)
    await asyncio.to_thread(ActivityEnvironment().run, desk.activities.send_notices, one)
    (mail,) = postbox[0].mails
    for part in mail.iter_parts():
        text = part.get_content()
        for words in ("saddle", "crooks", "May I send", "We are sorry", "Rita", "@rider"):
            assert words not in text
        assert "Customer care" in text
        assert "The comment is of " in re.sub(r"\s+", " ", text)
    assert "Customer care, console" in str(mail["Subject"])
    body = mail.get_body(("plain",))
    assert body is not None
    (secret,) = re.findall(r"https://answers.example/go/(\S+)", body.get_content())
    with desk.database.reading() as session:
        link = links.find(session, secret, now)
    assert link.standing is links.Standing.OPEN
    assert (link.row.person_id, link.row.stream) == ("cora", stream)

    plain = Desk(sqlite_service.database, smtp_url=SecretStr(postbox[1]), notice_excerpts=True)
    two = Mailing(id="m2", person="ada", notices=(Notice(reason="decided", about=stream),))
    plain.person()
    await asyncio.to_thread(ActivityEnvironment().run, plain.activities.send_notices, two)
    shown = postbox[0].mails[1].get_body(("plain",))
    assert shown is not None
    text = shown.get_content().replace("\n", " ")
    assert "without a saddle" in text
    assert "@rider commented on " in text
    assert "/go/" not in shown.get_content(), "nothing is asked of her"


def test_the_log_is_read_in_pages_and_dropped_after_a_year(sqlite_house: Database) -> None:
    now = datetime.now(UTC)
    with sqlite_house.writing() as session:
        for n in range(5):
            session.add(tables.Announcement(id=f"m{n}", person_id="ada", body=[]))
            session.flush()
            notices.note(session, f"m{n}", "mail", Result.DELIVERED, now, most=4)
    seen: list[str] = []
    with sqlite_house.reading() as session:
        page = notices.deliveries(session, limit=2)
        while page.next_cursor:
            seen += [item.id for item in page.items]
            page = notices.deliveries(session, limit=2, cursor=page.next_cursor)
        seen += [item.id for item in page.items]
        assert notices.deliveries(session, person="ben").items == ()
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
    with sqlite_house.writing() as session:
        notices.sweep(session, now + notices.KEPT_FOR + timedelta(days=1))
        assert notices.deliveries(session).items == ()
