"""The one way to the database: a reading and a writing transaction, both synchronous.

Threads carry it off the event loop (see docs/decisions). In SQLite a writing transaction takes
its lock at the start (BEGIN IMMEDIATE): one that reads first and writes later would fail at once,
whatever the busy timeout, when somebody else wrote in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # FULL: what was answered with success survives a power cut, not only a crash.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=15000",
    "PRAGMA cache_size=-65536",
)

ATTEMPTS = 5
"""Times a transaction is run again after a collision that a second run resolves by itself."""


class Database:
    """An engine with its two kinds of transaction. One per process; safe between threads."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        address = make_url(url)
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        self.url = address
        self.is_sqlite = address.get_backend_name() == "sqlite"
        if self.is_sqlite and address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        # SQLite has one writer. Threads of one process queue for it here: its own way of waiting
        # sleeps ever longer, and left one in a hundred waiting three to six times as long.
        self._turn = threading.RLock() if self.is_sqlite else nullcontext()
        self.engine = self._engine(pool_size)
        self._writing = self.engine.execution_options(immediate=True)

    def _engine(self, pool_size: int) -> Engine:
        if not self.is_sqlite:
            return create_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 5, "options": "-c statement_timeout=30000"},
            )
        engine = create_engine(
            self.url, pool_size=pool_size, max_overflow=pool_size, connect_args={"timeout": 15}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for looking only; whatever it changes is thrown away."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose work is committed once, at the end, or not at all."""
        with self._turn, Session(self._writing) as session, session.begin():
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a writing transaction, again if another one collided with it.

        ``work`` must be safe to repeat: it starts from the beginning in a new transaction.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.writing() as session:
                    return work(session)
            except DBAPIError as error:
                if attempt == ATTEMPTS or not _is_collision(error):
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def dispose(self) -> None:
        self.engine.dispose()


def _is_collision(error: DBAPIError) -> bool:
    if isinstance(error, IntegrityError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    is_deadlock = state in ("40P01", "40001")
    return is_deadlock or (isinstance(error, OperationalError) and "locked" in str(error.orig))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
