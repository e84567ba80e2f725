"""What one person is told, gathered for a while and sent together, in their working hours."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import HoursWanted, Mailing, Notice, NoticesStart, WorkingMoment

from workflows.entity import FOREVER, STEP

LONGEST_NAP = timedelta(hours=12)
"""Hours change and absences end early, so whoever waits looks again at least twice a day."""

NAPS = 60
"""After a month of waiting it is told, whatever the hours: nobody should come back to nothing."""


@workflow.defn(name="notices")
class NoticesWorkflow:
    """Lives while there is something to tell; signal-with-start wakes it again."""

    @workflow.init
    def __init__(self, start: NoticesStart) -> None:
        self._start = start
        self._pending = list(start.pending)
        self._sent = start.sent

    @workflow.run
    async def run(self, start: NoticesStart) -> int:
        """Gather, wait for the person's hours, send, and go on until nothing new has come in.
        Answers how many were sent."""
        while self._pending:
            await asyncio.sleep(max(start.wait_seconds, 1))
            if workflow.patched("notices-wait-for-working-hours"):
                await self._until_at_work()
            told, self._pending = self._pending, []
            info = workflow.info()
            await workflow.execute_activity(
                "send_notices",
                Mailing(
                    id=f"{info.first_execution_run_id}-{self._sent}",
                    person=start.person,
                    notices=tuple(told),
                ),
                start_to_close_timeout=STEP,
                retry_policy=FOREVER,
                summary=f"{len(told)} notices",
            )
            self._sent += len(told)
            if info.is_continue_as_new_suggested():
                pending = tuple(self._pending)
                workflow.continue_as_new(
                    start.model_copy(update={"pending": pending, "sent": self._sent})
                )
        return self._sent

    async def _until_at_work(self) -> None:
        """Wait for the person's next working moment. An urgent notice ends it, and takes along
        what waits: being woken once is enough."""
        for _ in range(NAPS):
            if self._is_urgent():
                return
            now = workflow.now()
            opens = await workflow.execute_activity(
                "next_working_moment",
                HoursWanted(person=self._start.person, at=now),
                result_type=WorkingMoment,
                start_to_close_timeout=STEP,
                retry_policy=FOREVER,
                summary="working hours",
            )
            nap = min(opens.at - workflow.now(), LONGEST_NAP)
            if nap <= timedelta(0):
                return
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    self._is_urgent, timeout=nap, timeout_summary="working hours"
                )

    def _is_urgent(self) -> bool:
        return any(notice.urgent for notice in self._pending)

    @workflow.signal(name="notice")
    def notice(self, notice: Notice) -> None:
        """One thing to tell; the same thing twice is told once, urgently if either was urgent."""
        calm = notice.model_copy(update={"urgent": False})
        if notice in self._pending or calm.model_copy(update={"urgent": True}) in self._pending:
            return
        self._pending = [known for known in self._pending if known != calm]
        self._pending.append(notice)
