"""Empty, migrated databases of both kinds, in a folder that goes with the run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from sqlalchemy import create_engine, text

from answerable.guard import Child
from bench import children
from store.database import Database
from store.migrate import upgrade

SQLITE, POSTGRESQL = "sqlite", "postgresql"


class Databases:
    """Makes databases. The PostgreSQL server starts when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: Child | None = None
        self._url = ""
        self.postgres_pid: int | None = None

    async def fresh(self, kind: str, name: str) -> str:
        """The URL of a new, migrated database."""
        if kind == SQLITE:
            url = f"sqlite:///{self._folder / name}.db"
        else:
            await self._serve_postgres()
            url = self._url.replace("/postgres?", f"/{name}?")
            await asyncio.to_thread(self._run, f'CREATE DATABASE "{name}"')
        await asyncio.to_thread(_migrate, url)
        return url

    async def drop(self, kind: str, name: str) -> None:
        """Give the disk back."""
        if kind == POSTGRESQL:
            await asyncio.to_thread(self._run, f'DROP DATABASE "{name}" WITH (FORCE)')
            return
        for path in self._folder.glob(f"{name}.db*"):
            path.unlink()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()

    async def _serve_postgres(self) -> None:
        if self._child is not None:
            return
        ready = self._folder / "postgresql.json"

        async def is_ready() -> bool:
            return ready.exists()

        self._child = await children.start(
            "postgresql",
            "bench.postgres",
            *(str(self._folder / "pgdata"), str(ready)),
            env={},
            folder=self._folder,
        )
        await children.until(is_ready, self._child)
        told = json.loads(ready.read_text())
        self._url, self.postgres_pid = told["url"], told["pid"]

    def _run(self, statement: str) -> None:
        engine = create_engine(Database(self._url).url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        upgrade(database)
    finally:
        database.dispose()
