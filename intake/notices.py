"""Asking for a test of notices; everything else that people are told follows from facts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy

from domain.messages import TASK_QUEUE, NoticeTest
from intake.entities import RPC, reaching_temporal

WAIT = 15.0
"""Seconds that whoever asked waits for what comes of it: a chat may take ten."""

LONGEST = timedelta(minutes=5)


async def test(client: Client, asked: NoticeTest) -> None:
    """Have a test sent, and wait a while until it is; what became of it is in the store. One that
    is under way is waited for in place of another. Raises Unavailable, Busy."""
    with reaching_temporal():
        handle = await client.start_workflow(
            "notice_test",
            asked,
            id=f"notice-test/{asked.person}/{asked.way}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # What nobody took up in time is not sent hours later.
            execution_timeout=LONGEST,
            static_summary="a test that somebody asked for",
            rpc_timeout=RPC,
        )
        with suppress(TimeoutError, WorkflowFailureError):
            async with asyncio.timeout(WAIT):
                await handle.result()
