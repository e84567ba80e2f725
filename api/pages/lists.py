"""The lists: the queue, and our posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from api.deps import TheDoor, now
from api.pages import frame, render
from api.pages.forms import Trouble
from api.pages.security import Reader, Viewer
from domain.escalation import ESCALATION
from domain.people import Actor
from store import policies, queries
from store.views import EscalationItem

router = APIRouter(include_in_schema=False)

ROWS = 30

VIEWS = {
    "mine": "Mine",
    "free": "Free",
    "late": "Late",
    "team": "My team",
    "all": "All open",
    "closed": "Closed",
}

POSTS = {
    "in_review": "To clear",
    "cleared": "Going out",
    "failed": "Failed",
    "unconfirmed": "Unconfirmed",
    "publishing": "Being published",
    "published": "Published",
    "": "All",
}

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]


# The queue. ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see of the queue, as the address says it."""

    view: str
    team: str = ""
    q: str = ""
    cursor: str = ""


def wish_of(viewer: Viewer, asked: Mapping[str, str]) -> Wish:
    """The wish in an address; where it names no view that there is, the usual one."""
    usual = "team" if viewer.actor.teams else "all"
    view = asked.get("view", "")
    is_view = view in VIEWS and (view != "team" or viewer.actor.teams)
    team, q, cursor = (asked.get(name, "").strip() for name in ("team", "q", "cursor"))
    return Wish(view if is_view else usual, team[:40], q[:200], cursor[:500])


def filters(actor: Actor, view: str, team: str) -> dict[str, Any]:
    """What the store is asked for. Staff see their own team first, others every team."""
    own = sorted(actor.teams)[0] if actor.teams else None
    chosen = None if team == "all" else team or None
    match view:
        case "mine":
            return {"owner": actor.id}
        case "free":
            return {"stage": "unclaimed", "team": chosen or (own if team != "all" else None)}
        case "late":
            return {"late": True, "team": chosen or (own if team != "all" else None)}
        case "team":
            return {"team": chosen or own}
        case "closed":
            return {"stage": "closed", "team": chosen}
        case _:
            return {"team": chosen}


@router.get("/queue")
async def queue(
    door: TheDoor,
    viewer: Reader,
    view: Word = "",
    team: Word = "",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Place = "",
) -> Response:
    """What is mine, what is free, what is late; the next to be owed at the top."""
    asked = {"view": view, "team": team, "q": q, "cursor": cursor}
    context = await door.read(lambda session: queue_context(session, viewer, asked))
    return render.page("queue.html", **context)


def queue_context(
    session: Session, viewer: Viewer, asked: Mapping[str, str], trouble: Trouble | None = None
) -> dict[str, Any]:
    wish, at = wish_of(viewer, asked), now()
    found = queries.escalations(
        session,
        viewer.actor,
        at,
        **filters(viewer.actor, wish.view, wish.team),
        q=wish.q or None,
        limit=ROWS,
        cursor=wish.cursor or None,
    )
    in_force = policies.current(session)
    return {
        **frame.frame(session, viewer, "queue"),
        "now": at,
        "wish": wish,
        "views": {v: n for v, n in VIEWS.items() if v != "team" or viewer.actor.teams},
        "counts": _counts(session, viewer.actor, wish.team),
        "items": found.items,
        "next_cursor": found.next_cursor,
        "claimable": {item.id for item in found.items if may_claim(viewer.actor, item)},
        "teams": in_force.policy.teams if in_force else {},
        "trouble": trouble,
    }


def may_claim(actor: Actor, item: EscalationItem) -> bool:
    right = ESCALATION.rights["claim"]
    return item.stage in right.stages and right.holds(actor, item)


def _counts(session: Session, actor: Actor, team: str) -> dict[str, int]:
    views = [v for v in VIEWS if v != "closed" and (v != "team" or actor.teams)]
    return {view: frame.count(session, **filters(actor, view, team)) for view in views}


# Posts. ---------------------------------------------------------------------------------------


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
