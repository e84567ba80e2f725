"""What keeps the house in order: the hand-over of long lists, a sweep that never ends, a check."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.entity import FOREVER

SWEEP_EVERY = timedelta(seconds=30)

AGAIN = RetryPolicy(
    initial_interval=SWEEP_EVERY, backoff_coefficient=1, maximum_interval=SWEEP_EVERY
)
"""A sweep that found nothing more to do asks to be run again: retries add nothing to history."""


@workflow.defn(name="hand_over")
class HandOverWorkflow:
    """Takes everything that waits in the inbox to its escalations, then ends."""

    @workflow.run
    async def run(self) -> int:
        count = 0
        while True:
            done: int = await workflow.execute_activity(
                "hand_over_waiting",
                result_type=int,
                start_to_close_timeout=timedelta(minutes=5),
                heartbeat_timeout=timedelta(seconds=30),
                retry_policy=FOREVER,
            )
            count += done
            if not done:
                return count
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new()


@workflow.defn(name="upkeep")
class UpkeepWorkflow:
    """One for ever: sweeps the inbox and unbound words every half minute."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            "sweep",
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=AGAIN,
        )


@workflow.defn(name="watch")
class WatchWorkflow:
    """One round of the upkeep check, started by a schedule. It ends with the place up to which
    it has sampled, from which the next round goes on."""

    @workflow.run
    async def run(self) -> str:
        is_later = workflow.has_last_completion_result()
        cursor = workflow.get_last_completion_result(str) if is_later else ""
        place: str = await workflow.execute_activity(
            "watch",
            cursor or "",
            result_type=str,
            start_to_close_timeout=timedelta(minutes=4),
            heartbeat_timeout=timedelta(seconds=30),
            # A round that fails is a failed round, which stops the heartbeat; the next one comes.
            retry_policy=RetryPolicy(maximum_attempts=2),
        )
        return place
