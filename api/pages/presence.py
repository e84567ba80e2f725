"""Who looks at a case or writes in it: said by open pages, shown to those who work on it too."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from sqlmodel import Session

from api.commands import stream_of
from api.deps import TheDoor, now
from api.pages import render
from api.pages.security import Reader, SentForm
from store import presence
from store.presence import Present

router = APIRouter(include_in_schema=False)


@router.get("/presence/escalation/{entity_id}")
async def look(entity_id: str, door: TheDoor, viewer: Reader) -> Response:
    """Who else is there."""
    stream = stream_of("escalation", entity_id)
    found = await door.read(lambda s: presence.others(s, [stream], viewer.actor, now()))
    return render.page("presence_now.html", viewer=viewer, there=found.get(stream, []))


@router.post("/presence/escalation/{entity_id}")
async def say(entity_id: str, door: TheDoor, sent: SentForm) -> Response:
    """The reader is there, is writing, or has gone; answers who else is there."""
    stream, actor = stream_of("escalation", entity_id), sent.viewer.actor
    does = sent.form.get("does", "")

    def work(session: Session) -> list[Present]:
        at = now()
        if does == "leave":
            presence.leave(session, stream, actor)
            return []
        presence.say(session, stream, actor, at, is_writing=does == "write")
        return presence.others(session, [stream], actor, at).get(stream, [])

    there = await asyncio.to_thread(door.database.write, work)
    return render.page("presence_now.html", viewer=sent.viewer, there=there)
