"""What a notice may say of a case: facts, and how the first comment begins where that is asked for.

A notice leaves the house by mail or chat, so nothing that anybody wrote is read for it otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.base import Moment, Value
from domain.entity import State
from domain.errors import Unknown
from domain.people import Actor, Role
from domain.policy import Policy
from store import details, policies, queries, tables

READERS = frozenset({Role.STAFF, Role.EXECUTIVE, Role.AUDITOR})


class Card(Value):
    """One case in a notice: where it belongs, how it stands, by when the next move is owed."""

    about: str
    kind: str
    stage: str
    team: str
    channel: str | None = None
    due_at: Moment | None = None
    excerpt: str | None = None


def card(
    session: Session, stream: str, reader: Actor, at: datetime, *, with_excerpt: bool
) -> tuple[Card, State] | None:
    """What is told of this case, and its state; None for what is no case or is not there yet."""
    kind, _, entity_id = stream.partition("/")
    if kind not in _ROWS:
        return None
    try:
        state: State = details.state_of(session, stream)
    except Unknown:
        return None
    row: Any = session.get(_ROWS[kind], entity_id)
    if row is None:
        return None
    in_force = policies.current(session)
    told = Card(
        about=stream,
        kind=kind,
        stage=row.stage,
        team=_team(in_force.policy if in_force else None, row.team),
        channel=getattr(row, "channel", None),
        due_at=_due_at(state, row),
        excerpt=_excerpt(session, row, reader, at) if with_excerpt else None,
    )
    return told, state


_ROWS: dict[str, type[Any]] = {
    "escalation": tables.Escalation,
    "post": tables.Post,
    "commitment": tables.Commitment,
    "matter": tables.Matter,
}


def _team(policy: Policy | None, team: str) -> str:
    return policy.teams.get(team, team) if policy else team


def _due_at(state: State, row: Any) -> datetime | None:
    """By when the next move is owed; a post knows it by its state alone."""
    if state.is_closed:
        return None
    found: datetime | None = getattr(row, "due_at", None) or getattr(state, "due_at", None)
    return found


def _excerpt(session: Session, row: Any, reader: Actor, at: datetime) -> str | None:
    """How the first comment of an escalation begins, for whoever may read it."""
    if not isinstance(row, tables.Escalation) or not reader.roles & READERS:
        return None
    return beginning(queries.escalation_items(session, [row.id], at)[0].excerpt) or None


def beginning(excerpt: str) -> str:
    """An excerpt to be read by itself: one that was cut ends with a whole word, and says so."""
    if len(excerpt) < queries.EXCERPT:
        return excerpt.strip()
    *whole, cut = excerpt.rsplit(maxsplit=1)
    return f"{whole[0].strip() if whole else cut.strip()} …"
