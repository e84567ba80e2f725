"""People over JSON: who works here and who is there; absences, deputies and delegations; and the
history of the house. Admins run it; people arrange their own absences and delegations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlmodel import Session

from api.bodies.base import PersonId, Strict
from api.deps import API, Door, TheDoor, now, only
from domain.base import Moment, Value
from domain.comments import Line, Text
from domain.errors import Unknown
from domain.house import Reason, check_may_arrange
from domain.people import Actor, Role
from domain.policy import Id
from store import absences, colleagues, history, people, sessions
from store.colleagues import AbsenceItem, DelegationItem, PersonDetail, PersonPage
from store.sessions import SessionItem
from store.views import HistoryPage

T = TypeVar("T")

router = APIRouter(prefix=API)

colleague = only(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR, Role.ADMIN)
Asking = Annotated[Actor, Depends(colleague)]
admin = only(Role.ADMIN)
Admin = Annotated[Actor, Depends(admin)]
watcher = only(Role.AUDITOR, Role.ADMIN)
Watcher = Annotated[Actor, Depends(watcher)]

Who = Annotated[Id, Path(description="A person's id, such as ada.")]
Ulid = Annotated[str, Path(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Cursor = Annotated[
    Annotated[Text, Field(max_length=500)] | None,
    Query(description="next_cursor of the page before."),
]


class PersonBody(Strict):
    """Everything about a person; what is left out is taken away."""

    name: Line
    roles: frozenset[Role] = Field(min_length=1)
    teams: dict[Id, bool] = Field(
        default={}, max_length=100, description="Each team, and whether they lead it."
    )
    email: Annotated[Text, Field(max_length=254)] | None = None
    manager: PersonId | None = Field(default=None, description="Who is asked in their stead.")
    zone: Annotated[Text, Field(max_length=60)] | None = Field(
        default=None, description="Their time zone, such as Europe/Berlin."
    )
    hours: Annotated[Text, Field(max_length=400)] | None = Field(
        default=None,
        description="When they work, such as: mon-fri 09:00-12:30 13:30-17:00. Left out: notices "
        "come at any hour.",
    )


class AbsenceBody(Strict):
    """A time in which they are not there."""

    since: Moment | None = Field(default=None, description="Left out: from now on.")
    until: Moment = Field(description="The first moment back.")
    deputy: PersonId | None = Field(
        default=None, description="Who comes in their place, decisions included."
    )
    reason: Reason = Reason.OTHER


class DelegationBody(Strict):
    """A time in which somebody else may decide for them."""

    to: PersonId
    since: Moment | None = Field(default=None, description="Left out: from now on.")
    until: Moment
    may_pass_on: bool = Field(
        default=False, description="Whether whoever stands for them may decide as well."
    )


class Left(Value):
    """Somebody has left; their open escalations wait for a new owner."""

    open_escalations: int


class SessionList(Value):
    """Sessions that go on, the latest first."""

    items: tuple[SessionItem, ...]


class SessionsEnded(Value):
    """How many sessions this has ended."""

    ended: int


async def _write(door: Door, work: Callable[[Session], T]) -> T:
    return await asyncio.to_thread(door.database.write, work)


# People. -------------------------------------------------------------------------------------


@router.get("/people", tags=["people"])
async def list_people(
    door: TheDoor,
    actor: Asking,
    limit: Annotated[int, Query(ge=1, le=colleagues.LIMIT)] = 50,
    cursor: Cursor = None,
) -> PersonPage:
    """Everybody by id, and whether they are there; those who have left included."""
    return await door.read(
        lambda session: colleagues.page(session, now(), limit=limit, cursor=cursor)
    )


@router.get("/people/{person_id}", tags=["people"])
async def get_person(person_id: Who, door: TheDoor, actor: Asking) -> PersonDetail:
    """One person: hours, absences, and who stands for whom."""
    return await door.read(lambda session: colleagues.detail(session, person_id, actor, now()))


@router.put("/people/{person_id}", tags=["people"])
async def put_person(person_id: Who, body: PersonBody, door: TheDoor, actor: Admin) -> PersonDetail:
    """Add a person, or set everything of one who is known. Sending it again changes nothing."""

    def work(session: Session) -> PersonDetail:
        people.put_person(
            session,
            person_id,
            body.name,
            body.roles,
            body.teams,
            now(),
            body.email,
            by=actor.id,
            manager=body.manager,
            zone=body.zone,
            hours=body.hours,
        )
        people.check_an_admin_stays(session)
        return colleagues.detail(session, person_id, actor, now())

    return await _write(door, work)


@router.post("/people/{person_id}/leave", tags=["people"])
async def let_leave(person_id: Who, door: TheDoor, actor: Admin) -> Left:
    """Let a person leave: no sign-in, no tokens, no notices. What they did stays on record."""

    def work(session: Session) -> int:
        owned = people.remove_person(session, person_id, now(), by=actor.id)
        people.check_an_admin_stays(session)
        return owned

    return Left(open_escalations=await _write(door, work))


# Where they are signed in. -------------------------------------------------------------------


@router.get("/people/{person_id}/sessions", tags=["people"])
async def list_sessions(person_id: Who, door: TheDoor, actor: Asking) -> SessionList:
    """Where somebody is signed in at a browser: for themselves, and for admins."""
    items = await door.read(
        lambda session: sessions.of_person(session, person_id, actor, now(), door.limits)
    )
    return SessionList(items=items)


@router.post("/people/{person_id}/sessions/end", tags=["people"])
async def end_sessions(person_id: Who, door: TheDoor, actor: Asking) -> SessionsEnded:
    """Sign somebody out everywhere. Their tokens stay; leaving ends those as well."""
    ended = await _write(door, lambda session: sessions.end_all(session, person_id, actor, now()))
    return SessionsEnded(ended=ended)


# Absences and delegations. -------------------------------------------------------------------


@router.post("/people/{person_id}/absences", tags=["people"])
async def plan_absence(
    person_id: Who, body: AbsenceBody, door: TheDoor, actor: Asking
) -> AbsenceItem:
    """Plan an absence of one's own; an admin, of anybody."""
    check_may_arrange(actor, person_id, body.deputy)

    def work(session: Session) -> AbsenceItem:
        at = now()
        row = absences.plan(
            session,
            person_id,
            body.since or at,
            body.until,
            at,
            by=actor.id,
            reason=body.reason,
            deputy=body.deputy,
        )
        return colleagues.absence_item(session, row, is_private=True)

    return await _write(door, work)


