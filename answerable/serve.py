"""The processes of a service, one each: `api`, `worker`, and `migrate` before them."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated

import typer

from answerable import logs
from answerable.surroundings import (
    Data,
    Trouble,
    database_at,
    database_trouble,
    read_settings,
    refuse_open_demo,
    settings_for,
    why_unreachable,
)

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.runtime import Runtime

    from config.settings import Settings
    from store.database import Database

log = logging.getLogger("answerable.serve")

LONGEST_PAUSE = 15.0
"""Seconds between two tries to reach Temporal; the first pause is a fifth of a second."""

PATIENCE = 60.0
"""Seconds that ``--wait`` gives the database to be there with today's schema."""

LOOK = 0.1
"""Seconds between two looks at a database that is in the making."""

Wait = Annotated[
    bool,
    typer.Option("--wait", help="Wait a minute for the database and its schema, then refuse."),
]

REQUESTS_GRACE = 10
"""Seconds a stopping api lets requests finish; half of what a request may take at most."""


def migrate(data: Data = None) -> None:
    """Bring the database up to today's schema, making it where needed."""
    from sqlalchemy.exc import SQLAlchemyError

    from store.database import Database
    from store.migrate import newest, present, upgrade

    database = Database(read_settings(data).url)
    try:
        before = present(database)
        if before != newest():
            upgrade(database)
        after = present(database)
    except SQLAlchemyError as error:
        raise Trouble(database_trouble(error)) from error
    finally:
        database.dispose()
    typer.echo(f"The database is at {after}" + (" already." if before == after else "."))


def _database(settings: Settings, *, is_patient: bool) -> Database:
    """The database with today's schema; raises Trouble where it is not there, or not in time."""
    give_up_at = time.monotonic() + (PATIENCE if is_patient else 0)
    while True:
        try:
            return database_at(settings)
        except Trouble as trouble:
            if time.monotonic() >= give_up_at:
                raise
            log.debug("waiting for the database: %s", trouble)
        time.sleep(LOOK)


# The api. ------------------------------------------------------------------------------------


def api(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. (default: 127.0.0.1)")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on. (default: 8700)")
    ] = None,
    wait: Wait = False,
) -> None:
    """Serve the JSON interface and the pages, until SIGTERM or Ctrl-C."""
    import os

    for name, value in (("ANSWERABLE_HOST", host), ("ANSWERABLE_PORT", port)):
        if value is not None:
            os.environ[name] = str(value)
    settings = settings_for(data)
    refuse_open_demo(settings)
    logs.start()
    with listen(settings.host, settings.port) as listener:
        import api.app

        assert api.app  # Loaded now, while the database may still be in the making.
        # Refusing here says why; a failing request would not.
        _database(settings, is_patient=wait).dispose()
        _serve(settings, listener)


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on, bound here so that a taken port is a sentence and not a trace."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise Trouble(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another with --host and --port."
        ) from None
    # What is accepted here inherits this. Without it an answer's body waits behind its head until
    # the browser has acknowledged that, which it does after 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _serve(settings: Settings, listener: socket.socket) -> None:
    import uvicorn

    from api.app import from_environment
    from api.serving import Server

    app = from_environment()
    config = uvicorn.Config(
        app,
        # Both in C: a page takes a tenth less, and what is waited for is heard of sooner.
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=REQUESTS_GRACE,
    )
    server = Server(config, app)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn raises the signal that stopped it once more when it is done: that is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("serving at http://%s:%s", settings.host, listener.getsockname()[1])
    server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(1)
    log.info("stopped")


# The worker. ---------------------------------------------------------------------------------


def worker(
    data: Data = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port for Prometheus metrics. (default: a free one)"),
    ] = None,
    wait: Wait = False,
) -> None:
    """Run workflows and activities, until SIGTERM or Ctrl-C.

    Waits for Temporal to appear; refuses a database whose schema is behind.
    """
    settings = settings_for(data)
    logs.start()
    import answerable.worker

    assert answerable.worker  # Loaded now, while the database may still be in the making.
    database = _database(settings, is_patient=wait)
    port = settings.metrics_port if metrics_port is None else metrics_port
    try:
        asyncio.run(_work(settings, database, port))
    finally:
        database.dispose()


async def _work(settings: Settings, database: Database, metrics_port: int) -> None:
    from answerable.worker import THREADS, running

    # What awaits a thread must not wait for the handful that two cores are given by default.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    stop = _stop_signal()
    client = await _until_there(_runtime(settings.host, metrics_port), stop)
    if client is None:
        return
    async with running(client, database, settings):
        log.info("working")
        await stop.wait()
        log.info("stopping")
    log.info("stopped")


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _runtime(host: str, port: int) -> Runtime:
    from answerable.embedded import free_port
    from config.temporal import runtime_with_metrics

    address = f"{host}:{port or free_port()}"
    try:
        runtime = runtime_with_metrics(address)
    except (RuntimeError, ValueError) as error:
        raise Trouble(
            f"Metrics cannot be served at {address}: {error}. Choose another --metrics-port."
        ) from None
    log.info("metrics at http://%s/metrics", address)
    return runtime


async def _until_there(runtime: Runtime, stop: asyncio.Event) -> Client | None:
    """A client once Temporal answers, however long that takes; None where we are to stop."""
    from temporalio.service import RPCError

    from config.temporal import connect

    pause = 0.2
    while not stop.is_set():
        try:
            client = await connect(runtime)
            await client.count_workflows()
        except (RuntimeError, RPCError) as error:
            log.info("waiting for Temporal: %s", why_unreachable(error))
        else:
            return client
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            pause = min(pause * 1.5, LONGEST_PAUSE)
    return None
