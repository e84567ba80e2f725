"""Promises: what we have promised, who is accountable, what slips. As a board, a month, a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from sqlmodel import Session

import texts
from api.deps import TheDoor, now
from api.pages import days, frame, render, times
from api.pages.security import Reader, Viewer
from domain.people import Actor
from store import policies, promises, queries
from store.promises import Pledge, Whose
from texts import Sayings

router = APIRouter(include_in_schema=False)

ROWS = 30

VIEWS = Sayings({"board": "Board", "calendar": "Calendar", "list": "List"})

OF = Sayings(
    {
        "mine": "Mine",
        "people": "My people’s",
        "team": "My team’s",
        "all": "All",
    }
)

COLUMNS = Sayings(
    {
        "late": "Late",
        "denied": "The commenter says no",
        "dates": "Another date is asked for",
        "week": "This week",
        "later": "Later",
        "reported": "Said to be kept",
        "done": "Settled lately",
    }
)

STAGES = Sayings(
    {
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
)

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]
Language = Annotated[str, Header(alias="Accept-Language", max_length=1000)]


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see of the promises, as the address says it."""

    view: str
    of: str
    team: str = ""


def wish_of(actor: Actor, view: str, of: str, team: str) -> Wish:
    """The wish in an address; where it names nothing that there is, the usual one."""
    usual = "team" if actor.teams else "all"
    is_of = of in OF and (of != "team" or actor.teams)
    return Wish(view if view in VIEWS else "board", of if is_of else usual, team.strip())


def whose(session: Session, actor: Actor, wish: Wish) -> Whose:
    """Whose promises are asked for. A team that is named goes before everything else."""
    if wish.team:
        return Whose(teams=frozenset({wish.team}))
    match wish.of:
        case "mine":
            return Whose(people=frozenset({actor.id}))
        case "people":
            return Whose(promises.reports(session, actor.id), actor.leads)
        case "team":
            return Whose(teams=actor.teams)
        case _:
            return Whose()


def column(pledge: Pledge, at: datetime, week_ends: datetime) -> str:
    """Where on the board a promise stands: what most wants somebody's eyes, first."""
    item = pledge.item
    match item.stage:
        case "kept" | "kept_late" | "withdrawn":
            return "done"
        case "reported" | "told":
            return "reported"
        case "denied":
            return "denied"
        case "broken":
            return "late"
    if item.due_at < at:
        return "late"
    if pledge.wanted_at is not None:
        return "dates"
    return "week" if item.due_at < week_ends else "later"


@router.get("/commitments")
async def show(
    door: TheDoor,
    viewer: Reader,
    view: Word = "",
    of: Word = "",
    team: Word = "",
    month: Word = "",
    stage: Word = "open",
    cursor: Place = "",
    language: Language = "",
) -> Response:
    """What did we promise, who is accountable, what slips."""
    wish = wish_of(viewer.actor, view, of, team)

    def work(session: Session) -> dict[str, Any]:
        context = _around(session, viewer, wish)
        first = days.first_weekday(language)
        match wish.view:
            case "calendar":
                return context | _calendar(session, viewer.actor, wish, month, first)
            case "list":
                return context | _list(session, viewer.actor, wish, stage, cursor)
            case _:
                return context | _board(session, viewer.actor, wish, first)

    return render.page("commitments.html", **await door.read(work))


def _around(session: Session, viewer: Viewer, wish: Wish) -> dict[str, Any]:
    in_force = policies.current(session)
    leads = viewer.actor.leads or promises.reports(session, viewer.actor.id)
    return {
        **frame.frame(session, viewer, "commitments"),
        "wish": wish,
        "views": VIEWS,
        "of": {
            name: label
            for name, label in OF.items()
            if (name != "team" or viewer.actor.teams) and (name != "people" or leads)
        },
        "teams": in_force.policy.teams if in_force else {},
    }


def _names(session: Session, pledges: Iterable[Pledge]) -> Mapping[str, str]:
    named = {pledge.item.accountable for pledge in pledges}
    named |= {person for pledge in pledges if pledge.told for person in pledge.told.people}
    return frame.names(session, named)


# The board. ----------------------------------------------------------------------------------


def _board(session: Session, actor: Actor, wish: Wish, first: int) -> dict[str, Any]:
    at, zone = now(), texts.zone()
    asked = whose(session, actor, wish)
    week = days.week_of(days.day_of(at, zone), first)
    week_ends = days.beginning(week + timedelta(days=7), zone)
    owed = promises.owed(session, actor, at, asked)
    pledges = [*owed, *promises.settled(session, actor, at, asked)]
    columns: dict[str, list[Pledge]] = {name: [] for name in COLUMNS}
    for pledge in pledges:
        columns[column(pledge, at, week_ends)].append(pledge)
    return {
        "now": at,
        "columns": columns,
        "labels": COLUMNS,
        "is_cut": len(owed) == promises.MOST,
        "names": _names(session, pledges),
        "me": actor.id,
        "zone": zone.key,
        "moment_in": times.moment_in,
    }


# The calendar. -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """One field of the month: what is due on it, in the order of the day."""

    on: date
    is_of_month: bool
    is_today: bool
    pledges: list[Pledge]


def _calendar(session: Session, actor: Actor, wish: Wish, month: str, first: int) -> dict[str, Any]:
    at, zone = now(), texts.zone()
    today = days.day_of(at, zone)
    shown = days.month_of(month, today)
    weeks = list(days.weeks(shown, first))
    since = days.beginning(weeks[0][0], zone)
    until = days.beginning(weeks[-1][-1] + timedelta(days=1), zone)
    pledges = promises.between(session, actor, at, whose(session, actor, wish), since, until)
    by_day: dict[date, list[Pledge]] = {}
    for pledge in pledges:
        by_day.setdefault(days.day_of(pledge.item.due_at, zone), []).append(pledge)
    return {
        "now": at,
        "month": shown,
        "month_before": f"{days.last_month(shown):%Y-%m}",
        "month_after": f"{days.next_month(shown):%Y-%m}",
        "weeks": [
            [Day(day, day.month == shown.month, day == today, by_day.get(day, [])) for day in week]
            for week in weeks
        ],
        "is_empty": not pledges,
        "names": _names(session, pledges),
        "zone": zone.key,
        "time_in": times.clock,
        "weekdays": times.weekdays(first),
    }


# The list. -----------------------------------------------------------------------------------


def _list(session: Session, actor: Actor, wish: Wish, stage: str, cursor: str) -> dict[str, Any]:
    found = queries.commitments(
        session,
        actor,
        now(),
        stage=stage or None,
        whose=whose(session, actor, wish).where(),
        limit=ROWS,
        cursor=cursor or None,
    )
    return {
        "found": found,
        "names": frame.names(session, [item.accountable for item in found.items]),
        "stage": stage,
        "stages_there": STAGES,
    }
