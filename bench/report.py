"""The figures as a table for people and as a file for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

LATEST = Path(__file__).parent / "results" / "latest.json"

OTHERS = 0.1
"""More than this part of the processor for other programs, and a warning is due."""

Results = dict[str, Any]


class Target:
    """What a figure is to reach; ``is_most`` where less is better."""

    def __init__(self, value: float, *, is_most: bool = True) -> None:
        self.value = value
        self.is_most = is_most

    def is_met(self, found: float) -> bool:
        return found <= self.value if self.is_most else found >= self.value

    def __str__(self) -> str:
        return f"{'at most' if self.is_most else 'at least'} {self.value:g}"


TARGETS: dict[str, Target] = {
    "lifecycle_cpu_ratio": Target(1.5),
    "events_per_command": Target(13),
    "claim_p99_ms_at_10_per_s": Target(100),
    "opened_ratio": Target(0.7, is_most=False),
    "accepted_per_second": Target(1000, is_most=False),
    "queue_p99_ms_1m": Target(20),
    "storm_matter_events": Target(500),
    "queue_page_p95_ms": Target(60),
    "escalation_page_p95_ms": Target(60),
}

MEANINGS: dict[str, str] = {
    "lifecycle_cpu_ratio": "processor time of worker and Temporal, ours to bare",
    "events_per_command": "history events a human command adds",
    "events_per_lifecycle": "history events of a case and its post",
    "bytes_per_lifecycle": "bytes of those histories",
    "claim_p99_ms_at_10_per_s": "a claim over HTTP, ten a second arriving",
    "claim_closed_loop_ratio": "claims a second of ten clients, ours to bare",
    "opened_per_second": "openings recorded",
    "bare_opened_per_second": "bare starts with one activity",
    "opened_ratio": "of these two",
    "accepted_per_second": "comments into the inbox, lists of 1,000",
    "queue_p99_ms_1m": "a page of the queue at a million",
    "queue_ratio_1m_1k": "that to a page at a thousand",
    "queue_page_p95_ms": "first byte of the queue, 20 pages a second, 100,000 cases",
    "escalation_page_p95_ms": "the same of an escalation",
    "storm_seconds": "from the release to the last of 10,000 answers on the channel",
    "storm_answers_per_second": "of these",
    "storm_matter_events": "history events of the matter that decides them",
    "storm_escalation_events": "history events of one of its members",
    "search_p99_ms_1m": "a text search at a million",
}


def show(results: Results) -> None:
    """Print the table: a line a figure, a column a database."""
    console = Console()
    machine = results["machine"]
    console.print(
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']} GB, "
        f"Python {machine['python']}, {machine['date']}"
    )
    databases = results["databases"]
    table = Table()
    table.add_column("figure", no_wrap=True)
    for kind in databases:
        table.add_column(kind, justify="right", no_wrap=True)
    table.add_column("to reach", no_wrap=True)
    table.add_column("what it is")
    for name, meaning in MEANINGS.items():
        found = [databases[kind].get(name) for kind in databases]
        if any(value is not None for value in found):
            target = TARGETS.get(name)
            cells = [_cell(value, target) for value in found]
            table.add_row(name, *cells, str(target or ""), meaning)
    console.print(table)
    _show_costs(console, databases)
    _show_others(console, databases)


def _cell(value: float | None, target: Target | None) -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    if target is None:
        return text
    return f"[green]{text}[/green]" if target.is_met(value) else f"[red]{text} ✗[/red]"


def _show_costs(console: Console, databases: dict[str, Any]) -> None:
    """Who used the processor for one case."""
    table = Table(title="Processor time of one case, in milliseconds")
    for heading in ("database", "whose", "temporal", "worker", "api", "database server"):
        table.add_column(heading, justify="left" if heading in ("database", "whose") else "right")
    for kind, found in databases.items():
        costs = found.get("details", {}).get("lifecycle", {}).get("cpu_ms_per_case", {})
        for whose, cost in costs.items():
            worker = cost["worker" if whose == "ours" else "bare_worker"]
            parts = (cost["temporal"], worker, cost["api"], cost.get("database", 0.0))
            table.add_row(kind, whose, *(f"{part:.0f}" for part in parts))
    if table.row_count:
        console.print(table)


def _show_others(console: Console, databases: dict[str, Any]) -> None:
    """Warn where the machine was not ours alone."""
    busy = [
        f"{kind} {group} {share:.0%}"
        for kind, found in databases.items()
        for group, share in found.get("others_share", {}).items()
        if share > OTHERS
    ]
    if busy:
        console.print(
            "[yellow]Other programs had much of the processor; latencies and rates of these say "
            f"little: {', '.join(busy)}.[/yellow]"
        )


def write(results: Results, path: Path) -> None:
    """The file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(_rounded(results), indent=2) + "\n")
    fresh.replace(path)


def _rounded(value: Any) -> Any:
    """Four figures are more than any of these is good for."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
