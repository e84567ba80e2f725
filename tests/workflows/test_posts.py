"""Published once, or we say that we do not know."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from answerable.worker import running
from config.settings import Settings
from domain.base import Words
from domain.errors import Conflict
from domain.escalation import Escalation
from domain.ledger import RULES
from domain.messages import Start
from domain.policy import Channel, ChannelKind
from domain.post import Correct, OpenPost, Post, correction
from intake import entities
from store import policies, tables
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


async def _in_review(service: Service, **changes: Any) -> str:
    """A post by Ada on the console that waits for somebody else; answers its stream."""
    escalation = service.state(await service.opened())
    assert isinstance(escalation, Escalation)
    command = OpenPost(
        id="P1",
        origin=escalation.stream,
        escalation_id=escalation.id,
        channel="console",
        team="care",
        comment_id=escalation.comment_id,
        words=Words.model_validate(service.words("Your saddle was left out of the box.")),
        writer="ada",
        rules=RULES,
    ).model_copy(update=changes)
    start = Start(kind="post", command=command.model_dump(mode="json"), at=datetime.now(UTC))
    await entities.open_at(service.client, service.database, "post/P1", start, "a reply")
    return "post/P1"


def _lines(settings: Settings) -> list[dict[str, Any]]:
    """What people read on the console."""
    path = settings.data / "console.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _fact(service: Service, stream: str, name: str, n: int = 0) -> dict[str, Any]:
    with service.database.reading() as session:
        rows = session.scalars(
            select(tables.LedgerEntry)
            .where(col(tables.LedgerEntry.stream) == stream, col(tables.LedgerEntry.name) == name)
            .order_by(col(tables.LedgerEntry.seq))
        ).all()
    data: dict[str, Any] = json.loads(rows[n].body)["data"]
    return data


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


# Rules 2: undo, news, a ladder, a budget, corrections. ------------------------------------------


@pytest.mark.rule(8)
async def test_cleared_words_can_be_taken_back_until_the_undo_window_ends(
    sqlite_service: Service,
) -> None:
    stream = await _in_review(sqlite_service, undo=600)
    await sqlite_service.do(stream, BEN, "clear")
    assert sqlite_service.state(stream).stage == "cleared"
    await _pass(sqlite_service, timedelta(minutes=9))
    await sqlite_service.do(stream, ADA, "withdraw")
    await sqlite_service.until_stage(stream, "withdrawn")
    assert await sqlite_service.client.get_workflow_handle(stream).result() == "withdrawn"
    assert _lines(sqlite_service.settings) == []


@pytest.mark.rule(8)
async def test_news_in_the_undo_window_asks_for_one_confirmation_before_the_words_go_out(
    sqlite_service: Service,
) -> None:
    stream = await _in_review(sqlite_service, undo=600, same_answer_to=40)
    await sqlite_service.do(stream, BEN, "clear")
    handle = sqlite_service.client.get_workflow_handle(stream)
    for _ in range(2):
        await handle.signal("tell", {"act": "heard", "comment_id": "C2"})
    await sqlite_service.until_stage(stream, "in_review")
    with pytest.raises(Conflict, match="spoken since"):
        await sqlite_service.do(stream, BEN, "clear")
    await sqlite_service.do(stream, BEN, "clear", despite_news=True)
    await _pass(sqlite_service, timedelta(minutes=11))
    await sqlite_service.until_stage(stream, "published")
    assert sqlite_service.names(stream).count("post:comment:heard") == 1
    assert _fact(sqlite_service, stream, "post:words:cleared", 1) == {"despite_news": True}
    (line,) = _lines(sqlite_service.settings)
    assert line["text"] == (
        "Your saddle was left out of the box.\n\nThe same answer goes to 40 people who raised this."
    )


@pytest.mark.rule(4)
async def test_words_that_wait_in_review_are_brought_up_again_and_again(
    sqlite_service: Service,
) -> None:
    stream = await _in_review(sqlite_service, review=3600)
    climbed = "post:ladder:climbed"
    for count, span in ((1, 1), (2, 1), (3, 1), (4, 24 * 7)):
        await _pass(sqlite_service, timedelta(hours=span, seconds=1))
        await sqlite_service.until(
            lambda: sqlite_service.names(stream).count(climbed) == count  # noqa: B023
        )
    told = [_fact(sqlite_service, stream, climbed, n)["told"] for n in range(4)]
    assert told == [["ben"], ["ben"], ["cora"], ["cora"]]
    assert _fact(sqlite_service, stream, climbed, 3)["is_watch"] is True
    assert _fact(sqlite_service, stream, climbed, 3)["owed_by"] == ["ben"]
    assert sqlite_service.state(stream).stage == "in_review"
    await sqlite_service.do(stream, BEN, "clear")
    await sqlite_service.until_stage(stream, "published")


@pytest.mark.rule(13)
async def test_a_post_over_the_budget_of_its_channel_waits_for_its_turn(
    client: Client, sqlite_house: Database, settings: Settings
) -> None:
    console = Channel(kind=ChannelKind.CONSOLE, team="care", posts_per_day=1)
    with sqlite_house.writing() as session:
        policies.apply(
            session,
            policy(channels={**policy().channels, "console": console}),
            "root",
            datetime.now(UTC),
        )
    async with running(client, sqlite_house, settings):
        service = Service(client, sqlite_house, settings)
        first = await service.opened("0")
        await service.do(first, ADA, "claim")
        request = service.words("May we?", "request")
        await service.do(first, ADA, "propose", request=request, reply=service.words("We will."))
        await service.do(first, CORA, "approve", post_id="P0")
        await service.until_stage("post/P0", "published")
        stream = await _in_review(service)
        await service.do(stream, BEN, "clear")
        await service.until(lambda: "post:attempt:deferred" in service.names(stream))
        deferred = _fact(service, stream, "post:attempt:deferred")
        assert (deferred["code"], deferred["is_turn"]) == ("budget", True)
        assert len(_lines(settings)) == 1
        _let_pass(service, timedelta(days=1))
        await _pass(service, timedelta(days=1, seconds=1))
        await service.until_stage(stream, "published")
        state = service.state(stream)
        assert isinstance(state, Post)
        assert (state.attempt, state.tries) == (2, 1)
        assert [line["post_id"] for line in _lines(settings)] == ["P0", "P1"]
        await corpus.save_if_asked(client)


def _let_pass(service: Service, duration: timedelta) -> None:
    """As if what the channel has taken lay so much further back: its clock is the real one."""
    with service.database.writing() as session:
        for turn in session.scalars(select(tables.Turn)):
            session.execute(
                update(tables.Turn)
                .where(col(tables.Turn.post_id) == turn.post_id)
                .values(at=turn.at - duration)
            )


@pytest.mark.rule(8)
async def test_a_correction_is_a_post_of_its_own_in_the_same_thread(
    sqlite_service: Service,
) -> None:
    stream = await _in_review(sqlite_service)
    await sqlite_service.do(stream, BEN, "clear")
    await sqlite_service.until_stage(stream, "published")
    words = Words.model_validate(sqlite_service.words("It is on its way since today."))
    first = sqlite_service.state(stream)
    opening = correction(first, Correct(words=words), ADA.actor, ())  # type: ignore[arg-type]
    start = Start(kind="post", command=opening.model_dump(mode="json"), actor=ADA.actor,
                  at=datetime.now(UTC), key="k", request="r")  # fmt: skip
    other = f"post/{opening.id}"
    opened = [
        await entities.open_at(sqlite_service.client, sqlite_service.database, other, start, "c")
        for _ in range(2)
    ]
    assert opened == [True, False]
    await sqlite_service.do(other, BEN, "clear")
    await sqlite_service.until_stage(other, "published")
    assert sqlite_service.state(stream).seq == first.seq
    assert sqlite_service.state(other).keys[0].key == "k"
    before, after = _lines(sqlite_service.settings)
    assert after["in_reply_to"] == before["in_reply_to"]
    assert after["corrects"] == "P1"
    assert after["text"].startswith("Correction of what we published on ")
    assert after["text"].endswith("UTC:\n\nIt is on its way since today.")
    with sqlite_service.database.reading() as session:
        row = session.get_one(tables.Post, "P1")
        assert (row.corrected_by, row.retracted_by) == (opening.id, None)
