"""Matters: opening them, bringing escalations together, reading how far the answer has come.

Commands to a matter itself go the way of all commands, see ``api.commands``.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import insert
from sqlmodel import Session

from api.bodies.base import Strict, check_length
from api.cases import Cursor, HistoryLimit, Limit, Word
from api.commands import (
    MARGIN,
    ULID,
    Commander,
    IdempotencyKey,
    MatterDone,
    check_key,
    stream_of,
    until_known,
)
from api.deps import API, Door, Reader, TheDoor, now
from domain.base import Value, Words
from domain.comments import Line, Text
from domain.entity import may
from domain.errors import AnswerableError, Invalid, Refused
from domain.ledger import RULES, Batch
from domain.matter import MATTER, Matter, OpenMatter, ulid_of
from domain.messages import Request as Message
from domain.messages import Start, opening
from domain.people import Actor
from domain.policy import terms_for
from intake import entities
from intake.entities import OutcomeUnknown
from language import sameness
from store import details, history, matters, tables, words
from store.policies import InForce
from store.views import (
    HistoryPage,
    MatterDetail,
    MatterPage,
    MemberPage,
    SuggestionPage,
)

router = APIRouter(prefix=API, tags=["matters"])

MOST = 1_000
"""Escalations in one request, as many as comments."""

AT_ONCE = 16
"""Of those under way at the same time, as for the hand-over."""

COMPARED = 2_000
"""Open escalations, and members, whose texts are compared."""

LIKE = 5
"""Members that stand for what a matter is about, beside its title."""

SUGGESTED = 500
"""Suggestions kept of one look, the likeliest."""


# Opening one. ---------------------------------------------------------------------------------


class MatterBody(Strict):
    title: Line
    team: Annotated[Text, Field(max_length=40)]


@router.post("/matters", responses={202: {"model": MatterDone, "description": "Not yet recorded."}})
async def open_matter(
    body: MatterBody,
    request: Request,
    response: Response,
    door: TheDoor,
    actor: Commander,
    idempotency_key: IdempotencyKey = None,
) -> MatterDone:
    """Open a matter, to which escalations about the same thing are then brought."""
    key = check_key(request, idempotency_key)
    response.headers["Idempotency-Key"] = key
    begun = await begin(door, actor, body, key)
    response.status_code = 200 if begun.is_recorded else 202
    return await door.read(lambda s: _opened(s, begun))


@dataclass(frozen=True)
class Begun:
    """A matter that is open, and whether the ledger has it already."""

    id: str
    is_recorded: bool
    is_repeat: bool


async def begin(door: Door, actor: Actor, body: MatterBody, key: str) -> Begun:
    """Open a matter once, however often it is asked for with this key. Raises Invalid for a team
    that there is not, Forbidden for one that is not the actor's, and what all commands raise."""
    in_force = await door.policy()
    if body.team not in in_force.policy.teams:
        known = ", ".join(sorted(in_force.policy.teams))
        raise Invalid(
            "unknown_team", f"there is no team '{body.team}'", f"use one of: {known}", field="team"
        )
    check_length(body.title, door.settings.max_text, "title", "shorten it")
    digest = hmac.new(key.encode(), body.model_dump_json().encode(), hashlib.sha256).hexdigest()
    matter_id, known_as = await door.read(lambda s: _named(s, actor, key))
    is_recorded = None
    if known_as is None:
        is_recorded = await _open(door, actor, matter_id, body, in_force, key, digest)
    if is_recorded is None:
        _, known_as = await door.read(lambda s: _named(s, actor, key))
        _check_same(known_as, digest)
    begun = Begun(matter_id, is_recorded is not False, is_repeat=is_recorded is None)
    if not begun.is_recorded:
        await until_known(door, f"matter/{matter_id}")
    return begun


def _check_same(known_as: str | None, digest: str) -> None:
    if known_as is None:
        raise OutcomeUnknown("it is being opened and is not there yet")
    if known_as != digest:
        raise Invalid(
            "key_reused",
            "this Idempotency-Key was used for another matter",
            "use a new key for a new matter",
            field="Idempotency-Key",
        )


