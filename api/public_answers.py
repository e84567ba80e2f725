"""The public ledger's answers for programs: JSON and an Atom feed of what we replied, and of
what we refused for which reason. As in ``api.public``, for anybody, without a token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup
from pydantic import Field

from api.caching import cached, etag_of
from api.commands import ULID
from api.public import (
    ERASED,
    NEWS,
    UNCHANGED,
    VERSION,
    Entry,
    Filter,
    Ledger,
    Place,
    PromiseDocument,
    TheLedger,
    feed_of,
    json_of,
    next_of,
    short,
    whoever_reads,
)
from domain.base import Value
from domain.escalation.stages import RefusalCode
from domain.policy import PublicRules
from store import public_answers as store
from store.public_ledger import house_id
from store.public_views import AnswerPage, AnswerTally, PublicAnswer, PublicAnswerEntry
from texts import stated

router = APIRouter(tags=["ledger"], dependencies=[Depends(whoever_reads)])

REFUSALS: dict[RefusalCode, str] = {
    RefusalCode.NOT_POSSIBLE: stated("It is not possible"),
    RefusalCode.NOT_ALLOWED: stated("We are not allowed to"),
    RefusalCode.TOO_COSTLY: stated("It costs too much"),
    RefusalCode.UNFAIR_TO_OTHERS: stated("It would be unfair to others"),
    RefusalCode.NOT_OURS: stated("It is not ours to do"),
    RefusalCode.DISAGREE: stated("We see it differently"),
}
"""What the codes of refusals say to people."""


class AnswerDocument(PublicAnswer):
    url: str
    """The page of this answer; its address stays."""


class AnswerEntryDocument(PublicAnswerEntry):
    version: Literal[1] = VERSION
    organisation: str | None
    url: str
    promised: tuple[PromiseDocument, ...]


class AnswersDocument(Value):
    """A page of the answers in the public ledger."""

    version: Literal[1] = VERSION
    organisation: str | None
    url: str
    next: str | None
    """The address of the next page."""
    tally: AnswerTally | None
    """On the first page of the list without filters."""
    items: tuple[AnswerDocument, ...]


def home_of(ledger: Ledger) -> str:
    return f"{ledger.home}/answers"


async def answer_of(ledger: Ledger, post: str) -> PublicAnswerEntry:
    """Raises Unknown, for what cannot be an id of ours as for what is not public."""
    if not ULID.fullmatch(post):
        raise store.nothing_there()
    return await ledger.door.read(lambda session: store.entry(session, ledger.rules, post))


# JSON. ---------------------------------------------------------------------------------------


@router.get("/ledger/answers.json", responses=UNCHANGED)
async def answers_json(
    request: Request,
    ledger: TheLedger,
    refusal: Annotated[
        str | None, Query(max_length=40, description="The code of a refusal, or 'any'.")
    ] = None,
    channel: Filter = None,
    month: Annotated[
        str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Of publication, in UTC.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
    cursor: Place = None,
) -> AnswersDocument:
    """Every reply that is out and public, the latest first, with what it decided."""
    wish = store.wanted(refusal, channel, month)
    is_front = wish == store.Wanted() and cursor is None

    def work(session: Any) -> tuple[AnswerPage, AnswerTally | None]:
        found = store.page(session, ledger.rules, wish, limit=limit, cursor=cursor)
        return found, store.tally(session) if is_front else None

    found, tally = await ledger.door.read(work)
    asked = {"refusal": wish.refusal, "channel": channel, "month": month, "limit": limit}
    document = AnswersDocument(
        organisation=ledger.rules.organisation,
        url=home_of(ledger),
        next=next_of(f"{home_of(ledger)}.json", asked, found.next_cursor),
        tally=tally,
        items=tuple(
            AnswerDocument(**item.model_dump(), url=ledger.answer_page(item.id))
            for item in found.items
        ),
    )
    turned = max((item.turned_at for item in found.items), default=ledger.policy_at)
    return json_of(request, document, max(turned, ledger.policy_at))  # type: ignore[return-value]


@router.get("/ledger/answers/{post}.json", responses=UNCHANGED)
async def answer_json(request: Request, ledger: TheLedger, post: str) -> AnswerEntryDocument:
    """One reply with what was published about it since, and the promises in it."""
    entry = await answer_of(ledger, post)
    document = AnswerEntryDocument(
        **entry.model_dump(exclude={"promised"}),
        organisation=ledger.rules.organisation,
        url=ledger.answer_page(entry.id),
        promised=tuple(
            PromiseDocument(**one.model_dump(), url=ledger.page_of(one.id))
            for one in entry.promised
        ),
    )
    turned = [entry.turned_at, *(one.turned_at for one in entry.promised)]
    modified = max(*turned, ledger.policy_at)
    return json_of(request, document, modified)  # type: ignore[return-value]


# The feed. -----------------------------------------------------------------------------------


@router.get("/ledger/answers.atom", include_in_schema=False)
async def answers_atom(request: Request, ledger: TheLedger) -> Response:
    """The replies that were published last."""

    def work(session: Any) -> tuple[str, tuple[PublicAnswer, ...]]:
        return house_id(session), store.latest(session, ledger.rules, NEWS)

    house, answers = await ledger.door.read(work)
    modified = max([ledger.policy_at, *(answer.turned_at for answer in answers)])
    told = [house, ledger.home, *(answer.model_dump(mode="json") for answer in answers)]

    def build() -> Response:
        about = (title_of(ledger.rules), "What was answered in public, refusals with reasons.")
        entries = [_entry(ledger, answer) for answer in answers]
        return feed_of(ledger, "/answers", f"answers/{house}", about, entries)

    etag = etag_of("answers", ledger.rules.model_dump(mode="json"), told)
    return cached(request, etag, build, modified=modified, is_dated=True, is_open=True)


def title_of(rules: PublicRules) -> str:
    return f"What {rules.organisation} answered" if rules.organisation else "What we answered"


def _entry(ledger: Ledger, answer: PublicAnswer) -> Entry:
    kind = "Refused" if answer.refusal else "Answered"
    return Entry(
        id=f"post/{answer.id}",
        title=f"{kind}: {short(answer.text or ERASED)}",
        url=ledger.answer_page(answer.id),
        summary=Markup().join(_summary(answer)),
        made_at=answer.at,
        turned_at=answer.turned_at,
        category=answer.refusal or answer.decision or "answered",
    )


def _summary(answer: PublicAnswer) -> Iterator[Markup]:
    """As HTML, with everything that somebody wrote escaped."""
    quote = Markup('<p dir="auto">{}</p>')
    yield quote.format(answer.text or ERASED)
    if answer.refusal:
        yield Markup("<p>Refused: {}.</p>").format(REFUSALS[answer.refusal])
    if answer.reason:
        yield quote.format(answer.reason)
    decided = f" Decided by {answer.decided_by}." if answer.decided_by else ""
    yield Markup("<p>Written by {}.{}{}</p>").format(answer.writer, decided, _since(answer))


def _since(answer: PublicAnswer) -> str:
    if answer.retracted_by:
        return " Taken back later."
    return " Corrected later." if answer.corrected_by else ""


for path, endpoint in (
    ("/ledger/answers.json", answers_json),
    ("/ledger/answers/{post}.json", answer_json),
    ("/ledger/answers.atom", answers_atom),
):
    router.add_api_route(
        path, endpoint, methods=["HEAD"], include_in_schema=False, response_model=None
    )
