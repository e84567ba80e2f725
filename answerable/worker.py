"""The worker: runs every workflow, every activity, and each channel at its own rate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, RPCError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.effects import EffectActivities
from activities.hooks import HookActivities
from activities.matters import MatterActivities
from activities.notices import NoticeActivities
from activities.people import PeopleActivities
from activities.publishing import PublishingActivities, channels_in_force
from activities.records import RecordActivities
from activities.upkeep import UpkeepActivities
from activities.watching import WatchActivities
from answerable.schedules import ensure_watch
from config.settings import Settings
from domain.messages import HOOK_QUEUE, TASK_QUEUE, channel_queue
from domain.policy import Channel
from store import tables
from store.database import Database
from workflows.commitment import CommitmentWorkflow
from workflows.escalation import EscalationWorkflow
from workflows.hook import HookWorkflow
from workflows.matter import MatterWorkflow
from workflows.notices import NoticesWorkflow, NoticeTestWorkflow
from workflows.post import PostWorkflow
from workflows.upkeep import HandOverWorkflow, UpkeepWorkflow, WatchWorkflow

log = logging.getLogger("answerable.worker")

WORKFLOWS = [
    EscalationWorkflow,
    PostWorkflow,
    CommitmentWorkflow,
    MatterWorkflow,
    NoticesWorkflow,
    NoticeTestWorkflow,
    HookWorkflow,
    HandOverWorkflow,
    UpkeepWorkflow,
    WatchWorkflow,
]

GRACE = timedelta(seconds=30)
"""How long a stopping worker lets activities finish."""

LOOK_EVERY = 10.0
"""Seconds between two looks at the policy for new channels, and between two heartbeats."""

THREADS = 32
"""Activities at the same time; those of the store each need a thread and a connection."""


RECEIVERS = 50
"""Webhooks that are told something at the same time."""


def runner() -> SandboxedWorkflowRunner:
    """The sandbox, with our own rooms and pydantic passed through: they are pure, and loading
    them once instead of once a workflow saves four fifths of its memory and time."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(
        "domain", "workflows", "pydantic", "pydantic_core", "annotated_types"
    )
    return SandboxedWorkflowRunner(restrictions=restrictions)


@dataclass
class Staff:
    """The running workers of this process: one for everything, one for each channel."""

    client: Client
    database: Database
    settings: Settings
    task_queue: str = TASK_QUEUE
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS))
    voices: dict[str, tuple[Channel, AsyncExitStack]] = field(default_factory=dict)

    def main(self) -> Worker:
        effects = EffectActivities(self.client, self.database, self.settings)
        records = RecordActivities(self.client, self.database, effects)
        notices = NoticeActivities(self.database, self.settings)
        people = PeopleActivities(self.database)
        upkeep = UpkeepActivities(self.client, self.database, self.settings)
        matters = MatterActivities(self.client, self.database)
        return Worker(
            self.client,
            task_queue=self.task_queue,
            workflows=WORKFLOWS,
            activities=[
                records.record,
                effects.carry_out,
                people.fill_seats,
                people.find_people,
                notices.send_notices,
                notices.send_notice_test,
                notices.next_working_moment,
                upkeep.hand_over_waiting,
                upkeep.sweep,
                matters.serve_members,
                matters.await_members,
                matters.count_members,
                WatchActivities(self.client, self.database).watch,
            ],
            workflow_runner=runner(),
            activity_executor=self.threads,
            max_cached_workflows=self.settings.worker_cache,
            max_concurrent_activities=THREADS,
            workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(10),
            activity_task_poller_behavior=PollerBehaviorSimpleMaximum(10),
            # A killed worker otherwise delays the next update of its workflows by ten seconds.
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
            graceful_shutdown_timeout=GRACE,
        )

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """A worker for deliveries to webhooks alone: receivers may be slow, and each that is holds
        a place for ten seconds."""
        delivering = HookActivities(self.database, self.settings)
        worker = Worker(
            self.client,
            task_queue=HOOK_QUEUE,
            activities=[delivering.deliver],
            max_concurrent_activities=RECEIVERS,
            activity_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
            graceful_shutdown_timeout=GRACE,
        )
        try:
            async with worker:
                yield
        finally:
            await delivering.aclose()

    async def follow_channels(self) -> None:
        """Have a voice for every channel in force, and none with settings of yesterday."""
        wanted = await asyncio.to_thread(channels_in_force, self.database)
        for name in [n for n, (old, _) in self.voices.items() if wanted.get(n) != old]:
            _, stack = self.voices.pop(name)
            await stack.aclose()
        for name, channel in wanted.items():
            if name not in self.voices:
                self.voices[name] = (channel, await self._start_voice(name, channel))

    async def _start_voice(self, name: str, channel: Channel) -> AsyncExitStack:
        publishing = PublishingActivities(self.database, self.settings, name, channel)
        worker = Worker(
            self.client,
            task_queue=channel_queue(name),
            activities=[publishing.publish, publishing.find],
            max_task_queue_activities_per_second=channel.posts_per_second,
            max_concurrent_activities=20,
            activity_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
            graceful_shutdown_timeout=GRACE,
        )
        stack = AsyncExitStack()
        stack.push_async_callback(publishing.aclose)
        await stack.enter_async_context(worker)
        return stack

    async def stop_voices(self) -> None:
        await asyncio.gather(*(stack.aclose() for _, stack in self.voices.values()))


@asynccontextmanager
async def running(client: Client, database: Database, settings: Settings) -> AsyncIterator[Staff]:
    """Workers that run until the block ends, then finish what they have begun."""
    staff = Staff(client, database, settings)
    main = AsyncExitStack()
    await main.enter_async_context(staff.main())
    await main.enter_async_context(staff.telling())
    try:
        await staff.follow_channels()
        await _ensure_upkeep(client)
        await ensure_watch(client, is_renewed=True)
        looking = asyncio.create_task(_look_around(staff))
        try:
            yield staff
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
    finally:
        await asyncio.gather(staff.stop_voices(), main.aclose())
        staff.threads.shutdown()


async def _look_around(staff: Staff) -> None:
    """Follow the policy's channels and leave a sign of life, whatever fails meanwhile."""
    while True:
        try:
            await asyncio.to_thread(_beat, staff.database)
            await staff.follow_channels()
            await _ensure_upkeep(staff.client)
            await ensure_watch(staff.client)
        except Exception:
            log.exception("a look around failed; the next one is due in %s s", LOOK_EVERY)
        await asyncio.sleep(LOOK_EVERY)


def _beat(database: Database) -> None:
    with database.writing() as session:
        session.merge(tables.Heartbeat(name="worker", at=datetime.now(UTC)))


async def _ensure_upkeep(client: Client) -> None:
    """There is one upkeep workflow, whoever starts it."""
    with contextlib.suppress(RPCError):
        await client.start_workflow(
            "upkeep",
            id="upkeep",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=timedelta(seconds=10),
        )
