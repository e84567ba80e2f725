"""The whole service as one process tree on one data folder: Temporal, worker and api.

`answerable up` runs one until it is told to stop, `answerable story --throwaway` for one story,
and the tests as often as they like. Every child ends with this process, however this ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from answerable import embedded, guard
from answerable.guard import Child
from answerable.ports import Ports, choose_ports
from answerable.surroundings import Running, Trouble, use_embedded
from config.settings import Settings, is_loopback
from domain.errors import AnswerableError

if TYPE_CHECKING:
    # Loaded in a thread, while the Temporal server boots.
    from store.database import Database

GRACE = 12.0
"""Seconds a child has to end by itself; more than an api gives its last requests."""

ALONE = 2.0
"""The same where Temporal is gone: a worker would wait in vain for its last polls to return."""

READY = 60.0
"""Seconds the worker and the api may take to start on a slow machine; usually it is two."""

LOOK = 0.05
"""Seconds between two looks at a child that is starting."""

RESTARTS = 5
"""Times in a row a worker or api that ended is started again, each after a longer pause."""

SETTLED = 60.0
"""A child that ran for so many seconds had started well: its restarts are counted anew."""

LONGEST_LOG = 5_000_000
"""Bytes from which on a log is put aside at the next start; one old log is kept."""

TAIL = 15
"""Lines of a log that are shown when its child has ended."""


class Stack:
    """Temporal, worker and api on one data folder, for as long as this process wants them."""

    def __init__(
        self,
        settings: Settings,
        *,
        host: str = embedded.LOOPBACK,
        port: int | None = None,
        is_empty: bool = False,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.settings = settings
        self.data = settings.data
        self.host = host
        self._wanted_port = port
        self._is_empty = is_empty
        self._report = report
        self._lock = embedded.DataLock(self.data)
        self._children: dict[str, Child] = {}
        self._temporal: asyncio.Task[Child] | None = None
        self._grace = GRACE
        self._hurried: list[asyncio.Future[int]] = []
        self._ports = Ports(0, 0, 0)

    @property
    def url(self) -> str:
        """Where the pages are for somebody at this machine."""
        return f"http://{self._near_host}:{self._ports.api}"

    @property
    def ui(self) -> str:
        """Where Temporal shows every workflow."""
        return f"http://{embedded.LOOPBACK}:{self._ports.ui}"

    @property
    def temporal(self) -> str:
        return f"{embedded.LOOPBACK}:{self._ports.temporal}"

    @property
    def _near_host(self) -> str:
        if self.host in ("0.0.0.0", "::"):  # noqa: S104 - only compared
            return embedded.LOOPBACK
        return f"[{self.host}]" if ":" in self.host else self.host

    # Starting. --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Return once pages are served and work is done. Raises what keeps it from that, such as
        AlreadyRunning or Trouble; ``stop`` is due in any case."""
        self._lock.acquire()
        self._ports = choose_ports(self.settings, self.host, self._wanted_port)
        binary = embedded.find_binary(self.settings)
        is_fresh = not (self.data / embedded.TEMPORAL_FILE).exists()
        use_embedded(os.environ, self.temporal)
        began_at = datetime.now(UTC)
        # All at once: while the server boots and the database is made ready, our own two load
        # and wait for it. One after the other this took a third longer.
        self._temporal = asyncio.create_task(self._start_temporal(binary))
        for name in ("api", "worker"):
            await self._start_child(name)
        unfinished = await asyncio.to_thread(self._furnish)
        self._children["temporal"] = await self._temporal
        await asyncio.gather(self._until_served(), self._until_working(began_at))
        if is_fresh and unfinished:
            await self._bring_back()
        self._lock.tell(self.url)
        Running(os.getpid(), self.url, self.temporal, self.ui).write(self.data)

    async def _start_temporal(self, binary: Path) -> Child:
        _put_aside(self.data / "logs" / "temporal.log")
        return await embedded.start_temporal(
            binary, self.data, self._ports.temporal, self._ports.ui
        )

    def _furnish(self) -> int:
        """Make the database ready; answers how many entities were open in it already."""
        from answerable.seed import furnish

        return furnish(self.settings, with_comments=not self._is_empty)

    async def _start_child(self, name: str) -> None:
        log = self.data / "logs" / f"{name}.log"
        _put_aside(log)
        # -P: a folder named `api` or `domain` in which somebody typed the command is not ours.
        command = [sys.executable, "-P", "-m", "answerable", name, "--wait"]
        self._children[name] = await guard.start(
            name, command, self._environment(name), log, grace=GRACE
        )

    def _environment(self, name: str) -> dict[str, str]:
        home = str(Path(__file__).parents[1])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        # One-click sign-in is for this machine alone, and for whoever has not refused it.
        is_wanted = self.settings.demo or "demo" not in self.settings.model_fields_set
        is_demo = name == "api" and is_wanted and is_loopback(self.host)
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "ANSWERABLE_DATA": str(self.data),
            "ANSWERABLE_HOST": self.host,
            "ANSWERABLE_PORT": str(self._ports.api),
            "ANSWERABLE_DEMO": "1" if is_demo else "0",
        }

    async def _until_served(self) -> None:
        host, port = self._near_host.strip("[]"), self._ports.api
        await self._until_ready("api", lambda: _answers(host, port))

    async def _until_working(self, began_at: datetime) -> None:
        """The worker leaves its first sign of life once it takes tasks."""
        from store.database import Database

        database = Database(self.settings.url, pool_size=1)
        try:
            await self._until_ready(
                "worker", lambda: asyncio.to_thread(_has_beaten, database, began_at)
            )
        finally:
            database.dispose()

    async def _until_ready(self, name: str, is_ready: Callable[[], Awaitable[bool]]) -> None:
        child = self._children[name]
        give_up_at = time.monotonic() + READY
        while not await is_ready():
            if child.returncode is not None:
                raise Trouble(f"The {name} ended while starting.\n{tail(child)}")
            if time.monotonic() > give_up_at:
                raise Trouble(f"The {name} did not start within {READY:.0f} s.\n{tail(child)}")
            await asyncio.sleep(LOOK)

    async def _bring_back(self) -> None:
        """A server that has forgotten everything gets every open entity from its snapshot."""
        from config.temporal import connect
        from intake.restore import restore_all
        from store.database import Database

        database = Database(self.settings.url)
        try:
            counts = await restore_all(await connect(), database)
        finally:
            database.dispose()
        if counts.started:
            self._report(
                f"Temporal's file was new: {counts.started} open cases go on from the database."
            )

    # Running. ---------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Keep the worker and the api alive. Ends by raising Trouble: Temporal has ended, or one
        of the others ends again and again."""
        tasks = [asyncio.create_task(self._keep(name)) for name in ("worker", "api")]
        tasks.append(asyncio.create_task(self._mind_temporal()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _mind_temporal(self) -> None:
        child = self._children["temporal"]
        status = await child.wait()
        raise Trouble(
            f"The Temporal server ended with status {status}, so everything stops. Nothing that "
            f"was accepted is lost; start again with `answerable up`.\n{tail(child)}"
        )

    async def _keep(self, name: str) -> None:
        restarts = 0
        while True:
            child, began = self._children[name], time.monotonic()
            status = await child.wait()
            restarts = 0 if time.monotonic() - began > SETTLED else restarts
            self._report(f"The {name} ended with status {status}.\n{tail(child)}")
            if restarts == RESTARTS:
                raise Trouble(
                    f"The {name} ended {RESTARTS + 1} times in a row, so everything stops."
                )
            pause = 0.5 * 2**restarts
            restarts += 1
            self._report(f"It is started again in {pause:g} s ({restarts} of {RESTARTS}).")
            await asyncio.sleep(pause)
            await self._start_child(name)

    # Stopping. --------------------------------------------------------------------------------

    async def stop(self) -> None:
        """End the api, then the worker, then Temporal, each in its own time. Safe to repeat."""
        if self._temporal is not None and "temporal" not in self._children:
            self._temporal.cancel()  # A start that was cut short ends its own server.
            with contextlib.suppress(asyncio.CancelledError, AnswerableError):
                self._children["temporal"] = await self._temporal
        temporal = self._children.get("temporal")
        if temporal is None or temporal.returncode is not None:
            self._grace = min(self._grace, ALONE)
        for name in ("api", "worker", "temporal"):
            if child := self._children.get(name):
                await child.stop(self._grace)
        self._lock.release()

    def hurry(self) -> None:
        """Somebody asked to stop a second time: no more waiting."""
        self._grace = 0.5
        for child in self._children.values():
            # Kept, because the loop itself holds its tasks only weakly.
            self._hurried.append(asyncio.ensure_future(child.stop(self._grace)))


def _put_aside(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LONGEST_LOG:
            log.replace(log.with_suffix(".log.1"))


async def _answers(host: str, port: int) -> bool:
    """Whether the api is alive. By hand: an HTTP library would take longer to load than the
    whole question takes."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            first = await reader.readline()
            writer.close()
            return b" 200 " in first
    return False


def _has_beaten(database: Database, since: datetime) -> bool:
    from store import tables

    with database.reading() as session:
        beat = session.get(tables.Heartbeat, "worker")
        return beat is not None and beat.at >= since


def tail(child: Child) -> str:
    """The last lines of a child's log, for whoever has to find out why it ended."""
    if child.log_path is None or not child.log_path.exists():
        return ""
    with child.log_path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 20_000, 0))
        lines = file.read().decode(errors="replace").splitlines()[-TAIL:]
    return "\n".join([f"The end of {child.log_path}:", *(f"  {line[:500]}" for line in lines)])
