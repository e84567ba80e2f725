"""What people are writing on a case before they submit it: kept with versions, for colleagues.

Nothing here is a command. A draft reaches neither the ledger nor a workflow; submitting its words
is a command like any other.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.bodies.base import check_length
from api.commands import stream_of
from api.deps import API, TheDoor, now, only
from domain.comments import Verbatim
from domain.drafts import DraftKind
from domain.people import Actor, Role
from store import drafts
from store.drafts import Draft, Drafts

router = APIRouter(prefix=API, tags=["drafts"])

Writer = Annotated[Actor, Depends(only(Role.STAFF, Role.EXECUTIVE))]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


class SaveDraft(BaseModel):
    """The whole text as it stands. ``based_on`` is the version it was written from; none where
    there was none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Verbatim
    kind: DraftKind
    based_on: int | None = Field(default=None, strict=True, ge=1, le=2**31 - 1)


@router.put("/escalations/{entity_id}/draft")
async def save_draft(entity_id: str, door: TheDoor, actor: Writer, body: SaveDraft) -> Draft:
    """Keep a text as the newest version of its kind. The same text again makes no new one.

    Where somebody saved a newer version meanwhile the answer is 409 with their name, and both
    texts are kept.
    """
    stream_of("escalation", entity_id)
    way_out = "shorten it, or raise ANSWERABLE_MAX_TEXT"
    check_length(body.text, door.settings.max_text, "text", way_out)
    return await asyncio.to_thread(
        drafts.save, door.database, entity_id, actor, body.kind, body.text, body.based_on, now()
    )


@router.get("/escalations/{entity_id}/draft")
async def get_drafts(
    entity_id: str,
    door: TheDoor,
    actor: Writer,
    kind: Annotated[DraftKind | None, Query(description="Left out: of every kind.")] = None,
) -> Drafts:
    """The newest version with its text, and the list of all that are kept."""
    stream_of("escalation", entity_id)
    return await door.read(lambda session: drafts.drafts(session, entity_id, actor, kind))


@router.get("/escalations/{entity_id}/draft/{version}")
async def get_draft(entity_id: str, version: Version, door: TheDoor, actor: Writer) -> Draft:
    """One version with its text."""
    stream_of("escalation", entity_id)
    return await door.read(lambda session: drafts.draft(session, entity_id, version, actor))
