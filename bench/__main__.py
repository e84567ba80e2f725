"""``python -m bench``: everything in one run on one Temporal server, database after database."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import claims, commands, lifecycle, machine, openings, pages, queue, report, stack, storm
from bench.databases import POSTGRESQL, SQLITE, Databases
from bench.figures import Figures
from bench.sizes import FULL, QUICK, Sizes

LONGEST_MINUTES = 30
"""After this long the run gives up and takes everything down; on two quiet cores it takes 15."""

LONGEST_STORM_MINUTES = 90
"""The same where a storm is measured too."""

Measure = Callable[[stack.Service, Sizes], Awaitable[tuple[Figures, dict[str, Any]]]]

SERVICE_GROUPS: dict[str, Measure] = {
    "lifecycle": lifecycle.measure,
    "commands": commands.measure,
    "claims": claims.measure,
    "openings": openings.measure_openings,
    # The last one: it stops the worker.
    "inbox": openings.measure_inbox,
}

QUEUE = "queue"
PAGES = "pages"

ON_DEMAND: dict[str, Measure] = {"storm": storm.measure}
"""Measured only where it is asked for: it takes as long as everything else together."""

Group = StrEnum("Group", [*SERVICE_GROUPS, *ON_DEMAND, QUEUE, PAGES])  # type: ignore[misc]


class DatabaseChoice(StrEnum):
    SQLITE = SQLITE
    POSTGRESQL = POSTGRESQL
    BOTH = "both"


Results = dict[str, Any]
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
err = Console(stderr=True)


@app.command()
def main(
    only: Annotated[
        list[Group] | None, typer.Option(help="Measure this group alone; may be repeated.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes: shows that it runs, says nothing else.")
    ] = False,
    database: Annotated[DatabaseChoice, typer.Option()] = DatabaseChoice.BOTH,
    output: Annotated[
        Path | None,
        typer.Option(help="Where the figures go. [default: bench/results/latest.json, if whole]"),
    ] = None,
) -> None:
    """Measure the service against a bare Temporal workflow."""
    groups = [str(g) for g in only] if only else [*SERVICE_GROUPS, QUEUE, PAGES]
    kinds = [SQLITE, POSTGRESQL] if database is DatabaseChoice.BOTH else [str(database)]
    results: Results = {"is_quick": quick, "machine": machine.describe(), "databases": {}}
    try:
        asyncio.run(_within_limits(results, kinds, groups, QUICK if quick else FULL))
    except (TimeoutError, asyncio.CancelledError):
        report.show(results)
        err.print(f"Cut short: stopped from outside, or longer than {_longest(groups)} minutes.")
        raise typer.Exit(1) from None
    report.show(results)
    is_whole = not quick and not only and len(kinds) == 2
    path = output or (report.LATEST if is_whole else None)
    if path:
        report.write(results, path)
        err.print(f"Written to {path}")


async def _within_limits(
    results: Results, kinds: list[str], groups: list[str], sizes: Sizes
) -> None:
    """Measure, and take everything down in order on SIGTERM or when it takes too long."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with asyncio.timeout(_longest(groups) * 60):
        await measure(results, kinds, groups, sizes)


def _longest(groups: list[str]) -> int:
    return LONGEST_STORM_MINUTES if ON_DEMAND.keys() & set(groups) else LONGEST_MINUTES


async def measure(results: Results, kinds: list[str], groups: list[str], sizes: Sizes) -> None:
    """Put the figures of these groups, for each kind of database, into the results."""
    with tempfile.TemporaryDirectory(prefix="answerable-bench-") as name:
        folder = Path(name)
        databases = Databases(folder)
        try:
            async with stack.temporal(folder) as server:
                results["machine"]["temporal_server"] = await server.version()
                for kind in kinds:
                    found: Results = {"details": {}, "others_share": {}}
                    results["databases"][kind] = found
                    await _measure_one(found, server, databases, kind, groups, sizes)
        finally:
            await databases.stop()


async def _measure_one(
    found: Results,
    server: stack.Temporal,
    databases: Databases,
    kind: str,
    groups: list[str],
    sizes: Sizes,
) -> None:
    measures = ON_DEMAND | SERVICE_GROUPS
    wanted = [name for name in measures if name in groups]
    if wanted:
        async with stack.service(server, databases, kind) as service:
            for name in wanted:
                await _note(found, kind, name, measures[name](service, sizes))
    if QUEUE in groups:
        await _note(found, kind, QUEUE, queue.measure(databases, kind, sizes))
    if PAGES in groups:
        await _note(found, kind, PAGES, pages.measure(server, databases, kind, sizes))


async def _note(
    found: Results, kind: str, name: str, measuring: Awaitable[tuple[Figures, dict[str, Any]]]
) -> None:
    """Measure one group and keep what it found, and how busy others were meanwhile."""
    others, began = machine.Others(), time.monotonic()
    with err.status(f"{kind}: {name}"):
        figures, details = await measuring
    err.print(f"{kind}: {name} took {time.monotonic() - began:.0f} s")
    found.update(figures)
    found["details"][name] = details
    found["others_share"][name] = others.share()


if __name__ == "__main__":
    app()
