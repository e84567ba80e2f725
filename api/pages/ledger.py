"""The public ledger as pages: without sign-in, without a cookie, fit to be kept by any cache.

A page is made from the public values and nothing else. Distances in time stand in it as text that
is part of its tag, so that a kept page never tells a wrong one for longer than it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sqlmodel import Session

import texts
from api.caching import MAX_AGE, cached, etag_of
from api.commitments import LinkWord, take_reader_word
from api.deps import TheDoor, now
from api.pages import render, times
from api.pages.figures import OWED_BY
from api.pages.figures import STEPS as STEP_NAMES
from api.pages.labels import DISMISS_CODES, REFUSAL_CODES
from api.pages.security import check_origin
from api.public import (
    STATES,
    Ledger,
    TheLedger,
    entry_of,
    in_house_time,
    overview_of,
    whoever_reads,
)
from domain.base import Value
from domain.commitment import Standing
from domain.errors import Conflict
from store import public_ledger as store
from store.public_views import (
    PostRole,
    PublicAnswer,
    PublicPromise,
    PublicStep,
    StepKind,
    StepTime,
    Tally,
    Waited,
    Waiting,
)
from texts import Sayings, numbers, upfirst
from texts import gettext as _

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(whoever_reads), Depends(in_house_time)]
)

ROWS = 50

OWED = (Standing.OPEN, Standing.BROKEN)

DEFINITIONS = Sayings(
    {
        Standing.OPEN: "It is not settled yet, and it is not broken.",
        Standing.BROKEN: "Its date has passed, and it is neither kept nor withdrawn.",
        Standing.KEPT: "It was reported kept by the first date that was given.",
        Standing.RENEGOTIATED: "It was reported kept by a later date, which was made public "
        "before the earlier one had passed. The first date stays visible.",
        Standing.KEPT_LATE: "It was kept after it was broken. It stays late.",
        Standing.WITHDRAWN: "It was taken back, before or after its date.",
    }
)

ROLES = Sayings(
    {
        PostRole.PROMISED: "The reply that promised it",
        PostRole.PROGRESS: "How it is going",
        PostRole.NEW_DATE: "The words that gave another date",
        PostRole.KEPT: "The words that say it is kept",
        PostRole.WITHDRAWN: "Why it was withdrawn",
        PostRole.CORRECTION: "A correction of earlier words",
        PostRole.RETRACTION: "Earlier words are taken back",
    }
)

SAID = Sayings(
    {
        PostRole.PROGRESS: "We said how it is going.",
        PostRole.WITHDRAWN: "We said in public why it was withdrawn.",
        PostRole.CORRECTION: "We corrected what we had published.",
        PostRole.RETRACTION: "We took back what we had published.",
    }
)

STEPS = Sayings(
    {
        StepKind.MADE: "Promised in public, for %(due)s.",
        StepKind.MOVED: "Moved to %(due)s, which was public before the earlier date had passed.",
        StepKind.BROKEN: "Broken: %(due)s passed, and it was not kept.",
        StepKind.REPORTED: "We said in public that it is kept. Whoever it was promised to "
        "was asked.",
        StepKind.CONFIRMED: "Whoever it was promised to says that it is kept.",
        StepKind.DENIED: "Whoever it was promised to says that it is not kept.",
        StepKind.UPHELD: "%(by)s stands by it: it is kept. Both words stay on record.",
        StepKind.REOPENED: "%(by)s agrees with the commenter: it is still owed.",
        StepKind.WITHDRAWN: "%(by)s withdrew it.",
    }
)

KEPT = Sayings(
    {
        "confirmed": "Recorded as kept, as the commenter confirms.",
        "silence": "Recorded as kept. The commenter was asked and said nothing.",
        "upheld": "Recorded as kept by us. The commenter says that it is not.",
        "unasked": "Recorded as kept.",
        None: "Recorded as kept.",
    }
)

LATE = Sayings(
    {
        "confirmed": "Recorded as kept, but late, as the commenter confirms.",
        "silence": "Recorded as kept, but late. The commenter was asked and said nothing.",
        "upheld": "Recorded as kept late by us. The commenter says that it is not.",
        "unasked": "Recorded as kept, but late.",
        None: "Recorded as kept, but late.",
    }
)

ENDINGS = Sayings(
    {
        "answered_outside": "answered on the channel itself",
        "dismissed": "dismissed as needing no answer",
        "merged": "joined with another of the same person",
        "moved_to_private": "continued in private",
        "withdrawn": "taken back by their author",
    }
)


def told(step: PublicStep) -> str:
    """What happened, as a whole sentence."""
    match step.kind:
        case StepKind.KEPT:
            return (LATE if step.is_late else KEPT)[step.how]
        case StepKind.SAID:
            return SAID[step.role or PostRole.PROGRESS]
        case kind:
            by = step.by or _("Our team")
            due = times.absolute(step.due_at) if step.due_at else ""
            return STEPS[kind] % {"by": upfirst(by), "due": due}


# Pages. --------------------------------------------------------------------------------------


@router.get("/ledger")
async def front(request: Request, ledger: TheLedger) -> Response:
    """What is broken, what is open, how it went, how long people wait."""
    view = await overview_of(ledger)
    owed = distances((*view.broken, *view.open, *view.latest))
    figures = view.figures
    waits = {
        "now": waiting(figures.waiting),
        "before": {str(window.days): waited(window) for window in figures.waited},
    }
    context = {
        "view": view,
        "owed": owed,
        "waits": waits,
        "shares": {
            state: numbers.percent(part, 100) for state, part in shares(figures.promises).items()
        },
        "steps": STEP_NAMES,
        "seats": OWED_BY,
        "dismissals": DISMISS_CODES,
        "times": {one.step: step_times(one) for one in figures.steps.items},
    }
    return page_of(request, ledger, "ledger.html", view, context, [owed, waits])


@router.get("/ledger/all")
async def everything(
    request: Request,
    ledger: TheLedger,
    state: Annotated[str, Query(max_length=40)] = "",
    channel: Annotated[str, Query(max_length=40)] = "",
    month: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Every promise, by what the address asks for."""
    wish = store.wanted(state, channel, month)

    def work(session: Session) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
        found = store.page(session, ledger.rules, wish, limit=ROWS, cursor=cursor or None)
        known = store.channels(session, ledger.channels)
        return found, known, store.months(session)

    found, channels, months = await ledger.door.read(work)
    owed = distances(found.items)
    context = {
        "view": found,
        "wish": wish,
        "channels": channels,
        "months": months,
        "owed": owed,
        "is_first": not cursor,
    }
    asked = [state, channel, month, cursor, channels, months, owed]
    return page_of(request, ledger, "ledger_list.html", found, context, asked)


