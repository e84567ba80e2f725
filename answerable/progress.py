"""A bar on standard error, and only for somebody who can see it move."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(label: str, total: float | None) -> Iterator[Callable[..., None]]:
    """Show how far something has come; the given function takes ``done`` and a new ``total``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as progress:
        task = progress.add_task(label, total=total)

        def move(done: float, total: float | None = None) -> None:
            progress.update(task, completed=done, total=total)

        yield move
