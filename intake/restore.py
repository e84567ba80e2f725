"""Starting every open entity from its snapshot: the database alone is the backup.

For a Temporal server that is new, was reset, or belongs to another life of this database. Each
entity goes on under the next epoch, so whatever an earlier workflow of it still wants to write is
refused by the one writer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlmodel import col
from temporalio.client import Client, RPCError, RPCStatusCode, WorkflowExecutionStatus

from domain.errors import AnswerableError
from domain.messages import Start
from intake import entities, handover
from store import records, tables
from store.database import Database

AT_ONCE = 16
"""Starts under way at the same time, as for the hand-over."""

PAGE = 500
"""Streams read from the database at a time."""

TRIES = 5
"""Times one start is tried while Temporal is busy or away for a moment."""


@dataclass
class Counts:
    """What became of the streams that were looked at."""

    started: int = 0
    running: int = 0
    """Left alone, because only missing ones were asked for."""
    skipped: int = 0
    """Closed meanwhile with nothing left to do."""

    @property
    def seen(self) -> int:
        return self.started + self.running + self.skipped


_UNFINISHED = or_(
    col(tables.Snapshot.is_open),
    # Closed, but an effect of its end may not have been carried out. A body holds no words, so
    # nothing else in it can read like this.
    col(tables.Snapshot.body).like('%"todo":%'),
)


def count_unfinished(database: Database) -> int:
    """How many entities there are to start: open ones, and closed ones with something to do."""
    with database.reading() as session:
        return (
            session.scalar(select(func.count()).select_from(tables.Snapshot).where(_UNFINISHED))
            or 0
        )


async def restore_all(
    client: Client,
    database: Database,
    on_progress: Callable[[Counts], None] = lambda counts: None,
    *,
    only_missing: bool = False,
) -> Counts:
    """Start every unfinished entity from its snapshot, in place of whatever runs under its id,
    and have handed over what waits in the inbox.

    With ``only_missing`` those are left alone whose workflow runs. Safe to repeat. Raises
    Unavailable where Temporal stays away; what was started until then goes on.
    """
    counts = Counts()
    places = asyncio.Semaphore(AT_ONCE)

    async def restore_one(stream: str) -> None:
        async with places:
            if only_missing and await is_running(client, stream):
                counts.running += 1
            elif await _start_again(client, database, stream):
                counts.started += 1
            else:
                counts.skipped += 1
            on_progress(counts)

    last = ""
    while page := await asyncio.to_thread(_page, database, last):
        try:
            async with asyncio.TaskGroup() as group:
                for stream in page:
                    group.create_task(restore_one(stream))
        except* AnswerableError as errors:
            raise errors.exceptions[0] from None
        last = page[-1]
    await handover.nudge(client)
    return counts


def _page(database: Database, after: str) -> list[str]:
    table = tables.Snapshot
    statement = (
        select(col(table.stream))
        .where(col(table.stream) > after, _UNFINISHED)
        .order_by(col(table.stream))
        .limit(PAGE)
    )
    with database.reading() as session:
        return list(session.scalars(statement))


async def is_running(client: Client, stream: str) -> bool:
    """Whether Temporal has a running workflow for this stream."""
    try:
        found = await client.get_workflow_handle(stream).describe(rpc_timeout=entities.RPC)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise entities.Unavailable(f"Temporal cannot be reached: {error.status.name}") from error
    return found.status is WorkflowExecutionStatus.RUNNING


async def _start_again(client: Client, database: Database, stream: str) -> bool:
    """One entity under its next epoch; False if it closed meanwhile with nothing left to do."""
    begun = await asyncio.to_thread(records.begin_epoch, database, stream, entities.now())
    if begun is None:
        return False
    state, epoch = begun
    message = Start(
        kind=state.KIND,
        epoch=epoch,
        state=state.model_dump(mode="json", exclude_defaults=True),
        is_restored=True,
    )
    for attempt in range(1, TRIES + 1):
        try:
            await entities.replace(client, stream, message, f"restored, epoch {epoch}")
        except RPCError as error:
            if attempt == TRIES or error.status not in _PASSING:
                raise entities.Unavailable(
                    f"Temporal did not start {stream}: {error.status.name}"
                ) from error
            await asyncio.sleep(0.2 * 2**attempt)
        else:
            break
    return True


_PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
    }
)
