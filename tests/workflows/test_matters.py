"""Matters through real Temporal and a real database: one decision, many answers, each once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from temporalio.client import Client

from activities import matters as activity
from answerable.worker import running
from config.settings import Settings
from domain.comments import Incoming, IncomingAuthor
from domain.ledger import RULES
from domain.matter import Matter, OpenMatter, changes, ulid_of
from domain.messages import Start
from domain.policy import Channel, ChannelKind
from domain.terms import DAY, Allowances, Terms
from intake import entities, handover, restore
from store import inbox, matters, policies, tables
from store.database import Database
from store.matters import Counts
from tests import builders
from tests.builders import ADA, BEN, CORA, Service
from workflows import matter as workflow

log = logging.getLogger("answerable.tests")


async def _matter(service: Service, listen: int = DAY) -> str:
    """Open a matter of Ada's team; answers its stream."""
    at = datetime.now(UTC)
    command = OpenMatter(
        id=ulid_of("test", at=at),
        team="care",
        title=service.words("Saddles are missing", "title"),  # type: ignore[arg-type]
        terms=Terms(team="care", policy_version=1, allowances=Allowances(listen=listen)),
        request="test",
        rules=RULES,
    )
    message = Start(kind="matter", command=command.model_dump(mode="json"), actor=ADA.actor, at=at)
    stream = f"matter/{command.id}"
    await entities.open_at(service.client, service.database, stream, message, "test")
    return stream


ANSWER = "All saddles come on Monday."


async def _decided(service: Service, stream: str) -> None:
    request = service.words("May we say this to all?", "request")
    await service.do(stream, ADA, "propose", request=request, reply=service.words(ANSWER))
    await service.do(stream, CORA, "approve")


async def _opened(service: Service, count: int) -> list[str]:
    """Bring in many comments, ten of them by people who have said it in another thread too."""
    comments = [
        builders.incoming(
            f"c{n}",
            author=IncomingAuthor(handle=f"@rider{n if n >= 10 else n + 10}"),
            conversation_id=f"thread {n}",
            text=f"My bike came without a saddle, order {n}.",
        )
        for n in range(count)
    ]
    return await _handed_over(service, comments)


async def _handed_over(service: Service, comments: list[Incoming]) -> list[str]:
    receipts = inbox.receive(service.database, comments, datetime.now(UTC))
    arrivals = [receipt.arrival_id for receipt in receipts if receipt.arrival_id]
    done = await handover.hand_over_all(service.client, service.database, arrivals)
    assert done == len(comments)
    return [f"escalation/{receipt.escalation_id}" for receipt in receipts]


async def _join(service: Service, stream: str, escalations: list[str]) -> None:
    places = asyncio.Semaphore(16)

    async def one(escalation: str) -> None:
        async with places:
            await service.do(escalation, BEN, "join_matter", matter_id=stream.partition("/")[2])

    await asyncio.gather(*(one(escalation) for escalation in escalations))


def _counts(service: Service, stream: str) -> Counts:
    matter_id = stream.partition("/")[2]
    with service.database.reading() as session:
        return matters.counts(session, [matter_id]).get(matter_id, Counts())


def _state(service: Service, stream: str) -> Matter:
    state = service.state(stream)
    assert isinstance(state, Matter)
    return state


def _said(settings: Settings) -> list[dict[str, Any]]:
    path = settings.data / "console.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def _length(client: Client, stream: str) -> int:
    return (await client.get_workflow_handle(stream).describe()).history_length


# One, small. ----------------------------------------------------------------------------------


