"""How fast a claim is: arriving independently, and from clients that each wait for their answer.

A claim is an update, a recorded fact and a changed queue. The bare one is an update and an empty
activity.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

from temporalio.client import WorkflowHandle

from bench import bare
from bench.figures import Figures, milliseconds
from bench.sizes import Sizes
from bench.stack import Service
from domain.messages import Request
from intake import entities
from store import people, words

PER_SECOND = 10.0
CLIENTS = 10
SEED = 7
"""The same arrivals in every run."""

SETTLE_SECONDS = 3.0
"""After the cases are opened: what the openings have left to do shall not count as claims."""

Claim = Callable[[], Awaitable[Any]]


async def measure(service: Service, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """Claims at ten a second over HTTP, then closed loops of ten clients, ours and bare."""
    arriving = await _arriving(service, sizes)
    loops = await _looping(service, sizes)
    rate = {name: median(len(times) / took for times, took in done) for name, done in loops.items()}
    seconds = {name: [t for times, _ in done for t in times] for name, done in loops.items()}
    figures = {
        "claim_p99_ms_at_10_per_s": milliseconds(arriving["http"])["p99_ms"],
        "claim_closed_loop_ratio": rate["command"] / rate["bare"],
    }
    details = {
        "claims_at_10_per_s": {name: milliseconds(times) for name, times in arriving.items()},
        "closed_loop": {
            name: {"per_second": rate[name], **milliseconds(seconds[name])} for name in rate
        },
    }
    return figures, details


# Independent arrivals. -----------------------------------------------------------------------


async def _arriving(service: Service, sizes: Sizes) -> dict[str, list[float]]:
    cases = await _our_cases(service, "arriving", sizes.claims)
    ours = await _arrive([partial(service.do, "ada", case, "claim") for case in cases])
    handles = await _bare_cases(service, "arriving", sizes.claims)
    return {"http": ours, "bare": await _arrive([_bare_claim(handle) for handle in handles])}


async def _arrive(claims: list[Claim]) -> list[float]:
    """Send each at its own random moment; the seconds from that moment to its answer."""
    chance = random.Random(SEED)
    loop = asyncio.get_running_loop()
    at, tasks = loop.time() + 0.1, []
    for claim in claims:
        at += chance.expovariate(PER_SECOND)
        tasks.append(asyncio.create_task(_claim_at(at, claim)))
    return list(await asyncio.gather(*tasks))


async def _claim_at(at: float, claim: Claim) -> float:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(at - loop.time(), 0))
    await claim()
    # From the moment it was due: a client that is late itself hides no waiting.
    return loop.time() - at


# Closed loops. -------------------------------------------------------------------------------


async def _looping(service: Service, sizes: Sizes) -> dict[str, list[tuple[list[float], float]]]:
    """For each way to claim its rounds: the seconds of each claim, and of the whole round."""
    with service.database.reading() as session:
        ada = people.actor(session, "ada")
    done: dict[str, list[tuple[list[float], float]]] = {}
    for number in range(sizes.rounds):
        for name in ("http", "command", "bare", "bare_update_alone"):
            claims = await _claims(service, name, ada, f"{name}-{number}", sizes.looped_claims)
            done.setdefault(name, []).append(await _loop(claims))
    return done


async def _claims(service: Service, name: str, ada: Any, prefix: str, count: int) -> list[Claim]:
    """Claims of fresh cases: over HTTP, by the call that the api makes, and bare."""
    if name.startswith("bare"):
        handles = await _bare_cases(service, prefix, count)
        act = _bare_claim if name == "bare" else _bare_ping
        return [act(handle) for handle in handles]
    cases = await _our_cases(service, prefix, count)
    if name == "http":
        return [partial(service.do, "ada", case, "claim") for case in cases]
    return [partial(_command, service, case, ada) for case in cases]


async def _command(service: Service, case: str, ada: Any) -> None:
    """A claim by the function that the api calls: decided, then recorded by the caller too."""
    request = Request(command={"act": "claim"}, actor=ada, key=words.new_id(), digest="claim")
    await entities.command(service.client, service.database, f"escalation/{case}", request)


def _bare_claim(handle: WorkflowHandle[Any, Any]) -> Claim:
    return lambda: handle.execute_update("claim", "ada")


def _bare_ping(handle: WorkflowHandle[Any, Any]) -> Claim:
    return lambda: handle.execute_update("ping")


async def _loop(claims: list[Claim]) -> tuple[list[float], float]:
    """Ten clients, each with its next claim as soon as it has its answer."""
    seconds: list[float] = []
    waiting = iter(claims)

    async def client() -> None:
        for claim in waiting:
            began = time.monotonic()
            await claim()
            seconds.append(time.monotonic() - began)

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return seconds, time.monotonic() - began


# Cases to claim. -----------------------------------------------------------------------------


async def _our_cases(service: Service, prefix: str, count: int) -> list[str]:
    """Fresh open cases, each handed over and recorded."""
    stamp = datetime.now(UTC).strftime("%H%M%S%f")
    places = asyncio.Semaphore(CLIENTS)

    async def open_one(number: int) -> str:
        async with places:
            return await service.open(f"{prefix}-{stamp}-{number}")

    cases = await asyncio.gather(*(open_one(n) for n in range(count)))
    await asyncio.sleep(SETTLE_SECONDS)
    return list(cases)


async def _bare_cases(service: Service, prefix: str, count: int) -> list[WorkflowHandle[Any, Any]]:
    places = asyncio.Semaphore(CLIENTS)

    async def start_one(number: int) -> WorkflowHandle[Any, Any]:
        async with places:
            return await service.client.start_workflow(
                "bare-case", 3600.0, id=f"bare-{prefix}-{number}", task_queue=bare.QUEUE
            )

    handles = await asyncio.gather(*(start_one(n) for n in range(count)))
    await asyncio.sleep(SETTLE_SECONDS)
    return list(handles)
