"""Temporal Schedules that every installation has. Workers see to it that they are there."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from temporalio.client import (
    Client,
    RPCError,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from domain.messages import TASK_QUEUE

WATCH = "upkeep/watch"

EVERY = timedelta(minutes=5)

RPC = timedelta(seconds=10)


def watch(state: ScheduleState | None = None) -> Schedule:
    """The upkeep check, every five minutes, one round at a time and none for the past."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "watch",
            id=WATCH,
            task_queue=TASK_QUEUE,
            static_summary="does everything open have its alarm and its workflow?",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)
        ),
        state=state or ScheduleState(note="made by every worker at its start"),
    )


async def ensure_watch(client: Client, *, is_renewed: bool = False) -> None:
    """There is one schedule of the check, whoever makes it.

    Renewed, it becomes what this code says; whether somebody has paused it stays as it is.
    """
    with contextlib.suppress(RPCError):
        try:
            await client.create_schedule(WATCH, watch(), rpc_timeout=RPC)
        except ScheduleAlreadyRunningError:
            if is_renewed:
                await client.get_schedule_handle(WATCH).update(_renewed, rpc_timeout=RPC)


def _renewed(found: ScheduleUpdateInput) -> ScheduleUpdate:
    return ScheduleUpdate(schedule=watch(found.description.schedule.state))
