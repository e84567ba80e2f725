"""A webhook that takes nothing: tried ever more seldom, said aloud, and disabled in the end."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from temporalio.testing import TimeSkipper

from activities import hooks as activities
from config.settings import Settings
from domain.hooks import DISABLED_AFTER, HookState, Kind
from intake import hooks as waking
from store import hook_tables, hooks, tables
from tests.builders import Service
from tests.channels.receiver import Receiver, answers


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, notice_seconds=1, webhook_networks="127.0.0.0/8")


async def made(service: Service, url: str) -> str:
    with service.database.writing() as session:
        found = hooks.make(
            session, "CRM", url, [Kind.ESCALATION_OPENED], datetime.now(UTC), by="root"
        )
    await waking.wake(service.client, found.hook.id)
    return found.hook.id


def state(service: Service, hook: str) -> hooks.HookItem:
    with service.database.reading() as session:
        return hooks.one(session, hook)


def sleeps(service: Service, hook: str) -> bool:
    with service.database.reading() as session:
        return hook not in hooks.awake(session)


def long_ago(service: Service, hook: str, span: timedelta) -> None:
    """As if it had begun to fail so long ago: the store reads the clock of the wall."""
    with service.database.writing() as session:
        row = session.get_one(hook_tables.Hook, hook)
        assert row.failing_since
        row.failing_since -= span


def reasons(service: Service) -> list[str]:
    with service.database.reading() as session:
        return [row.reason for row in session.scalars(select(tables.HouseNotice))]


@pytest.mark.parametrize("asked", ["", "40"])
async def test_the_next_try_is_noted_as_temporal_has_it(
    sqlite_service: Service, asked: str
) -> None:
    service = sqlite_service
    async with Receiver(answers(503, retry_after=asked)) as crm:
        hook = await made(service, crm.url)
        assert state(service, hook).next_at is None
        await service.opened()
        handle = service.client.get_workflow_handle(f"hook/{hook}")
        noted = planned = None
        while noted is None or planned is None:
            await asyncio.sleep(0.05)
            noted = state(service, hook).next_at
            for one in (await handle.describe()).raw_description.pending_activities:
                if one.HasField("next_attempt_schedule_time"):
                    planned = one.next_attempt_schedule_time.ToDatetime(tzinfo=UTC)
        assert abs(planned - noted) < timedelta(seconds=2)
        assert state(service, hook).disabled_at
        assert (noted - datetime.now(UTC) > timedelta(seconds=20)) == bool(asked)


async def test_a_receiver_that_takes_nothing_for_three_days_is_disabled(
    sqlite_service: Service,
) -> None:
    service = sqlite_service
    async with Receiver(answers(503)) as crm:
        hook = await made(service, crm.url)
        await service.opened()
        await service.until(lambda: state(service, hook).failing_since)
        handle = service.client.get_workflow_handle(f"hook/{hook}")
        long_ago(service, hook, timedelta(hours=2))
        await TimeSkipper(service.client).fast_forward(handle, timedelta(minutes=10))
        await service.until(lambda: "webhook_failing" in reasons(service))
        assert state(service, hook).state is HookState.ACTIVE
        before = len(crm.received)
        long_ago(service, hook, DISABLED_AFTER)
        await TimeSkipper(service.client).fast_forward(handle, timedelta(hours=8))
        await service.until(lambda: state(service, hook).state is HookState.DISABLED)
        await handle.result()
        assert len(crm.received) == before + 1
        assert reasons(service).count("webhook_failing") == 1
        assert "webhook_disabled" in reasons(service)
        history = await handle.fetch_history()
        assert len(history.events) < 25, "retries add nothing to history"


async def test_a_message_that_its_receiver_cannot_read_is_set_aside_for_the_next(
    sqlite_service: Service,
) -> None:
    service = sqlite_service
    async with Receiver() as crm:

        async def behave(writer: asyncio.StreamWriter) -> None:
            told = {r.headers["webhook-id"] for r in crm.received}
            await answers(422 if len(told) == 1 else 200)(writer)

        crm.behaviour = behave
        hook = await made(service, crm.url)
        first = await service.opened("1")
        await service.until(lambda: crm.received)
        second = await service.opened("2")
        handle = service.client.get_workflow_handle(f"hook/{hook}")
        while not sleeps(service, hook):
            before = len(crm.received)
            await TimeSkipper(service.client).fast_forward(handle, timedelta(minutes=7))
            await asyncio.sleep(0.5 if len(crm.received) == before else 0)
        assert state(service, hook).set_aside == 1
        told = [json.loads(r.body)["data"]["id"] for r in crm.received]
        assert told == [first.partition("/")[2]] * 6 + [second.partition("/")[2]]


async def test_a_webhook_with_much_to_tell_continues_as_new(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities, "LONGEST", 0.0)
    monkeypatch.setattr(waking, "ROUNDS", 3)
    service = sqlite_service
    async with Receiver(answers(500)) as crm:
        hook = await made(service, crm.url)
        for n in range(8):
            await service.opened(str(n))
        crm.behaviour = answers(204)
        await waking.wake(service.client, hook, in_a_hurry=True)
        await service.until(lambda: sleeps(service, hook))
        handle = service.client.get_workflow_handle(f"hook/{hook}")
        description = await handle.describe()
        assert len({r.headers["webhook-id"] for r in crm.received}) == 8
        first = (await handle.fetch_history()).events[0]
        started = first.workflow_execution_started_event_attributes
        assert started.continued_execution_run_id, description
