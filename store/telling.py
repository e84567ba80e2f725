"""What a notice may say of a case: facts, and where it is allowed who commented, and its beginning.

A notice leaves the house by mail or chat, so nothing that anybody wrote is read for it otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.entity import State
from domain.errors import Unknown
from domain.people import Actor, Role
from domain.policy import Policy
from store import details, policies, queries, tables, words

READERS = frozenset({Role.STAFF, Role.EXECUTIVE, Role.AUDITOR})


class Card(Value):
    """One case in a notice: where it belongs, how it stands, by when the next move is owed."""

    about: str
    kind: str
    stage: str
    team: str
    channel: str | None = None
    due_at: Moment | None = None
    said_at: Moment | None = None
    """When the comment it began with was said; by it two cases of one channel are told apart."""
    comments: int = 0
    members: int = 0
    """How many cases a matter answers."""
    commenter: str | None = None
    """The account that said it, as the channel shows it; None where no words are told."""
    excerpt: str | None = None
    """How that comment begins; of a matter its title."""


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
    may_tell = with_excerpt and bool(reader.roles & READERS)
    told = Card(
        about=stream,
        kind=kind,
        stage=row.stage,
        team=_team(in_force.policy if in_force else None, row.team),
        due_at=_due_at(state, row),
        **(_of_matter if kind == "matter" else _of_case)(session, row, at, may_tell=may_tell),
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


def _of_case(session: Session, row: Any, at: datetime, *, may_tell: bool) -> dict[str, Any]:
    """Which conversation it is about; posts and promises belong to one as well."""
    case_id = row.id if isinstance(row, tables.Escalation) else row.escalation_id
    found = queries.escalation_items(session, [case_id], at)
    if not found:
        return {"channel": getattr(row, "channel", None)}
    case = found[0]
    facts = {
        "channel": case.channel,
        "said_at": case.posted_at or case.opened_at,
        "comments": case.comments,
    }
    if not may_tell:
        return facts
    author = case.author
    told = {
        # In one line, whatever somebody calls themselves.
        "commenter": " ".join((author.name or author.handle).split()) if author else None,
        "excerpt": beginning(case.excerpt) or None,
    }
    return facts | told


def _of_matter(session: Session, row: Any, at: datetime, *, may_tell: bool) -> dict[str, Any]:
    """How many it answers."""
    mine = col(tables.Escalation.matter_id) == row.id
    members = session.scalar(select(func.count()).select_from(tables.Escalation).where(mine))
    title = words.texts(session, [row.title_id]).get(row.title_id) if may_tell else None
    return {"members": members or 0, "excerpt": (title or "").strip() or None}


def beginning(excerpt: str) -> str:
    """An excerpt to be read by itself: one that was cut ends with a whole word, and says so."""
    if len(excerpt) < queries.EXCERPT:
        return excerpt.strip()
    *whole, cut = excerpt.rsplit(maxsplit=1)
    return f"{whole[0].strip() if whole else cut.strip()} …"
