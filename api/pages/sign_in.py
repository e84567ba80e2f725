"""Signing in and out: a token makes a session; in a demonstration one click does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from api.deps import Door, TheDoor, now
from api.errors import Unauthenticated
from api.pages import render, security
from api.pages.security import Public
from domain.errors import Forbidden, Refused, Unknown
from domain.people import Actor
from store import people, policies, tables
from store.people import Purpose

router = APIRouter(include_in_schema=False)

CAST = ("ada", "ben", "cora", "dev", "eve", "root")
"""Whom one may be with one click: the people of the samples, who are fictional."""


@router.get("/")
async def home(request: Request, door: TheDoor, _: Public) -> Response:
    """To the queue, or to the sign-in, which says what this is."""
    viewer = await security.viewer_of(request, door)
    return render.see_other("/queue" if viewer else "/sign-in")


@router.get("/sign-in")
async def sign_in_form(request: Request, door: TheDoor, _: Public, next: str = "") -> Response:  # noqa: A002
    is_from_elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
    if is_from_elsewhere and security.cookie_of(request, door.settings) is None:
        # A session may be there that only our own next request brings along.
        return render.knock(request.scope)
    return await _form(request, door, next)


async def _form(
    request: Request, door: Door, onward: str, *, status: int = 200, trouble: str = ""
) -> Response:
    cookie = security.cookie_of(request, door.settings)
    visitor = cookie or security.new_visitor()
    cast = await door.read(_cast) if security.is_demo(request, door.settings) else []
    response = render.page(
        "sign_in.html",
        status,
        viewer=await security.viewer_of(request, door),
        csrf=security.csrf_of(visitor),
        cast=cast,
        onward=onward if render.looks_local(onward) else "",
        trouble=trouble,
    )
    if cookie is None:
        security.set_cookie(response, door.settings, visitor)
    return response


def _cast(session: Session) -> list[dict[str, Any]]:
    in_force = policies.current(session)
    teams = in_force.policy.teams if in_force else {}
    found = []
    for person_id in CAST:
        person = session.get(tables.Person, person_id)
        if person is not None and person.is_active:
            actor = people.actor(session, person_id)
            found.append(
                {
                    "id": person_id,
                    "name": person.name,
                    "roles": sorted(actor.roles),
                    "teams": sorted(teams.get(team, team) for team in actor.teams),
                }
            )
    return found


@router.post("/sign-in")
async def sign_in(request: Request, door: TheDoor, _: Public) -> Response:
    """A token for a session. The token itself is never kept by the browser."""
    form = await security.form_of(request, door.settings)
    secret, onward = str(form.get("token", "")).strip(), str(form.get("next", ""))
    actor = await door.read(lambda session: _bearer(session, secret))
    if actor is None:
        trouble = "This token is unknown, revoked or expired."
        return await _form(request, door, onward, status=401, trouble=trouble)
    return await _let_in(request, door, actor.id, onward)


def _bearer(session: Session, secret: str) -> Actor | None:
    return people.holder(session, secret, now(), Purpose.API)


@router.post("/sign-in/as")
async def sign_in_as(request: Request, door: TheDoor, _: Public) -> Response:
    """One click, in a demonstration on this machine and nowhere else."""
    form = await security.form_of(request, door.settings)
    if not security.is_demo(request, door.settings):
        raise Forbidden(
            "no_demo", "signing in with one click is for demonstrations", "sign in with a token"
        )
    person = str(form.get("person", ""))
    if person not in CAST:
        raise Unknown("unknown_person", "this person is not of the cast", "choose another")
    return await _let_in(request, door, person, str(form.get("next", "")))


async def _let_in(request: Request, door: Door, person_id: str, onward: str) -> Response:
    former = security.cookie_of(request, door.settings)
    try:
        cookie = await security.begin(door, person_id, former)
    except Refused as refusal:
        raise Unauthenticated(refusal.message) from None
    response = render.see_other(onward if render.looks_local(onward) else "/queue")
    security.set_cookie(response, door.settings, cookie)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, door: TheDoor, _: Public) -> Response:
    """End the session here and in the store: a copy of the cookie opens nothing either."""
    await security.form_of(request, door.settings)
    await security.end(door, security.cookie_of(request, door.settings))
    response = render.see_other("/sign-in")
    # A new visitor at once: the sign-in form that follows must be theirs.
    security.set_cookie(response, door.settings, security.new_visitor())
    return response
