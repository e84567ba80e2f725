"""The other lists: what waits for a decision, our posts, our promises."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from api.deps import TheDoor, now
from api.pages import frame, render
from api.pages.forms import Trouble, Typed
from api.pages.security import Reader, Viewer
from domain.people import Role
from store import details, policies, queries

router = APIRouter(include_in_schema=False)

ROWS = 30
CARDS = 10

POSTS = {
    "in_review": "To clear",
    "cleared": "Going out",
    "failed": "Failed",
    "unconfirmed": "Unconfirmed",
    "publishing": "Being published",
    "published": "Published",
    "": "All",
}

PROMISES = {
    "open": "Open",
    "reported": "Reported kept",
    "told": "The commenter is asked",
    "denied": "The commenter says no",
    "broken": "Broken",
    "kept": "Kept",
    "kept_late": "Kept late",
    "withdrawn": "Withdrawn",
    "": "All",
}

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]


# Decisions. ----------------------------------------------------------------------------------


@router.get("/decisions")
async def decisions(
    door: TheDoor, viewer: Reader, cursor: Place = "", done: Place = ""
) -> Response:
    """What waits for an executive: the request, the exact words, and the ways to decide."""
    context = await door.read(lambda s: decisions_context(s, viewer, cursor=cursor, done=done))
    return render.page("decisions.html", **context)


def decisions_context(
    session: Session,
    viewer: Viewer,
    *,
    cursor: str = "",
    done: str = "",
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> dict[str, Any]:
    at = now()
    found = queries.escalations(
        session, viewer.actor, at, stage="deciding", limit=CARDS, cursor=cursor or None
    )
    cards = [details.escalation(session, item.id, viewer.actor, at) for item in found.items]
    in_force = policies.current(session)
    return {
        **frame.frame(session, viewer, "decisions"),
        "now": at,
        "cards": cards,
        "next_cursor": found.next_cursor,
        "channels": in_force.policy.channels if in_force else {},
        "is_executive": viewer.actor.has(Role.EXECUTIVE),
        "done": frame.done_of(session, viewer, done),
        "typed": typed or Typed(),
        "trouble": trouble,
    }


# Posts and promises. -------------------------------------------------------------------------


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


@router.get("/commitments")
async def commitments(
    door: TheDoor, viewer: Reader, stage: Word = "open", cursor: Place = ""
) -> Response:
    """What we have promised, the next date at the top."""

    def work(session: Session) -> dict[str, Any]:
        found = queries.commitments(
            session, viewer.actor, now(), stage=stage or None, limit=ROWS, cursor=cursor or None
        )
        return {
            **frame.frame(session, viewer, "commitments"),
            "found": found,
            "names": frame.names(session, [item.accountable for item in found.items]),
        }

    return render.page("commitments.html", stage=stage, views=PROMISES, **await door.read(work))
