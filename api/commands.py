"""Commands: ``POST /api/v1/{collection}/{id}/{command}``, one route for each of ``BODIES``.

All go one way: known and open, texts stored unbound, decided by the workflow, recorded, answered
with what is true now. A repeat with the same Idempotency-Key answers what the first one did.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Request, Response
from sqlmodel import Session

from api.bodies import BODIES, Draft
from api.bodies import Body as CommandBody
from api.deps import API, Door, TheDoor, now, only
from domain.base import Value
from domain.entity import Command, State, check_unchanged, decide, follow, may
from domain.errors import AnswerableError, Forbidden, Invalid, Refused, Unknown
from domain.escalation import ReplyHeld
from domain.kinds import KINDS, kind_of
from domain.ledger import Batch, Fact
from domain.messages import Answer, Start, opening
from domain.messages import Request as Message
from domain.people import Actor, Role
from intake import entities
from intake.entities import OutcomeUnknown
from store import details, history, matters, queries, tables, words
from store.policies import InForce
from store.views import CommitmentItem, EscalationItem, MatterItem, PostItem

MARGIN = 4.0
"""Seconds of a request's time that are kept for storing and recording around the command."""

OPENING_SECONDS = 2.0
"""How long an answer waits for the post it names to be there; a worker opens it at once."""

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Up to 200 printable ASCII characters. The same key with the same body is "
        "carried out once, however often it is sent; without one a key is made and answered.",
    ),
]

actor_of_a_command = only(Role.STAFF, Role.EXECUTIVE)
Commander = Annotated[Actor, Depends(actor_of_a_command)]


class Done(Value):
    """What a command came to. ``recorded``: the ledger has it, and the next GET shows it."""

    id: str
    seq: int
    stage: str
    recorded: bool
    repeated: bool
    post_id: str | None = None
    """The post the command made, which says how publishing goes."""
    commitment_ids: tuple[str, ...] = ()
    """The ids that the command's promises have once they are published."""


class EscalationDone(Done):
    escalation: EscalationItem


class PostDone(Done):
    post: PostItem


class CommitmentDone(Done):
    commitment: CommitmentItem
    secret: str | None = None
    """Of a private link that was just made: shown this once."""


class MatterDone(Done):
    matter: MatterItem


ANSWERS: dict[str, type[Done]] = {
    "escalation": EscalationDone,
    "post": PostDone,
    "commitment": CommitmentDone,
    "matter": MatterDone,
}


