"""Processes that are measured: how they are started, and what they have cost so far."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import psutil

from answerable import guard
from answerable.guard import Child

ROOT = Path(__file__).parents[1]

Spent = dict[str, float]
"""Seconds of processor time, user and system, by name of a part."""


def own_python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours; -P: whatever lies in the current folder."""
    return [sys.executable, "-P", "-m", module, *arguments]


async def start(
    name: str, module: str, *arguments: str, env: Mapping[str, str], folder: Path
) -> Child:
    """Start a module of ours as a child that ends no later than this process."""
    return await guard.start(
        name,
        own_python(module, *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        log_path=folder / "logs" / f"{name}.log",
        cwd=folder,
        grace=5,
    )


class Meter:
    """Reads the processor time of running processes, each with everything it has started."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._roots = {name: psutil.Process(pid) for name, pid in pids.items()}

    def read(self) -> Spent:
        return {name: _spent_by(root) for name, root in self._roots.items()}


def _spent_by(root: psutil.Process) -> float:
    """Its own time, that of children which have ended, and that of those which still run."""
    times = root.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    for child in root.children(recursive=True):
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent += own.user + own.system
    return float(spent)


def since(meter: Meter, before: Spent) -> Spent:
    """What was spent after ``before`` was read."""
    return {name: now - before[name] for name, now in meter.read().items()}


async def until(is_ready: Callable[[], Awaitable[bool]], child: Child, seconds: float = 60) -> None:
    """Return once it is ready. Raises if the child has ended, or after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not await is_ready():
            if child.returncode is not None:
                log = child.log_path.read_text()[-2000:] if child.log_path else ""
                raise RuntimeError(f"{child.name} ended with status {child.returncode}:\n{log}")
            await asyncio.sleep(0.05)
