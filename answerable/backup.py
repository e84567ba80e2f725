"""`answerable backup`: a consistent copy of the database, taken while it is in use.

It is all there is to keep: `answerable restore` starts everything open from it, on any Temporal.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from answerable.surroundings import Data, Trouble, open_database, read_settings

if TYPE_CHECKING:
    from sqlalchemy import URL


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; it must not be there yet.")],
    data: Data = None,
) -> None:
    """Copy the whole database into one file, while everything goes on.

    It holds what people wrote and who they are: keep it as safe as the original.
    """
    settings = read_settings(data)
    if file.exists():
        raise Trouble(f"{file} is there already. Name a new file.")
    if not file.absolute().parent.is_dir():
        raise Trouble(f"There is no folder {file.absolute().parent}. Make it, or name another.")
    with open_database(settings) as database:
        if database.is_sqlite:
            copy_sqlite(Path(database.url.database or ""), file)
        else:
            _dump_postgres(database.url, file)
    typer.echo(f"{file} holds everything ({file.stat().st_size / 1e6:.1f} MB).")


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy one moment of a database that others write to. Whole or not at all: the file gets its
    name when it is complete and sound."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _make_private(fresh)
        with (
            contextlib.closing(_open(source, "ro")) as there,
            contextlib.closing(_open(fresh, "rw")) as here,
        ):
            there.backup(here)
            # One file, without the log and index files of the original's mode.
            here.execute("PRAGMA journal_mode=DELETE")
            check_sound(here, target)
        fresh.replace(target)
    except sqlite3.Error as error:
        raise Trouble(f"The copy failed: {error}. Check the free space and try again.") from error
    finally:
        fresh.unlink(missing_ok=True)


def _make_private(file: Path) -> None:
    """Readable by its owner alone, from the first byte on."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=30)


def check_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Raise Trouble where SQLite finds a page of the database damaged."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise Trouble(f"{path} is damaged: {found[0]}. Use another copy.")


def _dump_postgres(url: URL, file: Path) -> None:
    """PostgreSQL has a tool of its own for this, which knows more than we could."""
    command = ["pg_dump", "--format=custom", f"--file={file}", f"--dbname={plain_url(url)}"]
    if shutil.which("pg_dump") is None:
        raise Trouble(
            "The data is in PostgreSQL, and pg_dump is not on the PATH. Install PostgreSQL's "
            f"client programs, or run this where they are: {' '.join(command)}"
        )
    _make_private(file)
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        file.unlink(missing_ok=True)
        raise Trouble(f"pg_dump failed: {done.stderr.strip()}. Correct that and try again.")


def plain_url(url: URL) -> str:
    """The address as PostgreSQL's own programs take it, without the password: arguments are seen
    by everybody on the machine."""
    return url.set(drivername="postgresql", password=None).render_as_string()