@pytest.mark.rule(8)
@pytest.mark.rule(14)
async def test_one_decision_answers_everybody_with_the_same_cleared_words(
    sqlite_service: Service,
) -> None:
    escalations = await _opened(sqlite_service, 4)
    stream = await _matter(sqlite_service)
    await _join(sqlite_service, stream, escalations[:3])
    await _decided(sqlite_service, stream)
    await sqlite_service.do(stream, BEN, "release", first=1, wait=1)
    await sqlite_service.until(lambda: _counts(sqlite_service, stream).served == 1)
    await sqlite_service.until_stage(stream, "listening")
    for escalation in escalations[:3]:
        await sqlite_service.until_stage(escalation, "listening")

    assert _counts(sqlite_service, stream) == Counts(served=3)
    said = _said(sqlite_service.settings)
    assert len(said) == 3
    assert all(line["text"].startswith(ANSWER) and "3 people" in line["text"] for line in said)
    assert sqlite_service.state(escalations[3]).stage == "unclaimed"
    assert sqlite_service.names(stream)[:4] == [
        "matter:case:opened",
        "matter:proposal:submitted",
        "matter:decision:approved",
        "matter:release:began",
    ]
    with sqlite_service.database.reading() as session:
        matter_id = stream.partition("/")[2]
        assert matters.voices(session, matter_id) == 3
        page = matters.members(session, matter_id, ADA.actor, datetime.now(UTC))
        posts = {item.post_id for item in page.items}
        assert set(session.scalars(select(col(tables.Post.id)))) == posts
        marks = session.execute(select(col(tables.Post.matter_id), col(tables.Post.same_answer_to)))
        assert set(map(tuple, marks)) == {(matter_id, 3)}
        detail = matters.matter(session, matter_id, ADA.actor, datetime.now(UTC))
        assert detail.release is not None
        assert detail.release.published == 3


