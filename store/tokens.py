"""Tokens of programs as admins and auditors see them: whose, made by whom, until when, last used.

What a token is good for follows from its person's roles alone. Its secret is shown once and is
nowhere; sessions, which are tokens too, are listed in ``sessions``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.errors import Unknown
from domain.people import Actor, Role
from store import cursors, people
from store.people import Purpose
from store.tables import Person, Token

LIMIT = 200
"""The longest page."""


class TokenItem(Value):
    """One token. ``seen_at`` is when it was last used, to an hour; None: never since that is
    noted."""

    id: str
    person: str
    person_name: str
    roles: tuple[Role, ...]
    """What it may be used for: all that its person may."""
    label: str | None
    made_by: str | None
    made_at: Moment
    expires_at: Moment | None
    """None: it has no end."""
    seen_at: Moment | None
    ended_at: Moment | None


class TokenPage(Value):
    items: tuple[TokenItem, ...]
    next_cursor: str | None


def page(
    session: Session,
    at: datetime,
    *,
    person: str | None = None,
    is_over: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> TokenPage:
    """Those in force, or those that are over; the newest first."""
    in_force = _in_force(at)
    statement = _items().where(~in_force if is_over else in_force)
    if person is not None:
        statement = statement.where(col(Token.person_id) == person)
    if cursor is not None:
        statement = statement.where(col(Token.id) < cursors.place_of_id(cursor, "tokens"))
    rows = session.execute(statement.order_by(col(Token.id).desc()).limit(limit + 1)).all()
    return TokenPage(
        items=tuple(_item(*row) for row in rows[:limit]),
        next_cursor=cursors.encode("tokens", (rows[limit - 1][0].id,))
        if len(rows) > limit
        else None,
    )


def one(session: Session, token_id: str) -> TokenItem:
    """Raises Unknown."""
    row = session.execute(_items().where(col(Token.id) == token_id)).first()
    if row is None:
        raise _unknown()
    return _item(*row)


def ending_before(session: Session, at: datetime, until: datetime) -> list[TokenItem]:
    """Those in force that end by themselves before then, the first to end first."""
    statement = _items().where(_in_force(at), col(Token.expires_at) < until)
    return [_item(*row) for row in session.execute(statement.order_by(col(Token.expires_at)))]


def end(session: Session, token_id: str, at: datetime, *, by: str) -> TokenItem:
    """Revoke one. Safe to repeat. Raises Unknown."""
    one(session, token_id)
    people.revoke_those(session, at, col(Token.id) == token_id, by=by)
    return one(session, token_id)


def end_own(session: Session, token_id: str, actor: Actor, at: datetime) -> TokenItem:
    """Revoke one that acts in the name of whoever asks. Safe to repeat. Raises Unknown, also for
    one that acts in another name."""
    if one(session, token_id).person != actor.id:
        raise _unknown()
    return end(session, token_id, at, by=actor.id)


def _unknown() -> Unknown:
    return Unknown("unknown_token", "there is no such token", "list them with GET /api/v1/tokens")


def _items() -> Select[Any, Any, Any]:
    return (
        select(Token, col(Person.name), col(Person.roles))
        .join(Person, col(Person.id) == col(Token.person_id))
        .where(col(Token.purpose) == Purpose.API)
        .execution_options(populate_existing=True)
    )


def _in_force(at: datetime) -> ColumnElement[bool]:
    expires_at = col(Token.expires_at)
    return col(Token.revoked_at).is_(None) & or_(expires_at.is_(None), expires_at > at)


def _item(row: Token, name: str, roles: list[str]) -> TokenItem:
    return TokenItem(
        id=row.id,
        person=row.person_id,
        person_name=name,
        roles=tuple(sorted(Role(role) for role in roles)),
        label=row.label,
        made_by=row.made_by,
        made_at=row.created_at,
        expires_at=row.expires_at,
        seen_at=row.seen_at,
        ended_at=row.revoked_at,
    )
