"""How each channel does: what last came in and went out, what is stuck there and why, and what it
said when it was last asked. A handful of statements, however many channels there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlmodel import Session, SQLModel, col

from domain.base import Moment, Value
from domain.policy import Policy
from domain.post import PostStage
from store import turns
from store.tables import Arrival, ChannelCheck, Comment, Escalation, LedgerEntry, Matter, Post

RECENT = 2_000
"""So many of the newest are looked through for each channel's last one, before it is searched for
by itself: a busy channel is found at once, and a quiet one has few."""

NAMED = 5
"""Stuck posts that are named for each channel."""

_STUCK = (PostStage.UNCONFIRMED, PostStage.FAILED, PostStage.PUBLISHING)
_OPEN = (PostStage.IN_REVIEW, PostStage.CLEARED, *_STUCK)


class CheckView(Value):
    """What a channel said when it was asked for a post that never was."""

    at: Moment
    by: str
    result: str


class StuckPost(Value):
    """A post that did not simply go out. ``code`` is what the channel said to the last attempt."""

    id: str
    stage: str
    code: str
    at: Moment | None
    """When that was."""


class ChannelHealth(Value):
    """One channel, as the database knows it."""

    channel: str
    last_comment_at: Moment | None = None
    waiting: int = 0
    """Comments that are taken in and not yet handed over."""
    waiting_since: Moment | None = None
    last_published_at: Moment | None = None
    posts: dict[str, int] = {}
    """Posts that are not out yet, by stage."""
    stuck: tuple[StuckPost, ...] = ()
    used_today: int = 0
    """Posts that count against the budget of the last twenty-four hours."""
    halted: tuple[str, ...] = ()
    """Matters that are halted while members on this channel wait."""
    check: CheckView | None = None


def of_channels(session: Session, policy: Policy, at: datetime) -> list[ChannelHealth]:
    """Every channel of the policy, and those that only have posts or comments left."""
    waiting = _waiting(session)
    counts = _counts(session)
    names = sorted({*policy.channels, *waiting, *counts})
    comments = _latest(session, Comment, Comment.received_at, Comment.id, names)
    published = _latest(session, Post, Post.published_at, Post.published_at, names)
    stuck = _stuck(session)
    used = turns.used(session, at)
    halted = _halted(session)
    checks = {row.channel: row for row in session.scalars(select(ChannelCheck))}
    return [
        ChannelHealth(
            channel=name,
            last_comment_at=comments.get(name),
            waiting=waiting.get(name, (0, None))[0],
            waiting_since=waiting.get(name, (0, None))[1],
            last_published_at=published.get(name),
            posts=counts.get(name, {}),
            stuck=tuple(stuck.get(name, ())),
            used_today=used.get(name, 0),
            halted=tuple(halted.get(name, ())),
            check=_view(checks[name]) if name in checks else None,
        )
        for name in names
    ]


def remember(session: Session, channel: str, result: str, at: datetime, *, by: str) -> None:
    """Keep what a channel said; the check before it is forgotten."""
    session.merge(ChannelCheck(channel=channel, at=at, by=by, result=result))


def _view(row: ChannelCheck) -> CheckView:
    return CheckView(at=row.at, by=row.by, result=row.result)


def _latest(
    session: Session,
    table: type[SQLModel],
    moment: Any,
    order: Any,
    names: Sequence[str],
) -> dict[str, datetime]:
    """The newest moment of each channel: among the newest rows first, then by channel."""
    channel: InstrumentedAttribute[str] = table.channel  # type: ignore[attr-defined]
    statement: Any = select(channel, col(moment).label("at")).where(col(moment).is_not(None))
    newest = statement.order_by(col(order).desc()).limit(RECENT).subquery()
    found: dict[str, datetime] = {
        row.channel: row.at
        for row in session.execute(
            select(newest.c.channel, func.max(newest.c.at).label("at")).group_by(newest.c.channel)
        )
    }
    if rest := [name for name in names if name not in found]:
        rows = session.execute(
            select(channel, func.max(moment).label("at"))
            .where(channel.in_(rest), col(moment).is_not(None))
            .group_by(channel)
        )
        found |= {row.channel: row.at for row in rows}
    return found


def _waiting(session: Session) -> dict[str, tuple[int, datetime]]:
    rows = session.execute(
        select(
            col(Comment.channel),
            func.count().label("number"),
            func.min(col(Arrival.received_at)).label("since"),
        )
        .select_from(Arrival)
        .join(Comment, col(Comment.id) == col(Arrival.comment_id))
        .where(col(Arrival.handed_over_at).is_(None))
        .group_by(col(Comment.channel))
    )
    return {row.channel: (row.number, row.since) for row in rows}


def _counts(session: Session) -> dict[str, dict[str, int]]:
    rows = session.execute(
        select(col(Post.channel), col(Post.stage), func.count().label("number"))
        .where(col(Post.stage).in_(_OPEN))
        .group_by(col(Post.channel), col(Post.stage))
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        found[row.channel][row.stage] = row.number
    return found


def _stuck(session: Session) -> dict[str, list[StuckPost]]:
    """The newest of each channel that are failed, unconfirmed or still tried."""
    rank = func.row_number().over(partition_by=col(Post.channel), order_by=col(Post.id).desc())
    ranked = (
        select(col(Post.id), col(Post.channel), col(Post.stage), rank.label("place"))
        .where(col(Post.stage).in_(_STUCK))
        .subquery()
    )
    rows = session.execute(select(ranked).where(ranked.c.place <= NAMED)).all()
    said = _said(session, [f"post/{row.id}" for row in rows])
    found: dict[str, list[StuckPost]] = defaultdict(list)
    for row in rows:
        code, at = said.get(f"post/{row.id}", ("", None))
        # One that is being published and of which nothing is said yet is on its way, not stuck.
        if code or row.stage != PostStage.PUBLISHING:
            found[row.channel].append(StuckPost(id=row.id, stage=row.stage, code=code, at=at))
    return found


_ANSWERS = ("post:attempt:failed", "post:attempt:deferred", "post:attempt:unclear")


def _said(session: Session, streams: Collection[str]) -> dict[str, tuple[str, datetime]]:
    """What the channel said to the last attempt of each of these posts."""
    rows = session.execute(
        select(col(LedgerEntry.stream), col(LedgerEntry.at), col(LedgerEntry.body))
        .where(col(LedgerEntry.stream).in_(streams), col(LedgerEntry.name).in_(_ANSWERS))
        .order_by(col(LedgerEntry.stream), col(LedgerEntry.seq))
    )
    return {row.stream: (json.loads(row.body)["data"].get("code", ""), row.at) for row in rows}


def _halted(session: Session) -> dict[str, list[str]]:
    rows = session.execute(
        select(col(Escalation.channel), col(Matter.id))
        .join(Matter, col(Matter.id) == col(Escalation.matter_id))
        .where(col(Matter.stage) == "halted")
        .distinct()
        .order_by(col(Matter.id))
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.channel].append(row.id)
    return found
