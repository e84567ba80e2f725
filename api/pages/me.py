"""The pages about oneself: the link for one's calendar; who stands in, who decides in one's place.

Absences and delegations are those of the JSON interface; here they are asked for in days of one's
own zone, from the first day away to the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

import texts
from api import calendar
from api import people as door_of_people
from api.bodies.base import Strict
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.pages import away, days, forms, frame, render
from api.pages.forms import Trouble, Typed
from api.pages.security import Colleague, ColleagueForm, Sent, SentForm, Viewer
from api.people import AbsenceBody, DelegationBody
from domain.errors import AnswerableError
from domain.people import Role
from store import colleagues, feeds, people, roster
from texts import Sayings

B = TypeVar("B", bound=Strict)

router = APIRouter(include_in_schema=False)

REASONS = Sayings(
    {
        "vacation": "Vacation",
        "duty": "On duty elsewhere",
        "other": "Something else",
    }
)

DONE = Sayings(
    {
        "absence": "Your absence is planned.",
        "absence-ended": "You are counted as there again.",
        "delegation": "It is arranged: they may decide on your behalf.",
        "delegation-ended": "They decide on your behalf no longer.",
        "calendar-ended": "The link opens nothing any more.",
        "reading": "This is how you read from now on.",
    }
)
"""What is said after something was done, by the word in the address."""

Word = Annotated[str, Query(max_length=40)]


@router.get("/me")
async def me(door: TheDoor, viewer: Colleague, done: Word = "") -> Response:
    """What is arranged for oneself: the calendar, and being away."""
    return await _me(door, viewer, done=done)


async def _me(
    door: Door,
    viewer: Viewer,
    *,
    done: str = "",
    address: str = "",
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> Response:
    def work(session: Session) -> dict[str, Any]:
        return {
            **frame.frame(session, viewer, "me"),
            "person": colleagues.detail(session, viewer.actor.id, viewer.actor, now()),
            "made_at": feeds.made_at(session, viewer.actor.id),
            "reading": roster.reading(session, viewer.actor.id),
            "typed": typed or Typed(),
        }

    context = await door.read(work)
    status = trouble.status if trouble else 200
    said = DONE.get(done)
    return render.page("me.html", status, **context, said=said, address=address, trouble=trouble)


@router.post("/me/reading")
async def change_reading(request: Request, door: TheDoor, sent: ColleagueForm) -> Response:
    """In which language, and in the time of which zone, I want to read."""
    values = forms.values_of(sent.form)
    chosen, zone = values.get("language", ""), values.get("zone", "").strip()
    me = sent.viewer.actor.id
    tag = chosen if chosen in texts.languages() else None
    try:
        await asyncio.to_thread(
            door.database.write, lambda session: roster.read_in(session, me, tag, zone or None)
        )
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        typed = Typed(about="me", act="reading", values=values)
        return await _me(door, sent.viewer, typed=typed, trouble=trouble)
    return render.see_other("/me?done=reading")


@router.post("/me/calendar")
async def make_calendar(door: TheDoor, sent: SentForm) -> Response:
    """Make the link, and show it this once: what is secret stands in no address and no redirect."""
    made = await calendar.make_link(door, sent.viewer.actor.id)
    return await _me(door, sent.viewer, address=made.address)


@router.post("/me/calendar/end")
async def end_calendar(door: TheDoor, sent: SentForm) -> Response:
    await calendar.end_link(door, sent.viewer.actor.id)
    return render.see_other("/me?done=calendar-ended")


# Away. ---------------------------------------------------------------------------------------


@router.get("/me/away")
async def arranged(door: TheDoor, viewer: Colleague, done: Word = "") -> Response:
    """When I am away and who comes in my place; who decides on my behalf, and for whom I do."""
    return await _away(door, viewer, said=DONE.get(done))


async def _away(
    door: Door,
    viewer: Viewer,
    *,
    said: str | None = None,
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> Response:
    def work(session: Session) -> dict[str, Any]:
        me, at = viewer.actor.id, now()
        zone = texts.zone()
        person = colleagues.detail(session, me, viewer.actor, at)
        named = {*person.stands_for}
        named |= {name for d in person.delegations for name in (d.person, d.to)}
        named |= {absence.deputy for absence in person.absences if absence.deputy}
        return {
            **frame.frame(session, viewer, "me"),
            "person": person,
            "names": frame.names(session, named),
            "others": others(session, me),
            "is_last": away.is_last(session, viewer, at),
            # Of those to come: who else is away by then is known as far as it is planned.
            "alone": {
                absence.id
                for absence in person.absences
                if away.is_last(session, viewer, max(at, absence.since))
            },
            "today": days.day_of(at, zone).isoformat(),
            "zone": zone.key,
            "first_day": lambda absence: days.day_of(absence.since, zone),
            "last_day": lambda absence: away.last_day(absence.until),
        }

    context = await door.read(work)
    return render.page(
        "away.html",
        trouble.status if trouble else 200,
        **context,
        reasons=REASONS,
        said=said,
        typed=typed or Typed(),
        trouble=trouble,
    )


def others(session: Session, me: str) -> list[tuple[str, str]]:
    """Who may stand in: everybody else who works on cases."""
    return [
        (person.id, person.name)
        for person, _ in people.everybody(session)
        if person.is_active and person.id != me and {Role.STAFF, Role.EXECUTIVE} & {*person.roles}
    ]


@router.post("/me/away/absences")
async def plan_absence(request: Request, door: TheDoor, sent: SentForm) -> Response:
    return await _arrange(request, door, sent, "absence")


@router.post("/me/away/delegations")
async def give_delegation(request: Request, door: TheDoor, sent: SentForm) -> Response:
    return await _arrange(request, door, sent, "delegation")


@router.post("/me/away/absences/{absence_id}/end")
async def end_absence(absence_id: door_of_people.Ulid, door: TheDoor, sent: SentForm) -> Response:
    actor = sent.viewer.actor
    await door_of_people.end_absence(actor.id, absence_id, door, actor)
    return render.see_other("/me/away?done=absence-ended")


@router.post("/me/away/delegations/{delegation_id}/end")
async def end_delegation(
    delegation_id: door_of_people.Ulid, door: TheDoor, sent: SentForm
) -> Response:
    actor = sent.viewer.actor
    await door_of_people.end_delegation(actor.id, delegation_id, door, actor)
    return render.see_other("/me/away?done=delegation-ended")


LABELS = forms.LABELS | Sayings({"since": "First day", "until": "Last day"})
"""What the fields are called in these two forms."""


async def _arrange(request: Request, door: Door, sent: Sent, what: str) -> Response:
    """Plan what the form asks for by the door of the JSON interface; what is wrong is said on the
    page, with all that was typed."""
    actor, values = sent.viewer.actor, forms.values_of(sent.form)
    try:
        zone = texts.zone()
        fields = fields_of(values, zone)
        if what == "absence":
            absence = body_of(AbsenceBody, fields)
            await door_of_people.plan_absence(actor.id, absence, door, actor)
        else:
            delegation = body_of(DelegationBody, fields)
            await door_of_people.give_delegation(actor.id, delegation, door, actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error, labels=LABELS)
        typed = Typed(about="away", act=what, values=values)
        return await _away(door, sent.viewer, typed=typed, trouble=trouble)
    return render.see_other(f"/me/away?done={what}")


def body_of(body: type[B], fields: Mapping[str, Any]) -> B:
    try:
        return body.model_validate(fields)
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


def fields_of(values: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """What was typed, as the door takes it: days become moments, from the first moment of the
    first day (from now on, where that is today) to the first moment after the last one."""
    fields: dict[str, Any] = {
        name: values[name]
        for name in ("deputy", "reason", "to", "may_pass_on")
        if values.get(name, "").strip()
    }
    first, last = _day(values.get("since", "")), _day(values.get("until", ""))
    if isinstance(first, date):
        is_now = first <= days.day_of(now(), zone)
        fields |= {} if is_now else {"since": days.beginning(first, zone)}
    elif first:
        fields["since"] = first
    if isinstance(last, date):
        fields["until"] = days.beginning(last + timedelta(days=1), zone)
    elif last:
        fields["until"] = last
    return fields


def _day(text: str) -> date | str:
    """The day; what is none is handed on as it is, to be refused by name."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return text.strip()
    return found if 1000 <= found.year <= 9000 else text.strip()
