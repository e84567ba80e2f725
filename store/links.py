"""Links from notices that answer one question once: made, found, taken and used.

A link is taken by the form that uses it before the command is sent, and given back where the rules
refuse: of two forms one decides, and whoever forgot a reason may send theirs again. The secret has
256 random bits, so a plain SHA-256 keeps it safe at rest.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CursorResult, and_, delete, or_, select, update
from sqlmodel import Session, col

from domain.decision_links import Asked, Family, asked
from domain.entity import State
from domain.errors import Unknown
from domain.house import LinkUsed
from domain.people import Actor
from store import details, house, people
from store.tables import DecisionLink
from store.words import new_id

PREFIX = "go_"
"""What a secret begins with, so that it is known for one wherever it turns up."""

UNDER_WAY = timedelta(minutes=2)
"""How long a form has a link to itself; longer than any request takes."""

KEPT_FOR = timedelta(days=90)
"""How long after its end a link still explains what became of it."""


class Standing(StrEnum):
    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The question is no longer asked, or no longer of this person."""


@dataclass(frozen=True)
class Link:
    """A link as it stands now. ``actor``, ``state`` and ``asked`` are there while it is open."""

    row: DecisionLink
    standing: Standing
    actor: Actor | None = None
    state: State | None = None
    asked: Asked | None = None


def make(
    session: Session, person_id: str, stream: str, what: Asked, at: datetime, expires_at: datetime
) -> str:
    """A new link to one question; answers its secret, which is shown this once."""
    secret = f"{PREFIX}{secrets.token_urlsafe(32)}"
    session.add(
        DecisionLink(
            id=new_id(),
            digest=people.digest_of(secret),
            person_id=person_id,
            stream=stream,
            family=what.family,
            question=what.question,
            made_at=at,
            expires_at=expires_at,
        )
    )
    return secret


def find(session: Session, secret: str, at: datetime) -> Link:
    """The link of this secret as it stands now. Raises Unknown. Looking changes nothing."""
    row = session.scalars(
        select(DecisionLink).where(col(DecisionLink.digest) == people.digest_of(secret))
    ).first()
    if row is None:
        raise Unknown(
            "unknown_link", "there is no such link, or it expired long ago", "sign in instead"
        )
    if row.used_at is not None:
        return Link(row, Standing.USED)
    if row.expires_at <= at:
        return Link(row, Standing.EXPIRED)
    try:
        actor = people.actor(session, row.person_id, at)
        state: State = details.state_of(session, row.stream)
    except Unknown:
        return Link(row, Standing.WITHDRAWN)
    what = asked(actor, state, Family(row.family))
    if what is None or what.question != row.question:
        return Link(row, Standing.WITHDRAWN)
    return Link(row, Standing.OPEN, actor, state, what)


def take(session: Session, link_id: str, key: str, act: str, at: datetime) -> bool:
    """Give the link to the form with this key; False where another form has it or it is used.

    A form whose outcome never became known gives way after a while: what it did or did not do is in
    the case itself, which the rules ask anyway.
    """
    table = DecisionLink
    is_free = or_(
        col(table.key).is_(None), col(table.key) == key, col(table.taken_at) < at - UNDER_WAY
    )
    result = session.execute(
        update(table)
        .where(and_(col(table.id) == link_id, col(table.used_at).is_(None), is_free))
        .values(key=key, act=act, taken_at=at)
    )
    return cast("CursorResult[Any]", result).rowcount == 1


def give_back(session: Session, link_id: str, key: str) -> None:
    """Nothing was decided by the form that had the link."""
    table = DecisionLink
    session.execute(
        update(table)
        .where(col(table.id) == link_id, col(table.key) == key, col(table.used_at).is_(None))
        .values(key=None, act=None, taken_at=None)
    )


def use(session: Session, link_id: str, act: str, at: datetime) -> None:
    """The link has decided. Safe to repeat."""
    row = session.get_one(DecisionLink, link_id, with_for_update=True)
    if row.used_at is not None:
        return
    row.used_at, row.act = at, act
    used = LinkUsed(link=row.id, person=row.person_id, stream=row.stream, act=act)
    house.record(session, [used], row.person_id, at)


def sweep(session: Session, at: datetime) -> None:
    """Drop links that ended long ago."""
    session.execute(delete(DecisionLink).where(col(DecisionLink.expires_at) < at - KEPT_FOR))
