"""Where a link from a notice leads: one question, asked of one person, answered once.

Looking decides nothing and uses nothing up, however often a mail program or a scanner looks ahead:
only a form that this page made decides. Whoever has the link may see this one question and give
this one answer, in the name of the person it was sent to; every other page asks them to sign in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

import texts
from api.commands import Ask, carry_out, check_key
from api.deps import Door, TheDoor, anybody, now
from api.errors import DATABASE_AWAY
from api.pages import editor, forms, frame, render
from api.pages.cases import beside, promise_of
from api.pages.forms import Trouble, Typed
from api.pages.security import FORM
from config.settings import Settings
from domain.decision_links import Family
from domain.entity import State
from domain.errors import AnswerableError, Forbidden, Unknown
from domain.matter import Matter
from domain.panel import Panel
from domain.people import Actor
from domain.post import Post
from intake.entities import OutcomeUnknown
from store import details, links, matters, policies, roster
from store.links import Link, Standing
from texts import Sayings
from texts import gettext as _

router = APIRouter(include_in_schema=False)

whoever_has_the_link = anybody("whoever has the link may answer its one question, and it is theirs")
Whoever = Depends(whoever_has_the_link)

HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}
"""The address is the secret: no page that is left for may learn it."""

MINUTES = 60
"""How long the form may stay open."""

BUTTONS = Sayings(
    {
        "approve": "Approve",
        "refuse": "Refuse",
        "return": "Return for changes",
        "ask": "Ask a question first",
        "clear": "Clear these words",
        "accept_promise": "Accept it",
        "counter_promise": "Offer another date",
        "decline_promise": "Decline",
        "agree": "Agree to the date",
        "refuse_new_date": "Refuse the date",
        "accept_new_date": "Accept the date",
        "uphold": "Stand by it: it was kept",
        "reopen": "It is owed again",
    }
)
"""What each answer is called before it is confirmed."""


# Looking. ------------------------------------------------------------------------------------


@router.api_route("/go/{secret}", methods=["GET", "HEAD"], dependencies=[Whoever])
async def look(request: Request, secret: str, door: TheDoor, act: str = "") -> Response:
    """The question with the exact words, or the one answer that is to be confirmed."""
    return await _show(request, door, secret, act=act)


async def _show(
    request: Request,
    door: Door,
    secret: str,
    *,
    act: str = "",
    typed: Typed | None = None,
    trouble: Trouble | None = None,
    lost: Sequence[str] = (),
) -> Response:
    cookie = request.cookies.get(cookie_name(door.settings)) or secrets.token_urlsafe(32)
    await _speak(door, secret)

    def work(session: Session) -> dict[str, Any]:
        link = links.find(session, secret, now())
        name = frame.names(session, [link.row.person_id])[link.row.person_id]
        shown = {"link": link.row, "standing": link.standing, "name": name, "secret": secret}
        if link.standing is not Standing.OPEN:
            return shown
        assert link.actor is not None
        assert link.state is not None
        found = forms.found_in(session, link.actor, link.state.KIND, typed)
        return {**shown, **_asked(session, link), "found_in": found}

    context = await door.read(work)
    if context["standing"] is not Standing.OPEN:
        is_dead = context["standing"] is not Standing.USED
        response = render.page("gone.html", 410 if is_dead else 200, **context, lost=lost)
        response.headers.update(HEADERS)
        return response
    response = render.page(
        "go.html",
        trouble.status if trouble else 200,
        act=act if act in context["acts"] else "",
        buttons=BUTTONS,
        csrf=csrf_of(cookie, secret),
        typed=typed or Typed(),
        trouble=trouble,
        **context,
    )
    response.headers.update(HEADERS)
    _set_cookie(response, door.settings, cookie)
    return response


async def _speak(door: Door, secret: str) -> None:
    """From here on in the language and the zone of the person that the link was sent to."""

    def work(session: Session) -> tuple[str | None, str]:
        person = links.find(session, secret, now()).row.person_id
        return roster.language_of(session, person), roster.zone_of(session, person)

    language, zone = await door.read(work)
    texts.speak(texts.language(language) if language else None, ZoneInfo(zone))


def _asked(session: Session, link: Link) -> dict[str, Any]:
    """What is asked, as the person it is asked of may see it."""
    assert link.actor is not None
    assert link.state is not None
    assert link.asked is not None
    in_force = policies.current(session)
    teams = in_force.policy.teams if in_force else {}
    channel = getattr(link.state, "channel", None)
    known = in_force.policy.channels.get(channel) if in_force and channel else None
    detail = _DETAILS[link.state.KIND](session, link.state.id, link.actor)
    # Nobody decides what they cannot read: whoever stands in from elsewhere has to ask the team.
    is_hidden = link.state.KIND in ("escalation", "matter") and detail.proposal is None
    is_post = link.state.KIND == "post"
    is_blind = link.asked.family is Family.DECIDE and is_hidden
    return {
        "kind": link.state.KIND,
        "detail": detail,
        "acts": () if is_blind else link.asked.acts,
        "family": link.asked.family,
        "team": teams.get(link.state.team, link.state.team),
        "max_length": known.max_length if known else None,
        "beside": beside(detail) if is_post else ("", ""),
        "promise": promise_of(session, detail, link.actor) if is_post else None,
        "untied": _untied(session, link.state, detail),
        "names_of": _in_whose_name(session, link.actor, link.state),
    }


def _untied(session: Session, state: State, detail: Any) -> list[str]:
    match state:
        case Post():
            return editor.untied(session, state, detail.text)
        case Matter():
            return editor.untied(session, state, detail.proposal and detail.proposal.reply)
    return []


def _escalation(session: Session, entity_id: str, actor: Actor) -> Any:
    return details.escalation(session, entity_id, actor, now())


def _post(session: Session, entity_id: str, actor: Actor) -> Any:
    return details.post(session, entity_id, actor, now())


def _commitment(session: Session, entity_id: str, actor: Actor) -> Any:
    return details.commitment(session, entity_id, actor, now())


def _matter(session: Session, entity_id: str, actor: Actor) -> Any:
    return matters.matter(session, entity_id, actor, now())


_DETAILS: dict[str, Callable[[Session, str, Actor], Any]] = {
    "escalation": _escalation,
    "post": _post,
    "commitment": _commitment,
    "matter": _matter,
}


def _in_whose_name(session: Session, actor: Actor, state: State) -> dict[str, str]:
    """For whom this person may decide, by id; empty where that is themselves and nobody else."""
    proposal = getattr(state, "proposal", None)
    if proposal is None or not actor.stands_for:
        return {}
    panel: Panel = proposal.panel or Panel()
    names = frame.names(session, actor.stands_for)
    own = {"": _("my own")} if panel.is_eligible(actor.id, actor.roles) else {}
    return own | {person: names[person] for person in actor.stands_for if person != proposal.by}


# Deciding. -----------------------------------------------------------------------------------


@router.post("/go/{secret}/{act}", dependencies=[Whoever])
async def answer(request: Request, secret: str, act: str, door: TheDoor) -> Response:
    """Carry the answer out as its JSON command, in the name of whom the link was sent to."""
    form = await _form_of(request, door.settings)
    values = forms.values_of(form)
    link = await door.read(lambda session: links.find(session, secret, now()))
    if link.standing is not Standing.OPEN:
        # The same form once more, as by a second click: its words have been taken.
        is_repeat = bool(link.row.key) and link.row.key == values.get("key")
        lost = () if is_repeat else forms.written(values.items())
        return await _show(request, door, secret, lost=lost)
    assert link.actor is not None
    assert link.asked is not None
    if act not in link.asked.acts:
        raise Unknown(
            "unknown_command", "this link does not answer that", "sign in, and do it on the page"
        )
    if not _is_made_here(request, door.settings, secret, form):
        return await _confirm_again(request, door, link, secret, act, values)
    key = check_key(request, values.get("key") or None)
    try:
        body = forms.body_of(link.state.KIND if link.state else "", act, values)
        ask = Ask(link.row.stream, act, link.actor, body, key)
        await _decide(door, link.row.id, ask)
    except (AnswerableError, *DATABASE_AWAY) as error:
        trouble = await forms.trouble_of(request, error)
        typed = Typed(about=link.row.stream.partition("/")[2], act=act, values=values, key=key)
        return await _show(request, door, secret, act=act, typed=typed, trouble=trouble)
    response = render.see_other(f"/go/{secret}")
    response.headers.update(HEADERS)
    return response


async def _confirm_again(
    request: Request, door: Door, link: Link, secret: str, act: str, values: Mapping[str, str]
) -> Response:
    """The same form with what was typed, made for this browser now: nothing is decided before its
    reader has looked once more."""
    error = Forbidden(
        "form_too_old",
        "this form was open for too long, or was made for another browser; nothing is decided",
        "your words stand below: read them once more and confirm",
    )
    trouble = await forms.trouble_of(request, error)
    typed = Typed(about=link.row.stream.partition("/")[2], act=act, values=values)
    return await _show(request, door, secret, act=act, typed=typed, trouble=trouble)


async def _decide(door: Door, link_id: str, ask: Ask) -> None:
    """Take the link, decide, and use it up; give it back where nothing was decided."""
    write = door.database.write
    key, act = ask.idempotency_key, ask.act
    if not await asyncio.to_thread(write, lambda s: links.take(s, link_id, key, act, now())):
        raise Forbidden(
            "link_taken",
            "another form is answering with this link just now",
            "open the link again in a moment: it shows what was decided",
        )
    try:
        await carry_out(door, ask)
    except (AnswerableError, *DATABASE_AWAY) as error:
        if not _is_unclear(error):
            await asyncio.to_thread(write, lambda s: links.give_back(s, link_id, key))
        raise
    await asyncio.to_thread(write, lambda s: links.use(s, link_id, act, now()))


def _is_unclear(error: Exception) -> bool:
    """Whether it may have been decided all the same: then only the same form may go on."""
    return isinstance(error, (OutcomeUnknown, *DATABASE_AWAY))


# Whose form it is. ---------------------------------------------------------------------------


def cookie_name(settings: Settings) -> str:
    is_https = settings.links.startswith("https://")
    return "__Secure-answerable-go" if is_https else "answerable-go"


def _set_cookie(response: Response, settings: Settings, value: str) -> None:
    """It opens nothing: it only shows that a form was made for the browser that sends it, which
    whatever follows links on its own does not keep."""
    response.set_cookie(
        cookie_name(settings),
        value,
        max_age=MINUTES * 60,
        path="/go/",
        secure=settings.links.startswith("https://"),
        httponly=True,
        samesite="strict",
    )


def csrf_of(cookie: str, secret: str) -> str:
    """What a form of this link carries, for this browser alone."""
    return hmac.new(cookie.encode(), f"go {secret}".encode(), hashlib.sha256).hexdigest()


async def _form_of(request: Request, settings: Settings) -> FormData:
    """The form that was sent. Raises Forbidden for what was sent from another site."""
    _check_origin(request, settings)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await request.form() if kind == FORM else FormData()


def _is_made_here(request: Request, settings: Settings, secret: str, form: FormData) -> bool:
    """Whether this page made the form for this browser, within the hour."""
    cookie, sent = request.cookies.get(cookie_name(settings)), form.get("csrf")
    wanted = csrf_of(cookie or secrets.token_hex(), secret)
    given = sent if isinstance(sent, str) else ""
    return hmac.compare_digest(given.encode(), wanted.encode())


def _check_origin(request: Request, settings: Settings) -> None:
    """A page that tells nobody where it is says ``null`` for its origin, too; whoever sends that
    from elsewhere is named by the browser."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site in (None, "same-origin", "none")
    if is_ours and origin not in (None, "null"):
        ours = {request.headers.get("host", "").lower(), urlsplit(settings.links).netloc.lower()}
        is_ours = urlsplit(origin).netloc.lower() in ours - {""}
    if not is_ours:
        raise Forbidden(
            "foreign_origin",
            "this form was sent from another site",
            "open the link again and send the form from there",
        )
