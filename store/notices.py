"""How people want to be told, and the log of what reached them.

The address of somebody's chat is a secret: whoever knows it can write there in our name. It is read
by the activity that sends, and is in no answer, no log and no ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, delete, exists, func, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.errors import Invalid
from domain.house import NoticesChanged
from domain.notices import TEST, Rules, Way
from domain.people import Role
from store import cursors, house
from store.tables import Announcement, NoticeDelivery, NoticeRules, Person
from store.words import ids_from, new_id

KEPT_FOR = timedelta(days=400)
"""How long the log of deliveries is kept: a year and a little."""


class Result(StrEnum):
    """What became of an announcement on one way."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """It is tried again."""
    REFUSED = "refused"
    """The other side will not take it, however often it is tried."""
    GIVEN_UP = "given_up"
    """Told by another way meanwhile, or to be told anew later."""
    LOGGED = "logged"
    """There is no way to reach this person: it stands in the worker's log alone."""


# What people want. ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Wishes:
    """What one person wants, and where their chat is. Printing it shows no address."""

    rules: Rules = field(default_factory=Rules)
    chat: str | None = field(default=None, repr=False)


def wishes(session: Session, person_id: str) -> Wishes:
    """What this person wants; what there is by itself where they have said nothing."""
    row = session.get(NoticeRules, person_id)
    return Wishes(Rules.model_validate(row.body), row.chat) if row else Wishes()


def put(
    session: Session, person_id: str, rules: Rules, chat: str | None, at: datetime, *, by: str
) -> None:
    """Set what this person wants. Raises Invalid where they could be reached by no way they chose.

    Safe to repeat: what stays as it was leaves no entry.
    """
    lost = [t for t, rule in rules.topics.items() if rule.ways == {Way.CHAT} and not chat]
    if lost:
        raise Invalid(
            "chat_missing",
            "you want to be told by chat alone, but no address of your chat is known",
            "give the address of your chat, or choose mail as well",
            field=f"topics.{lost[0]}.ways",
        )
    if wishes(session, person_id) == Wishes(rules, chat):
        return
    row = session.get(NoticeRules, person_id, with_for_update=True)
    if row is None:
        row = NoticeRules(person_id=person_id, body={}, changed_at=at)
        session.add(row)
    row.body, row.chat, row.changed_at = rules.model_dump(mode="json"), chat, at
    changed = NoticesChanged(person=person_id, has_chat=chat is not None)
    house.record(session, [changed], by, at)


def forget(session: Session, person_id: str) -> None:
    """Somebody leaves: what they wanted, and above all where their chat is, goes with them."""
    session.execute(delete(NoticeRules).where(col(NoticeRules.person_id) == person_id))


# What was told. ------------------------------------------------------------------------------


def deliveries_of(session: Session, announcement_id: str) -> dict[str, NoticeDelivery]:
    """What became of an announcement so far, by way."""
    rows = session.scalars(
        select(NoticeDelivery).where(col(NoticeDelivery.announcement_id) == announcement_id)
    )
    return {row.way: row for row in rows}


def note(
    session: Session,
    announcement_id: str,
    way: str,
    result: Result,
    at: datetime,
    *,
    detail: str = "",
    most: int,
) -> Result:
    """Note one attempt on one way; answers what is noted: after ``most`` failures, given up."""
    row = deliveries_of(session, announcement_id).get(way)
    if row is None:
        row = NoticeDelivery(
            id=new_id(),
            announcement_id=announcement_id,
            person_id=session.get_one(Announcement, announcement_id).person_id,
            way=way,
            result=result,
            at=at,
        )
        session.add(row)
    row.attempts += 1
    is_enough = result is Result.FAILED and row.attempts >= most
    result = Result.GIVEN_UP if is_enough else result
    row.result, row.detail, row.at = result, detail, at
    return result


_TEST = "test/"
"""How the ids of tests begin: for each person and way there is one, that of the latest."""


class Tested(Value):
    """What became of the latest test of one way."""

    result: Result
    detail: str
    at: Moment


def note_test(
    session: Session, person_id: str, way: str, result: Result, at: datetime, detail: str
) -> None:
    """Note what became of a test, in place of what became of the one before."""
    test_id = f"{_TEST}{person_id}/{way}"
    if session.get(Announcement, test_id) is None:
        body = [{"reason": TEST, "about": "me/notices"}]
        session.add(Announcement(id=test_id, person_id=person_id, body=body))
        session.flush()
    # It is tried once.
    note(session, test_id, way, result, at, detail=detail, most=1)


