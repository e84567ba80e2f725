"""The service under measurement: one Temporal server, and on it our api and worker by the side of
a bare worker, each a process of its own.

Everything listens on loopback, lives in one temporary folder and ends with this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import func, select
from sqlmodel import SQLModel
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from answerable import embedded
from answerable.guard import Child
from bench import children
from bench.crowd import Crowd
from bench.databases import Databases
from config.settings import Settings
from domain.people import Role
from domain.policy import GENERAL, Channel, ChannelKind, Plan, Policy
from domain.terms import Allowances, Limits, ReplyTerms
from store import people, policies
from store.database import Database

NOTICE_SECONDS = 2
"""How long notices are gathered here. The default, a minute, would make each round last one."""

LISTEN_SECONDS = 1
"""How long an answered case is listened to before its timer closes it: the shortest there is."""

POSTS_PER_SECOND = 10_000
"""As many as it takes: the rate of a channel is not what is measured."""

LIMITED, LIMIT = "square", 10.0
"""A channel beside it that takes so many posts a second and no more, for the storm."""

CAST = {
    "ada": ((Role.STAFF,), {"care": False}),
    "ben": ((Role.STAFF,), {"care": True}),
    "cora": ((Role.EXECUTIVE,), {}),
    "hook": ((Role.SERVICE,), {}),
}
"""Who acts here: Ada owns, Ben leads her team, Cora decides; the hook brings comments."""


@dataclass
class Temporal:
    """The embedded server, as `answerable up` starts it."""

    child: Child
    address: str
    folder: Path

    async def version(self) -> str:
        """The version of the server itself, which is not that of the package around it."""
        client = await Client.connect(self.address)
        found = await client.workflow_service.get_system_info(GetSystemInfoRequest())
        return found.server_version

    async def client(self, namespace: str) -> Client:
        """A client of a new namespace, so that no measurement meets another one's workflows."""
        client = await Client.connect(
            self.address, namespace=namespace, data_converter=pydantic_data_converter
        )
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=namespace, workflow_execution_retention_period=Duration(seconds=86_400)
            )
        )
        await children.until(lambda: _is_usable(client), self.child)
        return client


async def _is_usable(client: Client) -> bool:
    try:
        await client.count_workflows()
    except RPCError:
        return False
    return True


@asynccontextmanager
async def temporal(folder: Path) -> AsyncIterator[Temporal]:
    """A server of our own with its file in the folder."""
    port = embedded.free_port()
    child = await embedded.start_temporal(embedded.find_binary(Settings()), folder, port, None)
    try:
        yield Temporal(child, f"{embedded.LOOPBACK}:{port}", folder)
    finally:
        await child.stop()


@dataclass
class Service:
    """Our service on one database, and the bare worker beside it."""

    kind: str
    folder: Path
    temporal: Temporal
    client: Client
    database: Database
    http: httpx.AsyncClient
    tokens: dict[str, str]
    api: Child
    worker: Child
    bare: Child
    worker_metrics: str
    bare_metrics: str
    postgres_pid: int | None

    def meter(self) -> children.Meter:
        """Of every process that takes part. What SQLite costs is in the worker's and the api's."""
        pids = {
            "temporal": self.temporal.child.pid,
            "worker": self.worker.pid,
            "bare_worker": self.bare.pid,
            "api": self.api.pid,
        }
        if self.postgres_pid is not None:
            pids["database"] = self.postgres_pid
        return children.Meter(pids)

    async def post(self, person: str, path: str, body: Any = None) -> Any:
        """Ask the api as one of the cast; raises for any answer that is not a plain yes."""
        answer = await self.http.post(
            f"/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.tokens[person]}"},
        )
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    async def open(self, external_id: str) -> str:
        """Bring one comment in and have it handed over; answers the id of its escalation."""
        received = await self.post("hook", "/comments", comment(external_id))
        assert received["result"] == "opened", received
        return str(received["escalation_id"])

    async def do(self, person: str, case: str, act: str, fields: Any = None) -> Any:
        """Have one of the cast do something with an escalation."""
        return await self.post(person, f"/escalations/{case}/{act}", fields or {})

    def listen_for(self, seconds: int) -> None:
        """Have cases that are opened from now on listen for so long before they close."""
        with self.database.writing() as session:
            policies.apply(session, _policy(seconds), "root", datetime.now(UTC))

    def count(self, table: type[SQLModel], **values: Any) -> int:
        """How many rows of a table have these values."""
        with self.database.reading() as session:
            statement = select(func.count()).select_from(table).filter_by(**values)
            return session.scalar(statement) or 0