def _named(session: Session, actor: Actor, key: str) -> tuple[str, str | None]:
    """The id that this person's key names, and the digest of what it opened before.

    The same key names the same matter within a day, also for two requests at the same moment.
    """
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    names = [ulid_of("matter", actor.id, key, at=day) for day in (today, today - timedelta(days=1))]
    for name in names:
        if session.get(tables.Snapshot, f"matter/{name}") is not None:
            state: Matter = details.state_of(session, f"matter/{name}")
            return name, state.request
    return names[0], None


async def _open(
    door: Door,
    actor: Actor,
    matter_id: str,
    body: MatterBody,
    in_force: InForce,
    key: str,
    digest: str,
) -> bool | None:
    """Start it and record it; whether the ledger has it already. None where another request has
    opened it."""
    at = now()
    title = words.new_row(body.title, "title", at)
    command = OpenMatter(
        id=matter_id,
        team=body.team,
        title=Words(id=title["id"], digest=title["digest"]),
        terms=terms_for(in_force.policy, in_force.version, body.team, None, at),
        request=digest,
        rules=RULES,
    )
    message = Start(
        kind="matter",
        command=command.model_dump(mode="json"),
        actor=actor,
        at=at,
        key=hashlib.sha256(f"{actor.id}|{matter_id}|open|{key}".encode()).hexdigest(),
        request=digest,
    )
    state, facts = opening(message)
    await door.feel_pulse()
    await asyncio.to_thread(
        door.database.write, lambda session: session.execute(insert(tables.Words), [title])
    )
    if not await entities.start(door.client, state.stream, message, f"matter of {body.team}"):
        # The same request, a moment earlier: it records what it has opened, and only that is true.
        await until_known(door, state.stream)
        return None
    batch = Batch(stream=state.stream, kind=message.kind, epoch=message.epoch, facts=facts)
    return await entities.try_to_record(door.database, batch)


def _opened(session: Session, begun: Begun) -> MatterDone:
    row = session.get(tables.Matter, begun.id)
    if row is None:
        raise OutcomeUnknown("it is open, and the ledger does not have it yet")
    item = matters.matter_items(session, [row], now())[0]
    return MatterDone(
        id=begun.id,
        seq=item.seq,
        stage=item.stage,
        recorded=begun.is_recorded,
        repeated=begun.is_repeat,
        matter=item,
    )


# Bringing escalations together. ---------------------------------------------------------------

Id = Annotated[str, Field(pattern=ULID.pattern, min_length=26, max_length=26)]


class Chosen(Strict):
    escalation_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST)]


class Leaving(Chosen):
    reason: Text = Field(description="Why these are different.")


class Put(Value):
    """What became of one of the escalations. ``code`` and ``message`` say why nothing did."""

    escalation_id: str
    result: Literal["joined", "left", "already", "refused", "later"]
    """``later``: the time of this request was over. Sending the same again goes on."""
    code: str | None = None
    message: str | None = None


class PutMany(Value):
    results: tuple[Put, ...]
    done: int
    """How many are now as was asked for."""
    later: int
    """How many have not been asked yet: send the same again."""


Send = Callable[[str], Awaitable[Put]]


@router.post("/matters/{entity_id}/members")
async def join_members(entity_id: str, body: Chosen, door: TheDoor, actor: Commander) -> PutMany:
    """Have many escalations answered together. Each is asked by itself, and one that may not join
    stops no other. Sending the same again changes nothing.

    Suggestions among them are thereby confirmed."""
    stream_of("matter", entity_id)
    ids = list(dict.fromkeys(body.escalation_ids))
    states = await door.read(lambda s: _check_and_look(s, entity_id, ids))

    async def join(escalation_id: str) -> Put:
        if states.get(escalation_id) in ("joined", "served", "apart"):
            return Put(escalation_id=escalation_id, result="already")
        command = {"act": "join_matter", "matter_id": entity_id}
        return await _ask(door, actor, escalation_id, command, "joined")

    put = await _each(door, ids, join)
    confirmed = [p.escalation_id for p in put.results if p.result in _DONE]
    await _judge(door, actor, entity_id, confirmed, matters.CONFIRMED)
    return put


