"""What one person is told, gathered for a while and sent together."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import Mailing, Notice, NoticesStart

from workflows.entity import FOREVER, STEP


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
        """Gather, send, and go on until nothing new has come in. Answers how many were sent."""
        while self._pending:
            await asyncio.sleep(max(start.wait_seconds, 1))
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

    @workflow.signal(name="notice")
    def notice(self, notice: Notice) -> None:
        """One thing to tell; the same thing twice is told once."""
        if notice not in self._pending:
            self._pending.append(notice)
