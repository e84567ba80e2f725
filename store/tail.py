"""The newest facts of the ledger in the order of their positions: what live pages are fed with.

Positions become visible in order (see ``records``), so whoever has seen one has missed none before
it. Only where something happened and what kind of thing it was is told, never what is in it.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from domain.house import HOUSE
from store import tables
from store.statements import plain

_LEDGER = plain(tables.LedgerEntry).c


class Change(NamedTuple):
    """One fact: its position, its stream and its name."""

    position: int
    stream: str
    name: str

    @property
    def is_of_a_case(self) -> bool:
        """Whether those who read cases may hear of it; the rest is about people and tokens."""
        return self.stream != HOUSE


_NEWEST = select(func.max(_LEDGER.position))
_SINCE = (
    select(_LEDGER.position, _LEDGER.stream, _LEDGER.name)
    .where(_LEDGER.position > bindparam("position"))
    .order_by(_LEDGER.position)
    .limit(bindparam("most"))
)


def newest(session: Session) -> int:
    """The position of the last fact; 0 where there is none."""
    return session.execute(_NEWEST).scalar() or 0


def since(session: Session, position: int, most: int) -> list[Change]:
    """The facts after a position, the first of them where there are more than ``most``."""
    rows = session.execute(_SINCE, {"position": position, "most": most})
    return [Change(*row) for row in rows]
