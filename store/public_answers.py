"""What the public may read of our answers: replies that were published, refusals with their
reasons, and how long each step on the way to them took.

As in ``public_ledger``, every statement asks for what is public and for nothing else, and each list
is one range of an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import Select, func, literal, select, text, tuple_
from sqlmodel import Session, col

from domain.errors import Invalid, Unknown
from domain.escalation.stages import RefusalCode
from domain.policy import PublicRules
from domain.post import PostKind
from store import cursors, insights, queries, tables, words
from store.answer_tables import REFUSED, Answer
from store.insight_views import Span
from store.public_parts import Faces, channels_of, month_of, months_of, promises_of, urls_of
from store.public_views import (
    AnswerPage,
    AnswerTally,
    PostRole,
    PublicAnswer,
    PublicAnswerEntry,
    PublicPost,
    StepTime,
    StepTimes,
)
from store.tables import SHOWN, UtcDateTime

ANY = "any"
"""Refusals for whatever reason."""

DAYS = 90
"""Over which the time of each step is told."""

MOST = 50
"""More promises than one reply makes, and more corrections than it needs."""

Row, Post = Answer, tables.Post


def nothing_there() -> Unknown:
    """What is not public is answered as what is not there."""
    return Unknown(
        "unknown_answer",
        "there is no public answer at this address",
        "look for it in the ledger",
    )


# Lists. --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Which answers somebody wants to see. ``refusal`` is a code, or ``ANY``; ``month`` is that in
    which they were published, in UTC."""

    refusal: str | None = None
    channel: str | None = None
    month: str | None = None

    @property
    def order(self) -> str:
        """Tells the cursors of one list from those of another."""
        return f"answers {self.refusal or ''} {self.channel or ''} {self.month or ''}"


def wanted(refusal: str | None, channel: str | None, month: str | None) -> Wanted:
    """The wish that an address spells out; what is empty is not wished. Raises Invalid."""
    if refusal and refusal not in (ANY, *RefusalCode):
        raise Invalid(
            "unknown_refusal",
            f"nothing is ever refused as '{refusal[:40]}'",
            f"use one of: {', '.join((ANY, *RefusalCode))}",
            field="refusal",
        )
    if month:
        month_of(month)
    return Wanted(refusal or None, channel or None, month or None)


def statement(wish: Wanted, cursor: str | None = None) -> Select[Any]:
    """What the database is asked for, each answer with its post; tests look at its plan."""
    shown = text(REFUSED if wish.refusal else SHOWN)
    asked: Any = select(Row, Post).join(Post, col(Post.id) == col(Row.post_id)).where(shown)
    if wish.refusal not in (None, ANY):
        asked = asked.where(col(Row.refusal) == wish.refusal)
    if wish.channel is not None:
        asked = asked.where(col(Row.channel) == wish.channel)
    if wish.month is not None:
        first, after = month_of(wish.month)
        asked = asked.where(col(Row.at) >= first, col(Row.at) < after)
    asked = asked.order_by(col(Row.at).desc(), col(Row.post_id).desc())
    if cursor:
        last_at, last_id = cursors.place_of_moment(cursor, wish.order)
        place = tuple_(literal(last_at, UtcDateTime()), literal(last_id))
        asked = asked.where(tuple_(col(Row.at), col(Row.post_id)) < place)
    return cast("Select[Any]", asked)


