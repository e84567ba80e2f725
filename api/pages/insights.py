"""Where time goes, and what became of promises: the figures, and the cases behind each of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import Session
from starlette.exceptions import HTTPException

import texts
from api.deps import Door, TheDoor, now
from api.insights import DAYS, Day, TheSpan, span_of
from api.insights import Word as Asked
from api.pages import cells, figures, forms, frame, labels, render
from api.pages.charts import HATCHED, charts
from api.pages.forms import Typed
from api.pages.lists import ROWS, Place, Word
from api.pages.security import Reader, Viewer
from domain.errors import Invalid
from domain.escalation.moves import Step
from store import figures as promises
from store import insights, policies
from store.insight_views import Span
from store.insights import FEW, State, Which
from texts import Sayings, stated
from texts import gettext as _

router = APIRouter(include_in_schema=False)

SPANS = {30: stated("30 days"), DAYS: stated("90 days"), 365: stated("A year")}


ABOUT, ACT = "days", "insights"
"""Of the form above the figures: the ids of its fields begin so."""


def _span_or_wrong(
    since: Day = "", until: Day = "", team: Asked = "", channel: Asked = ""
) -> Span | Invalid:
    """The days that were asked for, or what is wrong with them."""
    try:
        return span_of(since, until, team, channel)
    except Invalid as wrong:
        return wrong


@router.get("/insights")
async def page(
    request: Request,
    door: TheDoor,
    viewer: Reader,
    asked: Annotated[Span | Invalid, Depends(_span_or_wrong)],
) -> Response:
    """How it goes, at a glance and in figures; executives are counted as everybody."""
    if isinstance(asked, Invalid):
        return await _again(request, door, viewer, asked)
    context = await door.read(lambda session: _context(session, viewer, asked))
    return render.page("insights.html", **context)


async def _again(request: Request, door: Door, viewer: Viewer, wrong: Invalid) -> Response:
    """The form as it was sent, with what is wrong at its field; no figures were asked for."""
    trouble = await forms.trouble_of(request, wrong)
    typed = Typed(about=ABOUT, act=ACT, values=dict(request.query_params))
    around = await door.read(lambda session: _around(session, viewer, span_of()))
    context = {**around, "typed": typed, "trouble": trouble, "chosen": typed.values}
    return render.page("insights.html", trouble.status, **context, found=None)


def _context(session: Session, viewer: Viewer, span: Span) -> dict[str, Any]:
    at = now()
    found = insights.insights(session, viewer.actor, at, span)
    made = figures.tables(found)
    return {
        **_around(session, viewer, span),
        "now": at,
        "found": found,
        "tables": made,
        "charts": charts(found, made),
        "late": figures.lateness(found),
        "glance": figures.glance(found),
        "time_spent": figures.time_spent(found),
        "few": FEW,
        "hatched": HATCHED,
    }


def _around(session: Session, viewer: Viewer, span: Span) -> dict[str, Any]:
    in_force = policies.current(session)
    policy = in_force.policy if in_force else None
    last = span.until - timedelta(days=1)
    today = now().date()
    spans = [
        (_(label), cells.address("/insights", _last(span, days)), days)
        for days, label in SPANS.items()
    ]
    return {
        **frame.frame(session, viewer, "insights"),
        "span": span,
        "since": span.since.date(),
        "until": last.date(),
        "spans": spans,
        "form": f"{ACT}-{ABOUT}",
        "chosen": cells.days(span),
        "trouble": None,
        "length_in_days": (span.until - span.since).days if last.date() == today else 0,
        "teams": policy.teams if policy else {},
        "team_choices": [("", _("Every team")), *(policy.teams.items() if policy else ())],
        "channel_choices": [
            ("", _("Every channel")),
            *((channel, channel) for channel in (policy.channels if policy else ())),
        ],
        "file": lambda name: cells.address(f"/insights/tables/{name}.csv", span),
        "back": cells.address("/insights", span),
    }


def _last(span: Span, days: int) -> Span:
    """The same place in the days up to today."""
    tomorrow = now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    changed = {"since": tomorrow - timedelta(days=days), "until": tomorrow}
    return span.model_copy(update=changed)


@router.get("/insights/tables/{name}.csv")
async def file(name: str, door: TheDoor, viewer: Reader, span: TheSpan) -> Response:
    """One table of the page for other programs: UTF-8, with a line of headers."""
    found = await door.read(lambda s: insights.insights(s, viewer.actor, now(), span))
    with texts.speaking(texts.english()):  # A program reads it.
        made = figures.tables(found)
        made["definitions"] = figures.definitions(made.values())
    table = made.get(name)
    if table is None:
        raise HTTPException(404)
    days = cells.days(span)
    title = f"{name}-{days['since']}-{days['until']}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{title}"'}
    text = cells.as_csv(table, door.settings.links)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/insights/cases")
async def cases(
    door: TheDoor,
    viewer: Reader,
    span: TheSpan,
    which: Annotated[Which, Depends()],
    cursor: Place = "",
) -> Response:
    """The moves that a figure counts, each with its case."""

    def work(session: Session) -> dict[str, Any]:
        found = insights.moves(
            session, viewer.actor, now(), span, which, limit=ROWS, cursor=cursor or None
        )
        shown = [item.person for item in found.items if item.person]
        people = [*which.people, *promises.seen_by(session, viewer.actor, shown)]
        names = frame.names(session, people)
        here = cells.cases(span, **dict(which))
        return {
            **_around(session, viewer, span),
            "found": found,
            "names": names,
            "about": _about(which, names),
            "next": f"{here}&{urlencode({'cursor': found.next_cursor})}",
            "steps": figures.STEPS,
            "hows": {**figures.OUTCOMES, **figures.HOW},
            "length": cells.length,
        }

    return render.page("insights_cases.html", **await door.read(work))


_STATES = Sayings(
    {
        State.DONE: "Made.",
        State.IN_TIME: "With every step in time.",
        State.LATE: "Late.",
        State.OPEN: "Still owed.",
        State.OPEN_NOW: "Owed now, whenever it came in.",
        State.LATE_NOW: "Owed now, and late.",
        State.MISSED: "Made after its deadline, or still owed after it.",
    }
)


def _about(which: Which, names: dict[str, str]) -> list[str]:
    """What a figure counts, a condition a sentence."""
    said = []
    if which.step is not None:
        said.append(f"{figures.STEPS[which.step]}.")
    if which.state is not None:
        said.append(_("Made after its deadline.") if _is_one(which) else _STATES[which.state])
    if which.how is not None:
        said.append(f"{({**figures.OUTCOMES, **figures.HOW}).get(which.how, which.how)}.")
    codes = {**labels.REFUSAL_CODES, **labels.DISMISS_CODES}
    if which.code is not None:
        said.append(f"{codes.get(which.code, which.code)}.")
    if which.refused:
        said.append(_("Refused, for whatever reason."))
    if which.words is not None:
        said.append(f"{figures.WORDS[which.words]}.")
    if which.compared is False:
        said.append(_("Not compared with other replies."))
    if which.at_least is not None or which.below is not None:
        said.append(_("Waited %(below)s.", below=figures.between(which.at_least or 0, which.below)))
    if which.person is not None:
        said.append(_("%(person)s made the move.", person=names[which.person]))
    if which.owed_by is not None:
        said.append(_("%(owed_by)s owed it when it was late.", owed_by=names[which.owed_by]))
    if which.whose is not None:
        said.append(
            _("%(person)s made the move, or owed it when it was late.", person=names[which.whose])
        )
    if which.told is not None:
        said.append(_("%(told)s was told that it was late.", told=names[which.told]))
    return said


def _is_one(which: Which) -> bool:
    return which.state is State.LATE and which.step is not Step.ANSWER


@router.get("/insights/promises")
async def promises_behind(
    door: TheDoor,
    viewer: Reader,
    span: TheSpan,
    how: Word = "",
    month: Annotated[str, Query(pattern=r"^([12]\d{3}-(0[1-9]|1[0-2]))?$")] = "",
    person: Word = "",
    cursor: Place = "",
) -> Response:
    """The promises that a figure counts."""

    def work(session: Session) -> dict[str, Any]:
        found = promises.promises(
            session,
            viewer.actor,
            now(),
            how or None,
            **span.model_dump(),
            person=person or None,
            month=month or None,
            limit=ROWS,
            cursor=cursor or None,
        )
        names = frame.names(session, [person, *(item.accountable for item in found.items)])
        said = {"how": how, "month": month, "person": person, "cursor": found.next_cursor}
        more = {name: value for name, value in said.items() if value}
        about = [figures.PROMISES_BEHIND.get(how, how)] if how else []
        about += [_("due in %(month)s", month=figures.month(month))] if month else []
        about += [_("%(person)s is accountable", person=names[person])] if person else []
        return {
            **_around(session, viewer, span),
            "found": found,
            "names": names,
            "about": [f"{line}." for line in about],
            "next": cells.address("/insights/promises", span, **more),
        }

    return render.page("insights_promises.html", **await door.read(work))
