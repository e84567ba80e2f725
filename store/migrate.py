"""Bringing a database up to today's schema: numbered migrations, forward only.

Old code runs on a newer schema; a backup taken before is the way back.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData
from sqlmodel import SQLModel

from store import answer_tables, hook_tables, tables, told
from store.database import Database

METADATA: MetaData = SQLModel.metadata
assert tables  # importing it fills the metadata
assert answer_tables
assert hook_tables
assert told

BY_HAND = ("words_search", "author_search")
"""Names that start like this are made by migrations alone: text search differs by database."""


def is_compared(_item: Any, name: str | None, _type: str, _reflected: bool, _other: Any) -> bool:
    """Whether Alembic compares this with the models."""
    return not (name or "").startswith((*BY_HAND, "sqlite_"))


def config(connection: Any = None) -> Config:
    with as_file(files("store") / "migrations") as folder:
        # A percent sign in a folder's name would be read as an interpolation.
        location = str(folder).replace("%", "%%")
    settings = Config()
    settings.set_main_option("script_location", location)
    settings.attributes["connection"] = connection
    return settings


def upgrade(database: Database, revision: str = "head") -> None:
    """Run every migration that is missing, each process waiting for the other. Safe to repeat."""
    with database.engine.execution_options(immediate=True).connect() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_lock(1634628471)")
        try:
            command.upgrade(config(connection), revision)
            connection.commit()
        finally:
            if not database.is_sqlite:
                connection.rollback()
                connection.exec_driver_sql("SELECT pg_advisory_unlock(1634628471)")


def newest() -> str:
    """The revision that this code expects."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def present(database: Database) -> str | None:
    """The revision that the database is at; None where nothing was ever migrated."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Whether this code has that migration; one it does not know is newer, and old code runs on
    a newer schema."""
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return revision in {script.revision for script in scripts}
