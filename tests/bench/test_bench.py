"""The bench runs, and its yardstick still takes the steps that a case takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.crowd import Crowd
from bench.figures import medians, percentile
from bench.queue import VIEWS
from bench.report import MEANINGS, TARGETS
from store import queries
from store.database import Database
from tests import builders

ROOT = Path(__file__).parents[2]


def test_a_small_bench_measures_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Among it: the bare case is compared with ours, and the run fails where they differ."""
    output = tmp_path / "figures.json"
    command = [sys.executable, "-m", "bench", "--quick", "--database", "sqlite"]
    chosen = ["--only", "lifecycle", "--only", "queue", "--output", str(output)]
    done = subprocess.run(
        [*command, *chosen],
        check=False,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lifecycle_cpu_ratio" in done.stdout
    results = json.loads(output.read_text())
    assert results["machine"]["cores"]
    found = results["databases"]["sqlite"]
    assert 0.5 < found["lifecycle_cpu_ratio"] < 5
    assert found["events_per_lifecycle"] > found["details"]["lifecycle"]["steps"]["activities"]
    assert found["queue_p99_ms_1m"] > 0
    assert list(tmp_path.iterdir()) == [output]
    assert not [process for process in psutil.process_iter() if _works_in(process, tmp_path)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


def test_a_crowd_fills_every_view_of_the_queue(house: Database) -> None:
    at = datetime.now(UTC)
    Crowd(total=900, open=600, at=at).make(house)
    for filters in VIEWS.values():
        with house.reading() as session:
            page = queries.escalations(session, builders.ADA.actor, at, limit=50, **filters)
        assert len(page.items) == 50
        assert all(item.author and item.excerpt and item.comments == 1 for item in page.items)
    with house.reading() as session:
        found = queries.escalations(session, builders.ADA.actor, at, q="o777", limit=50)
    assert [item.excerpt[-5:] for item in found.items] == ["o777."]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert percentile([7.0], 0.99) == 7.0
    assert medians([{"a": 1.0}, {"a": 9.0}, {"a": 2.0}]) == {"a": 2.0}


def test_every_target_is_of_a_figure_that_the_table_shows() -> None:
    assert TARGETS.keys() <= MEANINGS.keys()
    assert TARGETS["opened_ratio"].is_met(0.7)
    assert not TARGETS["lifecycle_cpu_ratio"].is_met(1.51)