@router.post("/matters/{entity_id}/members/leave")
async def leave_members(entity_id: str, body: Leaving, door: TheDoor, actor: Commander) -> PutMany:
    """Have escalations answered by themselves after all; their own clocks begin afresh."""
    stream_of("matter", entity_id)
    check_length(body.reason, door.settings.max_text, "reason", "shorten it")
    ids = list(dict.fromkeys(body.escalation_ids))
    states = await door.read(lambda s: _look(s, entity_id, ids))
    at = now()
    leaving = [i for i in ids if states.get(i) == "joined"]
    # Each has its own row: what one case is asked to forget, another may have to keep.
    rows = {i: words.new_row(body.reason, "reason", at) for i in leaving}
    if rows:
        await asyncio.to_thread(
            door.database.write,
            lambda session: session.execute(insert(tables.Words), list(rows.values())),
        )

    async def leave(escalation_id: str) -> Put:
        if escalation_id not in rows:
            return _not_a_member(escalation_id, states.get(escalation_id))
        row = rows[escalation_id]
        reason = {"id": row["id"], "digest": row["digest"]}
        command = {"act": "leave_matter", "reason": reason}
        return await _ask(door, actor, escalation_id, command, "left")

    return await _each(door, ids, leave)


def _not_a_member(escalation_id: str, state: str | None) -> Put:
    if state == "left":
        return Put(escalation_id=escalation_id, result="already")
    served = "it has been answered, or goes its own way"
    return Put(
        escalation_id=escalation_id,
        result="refused",
        code="not_waiting" if state else "not_a_member",
        message=served if state else "it does not belong to this matter",
    )


def _check_and_look(session: Session, matter_id: str, ids: list[str]) -> dict[str, str]:
    matters.check_taking(session, matter_id)
    return matters.standings(session, matter_id, ids)


def _look(session: Session, matter_id: str, ids: list[str]) -> dict[str, str]:
    details.state_of(session, f"matter/{matter_id}")
    return matters.standings(session, matter_id, ids)


async def _each(door: Door, ids: list[str], send: Send) -> PutMany:
    """Ask for each, a few at a time, as far as the time of one request goes; answers in the order
    of the ids."""
    await door.feel_pulse()
    places = asyncio.Semaphore(AT_ONCE)
    ends_at = time.monotonic() + max(door.settings.request_seconds - 2 * MARGIN, 1)

    async def one(escalation_id: str) -> Put:
        async with places:
            if time.monotonic() > ends_at:
                return Put(escalation_id=escalation_id, result="later")
            return await send(escalation_id)

    results = tuple(await asyncio.gather(*(one(i) for i in ids)))
    counts: Counter[str] = Counter(put.result for put in results)
    done = sum(counts[result] for result in _DONE)
    return PutMany(results=results, done=done, later=counts["later"])


_DONE = ("joined", "left", "already")


async def _ask(
    door: Door,
    actor: Actor,
    escalation_id: str,
    command: dict[str, Any],
    result: Literal["joined", "left"],
) -> Put:
    """Send one command of this person to one escalation; a refusal is an answer too."""
    message = Message(command=command, actor=actor, key=words.new_id(), digest=command["act"])
    try:
        await entities.command(
            door.client, door.database, f"escalation/{escalation_id}", message, MARGIN
        )
    except Refused as no:
        if no.details.get("matter_id") == command.get("matter_id", ""):
            return Put(escalation_id=escalation_id, result="already")
        return Put(escalation_id=escalation_id, result="refused", code=no.code, message=no.message)
    except AnswerableError as error:
        return Put(escalation_id=escalation_id, result="later", message=str(error))
    return Put(escalation_id=escalation_id, result=result)


async def _judge(door: Door, actor: Actor, matter_id: str, ids: Iterable[str], verdict: str) -> int:
    chosen = list(ids)
    return await asyncio.to_thread(
        door.database.write,
        lambda session: matters.judge(session, matter_id, chosen, verdict, actor.id, now()),
    )


# Suggestions. ---------------------------------------------------------------------------------


class Suggested(Value):
    found: int
    """How many open escalations of the team might be about this."""


class Rejected(Value):
    rejected: int


