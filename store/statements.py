"""Statements for the paths that every comment and command takes, built once.

SQLAlchemy takes longer to build a statement, or to update its objects, than SQLite to answer one:
measured, recording a fact took twice the processor time without this, and a page nearly so.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Insert, Result, Select, Table, Update, bindparam, insert, update
from sqlalchemy.sql.selectable import CompoundSelect
from sqlmodel import Session, SQLModel

THIS = "this"
"""The parameter of ``update_of`` that names the row."""


def plain(table: type[SQLModel]) -> Table:
    """The table behind a model: statements on it know nothing of objects in a session."""
    found = table.__table__  # type: ignore[attr-defined]
    assert isinstance(found, Table)
    return found


def dialect_of(session: Session) -> str:
    """Which database is behind a session: ``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def ask(
    session: Session, statement: Select[Any] | CompoundSelect[Any], **values: Any
) -> Result[Any]:
    """The rows of a statement on plain tables. What the session has yet to write is written first,
    as it is before every statement about objects."""
    session.flush()
    return session.execute(statement, values)


@cache
def insert_into(table: type[SQLModel]) -> Insert:
    """Inserts the rows that it is executed with."""
    return insert(plain(table))


@cache
def update_of(table: type[SQLModel]) -> Update:
    """Sets what it is executed with, on the row whose key is ``this``."""
    target = plain(table)
    (key,) = target.primary_key.columns
    return update(target).where(key == bindparam(THIS))
