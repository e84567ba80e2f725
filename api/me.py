"""How I want to be told, over JSON; and for admins, what reached whom.

Everybody sets their own and nobody else's: what an admin could silence would be silenced. The
address of a chat goes in and never comes out.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlmodel import Session

from api.bodies.base import Strict
from api.deps import API, Door, TheDoor, now, only
from channels.chat import LONGEST, check, services
from domain.base import Moment, Value
from domain.comments import Text
from domain.errors import Conflict
from domain.messages import NoticeTest
from domain.notices import TOPICS, Lack, Rule, Rules, Timing, Topic, Way, mail_lacks
from domain.people import Actor, Role
from domain.policy import Id
from intake import notices as telling
from intake.entities import Busy
from store import notices, roster, tables
from store.notices import DeliveryPage
from store.words import new_id

router = APIRouter(prefix=API)

person = only(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR, Role.ADMIN)
Me = Annotated[Actor, Depends(person)]
admin = only(Role.ADMIN)
Admin = Annotated[Actor, Depends(admin)]


class TopicRule(Strict):
    """How one topic reaches me."""

    ways: frozenset[Way] = Field(
        default=frozenset(Way),
        max_length=len(Way),
        description="By which of these; empty: not at all, save for what is urgent. A way that I "
        "do not have is replaced by the ones that I have.",
    )
    timing: Timing = Field(
        default=Timing.AT_ONCE,
        description="In my next working hour, or in one message when my next working day begins.",
    )


class NoticesBody(Strict):
    """How I want to be told; a topic that is left out is told at once, by every way I have."""

    topics: dict[Topic, TopicRule] = Field(default={}, max_length=len(Topic))
    chat: Annotated[Text, Field(max_length=LONGEST)] | None = Field(
        default=None,
        description="The address of my chat as apprise writes it, a secret: it is never answered. "
        "Left out: as before.",
    )
    forget_chat: bool = Field(
        default=False, strict=True, description="Forget the address that is known."
    )


class NoticesView(Value):
    """How somebody is told. ``has_mail`` and ``has_chat`` say what they can be reached by."""

    person: str
    topics: dict[Topic, Rule]
    has_mail: bool
    mail_lacks: tuple[Lack, ...]
    """Why not by mail: ``server``, the service has none; ``address``, none of theirs is known."""
    has_chat: bool
    chat_services: tuple[str, ...]
    """The services that an address of a chat may be of."""
    zone: str
    """The time zone of the times in my notices."""
    next_at: Moment
    """When I am told next of what is not urgent."""
    daily_at: Moment
    """When my next daily message would come."""


def view(session: Session, door: Door, person_id: str) -> NoticesView:
    """How this person is told, with every topic."""
    at, wishes = now(), notices.wishes(session, person_id)
    row = session.get_one(tables.Person, person_id)
    lacks = mail_lacks(has_server=bool(door.settings.smtp_url), has_address=bool(row.email))
    return NoticesView(
        person=person_id,
        topics={topic: wishes.rules.of(topic) for topic in TOPICS},
        has_mail=not lacks,
        mail_lacks=lacks,
        has_chat=wishes.chat is not None,
        chat_services=tuple(sorted(services(door.settings.chat_services))),
        zone=roster.zone_of(session, person_id),
        next_at=roster.next_at(session, person_id, at),
        daily_at=roster.morning(session, person_id, at),
    )


async def change(door: Door, person_id: str, body: NoticesBody) -> NoticesView:
    """Set how somebody is told, as they ask for it. Raises Invalid."""
    if body.chat:
        # It loads every service when it is first asked, and may take a second.
        allowed = services(door.settings.chat_services)
        await asyncio.to_thread(check, body.chat, allowed)
    topics = {topic: Rule(**rule.model_dump()) for topic, rule in body.topics.items()}

    def work(session: Session) -> NoticesView:
        before = notices.wishes(session, person_id)
        address = body.chat or (None if body.forget_chat else before.chat)
        # What is as it is by itself is not kept, so that saying it changes nothing.
        said = {topic: rule for topic, rule in topics.items() if rule != Rule()}
        notices.put(session, person_id, Rules(topics=said), address, now(), by=person_id)
        return view(session, door, person_id)

    return await asyncio.to_thread(door.database.write, work)


TEST_PAUSE = timedelta(seconds=30)
"""Between two tests of one way: enough to look whether it came, too long to pester anybody."""


async def send_test(door: Door, person_id: str, way: Way) -> None:
    """Have a test sent to somebody who asks for it, and wait for it a while: what became of it is
    in the store. Raises Conflict where they have no such way, Busy right after the last one, and
    Unavailable."""

    def look(session: Session) -> None:
        mine = view(session, door, person_id)
        if not (mine.has_mail if way is Way.MAIL else mine.has_chat):
            raise Conflict(
                "not_reachable",
                "you cannot be reached by this way",
                "the page of your notices says what is missing",
            )
        last = notices.tests_of(session, person_id).get(way)
        if last and last.at > now() - TEST_PAUSE:
            raise Busy("the last test was only just sent")

    await door.read(look)
    await telling.test(door.client, NoticeTest(id=new_id(), person=person_id, way=way))


@router.get("/me/notices", tags=["me"])
async def get_notices(door: TheDoor, actor: Me) -> NoticesView:
    """How I am told of what concerns me, topic by topic."""
    return await door.read(lambda session: view(session, door, actor.id))


@router.put("/me/notices", tags=["me"])
async def put_notices(body: NoticesBody, door: TheDoor, actor: Me) -> NoticesView:
    """Say how I want to be told. Sending it again changes nothing."""
    return await change(door, actor.id, body)


@router.get("/notices/deliveries", tags=["house"])
async def list_deliveries(
    door: TheDoor,
    actor: Admin,
    person: Annotated[Id | None, Query(description="Of this person alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=notices.LIMIT)] = 50,
    cursor: Annotated[
        Annotated[Text, Field(max_length=500)] | None,
        Query(description="next_cursor of the page before."),
    ] = None,
) -> DeliveryPage:
    """What was told to whom by which way, and what became of it; the newest first."""
    return await door.read(
        lambda session: notices.deliveries(session, person=person, limit=limit, cursor=cursor)
    )
