"""What a whole case costs: from its comment to its closing, ours against bare.

Both live their cases at the same concurrency, in rounds that take turns, so that whatever else
the machine does falls on both.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from temporalio.api.enums.v1 import EventType

from bench import bare
from bench.children import since
from bench.figures import Figures, medians
from bench.sizes import Sizes
from bench.stack import LISTEN_SECONDS, NOTICE_SECONDS, Service

STEPS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "starts",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "updates",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signals",
    EventType.EVENT_TYPE_TIMER_STARTED: "timers",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activities",
}
"""What both must do equally often. Events that follow from these, such as workflow tasks, may
differ: that is part of what is measured."""

Life = Callable[[Service, str], Awaitable[list[str]]]
"""Lives one case until it has ended; answers the ids of its workflows."""


@dataclass(frozen=True)
class _Round:
    cpu_ms: Figures
    """Milliseconds of processor time for one case, by part."""
    per_second: float
    workflows: list[list[str]]


async def our_life(service: Service, name: str) -> list[str]:
    """One case through the api: opened, claimed, proposed with a reply, approved, published,
    listened to and closed by its timer."""
    case = await service.open(name)
    await service.do("ada", case, "claim")
    words = {
        "request": "May we send a saddle?",
        "reply": "Your saddle was left out of the box. We are sorry.",
    }
    await service.do("ada", case, "propose", words)
    approved = await service.do("cora", case, "approve")
    await service.client.get_workflow_handle(f"escalation/{case}").result()
    return [f"escalation/{case}", f"post/{approved['post_id']}"]


async def bare_life(service: Service, name: str) -> list[str]:
    """The same steps with nothing in them."""
    case = await service.client.start_workflow(
        "bare-case", float(LISTEN_SECONDS), id=name, task_queue=bare.QUEUE
    )
    for act, person in (("claim", "ada"), ("propose", "ada"), ("approve", "cora")):
        await case.execute_update(act, person)
    await case.result()
    return [name, f"{name}/post"]


LIVES: dict[str, Life] = {"ours": our_life, "bare": bare_life}


async def measure(service: Service, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """The figures of a lifecycle, and their details."""
    steps = await _compare_steps(service)
    idle = await _idle(service, sizes.idle_seconds)
    rounds: dict[str, list[_Round]] = {"ours": [], "bare": []}
    for number in range(sizes.rounds):
        for name, live in LIVES.items():
            rounds[name].append(await _round(service, live, f"{name}-{number}", sizes))
    cost = {name: medians([r.cpu_ms for r in done]) for name, done in rounds.items()}
    sizes_of = {
        name: await _history(service, [w for r in done for case in r.workflows for w in case])
        for name, done in rounds.items()
    }
    cases = sizes.cases * sizes.rounds
    figures = {
        "lifecycle_cpu_ratio": _work(cost["ours"], "worker") / _work(cost["bare"], "bare_worker"),
        "events_per_lifecycle": sizes_of["ours"]["events"] / cases,
        "bytes_per_lifecycle": sizes_of["ours"]["bytes"] / cases,
    }
    details = {
        "cpu_ms_per_case": cost,
        "cases_per_second": {n: median(r.per_second for r in d) for n, d in rounds.items()},
        "bare_events": sizes_of["bare"]["events"] / cases,
        "bare_bytes": sizes_of["bare"]["bytes"] / cases,
        "steps": steps,
        "idle_cpu_ms_per_second": idle,
    }
    return figures, details


def _work(cost: Figures, worker: str) -> float:
    """What Temporal and the one worker took."""
    return cost["temporal"] + cost[worker]


async def _round(service: Service, live: Life, prefix: str, sizes: Sizes) -> _Round:
    meter = service.meter()
    before, began = meter.read(), time.monotonic()
    workflows = await live_many(service, live, prefix, sizes.cases, sizes.at_once)
    took = time.monotonic() - began
    # The last notices are still being gathered; they belong to these cases.
    await asyncio.sleep(NOTICE_SECONDS + 1)
    spent = since(meter, before)
    return _Round(
        cpu_ms={part: seconds / sizes.cases * 1000 for part, seconds in spent.items()},
        per_second=sizes.cases / took,
        workflows=workflows,
    )


async def live_many(
    service: Service, live: Life, prefix: str, count: int, at_once: int
) -> list[list[str]]:
    """Live so many cases, a few at a time."""
    places = asyncio.Semaphore(at_once)

    async def live_one(number: int) -> list[str]:
        async with places:
            return await live(service, f"{prefix}-{number}")

    return list(await asyncio.gather(*(live_one(n) for n in range(count))))


async def _compare_steps(service: Service) -> Figures:
    """Live one case each, alone, and see that both took the same steps."""
    taken = {}
    for name, live in LIVES.items():
        workflows = await live(service, f"{name}-alone")
        await asyncio.sleep(NOTICE_SECONDS + 1)
        prefix = "" if name == "ours" else "bare-"
        notices = [f"{prefix}notices/{person}" for person in ("ada", "cora")]
        taken[name] = await _steps(service, workflows + notices)
    if taken["ours"] != taken["bare"]:
        raise RuntimeError(
            f"A case takes {taken['ours']}, the bare one {taken['bare']}: "
            "bring bench/bare.py up to what ours does."
        )
    return taken["ours"]


async def _steps(service: Service, workflows: list[str]) -> Figures:
    counts: Counter[str] = Counter()
    for workflow in workflows:
        history = await service.client.get_workflow_handle(workflow).fetch_history()
        counts.update(STEPS[e.event_type] for e in history.events if e.event_type in STEPS)
    return dict(sorted(counts.items()))


async def _history(service: Service, workflows: list[str]) -> Figures:
    """Events and bytes of these histories, as the server counts them."""
    total: Counter[str] = Counter()
    for workflow in workflows:
        described = await service.client.get_workflow_handle(workflow).describe()
        info = described.raw_description.workflow_execution_info
        total.update(events=info.history_length, bytes=info.history_size_bytes)
    return dict(total)


async def _idle(service: Service, watched: float) -> Figures:
    """What everything takes while nothing happens, in milliseconds a second."""
    meter = service.meter()
    before = meter.read()
    await asyncio.sleep(watched)
    return {part: s / watched * 1000 for part, s in since(meter, before).items()}
