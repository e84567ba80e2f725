"""`answerable restore`: a backup in its place, and everything open going on from the database."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.backup import check_sound, plain_url
from answerable.surroundings import (
    Data,
    Trouble,
    connect_temporal,
    open_database,
    read_settings,
    settings_for,
)

if TYPE_CHECKING:
    from config.settings import Settings
    from intake.restore import Counts
    from store.database import Database

WORKS = timedelta(seconds=30)
"""A worker that left a sign of life so lately is most likely still there."""


def restore(
    file: Annotated[
        Path | None, typer.Argument(help="A backup to put in the place of the database first.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put the database that is there aside, if it holds cases."),
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only what has no running workflow.")
    ] = False,
    data: Data = None,
) -> None:
    """Start everything open from the database, after putting a backup in its place.

    For a Temporal server that is new, was reset or has another past: every open case, post and
    promise goes on from where the database has it. Safe to repeat; a workflow that runs is
    replaced, unless only missing ones are asked for.
    """
    if file is not None:
        settings = read_settings(data)
        _put_in_place(settings, file, is_replacing=replace)
        typer.echo(f"{file} is now the database.")
    settings = settings_for(data)
    with open_database(settings) as database:
        try:
            counts = asyncio.run(_start_all(database, is_only_missing=missing))
        except Trouble as trouble:
            if file is None:
                raise
            _say_later(database, trouble)
            return
    typer.echo(
        f"{counts.started} started, {counts.running} running already, {counts.skipped} closed."
    )


async def _start_all(database: Database, *, is_only_missing: bool) -> Counts:
    from answerable.progress import bar
    from intake.restore import count_unfinished, restore_all

    client = await connect_temporal()
    with bar("Started", count_unfinished(database)) as move:
        return await restore_all(
            client,
            database,
            lambda counts: move(counts.seen),
            only_missing=is_only_missing,
        )


def _say_later(database: Database, trouble: Trouble) -> None:
    from intake.restore import count_unfinished

    typer.echo(
        f"{count_unfinished(database)} open cases, posts and promises go on with the next "
        f"`answerable up` on this folder, or with `answerable restore`. ({trouble})"
    )


# A backup in its place. ----------------------------------------------------------------------


def _put_in_place(settings: Settings, file: Path, *, is_replacing: bool) -> None:
    """Make a backup the database of the data folder, with today's schema. What was there before
    is kept under another name, the embedded Temporal's file with it: it belongs to that past."""
    from answerable.embedded import TEMPORAL_FILE, AlreadyRunning, DataLock

    target = _target(settings, file)
    _check_backup(file)
    try:
        with DataLock(settings.data):
            _check_unused(settings, target, is_replacing=is_replacing)
            fresh = target.with_name(f"{target.name}.new")
            shutil.copyfile(file, fresh)
            _migrate(fresh)
            for old in (target, settings.data / TEMPORAL_FILE):
                _put_aside(old)
            fresh.replace(target)
    except AlreadyRunning as running:
        raise Trouble(
            f"`answerable up` runs on {settings.data} (process {running.pid}). Stop it first, "
            "or restore into another folder with --data DIR."
        ) from None


def _target(settings: Settings, file: Path) -> Path:
    from sqlalchemy import make_url

    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "")
    raise Trouble(
        "The data is in PostgreSQL, which brings a backup back with its own tool. Run: "
        f"pg_restore --clean --if-exists --no-owner --dbname={plain_url(url)} {file} "
        "— and then `answerable restore` without a file."
    )


def _check_backup(file: Path) -> None:
    if not file.is_file():
        raise Trouble(f"There is no file {file}. Name one that `answerable backup` wrote.")
    try:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT count(*) FROM ledger").fetchone()
            check_sound(connection, file)
    except sqlite3.Error as error:
        raise Trouble(
            f"{file} is not a backup of ours ({error}). Name one that `answerable backup` wrote."
        ) from None


def _check_unused(settings: Settings, target: Path, *, is_replacing: bool) -> None:
    """Refuse to pull the database away from under somebody, or to replace one by mistake."""
    if not target.is_file():
        return
    with contextlib.closing(sqlite3.connect(target)) as connection:
        try:
            (cases,) = connection.execute("SELECT count(*) FROM comment").fetchone()
            (beat,) = connection.execute(
                "SELECT max(at) FROM heartbeat WHERE name = 'worker'"
            ).fetchone()
        except sqlite3.Error:
            return  # Nothing of ours is in it.
    if beat and datetime.now(UTC) - datetime.fromisoformat(beat).replace(tzinfo=UTC) < WORKS:
        raise Trouble(
            f"A worker uses {target} right now or did so within {WORKS.seconds} s. "
            "Stop every worker and api on it and wait that long."
        )
    if cases and not is_replacing:
        raise Trouble(
            f"{target} holds {cases} comments. Name another folder with --data DIR, or add "
            "--replace: what is there is then kept under another name."
        )


def _migrate(path: Path) -> None:
    from store.database import Database
    from store.migrate import upgrade

    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()


def _put_aside(path: Path) -> None:
    """Rename a database with the files that belong to it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(path.with_name(f"{path.stem}.before-{stamp}{path.suffix}{ending}"))
            if not ending:
                typer.echo(f"{path.name} is kept as {path.stem}.before-{stamp}{path.suffix}")
