"""The queue: what is mine, what is free, what is about to be late; and its rows, kept live.

A row is drawn in one place (``queue_rows.html``), whether the page is made whole, a row has changed
while somebody looks, or they have just claimed it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.commands import ULID, Ask, carry_out, check_key
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed
from api.pages import away, forms, frame, labels, render, sentences, told
from api.pages.forms import Trouble
from api.pages.security import Doer, Reader, SentForm, Viewer
from api.pages.sentences import Line
from api.pages.told import Came, Outcome, Telling
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
    told_id: Annotated[str, Query(alias="told", max_length=26)] = "",
) -> Response:
    """What is mine, what is free, what is late; the next to be owed at the top. ``told`` names what
    several acts at once have come to."""
    asked = dict(request.query_params)
    outcome, typed = await told.take(door, viewer, told_id)

    def work(session: Session) -> dict[str, Any]:
        telling = told.telling(session, viewer, outcome, typed)
        return context(session, viewer, asked) | {"told": telling}

    around = await door.read(work)
    return render.page("queue.html", **around, own=around["here_is"])


def context(
    session: Session,
    viewer: Viewer,
    asked: Mapping[str, str],
    trouble: Trouble | None = None,
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
        "was": {},
        "told": Telling(),
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
        "picked": (),
        "here_is": wish.address(),
    }


def may_claim(actor: Actor, item: EscalationItem) -> bool:
    right = ESCALATION.rights["claim"]
    return item.stage in right.stages and right.holds(actor, item)


def _counts(session: Session, actor: Actor, wish: Wish, at: datetime) -> dict[str, str]:
    """How much is in each view under the filters chosen, as far as it is counted. Of a search that
    looked no further, each view is known to have at least so many; where that is none, nothing is
    told."""
    asked = {
        view: wanted(actor, replace(wish, view=view), at)
        for view in views_of(actor)
        if view != "closed"
    }
    if not wish.q:
        return _shown(queries.counts(session, at, frame.COUNTED, asked))
    found, is_all = queries.counts_found(session, at, wish.q, asked)
    return _shown(found, "" if is_all else "+")


def _shown(numbers: Mapping[str, int], more: str = "") -> dict[str, str]:
    most = frame.COUNTED - 1
    return {
        view: f"{number}{more}" if number <= most else f"{most}+"
        for view, number in numbers.items()
        if number or not more
    }


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


BULK = ("claim", "assign", "join_matter", "dismiss")

_FIELDS = {"assign": ("person",), "join_matter": ("matter_id",), "dismiss": ("code", "reason")}
"""What is said of all rows of a bulk action alike."""

UNNAMED = {
    "assign": Invalid(
        "nobody_chosen", "nobody was chosen to take them", "choose who, then assign them"
    ),
    "join_matter": Invalid(
        "no_matter_chosen", "no matter was chosen", "choose which one, then join them to it"
    ),
}
"""What is said where the act was chosen and what it names was not; nothing is done to any row."""

_PICKED = re.compile(rf"({ULID.pattern}):(\d{{1,9}})")


@router.post("/queue/bulk")
async def bulk(request: Request, door: TheDoor, sent: SentForm) -> Response:
    """The same act on several rows, each decided by itself: some may be refused where others are
    done. What ends them is asked once more, by name. Sent again with the same key nothing happens
    twice; the view that it was sent from tells what became of them."""
    values = forms.values_of(sent.form)
    key, act = check_key(request, values.get("key") or None), values.get("act", "")
    picked = _picked(one for one in sent.form.getlist("ids") if isinstance(one, str))
    if act not in BULK:
        raise _nothing_picked()
    back = _back(sent.viewer, values.get("page", ""))
    fields = {name: values.get(name, "") for name in _FIELDS.get(act, ())}
    if act in UNNAMED and not all(fields.values()):
        unnamed = await forms.trouble_of(request, UNNAMED[act])
        return await _choose_again(door, sent.viewer, values, picked, unnamed)
    if act == "dismiss" and "code" not in values:
        ids = [f"{one}:{seq}" for one, seq in picked.items()]
        asked = urlencode({"ids": ids, "page": back}, doseq=True)
        return render.see_other(f"/queue/dismiss?{asked}")
    if act == "dismiss":
        try:
            forms.body_of("escalation", act, fields)
        except Malformed as error:
            trouble = await forms.trouble_of(request, error)
            return await _ask_why(door, sent.viewer, picked, back, values, trouble)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(entity_id: str, seq: str) -> Came:
        async with turns:
            sending = fields | {"expected_seq": seq}
            trouble = await _attempt(request, door, sent.viewer, act, entity_id, sending, key)
            return Came(entity_id, int(seq), trouble)

    came = await asyncio.gather(*(one(*row) for row in picked.items()))
    typed = [fields["reason"]] if fields.get("reason", "").strip() else []
    told_id = await told.keep(door, sent.viewer, Outcome(act, tuple(came)), typed)
    return render.see_other(f"{back}&told={told_id}")


def _picked(told: Iterable[str]) -> dict[str, str]:
    """The ids that were chosen, each with its seq as it was looked at. Raises Invalid for none,
    and for more than a page shows."""
    places = [place for one in told if (place := _PICKED.fullmatch(one))]
    picked = {place[1]: place[2] for place in places}
    if not 1 <= len(picked) <= ROWS:
        raise _nothing_picked()
    return picked


def _nothing_picked() -> Invalid:
    return Invalid(
        "nothing_picked",
        "nothing was chosen, or more than one page holds",
        f"choose between 1 and {ROWS} rows of the queue and what to do with them",
    )


def _back(viewer: Viewer, page: str) -> str:
    """The view that a form stood on, spelt by us; the usual one where it names none."""
    path, asked = forms.split(page)
    return wish_of(viewer, asked if path == "/queue" else {}).address()


@router.get("/queue/dismiss")
async def dismissing(
    door: TheDoor,
    viewer: Doer,
    ids: Annotated[list[str] | None, Query(max_length=100)] = None,
    page: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """The cases that are about to be dismissed, by name, before anybody says why."""
    return await _ask_why(door, viewer, _picked(ids or []), _back(viewer, page))


async def _choose_again(
    door: Door,
    viewer: Viewer,
    values: Mapping[str, str],
    picked: Mapping[str, str],
    trouble: Trouble,
) -> Response:
    """The queue with the same rows chosen, where it was not said what to do with them."""
    own = forms.page_of(values) or "/queue"
    _, asked = forms.split(own)
    again = await door.read(lambda s: context(s, viewer, asked, trouble))
    again |= {"picked": picked, "was": values}
    return render.page("queue.html", trouble.status, **again, own=own)


async def _ask_why(
    door: Door,
    viewer: Viewer,
    picked: Mapping[str, str],
    back: str,
    was: Mapping[str, str] | None = None,
    trouble: Trouble | None = None,
) -> Response:
    """The cases that are about to be dismissed, by name, and the reason to be chosen for it."""

    def work(session: Session) -> dict[str, Any]:
        around = frame.frame(session, viewer, "queue")
        found = {i.id: i for i in queries.of_these(session, viewer.actor, now(), list(picked))}
        return {**around, "items": [found[id_] for id_ in picked if id_ in found]}

    return render.page(
        "dismissing.html",
        trouble.status if trouble else 200,
        **await door.read(work),
        picked=picked,
        back=back,
        was=was or {},
        trouble=trouble,
    )
