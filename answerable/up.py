"""`answerable up`: the whole service on this machine with one command."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.surroundings import Data, read_settings, refuse_open_demo

if TYPE_CHECKING:
    from answerable.stack import Stack


def up(
    data: Data = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the pages. (default: 8700, or a free one)"),
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="No sample comments; the cast is there all the same.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; the one-click sign-in is for loopback only."),
    ] = None,
) -> None:
    """Serve everything from one data folder: Temporal, worker, api. Ctrl-C stops it all."""
    from answerable.stack import Stack

    settings = read_settings(data)
    if host:
        settings = settings.model_copy(update={"host": host})
    refuse_open_demo(settings)
    if "TEMPORAL_ADDRESS" in os.environ:
        typer.echo("TEMPORAL_ADDRESS is set; `up` starts and uses a server of its own.", err=True)
    stack = Stack(
        settings,
        host=settings.host,
        port=port,
        is_empty=empty,
        report=lambda line: typer.echo(line, err=True),
    )
    asyncio.run(run(stack))


async def run(stack: Stack) -> None:
    """Start the stack and keep it going until somebody asks it to stop."""
    stop = asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            stack.hurry()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    try:
        if await _unless(stop, stack.start()):
            typer.echo(_where_to_go(stack))
            await _unless(stop, stack.watch())
        if stop.is_set():
            typer.echo("Stopping …")
    finally:
        await stack.stop()
    typer.echo(f"Stopped. Everything is kept in {stack.data}")


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do the work until it is done or somebody asks to stop; whether it was done."""
    asked = asyncio.ensure_future(stop.wait())
    task = asyncio.ensure_future(work)
    await asyncio.wait((asked, task), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
        return False
    task.result()
    return True


def _own_command(*arguments: str, data: Path) -> str:
    """A command as it can be typed right here: on this folder, wherever we are installed."""
    beside = Path(sys.executable).with_name("answerable")
    if shutil.which("answerable"):
        program = "answerable"
    else:
        program = str(beside).removeprefix(f"{Path.cwd()}/")
    where = [] if data == Path("data").absolute() else ["--data", str(data)]
    return shlex.join([program, *arguments, *where])


def _where_to_go(stack: Stack) -> str:
    from config.settings import is_loopback

    rows = {"Pages": stack.url, "Temporal": stack.ui, "Data": str(stack.data)}
    if is_loopback(stack.host):
        rows["Sign in"] = "as ada, ben, cora, dev, eve or root, with one click"
    rows |= {"Token": _own_command("token", "create", "ada", data=stack.data), "Stop": "Ctrl-C"}
    lines = "\n".join(f"{name:<10}{value}" for name, value in rows.items())
    if not sys.stdout.isatty():
        return f"Answerable is up\n{lines}"  # In a log a frame would only break the lines.
    from rich.console import Console
    from rich.panel import Panel

    console = Console(highlight=False, markup=False)
    with console.capture() as captured:
        console.print(Panel.fit(lines, title="Answerable is up", padding=(1, 2)))
    return captured.get().rstrip()