async def test_after_the_listening_period_its_door_closes_and_then_it_ends(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever slips in as the door closes is answered all the same."""
    monkeypatch.setattr(changes, "LAST_CALL", timedelta(seconds=3))
    escalations = await _opened(sqlite_service, 2)
    stream = await _matter(sqlite_service, listen=2)
    await _join(sqlite_service, stream, escalations[:1])
    await _decided(sqlite_service, stream)
    await sqlite_service.do(stream, BEN, "release")
    await sqlite_service.until_stage(stream, "closing")
    await _join(sqlite_service, stream, escalations[1:])
    await sqlite_service.until_stage(escalations[1], "listening")
    await sqlite_service.until_stage(stream, "closed")
    handle = sqlite_service.client.get_workflow_handle(stream)
    assert await handle.result() == "closed"
    assert _counts(sqlite_service, stream) == Counts(served=2)
    assert sqlite_service.names(stream)[-2:] == ["matter:case:closing", "matter:case:closed"]


async def test_a_member_that_comes_back_after_the_answer_is_a_case_of_its_own(
    sqlite_service: Service,
) -> None:
    escalation = (await _opened(sqlite_service, 1))[0]
    stream = await _matter(sqlite_service)
    await _join(sqlite_service, stream, [escalation])
    await _decided(sqlite_service, stream)
    await sqlite_service.do(stream, BEN, "release")
    await sqlite_service.until_stage(escalation, "listening")
    again = builders.incoming(
        "again",
        author=IncomingAuthor(handle="@rider10"),
        conversation_id="thread 0",
        text="Monday of which week?",
    )
    assert await _handed_over(sqlite_service, [again]) == [escalation]
    assert sqlite_service.state(escalation).stage == "preparing"
    assert _counts(sqlite_service, stream) == Counts(served=1)
    with sqlite_service.database.reading() as session:
        row = session.get_one(tables.Escalation, escalation.partition("/")[2])
        assert row.matter_state == "reopened"


async def test_a_long_release_goes_on_as_a_new_run_and_answers_nobody_twice(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "LONG", 40)
    monkeypatch.setattr(activity, "WORTH", 0)
    monkeypatch.setattr(activity, "FEWEST", 2)
    escalations = await _opened(sqlite_service, 12)
    stream = await _matter(sqlite_service)
    first_run = (await sqlite_service.client.get_workflow_handle(stream).describe()).run_id
    await _join(sqlite_service, stream, escalations)
    await _decided(sqlite_service, stream)
    await sqlite_service.do(stream, BEN, "release", first=1)
    await sqlite_service.until_stage(stream, "listening", 60)
    described = await sqlite_service.client.get_workflow_handle(stream).describe()
    assert described.run_id != first_run
    assert described.history_length < 3 * 60
    for escalation in escalations:
        await sqlite_service.until_stage(escalation, "listening")
    assert len(_said(sqlite_service.settings)) == 12


@pytest.mark.rule(13)
async def test_a_release_that_is_restored_in_the_middle_answers_nobody_twice(
    sqlite_service: Service,
) -> None:
    escalations = await _opened(sqlite_service, 5)
    stream = await _matter(sqlite_service)
    await _join(sqlite_service, stream, escalations)
    await _decided(sqlite_service, stream)
    await sqlite_service.do(stream, BEN, "release", first=2, wait=3)
    await sqlite_service.until(lambda: _counts(sqlite_service, stream).served == 2)
    await restore.restore_all(sqlite_service.client, sqlite_service.database)
    await sqlite_service.until_stage(stream, "listening")
    for escalation in escalations:
        await sqlite_service.until_stage(escalation, "listening")
    assert Counter(line["in_reply_to"] for line in _said(sqlite_service.settings)) == {
        f"c{n}": 1 for n in range(5)
    }


# A storm. -------------------------------------------------------------------------------------


@pytest.fixture
def stormy(sqlite_house: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A house whose channel takes thirty posts a second, in waves of three seconds' worth."""
    monkeypatch.setattr(activity, "WORTH", 3)
    monkeypatch.setattr(activity, "FEWEST", 20)
    monkeypatch.setattr(activity, "SLICE", 20)
    channel = Channel(kind=ChannelKind.CONSOLE, team="care", posts_per_second=30)
    with sqlite_house.writing() as session:
        changed = builders.policy(channels={"console": channel})
        policies.apply(session, changed, "root", datetime.now(UTC))
    return sqlite_house


@pytest.mark.timeout(240)
@pytest.mark.rule(1)
@pytest.mark.rule(13)
@pytest.mark.rule(14)
async def test_a_storm_of_three_hundred_is_decided_once_and_each_is_answered_once(
    client: Client, stormy: Database, settings: Settings
) -> None:
    """First twenty, wait, halt in the middle, one splits off, resume, a worker that restarts, one
    who joins late."""
    service = Service(client, stormy, settings)
    async with AsyncExitStack() as first_worker:
        await first_worker.enter_async_context(running(client, stormy, settings))
        escalations = await _opened(service, 300)
        assert len(set(escalations)) == 300
        stream = await _matter(service)
        *early, late = escalations
        await _join(service, stream, early)
        assert _counts(service, stream) == Counts(waiting=299)
        await _decided(service, stream)

        await service.do(stream, BEN, "release", first=20, wait=3)
        await service.until(lambda: _counts(service, stream).served == 20)
        await asyncio.sleep(1.5)
        assert _counts(service, stream).served == 20, "the rest has not waited"
        await service.until(lambda: _counts(service, stream).served >= 60, 60)

        await service.do(stream, ADA, "halt")
        at_halt = _counts(service, stream).served
        await asyncio.sleep(4)
        stopped = _counts(service, stream)
        assert stopped.served <= at_halt + activity.SLICE, "it went on after the halt"
        assert stopped.waiting > 100
        apart = next(e for e in reversed(early) if service.state(e).stage == "unclaimed")
        reason = service.words("This one lost an order, not a saddle.", "reason")
        await service.do(apart, ADA, "leave_matter", reason=reason)

        await service.do(stream, BEN, "resume")
        await service.until(lambda: _counts(service, stream).served >= stopped.served + 25, 60)
    at_restart = _counts(service, stream)
    assert at_restart.waiting > 0, "the worker stopped too late to matter"

    async with running(client, stormy, settings):
        await service.until(lambda: _counts(service, stream).served == 298, 90)
        await service.until_stage(stream, "listening", 60)
        await _join(service, stream, [late])
        await service.until(lambda: _counts(service, stream).served == 299, 40)
        answered = [e for e in escalations if e != apart]
        await service.until(lambda: len(_said(settings)) >= 299, 60)
        for escalation in answered:
            await service.until_stage(escalation, "listening", 30)

        assert _counts(service, stream) == Counts(served=299, left=1)
        said = _said(settings)
        assert Counter(Counter(line["in_reply_to"] for line in said).values()) == {1: 299}
        assert all(line["text"].startswith(ANSWER) for line in said)
        assert service.state(apart).stage == "unclaimed"
        with stormy.reading() as session:
            assert matters.voices(session, stream.partition("/")[2]) == 289
            assert session.scalars(select(tables.Fork)).first() is None
        lengths = [await _length(client, e) for e in (answered[0], answered[150], late)]
        whole = await _length(client, stream)
        waves = service.names(stream).count("matter:release:advanced")
        log.warning("matter: %s events in %s waves; escalations: %s", whole, waves, lengths)
        assert whole < 500
        assert max(lengths) < 100
        await service.until_stage(stream, "listening", 60)
