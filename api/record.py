"""The record as JSON, and what both doors share: who may read it, what an address asks for, and
that whoever reads it is on record themselves before anything is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BeforeValidator, Field
from sqlmodel import Session

from api.cases import Cursor, Limit
from api.commands import stream_of
from api.deps import API, Door, TheDoor, now, only
from domain.base import iso
from domain.comments import Asked
from domain.entity import Event
from domain.errors import Invalid, Unknown
from domain.house import RecordExported
from domain.kinds import KINDS
from domain.ledger import digest
from domain.people import Actor, Role
from intake.entities import Unavailable
from intake.past import Kept, Past, beside, past
from store import case_file, details, house, proofs, record
from store.record_views import CaseFile, FoundPage, Search

router = APIRouter(prefix=API, tags=["record"])

T = TypeVar("T")

ROLES = (Role.EXECUTIVE, Role.AUDITOR)
"""As ``store.record.READERS``, which is asked again in the fetching."""

Reader = Annotated[Actor, Depends(only(*ROLES))]

JSON_LINES = "application/jsonl; charset=utf-8"

Word = Annotated[Asked, Query(max_length=60)]


def _or_none(said: Any) -> Any:
    """A field of a form that was left empty asks for nothing."""
    return said or None


Day = Annotated[
    Annotated[date, Field(ge=date(1970, 1, 1), le=date(9000, 1, 1))] | None,
    BeforeValidator(_or_none),
    Query(description="YYYY-MM-DD, in UTC; the day is included."),
]
YesOrNo = Annotated[bool | None, BeforeValidator(_or_none)]


def said_of(
    person: Word = "",
    act: Word = "",
    kind: Word = "",
    team: Word = "",
    channel: Word = "",
    since: Day = None,
    until: Day = None,
    outcome: Word = "",
    late: YesOrNo = None,
    q: Annotated[Asked, Query()] = "",
) -> Search:
    """What an address asks for, as it stands there."""
    return Search(
        person=person or None,
        act=act or None,
        kind=kind or None,
        team=team or None,
        channel=channel or None,
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
        outcome=outcome or None,
        late=late,
        q=q or None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


Said = Annotated[Search, Depends(said_of)]


def wanted_of(said: Said) -> Search:
    """A search that can be made. Raises Invalid for days in no order."""
    if said.since and said.until and said.since >= said.until:
        raise Invalid(
            "bad_span",
            "the first day is after the last",
            "ask for an earlier first day, or for a later last one",
            field="since",
        )
    return said


Wanted = Annotated[Search, Depends(wanted_of)]


# Reading, which is recorded. ------------------------------------------------------------------


async def note(door: Door, actor: Actor, event: Event) -> None:
    """Record that somebody reads the record, whoever it is, before it is shown to them: what
    cannot be recorded is not read."""
    at = now()
    await asyncio.to_thread(
        door.database.write, lambda session: house.record(session, [event], actor.id, at)
    )


async def found_of(
    door: Door,
    actor: Actor,
    wanted: Search,
    work: Callable[[Session, FoundPage], T],
    *,
    limit: int,
    cursor: str | None,
) -> T:
    """A page of a search, made into what the reader gets."""

    def search(session: Session) -> T:
        page = record.search(session, actor, now(), wanted, limit=limit, cursor=cursor)
        return work(session, page)

    found = await door.read(search)
    await note(door, actor, wanted.told(is_next=cursor is not None))
    return found


class RecordFile(CaseFile):
    """The file of one case, with what Temporal has kept of it beside the ledger."""

    temporal: Past


async def file_of(
    door: Door,
    actor: Actor,
    kind: str,
    entity_id: str,
    work: Callable[[Session, CaseFile], T],
) -> tuple[CaseFile, Past, T]:
    """The file of one case, Temporal's history beside it, and what else is made of it."""
    stream = known_stream(kind, entity_id)

    def read(session: Session) -> tuple[CaseFile, proofs.Stream, T]:
        found, told = case_file.case_file(session, actor, kind, entity_id, now())
        return found, told, work(session, found)

    (found, told, more), history = await asyncio.gather(door.read(read), past_of(door, stream))
    at = now()
    await asyncio.to_thread(
        door.database.write, lambda session: house.note_reading(session, actor.id, stream, at)
    )
    # This reading is among them.
    read_by = await door.read(lambda session: case_file.read_by(session, actor, stream))
    found = found.model_copy(update={"read_by": read_by})
    entries = [(one.row.seq, digest(one.row.body), one.fact) for one in told.entries]
    return found, beside(history, entries), more


def known_stream(kind: str, entity_id: str) -> str:
    """The stream of a case. Raises Unknown."""
    if kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise Unknown("unknown_kind", "there is no such kind of case", f"use one of: {kinds}")
    return stream_of(kind, entity_id)


async def past_of(door: Door, stream: str) -> Past:
    """What Temporal has of it. A server that is away is not waited for."""
    try:
        await door.feel_pulse()
    except Unavailable as error:
        return Past(kept=Kept.AWAY, detail=str(error))
    return await past(door.client, stream)


async def exported(door: Door, actor: Actor, kind: str, entity_id: str) -> Response:
    """One case as a file that proves itself."""
    stream = known_stream(kind, entity_id)

    def read(session: Session) -> proofs.Stream:
        record.check_reader(actor)
        told = proofs.read(session, stream)
        if told.snapshot is None:
            raise details.unknown(stream)
        return told

    def take_note(session: Session) -> None:
        house.note_reading(session, actor.id, stream, at)
        house.record(session, [RecordExported(stream=stream)], actor.id, at)

    def write_out(session: Session) -> str:
        read_by = case_file.read_by(session, actor, stream)
        said = read_by.model_dump(mode="json") if read_by else None
        return "".join(proofs.lines(told, iso(at), said))

    at = now()
    told = await door.read(read)
    await asyncio.to_thread(door.database.write, take_note)
    text = await door.read(write_out)
    return Response(text, media_type=JSON_LINES, headers=attachment(f"{kind}-{entity_id}.jsonl"))


def attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


# JSON. ----------------------------------------------------------------------------------------


@router.get("/record")
async def search_the_record(
    door: TheDoor, actor: Reader, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> FoundPage:
    """Who did what when, the newest first. ``team``, ``channel``, ``outcome``, ``late`` and ``q``
    ask about the case in which it was done, as it stands now. Each search is itself recorded."""
    return await found_of(door, actor, wanted, lambda s, page: page, limit=limit, cursor=cursor)


@router.get("/record/{kind}/{entity_id}")
async def get_record(kind: str, entity_id: str, door: TheDoor, actor: Reader) -> RecordFile:
    """The whole file of one case: every entry with its words, every deadline with its arithmetic,
    the policy of its day, whether the chain holds, and Temporal's history. Reading is recorded."""
    found, history, _ = await file_of(door, actor, kind, entity_id, lambda s, file: None)
    return RecordFile(**dict(found), temporal=history)


@router.get("/record/{kind}/{entity_id}/export")
async def export_record(kind: str, entity_id: str, door: TheDoor, actor: Reader) -> Response:
    """One case as JSON Lines with canonical bytes, hashes, words and salts, which can be verified
    without us: see docs/record.md. Each export is recorded."""
    return await exported(door, actor, kind, entity_id)
