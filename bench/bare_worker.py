"""The worker of the yardstick, a process of its own: ``python -m bench.bare_worker``."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from answerable.worker import THREADS
from bench import bare
from bench.stack import POSTS_PER_SECOND
from config.settings import Settings
from config.temporal import connect, runtime_with_metrics

GRACE = timedelta(seconds=5)


def _worker(client: Client, notice_seconds: int) -> Worker:
    """Options as in ``answerable.worker``."""
    activities = bare.Activities(client, notice_seconds)
    restrictions = SandboxRestrictions.default.with_passthrough_modules(
        "bench", "pydantic", "pydantic_core", "annotated_types"
    )
    return Worker(
        client,
        task_queue=bare.QUEUE,
        workflows=bare.WORKFLOWS,
        activities=[activities.step, activities.hours, activities.send, activities.start_many],
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        max_cached_workflows=Settings().worker_cache,
        max_concurrent_activities=THREADS,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(10),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(10),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        graceful_shutdown_timeout=GRACE,
    )


def _voice(client: Client, notice_seconds: int) -> Worker:
    """The worker of one channel."""
    return Worker(
        client,
        task_queue=bare.CHANNEL_QUEUE,
        activities=[bare.Activities(client, notice_seconds).publish],
        max_task_queue_activities_per_second=POSTS_PER_SECOND,
        max_concurrent_activities=20,
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
        graceful_shutdown_timeout=GRACE,
    )


async def _work(metrics_port: int, notice_seconds: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await connect(runtime_with_metrics(f"127.0.0.1:{metrics_port}"))
    async with _worker(client, notice_seconds), _voice(client, notice_seconds):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_work(int(sys.argv[1]), int(sys.argv[2])))
