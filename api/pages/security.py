"""Who is at the browser, and whether a form was really theirs.

A session is a token of its own purpose, hashed at rest like every token, in a cookie that no
script reads and no other site sends. Each form carries a digest made from that cookie; a browser
also says where a form came from, and only our own pages will do.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection

from api.deps import ACCESS, Door, TheDoor, anybody, now
from api.errors import Unauthenticated
from config.settings import Settings
from domain.errors import Forbidden
from domain.people import Actor, Role
from store import people
from store.people import Purpose

LIFETIME = timedelta(hours=12)
"""A working day and its evening; then one signs in again."""

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names under which a demonstration may be reached. Any other name that leads here was made
to do so by somebody else (DNS rebinding)."""

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Viewer:
    """Whoever looks at a page: who they are, and what their forms must carry."""

    actor: Actor
    name: str
    csrf: str

    def may_act(self) -> bool:
        return bool(self.actor.roles & {Role.STAFF, Role.EXECUTIVE})


@dataclass(frozen=True)
class Sent:
    """A form that has proved to come from one of our pages, and from whom."""

    viewer: Viewer
    form: FormData


# The cookie. ---------------------------------------------------------------------------------


def _is_https(settings: Settings) -> bool:
    return settings.links.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """With the prefix that keeps neighbouring sites from setting it, where that is possible."""
    return "__Host-answerable" if _is_https(settings) else "answerable"


def cookie_of(request: Request, settings: Settings) -> str | None:
    return request.cookies.get(cookie_name(settings))


def set_cookie(response: Response, settings: Settings, value: str) -> None:
    response.set_cookie(
        cookie_name(settings),
        value,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=_is_https(settings),
        httponly=True,
        samesite="strict",
    )


def new_visitor() -> str:
    """A cookie for somebody who has not signed in, so that the sign-in form is theirs too."""
    return f"visitor_{secrets.token_urlsafe(32)}"


def csrf_of(cookie: str) -> str:
    """What the forms of whoever holds this cookie carry; tells nothing about the cookie."""
    return hmac.new(cookie.encode(), b"answerable form", hashlib.sha256).hexdigest()


# Sessions. -----------------------------------------------------------------------------------


async def begin(door: Door, person_id: str, former: str | None) -> str:
    """Begin a session, ending the one this browser had; answers its secret. Raises Unknown."""
    at = now()

    def work(session: Session) -> str:
        _end(session, former)
        return people.create_token(session, person_id, at, Purpose.SESSION, LIFETIME, by=person_id)

    return await asyncio.to_thread(door.database.write, work)


async def end(door: Door, cookie: str | None) -> None:
    await asyncio.to_thread(door.database.write, lambda session: _end(session, cookie))


def _end(session: Session, cookie: str | None) -> None:
    at = now()
    holder = people.holder(session, cookie, at, Purpose.SESSION) if cookie else None
    if holder is not None:
        people.revoke(session, at, secret=cookie, by=holder.id)


async def viewer_of(request: Request, door: Door) -> Viewer | None:
    """Who is signed in at this browser; None where nobody is."""
    cookie = cookie_of(request, door.settings)
    if not cookie:
        return None

    def work(session: Session) -> Viewer | None:
        actor = people.holder(session, cookie, now(), Purpose.SESSION)
        if actor is None:
            return None
        name = people.names(session, [actor.id])[actor.id]
        return Viewer(actor, name, csrf_of(cookie))

    return await door.read(work)


async def is_known(connection: HTTPConnection) -> bool:
    """Whether somebody we know is asking, by a token or signed in at a browser. What they may do
    is not judged here: the gate only wants to know whether to listen to a long body."""
    the_door = connection.app.state.door
    assert isinstance(the_door, Door)
    scheme, token = get_authorization_scheme_param(connection.headers.get("authorization"))
    cookie = connection.cookies.get(cookie_name(the_door.settings))
    shown: list[tuple[str, Purpose | None]] = []
    if scheme.lower() == "bearer" and token:
        shown.append((token, None))
    if cookie:
        shown.append((cookie, Purpose.SESSION))

    def work(session: Session) -> bool:
        return any(people.holder(session, secret, now(), purpose) for secret, purpose in shown)

    return bool(shown) and await the_door.read(work)


def only_signed_in(*roles: Role) -> Callable[..., Awaitable[Viewer]]:
    """A dependency that lets people with one of these roles in and answers who it is."""
    wanted = frozenset(roles)

    async def viewer(request: Request, door: TheDoor) -> Viewer:
        found = await viewer_of(request, door)
        if found is None:
            raise Unauthenticated("this page is for people who have signed in")
        if not found.actor.roles & wanted:
            may = ", ".join(sorted(wanted))
            raise Forbidden("not_your_role", f"this is for: {may}", "sign in as one of them")
        return found

    ACCESS[viewer] = wanted
    return viewer


reader = only_signed_in(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR)
Reader = Annotated[Viewer, Depends(reader)]
doer = only_signed_in(Role.STAFF, Role.EXECUTIVE)
Doer = Annotated[Viewer, Depends(doer)]


# Forms. --------------------------------------------------------------------------------------


async def form_of(request: Request, settings: Settings) -> FormData:
    """The form that was sent. Raises Forbidden unless it comes from one of our own pages."""
    _check_origin(request, settings)
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    form = await request.form() if is_form else FormData()
    cookie, sent = cookie_of(request, settings), form.get("csrf")
    wanted = csrf_of(cookie or secrets.token_hex())
    given = sent if isinstance(sent, str) else ""
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Forbidden(
            "foreign_form",
            "this form does not belong to your session, which may have ended since",
            "open the page again and send the form from there",
        )
    return form


def _check_origin(request: Request, settings: Settings) -> None:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site in (None, "same-origin", "none")
    if is_ours and origin is not None:
        ours = {request.headers.get("host", "").lower(), urlsplit(settings.links).netloc.lower()}
        is_ours = _netloc(origin) in ours - {""}
    if not is_ours:
        raise Forbidden(
            "foreign_origin",
            "this form was sent from another site",
            "open the page here and send the form from there",
        )


def _netloc(origin: str) -> str:
    with suppress(ValueError):
        return urlsplit(origin).netloc.lower()
    return ""


async def sent_form(request: Request, door: TheDoor, viewer: Doer) -> Sent:
    return Sent(viewer, await form_of(request, door.settings))


SentForm = Annotated[Sent, Depends(sent_form)]

Public = Annotated[None, Depends(anybody("it shows nothing about anybody's case"))]


# Demonstrations. -----------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


def check_demo(settings: Settings) -> None:
    """Raise ValueError for a demonstration that others than this machine could reach."""
    if settings.demo and not is_loopback(settings.host):
        raise ValueError(
            "ANSWERABLE_DEMO lets anybody sign in as anybody, so it needs a loopback address: "
            f"set ANSWERABLE_HOST to 127.0.0.1 (it is {settings.host}) or leave the demo out"
        )


def is_demo(request: Request, settings: Settings) -> bool:
    """Whether whoever asks may sign in with one click: a demonstration, seen on this machine."""
    client = request.client.host if request.client else ""
    return settings.demo and is_loopback(settings.host) and is_loopback(client)
