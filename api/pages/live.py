"""The stream of events behind open pages: ``GET /live``, server-sent events for who is signed in.

It says where something happened, by id and kind, and nothing of what: a page that shows such a
thing asks for it again, and the fetch checks what its reader may see.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.deps import Door, TheDoor
from api.live import Batch, Listener
from api.pages import security
from api.pages.security import Reader
from store.queries import READERS

router = APIRouter(include_in_schema=False)

HEARTBEAT = 5.0
"""Seconds of silence after which a sign of life is sent: a page that hears none calls itself
stale, and a proxy would cut a connection that says nothing."""

CHECKED = 15.0
"""Seconds after which it is looked again whether the session still holds, whatever happens."""


@router.get("/live")
async def live(
    request: Request,
    door: TheDoor,
    viewer: Reader,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str, Header(max_length=20)] = "",
) -> Response:
    """What happens from now on, and before that what happened after a position."""
    told = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else after
    listener = await door.live.listen(viewer.csrf, viewer.actor.id, told)
    return StreamingResponse(
        _events(request, door, listener),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(request: Request, door: Door, listener: Listener) -> AsyncIterator[str]:
    try:
        yield "event: beat\ndata:\n\n"
        checked = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    batch = await listener.next()
            except TimeoutError:
                said = "event: beat\ndata:\n\n"
            else:
                if batch is None:
                    return
                said = _event(batch)
            if time.monotonic() - checked >= CHECKED:
                if not await _still_reads(request, door):
                    return
                checked = time.monotonic()
            yield said
    finally:
        door.live.leave(listener)


def _event(batch: Batch) -> str:
    data = json.dumps(batch.changes, separators=(",", ":"))
    place = "" if batch.kind == "present" else f"id: {batch.position}\n"
    return f"{place}event: {batch.kind}\ndata: {data}\n\n"


async def _still_reads(request: Request, door: Door) -> bool:
    viewer = await security.viewer_of(request, door)
    return viewer is not None and bool(viewer.actor.roles & READERS)
