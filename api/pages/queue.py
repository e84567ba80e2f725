"""The queue: what is mine, what is free, what is about to be late; and its rows, kept live.

A row is drawn in one place (``queue_rows.html``), whether the page is made whole, a row has changed
while somebody looks, or they have just claimed it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.commands import ULID, Ask, carry_out, check_key
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed
from api.pages import away, forms, frame, labels, render, sentences
from api.pages.forms import Trouble
from api.pages.security import Reader, SentForm, Viewer
from api.pages.sentences import Line
from domain.errors import AnswerableError, Invalid
from domain.escalation import ESCALATION
from domain.people import Actor
from store import history, matters, people, policies, presence, queries
from store.queries import Wanted
from store.views import EscalationItem
from texts import Sayings
from texts import gettext as _

router = APIRouter(include_in_schema=False)

ROWS = 30

SOON = timedelta(hours=4)
"""What is owed within this time is nearly late: half a working day, in which one can still act."""

NEW = 60
"""New cases that an open page counts; where there are more it says so."""

AT_ONCE = 5
"""Commands of one bulk action that are on their way at the same time."""

MATTERS = 30
"""Matters that a bulk action offers to join, the newest."""

VIEWS = Sayings(
    {
        "mine": "Mine",
        "free": "Free",
        "late": "Late or soon",
        "waiting": "Waiting for others",
        "team": "My team",
        "all": "All open",
        "closed": "Closed",
    }
)

OF_A_PERSON = ("mine", "waiting")
"""Views of what somebody owns, in whatever team."""

FILTERS: dict[str, tuple[str, ...]] = {
    "mine": ("channel", "stage", "priority", "language"),
    "waiting": ("channel", "stage", "priority", "language"),
    "free": ("team", "channel", "priority", "language"),
    # Of a million closed ones only these are found by an index.
    "closed": ("team", "owner"),
}
"""What can be chosen within a view, where it is not all of it."""

EVERY_FILTER = ("team", "channel", "owner", "stage", "priority", "language")

Word = Annotated[str, Query(max_length=40)]


# What is wanted. -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see of the queue, as the address says it."""

    view: str
    team: str = ""
    channel: str = ""
    owner: str = ""
    stage: str = ""
    priority: str = ""
    language: str = ""
    q: str = ""
    cursor: str = ""

    @property
    def filters(self) -> tuple[str, ...]:
        """What can be chosen here."""
        return FILTERS.get(self.view, EVERY_FILTER)

    @property
    def chosen(self) -> dict[str, str]:
        """What has been chosen, without words, view and place."""
        return {name: value for name in self.filters if (value := getattr(self, name))}

    def address(self, **changes: str) -> str:
        """The address of this wish; a filter that its view does not have is left out."""
        wish = replace(self, **changes)
        fields = {"view": wish.view, **wish.chosen, "q": wish.q, "cursor": wish.cursor}
        return f"/queue{render.query(**fields)}"


def wish_of(viewer: Viewer, asked: Mapping[str, str]) -> Wish:
    """The wish in an address; where it names no view that there is, the usual one."""
    usual = "team" if viewer.actor.teams else "all"
    view = asked.get("view", "")
    is_view = view in VIEWS and (view != "team" or viewer.actor.teams)
    words = {name: asked.get(name, "").strip()[:40] for name in EVERY_FILTER}
    q, cursor = asked.get("q", "").strip()[:200], asked.get("cursor", "").strip()[:500]
    return Wish(view if is_view else usual, **words, q=q, cursor=cursor)


def wanted(actor: Actor, wish: Wish, at: datetime) -> Wanted:
    """What the store is asked for. Staff see their own team first, others every team."""
    found: Wanted = {
        "channel": wish.chosen.get("channel"),
        "owner": wish.chosen.get("owner"),
        "stage": wish.chosen.get("stage"),
        "priority": wish.chosen.get("priority"),
        "language": wish.chosen.get("language"),
        "q": wish.q or None,
    }
    if wish.view not in OF_A_PERSON:
        found["team"] = _team(actor, wish)
    match wish.view:
        case "mine":
            found |= {"owner": actor.id, "waiting": False}
        case "waiting":
            found |= {"owner": actor.id, "waiting": True}
        case "free":
            found["stage"] = "unclaimed"
        case "late":
            found["before"] = at + SOON
        case "closed":
            found["stage"] = "closed"
    return found


def _team(actor: Actor, wish: Wish) -> str | None:
    """The team that is looked at; None: every team."""
    if wish.team == "all":
        return None
    own = sorted(actor.teams)[0] if actor.teams and wish.view in ("free", "late", "team") else None
    return wish.team or own


# Looking. ------------------------------------------------------------------------------------


