"""`answerable story`: one comment's way through the running service, played over HTTP."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.surroundings import (
    Data,
    Trouble,
    database_at,
    read_settings,
    running_on,
    settings_for,
)

if TYPE_CHECKING:
    from config.settings import Settings
    from store.database import Database

CAST = ("ada", "ben", "cora", "dev")

MACHINE = "story"
"""The machine's account that brings the comments; it leaves when the story is over."""

LIFETIME = timedelta(hours=1)
"""The tokens are revoked at the end; this is for a story that was cut short."""

KEPT = ("ANSWERABLE_LOG_LEVEL", "ANSWERABLE_TEMPORAL_BINARY")
"""What a throw-away stack takes over from the settings: nothing that leads to real data."""


def story(
    throwaway: Annotated[
        bool, typer.Option("--throwaway", help="On a stack of its own, which is removed after.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Where the service is. (default: the one that is up)")
    ] = None,
    data: Data = None,
) -> None:
    """Play one comment through the service, as everybody who has a part in it.

    Prints each step with what was recorded. Exits with 1 if anything differs from what it should
    be. What is played stays in the data folder, unless the stack is a throw-away one.
    """
    began = time.monotonic()
    if throwaway:
        if url is not None or data is not None:
            raise typer.BadParameter("--throwaway brings its own stack: no --url, no --data")
        asyncio.run(_on_a_stack_of_its_own())
    else:
        settings = settings_for(data)
        found = running_on(settings.data)
        _play(settings, url or (found.url if found else settings.links))
    typer.echo(f"\nThe story went as it should, in {time.monotonic() - began:.0f} s.")


async def _on_a_stack_of_its_own() -> None:
    from answerable.stack import Stack

    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    folder = Path(tempfile.mkdtemp(prefix="answerable-story-"))
    for name in [n for n in os.environ if n.startswith("ANSWERABLE_") and n not in KEPT]:
        del os.environ[name]
    settings = read_settings(folder)
    stack = Stack(settings, port=0, is_empty=True)
    try:
        await stack.start()
        await asyncio.to_thread(_play, settings, stack.url)
    finally:
        await stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _play(settings: Settings, url: str) -> None:
    import httpx

    from answerable.scenes import Stage, play

    database = database_at(settings)
    try:
        with _tokens(database) as tokens:
            play(Stage(url, tokens, settings.data, typer.echo))
    except httpx.TransportError as error:
        raise Trouble(
            f"The service at {url} cannot be reached ({error}). Start it with `answerable up`, "
            "or name it with --url."
        ) from error
    finally:
        database.dispose()


@contextmanager
def _tokens(database: Database) -> Iterator[dict[str, str]]:
    """A token for everybody who has a part, for as long as the story takes."""
    from domain.errors import Unknown
    from domain.house import ROOT
    from domain.people import Role
    from store import people

    at = datetime.now(UTC)
    with database.writing() as session:
        try:
            people.put_person(session, MACHINE, "The story", (Role.SERVICE,), {}, at, by=ROOT)
            session.flush()
            tokens = {
                person: people.create_token(session, person, at, lifetime=LIFETIME, by=ROOT)
                for person in (*CAST, MACHINE)
            }
        except Unknown as unknown:
            raise Trouble(
                f"The story needs the cast of the samples, and {unknown.message}. "
                "Play it with --throwaway."
            ) from None
    try:
        yield tokens
    finally:
        with database.writing() as session:
            for secret in tokens.values():
                people.revoke(session, datetime.now(UTC), secret=secret, by=ROOT)
            people.remove_person(session, MACHINE, datetime.now(UTC), by=ROOT)
