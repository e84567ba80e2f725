"""Waking the workflows of webhooks: by facts, by admins, and by the sweep if one was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from domain.messages import TASK_QUEUE, HookStart
from intake.entities import RPC, reaching_temporal
from store import hooks
from store.database import Database

ROUNDS = 50
"""Deliveries of one run: its history stays at a few hundred events."""


async def wake(client: Client, hook_id: str, *, in_a_hurry: bool = False) -> None:
    """Wake the workflow of this hook; in a hurry it does not finish its pause. Raises Unavailable
    where Temporal is away: then the sweep starts it."""
    with reaching_temporal():
        await client.start_workflow(
            "hook",
            HookStart(hook=hook_id, rounds=ROUNDS),
            id=f"hook/{hook_id}",
            task_queue=TASK_QUEUE,
            start_signal="hurry" if in_a_hurry else "wake",
            static_summary="tell another system",
            rpc_timeout=RPC,
        )


async def keep_going(client: Client, hook_id: str) -> None:
    """See to it that the workflow of a hook that is awake runs. Adds nothing to one that does."""
    with reaching_temporal():
        await client.start_workflow(
            "hook",
            HookStart(hook=hook_id, rounds=ROUNDS),
            id=f"hook/{hook_id}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="tell another system",
            rpc_timeout=RPC,
        )


async def rouse(client: Client, database: Database, names: Collection[str]) -> None:
    """Wake whoever is told of facts with these names, once they are in the ledger. Whoever cannot
    be reached now is started by the sweep: in the store it is awake already."""
    for hook_id in await asyncio.to_thread(_roused, database, names) if names else ():
        await wake(client, hook_id)


def _roused(database: Database, names: Collection[str]) -> list[str]:
    with database.reading() as session:
        if not hooks.are_sleeping(session):
            return []
    return database.write(lambda session: hooks.roused(session, names))
