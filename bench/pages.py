"""How long a person waits for the first byte of a page, with 100,000 escalations behind it."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from bench.crowd import Crowd
from bench.databases import Databases
from bench.figures import Figures, milliseconds, percentile
from bench.sizes import Sizes
from bench.stack import Service, Temporal, service
from store import people
from store.people import Purpose

PER_SECOND = 20.0
SEED = 11
"""The same arrivals in every run."""

CASES = 20
"""Real ones, with a history each; the rest are rows behind them."""

QUEUE = (
    "/queue?view=free",
    "/queue?view=mine",
    "/queue?view=late",
    "/queue?view=waiting",
    "/queue?view=team",
    "/queue?view=all&channel=console",
    "/queue?view=all&priority=urgent",
)

SETTLE_SECONDS = 3.0
"""After the cases are opened: what the openings have left to do shall not count."""


async def measure(
    server: Temporal, databases: Databases, kind: str, sizes: Sizes
) -> tuple[Figures, dict[str, Any]]:
    """Queue and escalation by turns, each at its own random moment, twenty a second."""
    crowd = Crowd(sizes.pages_crowd, sizes.pages_open, datetime.now(UTC))
    async with service(server, databases, kind, crowd) as running:
        cases = [await _case(running, n) for n in range(CASES)]
        await asyncio.sleep(SETTLE_SECONDS)
        cookie = await asyncio.to_thread(_sign_in, running)
        taken = await _arrive(running, cookie, cases, sizes.pages)
    figures = {
        f"{name}_page_p95_ms": percentile(seconds, 0.95) * 1000 for name, seconds in taken.items()
    }
    return figures, {name: milliseconds(seconds) for name, seconds in taken.items()}


async def _case(running: Service, n: int) -> str:
    case = await running.open(f"page{n}")
    await running.do("ada", case, "claim")
    if n % 2:
        await running.do("ada", case, "note", {"text": "I have asked the shop."})
    return case


def _sign_in(running: Service) -> str:
    with running.database.writing() as session:
        at = datetime.now(UTC)
        return people.create_token(session, "ada", at, Purpose.SESSION, by="ada")


async def _arrive(
    running: Service, cookie: str, cases: list[str], pages: int
) -> dict[str, list[float]]:
    """Seconds from the moment each page was due to the first byte of its answer."""
    chance, loop = random.Random(SEED), asyncio.get_running_loop()
    queue, escalation = cycle(QUEUE), cycle([f"/escalation/{case}" for case in cases])
    taken: dict[str, list[float]] = {"queue": [], "escalation": []}

    async def look(name: str, address: str, at: float) -> None:
        await asyncio.sleep(max(at - loop.time(), 0))
        headers = {"Cookie": f"answerable={cookie}", "Accept": "text/html"}
        async with running.http.stream("GET", address, headers=headers) as answer:
            taken[name].append(loop.time() - at)
            assert answer.status_code == 200, (address, answer.status_code)
            await answer.aread()

    # Connections and statements that the first page pays for are not what the others wait for.
    for address in (*QUEUE, f"/escalation/{cases[0]}"):
        await look("queue", address, loop.time())
    taken["queue"].clear()
    at, tasks = loop.time() + 0.1, []
    for n in range(pages):
        at += chance.expovariate(PER_SECOND)
        name, address = ("queue", next(queue)) if n % 2 else ("escalation", next(escalation))
        tasks.append(asyncio.create_task(look(name, address, at)))
    await asyncio.gather(*tasks)
    return taken
