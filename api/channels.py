"""How the channels do, over JSON: what comes in and goes out, what is stuck, and what a channel
says when it is asked.

A channel is asked for a post that never was. That is what it has to answer after an unclear
attempt, it publishes nothing, and it needs the same address and secret as everything else.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from sqlmodel import Session

from api.deps import API, Door, TheDoor, now
from api.people import Admin, Watcher
from channels import open_network
from config.settings import Settings
from domain.base import Moment, Value
from domain.errors import Unknown
from domain.policy import Channel, ChannelKind, Id, Policy
from domain.post import FindResult, PostStage
from store import channel_health, policies, words
from store.channel_health import ChannelHealth, CheckView

router = APIRouter(prefix=API, tags=["channels"])

SECONDS = 8.0
"""How long a channel may take to answer while somebody waits."""

PATIENCE = timedelta(minutes=2)
"""The inbox is swept every half minute: what waits longer has a reason."""

TIMEOUT = "timeout"
NO_SECRET = "no_secret"  # noqa: S105 - says that there is none


class Ailment(StrEnum):
    """What is wrong with a channel."""

    NO_SECRET = "no_secret"  # noqa: S105
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    TRYING = "trying"
    """Attempts did not reach it; they go on."""
    WAITING = "waiting"
    """Comments are not handed over."""
    SILENT = "silent"
    """It did not answer when it was last asked."""
    FALSE = "false"
    """It says that it has a post that never was: its word is worth nothing."""
    FULL = "full"
    """What it takes in a day is used up."""
    HALTED = "halted"
    GONE = "gone"
    """The policy does not have it any more, and something is still to go out there."""


class ChannelItem(ChannelHealth):
    """One channel: what the policy says of it, how it does, and what is wrong."""

    kind: str | None
    team: str | None
    posts_per_day: int | None
    posts_per_second: float | None
    can_be_asked: bool
    ails: tuple[Ailment, ...]


class ChannelList(Value):
    """Every channel of the policy, and those of before on which something is left."""

    items: tuple[ChannelItem, ...]
    at: Moment


def items(session: Session, settings: Settings, at: datetime) -> tuple[ChannelItem, ...]:
    """All channels; none before a policy is applied."""
    in_force = policies.current(session)
    policy = in_force.policy if in_force else Policy(channels={}, teams={})
    return tuple(
        _item(health, policy.channels.get(health.channel), settings, at)
        for health in channel_health.of_channels(session, policy, at)
    )


def _item(
    health: ChannelHealth, channel: Channel | None, settings: Settings, at: datetime
) -> ChannelItem:
    return ChannelItem(
        **{name: getattr(health, name) for name in ChannelHealth.model_fields},
        kind=channel.kind if channel else None,
        team=channel.team if channel else None,
        posts_per_day=channel.posts_per_day if channel else None,
        posts_per_second=channel.posts_per_second if channel else None,
        can_be_asked=channel is not None and _can_be_asked(channel),
        ails=ailments(health, channel, settings, at),
    )


def ailments(
    health: ChannelHealth, channel: Channel | None, settings: Settings, at: datetime
) -> tuple[Ailment, ...]:
    """What is wrong, in the order of their weight."""
    stages = {post.stage for post in health.stuck}
    said = health.check.result if health.check else None
    per_day = channel.posts_per_day if channel else None
    told = {
        Ailment.GONE: channel is None,
        Ailment.NO_SECRET: channel is not None
        and not _has_secret(health.channel, channel, settings),
        Ailment.FAILED: bool(health.posts.get(PostStage.FAILED)),
        Ailment.UNCONFIRMED: bool(health.posts.get(PostStage.UNCONFIRMED)),
        Ailment.TRYING: PostStage.PUBLISHING in stages,
        Ailment.WAITING: health.waiting_since is not None and health.waiting_since < at - PATIENCE,
        Ailment.FALSE: said == FindResult.FOUND,
        Ailment.SILENT: said in (FindResult.UNAVAILABLE, TIMEOUT),
        Ailment.FULL: per_day is not None and health.used_today >= per_day,
        Ailment.HALTED: bool(health.halted),
    }
    return tuple(ailment for ailment, is_so in told.items() if is_so)


def _has_secret(name: str, channel: Channel, settings: Settings) -> bool:
    return channel.kind is not ChannelKind.WEBHOOK or name in settings.channel_secrets


def _can_be_asked(channel: Channel) -> bool:
    return channel.kind is not ChannelKind.WEBHOOK or channel.find_url is not None


async def ask(door: Door, channel_id: str, by: str) -> CheckView:
    """Ask a channel for a post that never was, and keep what it says. Raises Unknown."""
    channel = (await door.policy()).policy.channels.get(channel_id)
    if channel is None:
        raise Unknown(
            "unknown_channel",
            f"the policy has no channel '{channel_id[:60]}'",
            "list them with GET /api/v1/channels",
        )
    result = NO_SECRET
    if _has_secret(channel_id, channel, door.settings):
        result = await _asked(channel_id, channel, door.settings)
    at = now()
    await asyncio.to_thread(
        door.database.write,
        lambda session: channel_health.remember(session, channel_id, result, at, by=by),
    )
    return CheckView(at=at, by=by, result=result)


async def _asked(channel_id: str, channel: Channel, settings: Settings) -> str:
    network = open_network(channel_id, channel, settings)
    try:
        async with asyncio.timeout(SECONDS):
            sighting = await network.find(words.new_id())
    except TimeoutError:
        return TIMEOUT
    finally:
        await network.aclose()
    return sighting.result.value


@router.get("/channels")
async def list_channels(door: TheDoor, actor: Watcher) -> ChannelList:
    """How each channel does: what last came in and went out, what is stuck there, and why."""
    at = now()
    found = await door.read(lambda session: items(session, door.settings, at))
    return ChannelList(items=found, at=at)


@router.post("/channels/{channel_id}/check")
async def check_channel(
    channel_id: Annotated[Id, Path(description="A channel's id, such as blog.")],
    door: TheDoor,
    actor: Admin,
) -> CheckView:
    """Ask a channel for a post that never was: `absent` is well. Publishes nothing."""
    return await ask(door, channel_id, actor.id)
