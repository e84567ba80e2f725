"""Matters: what many cases are about, who owes the one answer until when, and what was decided.

Each of them has a page of its own (``cases``); here they are found, and opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.commands import check_key
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.matters import MatterBody, begin
from api.pages import forms, frame, moves, render
from api.pages.forms import Trouble, Typed
from api.pages.moves import Move
from api.pages.security import Reader, SentForm, Viewer
from domain.errors import AnswerableError
from domain.matter import Matter, MatterStage
from domain.people import Actor, Role
from store import details, matters, policies
from store.views import AnswerView, MatterItem
from texts import Sayings

router = APIRouter(include_in_schema=False)

ROWS = 30

VIEWS = Sayings({"open": "Open", "ended": "Ended"})

LABELS = Sayings({"title": "What it is about", "team": "Team"})

ABOUT, ACT = "new", "open"
"""What the form that opens a matter goes by, where it is shown again."""

Word = Annotated[str, Query(max_length=40)]
Place = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True)
class Row:
    """One matter in the list. ``answer``: what was decided, as far as the reader may see it."""

    item: MatterItem
    move: Move
    answer: AnswerView | None

    @property
    def cases(self) -> int:
        """The cases that belong to it; those that were taken out do not."""
        return self.item.waiting + self.item.served + self.item.apart


@router.get("/matters")
async def show(door: TheDoor, viewer: Reader, view: Word = "", cursor: Place = "") -> Response:
    """What is open, the newest first, or what has ended."""
    context = await door.read(lambda s: _context(s, viewer, view, cursor))
    return render.page("matters.html", **context)


def _context(
    session: Session,
    viewer: Viewer,
    view: str = "",
    cursor: str = "",
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> dict[str, Any]:
    around = frame.frame(session, viewer, "matters")
    chosen = view if view in VIEWS else "open"
    found = matters.matters(
        session,
        viewer.actor,
        now(),
        stage=MatterStage.CLOSED if chosen == "ended" else None,
        limit=ROWS,
        cursor=cursor or None,
    )
    in_force = policies.current(session)
    teams = in_force.policy.teams if in_force else {}
    states: dict[str, Matter] = {
        state.id: state
        for state in details.states_of(session, [f"matter/{i.id}" for i in found.items]).values()
    }
    answers = matters.answers(session, viewer.actor, states.values())
    deciders = moves.deciders_of(session, states.values())
    named = {item.owner for item in found.items} | {one.approver for one in answers.values()}
    names = frame.names(session, named)
    return {
        **around,
        "views": VIEWS,
        "view": chosen,
        "rows": [
            Row(
                item,
                moves.of_matter(item, names, deciders[item.id], viewer.actor.id),
                answers.get(item.id),
            )
            for item in found.items
        ],
        "next_cursor": found.next_cursor,
        "cursor": cursor,
        "names": names,
        "teams": teams,
        "own_teams": _to_open_in(viewer.actor, teams),
        "typed": typed or Typed(),
        "trouble": trouble,
    }


def _to_open_in(actor: Actor, teams: Mapping[str, str]) -> list[tuple[str, str]]:
    """The teams for which this person may open a matter, by their names."""
    return [
        (team, name)
        for team, name in teams.items()
        if actor.works_in(team) or actor.has(Role.EXECUTIVE)
    ]


@router.post("/matters")
async def open_one(request: Request, door: TheDoor, sent: SentForm) -> Response:
    """Open a matter, and lead on to its page. The same form sent again opens no second one."""
    values = forms.values_of(sent.form)
    try:
        key = check_key(request, values.get("key") or None)
        begun = await begin(door, sent.viewer.actor, _body(values), key)
    except (AnswerableError, *DATABASE_AWAY) as error:
        return await _again(request, door, sent.viewer, values, error)
    return render.see_other(f"/matter/{begun.id}?done={frame.mark(f'matter/{begun.id}', 1)}")


def _body(values: Mapping[str, str]) -> MatterBody:
    typed = {name: told for name in LABELS if (told := values.get(name, "").strip())}
    try:
        return MatterBody.model_validate(typed)
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


async def _again(
    request: Request, door: Door, viewer: Viewer, values: dict[str, str], error: Exception
) -> Response:
    """The list, with why it was not opened and all that was typed."""
    trouble = await forms.trouble_of(request, error, labels=LABELS)
    key = values.get("key") if trouble.code == "outcome_unknown" else None
    typed = Typed(about=ABOUT, act=ACT, values=values, key=key)
    context = await door.read(lambda s: _context(s, viewer, typed=typed, trouble=trouble))
    return render.page("matters.html", trouble.status, **context, own="/matters")
