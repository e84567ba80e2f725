"""Who is at the browser, and whether a form was really theirs.

A session is a token of its own purpose, hashed at rest like every token, in a cookie that no
script reads and that other sites can send with a plain link only. Each form carries a digest made
from that cookie; a browser also says where a form came from, and only our own pages will do.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection

import texts
from api.deps import ACCESS, Door, TheDoor, anybody, door_of, now, touch
from api.errors import Unauthenticated
from api.pages import devices
from config.settings import Settings, is_loopback
from domain.errors import Forbidden
from domain.people import Actor, Role
from intake.entities import Unavailable
from store import people, record, sessions
from store.sessions import Here

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names under which a demonstration may be reached. Any other name that leads here was made
to do so by somebody else (DNS rebinding)."""

FORM = "application/x-www-form-urlencoded"
WITH_FILES = "multipart/form-data"


@dataclass(frozen=True)
class Viewer:
    """Whoever looks at a page: who they are, and what their forms must carry."""

    actor: Actor
    name: str
    csrf: str
    session_id: str = ""
    has_ledger: bool = False
    """Whether there is a public ledger to look at."""

    def may_act(self) -> bool:
        return bool(self.actor.roles & {Role.STAFF, Role.EXECUTIVE})

    def reads_record(self) -> bool:
        return bool(self.actor.roles & record.READERS)

    def may_read(self) -> bool:
        """Whether cases are theirs to read."""
        return bool(self.actor.roles & {Role.STAFF, Role.EXECUTIVE, Role.AUDITOR})

    def may_watch(self) -> bool:
        """Whether they may look at how the house is run."""
        return bool(self.actor.roles & {Role.AUDITOR, Role.ADMIN})

    def is_admin(self) -> bool:
        return self.actor.has(Role.ADMIN)


@dataclass(frozen=True)
class Sent:
    """A form that has proved to come from one of our pages, and from whom."""

    viewer: Viewer
    form: FormData


# The cookie. ---------------------------------------------------------------------------------


def is_https(settings: Settings) -> bool:
    return settings.links.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """With the prefix that keeps neighbouring sites from setting it, where that is possible."""
    return "__Host-answerable" if is_https(settings) else "answerable"


def cookie_of(request: Request, settings: Settings) -> str | None:
    return request.cookies.get(cookie_name(settings))


def set_cookie(response: Response, settings: Settings, value: str) -> None:
    """Lax: whoever follows a link in a mail, or comes back from the identity provider, brings
    their session along; a form or a picture of another site does not. No GET changes anything."""
    response.set_cookie(
        cookie_name(settings),
        value,
        max_age=int(settings.session_lifetime.total_seconds()),
        path="/",
        secure=is_https(settings),
        httponly=True,
        samesite="lax",
    )


def new_visitor() -> str:
    """A cookie for somebody who has not signed in, so that the sign-in form is theirs too."""
    return f"visitor_{secrets.token_urlsafe(32)}"


def csrf_of(cookie: str) -> str:
    """What the forms of whoever holds this cookie carry; tells nothing about the cookie."""
    return hmac.new(cookie.encode(), b"answerable form", hashlib.sha256).hexdigest()


# Sessions. -----------------------------------------------------------------------------------


async def begin(door: Door, request: Request, person_id: str, *, hint: str | None = None) -> str:
    """Begin a session, ending the one this browser had; answers its secret. Raises Unknown."""
    at, former = now(), cookie_of(request, door.settings)
    device = devices.name_of(request.headers.get("user-agent", ""))

    def work(session: Session) -> str:
        if former:
            sessions.end(session, former, at)
        return sessions.begin(session, person_id, at, door.limits, device=device, hint=hint)

    return await asyncio.to_thread(door.database.write, work)


async def end(door: Door, cookie: str | None) -> str | None:
    """End the session of this cookie; answers the hint that it was begun with."""
    if not cookie:
        return None
    return await asyncio.to_thread(
        door.database.write, lambda session: sessions.end(session, cookie, now())
    )


