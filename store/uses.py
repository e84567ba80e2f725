"""What is open on teams and channels: looked at before a policy takes one of them away."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.base import Value
from store.tables import Commitment, Escalation, Post


class Use(Value):
    """What hangs on one team or channel."""

    cases: int = 0
    """Open escalations."""
    posts: int = 0
    """Posts that are not out yet: in review, cleared, or still being published."""
    promises: int = 0
    """Open commitments."""
    members: int = 0
    """Of a team: the people in it, whoever has left aside."""


def of_teams(session: Session) -> dict[str, Use]:
    """What is open for each team that has anything open. Its members are not counted here."""
    return _open_by(session, "team")


def of_channels(session: Session) -> dict[str, Use]:
    """What is open on each channel that has anything open."""
    return _open_by(session, "channel")


def _open_by(session: Session, name: str) -> dict[str, Use]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    tables: dict[str, Any] = {"cases": Escalation, "posts": Post, "promises": Commitment}
    for what, table in tables.items():
        column = col(getattr(table, name))
        rows = session.execute(
            select(column.label("id"), func.count().label("number"))
            .where(col(table.is_open), column.is_not(None))
            .group_by(column)
        )
        for row in rows:
            found[row.id][what] = row.number
    return {known: Use(**counts) for known, counts in found.items()}
