"""Where somebody is signed in, and ending that: here, at one other place, or everywhere; and what
acts in their name besides."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session

from api.deps import TheDoor, now
from api.pages import frame, render, security
from api.pages.security import Anyone, OwnForm
from store import people, sessions, tokens

router = APIRouter(include_in_schema=False)


@router.get("/sessions")
async def own_sessions(door: TheDoor, viewer: Anyone) -> Response:
    """One's own sessions, and the tokens that act in one's name; the latest first."""

    def work(session: Session) -> dict[str, Any]:
        person = people.known(session, viewer.actor.id)
        found = sessions.of_person(
            session,
            viewer.actor.id,
            viewer.actor,
            now(),
            door.limits,
            here=viewer.session_id,
        )
        return {
            **frame.frame(session, viewer, "sessions"),
            "sessions": found,
            "tokens": tokens.page(session, now(), person=viewer.actor.id).items,
            "person": person,
            "is_provided": door.provider.label if door.provider else "",
        }

    return render.page("sessions.html", **await door.read(work))


@router.post("/sessions/{session_id}/end")
async def end_one(session_id: str, door: TheDoor, sent: OwnForm) -> Response:
    """End one of one's own sessions, such as that of a machine one has left."""
    actor = sent.viewer.actor
    await asyncio.to_thread(
        door.database.write,
        lambda session: sessions.end_one(session, actor.id, session_id, actor, now()),
    )
    return render.see_other("/sessions")


@router.post("/sessions/tokens/{token_id}/end")
async def end_token(token_id: str, door: TheDoor, sent: OwnForm) -> Response:
    """End a token that acts in one's own name."""
    actor = sent.viewer.actor
    await asyncio.to_thread(
        door.database.write, lambda session: tokens.end_own(session, token_id, actor, now())
    )
    return render.see_other("/sessions")


@router.post("/sessions/end")
async def end_all(door: TheDoor, sent: OwnForm) -> Response:
    """Sign out everywhere, here included."""
    actor = sent.viewer.actor
    await asyncio.to_thread(
        door.database.write, lambda session: sessions.end_all(session, actor.id, actor, now())
    )
    response = render.see_other("/sign-in")
    security.set_cookie(response, door.settings, security.new_visitor())
    return response
