"""Webhooks over JSON, for admins: who is told, what they were sent, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlmodel import Session

from api.bodies.base import Strict
from api.deps import API, Door, TheDoor, now, only
from channels import receivers
from domain.base import Value
from domain.comments import Line, Text
from domain.hooks import MESSAGES, DeliveryState, Kind
from domain.people import Actor, Role
from intake import hooks as waking
from intake.entities import Busy, Unavailable
from store import hook_log, hooks
from store.hook_log import DeliveryDetail, DeliveryItem, DeliveryPage
from store.hooks import HookItem, Made

T = TypeVar("T")

log = logging.getLogger("answerable.api")
router = APIRouter(prefix=f"{API}/webhooks", tags=["webhooks"])

admin = only(Role.ADMIN)
Admin = Annotated[Actor, Depends(admin)]

ULID = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
HookId = Annotated[str, Path(pattern=ULID, description="A webhook's id.")]
DeliveryId = Annotated[str, Path(pattern=ULID, description="A message's id, its webhook-id.")]
Cursor = Annotated[
    Annotated[Text, Field(max_length=500)] | None,
    Query(description="next_cursor of the page before."),
]


class HookBody(Strict):
    """Everything about a webhook."""

    name: Annotated[Line, Field(max_length=80)] = Field(description="What admins call it.")
    url: Annotated[Text, Field(max_length=receivers.LONGEST)] = Field(
        description="Where it is told: an https:// address."
    )
    kinds: frozenset[Kind] = Field(
        min_length=1, max_length=len(Kind), description="The types of message that it is sent."
    )


class ResumeBody(Strict):
    """Going on."""

    skip: bool = Field(
        default=False, strict=True, description="Leave out everything that has waited."
    )


class HookList(Value):
    items: tuple[HookItem, ...]


class MadeHook(Value):
    """A webhook and its secret, which is answered this once."""

    webhook: HookItem
    secret: str


class KindItem(Value):
    """One type of message: when it is sent, and what it says besides what all of them say."""

    kind: Kind
    what: str
    fields: tuple[str, ...]


class KindList(Value):
    items: tuple[KindItem, ...]


async def _write(door: Door, work: Callable[[Session], T]) -> T:
    return await asyncio.to_thread(door.database.write, work)


async def _see_to(door: Door, hook_id: str) -> None:
    """Have it looked at now. With Temporal away, what is stored is found by the sweep."""
    with contextlib.suppress(Unavailable, Busy):
        await waking.wake(door.client, hook_id, in_a_hurry=True)


def _made(made: Made) -> MadeHook:
    return MadeHook(webhook=made.hook, secret=made.secret)


# Who is told. ----------------------------------------------------------------------------------


@router.get("")
async def list_hooks(door: TheDoor, actor: Admin) -> HookList:
    """Every webhook and how it fares; those that need somebody first, those that ended not."""
    return HookList(items=await door.read(hooks.every))


@router.get("/kinds")
async def list_kinds(actor: Admin) -> KindList:
    """Every type of message there is."""
    return KindList(
        items=tuple(KindItem(kind=k, what=m.what, fields=m.adds) for k, m in MESSAGES.items())
    )


@router.post("")
async def make_hook(body: HookBody, door: TheDoor, actor: Admin) -> MadeHook:
    """Make a webhook; it is told what happens from now on. The secret is answered this once."""
    return await make(door, actor, body)


async def make(door: Door, actor: Actor, body: HookBody, hook_id: str | None = None) -> MadeHook:
    """Make a webhook, by the id of the form that asks for it where there is one."""
    receivers.check(body.url, door.settings.hook_networks)
    made = await _write(
        door,
        lambda session: hooks.make(
            session, body.name, body.url, body.kinds, now(), by=actor.id, hook_id=hook_id
        ),
    )
    await _see_to(door, made.hook.id)
    return _made(made)


@router.get("/{hook_id}")
async def get_hook(hook_id: HookId, door: TheDoor, actor: Admin) -> HookItem:
    """One webhook; its secret is never answered again."""
    return await door.read(lambda session: hooks.one(session, hook_id))


@router.put("/{hook_id}")
async def put_hook(hook_id: HookId, body: HookBody, door: TheDoor, actor: Admin) -> HookItem:
    """Set everything of it. What has happened already is told as it was wanted then."""
    receivers.check(body.url, door.settings.hook_networks)
    changed = await _write(
        door,
        lambda session: hooks.change(
            session,
            hook_id,
            body.name,
            body.url,
            body.kinds,
            now(),
            by=actor.id,
            links=door.settings.links,
        ),
    )
    await _see_to(door, hook_id)
    return changed


@router.post("/{hook_id}/secret")
async def replace_secret(hook_id: HookId, door: TheDoor, actor: Admin) -> MadeHook:
    """Another secret, answered this once; the former one signs as well for a day."""
    return _made(await _write(door, lambda s: hooks.replace_secret(s, hook_id, now(), by=actor.id)))


@router.post("/{hook_id}/pause")
async def pause(hook_id: HookId, door: TheDoor, actor: Admin) -> HookItem:
    """Tell it nothing until it is resumed; what happens meanwhile waits."""
    paused = await _write(door, lambda s: hooks.pause(s, hook_id, now(), by=actor.id))
    await _see_to(door, hook_id)
    return paused


@router.post("/{hook_id}/resume")
async def resume(hook_id: HookId, body: ResumeBody, door: TheDoor, actor: Admin) -> HookItem:
    """Go on, with everything that has waited or without it."""
    resumed = await _write(
        door,
        lambda s: hooks.resume(s, hook_id, now(), by=actor.id, is_skipping=body.skip),
    )
    await _see_to(door, hook_id)
    return resumed


@router.post("/{hook_id}/end")
async def end(hook_id: HookId, door: TheDoor, actor: Admin) -> HookItem:
    """Tell it nothing more, for good."""
    ended = await _write(door, lambda s: hooks.end(s, hook_id, now(), by=actor.id))
    await _see_to(door, hook_id)
    return ended


@router.post("/{hook_id}/test")
async def send_test(hook_id: HookId, door: TheDoor, actor: Admin) -> DeliveryItem:
    """Send it a message that says nothing, to see whether it arrives. What failed is tried too."""
    sent = await _write(door, lambda s: hook_log.send_trial(s, hook_id, door.settings.links, now()))
    await _see_to(door, hook_id)
    return sent


# What they were sent. --------------------------------------------------------------------------


@router.get("/{hook_id}/deliveries")
async def list_deliveries(
    hook_id: HookId,
    door: TheDoor,
    actor: Admin,
    state: DeliveryState | None = None,
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=hook_log.LIMIT)] = 50,
    cursor: Cursor = None,
) -> DeliveryPage:
    """What it was sent, the newest first."""
    return await door.read(
        lambda session: hook_log.page(
            session, hook_id, state=state, kind=kind, limit=limit, cursor=cursor
        )
    )


@router.get("/{hook_id}/deliveries/{delivery_id}")
async def get_delivery(
    hook_id: HookId, delivery_id: DeliveryId, door: TheDoor, actor: Admin
) -> DeliveryDetail:
    """One message: what was sent, and how the receiver answered each time."""
    return await door.read(lambda session: hook_log.detail(session, hook_id, delivery_id))


@router.post("/{hook_id}/deliveries/{delivery_id}/again")
async def send_again(
    hook_id: HookId, delivery_id: DeliveryId, door: TheDoor, actor: Admin
) -> DeliveryItem:
    """Send it once more, under the same id and to the byte."""
    sent = await _write(door, lambda s: hook_log.send_again(s, hook_id, delivery_id))
    await _see_to(door, hook_id)
    return sent