@router.post("/people/{person_id}/absences/{absence_id}/end", tags=["people"])
async def end_absence(
    person_id: Who, absence_id: Ulid, door: TheDoor, actor: Asking
) -> AbsenceItem:
    """Be back early, or call an absence off. Repeating it changes nothing."""
    check_may_arrange(actor, person_id, None)

    def work(session: Session) -> AbsenceItem:
        row = absences.absence(session, absence_id)
        _check_of(row.person_id, person_id, "absence")
        absences.end(session, row, now(), by=actor.id)
        return colleagues.absence_item(session, row, is_private=True)

    return await _write(door, work)


@router.post("/people/{person_id}/delegations", tags=["people"])
async def give_delegation(
    person_id: Who, body: DelegationBody, door: TheDoor, actor: Asking
) -> DelegationItem:
    """Let somebody decide on one's behalf for a time; an admin, on anybody's but for themselves."""
    check_may_arrange(actor, person_id, body.to)

    def work(session: Session) -> DelegationItem:
        at = now()
        row = absences.give(
            session,
            person_id,
            body.to,
            body.since or at,
            body.until,
            at,
            by=actor.id,
            may_pass_on=body.may_pass_on,
        )
        return colleagues.delegation_item(row)

    return await _write(door, work)


@router.post("/people/{person_id}/delegations/{delegation_id}/end", tags=["people"])
async def end_delegation(
    person_id: Who, delegation_id: Ulid, door: TheDoor, actor: Asking
) -> DelegationItem:
    """End a delegation before its time. Repeating it changes nothing."""
    check_may_arrange(actor, person_id, None)

    def work(session: Session) -> DelegationItem:
        row = absences.delegation(session, delegation_id)
        _check_of(row.person_id, person_id, "delegation")
        absences.take_back(session, row, now(), by=actor.id)
        return colleagues.delegation_item(row)

    return await _write(door, work)


def _check_of(owner: str, person_id: str, what: str) -> None:
    """What is ended must be theirs under whose address it was asked for: that is who may."""
    if owner != person_id:
        raise Unknown(
            f"unknown_{what}",
            f"{person_id} has no such {what}",
            f"GET /api/v1/people/{person_id} names theirs",
        )


# The house. ----------------------------------------------------------------------------------


@router.get("/house/history", tags=["house"])
async def house_history(
    door: TheDoor,
    actor: Watcher,
    limit: Annotated[int, Query(ge=1, le=history.LIMIT)] = history.LIMIT,
    cursor: Cursor = None,
) -> HistoryPage:
    """The ledger of the house: people, roles, tokens, policy, absences, reading by auditors."""
    return await door.read(
        lambda session: history.of_the_house(session, actor, limit=limit, cursor=cursor)
    )