@dataclass(frozen=True)
class Ask:
    """One command as it was sent: who, what about what, and with which key."""

    stream: str
    act: str
    actor: Actor
    body: CommandBody
    idempotency_key: str

    @property
    def key(self) -> str:
        """Tells this command from every other one; also its update's id."""
        parts = f"{self.actor.id}|{self.stream}|{self.act}|{self.idempotency_key}"
        return hashlib.sha256(parts.encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Tells this body from any other one under the same key, and nothing about its words."""
        content = json.dumps(self.body.model_dump(mode="json"), sort_keys=True)
        key = self.idempotency_key.encode()
        return hmac.new(key, content.encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True)
class Outcome:
    """What a command came to: its last seq and all its facts."""

    seq: int
    facts: list[Fact]
    is_recorded: bool
    is_repeat: bool
    made: str | None = None
    """The id of the entity that an act on something closed has opened."""


async def carry_out(door: Door, ask: Ask) -> Outcome:
    """Have a command decided and recorded. Raises Refused, Unavailable, Busy, OutcomeUnknown."""
    count = door.metrics.commands.labels
    kind = kind_of(ask.stream).name
    try:
        outcome = await _carry_out(door, ask)
    except AnswerableError as error:
        name = error.code if isinstance(error, Refused) else type(error).__name__
        count(kind, ask.act, name).inc()
        raise
    count(kind, ask.act, "repeated" if outcome.is_repeat else "done").inc()
    return outcome


async def _carry_out(door: Door, ask: Ask) -> Outcome:
    in_force = await door.policy()
    kind = kind_of(ask.stream)
    if kind.commands[ask.act] in kind.follows:
        return await _open_another(door, ask, in_force)
    prepared = await door.read(lambda session: _prepare(session, ask, in_force, door))
    if isinstance(prepared, Outcome):
        return prepared
    draft, command = prepared
    await door.feel_pulse()
    await asyncio.to_thread(draft.store, door.database)
    message = Message(
        command=command,
        actor=ask.actor,
        key=ask.key,
        digest=ask.digest,
        expected_seq=ask.body.expected_seq,
    )
    seconds = max(door.settings.request_seconds - MARGIN, 1)
    try:
        async with asyncio.timeout(door.settings.request_seconds - MARGIN / 4):
            answer, is_recorded = await entities.command(
                door.client, door.database, ask.stream, message, seconds
            )
    except TimeoutError:
        raise OutcomeUnknown("the answer did not come in time") from None
    return await _outcome(door, ask, answer, is_recorded=is_recorded)


def _prepare(
    session: Session, ask: Ask, in_force: InForce, door: Door
) -> Outcome | tuple[Draft, dict[str, Any]]:
    """The command in the shape of the rules; or what it came to when it was sent before."""
    state: State = details.state_of(session, ask.stream)
    if before := _done_before(session, ask, state):
        return before
    kind = kind_of(ask.stream)
    if state.is_closed:
        raise may(kind, ask.actor, ask.act, state) or kind.out_of_turn(state, ask.act)
    draft = Draft(session, ask.actor, state, in_force, now(), door.settings.max_text)
    try:
        fields = ask.body.fields(draft)
    except Refused as refusal:
        # Whoever may not do this is told that, and nothing about what they have named.
        first = may(kind, ask.actor, ask.act, state)
        raise first if isinstance(first, Forbidden) else refusal from None
    command = kind.commands[ask.act].model_validate({"act": ask.act, **fields})
    return draft, command.model_dump(mode="json")


async def rehearse(door: Door, ask: Ask) -> None:
    """Raise what a command would be refused for if it were sent now; nothing is done or stored.

    What others do until it is sent can still be in its way.
    """
    in_force = await door.policy()
    await door.read(lambda session: _rehearse(session, ask, in_force, door))


def _rehearse(session: Session, ask: Ask, in_force: InForce, door: Door) -> None:
    kind = kind_of(ask.stream)
    if kind.commands[ask.act] in kind.follows:
        _prepare_another(session, ask, in_force, door)
        return
    prepared = _prepare(session, ask, in_force, door)
    if isinstance(prepared, Outcome):
        return
    state: State = details.state_of(session, ask.stream)
    command = kind.command(prepared[1])
    check_unchanged(state, command, ask.body.expected_seq)
    decide(kind, state, command, ask.actor, now())


# Acts on what is closed: each opens another entity. ------------------------------------------


async def _open_another(door: Door, ask: Ask, in_force: InForce) -> Outcome:
    """Open what follows on something closed, once however often it is asked for.

    Its id says only which of the acts on this entity it is. Of two that are sent at once, Temporal
    therefore lets one through; the other finds it and is a repeat of it, or is refused.
    """
    prepared = await door.read(lambda session: _prepare_another(session, ask, in_force, door))
    if isinstance(prepared, Outcome):
        return prepared
    draft, first = prepared
    await door.feel_pulse()
    await asyncio.to_thread(draft.store, door.database)
    message = Start(
        kind=kind_of(ask.stream).name,
        command=first.model_dump(mode="json"),
        actor=ask.actor,
        at=now(),
        key=ask.key,
        request=ask.digest,
    )
    state, facts = opening(message)
    if await entities.start(door.client, state.stream, message, f"{ask.act} {ask.stream}"):
        batch = Batch(stream=state.stream, kind=message.kind, epoch=message.epoch, facts=facts)
        is_recorded = await entities.try_to_record(door.database, batch)
        return Outcome(facts[-1].seq, list(facts), is_recorded, is_repeat=False, made=state.id)
    await until_known(door, state.stream)
    found = await door.read(lambda session: _prepare_another(session, ask, in_force, door))
    if isinstance(found, Outcome):
        return found
    raise OutcomeUnknown("another one has just been asked for and is not there yet")


def _prepare_another(
    session: Session, ask: Ask, in_force: InForce, door: Door
) -> Outcome | tuple[Draft, Command]:
    state: State = details.state_of(session, ask.stream)
    kind, earlier = kind_of(ask.stream), details.corrections(session, state.id)
    for other in earlier:
        if before := _done_before(session, ask, other):
            return replace(before, made=other.id)
    if refusal := may(kind, ask.actor, ask.act, state):
        raise refusal
    draft = Draft(session, ask.actor, state, in_force, now(), door.settings.max_text)
    command = kind.commands[ask.act].model_validate({"act": ask.act, **ask.body.fields(draft)})
    check_unchanged(state, command, ask.body.expected_seq)
    return draft, follow(kind, state, command, ask.actor, earlier)


def _done_before(session: Session, ask: Ask, state: State) -> Outcome | None:
    known = next((k for k in state.keys if k.key == ask.key), None)
    if known is None:
        return None
    if known.request != ask.digest:
        raise _key_reused()
    facts = history.outcome_of(session, state.stream, ask.key)
    seq = facts[-1].seq if facts else known.first
    return Outcome(seq=seq, facts=facts, is_recorded=True, is_repeat=True)


def _key_reused() -> Invalid:
    return Invalid(
        "key_reused",
        "this Idempotency-Key was used for another request",
        "use a new key for a new request",
        field="Idempotency-Key",
    )


async def _outcome(door: Door, ask: Ask, answer: Answer, *, is_recorded: bool) -> Outcome:
    if answer.digest != ask.digest:
        raise _key_reused()
    facts = history.of_command(list(answer.batch.facts), ask.key)
    if not facts and is_recorded:
        facts = await door.read(lambda s: history.outcome_of(s, ask.stream, ask.key))
    if post_id := _post_id(facts):
        await until_known(door, f"post/{post_id}")
    seq = facts[-1].seq if facts else answer.seq
    return Outcome(seq=seq, facts=facts, is_recorded=is_recorded, is_repeat=answer.is_repeat)


async def until_known(door: Door, stream: str) -> None:
    """Wait a moment for what the command opened: what is answered is in the next GET."""
    ends_at = time.monotonic() + OPENING_SECONDS
    while time.monotonic() < ends_at:
        if await door.read(lambda session: session.get(tables.Snapshot, stream)) is not None:
            return
        await asyncio.sleep(OPENING_SECONDS / 100)


# The answer. ----------------------------------------------------------------------------------


def _answer(session: Session, ask: Ask, outcome: Outcome) -> Done:
    kind, _, entity_id = ask.stream.partition("/")
    item = _ITEMS[kind](session, entity_id, ask.actor)
    return ANSWERS[kind].model_validate(
        {
            "id": entity_id,
            "seq": item.seq if outcome.made else outcome.seq,
            "stage": item.stage,
            "recorded": outcome.is_recorded,
            "repeated": outcome.is_repeat,
            "post_id": outcome.made or _post_id(outcome.facts),
            "commitment_ids": _promise_ids(outcome.facts),
            kind: item,
            **({} if outcome.is_repeat else ask.body.shown()),
        }
    )


def _post_id(facts: list[Fact]) -> str | None:
    """The post that the command opened; words that wait for an acceptance open none yet."""
    opened = (fact for fact in facts if fact.name != ReplyHeld.NAME)
    found = (fact.data.get("post_id") for fact in opened)
    return next((post_id for post_id in found if post_id), None)


def _promise_ids(facts: list[Fact]) -> tuple[str, ...]:
    ids = (promise["id"] for fact in facts for promise in fact.data.get("promises", ()))
    return tuple(dict.fromkeys(ids))


def _escalation_item(session: Session, entity_id: str, actor: Actor) -> EscalationItem:
    return queries.escalation_items(session, [entity_id], now())[0]


def _commitment_item(session: Session, entity_id: str, actor: Actor) -> CommitmentItem:
    row = session.get_one(tables.Commitment, entity_id)
    return queries.commitment_items(session, [row], now())[0]


def _matter_item(session: Session, entity_id: str, actor: Actor) -> MatterItem:
    row = session.get_one(tables.Matter, entity_id)
    return matters.matter_items(session, [row], now())[0]


_ITEMS: dict[str, Callable[[Session, str, Actor], Any]] = {
    "escalation": _escalation_item,
    "post": details.post_item,
    "commitment": _commitment_item,
    "matter": _matter_item,
}


# Routes. --------------------------------------------------------------------------------------


def stream_of(kind: str, entity_id: str) -> str:
    """The stream of an id from an address. Raises Unknown for what cannot be an id of ours."""
    if not ULID.fullmatch(entity_id):
        raise details.unknown(f"{kind}/")
    return f"{kind}/{entity_id}"


def check_key(request: Request, key: str | None) -> str:
    """The Idempotency-Key as sent, or a new one; answered in any case, also with an error."""
    if key is None:
        key = words.new_id()
    elif not _KEY.fullmatch(key):
        raise Invalid(
            "bad_key",
            "an Idempotency-Key has 1 to 200 printable ASCII characters",
            "send such a key, for example a UUID, or none",
            field="Idempotency-Key",
        )
    request.state.idempotency_key = key
    return key


def router() -> APIRouter:
    """A route for every command, and one for those that do not exist."""
    routes = APIRouter(prefix=API)
    for kind, bodies in BODIES.items():
        for act, body in bodies.items():
            _add(routes, kind, act, body)
        _add_unknown(routes, kind)
    return routes


def _add(routes: APIRouter, kind: str, act: str, body_type: type[CommandBody]) -> None:
    endpoint = _endpoint(kind, act, body_type)
    routes.add_api_route(
        f"/{kind}s/{{entity_id}}/{act}",
        endpoint,
        methods=["POST"],
        response_model=ANSWERS[kind],
        name=f"{kind}_{act}",
        operation_id=f"{kind}_{act}",
        summary=f"{act} ({KINDS[kind].rights[act].who})",
        description=body_type.__doc__,
        tags=[f"{kind}s"],
        responses={202: {"model": ANSWERS[kind], "description": "Decided, not yet recorded."}},
    )


def _endpoint(kind: str, act: str, body_type: type[CommandBody]) -> Callable[..., Awaitable[Done]]:
    async def command(
        entity_id: str,
        request: Request,
        response: Response,
        door: TheDoor,
        actor: Commander,
        body: CommandBody,
        idempotency_key: IdempotencyKey = None,
    ) -> Done:
        key = check_key(request, idempotency_key)
        ask = Ask(stream_of(kind, entity_id), act, actor, body, key)
        response.headers["Idempotency-Key"] = key
        outcome = await carry_out(door, ask)
        response.status_code = 200 if outcome.is_recorded else 202
        return await door.read(lambda session: _answer(session, ask, outcome))

    # Each command is documented and validated by its own body; where every field may be left
    # out, so may the body.
    command.__annotations__["body"] = Annotated[body_type, Body()]
    if not any(field.is_required() for field in body_type.model_fields.values()):
        command.__defaults__ = (body_type(), None)
    return command


def _add_unknown(routes: APIRouter, kind: str) -> None:
    async def command(entity_id: str, command: str, actor: Commander) -> None:
        raise Unknown(
            "unknown_command",
            f"'{command[:40]}' is not a command of this {kind}",
            f"use one of: {', '.join(BODIES[kind])}",
        )

    routes.add_api_route(
        f"/{kind}s/{{entity_id}}/{{command}}",
        command,
        methods=["POST"],
        include_in_schema=False,
        name=f"{kind}_unknown_command",
    )
