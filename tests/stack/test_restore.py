"""The database alone is the backup: with Temporal's memory gone, everything open goes on."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import func, select
from sqlmodel import col
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from answerable.worker import running
from config.settings import Settings
from domain.errors import StaleEpoch
from domain.ledger import Batch
from intake.restore import Counts, count_unfinished, is_running, restore_all
from store import inbox, records, tables, words
from store.database import Database
from tests.builders import ADA, CORA, Service, incoming

OPEN = 50


@pytest.fixture
async def empty_server(temporal_server: WorkflowEnvironment) -> Client:
    """A namespace that knows nothing: to a client it is what a new server is."""
    there = temporal_server.client
    name = f"restored-{uuid4().hex[:12]}"
    kept = Duration(seconds=86400)
    await there.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=kept)
    )
    address = there.service_client.config.target_host
    client = await Client.connect(address, namespace=name, data_converter=pydantic_data_converter)
    for _ in range(100):
        try:
            await client.count_workflows()
        except RPCError:
            await asyncio.sleep(0.05)
        else:
            return client
    raise TimeoutError(f"namespace {name} never became usable")


async def propose(service: Service, stream: str, text: str) -> None:
    due_at = datetime.now(UTC) + timedelta(days=3)
    promise = {
        "id": words.new_id(),
        "words": service.words("We will send it."),
        "accountable": "ada",
        "due_at": due_at.isoformat(),
    }
    await service.do(
        stream,
        ADA,
        "propose",
        request=service.words("May we?", "request"),
        reply=service.words(text),
        promises=[promise],
    )


async def bring_to(service: Service, stream: str, stage: str) -> None:
    """One escalation, as far as it is to come before everything is lost."""
    if stage == "unclaimed":
        return
    await service.do(stream, ADA, "claim")
    if stage == "preparing":
        return
    await propose(service, stream, f"Answer to {stream}")
    if stage == "listening":
        await service.do(stream, CORA, "approve", post_id=words.new_id())


async def go_on(service: Service, stream: str, stage: str) -> None:
    """Bring it to its published answer from wherever it is."""
    if stage == "listening":
        return
    if stage == "unclaimed":
        await service.do(stream, ADA, "claim")
    if stage in ("unclaimed", "preparing"):
        await propose(service, stream, f"Answer to {stream}")
    await service.do(stream, CORA, "approve", post_id=words.new_id())


async def test_fifty_open_escalations_go_on_after_temporal_lost_everything(
    client: Client, empty_server: Client, sqlite_house: Database, settings: Settings
) -> None:
    stages = ["unclaimed", "preparing", "deciding", "listening", "unclaimed"] * (OPEN // 5)
    async with running(client, sqlite_house, settings):
        before = Service(client, sqlite_house, settings)
        streams = [await before.opened(str(n), conversation_id=str(n)) for n in range(OPEN)]
        pairs = list(zip(streams, stages, strict=True))
        await asyncio.gather(*(bring_to(before, *pair) for pair in pairs))
        answered = stages.count("listening")
        await before.until(lambda: count(sqlite_house, tables.Commitment, "open") == answered, 60)
    # A comment that came in while nobody could hand it over.
    late = [incoming("late", conversation_id="0")]
    inbox.receive(sqlite_house, late, datetime.now(UTC))
    unfinished = count_unfinished(sqlite_house)
    assert unfinished >= OPEN

    seen: list[int] = []
    counts = await restore_all(empty_server, sqlite_house, lambda c: seen.append(c.seen))
    assert counts == Counts(started=unfinished)
    assert seen == list(range(1, unfinished + 1))

    async with running(empty_server, sqlite_house, settings):
        after = Service(empty_server, sqlite_house, settings)
        await after.until(lambda: waiting(sqlite_house) == 0)
        assert "escalation:comment:joined" in after.names(streams[0])
        await asyncio.gather(*(go_on(after, *pair) for pair in pairs))
        await after.until(lambda: count(sqlite_house, tables.Escalation, "listening") == OPEN, 60)
        await after.until(lambda: count(sqlite_house, tables.Commitment, "open") == OPEN, 60)
    posts = published(settings.data)
    assert sorted(posts) == sorted(f"Answer to {stream}" for stream in streams)
    with sqlite_house.reading() as session:
        assert [records.verify(session, stream) for stream in streams] == [None] * OPEN


def waiting(database: Database) -> int:
    with database.reading() as session:
        return inbox.count_waiting(session)


def count(
    database: Database, table: type[tables.Escalation | tables.Commitment], stage: str
) -> int:
    with database.reading() as session:
        found = select(func.count()).select_from(table).where(col(table.stage) == stage)
        return session.scalar(found) or 0


def published(data: Path) -> list[str]:
    lines = (data / "console.jsonl").read_text().splitlines()
    return [json.loads(line)["text"] for line in lines]


async def test_restoring_again_changes_nothing_that_anybody_sees(
    client: Client, sqlite_service: Service
) -> None:
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, ADA, "claim")
    before = sqlite_service.state(stream)
    for _ in range(2):
        counts = await restore_all(client, sqlite_service.database)
        assert counts == Counts(started=1)
    assert sqlite_service.state(stream) == before
    await sqlite_service.do(stream, ADA, "release")
    assert sqlite_service.names(stream)[-1] == "escalation:owner:released"


async def test_only_what_is_missing_is_started_where_that_is_asked_for(
    client: Client, sqlite_service: Service
) -> None:
    kept = await sqlite_service.opened("1", conversation_id="1")
    lost = await sqlite_service.opened("2", conversation_id="2")
    runs = await client.get_workflow_handle(kept).describe()
    await client.get_workflow_handle(lost).terminate()
    assert not await is_running(client, lost)
    counts = await restore_all(client, sqlite_service.database, only_missing=True)
    assert counts == Counts(started=1, running=1)
    assert (await client.get_workflow_handle(kept).describe()).run_id == runs.run_id
    await sqlite_service.do(lost, ADA, "claim")


async def test_a_workflow_of_an_earlier_life_can_write_nothing_any_more(
    client: Client, sqlite_service: Service
) -> None:
    stream = await sqlite_service.opened()
    await restore_all(client, sqlite_service.database)
    batch = Batch(stream=stream, kind="escalation", epoch=1)
    with pytest.raises(StaleEpoch):
        records.record(sqlite_service.database, batch, datetime.now(UTC))


async def test_what_is_closed_with_nothing_left_to_do_stays_closed(
    client: Client, sqlite_service: Service
) -> None:
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, ADA, "claim")
    await sqlite_service.do(stream, ADA, "dismiss", code="spam")
    await sqlite_service.until(lambda: count_unfinished(sqlite_service.database) == 0)
    assert await restore_all(client, sqlite_service.database) == Counts()