def tests_of(session: Session, person_id: str) -> dict[Way, Tested]:
    """What became of the latest test of each way that somebody has tried."""
    ids = {f"{_TEST}{person_id}/{way}": way for way in Way}
    rows = session.scalars(
        select(NoticeDelivery).where(col(NoticeDelivery.announcement_id).in_(ids))
    )
    return {
        ids[row.announcement_id]: Tested(result=Result(row.result), detail=row.detail, at=row.at)
        for row in rows
    }


class Told(Value):
    """One reason in a message, and the case it is about."""

    reason: str
    about: str


class DeliveryItem(Value):
    """One message on one way to one person: what it told, and what became of it."""

    id: str
    person: str
    name: str
    way: str
    result: Result
    detail: str
    attempts: int
    at: Moment
    told: tuple[Told, ...]


class DeliveryPage(Value):
    items: tuple[DeliveryItem, ...]
    next_cursor: str | None


LIMIT = 200
"""The longest page."""

LOST = (Result.GIVEN_UP, Result.REFUSED)
"""What did not arrive, and is not tried again on this way."""


def deliveries(
    session: Session, *, person: str | None = None, limit: int = 50, cursor: str | None = None
) -> DeliveryPage:
    """The log, the newest first: of one person or of everybody."""
    table = NoticeDelivery
    statement = _log().limit(limit + 1)
    if person is not None:
        statement = statement.where(col(table.person_id) == person)
    if cursor is not None:
        statement = statement.where(col(table.id) < cursors.place_of_id(cursor, "deliveries"))
    rows = session.execute(statement).all()
    items = tuple(_item(*row) for row in rows[:limit])
    more = len(rows) > limit
    return DeliveryPage(
        items=items, next_cursor=cursors.encode("deliveries", (items[-1].id,)) if more else None
    )


def lost(session: Session, since: datetime, limit: int) -> tuple[int, tuple[DeliveryItem, ...]]:
    """How many messages since then did not arrive and are not tried again; the newest of them.
    Whoever sent a test has seen for themselves."""
    is_lost = (
        col(NoticeDelivery.id) >= ids_from(since),
        col(NoticeDelivery.result).in_(LOST),
        ~col(NoticeDelivery.announcement_id).startswith(_TEST),
    )
    count = session.scalar(select(func.count()).select_from(NoticeDelivery).where(*is_lost)) or 0
    rows = session.execute(_log().where(*is_lost).limit(limit))
    return count, tuple(_item(*row) for row in rows)


def _log() -> Select[tuple[NoticeDelivery, Any, str]]:
    table = NoticeDelivery
    return (
        select(table, col(Announcement.body), col(Person.name))
        .join(Announcement, col(Announcement.id) == col(table.announcement_id))
        .join(Person, col(Person.id) == col(table.person_id))
        .order_by(col(table.id).desc())
    )


def _item(row: NoticeDelivery, body: Any, name: str) -> DeliveryItem:
    return DeliveryItem(
        id=row.id,
        person=row.person_id,
        name=name,
        way=row.way,
        result=Result(row.result),
        detail=row.detail,
        attempts=row.attempts,
        at=row.at,
        told=tuple(Told(reason=n["reason"], about=n["about"]) for n in body),
    )


def unreachable(session: Session) -> list[tuple[str, str]]:
    """Id and name of everybody who is told of nothing: neither a mail address nor a chat of theirs
    is known. Machines are told nothing, and those without a role have nothing to hear of."""
    has_chat = exists().where(
        col(NoticeRules.person_id) == col(Person.id), col(NoticeRules.chat).is_not(None)
    )
    rows = session.execute(
        select(col(Person.id), col(Person.name), col(Person.roles))
        .where(col(Person.is_active), func.coalesce(col(Person.email), "") == "", ~has_chat)
        .order_by(col(Person.id))
    )
    return [(who, name) for who, name, roles in rows if set(roles) - {Role.SERVICE}]


def sweep(session: Session, at: datetime) -> None:
    """Drop what was logged too long ago."""
    session.execute(delete(NoticeDelivery).where(col(NoticeDelivery.at) < at - KEPT_FOR))
