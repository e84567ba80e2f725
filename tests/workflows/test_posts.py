"""Published once, or we say that we do not know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from answerable.worker import running
from config.settings import Settings
from domain.policy import Channel, ChannelKind
from domain.post import Post
from store import policies
from store.database import Database
from tests.builders import ADA, BEN, CORA, Service, policy
from tests.channels.receiver import Receiver, answers, resets
from tests.histories import corpus

SECRET = "whsec_C2FtcGxlc2VjcmV0Zm9ydGVzdHNvbmx5MTIzNDU2"

Speaking = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def speaking(client: Client, sqlite_house: Database, settings: Settings) -> Speaking:
    """A service whose channel ``hook`` posts to a given address."""

    @asynccontextmanager
    async def run(url: str, find_url: str | None = None) -> AsyncIterator[Service]:
        hook = Channel(kind=ChannelKind.WEBHOOK, team="care", url=url, find_url=find_url)
        channels = {**policy().channels, "hook": hook}
        with sqlite_house.writing() as session:
            policies.apply(session, policy(channels=channels), "root", datetime.now(UTC))
        signed = Settings(data=settings.data, channel_secrets={"hook": SECRET})  # type: ignore[dict-item]
        async with running(client, sqlite_house, signed):
            yield Service(client, sqlite_house, signed)
            await corpus.save_if_asked(client)

    return run


async def _cleared(service: Service) -> str:
    """An approved reply on its way; answers the stream of its escalation."""
    stream = await service.opened(channel="hook")
    await service.do(stream, ADA, "claim")
    await service.do(
        stream,
        ADA,
        "propose",
        request=service.words("May we?", "request"),
        reply=service.words("We will."),
    )
    await service.do(stream, CORA, "approve", post_id="P1")
    return stream


async def _pass(service: Service, duration: timedelta) -> None:
    handle = service.client.get_workflow_handle("post/P1")
    await TimeSkipper(service.client).fast_forward(handle, duration)


def _posts(receiver: Receiver) -> list[str]:
    return [r.headers["webhook-id"] for r in receiver.received if r.method == "POST"]


@pytest.mark.rule(13)
async def test_a_post_arrives_once_and_signed(speaking: Speaking) -> None:
    async with Receiver() as receiver, speaking(receiver.url) as service:
        stream = await _cleared(service)
        await service.until_stage(stream, "listening")
        assert _posts(receiver) == ["P1"]


@pytest.mark.rule(13)
async def test_an_unclear_outcome_that_the_channel_knows_is_published_without_a_second_call(
    speaking: Speaking,
) -> None:
    async with Receiver(resets) as receiver:
        async with speaking(receiver.url, find_url=receiver.url) as service:
            stream = await _cleared(service)
            await service.until_stage("post/P1", "unconfirmed")
            receiver.behaviour = answers(200)
            await _pass(service, timedelta(minutes=1))
            await service.until_stage(stream, "listening")
        assert _posts(receiver) == ["P1"]


@pytest.mark.rule(13)
async def test_an_unclear_outcome_that_the_channel_denies_is_tried_again(
    speaking: Speaking,
) -> None:
    async with Receiver(resets) as receiver, Receiver(answers(404)) as finder:
        async with speaking(receiver.url, find_url=finder.url) as service:
            stream = await _cleared(service)
            await service.until_stage("post/P1", "unconfirmed")
            receiver.behaviour = answers(200)
            await _pass(service, timedelta(minutes=1))
            await service.until_stage(stream, "listening")
        assert _posts(receiver) == ["P1", "P1"]
        assert "post:search:started" in service.names("post/P1")


@pytest.mark.rule(13)
async def test_where_nobody_can_tell_it_stays_unconfirmed_until_a_person_looked(
    speaking: Speaking,
) -> None:
    async with Receiver(resets) as receiver, speaking(receiver.url) as service:
        stream = await _cleared(service)
        await service.until_stage("post/P1", "unconfirmed")
        await _pass(service, timedelta(days=2))
        await service.until(lambda: "post:search:ended" in service.names("post/P1"))
        assert service.state("post/P1").stage == "unconfirmed"
        assert _posts(receiver) == ["P1"]
        await service.do("post/P1", BEN, "confirm", is_published=True)
        await service.until_stage(stream, "listening")
        assert _posts(receiver) == ["P1"]


async def test_a_channel_that_says_no_has_failed_until_a_person_tries_again(
    speaking: Speaking,
) -> None:
    async with Receiver(answers(403)) as receiver, speaking(receiver.url) as service:
        stream = await _cleared(service)
        await service.until_stage("post/P1", "failed")
        await asyncio.sleep(0.5)
        assert service.state(stream).stage == "replying"
        receiver.behaviour = answers(200)
        await service.do("post/P1", BEN, "retry")
        await service.until_stage(stream, "listening")
        assert _posts(receiver) == ["P1", "P1"]


async def test_an_unreachable_channel_is_waited_for_by_timers_and_then_fails(
    speaking: Speaking,
) -> None:
    async with Receiver() as receiver:
        url = receiver.url
    async with speaking(url) as service:
        await _cleared(service)
        await service.until(lambda: "post:attempt:deferred" in service.names("post/P1"))
        await _pass(service, timedelta(hours=6))
        await service.until_stage("post/P1", "failed", seconds=60)
        state = service.state("post/P1")
        assert isinstance(state, Post)
        assert state.attempt == 12
