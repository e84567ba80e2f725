"""What has happened to a case since a page showed it: told beside what is being written, which
stays as it is."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from api.cases import note_reading
from api.commands import stream_of
from api.deps import TheDoor
from api.pages import render, sentences
from api.pages.security import Reader
from api.pages.sentences import Line
from domain.people import Actor
from store import cursors, details, history

router = APIRouter(include_in_schema=False)

MOST = 10
"""Things of which a page tells: who wants more looks again."""

Kind = Literal["escalation", "post", "commitment", "matter"]


@router.get("/since/{kind}/{entity_id}")
async def since(
    kind: Kind,
    entity_id: str,
    door: TheDoor,
    viewer: Reader,
    seq: Annotated[int, Query(ge=0)],
    page: Literal["case", "decisions"] = "case",
) -> Response:
    """What has happened since this entry, and where to look again: the page of the case, or the
    list that it stands on."""
    stream = stream_of(kind, entity_id)
    await note_reading(door, viewer.actor, stream)
    lines = await door.read(lambda s: told(s, stream, viewer.actor, seq, most=MOST + 1))
    address = "/decisions" if page == "decisions" else f"/{stream}"
    return render.page("since.html", lines=lines, most=MOST, address=address)


def told(
    session: Session, stream: str, actor: Actor, seq: int | None, *, most: int = MOST
) -> list[Line]:
    """What has happened since this entry, as this reader is told it."""
    if seq is None:
        return []
    state = details.state_of(session, stream)
    after = cursors.encode(stream, (str(seq),))
    found = history.history_in(session, state, actor, limit=most, cursor=after)
    inside = details.reads_inside(actor, state)
    return sentences.tell(session, found.items, is_insider=inside)