@router.get("/ledger/{promise}")
async def one(
    request: Request,
    ledger: TheLedger,
    promise: str,
    said: Annotated[str, Query(max_length=3)] = "",
) -> Response:
    """One promise. The address stays, whatever becomes of it."""
    view = await entry_of(ledger, promise)
    owed = distances((view,))
    context = {
        "view": view,
        "owed": owed,
        "told": told,
        "post_roles": ROLES,
        "is_counted": said == "yes",
    }
    return page_of(request, ledger, "ledger_promise.html", view, context, [owed, said])


@router.post("/ledger/{promise}")
async def say(
    request: Request,
    ledger: TheLedger,
    promise: str,
    kept: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """A reader says whether it was kept: counted apart. It is sent to the address of the page, so
    that a browser throws away the one that it has kept."""
    door = ledger.door
    check_origin(request, door.settings)
    view = await entry_of(ledger, promise)
    if kept not in ("yes", "no"):
        return render.see_other(f"/ledger/{view.id}")
    if not view.is_asking:
        raise Conflict(
            "nobody_is_asked",
            "readers are asked while the commenter is, and no longer",
            "look at the promise again; what was counted stands there",
        )
    door.readers.admit(view.id, request.client.host if request.client else "")
    await take_reader_word(door, view.id, LinkWord(is_kept=kept == "yes"))
    return render.see_other(f"/ledger/{view.id}?said=yes")


def page_of(
    request: Request,
    ledger: Ledger,
    template: str,
    view: Value,
    context: Mapping[str, Any],
    seen: Iterable[Any],
) -> Response:
    """A page of the ledger, or 304. ``seen`` is what it shows beside its view."""
    rules = ledger.rules.model_dump(mode="json")
    locale, zone = str(texts.spoken().locale), texts.zone().key
    etag = etag_of(template, locale, zone, view.model_dump_json(), rules, ledger.home, *seen)

    def build() -> Response:
        return render.page(
            template,
            title=_title(ledger),
            organisation=ledger.rules.organisation,
            has_ledger=True,
            home=ledger.home,
            states=Sayings(STATES),
            definitions=DEFINITIONS,
            endings=ENDINGS,
            refusals=REFUSAL_CODES,
            answered_after=answered_after,
            **context,
        )

    return cached(request, etag, build, more=render.spoken_in())


def _title(ledger: Ledger) -> str:
    """What ``title_of`` says to programs, in the language of the reader."""
    organisation = ledger.rules.organisation
    if not organisation:
        return _("What we promised")
    return _("What %(organisation)s promised", organisation=organisation)


# Distances, as text. -------------------------------------------------------------------------


def distances(promises: Iterable[PublicPromise]) -> dict[str, str]:
    """How far away the date is of each promise that is still owed, by its id. What we say is kept
    waits for the commenter's word, not for its date."""
    at = now()
    return {one.id: _due(one, at) for one in promises if one.state in OWED and not _is_said(one)}


def _is_said(promise: PublicPromise) -> bool:
    return promise.state is Standing.OPEN and promise.company_says is not None


def _due(promise: PublicPromise, at: datetime) -> str:
    """Late is only what is broken: what has been reported in time may still be on its way."""
    if promise.state is Standing.OPEN and promise.due_at < at:
        return _("its date has passed")
    return times.due(promise.due_at, at)


def waiting(found: Waiting) -> dict[str, str]:
    at, since = now(), {"half": found.median_since, "longest": found.longest_since}
    return {name: _distance(moment, at) for name, moment in since.items() if moment}


def _distance(since: datetime, at: datetime) -> str:
    return times.span((at - since).total_seconds())


def waited(found: Waited) -> dict[str, str]:
    known = {"half": found.median_seconds, "longest": found.longest_seconds}
    return {name: times.span(seconds) for name, seconds in known.items() if seconds is not None}


def step_times(found: StepTime) -> dict[str, str]:
    known = {"half": found.half_minutes, "nine": found.nine_tenths_minutes}
    return {name: times.span(60 * took) for name, took in known.items() if took is not None}


def answered_after(found: PublicAnswer) -> str | None:
    """How long its commenter waited for it; None where it was not the first answer."""
    return None if found.waited_seconds is None else times.span(found.waited_seconds)


def shares(tally: Tally) -> dict[str, int]:
    """Of a hundred promises that are settled or broken, how many stand how; none, if there are
    none. What is still open says nothing about whether promises are kept."""
    counts = {state: getattr(tally, state) for state in Standing if state is not Standing.OPEN}
    whole = sum(counts.values())
    if not whole:
        return {}
    found: dict[str, int] = {state: 100 * n // whole for state, n in counts.items()}
    # The largest remainders make up for what is cut off, so that they are a hundred together.
    by_rest = sorted(counts, key=lambda state: -(100 * counts[state] % whole))
    for state in by_rest[: 100 - sum(found.values())]:
        found[state] += 1
    return found


# Robots. -------------------------------------------------------------------------------------


@router.get("/robots.txt")
async def robots(door: TheDoor) -> Response:
    """Search engines may read the ledger and nothing else."""
    rules = (await door.policy()).policy.public
    allowed = "Allow: /ledger\nAllow: /static/\n" if rules.ledger else ""
    headers = {"Cache-Control": f"public, max-age={MAX_AGE}"}
    return PlainTextResponse(f"User-agent: *\n{allowed}Disallow: /\n", headers=headers)


for path, endpoint in (
    ("/ledger", front),
    ("/ledger/all", everything),
    ("/ledger/{promise}", one),
    ("/robots.txt", robots),
):
    router.add_api_route(path, endpoint, methods=["HEAD"], response_model=None)
