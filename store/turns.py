"""Whose turn it is on a channel that takes only so many posts a day.

A post that finds the day used up gets the next moment that is free and keeps it, so that posts
wait in the order in which they came and do not all wake up for the same place. The day is the
last twenty-four hours at any moment, so no hour of any zone starts it anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from domain.post import PostStage
from store.tables import Post, Turn

DAY = timedelta(hours=24)

_COUNTS = (PostStage.PUBLISHING, PostStage.UNCONFIRMED, PostStage.PUBLISHED)
"""The channel took it, may have taken it, or will be asked to. What failed, was withdrawn or went
back to review gives its place to others."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:s, 0))")


def take(session: Session, channel: str, post_id: str, per_day: int, at: datetime) -> datetime:
    """When this post may go out: ``at`` itself, or a later moment that is kept for it.

    For a writing transaction. Safe to repeat: a post has one turn.
    """
    if session.get_bind().dialect.name == "postgresql":
        # SQLite has one writer anyway; here two could see the same free place.
        session.execute(_LOCK, {"s": f"channel/{channel}"})
    own = session.get(Turn, post_id)
    is_called = own is not None and own.at <= at
    others = (
        select(col(Turn.at))
        .join(Post, col(Post.id) == col(Turn.post_id))
        .where(
            col(Turn.channel) == channel,
            col(Turn.at) > at - DAY,
            col(Turn.post_id) != post_id,
            col(Post.stage).in_(_COUNTS),
        )
        .order_by(col(Turn.at).desc())
        .limit(per_day)
    )
    if is_called:
        # Those who wait behind it do not stand in its way.
        others = others.where(col(Turn.at) <= at)
    taken = list(session.scalars(others))
    turn_at = at if len(taken) < per_day else taken[-1] + DAY
    note(session, channel, post_id, turn_at)
    return turn_at


def note(session: Session, channel: str, post_id: str, at: datetime) -> None:
    """Remember when a channel took a post, or will be asked to."""
    session.merge(Turn(post_id=post_id, channel=channel, at=at))


def used(session: Session, at: datetime) -> dict[str, int]:
    """How much of each channel's budget the last twenty-four hours have used."""
    rows = session.execute(
        select(col(Turn.channel), func.count().label("number"))
        .join(Post, col(Post.id) == col(Turn.post_id))
        .where(col(Turn.at) > at - DAY, col(Turn.at) <= at, col(Post.stage).in_(_COUNTS))
        .group_by(col(Turn.channel))
    )
    return {row.channel: row.number for row in rows}
