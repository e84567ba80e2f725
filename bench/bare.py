"""The yardstick: workflows that take the steps of a case, with nothing in them.

As many updates, signals, timers and activities as ours, in the same order, on a worker with the
same options; no rules, no state, no store, next to no payload. ``lifecycle`` compares the counts
in the histories of both and fails where they differ.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy

QUEUE = "bare"
CHANNEL_QUEUE = "bare-channel"
STEP = timedelta(seconds=30)
FOREVER = RetryPolicy(maximum_interval=timedelta(seconds=30))
AT_ONCE = 16
"""As ``intake.handover`` has it."""


@workflow.defn(name="bare-case")
class BareCase:
    """Opened, claimed, proposed, approved; told by its post; closed by its timer."""

    def __init__(self) -> None:
        self._due: list[str] = ["opened"]
        self._is_listening = False
        self._is_over = False

    @workflow.run
    async def run(self, listen_seconds: float) -> None:
        timer = asyncio.create_task(self._wait(listen_seconds))
        while not (self._is_over and not self._due):
            await workflow.wait_condition(lambda: bool(self._due))
            await _step(self._due.pop(0))
        await timer

    async def _wait(self, listen_seconds: float) -> None:
        """The ladder's timer, which is taken back, and the one that ends the listening."""
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._is_listening, timeout=timedelta(hours=3))
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: False, timeout=timedelta(seconds=listen_seconds))
        self._due.append("closed")
        self._is_over = True

    @workflow.update(name="claim")
    def claim(self, person: str) -> None:
        self._due.append("claimed")

    @workflow.update(name="propose")
    def propose(self, person: str) -> None:
        self._due.append("proposed")

    @workflow.update(name="approve")
    def approve(self, person: str) -> None:
        self._due.append("approved")

    @workflow.update(name="ping")
    def ping(self) -> None:
        """An update without anything that follows from it."""

    @workflow.signal(name="tell")
    def tell(self) -> None:
        self._due.append("settled")
        self._is_listening = True


@workflow.defn(name="bare-post")
class BarePost:
    """Two recordings and the call to the channel between them."""

    @workflow.run
    async def run(self) -> None:
        await _step("posted")
        await workflow.execute_activity(
            "publish",
            task_queue=CHANNEL_QUEUE,
            start_to_close_timeout=STEP,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        await _step("published")


@workflow.defn(name="bare-notices")
class BareNotices:
    """Gathers for a while, sends once, goes on while more came in."""

    def __init__(self) -> None:
        self._pending = 0

    @workflow.run
    async def run(self, wait_seconds: int) -> None:
        while self._pending:
            await asyncio.sleep(wait_seconds)
            await workflow.execute_activity(
                "hours", start_to_close_timeout=STEP, retry_policy=FOREVER
            )
            self._pending = 0
            await workflow.execute_activity(
                "send", start_to_close_timeout=STEP, retry_policy=FOREVER
            )

    @workflow.signal(name="notice")
    def notice(self) -> None:
        self._pending += 1


@workflow.defn(name="bare-opening")
class BareOpening:
    """A start with one activity."""

    @workflow.run
    async def run(self) -> None:
        await _step("opened")


async def _step(name: str) -> None:
    await workflow.execute_activity(
        "step", name, start_to_close_timeout=STEP, retry_policy=FOREVER, summary=name
    )


class Activities:
    """Empty, save for the calls to Temporal that ours make in the same place."""

    def __init__(self, client: Client, notice_seconds: int) -> None:
        self._client = client
        self._notice_seconds = notice_seconds

    @activity.defn(name="step")
    async def step(self, name: str) -> None:
        case = activity.info().workflow_id
        assert case is not None
        match name:
            case "proposed":
                await self._notify("cora")
            case "approved":
                await asyncio.gather(self._notify("ada"), self._open_post(case))
            case "published":
                await self._client.get_workflow_handle(case.removesuffix("/post")).signal("tell")

    async def _notify(self, person: str) -> None:
        await self._client.start_workflow(
            "bare-notices",
            self._notice_seconds,
            id=f"bare-notices/{person}",
            task_queue=QUEUE,
            start_signal="notice",
        )

    async def _open_post(self, case: str) -> None:
        await self._client.start_workflow("bare-post", id=f"{case}/post", task_queue=QUEUE)

    @activity.defn(name="publish")
    async def publish(self) -> None:
        """The call to the channel."""

    @activity.defn(name="hours")
    async def hours(self) -> None:
        """When that person works."""

    @activity.defn(name="send")
    async def send(self) -> None:
        """The mail with the notices."""

    @activity.defn(name="start_many")
    async def start_many(self, prefix: str, count: int) -> None:
        """Start so many openings from here, as our hand-over starts them from the worker."""
        places = asyncio.Semaphore(AT_ONCE)

        async def start_one(number: int) -> None:
            async with places:
                await self._client.start_workflow(
                    "bare-opening", id=f"{prefix}-{number}", task_queue=QUEUE
                )

        await asyncio.gather(*(start_one(n) for n in range(count)))


@workflow.defn(name="bare-hand-over")
class BareHandOver:
    @workflow.run
    async def run(self, prefix: str, count: int) -> None:
        await workflow.execute_activity(
            "start_many", args=[prefix, count], start_to_close_timeout=timedelta(minutes=5)
        )


WORKFLOWS = [BareCase, BarePost, BareNotices, BareOpening, BareHandOver]
