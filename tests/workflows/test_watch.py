"""Every open case has its next alarm and its workflow, or the heartbeat stops and it is named."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col
from temporalio.client import Client, ScheduleOverlapPolicy, WorkflowExecutionStatus

from activities import watching
from activities.watching import STUCK
from answerable.schedules import EVERY, WATCH, ensure_watch
from answerable.worker import running
from config.settings import Settings
from domain.messages import TASK_QUEUE
from domain.watch import Code
from intake.restore import Counts, restore_all
from store import tables, watch
from store.database import Database
from tests.builders import ADA, Service

pytestmark = pytest.mark.rule(4)


async def rounds(service: Service) -> set[tuple[str, str]]:
    """Have the schedule run one round; answers what is wrong now."""
    # One that its clock starts meanwhile would be taken for this one.
    await service.client.get_schedule_handle(WATCH).pause()
    before = beat(service, watch.RAN)
    # A round is over for the schedule a moment after it is for the store.
    handle = service.client.get_schedule_handle(WATCH)
    await handle.trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)
    await service.until(lambda: beat(service, watch.RAN) != before)
    with service.database.reading() as session:
        return {(f.stream, f.code) for f in watch.open_findings(session)}


def beat(service: Service, name: str) -> datetime | None:
    with service.database.reading() as session:
        return watch.beat(session, name)


def body_of(service: Service, stream: str) -> Any:
    with service.database.reading() as session:
        row = session.get(tables.Snapshot, stream)
        assert row
        return json.loads(row.body)


def put(service: Service, stream: str, **values: Any) -> None:
    """Change a row by hand."""
    table = tables.Snapshot
    with service.database.writing() as session:
        session.execute(update(table).where(col(table.stream) == stream).values(**values))


async def test_a_case_whose_alarm_was_removed_is_found_and_the_heartbeat_stops(
    service: Service,
) -> None:
    stream = await service.opened()
    assert await rounds(service) == set()
    well_at = beat(service, watch.OK)
    assert well_at
    body = body_of(service, stream)
    put(
        service,
        stream,
        # Under the first rules a stage without its deadline has no alarm at all.
        body=json.dumps({k: v for k, v in body.items() if k not in ("deadline", "rules")}),
        wakes_at=None,
    )

    assert await rounds(service) == {(stream, Code.NO_ALARM)}
    assert await rounds(service) == {(stream, Code.NO_ALARM)}
    assert beat(service, watch.OK) == well_at

    put(service, stream, body=json.dumps(body))
    assert await rounds(service) == set()
    assert (beat(service, watch.OK) or well_at) > well_at


async def test_a_terminated_workflow_is_found_until_a_restore_has_brought_it_back(
    client: Client, sqlite_service: Service
) -> None:
    kept = await sqlite_service.opened("1", conversation_id="1")
    lost = await sqlite_service.opened("2", conversation_id="2")
    await client.get_workflow_handle(lost).terminate()

    assert await rounds(sqlite_service) == {(lost, Code.NO_WORKFLOW)}
    assert await rounds(sqlite_service) == {(lost, Code.NO_WORKFLOW)}
    assert beat(sqlite_service, watch.OK) is None

    counts = await restore_all(client, sqlite_service.database, only_missing=True)
    assert counts == Counts(started=1, running=1)
    assert await rounds(sqlite_service) == set()
    assert beat(sqlite_service, watch.OK)
    await sqlite_service.do(kept, ADA, "claim")


async def test_a_case_that_closed_without_its_workflow_is_no_finding_any_more(
    client: Client, sqlite_service: Service
) -> None:
    stream = await sqlite_service.opened()
    await client.get_workflow_handle(stream).terminate()
    assert await rounds(sqlite_service) == {(stream, Code.NO_WORKFLOW)}
    put(sqlite_service, stream, is_open=False)

    assert await rounds(sqlite_service) == set()


async def test_a_row_of_older_code_is_filled_and_never_a_finding(sqlite_service: Service) -> None:
    stream = await sqlite_service.opened()
    for hint in (None, datetime(2020, 1, 1, tzinfo=UTC)):
        put(sqlite_service, stream, wakes_at=hint)

        assert await rounds(sqlite_service) == set()
        alarm = sqlite_service.state(stream).alarm()
        with sqlite_service.database.reading() as session:
            row = session.get(tables.Snapshot, stream)
            assert row
            assert alarm
            assert row.wakes_at == alarm.at


async def test_a_workflow_whose_tasks_fail_is_found(
    client: Client, sqlite_service: Service
) -> None:
    """One that no worker has the code of fails each of its tasks."""
    handle = await client.start_workflow("of another version", id="post/1", task_queue=TASK_QUEUE)

    async with asyncio.timeout(60):
        while not [found async for found in client.list_workflows(STUCK)]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert await rounds(sqlite_service) == {("post/1", Code.STUCK)}
    assert beat(sqlite_service, watch.OK) != beat(sqlite_service, watch.RAN)
    await handle.terminate()


async def test_there_is_one_schedule_however_often_workers_start_and_it_stays_paused(
    client: Client, sqlite_house: Database, settings: Settings
) -> None:
    handle = client.get_schedule_handle(WATCH)
    for _ in range(2):
        async with running(client, sqlite_house, settings):
            assert [found.id async for found in await client.list_schedules()] in ([], [WATCH])
        await handle.pause(note="while we move")
    await ensure_watch(client)
    description = await handle.describe()

    assert description.schedule.spec.intervals[0].every == EVERY
    assert description.schedule.state.paused
    assert description.schedule.state.note == "while we move"


async def test_old_rounds_are_forgotten_and_nothing_else_is(
    client: Client, sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "RUNS_KEPT", timedelta(0))
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, ADA, "claim")
    await sqlite_service.do(stream, ADA, "dismiss", code="spam")
    for _ in range(4):
        await rounds(sqlite_service)
    # The server does what it was asked in its own time.
    async with asyncio.timeout(120):
        while len(await runs(client)) > 2:  # noqa: ASYNC110
            await asyncio.sleep(1)

    description = await client.get_workflow_handle(stream).describe()
    assert description.status is WorkflowExecutionStatus.COMPLETED


async def runs(client: Client) -> list[str]:
    return [run.id async for run in client.list_workflows("WorkflowType = 'watch'")]
