"""Is it alive, can it do all of its work, and what has it counted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from sqlalchemy import func, select
from sqlmodel import Session
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from api.deps import Door, TheDoor, anybody, now
from api.errors import NotReady, Problem
from api.metrics import CONTENT_TYPE, Counted
from domain.base import Value
from domain.messages import TASK_QUEUE
from domain.watch import is_severe
from store import inbox, migrate, tables, watch

router = APIRouter(tags=["health"])

WORKER_SECONDS = 60
"""A worker leaves a sign of life every ten seconds; after this long it counts as missing."""

FREE_BYTES = 200_000_000
"""Less free space than this on the data folder's disk is reported as a broken part."""

CHECK_SECONDS = 3.0


class Alive(Value):
    status: Literal["alive"] = "alive"


class Part(Value):
    ok: bool
    detail: str


class Ready(Value):
    status: Literal["ready"] = "ready"
    parts: dict[str, Part]


Prober = Annotated[None, Depends(anybody("a probe has no token and learns nothing about cases"))]
Check = Callable[[Door], Any]


@router.get("/healthz")
async def healthz(_: Prober) -> Alive:
    """Whether this process answers at all."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Problem, "description": "A part is broken."}})
async def readyz(_: Prober, door: TheDoor) -> Ready:
    """Whether every part works; answers 503 and names the broken ones where not."""
    names = list(CHECKS)
    found = await asyncio.gather(*(_checked(CHECKS[name], door) for name in names))
    parts = dict(zip(names, found, strict=True))
    if not all(part.ok for part in found):
        raise NotReady({name: part.model_dump() for name, part in parts.items()})
    return Ready(parts=parts)


@router.get("/metrics", response_class=Response)
async def metrics(_: Prober, door: TheDoor) -> Response:
    """Our figures and those of Temporal's SDK, for Prometheus."""
    counted = await door.read(_counted)
    return Response(await door.metrics.text(counted), media_type=CONTENT_TYPE)


def _counted(session: Session) -> Counted:
    return Counted(
        waiting=inbox.count_waiting(session),
        forks=session.scalar(select(func.count()).select_from(tables.Fork)) or 0,
        well_at=watch.beat(session, watch.OK),
        findings=watch.count_findings(session),
    )


async def _checked(check: Check, door: Door) -> Part:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            ok, detail = await check(door)
    except TimeoutError:
        return Part(ok=False, detail=f"no answer within {CHECK_SECONDS:g} s")
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not work
        return Part(ok=False, detail=type(error).__name__)
    return Part(ok=ok, detail=detail)


async def _database(door: Door) -> tuple[bool, str]:
    await door.read(lambda session: session.connection().exec_driver_sql("SELECT 1").all())
    return True, door.database.url.get_backend_name()


async def _schema(door: Door) -> tuple[bool, str]:
    present = await asyncio.to_thread(migrate.present, door.database)
    newest = await asyncio.to_thread(migrate.newest)
    if present == newest:
        return True, newest
    return False, f"at {present or 'nothing'}, this code expects {newest}; run: answerable migrate"


async def _temporal(door: Door) -> tuple[bool, str]:
    is_there = await door.client.service_client.check_health(timeout=timedelta(seconds=2))
    return is_there, "serving" if is_there else "not serving"


async def _worker(door: Door) -> tuple[bool, str]:
    beat = await door.read(_last_beat)
    if beat is None:
        return False, "none was ever there; run: answerable worker"
    age = int((now() - beat.at).total_seconds())
    if age > WORKER_SECONDS:
        return False, f"last seen {age} s ago; run: answerable worker"
    return True, f"last seen {max(age, 0)} s ago"


def _last_beat(session: Session) -> tables.Heartbeat | None:
    return session.get(tables.Heartbeat, "worker")


async def _pollers(door: Door) -> tuple[bool, str]:
    """Whether a worker asks this very cluster for work: a beat alone may be another one's."""
    asked = DescribeTaskQueueRequest(
        namespace=door.client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await door.client.workflow_service.describe_task_queue(
        asked, timeout=timedelta(seconds=2)
    )
    if not answer.pollers:
        return False, f"nobody asks task queue '{TASK_QUEUE}' for work; run: answerable worker"
    return True, f"{len(answer.pollers)} on task queue '{TASK_QUEUE}'"


async def _watch(door: Door) -> tuple[bool, str]:
    """Whether the upkeep check found so much, and twice, that it cannot be single cases."""
    streams, count = await door.read(_confirmed)
    if is_severe(streams, count):
        return False, f"something is wrong with {streams} of {count} open; run: answerable doctor"
    return True, f"something is wrong with {streams} of {count} open" if streams else "all is well"


def _confirmed(session: Session) -> tuple[int, int]:
    """How many streams two rounds in a row had something to say about, and how many are open."""
    found = watch.open_findings(session)
    streams = {f.stream for f in found if f.last_seen_at > f.first_seen_at}
    return len(streams), watch.count_open(session)


async def _disk(door: Door) -> tuple[bool, str]:
    folder = door.settings.data
    while not folder.exists():
        folder = folder.parent
    usage = await asyncio.to_thread(partial(shutil.disk_usage, folder))
    return usage.free >= FREE_BYTES, f"{usage.free // 1_000_000} MB free"


CHECKS: dict[str, Check] = {
    "database": _database,
    "schema": _schema,
    "temporal": _temporal,
    "worker": _worker,
    "task_queue": _pollers,
    "disk": _disk,
    "watch": _watch,
}
