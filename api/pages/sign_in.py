"""Signing in and out: by the identity provider, with a token, in a demonstration with one click.

Whichever way somebody comes, what they get is the same session. What goes wrong on the way is said
on the sign-in page itself, where every other way in is at hand.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.deps import Door, TheDoor, now
from api.errors import Unauthenticated
from api.oidc import Arrived, Away, Provider, Unbelievable
from api.pages import render, security
from api.pages.security import Public
from domain.errors import Forbidden, Refused, Unknown
from domain.people import Actor, Role
from store import identities, people, policies, tables
from store.identities import Way
from texts import gettext as _
from texts import stated

log = logging.getLogger("answerable.sign_in")

router = APIRouter(include_in_schema=False)

CAST = ("ada", "ben", "cora", "dev", "eve", "root")
"""Whom one may be with one click: the people of the samples, who are fictional."""

ROOMS = (
    (Role.STAFF, "/queue"),
    (Role.EXECUTIVE, "/decisions"),
    (Role.AUDITOR, "/record"),
    (Role.ADMIN, "/admin"),
)
"""Where each role begins; of several the first."""


@dataclass(frozen=True)
class Trouble:
    """Why somebody is not signed in, and what they can do about it."""

    status: int
    sentence: str
    way_out: str


@router.get("/")
async def home(request: Request, door: TheDoor, _public: Public) -> Response:
    """To the room where somebody's own work waits, or to the sign-in, which says what this is. A
    machine, which has none, sees where it is signed in."""
    viewer = await security.viewer_of(request, door)
    if viewer is None:
        return render.see_other("/sign-in")
    rooms = (room for role, room in ROOMS if viewer.actor.has(role))
    return render.see_other(next(rooms, "/sessions"))


@router.get("/sign-in")
async def sign_in_form(
    request: Request,
    door: TheDoor,
    _public: Public,
    next: str = "",  # noqa: A002
) -> Response:
    return await _form(request, door, next)


async def _form(
    request: Request, door: Door, onward: str, trouble: Trouble | None = None
) -> Response:
    cookie = security.cookie_of(request, door.settings)
    visitor = cookie or security.new_visitor()
    cast = await door.read(_cast) if security.is_demo(request, door.settings) else []
    response = render.page(
        "sign_in.html",
        trouble.status if trouble else 200,
        viewer=await security.viewer_of(request, door),
        csrf=security.csrf_of(visitor),
        cast=cast,
        provider=door.provider.label if door.provider else "",
        lifetime=door.settings.session_lifetime,
        idle=door.settings.session_idle,
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
async def sign_in(request: Request, door: TheDoor, _public: Public) -> Response:
    """A token for a session. The token itself is never kept by the browser."""
    form = await security.form_of(request, door.settings)
    secret, onward = str(form.get("token", "")).strip(), str(form.get("next", ""))
    actor = await door.read(lambda session: _bearer(session, secret))
    if actor is None:
        trouble = Trouble(
            401,
            _("This token is unknown, revoked or expired."),
            _("Have another one made, and sign in with that."),
        )
        return await _form(request, door, onward, trouble)
    return await _let_in(request, door, actor.id, onward)


def _bearer(session: Session, secret: str) -> Actor | None:
    return people.holder(session, secret, now())


@router.post("/sign-in/as")
async def sign_in_as(request: Request, door: TheDoor, _public: Public) -> Response:
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


async def _let_in(
    request: Request, door: Door, person_id: str, onward: str, *, hint: str | None = None
) -> Response:
    try:
        cookie = await security.begin(door, request, person_id, hint=hint)
    except Refused as refusal:
        raise Unauthenticated(refusal.message) from None
    response = render.see_other(onward if render.looks_local(onward) else "/")
    security.set_cookie(response, door.settings, cookie)
    return response


# By the identity provider. -------------------------------------------------------------------

Told = Annotated[str, Query(max_length=4_000)]


@router.get("/sign-in/with")
async def set_out(request: Request, door: TheDoor, _public: Public, next: str = "") -> Response:  # noqa: A002
    """To the provider, with a state that only this browser can bring back."""
    provider = _provider(door)
    if request.headers.get("sec-fetch-dest", "document") != "document":
        raise Forbidden(
            "foreign_form", "this is for people who look at a page", "open the sign-in page"
        )
    try:
        there = await provider.set_out()
    except Away as error:
        return await _form(request, door, next, _away(provider, error))
    cookie = security.cookie_of(request, door.settings)
    visitor = cookie or security.new_visitor()
    onward = next if render.looks_local(next) and len(next) < 2_000 else ""
    way = Way(nonce=there.nonce, verifier=there.verifier, onward=onward)
    await asyncio.to_thread(
        door.database.write,
        lambda session: identities.set_out(session, there.state, visitor, way, now()),
    )
    response = render.see_other(there.address)
    if cookie is None:
        security.set_cookie(response, door.settings, visitor)
    return response


@router.get("/sign-in/back")
async def come_back(
    request: Request,
    door: TheDoor,
    _: Public,
    state: Told = "",
    code: Told = "",
    error: Told = "",
    iss: Told | None = None,
) -> Response:
    """Back from the provider: whoever it says, if it is our browser, our state and our time."""
    provider = _provider(door)
    browser = security.cookie_of(request, door.settings) or ""
    way = await asyncio.to_thread(
        door.database.write,
        lambda session: identities.come_back(session, state, browser, now()),
    )
    if way is None:
        if await security.viewer_of(request, door):  # Another tab was faster: they are in.
            return render.see_other("/")
        return await _form(request, door, "", _STALE)
    if error or not code:
        return await _form(request, door, way.onward, _declined(provider, error))
    try:
        arrived = await provider.arrive(code, iss, way.nonce, way.verifier)
        person_id = await _recognise(door, arrived)
    except Away as trouble:
        return await _form(request, door, way.onward, _away(provider, trouble))
    except Unbelievable as trouble:
        log.warning("a sign-in was not believed: %s", trouble)
        return await _form(request, door, way.onward, _UNBELIEVABLE)
    except Forbidden as refusal:
        log.info("a sign-in was refused: %s", refusal.code)
        return await _form(
            request, door, way.onward, Trouble(403, refusal.message, refusal.way_out or "")
        )
    return await _let_in(request, door, person_id, way.onward, hint=arrived.hint)


async def _recognise(door: Door, arrived: Arrived) -> str:
    """The person who arrived. Raises Forbidden; where their groups give them nothing any more,
    that has been noted before it is said."""

    def work(session: Session) -> tuple[str, Actor]:
        person_id = identities.recognise(session, arrived.told, arrived.standing, now())
        return person_id, people.actor(session, person_id)

    person_id, actor = await asyncio.to_thread(door.database.write, work)
    if not actor.roles - {Role.SERVICE}:
        raise identities.nobody(arrived.told, has_groups=True)
    return person_id


def _provider(door: Door) -> Provider:
    if door.provider is None:
        raise Unknown(
            "no_provider",
            "no identity provider has been set up here",
            "sign in with a token, or have ANSWERABLE_OIDC_ISSUER set",
        )
    return door.provider


_STALE = Trouble(
    409,
    stated(
        "This sign-in has been used already, took longer than ten minutes, or was begun in "
        "another browser."
    ),
    stated("Begin again here."),
)
_UNBELIEVABLE = Trouble(
    403,
    stated("What came back from the sign-in could not be believed, so nobody was signed in."),
    stated(
        "Begin again here. If it happens again, tell whoever runs this service: its log says why."
    ),
)


def _away(provider: Provider, error: Away) -> Trouble:
    log.warning("the identity provider is away: %s", error)
    return Trouble(
        503,
        _(
            "Signing in with %(label)s is not possible just now, because it does not answer as "
            "it should.",
            label=provider.label,
        ),
        _("Try again in a moment. Whoever has a token can sign in with that meanwhile."),
    )


def _declined(provider: Provider, error: str) -> Trouble:
    if error in ("temporarily_unavailable", "server_error"):
        return _away(provider, Away(error))
    log.info("a sign-in was declined: %s", error[:60] or "no code")
    return Trouble(
        403,
        _(
            "You were not signed in: it was declined at %(label)s, by you or for you.",
            label=provider.label,
        ),
        _(
            "Begin again here and agree there, or ask whoever runs it whether you may use this "
            "service."
        ),
    )


# Out. ----------------------------------------------------------------------------------------


@router.post("/sign-out")
async def sign_out(request: Request, door: TheDoor, _public: Public) -> Response:
    """End the session here and in the store, so that a copy of the cookie opens nothing either;
    and at the provider, where it was begun there."""
    await security.form_of(request, door.settings)
    hint = await security.end(door, security.cookie_of(request, door.settings))
    response = await _farewell(door.provider, hint)
    # A new visitor at once: the sign-in form that follows must be theirs.
    security.set_cookie(response, door.settings, security.new_visitor())
    return response


async def _farewell(provider: Provider | None, hint: str | None) -> Response:
    if provider is None or hint is None:
        return render.see_other("/sign-in")
    try:
        address = await provider.leaving(hint)
    except Away as error:
        log.warning("the identity provider is away: %s", error)
        address = ""
    # Not a redirect: browsers let a form of ours lead to our own pages only.
    return render.page("signed_out.html", provider=provider.label, address=address)