@router.get("/queue")
async def queue(
    request: Request,
    door: TheDoor,
    viewer: Reader,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """What is mine, what is free, what is late; the next to be owed at the top."""
    asked = dict(request.query_params)
    return render.page("queue.html", **await door.read(lambda s: context(s, viewer, asked)))


def context(
    session: Session,
    viewer: Viewer,
    asked: Mapping[str, str],
    trouble: Trouble | None = None,
    results: Sequence[Result] = (),
) -> dict[str, Any]:
    around = frame.frame(session, viewer, "queue")
    wish, at = wish_of(viewer, asked), now()
    found = queries.escalations(
        session,
        viewer.actor,
        at,
        limit=ROWS,
        cursor=wish.cursor or None,
        **wanted(viewer.actor, wish, at),
    )
    return {
        **around,
        "away": away.away_of(session, viewer),
        "now": at,
        "wish": wish,
        "views": views_of(viewer.actor),
        "counts": _counts(session, viewer.actor, wish, at),
        **_rows(session, viewer, wish, found.items, at),
        "next_cursor": found.next_cursor,
        "soon_seconds": SOON.total_seconds(),
        **_choices(session, viewer),
        "trouble": trouble,
        "results": results,
    }


def views_of(actor: Actor) -> dict[str, str]:
    return {view: name for view, name in VIEWS.items() if view != "team" or actor.teams}


def _rows(
    session: Session, viewer: Viewer, wish: Wish, items: Sequence[EscalationItem], at: datetime
) -> dict[str, Any]:
    """What drawing rows takes."""
    streams = [f"escalation/{item.id}" for item in items]
    return {
        "items": items,
        "present": presence.others(session, streams, viewer.actor, at) if streams else {},
        "claimable": {item.id for item in items if may_claim(viewer.actor, item)},
        "here_is": wish.address(),
    }


def may_claim(actor: Actor, item: EscalationItem) -> bool:
    right = ESCALATION.rights["claim"]
    return item.stage in right.stages and right.holds(actor, item)


def _counts(session: Session, actor: Actor, wish: Wish, at: datetime) -> dict[str, int]:
    """How much is in each view under the filters chosen. With words to look for none is told:
    a search looks at the newest that match and knows no number."""
    if wish.q:
        return {}
    asked = {
        view: wanted(actor, replace(wish, view=view), at)
        for view in views_of(actor)
        if view != "closed"
    }
    return queries.counts(session, at, frame.COUNTED, asked)


def _choices(session: Session, viewer: Viewer) -> dict[str, Any]:
    """What the filters and the bulk actions offer."""
    in_force = policies.current(session)
    channels = sorted(in_force.policy.channels) if in_force else []
    stages = [(i, name) for i, name in labels.STAGES["escalation"].items() if i != "closed"]
    staff = people.staff(session)
    return {
        "teams": in_force.policy.teams if in_force else {},
        "choices": (
            ("channel", _("Channel"), [(one, one) for one in channels]),
            ("owner", _("Owner"), staff),
            ("stage", _("Stage"), stages),
            ("priority", _("Priority"), list(labels.PRIORITIES.items())),
        ),
        "staff": staff,
        "matters": matters.taking(session, MATTERS) if viewer.may_act() else [],
    }


# What has changed while somebody looks. ------------------------------------------------------


@router.get("/queue/changes")
async def changes(
    request: Request,
    door: TheDoor,
    viewer: Reader,
    shown: Annotated[str, Query(max_length=4_000)] = "",
    other: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    """The rows of these ids as they are now, a note in place of each that is no longer in this
    view, how many of the others are new in it, and the counts: to be put into an open page."""
    asked = dict(request.query_params)
    ids, others = _ids(shown)[:ROWS], _ids(other)[:NEW]

    def work(session: Session) -> dict[str, Any]:
        around = changed(session, viewer, asked, ids)
        wish, at = around["wish"], around["now"]
        chosen = wanted(viewer.actor, wish, at)
        new = queries.of_these(session, viewer.actor, at, others, **chosen)
        return {
            **around,
            "new": len(new),
            "is_more": len(others) == NEW,
            "views": views_of(viewer.actor),
            "counts": _counts(session, viewer.actor, wish, at),
        }

    return render.page("queue_changes.html", **await door.read(work))


def _ids(told: str) -> list[str]:
    return [one for one in told.split(",") if ULID.fullmatch(one)]


def changed(
    session: Session, viewer: Viewer, asked: Mapping[str, str], ids: Sequence[str]
) -> dict[str, Any]:
    """These rows as they are now; those that are in the view no more with what happened last."""
    wish, at = wish_of(viewer, asked), now()
    every = {i.id: i for i in queries.of_these(session, viewer.actor, at, ids)}
    chosen = wanted(viewer.actor, wish, at)
    here = {i.id for i in queries.of_these(session, viewer.actor, at, ids, **chosen)}
    if gone := [one for one in ids if one not in every]:
        closed = queries.of_these(session, viewer.actor, at, gone, stage="closed")
        every |= {i.id: i for i in closed}
    left = [item for item in every.values() if item.id not in here]
    return {
        "viewer": viewer,
        "now": at,
        "wish": wish,
        **_rows(session, viewer, wish, [every[one] for one in ids if one in here], at),
        "left": [(item, last_of(session, item.id)) for item in left],
        "trouble": None,
    }


def last_of(session: Session, escalation_id: str) -> Line | None:
    """What was done last to an escalation, in a sentence that every reader may see."""
    entry = history.latest(session, f"escalation/{escalation_id}")
    return sentences.tell(session, [entry], is_insider=False)[0] if entry else None


# Claiming in place. --------------------------------------------------------------------------


@router.post("/queue/{entity_id}/claim")
async def claim(entity_id: str, request: Request, door: TheDoor, sent: SentForm) -> Response:
    """Claim a row where it stands: it comes back as it is then, with the winner's name where
    somebody else was quicker. Without script the form goes to the case itself."""
    values = forms.values_of(sent.form)
    key = check_key(request, values.get("key") or None)
    trouble = await _attempt(request, door, sent.viewer, "claim", entity_id, values, key)
    _, asked = forms.split(values.get("page", ""))
    context = await door.read(lambda s: changed(s, sent.viewer, asked, _ids(entity_id)))
    return render.page("queue_row.html", **context | {"trouble": trouble, "is_answer": True})


async def _attempt(
    request: Request,
    door: Door,
    viewer: Viewer,
    act: str,
    entity_id: str,
    values: Mapping[str, str],
    key: str,
) -> Trouble | None:
    """Carry a command out; answers why it was not done, where it was not."""
    try:
        body = forms.body_of("escalation", act, values)
        await carry_out(door, Ask(f"escalation/{entity_id}", act, viewer.actor, body, key))
    except (AnswerableError, *DATABASE_AWAY) as error:
        return await forms.trouble_of(request, error)
    return None


# Many at once. -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of one row of a bulk action."""

    id: str
    excerpt: str
    trouble: Trouble | None


BULK = Sayings(
    {
        "claim": "Claimed",
        "assign": "Assigned",
        "join_matter": "Joined to the matter",
        "dismiss": "Dismissed",
    }
)

_FIELDS = {"assign": ("person",), "join_matter": ("matter_id",), "dismiss": ("code", "reason")}
"""What is said of all rows of a bulk action alike."""

_PICKED = re.compile(rf"({ULID.pattern}):(\d{{1,9}})")


@router.post("/queue/bulk")
async def bulk(request: Request, door: TheDoor, sent: SentForm) -> Response:
    """The same act on several rows, each decided by itself: some may be refused where others are
    done. What ends them is asked once more, by name. Sent again with the same key nothing happens
    twice."""
    values = forms.values_of(sent.form)
    key, act = check_key(request, values.get("key") or None), values.get("act", "")
    picked: dict[str, str] = {}
    for told in sent.form.getlist("ids"):
        if isinstance(told, str) and (place := _PICKED.fullmatch(told)):
            picked[place[1]] = place[2]
    if act not in BULK or not picked or len(picked) > ROWS:
        raise Invalid(
            "nothing_picked",
            "nothing was chosen, or more than one page holds",
            f"choose between 1 and {ROWS} rows of the queue and what to do with them",
        )
    fields = {name: values.get(name, "") for name in _FIELDS.get(act, ())}
    if act == "dismiss":
        try:
            forms.body_of("escalation", act, fields)
        except Malformed as error:
            trouble = await forms.trouble_of(request, error) if "code" in values else None
            return await _ask_why(door, sent.viewer, values, picked, trouble)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(entity_id: str, seq: str) -> Trouble | None:
        async with turns:
            sending = fields | {"expected_seq": seq}
            return await _attempt(request, door, sent.viewer, act, entity_id, sending, key)

    troubles = await asyncio.gather(*(one(*row) for row in picked.items()))

    def work(session: Session) -> dict[str, Any]:
        at, actor = now(), sent.viewer.actor
        ids = list(picked)
        found = queries.of_these(session, actor, at, ids)
        found += queries.of_these(session, actor, at, ids, stage="closed")
        said = {item.id: item.excerpt for item in found}
        results = [Result(i, said.get(i, ""), t) for i, t in zip(ids, troubles, strict=True)]
        _, asked = forms.split(values.get("page", ""))
        return context(session, sent.viewer, asked, results=results) | {"did": BULK[act]}

    own = forms.page_of(values) or "/queue"
    return render.page("queue.html", **await door.read(work), own=own)


async def _ask_why(
    door: Door,
    viewer: Viewer,
    values: Mapping[str, str],
    picked: Mapping[str, str],
    trouble: Trouble | None,
) -> Response:
    """The cases that are about to be dismissed, by name, and the reason to be chosen for it."""

    def work(session: Session) -> dict[str, Any]:
        around = frame.frame(session, viewer, "queue")
        return {**around, "items": queries.of_these(session, viewer.actor, now(), list(picked))}

    page = values.get("page", "")
    return render.page(
        "dismissing.html",
        trouble.status if trouble else 200,
        **await door.read(work),
        picked=picked,
        back=page if forms.split(page)[0] == "/queue" else "/queue",
        was=values,
        trouble=trouble,
    )
