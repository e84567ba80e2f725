"""The other list: our posts, and what they wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from api.deps import TheDoor, now
from api.pages import frame, moves, render
from api.pages.security import Reader
from domain.entity import allowed
from domain.people import Actor
from domain.post import POST
from domain.post.waiting import OWED_BY
from store import details, queries
from store.views import PostItem
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


@dataclass(frozen=True)
class Owed:
    """By when a person owes a post its next move. ``act``: what it is, where it is the reader's."""

    due_at: datetime | None
    is_late: bool
    act: str | None


def _owed(
    session: Session, actor: Actor, items: Iterable[PostItem], at: datetime
) -> dict[str, Owed]:
    """The posts among these that wait for a person, by their ids."""
    waiting = [f"post/{item.id}" for item in items if item.stage in OWED_BY]
    return {
        post.id: Owed(
            due_at=post.due_at,
            is_late=post.due_at is not None and post.due_at < at,
            act=moves.primary("post", post.stage, allowed(POST, actor, post)),
        )
        for post in details.states_of(session, waiting).values()
    }


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
            "owed": _owed(session, viewer.actor, found.items, now()),
            "names": frame.names(session, [item.writer for item in found.items]),
        }

    return render.page("posts.html", stage=stage, views=POSTS, **await door.read(work))
