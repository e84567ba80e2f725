"""What became of several acts at once, kept for the one page that tells it.

The acts are sent by POST and told by the GET that follows. What was done is in the ledger; what was
refused, and why, is in no other place. A row belongs to one session and is read by it alone: of the
outcome once, of words that were typed for what was refused as often as its page is opened, until
the row goes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, Index, Text, delete, select
from sqlmodel import Field, Session, SQLModel, col

from store.tables import UtcDateTime
from store.words import new_id

KEPT_FOR = timedelta(hours=1)
"""Long enough to look at a case that was refused and to come back to the words typed for it."""

MOST = 10
"""Rows of one session, the newest: more pages than that nobody goes back to."""


class Told(SQLModel, table=True):
    """What a page has still to tell one session; gone once it has, or after a while."""

    __tablename__ = "told"
    __table_args__ = (
        # The newest of a session stay; the others of it go.
        Index("told_session", "session_id", "id"),
        Index("told_made", "made_at"),
    )
    id: str = Field(primary_key=True)
    session_id: str = Field(foreign_key="token.id")
    outcome: str | None = Field(default=None, sa_column=Column(Text(), nullable=True))
    """None: it has been told."""
    words: str | None = Field(default=None, sa_column=Column(Text(), nullable=True))
    """What was typed for acts that were refused; None: nothing was."""
    made_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


def keep(session: Session, session_id: str, outcome: str, words: str | None, at: datetime) -> str:
    """Keep this for the next page of a session; answers the id that its address names."""
    row = Told(id=new_id(), session_id=session_id, outcome=outcome, words=words, made_at=at)
    session.add(row)
    session.flush()
    of_it = select(col(Told.id)).where(col(Told.session_id) == session_id)
    newest = of_it.order_by(col(Told.id).desc()).limit(MOST)
    session.execute(
        delete(Told).where(col(Told.session_id) == session_id, col(Told.id).not_in(newest))
    )
    return row.id


def take(
    session: Session, session_id: str, told_id: str, at: datetime
) -> tuple[str | None, str | None]:
    """The outcome, for whoever asks first, and the words; nothing to any other session.

    For a writing transaction. Asking again is safe and tells the words alone.
    """
    row = session.scalars(
        select(Told)
        .where(
            col(Told.id) == told_id,
            col(Told.session_id) == session_id,
            col(Told.made_at) > at - KEPT_FOR,
        )
        .with_for_update()
    ).first()
    if row is None:
        return None, None
    found = row.outcome, row.words
    if row.words is None:
        session.delete(row)
    else:
        row.outcome = None
    return found


def sweep(session: Session, at: datetime) -> None:
    """Drop what nobody came back to."""
    session.execute(delete(Told).where(col(Told.made_at) < at - KEPT_FOR))