@router.post("/matters/{entity_id}/suggest")
async def suggest(entity_id: str, door: TheDoor, actor: Commander) -> Suggested:
    """Look for open escalations of the team that might be about this. They are suggested, no more:
    whoever is to be answered with the others is brought there by a person."""
    stream_of("matter", entity_id)
    found = await door.read(lambda session: _likely(session, entity_id, actor))
    await asyncio.to_thread(
        door.database.write,
        lambda session: matters.suggest(session, entity_id, found, actor.id, now()),
    )
    return Suggested(found=len(found))


def _likely(session: Session, matter_id: str, actor: Actor) -> list[tuple[str, int]]:
    state = _to_work_on(session, matter_id, actor)
    title = words.texts(session, [state.title.id]).get(state.title.id, "")
    about = [title, *(text for _, text in matters.members_texts(session, matter_id, LIKE))]
    others = matters.candidates(session, state.team, COMPARED)
    best: dict[str, int] = {}
    for text in about:
        for twin in sameness.likely_same_matter(text, others):
            best[twin.id] = max(best.get(twin.id, 0), twin.permille)
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:SUGGESTED]


def _to_work_on(session: Session, matter_id: str, actor: Actor) -> Matter:
    """The matter, for somebody who may bring escalations to it. Raises Unknown, Refused."""
    state = matters.check_taking(session, matter_id)
    if refusal := may(MATTER, actor, "note", state):
        raise refusal
    return state


@router.get("/matters/{entity_id}/suggestions")
async def suggestions(
    entity_id: str,
    door: TheDoor,
    actor: Reader,
    state: Annotated[Word, Query(description="suggested, confirmed or rejected.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuggestionPage:
    """Escalations that might be about this, and what people said to that."""
    stream_of("matter", entity_id)
    return await door.read(
        lambda session: matters.suggestions(
            session, entity_id, actor, now(), state=state, limit=limit, cursor=cursor
        )
    )


@router.post("/matters/{entity_id}/suggestions/reject")
async def reject(entity_id: str, body: Chosen, door: TheDoor, actor: Commander) -> Rejected:
    """Say that these are about something else. They are not suggested again."""
    stream_of("matter", entity_id)
    await door.read(lambda session: _to_work_on(session, entity_id, actor))
    return Rejected(
        rejected=await _judge(door, actor, entity_id, body.escalation_ids, matters.REJECTED)
    )


# Reading. -------------------------------------------------------------------------------------


@router.get("/matters")
async def list_matters(
    door: TheDoor,
    actor: Reader,
    stage: Annotated[Word, Query(description="Left out: every open stage.")] = None,
    team: Word = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MatterPage:
    """Matters, the newest first."""
    return await door.read(
        lambda session: matters.matters(
            session, actor, now(), stage=stage, team=team, limit=limit, cursor=cursor
        )
    )


@router.get("/matters/{entity_id}")
async def get_matter(entity_id: str, door: TheDoor, actor: Reader) -> MatterDetail:
    """One matter: its answer, how far that has come, its voices and copies, what you may do."""
    stream_of("matter", entity_id)
    detail, texts = await door.read(
        lambda session: (
            matters.matter(session, entity_id, actor, now()),
            matters.members_texts(session, entity_id, COMPARED),
        )
    )
    copies = await asyncio.to_thread(sameness.copies, texts)
    return detail.model_copy(update={"copies": sum(len(group) - 1 for group in copies)})


@router.get("/matters/{entity_id}/members")
async def list_members(
    entity_id: str,
    door: TheDoor,
    actor: Reader,
    state: Annotated[
        Word, Query(description="joined, served, reopened, apart or left; left out: all.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MemberPage:
    """The escalations of a matter, with how each stands to it."""
    stream_of("matter", entity_id)
    return await door.read(
        lambda session: matters.members(
            session, entity_id, actor, now(), state=state, limit=limit, cursor=cursor
        )
    )


@router.get("/matters/{entity_id}/history")
async def matter_history(
    entity_id: str,
    door: TheDoor,
    actor: Reader,
    limit: HistoryLimit = history.LIMIT,
    cursor: Cursor = None,
) -> HistoryPage:
    """The ledger entries of one matter, with their hashes."""
    stream = stream_of("matter", entity_id)
    return await door.read(
        lambda session: history.history(session, stream, actor, limit=limit, cursor=cursor)
    )