async def viewer_of(request: Request, door: Door) -> Viewer | None:
    """Who is signed in at this browser; None where nobody is. Notes that they are there."""
    cookie = cookie_of(request, door.settings)
    if not cookie:
        return None
    limits = door.limits
    here = await door.read(lambda session: sessions.find(session, cookie, now(), limits))
    if here is None:
        return None
    if here.is_stale:
        await touch(door, here.id)
    texts.speak(_language_of(request, here), ZoneInfo(here.zone))
    with suppress(Unavailable):  # Somebody has to be signed in to make the first policy.
        await door.policy()
    return Viewer(here.actor, here.name, csrf_of(cookie), here.id, door.public.ledger)


def _language_of(request: Request, here: Here) -> texts.Language | None:
    """The language somebody chose, with the dates and numbers of their browser's region."""
    if here.language is None or here.language == texts.spoken().code:
        return None
    return texts.language(here.language)


async def is_known(connection: HTTPConnection) -> bool:
    """Whether somebody we know is asking, by a token or signed in at a browser. What they may do
    is not judged here: the gate only wants to know whether to listen to a long body."""
    the_door = door_of(connection.scope)
    scheme, token = get_authorization_scheme_param(connection.headers.get("authorization"))
    cookie = connection.cookies.get(cookie_name(the_door.settings))
    limits = the_door.limits

    def work(session: Session) -> bool:
        if scheme.lower() == "bearer" and token and people.holder(session, token, now()):
            return True
        return bool(cookie and sessions.find(session, cookie, now(), limits))

    return bool(token or cookie) and await the_door.read(work)


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


anyone = only_signed_in(*Role)
Anyone = Annotated[Viewer, Depends(anyone)]
reader = only_signed_in(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR)
Reader = Annotated[Viewer, Depends(reader)]
doer = only_signed_in(Role.STAFF, Role.EXECUTIVE)
Doer = Annotated[Viewer, Depends(doer)]
colleague = only_signed_in(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR, Role.ADMIN)
Colleague = Annotated[Viewer, Depends(colleague)]
watcher = only_signed_in(Role.AUDITOR, Role.ADMIN)
Watcher = Annotated[Viewer, Depends(watcher)]
admin = only_signed_in(Role.ADMIN)
Admin = Annotated[Viewer, Depends(admin)]


# Forms. --------------------------------------------------------------------------------------


async def form_of(
    request: Request, settings: Settings, kinds: Collection[str] = (FORM,)
) -> FormData:
    """The form that was sent. Raises Forbidden unless it comes from one of our own pages."""
    check_origin(request, settings)
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() in kinds
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


def check_origin(request: Request, settings: Settings) -> None:
    """Raise Forbidden for what a browser says was sent from another site."""
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


async def own_form(request: Request, door: TheDoor, viewer: Anyone) -> Sent:
    return Sent(viewer, await form_of(request, door.settings))


OwnForm = Annotated[Sent, Depends(own_form)]
"""A form about oneself, which everybody may send who is signed in."""


async def colleague_form(request: Request, door: TheDoor, viewer: Colleague) -> Sent:
    return Sent(viewer, await form_of(request, door.settings))


ColleagueForm = Annotated[Sent, Depends(colleague_form)]
"""A form about oneself as one who works here."""


async def admin_form(request: Request, door: TheDoor, viewer: Admin) -> AsyncIterator[Sent]:
    try:
        yield Sent(viewer, await form_of(request, door.settings, (FORM, WITH_FILES)))
    finally:
        await request.close()  # What was uploaded lies in a file of its own.


AdminForm = Annotated[Sent, Depends(admin_form)]
"""A form by which the house is run; it may bring a file along."""

Public = Annotated[None, Depends(anybody("it shows nothing about anybody's case"))]


# Demonstrations. -----------------------------------------------------------------------------


PASSED_ON = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
"""What tells that a proxy has passed a request on: whoever asked may sit anywhere."""


def is_demo(request: Request, settings: Settings) -> bool:
    """Whether whoever asks may sign in with one click: a demonstration, seen on this machine."""
    client = request.client.host if request.client else ""
    is_here = is_loopback(client) and PASSED_ON.isdisjoint(request.headers)
    return settings.demo and is_loopback(settings.host) and is_here
