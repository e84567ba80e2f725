"""A storm: thousands of comments about one thing, brought together, decided once, answered each.

What is measured is how long people wait for an answer that has been decided, and what it costs
in history: a matter hears nothing from its members, so its own history must stay short.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from bench.figures import Figures
from bench.sizes import Sizes
from bench.stack import LIMIT, LIMITED, Service, comment
from domain.comments import Incoming
from intake import handover
from store import inbox, matters, tables

LIST = 500
"""Escalations that join with one request."""

FIRST = 100
"""Answered before the rest."""

LOOK_SECONDS = 1.0
SLOWEST = 2
"""Cases a second that are certainly done, or something has broken."""

HALT_SECONDS = 5.0
"""A halt has taken hold when nobody was answered for so long."""

SAMPLE = 50
"""Escalations whose histories are looked at."""


async def measure(service: Service, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """The whole storm, once. The ledger and the channel are the judges of whether it is over."""
    cases, opening = await _open(service, sizes.storm)
    matter, joining = await _gather(service, cases)
    await service.post("ada", f"/matters/{matter}/propose", _PROPOSAL)
    await service.post("cora", f"/matters/{matter}/approve")
    began = time.monotonic()
    await service.post("ben", f"/matters/{matter}/release", {"first": min(FIRST, len(cases))})
    halted = await _halt(service, matter, len(cases) // 2)
    await _until(service, matter, len(cases), "served")
    served = time.monotonic() - began
    await _until_published(service, len(cases))
    published = time.monotonic() - began
    _check(service, matter, len(cases))
    # Within its rate; two seconds of it may have been waiting when the clock began.
    assert published >= len(cases) / LIMIT - 2, f"{len(cases)} posts in {published:.0f} s"
    members = await _lengths(service, [f"escalation/{case}" for case in cases[:SAMPLE]])
    whole = (await _lengths(service, [f"matter/{matter}"]))[0]
    figures = {
        "storm_seconds": published,
        "storm_answers_per_second": len(cases) / published,
        "storm_matter_events": float(whole),
        "storm_escalation_events": sum(members) / len(members),
    }
    return figures, {
        "cases": len(cases),
        "opened_per_second": len(cases) / opening,
        "joined_per_second": len(cases) / joining,
        "served_seconds": served,
        "halted_seconds": halted,
        "runs_of_the_matter": await _runs(service, f"matter/{matter}"),
    }


_PROPOSAL = {
    "request": "May we say this to everybody who waits for a saddle?",
    "reply": "The saddles are here; each of them leaves our house today.",
}


async def _open(service: Service, count: int) -> tuple[list[str], float]:
    """Seconds until each comment is an escalation that the ledger knows."""
    cases: list[str] = []
    began = time.monotonic()
    for start in range(0, count, 1_000):
        numbers = range(start, min(start + 1_000, count))
        arrivals = [Incoming.model_validate(comment(f"storm-{n}", LIMITED)) for n in numbers]
        receipts = await asyncio.to_thread(
            inbox.receive, service.database, arrivals, datetime.now(UTC)
        )
        cases += [receipt.escalation_id for receipt in receipts]
    await handover.nudge(service.client)
    while _count(service, tables.Escalation, col(tables.Escalation.id).in_(cases[-1:])) == 0:
        await _look_again(began, count, "handed over")
    while service.count(tables.Arrival, handed_over_at=None):
        await _look_again(began, count, "handed over")
    return cases, time.monotonic() - began


async def _gather(service: Service, cases: list[str]) -> tuple[str, float]:
    """Open a matter and have all of them join it, over HTTP."""
    opened = await service.post("ada", "/matters", {"title": "Saddles", "team": "care"})
    matter = str(opened["id"])
    began = time.monotonic()
    for start in range(0, len(cases), LIST):
        body = {"escalation_ids": cases[start : start + LIST]}
        while (await service.post("ada", f"/matters/{matter}/members", body))["later"]:
            pass  # A request has its time; sent again, it goes on.
    assert _standing(service, matter)["waiting"] == len(cases)
    return matter, time.monotonic() - began


async def _until(service: Service, matter: str, count: int, standing: str) -> None:
    began = time.monotonic()
    while _standing(service, matter).get(standing, 0) < count:
        await _look_again(began, count, standing)


async def _halt(service: Service, matter: str, enough: int) -> float:
    """Halt it in the middle, see that no further answer begins, and let it go on. Answers for how
    many seconds it stood still."""
    await _until(service, matter, enough, "served")
    await service.post("ada", f"/matters/{matter}/halt")
    began = time.monotonic()
    before = -1
    while before != (now := _standing(service, matter)["served"]):
        # What was being served when the halt came is finished.
        before = now
        await asyncio.sleep(HALT_SECONDS)
    await service.post("ben", f"/matters/{matter}/resume")
    return time.monotonic() - began


async def _until_published(service: Service, count: int) -> None:
    began = time.monotonic()
    while service.count(tables.Post, stage="published") < count:
        await _look_again(began, count, "published")


async def _look_again(began: float, count: int, what: str) -> None:
    longest = 120 + count / SLOWEST
    if time.monotonic() - began > longest:
        raise TimeoutError(f"not all were {what} within {longest:.0f} s")
    await asyncio.sleep(LOOK_SECONDS)


def _standing(service: Service, matter: str) -> dict[str, int]:
    with service.database.reading() as session:
        return matters.counts(session, [matter])[matter]._asdict()


def _count(service: Service, table: Any, chosen: Any) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(chosen)) or 0


def _check(service: Service, matter: str, count: int) -> None:
    """Each was answered once, and nobody twice: on the channel as in the ledger."""
    lines = (service.folder / "console.jsonl").read_text().splitlines()
    assert len({json.loads(line)["post_id"] for line in lines}) == count
    assert len(lines) == count, f"{len(lines)} posts on the channel for {count} cases"
    assert service.count(tables.Post) == count
    assert service.count(tables.Fork) == 0
    assert _standing(service, matter)["served"] == count


async def _lengths(service: Service, streams: list[str]) -> list[int]:
    """Events of these histories; where one went on as a new run, of all its runs."""
    found = []
    for stream in streams:
        query = f"WorkflowId = '{stream}'"
        runs = [run.history_length async for run in service.client.list_workflows(query)]
        handle = service.client.get_workflow_handle(stream)
        last = (await handle.describe()).history_length
        found.append(max(sum(runs), last))
    return found


async def _runs(service: Service, stream: str) -> int:
    query = f"WorkflowId = '{stream}'"
    return len([run async for run in service.client.list_workflows(query)])
