"""The app: every route, behind the gate, with one shape for errors.

``create_app`` takes ready parts, for tests and for the embedded stack; ``from_environment``
makes them from the settings, for ``answerable api``.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from temporalio.client import Client

from api import (
    calendar,
    cases,
    channels,
    commands,
    commitments,
    drafts,
    health,
    hooks,
    insights,
    intake,
    matters,
    me,
    people,
    policy,
    public,
    public_answers,
    record,
    teams,
    tokens,
)
from api.deps import Door
from api.errors import Problem, answer_errors
from api.gate import Gate
from api.metrics import Metrics
from api.pages import routes as pages
from api.pages.render import ForBrowsers
from api.pages.security import is_known
from config.settings import Settings, check_demo
from config.temporal import connect, runtime_with_metrics
from store.database import Database

THREADS = 20
"""Database work at the same time: as many connections as the pool gives out."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        401: "Nobody said who is asking.",
        403: "Not yours to do or see.",
        404: "There is no such thing.",
        409: "Not now: the stage, another person or a newer event is in the way.",
        413: "The body is too long.",
        422: "Something in the input is wrong; errors names each field.",
        429: "Too much is asked for just now.",
        503: "A part is away; nothing was done, unless the answer says otherwise.",
    }.items()
}


def create_app(
    settings: Settings, database: Database, client: Client, *, sdk_metrics: str | None = None
) -> FastAPI:
    """The app over ready parts. ``sdk_metrics`` is where the SDK's exporter listens (host:port)."""
    app = bare_app()
    equip(app, Door(settings, database, client, Metrics(sdk_metrics)))
    return app


def equip(app: FastAPI, door: Door) -> None:
    """Give an app the parts that it serves with from now on.

    Raises what ``check_demo`` raises.
    """
    check_demo(door.settings)
    app.state.door = door


def from_environment() -> FastAPI:
    """The app as ``answerable api`` serves it; its parts live as long as it does.

    Temporal may be away when it starts: the first call connects.
    """
    settings = Settings()
    check_demo(settings)
    sdk_metrics = f"127.0.0.1:{_free_port()}"
    metrics = Metrics(sdk_metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="door")
        asyncio.get_running_loop().set_default_executor(threads)
        database = Database(settings.url)
        client = await connect(runtime_with_metrics(sdk_metrics), lazy=True)
        equip(app, Door(settings, database, client, metrics))
        _build_routes(app)
        # What is there by now stays: a collector that looked through it all again and again would
        # stop every request for a tenth of a second.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            database.dispose()

    return bare_app(lifespan)


def _build_routes(app: FastAPI) -> None:
    """FastAPI builds them when a request is first compared with them, which takes half a second."""
    for route in app.router.routes:
        route.matches({"type": "http", "method": "GET", "path": "/nowhere", "headers": []})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bare_app(lifespan: Lifespan | None = None) -> FastAPI:
    """Every route and what surrounds them, without parts: these are looked up at each request."""
    app = FastAPI(
        title="Answerable",
        version=_version(),
        description="Public comments in; decided, published, recorded answers out.",
        # The pages for these load scripts from elsewhere; the document itself is enough.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    answer_errors(app)
    interface = (
        intake.router, cases.router, drafts.router, people.router, policy.router,
        commitments.router, matters.router, me.router, insights.router, calendar.router,
        tokens.router, teams.router, channels.router, commands.router(), public_answers.router,
        public.router, record.router, hooks.router,
    )  # fmt: skip
    for router in (health.router, *pages.DAILY):
        app.include_router(router)
    for router in interface:
        app.include_router(router, responses=_PROBLEMS)
    for router in pages.OTHERS:
        app.include_router(router)
    app.add_middleware(Gate, is_known=is_known)
    app.add_middleware(ForBrowsers)
    app.openapi = partial(_openapi, app, app.openapi)  # type: ignore[method-assign]
    return app


def _version() -> str:
    try:
        return version("answerable")
    except PackageNotFoundError:
        return "0"


def _openapi(app: FastAPI, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The document as made, with problems under the media type that they are sent with."""
    if app.openapi_schema is None:
        document = make()
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    content = response.get("content", {})
                    if status >= "400" and "application/json" in content:
                        content["application/problem+json"] = content.pop("application/json")
        app.openapi_schema = document
    return app.openapi_schema
