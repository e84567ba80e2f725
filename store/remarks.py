"""Comments as routing looks at them: of the one that opens an escalation now, and of past ones, on
which a draft of a policy is tried out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session, col

from domain.policy import Remark
from store import tables

PAGE = 500
"""Comments read at a time."""


def of_arrival(session: Session, arrival_id: str) -> Remark:
    """What routing sees of one arrival. Raises NoResultFound for one that is not there."""
    row = session.execute(_remarks().where(col(tables.Arrival.id) == arrival_id)).one()
    return _remark(row)


def that_opened(
    session: Session, limit: int, since: datetime | None = None
) -> list[tuple[str, Remark]]:
    """The comments that opened an escalation, newest first, each with the escalation's id.

    Words that were erased are gone for this, too: such a comment has no text.
    """
    found: list[tuple[str, Remark]] = []
    statement = (
        _remarks()
        .add_columns(col(tables.Escalation.id).label("escalation_id"))
        .join(tables.Escalation, col(tables.Escalation.comment_id) == col(tables.Comment.id))
        .where(col(tables.Arrival.revision) == 1)
        .order_by(col(tables.Escalation.id).desc())
    )
    if since is not None:
        statement = statement.where(col(tables.Arrival.received_at) >= since)
    last = None
    while len(found) < limit:
        page = statement.limit(min(PAGE, limit - len(found)))
        if last is not None:
            page = page.where(col(tables.Escalation.id) < last)
        rows = session.execute(page).all()
        if not rows:
            break
        found += [(row.escalation_id, _remark(row)) for row in rows]
        last = rows[-1].escalation_id
    return found


def _remarks() -> Select[Any, Any, Any, Any, Any, Any]:
    arrival, comment, talk = tables.Arrival, tables.Comment, tables.Conversation
    return (
        select(
            col(comment.channel),
            col(comment.language),
            col(tables.Author.reach),
            col(tables.Words.text),
            col(arrival.received_at),
            col(arrival.is_backlog),
        )
        .join(comment, col(comment.id) == col(arrival.comment_id))
        .join(talk, col(talk.id) == col(comment.conversation_id))
        .join(tables.Author, col(tables.Author.id) == col(talk.author_id))
        .join(tables.Words, col(tables.Words.id) == col(arrival.words_id), isouter=True)
    )


def _remark(row: Any) -> Remark:
    return Remark(
        channel=row.channel,
        text=row.text or "",
        reach=row.reach,
        language=row.language,
        at=row.received_at,
        is_backlog=row.is_backlog,
    )
