"""Telling one other system by webhook: awake while there is something to tell it.

What is told, in which order and how often is in the store; Temporal is the clock. A message that
is not taken fails its activity, whose retries wait ever longer and add nothing to history.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, CancelledError

with workflow.unsafe.imports_passed_through():
    from domain.hooks import FIRST_PAUSE, LONGER, LONGEST_PAUSE
    from domain.messages import HOOK_QUEUE, HookRound, HookStart

PAUSES = RetryPolicy(
    initial_interval=FIRST_PAUSE,
    backoff_coefficient=LONGER,
    maximum_interval=LONGEST_PAUSE,
)
"""As ``next_try`` counts them. The store says after how long it is enough."""

ALIVE = timedelta(seconds=10)
"""Without a sign of life for so long, a round is begun again, by another worker where there is one.
Whoever is in a hurry ends a call that hangs with the next sign of life."""


@workflow.defn(name="hook")
class HookWorkflow:
    """Lives while there is something to tell; signal-with-start wakes it again."""

    def __init__(self) -> None:
        self._is_woken = False
        self._is_hurried = False

    @workflow.run
    async def run(self, start: HookStart) -> None:
        """Deliver, round after round, until there is nothing left and nobody has woken it."""
        for _ in range(start.rounds):
            self._is_woken = self._is_hurried = False
            has_more = await self._round(start)
            if not has_more and not self._is_woken:
                return
            if workflow.info().is_continue_as_new_suggested():
                break
        workflow.continue_as_new(start)

    async def _round(self, start: HookStart) -> bool:
        """One round; somebody in a hurry ends the pause between two tries and begins another."""
        delivering = workflow.start_activity(
            "deliver",
            start,
            result_type=HookRound,
            task_queue=HOOK_QUEUE,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=ALIVE,
            retry_policy=PAUSES,
            # Never two at once: the next one begins when this one has really ended.
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary="deliver what waits",
        )
        await workflow.wait_condition(lambda: delivering.done() or self._is_hurried)
        if not delivering.done():
            delivering.cancel()
        try:
            round_: HookRound = await delivering
        except ActivityError as error:
            if isinstance(error.cause, CancelledError):
                return True
            raise
        return round_.has_more

    @workflow.signal(name="wake")
    def wake(self) -> None:
        """There is something new to tell."""
        self._is_woken = True

    @workflow.signal(name="hurry")
    def hurry(self) -> None:
        """Somebody has changed something or wants to see it tried now."""
        self._is_woken = self._is_hurried = True
