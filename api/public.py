"""The public ledger for programs: JSON and an Atom feed, for anybody, without a token.

``version`` is that of the shape: within version 1 fields are only added. What may be shown is
decided where it is fetched, in ``store.public_ledger``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from feedgenerator import Atom1Feed
from markupsafe import Markup
from pydantic import Field

import texts
from api.caching import cached, etag_of
from api.commands import ULID
from api.deps import Door, TheDoor, anybody, now
from domain.base import Value
from domain.commitment import Standing
from domain.errors import Unknown
from domain.policy import PublicRules
from store import public_answers
from store import public_ledger as store
from store.public_views import (
    LedgerFigures,
    LedgerOverview,
    PublicEntry,
    PublicPromise,
    StepTimes,
)
from texts import stated

VERSION: Literal[1] = 1

OVERVIEW_SECONDS = 10.0
"""How old the front page may be: its figures count everything there is."""

STEPS_SECONDS = 300.0
"""How old the time of each step may be: it is told of whole days, and counts every move in them."""

NEWS = 50
"""Promises in the feed: those that turned last."""

TITLE = 160
"""Characters of a promise that a title has; the sentence itself stands whole below it."""

STATES: dict[Standing, str] = {
    Standing.OPEN: stated("Open"),
    Standing.BROKEN: stated("Broken"),
    Standing.KEPT: stated("Kept"),
    Standing.RENEGOTIATED: stated("Kept by a new date"),
    Standing.KEPT_LATE: stated("Kept late"),
    Standing.WITHDRAWN: stated("Withdrawn"),
}

ERASED = "These words have been erased."


async def in_house_time(door: TheDoor) -> None:
    """Public pages tell the time of the house: a promise for the end of a day is for that of the
    people who made it, wherever it is read."""
    texts.speak(None, ZoneInfo((await door.policy()).policy.zone))


whoever_reads = anybody("the ledger is for everybody; what is not public is never read for it")
router = APIRouter(tags=["ledger"], dependencies=[Depends(whoever_reads)])

Filter = Annotated[str | None, Query(max_length=40)]
Place = Annotated[str | None, Query(max_length=500)]


class PromiseDocument(PublicPromise):
    url: str
    """The page of this promise; its address stays."""


class EntryDocument(PublicEntry):
    version: Literal[1] = VERSION
    organisation: str | None
    url: str


class LedgerDocument(Value):
    """A page of the public ledger."""

    version: Literal[1] = VERSION
    organisation: str | None
    url: str
    next: str | None
    """The address of the next page."""
    figures: LedgerFigures | None
    """On the first page of the list without filters."""
    items: tuple[PromiseDocument, ...]


@dataclass(frozen=True)
class Ledger:
    """The ledger as it is open now: its rules, and where its pages are."""

    door: Door
    rules: PublicRules
    policy_at: datetime
    channels: tuple[str, ...]

    @property
    def home(self) -> str:
        return f"{self.door.settings.links}/ledger"

    def page_of(self, promise: str) -> str:
        return f"{self.home}/{promise}"

    def answer_page(self, post: str) -> str:
        return f"{self.home}/answers/{post}"


async def the_ledger(door: TheDoor) -> Ledger:
    """Raises Unknown where the policy keeps none."""
    in_force = await door.policy()
    if not in_force.policy.public.ledger:
        raise Unknown(
            "no_ledger",
            "no public ledger is kept here",
            "ask whoever runs this service; promises stand where they were published",
        )
    return Ledger(door, in_force.policy.public, in_force.at, tuple(in_force.policy.channels))


TheLedger = Annotated[Ledger, Depends(the_ledger)]


async def overview_of(ledger: Ledger) -> LedgerOverview:
    """The front page, at most a few seconds old."""
    door = ledger.door
    key = ("ledger", ledger.rules.model_dump_json())
    async with door.fresh.making:
        known = door.fresh.find(key, OVERVIEW_SECONDS)
        if isinstance(known, LedgerOverview):
            return known
        steps = await _steps(door)
        found = await door.read(lambda session: store.overview(session, ledger.rules, now(), steps))
        door.fresh.keep(key, found)
        return found


async def _steps(door: Door) -> StepTimes:
    known = door.fresh.find("steps", STEPS_SECONDS)
    if isinstance(known, StepTimes):
        return known
    found = await door.read(lambda session: public_answers.steps(session, now()))
    door.fresh.keep("steps", found)
    return found


async def entry_of(ledger: Ledger, promise: str) -> PublicEntry:
    """Raises Unknown, for what cannot be an id of ours as for what is not public."""
    if not ULID.fullmatch(promise):
        raise store.nothing_there()
    return await ledger.door.read(lambda session: store.entry(session, ledger.rules, promise))


# JSON. ---------------------------------------------------------------------------------------


UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "As you have it."}}


@router.get("/ledger.json", responses=UNCHANGED)
async def ledger_json(
    request: Request,
    ledger: TheLedger,
    state: Annotated[Standing | None, Query()] = None,
    channel: Filter = None,
    month: Annotated[
        str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Of the date that counts.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
    cursor: Place = None,
) -> LedgerDocument:
    """Every public promise: what was promised until when, and what became of it."""
    wish = store.wanted(state, channel, month)
    found = await ledger.door.read(
        lambda session: store.page(session, ledger.rules, wish, limit=limit, cursor=cursor)
    )
    is_front = wish == store.Wanted() and cursor is None
    asked = {"state": wish.state, "channel": wish.channel, "month": wish.month, "limit": limit}
    document = LedgerDocument(
        organisation=ledger.rules.organisation,
        url=ledger.home,
        next=next_of(f"{ledger.home}.json", asked, found.next_cursor),
        figures=(await overview_of(ledger)).figures if is_front else None,
        items=tuple(
            PromiseDocument(**item.model_dump(), url=ledger.page_of(item.id))
            for item in found.items
        ),
    )
    turned = max((item.turned_at for item in found.items), default=ledger.policy_at)
    return json_of(request, document, max(turned, ledger.policy_at))  # type: ignore[return-value]


def next_of(list_: str, asked: dict[str, Any], cursor: str | None) -> str | None:
    """The address of the next page of a list."""
    if cursor is None:
        return None
    query = {name: value for name, value in asked.items() if value} | {"cursor": cursor}
    return f"{list_}?{urlencode(query)}"


@router.get("/ledger/{promise}.json", responses=UNCHANGED)
async def entry_json(request: Request, ledger: TheLedger, promise: str) -> EntryDocument:
    """One promise with everything that the public may read about it."""
    entry = await entry_of(ledger, promise)
    document = EntryDocument(
        **entry.model_dump(),
        organisation=ledger.rules.organisation,
        url=ledger.page_of(entry.id),
    )
    modified = max(entry.turned_at, ledger.policy_at)
    return json_of(request, document, modified)  # type: ignore[return-value]


def json_of(request: Request, document: Value, modified: datetime) -> Response:
    body = document.model_dump_json()

    def build() -> Response:
        return Response(body, media_type="application/json")

    return cached(request, etag_of("json", body), build, modified=modified, is_open=True)


# The feed. -----------------------------------------------------------------------------------

TAG = "tag:answerable,2026:"
"""What ids in the feed begin with (RFC 4151). They name no host: the same promise keeps its id
wherever the ledger moves, and ids of promises are unique in the world."""

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


class _Feed(Atom1Feed):  # type: ignore[misc]
    """Without entries it is as old as the policy that opened it, not as the moment it is read."""

    def latest_post_date(self) -> datetime:
        moments = [item["updateddate"] for item in self.items]
        newest: datetime = max(moments, default=self.feed["opened_at"])
        return newest


@dataclass(frozen=True)
class Entry:
    """One entry of a feed; ``title`` is text, ``summary`` HTML."""

    id: str
    title: str
    url: str
    summary: str
    made_at: datetime
    turned_at: datetime
    category: str


def feed_of(ledger: Ledger, name: str, guid: str, about: tuple[str, str], entries: Any) -> Response:
    """An Atom feed (RFC 4287) under ``/ledger``; ``about`` is its title and what it tells of."""
    title, description = about
    feed = _Feed(
        title=_xml(title),
        link=f"{ledger.home}{name}",
        description=description,
        language="en",
        author_name=_xml(ledger.rules.organisation or "Answerable"),
        feed_url=f"{ledger.home}{name}.atom",
        feed_guid=f"{TAG}{guid}",
        opened_at=ledger.policy_at,
    )
    for entry in entries:
        feed.add_item(
            title=_xml(entry.title),
            link=entry.url,
            description=_xml(entry.summary),
            unique_id=f"{TAG}{entry.id}",
            pubdate=entry.made_at,
            updateddate=entry.turned_at,
            categories=(entry.category,),
        )
    return Response(feed.writeString("utf-8"), media_type="application/atom+xml")


@router.get("/ledger.atom", include_in_schema=False)
async def ledger_atom(request: Request, ledger: TheLedger) -> Response:
    """The promises that turned last, each once, with the moment at which it did."""

    def work(session: Any) -> tuple[str, tuple[PublicPromise, ...]]:
        return store.house_id(session), store.latest(session, ledger.rules, NEWS)

    house, promises = await ledger.door.read(work)
    modified = max([ledger.policy_at, *(promise.turned_at for promise in promises)])
    told = [house, ledger.home, *(promise.model_dump(mode="json") for promise in promises)]

    def build() -> Response:
        about = (title_of(ledger.rules), "What was promised in public, and what became of it.")
        entries = [_entry(ledger, promise) for promise in promises]
        return feed_of(ledger, "", f"ledger/{house}", about, entries)

    etag = etag_of("atom", ledger.rules.model_dump(mode="json"), told)
    return cached(request, etag, build, modified=modified, is_dated=True, is_open=True)


def _entry(ledger: Ledger, promise: PublicPromise) -> Entry:
    return Entry(
        id=f"commitment/{promise.id}",
        title=f"{_state(promise)}: {short(promise.sentence or ERASED)}",
        url=ledger.page_of(promise.id),
        summary=_summary(promise),
        made_at=promise.made_at,
        turned_at=promise.turned_at,
        category=promise.state,
    )


def title_of(rules: PublicRules) -> str:
    return f"What {rules.organisation} promised" if rules.organisation else "What we promised"


def short(sentence: str) -> str:
    line = " ".join(sentence.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1].rstrip()}…"


def _state(promise: PublicPromise) -> str:
    is_denied = promise.commenter_says == "not_kept"
    return STATES[promise.state] + (", the commenter says not kept" if is_denied else "")


_SUMMARY = Markup(
    '<p dir="auto">{sentence}</p>'
    "<p>{state}. Promised for {first}{now}. Accountable: {who}.{said}</p>"
)


def _summary(promise: PublicPromise) -> str:
    """As HTML, with everything that somebody wrote escaped."""
    is_moved = promise.due_at != promise.first_due_at
    return _SUMMARY.format(
        sentence=promise.sentence or ERASED,
        state=STATES[promise.state],
        first=f"{promise.first_due_at:%Y-%m-%d %H:%M} UTC",
        now=f", moved to {promise.due_at:%Y-%m-%d %H:%M} UTC" if is_moved else "",
        who=promise.accountable,
        said="".join(_said(promise)),
    )


def _said(promise: PublicPromise) -> Iterator[str]:
    """What else there is to know of it: each side's word, and whether its date ever passed."""
    if promise.company_says:
        yield " We say: kept."
    if promise.commenter_says:
        yield f" The commenter says: {promise.commenter_says.replace('_', ' ')}."
    if promise.was_broken and promise.state is not Standing.BROKEN:
        yield " A date of it passed unkept."


def _xml(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)


for path, endpoint in (
    ("/ledger.json", ledger_json),
    ("/ledger/{promise}.json", entry_json),
    ("/ledger.atom", ledger_atom),
):
    router.add_api_route(
        path, endpoint, methods=["HEAD"], include_in_schema=False, response_model=None
    )
