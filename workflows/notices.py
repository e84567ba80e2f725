"""What one person is told, gathered for a while and sent together, in their working hours."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import cast

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from domain.messages import (
        Held,
        HoursWanted,
        Mailing,
        Notice,
        NoticesStart,
        NoticeTest,
        Sent,
        WorkingMoment,
    )

from workflows.entity import FOREVER, STEP

LONGEST_NAP = timedelta(hours=12)
"""Hours change and absences end early, so whoever waits looks again at least twice a day."""

SENDING = timedelta(minutes=2)
"""How long one try to send may take: a mail server may think about each of its answers."""

NAPS = 60
"""After a month of waiting it is told, whatever the hours: nobody should come back to nothing."""


@workflow.defn(name="notices")
class NoticesWorkflow:
    """Lives while there is something to tell; signal-with-start wakes it again."""

    @workflow.init
    def __init__(self, start: NoticesStart) -> None:
        self._start = start
        self._pending = list(start.pending)
        self._due: list[Notice] = []
        self._held = list(start.held)
        self._sent = start.sent

    @workflow.run
    async def run(self, start: NoticesStart) -> int:
        """Gather, wait for the person's hours, send, and go on until nothing new has come in and
        nothing is held back for their daily message. Answers how many were sent."""
        while self._pending or self._held:
            since = workflow.now()
            if self._pending:
                await asyncio.sleep(max(start.wait_seconds, 1))
            elif await self._until_held_are_due():
                continue
            self._take_due()
            if workflow.patched("notices-wait-for-working-hours"):
                await self._until_at_work()
            self._take_due()
            told, self._pending = tuple(self._pending), []
            due, self._due = tuple(self._due), []
            info = workflow.info()
            sent = await workflow.execute_activity(
                "send_notices",
                Mailing(
                    id=f"{info.first_execution_run_id}-{self._sent}",
                    person=start.person,
                    notices=told,
                    due=due,
                    since=since,
                    at=workflow.now(),
                ),
                # Older code answered nothing, which is what older histories hold.
                result_type=cast("type[Sent | None]", Sent | None),
                start_to_close_timeout=SENDING,
                retry_policy=FOREVER,
                summary=f"{len(told) + len(due)} notices",
            )
            self._sent += len(told) + len(due)
            self._keep(sent or Sent())
            if info.is_continue_as_new_suggested():
                workflow.continue_as_new(
                    start.model_copy(
                        update={
                            "pending": tuple(self._pending),
                            "held": tuple(self._held),
                            "sent": self._sent,
                        }
                    )
                )
        return self._sent

    async def _until_held_are_due(self) -> bool:
        """Wait for the first of what is held back; answers whether something new came first."""
        nap = min(held.until for held in self._held) - workflow.now()
        if nap <= timedelta(0):
            return False
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: bool(self._pending), timeout=nap, timeout_summary="held back"
            )
        return bool(self._pending)

    def _take_due(self) -> None:
        now = workflow.now()
        self._due += [held.notice for held in self._held if held.until <= now]
        self._held = [held for held in self._held if held.until > now]

    def _keep(self, sent: Sent) -> None:
        """Hold back what was not told, save for what has been said again meanwhile."""
        self._held += [held for held in sent.held if not self._is_waiting(held.notice)]

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
        return any(notice.urgent for notice in (*self._pending, *self._due))

    def _is_waiting(self, notice: Notice) -> bool:
        """Whether this is to be told already, as urgently or more so."""
        waiting: tuple[Held | Notice, ...] = (*self._pending, *self._due, *self._held)
        known = [one.notice if isinstance(one, Held) else one for one in waiting]
        return notice in known or notice.model_copy(update={"urgent": True}) in known

    @workflow.signal(name="notice")
    def notice(self, notice: Notice) -> None:
        """One thing to tell; the same thing twice is told once, urgently if either was urgent."""
        if self._is_waiting(notice):
            return
        calm = notice.model_copy(update={"urgent": False})
        self._pending = [known for known in self._pending if known != calm]
        self._due = [known for known in self._due if known != calm]
        self._held = [held for held in self._held if held.notice != calm]
        self._pending.append(notice)


@workflow.defn(name="notice_test")
class NoticeTestWorkflow:
    """One test of one way to one person, who looks at the screen meanwhile: it is sent now or not
    at all, whatever their hours, and tried once."""

    @workflow.run
    async def run(self, test: NoticeTest) -> None:
        await workflow.execute_activity(
            "send_notice_test",
            test,
            schedule_to_start_timeout=timedelta(minutes=1),
            start_to_close_timeout=SENDING,
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary=test.way,
        )
