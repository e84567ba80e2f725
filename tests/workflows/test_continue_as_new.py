"""A long life goes on as a new run, with nothing forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from answerable.embedded import find_binary
from answerable.worker import running
from config.settings import Settings
from domain.errors import Invalid
from store import records
from store.database import Database
from tests.builders import ADA, BEN, CORA, Service
from tests.histories import corpus

THRESHOLD = 60
"""Events after which this server suggests a fresh start; the real one says 4,096."""


@pytest.fixture
async def impatient(
    sqlite_house: Database, settings: Settings, request: pytest.FixtureRequest
) -> AsyncIterator[Service]:
    """A service on a server that suggests continue-as-new early."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_binary(Settings())),
        data_converter=pydantic_data_converter,
        dev_server_extra_args=[
            "--log-level",
            "never",
            "--dynamic-config-value",
            f"limit.historyCount.suggestContinueAsNew={THRESHOLD}",
        ],
    ) as server:
        client: Client = server.client
        async with running(client, sqlite_house, settings):
            yield Service(client, sqlite_house, settings)
            await corpus.save_if_asked(client)


async def test_a_case_with_a_hundred_notes_continues_as_new_and_forgets_nothing(
    impatient: Service,
) -> None:
    stream = await impatient.opened()
    first_run = (await impatient.client.get_workflow_handle(stream).describe()).run_id
    await impatient.do(stream, ADA, "claim", key="claimed-once")
    notes: list[dict[str, str]] = []
    for n in range(100):
        notes.append(impatient.words(f"Note {n}", "note"))
        await impatient.do(stream, BEN, "note", words=notes[n], key=f"note-{n}")
    description = await impatient.client.get_workflow_handle(stream).describe()
    assert description.run_id != first_run
    assert description.history_length < 3 * THRESHOLD
    assert impatient.names(stream).count("escalation:note:written") == 100

    # What the old runs remembered of keys still holds: repeats are repeats, misuse is refused.
    last = await impatient.do(stream, BEN, "note", words=notes[60], key="note-60")
    assert last.is_repeat
    with pytest.raises(Invalid):
        await impatient.do(stream, ADA, "release", key="note-61")

    await impatient.do(stream, ADA, "propose", request=impatient.words("May we?", "request"))
    await impatient.do(stream, CORA, "approve", post_id="unused")
    await impatient.do(stream, ADA, "reply", post_id="P1", words=impatient.words("Yes."))
    await impatient.until_stage("post/P1", "in_review")
    await impatient.do("post/P1", BEN, "clear")
    await impatient.until_stage(stream, "listening")
    with impatient.database.reading() as session:
        assert records.verify(session, stream) is None


async def test_commands_that_hit_the_moment_of_a_fresh_start_are_answered(
    impatient: Service,
) -> None:
    stream = await impatient.opened()
    notes = [impatient.words(f"Note {n}", "note") for n in range(60)]
    places = asyncio.Semaphore(6)

    async def write(note: dict[str, str]) -> None:
        async with places:
            await impatient.do(stream, BEN, "note", words=note)

    await asyncio.gather(*(write(note) for note in notes))
    assert impatient.names(stream).count("escalation:note:written") == 60
