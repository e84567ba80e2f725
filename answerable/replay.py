"""`answerable replay`: would today's code decide every stored history as it was decided?

Run before a new version goes to work: a workflow whose past it would decide otherwise stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from answerable.progress import bar
from answerable.surroundings import Data, connect_temporal, settings_for

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHistory


@dataclass
class Verdict:
    """What replaying came to: how many histories, and why each failed one did."""

    count: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


def replay(data: Data = None) -> None:
    """Replay all stored histories, running and closed, against this version.

    Exits with 1 and names each workflow that this version would decide otherwise.
    """
    settings_for(data)
    verdict = asyncio.run(_replay())
    for workflow_id, reason in verdict.failures:
        typer.echo(f"{workflow_id}: {reason}", err=True)
    typer.echo(f"{verdict.count} histories, {len(verdict.failures)} failures.")
    if verdict.failures:
        raise typer.Exit(1)


async def _replay() -> Verdict:
    client = await connect_temporal()
    with bar("Replayed", (await client.count_workflows()).count) as move:
        return await replay_all(client, move)


async def replay_all(client: Client, move: object = None) -> Verdict:
    """Replay every history of the namespace, one after the other."""
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.worker import Replayer

    from answerable.worker import WORKFLOWS, runner

    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=runner(),
        data_converter=pydantic_data_converter,
        namespace=client.namespace,
    )
    verdict = Verdict()
    async with replayer.workflow_replay_iterator(_histories(client)) as results:
        async for result in results:
            verdict.count += 1
            if result.replay_failure is not None:
                reason = str(result.replay_failure).split("\n", 1)[0]
                verdict.failures.append((result.history.workflow_id, reason))
            if callable(move):
                move(verdict.count)
    return verdict


async def _histories(client: Client) -> AsyncIterator[WorkflowHistory]:
    """Each history that is still there when its turn comes: retention goes on meanwhile."""
    from temporalio.service import RPCError, RPCStatusCode

    async for found in client.list_workflows():
        handle = client.get_workflow_handle(found.id, run_id=found.run_id)
        try:
            history = await handle.fetch_history()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            continue
        # Before its first task is done nothing has been decided, and a replay would never end.
        if any(e.HasField("workflow_task_completed_event_attributes") for e in history.events):
            yield history
