"""One's own deadlines for a calendar program (RFC 5545), by a secret link.

A calendar program sends no cookie and no token, so the secret in the address is all that opens it;
what it opens is one person's dates and links, and of words only sentences that were published.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from icalendar import Calendar, Event
from sqlmodel import Session

import texts
from api.deps import API, Door, TheDoor, anybody, now
from api.people import Asking, Who
from domain.base import Moment, Value
from domain.errors import Forbidden
from domain.people import Actor
from store import duties, feeds, roster
from store.duties import Act, Duty
from texts import Sayings
from texts import gettext as _

router = APIRouter()

whoever_holds_the_link = anybody("the secret in the address is all that a calendar program has")

SECONDS = 300
"""How long an answer may be kept. Programs ask every hour or so, whatever we wish."""

LENGTH = timedelta(minutes=30)
"""How long before a deadline its entry begins: one without length is hard to see in a day."""

LONGEST = 180
"""Characters of a sentence that a title holds."""

TITLES = Sayings(
    {
        Act.PROPOSE: "Propose an answer",
        Act.REPLY: "Send the reply",
        Act.INFORM: "Answer what the approvers asked",
        Act.DECIDE: "Decide",
        Act.SIGN: "Accept a promise, or offer another date",
        Act.KEEP: "Keep a promise",
        Act.ANSWER_NO: "Answer the commenter’s no to a promise",
        Act.SIGN_DATE: "Accept another date for a promise",
        Act.AGREE_DATE: "Decide on another date for a promise",
        Act.PROPOSE_MATTER: "Propose the one answer of a matter",
        Act.DECIDE_MATTER: "Decide a matter",
    }
)


class CalendarState(Value):
    """Whether there is a link that works, and since when."""

    made_at: Moment | None


class CalendarMade(Value):
    """A new link. The address is shown this once."""

    address: str
    made_at: Moment


# The feed. -----------------------------------------------------------------------------------


@router.api_route(
    "/calendar/{secret}.ics",
    methods=["GET", "HEAD"],
    include_in_schema=False,
    dependencies=[Depends(whoever_holds_the_link)],
)
async def feed(secret: str, request: Request, door: TheDoor) -> Response:
    """The deadlines of whoever made this link."""
    body = await door.read(lambda session: _feed(session, secret, door.settings.links))
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"private, max-age={SECONDS}"}
    known = request.headers.get("if-none-match", "")
    if tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="deadlines.ics"'
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")


def _feed(session: Session, secret: str, links: str) -> bytes:
    at = now()
    actor = feeds.reader(session, secret, at)
    chosen = roster.language_of(session, actor.id)
    language = texts.language(chosen) if chosen else None
    zone = ZoneInfo(roster.zone_of(session, actor.id))
    with texts.speaking(language or texts.english(), zone):
        return written(duties.duties(session, actor, at), links)


def written(found: list[Duty], links: str) -> bytes:
    """The deadlines as a calendar, in the language and zone that are spoken. The same deadlines
    give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", f"-//Answerable//Deadlines//{texts.spoken().tag.upper()}")
    calendar.add("version", "2.0")
    calendar.add("name", _("Answerable deadlines"))
    calendar.add("x-wr-calname", _("Answerable deadlines"))
    calendar.add("x-wr-timezone", texts.zone().key)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for duty in found:
        calendar.add_component(_event(duty, links))
    body: bytes = calendar.to_ical()
    return body


def _event(duty: Duty, links: str) -> Event:
    """One deadline: it ends when the thing is due. Programs show events of subscribed calendars
    and leave to-dos out."""
    event = Event()
    kind, _slash, case = duty.stream.partition("/")
    event.add("uid", f"{case}.{duty.act}@answerable")
    # Without METHOD this is the moment of the last revision (RFC 5545, 3.8.7.2).
    event.add("dtstamp", _second(duty.changed_at))
    event.add("last-modified", _second(duty.changed_at))
    event.add("sequence", duty.seq)
    event.add("dtstart", _second(duty.due_at) - LENGTH)
    event.add("dtend", _second(duty.due_at))
    event.add("summary", _title(duty))
    event.add("url", f"{links}/{kind}/{case}")
    event.add("description", f"{links}/{kind}/{case}")
    event.add("transp", "TRANSPARENT")
    return event


def _second(at: datetime) -> datetime:
    """The format knows no parts of a second."""
    return at.replace(microsecond=0)


def _title(duty: Duty) -> str:
    title = TITLES[duty.act]
    if duty.sentence is None:
        return title
    sentence = " ".join(duty.sentence.split())
    cut = sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 1].rstrip() + "…"
    return _("%(title)s: “%(sentence)s”", title=title, sentence=cut)


# The link. -----------------------------------------------------------------------------------


def _check_own(actor: Actor, person_id: str) -> None:
    if actor.id != person_id:
        raise Forbidden(
            "not_yours",
            "everybody makes the link to their own deadlines",
            f"let {person_id} make it",
        )


@router.get(f"{API}/people/{{person_id}}/calendar", tags=["people"])
async def calendar_state(person_id: Who, door: TheDoor, actor: Asking) -> CalendarState:
    """Whether there is a link to one's own deadlines. Its secret is shown by nothing."""
    _check_own(actor, person_id)
    return CalendarState(made_at=await door.read(lambda s: feeds.made_at(s, person_id)))


@router.post(f"{API}/people/{{person_id}}/calendar", tags=["people"])
async def make_calendar(person_id: Who, door: TheDoor, actor: Asking) -> CalendarMade:
    """Make the link to one's own deadlines; the one before ends."""
    _check_own(actor, person_id)
    return await make_link(door, person_id)


async def make_link(door: Door, person_id: str) -> CalendarMade:
    """The same for the page."""
    at = now()
    secret = await asyncio.to_thread(door.database.write, lambda s: feeds.make(s, person_id, at))
    return CalendarMade(address=f"{door.settings.links}/calendar/{secret}.ics", made_at=at)


@router.post(f"{API}/people/{{person_id}}/calendar/end", tags=["people"])
async def end_calendar(person_id: Who, door: TheDoor, actor: Asking) -> CalendarState:
    """End the link to one's own deadlines. Repeating it changes nothing."""
    _check_own(actor, person_id)
    await end_link(door, person_id)
    return CalendarState(made_at=None)


async def end_link(door: Door, person_id: str) -> None:
    """The same for the page."""
    await asyncio.to_thread(door.database.write, lambda s: feeds.end(s, person_id, now()))
