"""The tables of webhooks: who is told, what they were sent, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Text, text
from sqlmodel import Field, SQLModel

from store.tables import UtcDateTime


def _moment(*, nullable: bool = False) -> Column[Any]:
    return Column(UtcDateTime(), nullable=nullable)


UNDELIVERED = "state <> 'delivered'"
"""An index is used only where a statement says the same in the same words."""


class Hook(SQLModel, table=True):
    """Another system that is told by webhook. ``secret`` and ``former_secret`` sign its messages
    and stand nowhere but here; ``position`` is the last fact of the ledger it has a message of."""

    __tablename__ = "hook"
    id: str = Field(primary_key=True)
    name: str
    url: str = Field(sa_column=Column(Text(), nullable=False))
    kinds: list[str] = Field(sa_column=Column(JSON(), nullable=False))
    state: str
    secret: str = Field(sa_column=Column(Text(), nullable=False))
    former_secret: str | None = Field(default=None, sa_column=Column(Text(), nullable=True))
    former_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    made_by: str
    made_at: datetime = Field(sa_column=_moment())
    changed_at: datetime = Field(sa_column=_moment())
    position: int = Field(sa_column=Column(BigInteger(), nullable=False))
    is_asleep: bool
    """There was nothing to tell it: whoever writes such a fact has to wake its workflow."""
    failing_since: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    warned_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    taken_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When it last took a message."""
    next_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When it is tried again after a failure; None where it is not, or older code noted it."""


class HookDelivery(SQLModel, table=True):
    """One message to one hook, in the words in which it is sent however often."""

    __tablename__ = "hook_delivery"
    __table_args__ = (
        # What is sent next, and how much waits or was set aside: of all messages, few.
        Index(
            "hook_delivery_open",
            "hook_id",
            "state",
            "position",
            "id",
            sqlite_where=text(UNDELIVERED),
            postgresql_where=text(UNDELIVERED),
        ),
        # The log of one hook, the newest first.
        Index("hook_delivery_log", "hook_id", "id"),
        # What was logged too long ago.
        Index("hook_delivery_made", "made_at"),
    )
    id: str = Field(primary_key=True)
    hook_id: str = Field(foreign_key="hook.id")
    kind: str
    stream: str | None = None
    position: int = Field(sa_column=Column(BigInteger(), nullable=False))
    body: str = Field(sa_column=Column(Text(), nullable=False))
    state: str
    made_at: datetime = Field(sa_column=_moment())
    attempts: int = 0
    tries: int = 0
    """Attempts since it last began to wait."""
    last_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    last_status: int | None = None
    last_error: str | None = None


class HookAttempt(SQLModel, table=True):
    """One time that a message was sent, and what came back."""

    __tablename__ = "hook_attempt"
    delivery_id: str = Field(
        sa_column=Column(
            ForeignKey("hook_delivery.id", ondelete="CASCADE"), primary_key=True, nullable=False
        )
    )
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_column=_moment())
    milliseconds: int
    status: int | None = None
    error: str | None = None
    """Why there was no answer, as a code."""
    answer: str = Field(default="", sa_column=Column(Text(), nullable=False))
    """How the answer begins; words of another system."""
