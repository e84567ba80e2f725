"""Statements for the paths that every comment and command takes, built once.

SQLAlchemy takes longer to build a statement, or to update its objects, than SQLite to answer one:
measured, recording a fact took twice the processor time without this.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Insert, Table, Update, bindparam, insert, update
from sqlmodel import SQLModel

THIS = "this"
"""The parameter of ``update_of`` that names the row."""


def plain(table: type[SQLModel]) -> Table:
    """The table behind a model: statements on it know nothing of objects in a session."""
    found = table.__table__  # type: ignore[attr-defined]
    assert isinstance(found, Table)
    return found


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