def comment(external_id: str, channel: str = "console") -> dict[str, Any]:
    """One public remark, each in a conversation of its own."""
    posted_at = datetime.now(UTC) - timedelta(minutes=5)
    return {
        "channel": channel,
        "external_id": external_id,
        "author": {"handle": f"@{external_id}"},
        "text": "My bike came without a saddle, and nobody answers the telephone.",
        "posted_at": posted_at.isoformat(),
    }


@asynccontextmanager
async def service(
    server: Temporal, databases: Databases, kind: str, crowd: Crowd | None = None
) -> AsyncIterator[Service]:
    """Our service and the bare worker, running, on a database of this kind; with a crowd in it,
    where one is wanted."""
    name = f"bench-{kind}-{'crowd' if crowd else 'empty'}"
    url = await databases.fresh(kind, name)
    folder = server.folder / name
    folder.mkdir()
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.callback(database.dispose)
        if crowd is not None:
            await asyncio.to_thread(crowd.make, database)
        tokens = await asyncio.to_thread(_furnish, database)
        client = await server.client(name)
        api_port, worker_port, bare_port = embedded.free_ports(0, 0, 0)
        env = _environment(server, name, url, folder)

        async def run(part: str, module: str, *arguments: str) -> Child:
            child = await children.start(part, module, *arguments, env=env, folder=folder)
            stack.push_async_callback(child.stop, 10)
            return child

        worker = await run("worker", "answerable", "worker", "--metrics-port", str(worker_port))
        api = await run("api", "answerable", "api", "--port", str(api_port))
        bare = await run("bare", "bench.bare_worker", str(bare_port), str(NOTICE_SECONDS))
        http = await stack.enter_async_context(_http(api_port))
        running = Service(
            kind=kind,
            folder=folder,
            temporal=server,
            client=client,
            database=database,
            http=http,
            tokens=tokens,
            api=api,
            worker=worker,
            bare=bare,
            worker_metrics=f"http://{embedded.LOOPBACK}:{worker_port}/metrics",
            bare_metrics=f"http://{embedded.LOOPBACK}:{bare_port}/metrics",
            postgres_pid=databases.postgres_pid if kind == "postgresql" else None,
        )
        await children.until(lambda: _is_ready(http), api)
        yield running


def _http(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://{embedded.LOOPBACK}:{port}",
        timeout=60,
        trust_env=False,
        # Below the time after which the api lets go of a connection that says nothing.
        limits=httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=3),
    )


def _environment(server: Temporal, namespace: str, url: str, folder: Path) -> dict[str, str]:
    return {
        "TEMPORAL_ADDRESS": server.address,
        "TEMPORAL_NAMESPACE": namespace,
        "ANSWERABLE_DATABASE_URL": url,
        "ANSWERABLE_DATA": str(folder),
        "ANSWERABLE_HOST": embedded.LOOPBACK,
        "ANSWERABLE_NOTICE_SECONDS": str(NOTICE_SECONDS),
    }


def _policy(listen_seconds: int) -> Policy:
    console = Channel(kind=ChannelKind.CONSOLE, team="care", posts_per_second=POSTS_PER_SECOND)
    limited = Channel(kind=ChannelKind.CONSOLE, team="care", posts_per_second=LIMIT)
    return Policy(
        teams={"care": "Customer care"},
        channels={"console": console, LIMITED: limited},
        # A crowd of machines writes the same words again and again.
        terms={
            GENERAL: Plan(
                allowances=Allowances(listen=listen_seconds),
                limits=Limits(look_at=0),
                replies=ReplyTerms(sameness=0),
            )
        },
    )


def _furnish(database: Database) -> dict[str, str]:
    """Put policy and cast in; answers a token for each of them."""
    at = datetime.now(UTC)
    with database.writing() as session:
        policies.apply(session, _policy(LISTEN_SECONDS), "root", at)
        session.flush()
        for person, (roles, teams) in CAST.items():
            people.put_person(session, person, person.title(), roles, teams, at, by="root")
        session.flush()
        return {person: people.create_token(session, person, at, by=person) for person in CAST}


async def _is_ready(http: httpx.AsyncClient) -> bool:
    """Whether the api, the worker and everything they need are there."""
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
