"""Where a command works: its data folder, the database in it, and the stack that may run on it.

Every command finds these here, so that ``--data``, ``ANSWERABLE_DATA`` and a running
``answerable up`` mean the same to all of them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import AnswerableError

if TYPE_CHECKING:
    # The libraries behind these take half a second to load; `--help` needs none of them.
    from temporalio.client import Client

    from config.settings import Settings
    from store.database import Database

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The data folder. (default: ANSWERABLE_DATA, or data)",
        show_default=False,
    ),
]

UP_FILE = "up.json"


class Trouble(AnswerableError):
    """What keeps a command from its work, as a sentence for people that ends with the way out."""


# The stack that runs on a data folder. -------------------------------------------------------


@dataclass(frozen=True)
class Running:
    """What a running `answerable up` tells about itself."""

    pid: int
    url: str
    temporal: str
    """Host and port of its Temporal server."""
    ui: str

    def write(self, data: Path) -> None:
        """Let other commands find this stack. Whole or not at all: they may read right now."""
        fresh = data / f"{UP_FILE}.new"
        fresh.write_text(json.dumps(asdict(self), indent=2) + "\n")
        fresh.replace(data / UP_FILE)


def last_run(data: Path) -> Running | None:
    """What the latest `answerable up` on this folder told, whether it still runs or not."""
    try:
        return Running(**json.loads((data / UP_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running_on(data: Path) -> Running | None:
    """The stack that runs on this folder; None where none does."""
    found = last_run(data)
    return found if found and _is_alive(found.pid) and _is_locked(data) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_locked(data: Path) -> bool:
    """Whether somebody holds the folder. After a restart of the machine an old process id may
    belong to anybody, but only a running stack holds its lock."""
    from answerable.embedded import LOCK_FILE

    try:
        with (data / LOCK_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


# Settings. -----------------------------------------------------------------------------------


def settings_for(data: Path | None = None) -> Settings:
    """The settings in force, with Temporal's address taken from a stack that runs on the folder
    unless the environment names another. Raises Trouble, naming the variable that is wrong."""
    settings = read_settings(data)
    found = None if "TEMPORAL_ADDRESS" in os.environ else running_on(settings.data)
    if found:
        use_embedded(os.environ, found.temporal)
    return settings


def read_settings(data: Path | None = None) -> Settings:
    """The settings in force, wherever Temporal is. ``data`` goes before ANSWERABLE_DATA."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from config.settings import Settings

    if data is not None:
        os.environ["ANSWERABLE_DATA"] = str(data.expanduser().absolute())
    try:
        return Settings()
    except ValidationError as error:
        raise Trouble(
            " ".join(_wrong_setting(e["loc"], e["msg"]) for e in error.errors())
        ) from None
    except SettingsError as error:
        raise Trouble(f"A setting cannot be read: {error}. Correct or unset it.") from None


def refuse_open_demo(settings: Settings) -> None:
    """Raise Trouble for a demonstration that others than this machine could reach."""
    from config.settings import check_demo

    try:
        check_demo(settings)
    except ValueError as error:
        raise Trouble(f"{error}.") from None


def _wrong_setting(path: tuple[int | str, ...], problem: str) -> str:
    problem = problem.removeprefix("Value error, ")
    if not path:
        return f"{problem}. Correct or unset it."
    name = f"ANSWERABLE_{'.'.join(map(str, path))}".upper()
    given = os.environ.get(name)
    value = f" is '{given}'" if given is not None and "SECRET" not in name else ""
    return f"{name}{value}: {problem}. Correct or unset it."


def use_embedded(environment: dict[str, str] | os._Environ[str], address: str) -> None:
    """Point Temporal's own variables at an embedded server, whatever other cluster they named:
    a key or certificate for that one would make the client speak TLS."""
    for name in [n for n in environment if n.startswith("TEMPORAL_")]:
        del environment[name]
    environment["TEMPORAL_ADDRESS"] = address
    environment["TEMPORAL_NAMESPACE"] = "default"
    environment["TEMPORAL_CONFIG_FILE"] = os.devnull


# The database. -------------------------------------------------------------------------------


def database_at(settings: Settings) -> Database:
    """The database with today's schema. Raises Trouble where it is missing, away or behind."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    from store.database import Database

    try:
        _check_there(settings.url)
        database = Database(settings.url)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise Trouble(
            f"ANSWERABLE_DATABASE_URL is not a database address: {error}. "
            "It looks like postgresql://user@host/answerable."
        ) from None
    try:
        _check_schema(database)
    except SQLAlchemyError as error:
        raise Trouble(database_trouble(error)) from error
    return database


def _check_there(address: str) -> None:
    """SQLite would make a missing file, and with it a folder that was only misspelt."""
    from sqlalchemy import make_url

    url = make_url(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise Trouble(
            f"There is no database in {Path(url.database or '').parent}. Start with "
            "`answerable up`, make one with `answerable migrate`, or name another folder with "
            "--data DIR."
        )


def _check_schema(database: Database) -> None:
    from store.migrate import is_known, newest, present

    at = present(database)
    if at is None:
        raise Trouble("The database is empty. Run `answerable migrate` first.")
    if at != newest() and is_known(at):
        raise Trouble(
            f"The database is at revision {at}; this version needs {newest()}. "
            "Run `answerable migrate` first."
        )


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The same, closed at the end of the block."""
    database = database_at(settings)
    try:
        yield database
    finally:
        database.dispose()


def database_trouble(error: Exception) -> str:
    """What a database's complaint means to whoever runs the command."""
    said = str(getattr(error, "orig", error)).strip().splitlines()
    first = said[0] if said else type(error).__name__
    if "full" in first:
        return f"The database could not write: {first}. Free some space on its disk and try again."
    if "locked" in first:
        return f"The database is busy: {first}. Try again in a moment."
    if "readonly" in first:
        return f"The database cannot be written: {first}. Check who owns the data folder."
    return (
        f"The database cannot be used: {first}. Check ANSWERABLE_DATABASE_URL and the data folder."
    )


# Temporal. -----------------------------------------------------------------------------------


async def connect_temporal(seconds: float = 5) -> Client:
    """A client of a Temporal that answers now. Raises Trouble where it does not.

    Only where one is configured or runs on the data folder: the usual port of this machine may
    belong to the stack of another folder, and its workflows are not ours to replace.
    """
    import asyncio

    from temporalio.envconfig import ClientConfig
    from temporalio.service import RPCError

    from config.temporal import connect

    address = ClientConfig.load_client_connect_config().get("target_host")
    if address is None:
        raise Trouble(
            "No Temporal server is known: `answerable up` does not run on this data folder, and "
            "TEMPORAL_ADDRESS is not set."
        )
    try:
        async with asyncio.timeout(seconds):
            client = await connect()
            await client.count_workflows()
    except (RuntimeError, RPCError, TimeoutError) as error:
        raise Trouble(
            f"Temporal cannot be reached at {address}: {why_unreachable(error)}. "
            "Start it, or correct TEMPORAL_ADDRESS."
        ) from error
    return client


def why_unreachable(error: Exception) -> str:
    """What the client means, without the names of the parts it is made of."""
    said = str(error)
    if "tcp connect error" in said:
        return "nobody listens there"
    if "dns error" in said:
        return "that name is not known"
    return said.split("\n", 1)[0][:200] or "no answer in time"