def page(
    session: Session,
    rules: PublicRules,
    wish: Wanted,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> AnswerPage:
    """A page of answers, the latest first. Raises Invalid for a bad cursor or limit."""
    rows = session.execute(statement(wish, cursor).limit(queries.bounded(limit) + 1)).all()
    next_cursor = None
    if len(rows) > limit:
        last: Answer = rows[limit - 1][0]
        next_cursor = cursors.encode(wish.order, (last.at, last.post_id))
    return AnswerPage(items=_answers(session, rules, rows[:limit]), next_cursor=next_cursor)


def latest(session: Session, rules: PublicRules, most: int) -> tuple[PublicAnswer, ...]:
    """What was answered last, the latest first."""
    return _answers(session, rules, session.execute(statement(Wanted()).limit(most)).all())


def channels(session: Session, known: Iterable[str]) -> tuple[str, ...]:
    """Those of these channels on which anything was answered in public."""
    return channels_of(session, col(Row.channel), known)


def months(session: Session) -> tuple[str, ...]:
    """The months in which answers were published, the latest first; no more than five years."""
    return months_of(session, col(Row.at))


def _answers(session: Session, rules: PublicRules, rows: Sequence[Any]) -> tuple[PublicAnswer, ...]:
    answers: list[Answer] = [row[0] for row in rows]
    posts: dict[str, tables.Post] = {row[1].id: row[1] for row in rows}
    said = [post.words_id for post in posts.values()]
    texts = words.texts(session, [*said, *(one.reason_id for one in answers)])
    people = {who for one in answers for who in (one.writer, one.decided_by) if who}
    faces = Faces(session, rules, people)
    urls = urls_of(session, posts)
    told = _told_since(session, posts.values())
    promised = _promised(session, answers)
    return tuple(
        PublicAnswer(
            id=one.post_id,
            at=one.at,
            channel=one.channel,
            text=texts.get(posts[one.post_id].words_id),
            writer=faces.of(one.writer, one.team),
            decision=cast("Any", one.decision),
            decided_by=faces.of(one.decided_by, one.team) if one.decided_by else None,
            refusal=RefusalCode(one.refusal) if one.refusal else None,
            reason=_reason(one, posts[one.post_id], texts),
            waited_seconds=one.waited,
            turned_at=max([one.at, *told[one.post_id]]),
            post_url=urls.get(one.post_id),
            corrected_by=posts[one.post_id].corrected_by,
            retracted_by=posts[one.post_id].retracted_by,
            promises=tuple(promise.id for promise in promised[one.post_id]),
        )
        for one in answers
    )


def _reason(answer: Answer, post: tables.Post, texts: dict[str, str]) -> str | None:
    """In a matter the words of the reply are the reason; they are not told twice."""
    if answer.reason_id is None or answer.reason_id == post.words_id:
        return None
    reason = texts.get(answer.reason_id)
    return None if reason == texts.get(post.words_id) else reason


def _told_since(session: Session, posts: Iterable[tables.Post]) -> dict[str, list[datetime]]:
    """When the words came out that correct these posts, or take them back."""
    of = {by: post.id for post in posts for by in (post.corrected_by, post.retracted_by) if by}
    found = session.execute(
        select(col(Post.id), col(Post.published_at)).where(col(Post.id).in_(of))
    )
    told: dict[str, list[datetime]] = defaultdict(list)
    for row in found:
        if row.published_at is not None:
            told[of[row.id]].append(row.published_at)
    return told


def _promised(session: Session, answers: Iterable[Answer]) -> dict[str, list[tables.Commitment]]:
    """The public promises of each reply."""
    table = tables.Commitment
    cases = {one.escalation_id for one in answers}
    rows = session.scalars(
        select(table)
        .where(col(table.escalation_id).in_(cases), col(table.is_public))
        .order_by(col(table.due_at), col(table.id))
    )
    promised: dict[str, list[tables.Commitment]] = defaultdict(list)
    for row in rows:
        promised[row.post_id].append(row)
    return promised


# One answer. ---------------------------------------------------------------------------------


def entry(session: Session, rules: PublicRules, post_id: str) -> PublicAnswerEntry:
    """Everything that the public may read about one answer. Raises Unknown, also for one that is
    not public."""
    rows = session.execute(statement(Wanted()).where(col(Row.post_id) == post_id)).all()
    if not rows:
        raise nothing_there()
    (answer, post) = rows[0]
    promised = _promised(session, [answer])[post_id]
    return PublicAnswerEntry(
        **_answers(session, rules, rows)[0].model_dump(),
        posts=_corrections(session, post),
        promised=promises_of(session, rules, promised),
    )


_ROLES = {
    PostKind.CORRECTION: PostRole.CORRECTION,
    PostKind.RETRACTION: PostRole.RETRACTION,
}


def _corrections(session: Session, post: tables.Post) -> tuple[PublicPost, ...]:
    """What was published to correct this reply, or to correct that, in order."""
    published = session.scalars(
        select(Post)
        .where(col(Post.escalation_id) == post.escalation_id, col(Post.published_at).is_not(None))
        .order_by(col(Post.published_at), col(Post.id))
        .limit(MOST)
    )
    known, found = {post.id}, []
    for one in published:
        if one.corrects in known and PostKind(one.kind) in _ROLES:
            known.add(one.id)
            found.append(one)
    texts = words.texts(session, [one.words_id for one in found])
    urls = urls_of(session, [one.id for one in found])
    return tuple(
        PublicPost(
            id=one.id,
            role=_ROLES[PostKind(one.kind)],
            at=one.published_at,
            text=texts.get(one.words_id),
            url=urls.get(one.id),
            corrects=one.corrects,
            corrected_by=one.corrected_by,
            retracted_by=one.retracted_by,
        )
        for one in found
        if one.published_at is not None
    )


# Figures. ------------------------------------------------------------------------------------


def tally(session: Session) -> AnswerTally:
    """All answers that are out, and those that say no by their reason."""
    counted = select(func.count()).select_from(Row)
    refused = session.execute(
        select(col(Row.refusal), func.count())
        .where(text(REFUSED))
        .group_by(col(Row.refusal))
        .order_by(func.count().desc(), col(Row.refusal))
    )
    refusals = {str(code): number for code, number in refused}
    return AnswerTally(
        total=session.scalar(counted.where(text(SHOWN))) or 0,
        refused=sum(refusals.values()),
        refusals=refusals,
    )


def steps(session: Session, at: datetime) -> StepTimes:
    """The time of each step of what came in in the last ``DAYS`` days, whole days in UTC."""
    first = at.astimezone(UTC).date() - timedelta(days=DAYS)
    span = Span(since=datetime.combine(first, time(), UTC), until=at)
    found, decisions = insights.in_public(session, at, span)
    return StepTimes(
        days=DAYS,
        since=first,
        items=tuple(
            StepTime(
                step=one.step,
                owed_by=one.seat,
                done=one.done,
                late=one.late,
                half_minutes=one.plain.half,
                nine_tenths_minutes=one.plain.nine_tenths,
            )
            for one in found
            if one.done
        ),
        dismissals={one.key: one.n for one in decisions.dismissals},
    )
