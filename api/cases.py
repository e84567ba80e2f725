"""Reading: lists, details and histories of escalations, posts and commitments."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.commands import stream_of
from api.deps import API, Door, Reader, TheDoor, now
from domain.comments import Text
from domain.people import Actor, Role
from store import details, history, house, queries
from store.views import (
    CommitmentDetail,
    CommitmentPage,
    EscalationDetail,
    EscalationPage,
    HistoryPage,
    PostDetail,
    PostPage,
)

router = APIRouter(prefix=API)

Limit = Annotated[int, Query(ge=1, le=queries.LIMIT)]
Cursor = Annotated[
    Annotated[Text, Field(max_length=500)] | None,
    Query(description="next_cursor of the page before, with the same filters."),
]
Word = Annotated[Text, Field(max_length=40)] | None


async def note_reading(door: Door, actor: Actor, stream: str) -> None:
    """Record that somebody who is an auditor and nothing else has read a case, once an hour.

    Recorded before it is shown: what cannot be recorded is not read.
    """
    if actor.roles != {Role.AUDITOR}:
        return
    at = now()
    if await door.read(lambda session: house.is_noted(session, actor.id, stream, at)):
        return
    await asyncio.to_thread(
        door.database.write, lambda session: house.note_reading(session, actor.id, stream, at)
    )


@router.get("/escalations", tags=["escalations"])
async def list_escalations(
    door: TheDoor,
    actor: Reader,
    stage: Annotated[Word, Query(description="Left out: every open stage.")] = None,
    owner: Word = None,
    team: Word = None,
    late: Annotated[bool, Query(description="Only those whose next move is overdue.")] = False,
    q: Annotated[
        Annotated[Text, Field(max_length=200)] | None,
        Query(
            description="Words that stand in a comment, or in the name and handle of its author, "
            "the last one as a beginning; or the id of an escalation or how it begins; or the id "
            "or the address of a comment at its channel."
        ),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EscalationPage:
    """The queue: open escalations by when their next move is owed, or the closed, newest first."""
    return await door.read(
        lambda session: queries.escalations(
            session,
            actor,
            now(),
            stage=stage,
            owner=owner,
            team=team,
            late=late,
            q=q,
            limit=limit,
            cursor=cursor,
        )
    )


@router.get("/escalations/{entity_id}", tags=["escalations"])
async def get_escalation(entity_id: str, door: TheDoor, actor: Reader) -> EscalationDetail:
    """One escalation with its conversation, deadlines, replies, promises, and what you may do."""
    stream = stream_of("escalation", entity_id)
    found = await door.read(lambda session: details.escalation(session, entity_id, actor, now()))
    await note_reading(door, actor, stream)
    return found


@router.get("/posts", tags=["posts"])
async def list_posts(
    door: TheDoor,
    actor: Reader,
    stage: Word = None,
    escalation_id: Word = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PostPage:
    """Our public utterances, newest first, published or on their way."""
    return await door.read(
        lambda session: queries.posts(
            session, actor, stage=stage, escalation_id=escalation_id, limit=limit, cursor=cursor
        )
    )


@router.get("/posts/{entity_id}", tags=["posts"])
async def get_post(entity_id: str, door: TheDoor, actor: Reader) -> PostDetail:
    """One public utterance of ours and how far it has come."""
    stream = stream_of("post", entity_id)
    found = await door.read(lambda session: details.post(session, entity_id, actor, now()))
    await note_reading(door, actor, stream)
    return found


@router.get("/commitments", tags=["commitments"])
async def list_commitments(
    door: TheDoor,
    actor: Reader,
    stage: Word = None,
    accountable: Word = None,
    escalation_id: Word = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CommitmentPage:
    """Our promises, the one due first at the top."""
    return await door.read(
        lambda session: queries.commitments(
            session,
            actor,
            now(),
            stage=stage,
            accountable=accountable,
            escalation_id=escalation_id,
            limit=limit,
            cursor=cursor,
        )
    )


@router.get("/commitments/{entity_id}", tags=["commitments"])
async def get_commitment(entity_id: str, door: TheDoor, actor: Reader) -> CommitmentDetail:
    """One promise, its deadline, and what has been said about it since."""
    stream = stream_of("commitment", entity_id)
    found = await door.read(lambda session: details.commitment(session, entity_id, actor, now()))
    await note_reading(door, actor, stream)
    return found


HistoryLimit = Annotated[int, Query(ge=1, le=history.LIMIT)]


async def _history(
    door: TheDoor, actor: Reader, stream: str, limit: int, cursor: str | None
) -> HistoryPage:
    found = await door.read(
        lambda session: history.history(session, stream, actor, limit=limit, cursor=cursor)
    )
    await note_reading(door, actor, stream)
    return found


@router.get("/escalations/{entity_id}/history", tags=["escalations"])
async def escalation_history(
    entity_id: str,
    door: TheDoor,
    actor: Reader,
    limit: HistoryLimit = history.LIMIT,
    cursor: Cursor = None,
) -> HistoryPage:
    """The ledger entries of one escalation, with their hashes."""
    return await _history(door, actor, stream_of("escalation", entity_id), limit, cursor)


@router.get("/posts/{entity_id}/history", tags=["posts"])
async def post_history(
    entity_id: str,
    door: TheDoor,
    actor: Reader,
    limit: HistoryLimit = history.LIMIT,
    cursor: Cursor = None,
) -> HistoryPage:
    """The ledger entries of one post, with their hashes."""
    return await _history(door, actor, stream_of("post", entity_id), limit, cursor)


@router.get("/commitments/{entity_id}/history", tags=["commitments"])
async def commitment_history(
    entity_id: str,
    door: TheDoor,
    actor: Reader,
    limit: HistoryLimit = history.LIMIT,
    cursor: Cursor = None,
) -> HistoryPage:
    """The ledger entries of one commitment, with their hashes."""
    return await _history(door, actor, stream_of("commitment", entity_id), limit, cursor)
