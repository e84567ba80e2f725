"""The door on a real socket, with a token for everybody in the cast."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from answerable.worker import running
from api.app import bare_app, equip
from api.deps import Door
from api.serving import Server
from config.settings import Settings
from store import people, tables, words
from store.database import Database
from tests import builders
from tests.conftest import new_client
from tests.histories.corpus import save_if_asked


@dataclass
class Visitor:
    """Somebody at the door, with their token."""

    http: httpx.AsyncClient
    token: str | None

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = await self.ask("GET", f"/api/v1/{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(
        self, path: str, body: Any = None, *, status: int = 200, key: str | None = None
    ) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.ask("POST", f"/api/v1/{path}", json=body or {}, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, status: int, path: str, body: Any = None, **more: Any) -> Any:
        """The problem document with which a POST is refused, checked for its shape."""
        return problem_of(await self.ask("POST", f"/api/v1/{path}", json=body, **more), status)


def problem_of(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:answerable:problem:{problem['code']}"
    assert all(problem[name] for name in ("title", "detail", "instance", "way_out"))
    return problem


class OpenDoor:
    """The served app with what is behind it; the cast by name, and a stranger."""

    def __init__(self, service: builders.Service, http: httpx.AsyncClient, app: FastAPI) -> None:
        self.service = service
        self.http = http
        self.app = app
        self.stranger = Visitor(http, None)
        with service.database.writing() as session:
            at = datetime.now(UTC)
            tokens = {p.id: people.create_token(session, p.id, at, by=p.id) for p in builders.CAST}
        self.ada, self.ben, self.cora, self.dev, self.eve, self.root, self.hook = (
            Visitor(http, tokens[person.id]) for person in builders.CAST
        )

    async def opened(self, external_id: str | None = None, **changes: Any) -> str:
        """Bring a comment in; answers the path of its escalation."""
        sent = comment(external_id or words.new_id(), **changes)
        received = await self.hook.post("comments", sent)
        if received["result"] == "accepted":  # The machine is busy: a worker opens it.
            await self.service.until(lambda: self._is_there(received["escalation_id"]))
        else:
            assert received["result"] == "opened", received
        return f"escalations/{received['escalation_id']}"

    def _is_there(self, escalation_id: str) -> bool:
        with self.service.database.reading() as session:
            return session.get(tables.Escalation, escalation_id) is not None

    async def heard_again(self, path: str) -> None:
        """The commenter of an escalation writes once more."""
        thread = (await self.ada.get(path))["thread"]
        sent = comment(words.new_id(), conversation_id=thread)
        assert (await self.hook.post("comments", sent))["result"] == "joined"

    async def prepared(self) -> str:
        path = await self.opened()
        await self.ada.post(f"{path}/claim")
        return path

    async def deciding(self, **fields: Any) -> str:
        path = await self.prepared()
        await self.ada.post(f"{path}/propose", {"request": "May I send a saddle?", **fields})
        return path

    async def published(self, **fields: Any) -> str:
        """An escalation whose proposed reply has been approved and is out."""
        proposal = {"reply": "Your saddle was left out of the box.", **fields}
        path = await self.deciding(**proposal)
        await self.cora.post(f"{path}/approve")
        await self.until_stage(path, "listening")
        return path

    async def until_stage(self, path: str, stage: str) -> None:
        kind, entity_id = path.split("/")
        await self.service.until_stage(f"{kind.removesuffix('s')}/{entity_id}", stage)


def comment(external_id: str = "1", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "channel": "console",
        "external_id": external_id,
        "author": {"handle": "@rider", "name": "Rita"},
        "conversation_id": f"thread-{external_id}",
        "text": "My bike came without a saddle.",
        "posted_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
    }
    return values | changes


@asynccontextmanager
async def served(
    app: FastAPI, lifespan: Literal["on", "off"] = "on", port: int = 0
) -> AsyncIterator[str]:
    """The app on a socket of its own; answers its address."""
    config = uvicorn.Config(
        app, port=port, log_level="critical", lifespan=lifespan, access_log=False
    )
    server = Server(config, app)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving


PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Doors of tests speak HTTP without TLS: no authority has to be read in, and none is trusted."""

_IDLE: list[FastAPI] = []
"""Apps whose door is shut: all of their routes are there already, which takes most of a second."""


@asynccontextmanager
async def open_door(service: builders.Service, port: int = 0) -> AsyncIterator[OpenDoor]:
    app = _IDLE.pop() if _IDLE else bare_app()
    equip(app, Door(service.settings, service.database, service.client))
    async with (
        served(app, port=port) as address,
        httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, verify=PLAIN) as http,
    ):
        yield OpenDoor(service, http, app)
    _IDLE.append(app)


@asynccontextmanager
async def bare_door(
    migrated: Path, folder: Path, *, port: int = 0, **settings: Any
) -> AsyncIterator[OpenDoor]:
    """A door with SQLite and the cast, behind which there is neither Temporal nor a worker."""
    shutil.copyfile(migrated, folder / "answerable.db")
    database = Database(f"sqlite:///{folder / 'answerable.db'}")
    builders.furnish(database)
    client = await Client.connect("127.0.0.1:9", lazy=True, data_converter=pydantic_data_converter)
    service = builders.Service(client, database, Settings(data=folder, **settings))
    async with open_door(service, port) as door:
        yield door
    database.dispose()


@pytest.fixture(scope="module")
async def lasting(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OpenDoor]:
    """One bare door for all that is refused before anything happens."""
    async with bare_door(migrated_sqlite, tmp_path_factory.mktemp("lasting")) as door:
        yield door


@pytest.fixture(scope="module")
async def door(
    temporal_server: WorkflowEnvironment,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[OpenDoor]:
    """The door of a whole running service, with SQLite; the tests of a module share it."""
    folder = tmp_path_factory.mktemp("door")
    shutil.copyfile(migrated_sqlite, folder / "answerable.db")
    database = builders.furnish(Database(f"sqlite:///{folder / 'answerable.db'}"))
    client = await new_client(temporal_server)
    settings = Settings(data=folder, notice_seconds=1)
    async with (
        running(client, database, settings),
        open_door(builders.Service(client, database, settings)) as door,
    ):
        yield door
    await save_if_asked(client)
    database.dispose()


@pytest.fixture
async def fresh_door(sqlite_service: builders.Service) -> AsyncIterator[OpenDoor]:
    """A door that nobody has come through before, with SQLite."""
    async with open_door(sqlite_service) as door:
        yield door


@pytest.fixture
async def any_door(service: builders.Service) -> AsyncIterator[OpenDoor]:
    """The same, once with each database."""
    async with open_door(service) as door:
        yield door
