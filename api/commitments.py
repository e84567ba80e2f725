"""The word on a promise that is not staff's: the commenter's, a reader's; and the figures.

A commenter answers in the thread, which a channel's service vouches for with its token, or by the
one private link that staff made. The secret of that link is all it takes; a GET decides nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlmodel import Session

from api.bodies.base import Body, Draft, Strict
from api.commands import Ask, IdempotencyKey, carry_out, check_key, stream_of
from api.deps import API, Door, Reader, TheDoor, anybody, only
from domain.base import Moment, Value
from domain.comments import Text
from domain.commitment import Commitment, WordSource
from domain.people import COMMENTER, Actor, Role
from store import commitments as store
from store import figures, words

router = APIRouter(prefix=API)

voucher = only(Role.SERVICE)
Voucher = Annotated[Actor, Depends(voucher)]
whoever_holds_the_link = anybody("the secret in the address is all that a commenter has")


class WordBody(Strict):
    """Whether the promise is kept, as somebody in the thread says."""

    is_kept: bool = Field(strict=True)
    handle: Text = Field(
        max_length=200,
        description="The author's handle as the channel knows it. The author of the comment has "
        "the last word; anybody else is a reader and is counted apart.",
    )


class Word(Body):
    """The same, once it is known who says it."""

    is_kept: bool
    source: WordSource
    link: str | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        return self.model_dump(exclude={"expected_seq"})


class LinkWord(Strict):
    is_kept: bool = Field(strict=True)


class WordTaken(Value):
    """What became of somebody's word."""

    source: WordSource
    stage: str
    repeated: bool


@router.post("/commitments/{entity_id}/word", tags=["commitments"])
async def give_word(
    entity_id: str,
    request: Request,
    door: TheDoor,
    actor: Voucher,
    body: WordBody,
    idempotency_key: IdempotencyKey = None,
) -> WordTaken:
    """Bring what somebody in the thread says about a promise that is reported kept."""
    stream = stream_of("commitment", entity_id)
    key = check_key(request, idempotency_key)
    is_theirs = await door.read(lambda s: store.is_author(s, stream, body.handle))
    source = WordSource.SAME_ACCOUNT if is_theirs else WordSource.READER
    word = Word(is_kept=body.is_kept, source=source)
    return await _take(door, Ask(stream, "word", actor, word, key), source)


@router.post(
    "/words/{secret}", tags=["commitments"], dependencies=[Depends(whoever_holds_the_link)]
)
async def give_word_by_link(secret: str, door: TheDoor, body: LinkWord) -> WordTaken:
    """Say, as whoever holds the private link, whether the promise is kept. Answers once."""
    return await take_link_word(door, secret, body)


async def take_link_word(door: Door, secret: str, body: LinkWord) -> WordTaken:
    """The same for the page behind the link. Raises Unknown for a link that answers no more."""
    stream, digest = await door.read(lambda s: store.by_link(s, secret))
    source = WordSource.PRIVATE_LINK
    word = Word(is_kept=body.is_kept, source=source, link=digest)
    return await _take(door, Ask(stream, "word", COMMENTER, word, digest), source)


async def take_reader_word(door: Door, commitment_id: str, body: LinkWord) -> WordTaken:
    """The word of somebody who reads the public ledger: counted apart, and without any effect."""
    stream = stream_of("commitment", commitment_id)
    word = Word(is_kept=body.is_kept, source=WordSource.READER)
    ask = Ask(stream, "word", COMMENTER, word, words.new_id())
    return await _take(door, ask, WordSource.READER)


async def _take(door: Door, ask: Ask, source: WordSource) -> WordTaken:
    outcome = await carry_out(door, ask)

    def look(session: Session) -> Commitment:
        return store.state_of(session, ask.stream)

    state = await door.read(look)
    return WordTaken(source=source, stage=state.stage, repeated=outcome.is_repeat)


@router.get("/figures/commitments", tags=["commitments"])
async def commitment_figures(
    door: TheDoor,
    actor: Reader,
    by: figures.By = figures.By.TEAM,
    team: Annotated[Text, Field(max_length=40)] | None = None,
    since: Annotated[
        Moment | None, Query(description="Promises that are due from this moment on.")
    ] = None,
    until: Annotated[Moment | None, Query(description="And before this one.")] = None,
) -> figures.CommitmentFiguresPage:
    """How our promises went: kept, renegotiated, late, broken, withdrawn; nobody is exempt."""
    start: datetime | None = since
    return await door.read(
        lambda session: figures.commitments(
            session, actor, by=by, team=team, since=start, until=until
        )
    )
