"""Comments come in: by a service with its token, or as a webhook that its channel has signed.

Stored first, in one transaction and whatever ails Temporal; then, where there are few, handed
over at once. A list with one bad comment is refused as a whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from temporalio.service import RPCError

from api.deps import API, Door, TheDoor, anybody, now, only
from api.errors import FieldError, Malformed, field_error, path_of
from channels import inbound
from domain.base import Value
from domain.comments import ChannelId, ExternalId, Incoming, IncomingAuthor, check_incoming
from domain.errors import AnswerableError, Invalid, Unknown
from domain.people import Actor, Role
from intake import handover
from store import inbox
from store.inbox import Receipt

log = logging.getLogger("answerable.api")
router = APIRouter(prefix=API)

MOST = 1_000
"""Comments of one request."""

AT_ONCE = 20
"""Comments of one request that are handed over while the caller waits."""

AT_ONCE_SECONDS = 5.0
"""How long the caller waits for that; what is not done by then is answered as accepted."""

NUDGE_SECONDS = 2.0

bringer = only(Role.SERVICE, Role.ADMIN)
Bringer = Annotated[Actor, Depends(bringer)]


class CommentAuthor(IncomingAuthor):
    """Whoever wrote the comment, as the channel knows them."""

    model_config = ConfigDict(extra="forbid")


class Comment(Incoming):
    """One public remark. Unknown fields are refused: a misspelt one must not be lost in silence."""

    model_config = ConfigDict(extra="forbid")
    author: CommentAuthor


Comments = Annotated[list[Comment], Field(max_length=MOST)]
Brought = Annotated[
    Annotated[Comment, Tag("one")] | Annotated[Comments, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "one"),
]
_COMMENTS: TypeAdapter[list[Comment]] = TypeAdapter(Comments)


class Result(StrEnum):
    """What became of a comment. ``accepted``: safely in the inbox, handed over in a moment."""

    OPENED = "opened"
    JOINED = "joined"
    REPEATED = "repeated"
    REVISED = "revised"
    REMOVED = "removed"
    ACCEPTED = "accepted"


class Received(Value):
    escalation_id: str
    comment_id: str
    result: Result


@router.post("/comments", tags=["comments"])
async def bring_comments(
    door: TheDoor, actor: Bringer, brought: Brought
) -> Received | list[Received]:
    """Bring one comment or a list of up to 1,000. Sending the same again changes nothing."""
    is_list = isinstance(brought, list)
    comments = brought if isinstance(brought, list) else [brought]
    received = await receive(door, comments, is_list=is_list)
    return received if is_list else received[0]


class Removal(Value):
    """A comment that its author has taken back."""

    model_config = ConfigDict(extra="forbid")
    channel: ChannelId
    external_id: ExternalId


@router.post("/comments/removals", tags=["comments"])
async def bring_removal(door: TheDoor, actor: Bringer, removal: Removal) -> Received:
    """Say that a commenter has taken a comment back. Sending the same again changes nothing."""
    return await remove(door, removal)


async def remove(door: Door, removal: Removal) -> Received:
    """Note a removal and take it to the escalation. Raises Unknown for a comment we never had."""
    receipt = await asyncio.to_thread(
        inbox.remove, door.database, removal.channel, removal.external_id, now()
    )
    if receipt is None:
        raise Unknown(
            "unknown_comment",
            "there is no such comment",
            "send channel and external_id as they were when it was brought",
        )
    handed = await _hand_over(door, [receipt.arrival_id]) if receipt.arrival_id else {}
    if receipt.arrival_id and not handed:
        await _nudge(door)
    received = _received(receipt, handed)
    door.metrics.comments.labels(received.result).inc()
    return received


@router.post("/hooks/{channel}", tags=["comments"])
async def receive_hook(
    door: TheDoor,
    request: Request,
    channel: Annotated[str, Path(max_length=40)],
    _: Annotated[None, Depends(anybody("the channel's signature says who is calling"))],
) -> list[Received]:
    """Comments from a webhook channel, signed after the Standard Webhooks specification."""
    known = (await door.policy()).policy.channels
    if channel not in known:
        raise Unknown("unknown_channel", "there is no such channel", "see the policy for channels")
    body = await request.body()
    inbound.verify(channel, door.settings, request.headers, body)
    brought = inbound.parse(body)
    if brought.are_removed:
        removals = [_removal(comment, channel) for comment in brought.comments]
        return [await remove(door, removal) for removal in removals]
    return await receive(door, _parse(brought.comments, channel), is_list=True)


def _parse(brought: list[dict[str, Any]], channel: str) -> list[Comment]:
    """The comments of a hook; whatever channel they name, they are of the one that signed."""
    try:
        return _COMMENTS.validate_python([{**comment, "channel": channel} for comment in brought])
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


def _removal(comment: dict[str, Any], channel: str) -> Removal:
    """What a hook says was removed; of a whole comment only its id matters."""
    try:
        return Removal.model_validate(
            {"channel": channel, "external_id": comment.get("external_id")}
        )
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


async def receive(door: Door, comments: Sequence[Incoming], *, is_list: bool) -> list[Received]:
    """Store comments, hand few over at once, and answer what became of each, in order.

    Raises Malformed, and stores nothing, if any of them is not as it should be.
    """
    await _check(door, comments, is_list=is_list)
    receipts = await asyncio.to_thread(inbox.receive, door.database, comments, now())
    waiting = [r.arrival_id for r in receipts if r.arrival_id]
    handed: dict[str, str] = {}
    if waiting and len(comments) <= AT_ONCE:
        handed = await _hand_over(door, waiting)
    if len(handed) < len(waiting):
        await _nudge(door)
    received = [_received(receipt, handed) for receipt in receipts]
    for one in received:
        door.metrics.comments.labels(one.result).inc()
    return received


async def _check(door: Door, comments: Sequence[Incoming], *, is_list: bool) -> None:
    policy, at = (await door.policy()).policy, now()
    errors = []
    for n, comment in enumerate(comments):
        try:
            check_incoming(comment, policy, at, door.settings.max_text)
        except Invalid as refusal:
            place = [n] if is_list else []
            field = path_of([*place, str(refusal.details.get("field", ""))])
            message = f"{refusal.message}; {refusal.way_out}"
            errors.append(FieldError(field=field, code=refusal.code, message=message))
    if errors:
        raise Malformed(errors)


async def _hand_over(door: Door, arrival_ids: list[str]) -> dict[str, str]:
    """Hand over now what can be; answers the escalation of each arrival that went."""
    try:
        async with asyncio.timeout(AT_ONCE_SECONDS):
            await door.feel_pulse()
            await handover.hand_over_all(door.client, door.database, arrival_ids)
    except (AnswerableError, RPCError, TimeoutError) as error:
        log.warning("%s comments wait in the inbox: %s", len(arrival_ids), error)
    return await door.read(lambda session: inbox.handed_over(session, arrival_ids))


async def _nudge(door: Door) -> None:
    """Have a worker see to what waits; if that fails, a schedule does it anyway."""
    with contextlib.suppress(AnswerableError, RPCError, TimeoutError):
        async with asyncio.timeout(NUDGE_SECONDS):
            await door.feel_pulse()
            await handover.nudge(door.client)


def _received(receipt: Receipt, handed: dict[str, str]) -> Received:
    escalation_id, result = receipt.escalation_id, Result(receipt.result)
    if receipt.arrival_id is not None:
        escalation_id = handed.get(receipt.arrival_id, escalation_id)
        if receipt.arrival_id not in handed:
            result = Result.ACCEPTED
        elif escalation_id != receipt.escalation_id:
            # The one it was to join had closed meanwhile: it went on to a new one.
            result = Result.OPENED
    return Received(escalation_id=escalation_id, comment_id=receipt.comment_id, result=result)
