"""The other list: our posts, and what they wait for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from api.deps import TheDoor
from api.pages import frame, render
from api.pages.security import Reader
from store import queries
from texts import Sayings

router = APIRouter(include_in_schema=False)

ROWS = 30

POSTS = Sayings(
    {
        "in_review": "To clear",
        "cleared": "Going out",
        "failed": "Failed",
        "unconfirmed": "Unconfirmed",
        "publishing": "Being published",
        "published": "Published",
        "": "All",
    }
)

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]


@router.get("/posts")
async def posts(
    door: TheDoor, viewer: Reader, stage: Word = "in_review", cursor: Place = ""
) -> Response:
    """What we are about to say or have said; what waits for somebody comes first."""

    def work(session: Session) -> dict[str, Any]:
        found = queries.posts(
            session, viewer.actor, stage=stage or None, limit=ROWS, cursor=cursor or None
        )
        return {
            **frame.frame(session, viewer, "posts"),
            "found": found,
            "names": frame.names(session, [item.writer for item in found.items]),
        }

    return render.page("posts.html", stage=stage, views=POSTS, **await door.read(work))
