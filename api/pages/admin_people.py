"""The pages of people: who works here, what they may do, whether they are there, and leaving.

What is done is what the JSON interface does; a form also says what it was made from, so that two
admins do not undo each other's work without seeing it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session

from api import people as door_of_people
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY, Malformed, field_error
from api.pages import days, forms, frame, labels, me, render
from api.pages.forms import Trouble, Typed
from api.pages.security import Admin, AdminForm, Sent, Viewer, Watcher
from api.people import AbsenceBody, DelegationBody, PersonBody, Ulid, Who
from domain.errors import AnswerableError, Conflict, Invalid
from domain.people import Role
from domain.policy import Id
from store import colleagues, people, policies, sessions, staffing, tables, tokens
from store.colleagues import PersonDetail
from store.staffing import State, Wish
from texts import gettext as _

router = APIRouter(include_in_schema=False)

ROWS = 50

Word = Annotated[str, Query(max_length=200)]
Place = Annotated[str, Query(max_length=500)]


def said_of(done: str) -> str | None:
    """What is said after something was done, by the word in the address."""
    return {
        "added": _("They are there. They can sign in once they have a token or an account."),
        "saved": _("Saved."),
        "absence": _("The absence is planned, and they are told."),
        "absence-ended": _("They are counted as there again."),
        "delegation": _("The delegation is given, and both are told."),
        "delegation-ended": _("The delegation has ended."),
        "signed-out": _("They are signed out everywhere."),
        "session-ended": _("That session has ended."),
        "left": _("They have left: no sign-in, no tokens, no notices."),
    }.get(done)


def role_names() -> dict[str, str]:
    """The roles, each with what it lets do."""
    return {
        Role.STAFF: _("Staff: claims and answers"),
        Role.EXECUTIVE: _("Executive: decides"),
        Role.AUDITOR: _("Auditor: reads everything, changes nothing"),
        Role.ADMIN: _("Admin: runs policy, people and channels"),
        Role.SERVICE: _("Service: a machine that brings comments"),
    }


def state_names() -> dict[str, str]:
    return {
        "": _("Everybody"),
        State.HERE: _("There now"),
        State.AWAY: _("Away"),
        State.ROLELESS: _("Without a role"),
        State.MACHINES: _("Machines"),
        State.LEFT: _("Have left"),
    }


# The list. -----------------------------------------------------------------------------------


@router.get("/admin/people")
async def list_people(
    door: TheDoor,
    viewer: Watcher,
    q: Word = "",
    role: Word = "",
    team: Word = "",
    state: Word = "",
    cursor: Place = "",
) -> Response:
    """Who works here, as the address asks for them."""
    wish = Wish(
        text=q.strip(),
        role=role if role in set(Role) else "",
        team=team,
        state=state if state in set(State) else "",
    )

    def work(session: Session) -> dict[str, Any]:
        found = staffing.search(
            session, wish, now(),
            by_address=viewer.is_admin(), limit=ROWS, cursor=cursor or None,
        )  # fmt: skip
        others = {d for item in found.items for d in item.deputies}
        return {
            **frame.frame(session, viewer, "admin"),
            "found": found,
            "teams": _teams(session),
            "names": frame.names(session, others),
        }

    return render.page(
        "admin_people.html",
        wish=wish,
        states=state_names(),
        roles_told=role_names(),
        **await door.read(work),
    )


def _teams(session: Session) -> dict[str, str]:
    """The teams of the policy in force."""
    in_force = policies.current(session)
    return dict(in_force.policy.teams) if in_force else {}


# One person. ---------------------------------------------------------------------------------


@router.get("/admin/people/{person_id}")
async def person(person_id: Who, door: TheDoor, viewer: Watcher, done: Word = "") -> Response:
    """One person: what they may do, when they are there, where they are signed in."""
    return await _person(door, viewer, person_id, said=said_of(done))


async def _person(
    door: Door,
    viewer: Viewer,
    person_id: str,
    *,
    said: str | None = None,
    typed: Typed | None = None,
    trouble: Trouble | None = None,
) -> Response:
    at = now()

    def work(session: Session) -> dict[str, Any]:
        detail = colleagues.detail(session, person_id, viewer.actor, at)
        in_force = policies.current(session)
        zone = days.zone_of(session, person_id)
        named = {*detail.stands_for, *detail.deputies, detail.manager or ""}
        named |= {name for d in detail.delegations for name in (d.person, d.to)}
        named |= {absence.deputy for absence in detail.absences if absence.deputy}
        of_person = tokens.page(session, at, person=person_id).items
        named |= {token.made_by or "" for token in of_person}
        of_sessions = (
            sessions.of_person(
                session, person_id, viewer.actor, at, door.limits, here=viewer.session_id
            )
            if viewer.is_admin() or viewer.actor.id == person_id
            else None
        )
        return {
            **frame.frame(session, viewer, "admin"),
            "person": detail,
            "seen": _mark(detail),
            "in_policy": in_force.policy.people.get(person_id) if in_force else None,
            "teams": people.team_names(session),
            "offered": _offered(session, detail),
            "names": frame.names(session, named - {""}),
            "others": me.others(session, person_id),
            "colleagues": _colleagues(session, person_id),
            "sessions": of_sessions,
            "tokens": of_person,
            "zone": zone.key,
            "today": days.day_of(at, zone).isoformat(),
            "first_day": lambda absence: days.day_of(absence.since, zone),
            "last_day": lambda absence: days.day_of(absence.until - timedelta(seconds=1), zone),
        }

    context = await door.read(work)
    return render.page(
        "admin_person.html",
        trouble.status if trouble else 200,
        now=at,
        roles_told=role_names(),
        reasons=me.REASONS,
        said=said,
        typed=typed or Typed(),
        trouble=trouble,
        by_groups=door.provider is not None and bool(door.settings.oidc_groups),
        **context,
    )


def _colleagues(session: Session, person_id: str) -> list[tuple[str, str]]:
    """Who could be their manager."""
    return [
        (row.id, row.name)
        for row, _members in people.everybody(session)
        if row.is_active and row.id != person_id and {*row.roles} - {Role.SERVICE}
    ]


def _offered(session: Session, detail: PersonDetail) -> dict[str, str]:
    """The teams of their form: also those they are in that the policy does not have any more,
    because what the form does not say is taken away."""
    offered, names = _teams(session), people.team_names(session)
    gone = [team for team in detail.teams if team not in offered]
    return offered | {t: _("%(team)s (no longer in the policy)", team=names[t]) for t in gone}


def _mark(detail: PersonDetail) -> str:
    """What a form was made from: it is refused where something of it is otherwise by now."""
    fields = detail.model_dump_json(
        include={"name", "roles", "teams", "manager", "is_active", "email", "zone", "hours"}
    )
    return hashlib.sha256(fields.encode()).hexdigest()[:16]


@router.post("/admin/people/{person_id}")
async def save_person(person_id: Who, request: Request, door: TheDoor, sent: AdminForm) -> Response:
    """Set everything of a person as the form says; somebody who had left is back by it."""
    actor, values = sent.viewer.actor, forms.values_of(sent.form)

    def work(session: Session) -> None:
        detail = colleagues.detail(session, person_id, actor, now())
        if values.get("seen") != _mark(detail):
            raise Conflict(
                "changed_meanwhile",
                "somebody has changed this person since the page was made",
                "look at what stands here now, and save again",
            )
        _put(session, person_id, _body(values), actor.id)

    try:
        await asyncio.to_thread(door.database.write, work)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        typed = Typed(about=person_id, act="save", values=values)
        return await _person(door, sent.viewer, person_id, typed=typed, trouble=trouble)
    return render.see_other(f"/admin/people/{person_id}?done=saved")


def _put(session: Session, person_id: str, body: PersonBody, by: str) -> None:
    people.put_person(
        session,
        person_id,
        body.name,
        body.roles,
        body.teams,
        now(),
        body.email,
        by=by,
        manager=body.manager,
        zone=body.zone,
        hours=body.hours,
    )
    people.check_an_admin_stays(session)


def _body(values: Mapping[str, str]) -> PersonBody:
    """What the form says of a person. Raises Malformed."""
    plain = ("name", "email", "manager", "zone", "hours")
    fields: dict[str, Any] = {n: values[n].strip() for n in plain if values.get(n, "").strip()}
    fields["roles"] = [role for role in Role if values.get(f"role-{role}") == "yes"]
    fields["teams"] = {
        name.removeprefix("team-"): value == "lead"
        for name, value in values.items()
        if name.startswith("team-") and value in ("in", "lead")
    }
    try:
        return PersonBody.model_validate(fields)
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


# New. ----------------------------------------------------------------------------------------


@router.get("/admin/new-person")
async def new_person(door: TheDoor, viewer: Admin) -> Response:
    """The form for somebody who is new."""
    return await _new(door, viewer)


async def _new(
    door: Door, viewer: Viewer, typed: Typed | None = None, trouble: Trouble | None = None
) -> Response:
    def work(session: Session) -> dict[str, Any]:
        return {
            **frame.frame(session, viewer, "admin"),
            "teams": _teams(session),
            "colleagues": _colleagues(session, ""),
        }

    context = await door.read(work)
    return render.page(
        "admin_new_person.html",
        trouble.status if trouble else 200,
        roles_told=role_names(),
        typed=typed or Typed(),
        trouble=trouble,
        **context,
    )


@router.post("/admin/new-person")
async def add_person(request: Request, door: TheDoor, sent: AdminForm) -> Response:
    """Add somebody. An id that somebody has or had is refused: it would make one of two people."""
    values = forms.values_of(sent.form)
    actor = sent.viewer.actor

    def work(session: Session) -> str:
        person_id = _new_id(values.get("id", ""))
        if (known := session.get(tables.Person, person_id)) is not None:
            raise Conflict(
                "id_taken",
                f"{known.name} has the id '{person_id}'",
                "choose another id; whoever had left and is back is saved on their own page",
                field="id",
            )
        _put(session, person_id, _body(values), actor.id)
        return person_id

    try:
        person_id = await asyncio.to_thread(door.database.write, work)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        typed = Typed(about="new", act="save", values=values)
        return await _new(door, sent.viewer, typed, trouble)
    return render.see_other(f"/admin/people/{person_id}?done=added")


def _new_id(given: str) -> str:
    try:
        return TypeAdapter[str](Id).validate_python(given.strip())
    except ValidationError:
        raise Invalid(
            "bad_id",
            "this cannot be an id",
            "use at most 40 of a to z, 0 to 9, - and _, beginning with a letter or digit",
            field="id",
        ) from None


# Sessions. -----------------------------------------------------------------------------------


@router.post("/admin/people/{person_id}/sessions/end")
async def end_sessions(person_id: Who, door: TheDoor, sent: AdminForm) -> Response:
    await door_of_people.end_sessions(person_id, door, sent.viewer.actor)
    return render.see_other(f"/admin/people/{person_id}?done=signed-out#signed-in")


@router.post("/admin/people/{person_id}/sessions/{session_id}/end")
async def end_session(person_id: Who, session_id: Ulid, door: TheDoor, sent: AdminForm) -> Response:
    actor = sent.viewer.actor
    await asyncio.to_thread(
        door.database.write,
        lambda session: sessions.end_one(session, person_id, session_id, actor, now()),
    )
    return render.see_other(f"/admin/people/{person_id}?done=session-ended#signed-in")


# Away, and who decides for them. -------------------------------------------------------------


@router.post("/admin/people/{person_id}/absences")
async def plan_absence(
    person_id: Who, request: Request, door: TheDoor, sent: AdminForm
) -> Response:
    return await _arrange(request, door, sent, person_id, "absence")


@router.post("/admin/people/{person_id}/delegations")
async def give_delegation(
    person_id: Who, request: Request, door: TheDoor, sent: AdminForm
) -> Response:
    return await _arrange(request, door, sent, person_id, "delegation")


@router.post("/admin/people/{person_id}/absences/{absence_id}/end")
async def end_absence(person_id: Who, absence_id: Ulid, door: TheDoor, sent: AdminForm) -> Response:
    await door_of_people.end_absence(person_id, absence_id, door, sent.viewer.actor)
    return render.see_other(f"/admin/people/{person_id}?done=absence-ended#away")


@router.post("/admin/people/{person_id}/delegations/{delegation_id}/end")
async def end_delegation(
    person_id: Who, delegation_id: Ulid, door: TheDoor, sent: AdminForm
) -> Response:
    await door_of_people.end_delegation(person_id, delegation_id, door, sent.viewer.actor)
    return render.see_other(f"/admin/people/{person_id}?done=delegation-ended#away")


async def _arrange(request: Request, door: Door, sent: Sent, person_id: str, what: str) -> Response:
    """As on the page about oneself, in days of the zone of whoever it is about."""
    actor, values = sent.viewer.actor, forms.values_of(sent.form)
    try:
        zone = await door.read(lambda session: days.zone_of(session, person_id))
        fields = me.fields_of(values, zone)
        if what == "absence":
            absence = me.body_of(AbsenceBody, fields)
            await door_of_people.plan_absence(person_id, absence, door, actor)
        else:
            delegation = me.body_of(DelegationBody, fields)
            await door_of_people.give_delegation(person_id, delegation, door, actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        typed = Typed(about=person_id, act=what, values=values)
        return await _person(door, sent.viewer, person_id, typed=typed, trouble=trouble)
    return render.see_other(f"/admin/people/{person_id}?done={what}#away")


# Leaving. ------------------------------------------------------------------------------------


@router.get("/admin/people/{person_id}/leave")
async def ask_to_leave(person_id: Who, door: TheDoor, viewer: Admin) -> Response:
    """What is open for somebody and to whom it goes, before they have left."""
    return await _leave(door, viewer, person_id)


async def _leave(
    door: Door, viewer: Viewer, person_id: str, trouble: Trouble | None = None
) -> Response:
    at = now()

    def work(session: Session) -> dict[str, Any]:
        detail = colleagues.detail(session, person_id, viewer.actor, at)
        in_force = policies.current(session)
        left = staffing.left_behind(session, person_id, in_force.policy if in_force else None, at)
        named = {p for heir in left.heirs for p in heir.people} | {*left.reports}
        named |= {one.person for one in left.replaces}
        named |= {name for d in detail.delegations for name in (d.person, d.to)}
        return {
            **frame.frame(session, viewer, "admin"),
            "person": detail,
            "left": left,
            "teams": people.team_names(session),
            "names": frame.names(session, named),
            "tokens": tokens.page(session, at, person=person_id).items,
        }

    context = await door.read(work)
    status = trouble.status if trouble else 200
    return render.page(
        "admin_leave.html", status, now=at, seats=labels.SEATS, trouble=trouble, **context
    )


@router.post("/admin/people/{person_id}/leave")
async def let_leave(person_id: Who, request: Request, door: TheDoor, sent: AdminForm) -> Response:
    try:
        await door_of_people.let_leave(person_id, door, sent.viewer.actor)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        return await _leave(door, sent.viewer, person_id, trouble)
    return render.see_other(f"/admin/people/{person_id}?done=left")
