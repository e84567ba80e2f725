"""How fast comments become cases: into the inbox, and from there into workflow and ledger."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from statistics import median
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench import bare
from bench.figures import Figures
from bench.sizes import Sizes
from bench.stack import Service, comment
from domain.comments import Incoming
from intake import handover
from store import inbox, tables

LOOK_SECONDS = 0.05
GIVE_UP_SECONDS = 180

DONE = "temporal_activity_succeed_endtoend_latency"
"""The SDK's own count of activities that have ended well."""


async def measure_openings(service: Service, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """Arrivals that wait in the inbox, until the worker has nothing left to do for any of them."""
    ours, recorded, plain = [], [], []
    for number in range(sizes.rounds):
        whole, in_ledger = await _open_ours(service, f"opening-{number}", sizes.openings)
        ours.append(sizes.openings / whole)
        recorded.append(sizes.openings / in_ledger)
        plain.append(sizes.openings / await _open_bare(service, f"open-{number}", sizes.openings))
    figures = {
        "opened_per_second": median(ours),
        "bare_opened_per_second": median(plain),
        "opened_ratio": median(ours) / median(plain),
    }
    return figures, {
        "in_the_ledger_per_second": median(recorded),
    }


async def _open_ours(service: Service, prefix: str, count: int) -> tuple[float, float]:
    """Seconds until every opening has been recorded by its own workflow, and until the ledger
    had them: the hand-over records each at once, the workflow's own recording then repeats it."""
    arrivals = [Incoming.model_validate(comment(f"{prefix}-{n}")) for n in range(count)]
    before = service.count(tables.LedgerEntry, name="escalation:conversation:opened")
    done_before = await _done(service.http, service.worker_metrics, "record")
    await asyncio.to_thread(inbox.receive, service.database, arrivals, datetime.now(UTC))
    began = time.monotonic()
    await handover.nudge(service.client)
    in_ledger = 0.0
    while await _done(service.http, service.worker_metrics, "record") < done_before + count:
        if not in_ledger and _opened(service) >= before + count:
            in_ledger = time.monotonic() - began
        await _look_again(began)
    took = time.monotonic() - began
    return took, in_ledger or took


def _opened(service: Service) -> int:
    return service.count(tables.LedgerEntry, name="escalation:conversation:opened")


async def _open_bare(service: Service, prefix: str, count: int) -> float:
    before = await _done(service.http, service.bare_metrics, "step")
    began = time.monotonic()
    await service.client.start_workflow(
        "bare-hand-over", args=[prefix, count], id=f"{prefix}-hand-over", task_queue=bare.QUEUE
    )
    while await _done(service.http, service.bare_metrics, "step") < before + count:
        await _look_again(began)
    return time.monotonic() - began


async def _look_again(began: float) -> None:
    if time.monotonic() - began > GIVE_UP_SECONDS:
        raise TimeoutError(f"openings were not done within {GIVE_UP_SECONDS} s")
    await asyncio.sleep(LOOK_SECONDS)


async def _done(http: httpx.AsyncClient, address: str, activity: str) -> int:
    """How many activities of this type the worker at this address has done since its start."""
    answer = await http.get(address)
    total = 0.0
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.name == f"{DONE}_count" and sample.labels["activity_type"] == activity:
                total += sample.value
    return int(total)


# The inbox. ----------------------------------------------------------------------------------


async def measure_inbox(service: Service, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """Lists of comments over HTTP: first while the worker opens cases, then without a worker.

    Comes last: it stops the worker, and leaves thousands of arrivals in the inbox.
    """
    busy = await _bring(service, "busy", max(sizes.lists // 3, 1), sizes.list_length)
    await service.worker.stop(10)
    alone = await _bring(service, "alone", sizes.lists, sizes.list_length)
    return {"accepted_per_second": alone}, {"accepted_per_second_while_opening": busy}


async def _bring(service: Service, prefix: str, lists: int, length: int) -> float:
    """Comments a second, one list after the other."""
    bodies = [[comment(f"{prefix}-{number}-{n}") for n in range(length)] for number in range(lists)]
    began = time.monotonic()
    for body in bodies:
        received = await service.post("hook", "/comments", body)
        assert {one["result"] for one in received} == {"accepted"}
    return lists * length / (time.monotonic() - began)
