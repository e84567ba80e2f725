"""How fast the queue is with a million escalations behind it, against a thousand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bench.crowd import Crowd
from bench.databases import Databases
from bench.figures import Figures, milliseconds
from bench.sizes import Sizes
from domain.people import Actor, Role
from store import queries
from store.database import Database

ADA = Actor(id="ada", roles=frozenset({Role.STAFF}), teams=frozenset({"care"}))

VIEWS: dict[str, dict[str, Any]] = {
    "mine": {"owner": "ada"},
    "free": {"team": "care", "stage": "unclaimed"},
    "late": {"late": True},
    "team": {"team": "care"},
}

SEARCHES = {"common": "saddle", "two_words": "saddle daughter", "rare": "o777"}

PAGE = 50
FAR_PAGE = 50
"""The other page that is looked at, beside the first; the last full one where there are fewer."""

Look = Callable[[Session], Any]


async def measure(databases: Databases, kind: str, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """The queue of one kind of database, full and small."""
    crowds = {"few": Crowd(sizes.few, sizes.few, _now()), "1m": _crowd(sizes)}
    taken: dict[str, dict[str, list[float]]] = {}
    searches: dict[str, list[float]] = {}
    details: dict[str, Any] = {}
    for name, crowd in crowds.items():
        database = Database(await databases.fresh(kind, f"queue-{name}"))
        began = time.monotonic()
        await asyncio.to_thread(crowd.make, database)
        details[f"seconds_to_make_{name}"] = time.monotonic() - began
        taken[name] = await asyncio.to_thread(_look, database, sizes.looks)
        searches = await asyncio.to_thread(_search, database, max(sizes.looks // 5, 1))
        database.dispose()
        await databases.drop(kind, f"queue-{name}")
    full, small = (milliseconds(_all(taken[name]))["p99_ms"] for name in ("1m", "few"))
    figures = {
        "queue_p99_ms_1m": full,
        "queue_ratio_1m_1k": full / small,
        "search_p99_ms_1m": milliseconds(_all(searches))["p99_ms"],
    }
    details["views_1m"] = {view: milliseconds(times) for view, times in taken["1m"].items()}
    details["views_1k"] = {view: milliseconds(times) for view, times in taken["few"].items()}
    details["search_1m"] = {name: milliseconds(times) for name, times in searches.items()}
    return figures, details


def _now() -> datetime:
    return datetime.now(UTC)


def _crowd(sizes: Sizes) -> Crowd:
    return Crowd(sizes.crowd, sizes.crowd_open, _now())


def _all(times: dict[str, list[float]]) -> list[float]:
    return [seconds for one in times.values() for seconds in one]


def _look(database: Database, looks: int) -> dict[str, list[float]]:
    """Seconds of each look, by view and page; the views take turns."""
    pages: dict[str, Look] = {}
    for view, filters in VIEWS.items():
        pages[f"{view}, first page"] = partial(_page, filters, None)
        number, cursor = _far(database, filters)
        pages[f"{view}, page {number}"] = partial(_page, filters, cursor)
    return _time(database, pages, looks)


def _search(database: Database, looks: int) -> dict[str, list[float]]:
    pages: dict[str, Look] = {name: partial(_page, {"q": q}, None) for name, q in SEARCHES.items()}
    return _time(database, pages, looks)


def _page(filters: dict[str, Any], cursor: str | None, session: Session) -> Any:
    return queries.escalations(session, ADA, _now(), limit=PAGE, cursor=cursor, **filters)


def _far(database: Database, filters: dict[str, Any]) -> tuple[int, str | None]:
    """The number of the far page, and the cursor that leads there."""
    number, cursor = 1, None
    while number < FAR_PAGE:
        with database.reading() as session:
            found = _page(filters, cursor, session)
            if found.next_cursor is None:
                break
            after = _page(filters, found.next_cursor, session)
        if len(after.items) < PAGE:
            break
        number, cursor = number + 1, found.next_cursor
    return number, cursor


def _time(database: Database, pages: dict[str, Look], looks: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(looks):
        for name, look in pages.items():
            began = time.perf_counter()
            with database.reading() as session:
                look(session)
            seconds[name].append(time.perf_counter() - began)
    return seconds
