"""``python -m bench``: everything in one run on one Temporal server, database after database."""

from __future__ import annotations

import asyncio
import tempfile
import warnings
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import claims, commands, lifecycle, machine, openings, queue, report, stack, storm
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

ON_DEMAND: dict[str, Measure] = {"storm": storm.measure}
"""Measured only where it is asked for: it takes as long as everything else together."""

Group = StrEnum("Group", [*SERVICE_GROUPS, *ON_DEMAND, QUEUE])  # type: ignore[misc]


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
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    groups = [str(g) for g in only] if only else [*SERVICE_GROUPS, QUEUE]
    kinds = [SQLITE, POSTGRESQL] if database is DatabaseChoice.BOTH else [str(database)]
    results = asyncio.run(_within_limits(kinds, groups, QUICK if quick else FULL))
    results["is_quick"] = quick
    report.show(results)
    is_whole = not quick and not only and len(kinds) == 2
    path = output or (report.LATEST if is_whole else None)
    if path:
        report.write(results, path)
        err.print(f"Written to {path}")


async def _within_limits(kinds: list[str], groups: list[str], sizes: Sizes) -> Results:
    minutes = LONGEST_STORM_MINUTES if ON_DEMAND.keys() & set(groups) else LONGEST_MINUTES
    async with asyncio.timeout(minutes * 60):
        return await measure(kinds, groups, sizes)


async def measure(kinds: list[str], groups: list[str], sizes: Sizes) -> Results:
    """The figures of these groups for each kind of database."""
    results: Results = {"machine": machine.describe(), "databases": {}}
    with tempfile.TemporaryDirectory(prefix="answerable-bench-") as name:
        folder = Path(name)
        databases = Databases(folder)
        try:
            async with stack.temporal(folder) as server:
                for kind in kinds:
                    found = await _measure_one(server, databases, kind, groups, sizes)
                    results["machine"]["temporal_server"] = found.pop("server_version", None)
                    results["databases"][kind] = found
        finally:
            await databases.stop()
    return results


async def _measure_one(
    server: stack.Temporal, databases: Databases, kind: str, groups: list[str], sizes: Sizes
) -> Results:
    found: Results = {"details": {}, "others_share": {}}
    measures = ON_DEMAND | SERVICE_GROUPS
    wanted = [name for name in measures if name in groups]
    if wanted:
        async with stack.service(server, databases, kind) as service:
            found["server_version"] = await machine.server_version(service.client)
            for name in wanted:
                await _note(found, kind, name, measures[name](service, sizes))
    if QUEUE in groups:
        await _note(found, kind, QUEUE, queue.measure(databases, kind, sizes))
    return found


async def _note(
    found: Results, kind: str, name: str, measuring: Awaitable[tuple[Figures, dict[str, Any]]]
) -> None:
    """Measure one group and keep what it found, and how busy others were meanwhile."""
    others = machine.Others()
    with err.status(f"{kind}: {name}"):
        figures, details = await measuring
    found.update(figures)
    found["details"][name] = details
    found["others_share"][name] = others.share()


if __name__ == "__main__":
    app()
