"""The lists that pages and JSON show: the queue, posts, commitments, and the search.

Each page takes a handful of statements, however long it is, and goes on by keyset: the indexes
that carry it are named in ``tables``. The detail of one case is in ``store.details``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import (
    ColumnElement,
    Select,
    TextualSelect,
    bindparam,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.commitment import CommitmentStage
from domain.errors import Forbidden, Invalid
from domain.escalation import Stage
from domain.people import Actor, Role
from domain.post import PostStage
from store import cursors, tables, words
from store.tables import UtcDateTime
from store.views import (
    AuthorView,
    CommitmentItem,
    CommitmentPage,
    EscalationItem,
    EscalationPage,
    PostItem,
    PostPage,
)

READERS = frozenset({Role.STAFF, Role.EXECUTIVE, Role.AUDITOR})
"""Who reads cases at all. Admins run the service and machines bring comments: neither reads."""

LIMIT = 200
"""The longest page."""

EXCERPT = 200
"""Characters of the first comment that a list shows."""

HITS = 5_000
"""A search looks at this many comments, the newest that match: a word that stands in a million
comments is answered as fast as a rare one."""

PREFIX = 3
"""Letters from which on the last word is a beginning: a single one begins half of all words."""

TERMS = 10
"""Words of a search that count; more make it slower and no better."""


def check_reader(actor: Actor) -> None:
    """Raise Forbidden for those who read no cases."""
    if not actor.roles & READERS:
        raise Forbidden(
            "not_a_reader",
            "cases are read by staff, executives and auditors",
            "ask with the token of one of them",
        )


def is_insider(actor: Actor, team: str, owner: str | None = None) -> bool:
    """Whether proposals, drafts and notes of this team's cases may be read."""
    if actor.has(Role.EXECUTIVE) or actor.has(Role.AUDITOR):
        return True
    return actor.works_in(team) or (owner is not None and owner == actor.id)


# The queue. ----------------------------------------------------------------------------------


class Wanted(TypedDict, total=False):
    """What is wanted of the queue; what is left out, or None, chooses nothing."""

    stage: str | None
    owner: str | None
    team: str | None
    channel: str | None
    priority: str | None
    language: str | None
    late: bool
    before: datetime | None
    """Those whose next move is owed before this moment."""
    waiting: bool | None
    """Those whose owner waits for others, or those whose owner does not."""
    q: str | None


def escalations(
    session: Session,
    actor: Actor,
    at: datetime,
    *,
    limit: int = 50,
    cursor: str | None = None,
    **wanted: Unpack[Wanted],
) -> EscalationPage:
    """A page of escalations: the open ones by when their next move is owed, or, with stage
    ``closed``, the closed ones, newest first. Raises Invalid for an unknown stage or cursor."""
    check_reader(actor)
    stage = wanted.get("stage")
    check_stage(stage, Stage)
    statement = escalations_statement(session, at, cursor=cursor, **wanted)
    rows = list(session.scalars(statement.limit(bounded(limit) + 1)))
    rows, is_more = rows[:limit], len(rows) > limit
    next_cursor = None
    if is_more and stage == Stage.CLOSED:
        next_cursor = cursors.encode("closed", (rows[-1].id,))
    elif is_more:
        next_cursor = cursors.encode("due", (rows[-1].sort_at, rows[-1].id))
    return EscalationPage(items=tuple(escalation_items(session, rows, at)), next_cursor=next_cursor)


def of_these(
    session: Session, actor: Actor, at: datetime, ids: Sequence[str], **wanted: Unpack[Wanted]
) -> list[EscalationItem]:
    """Those of these escalations that are in a view, in no order."""
    check_reader(actor)
    statement = escalations_statement(session, at, **wanted).order_by(None)
    rows = list(session.scalars(statement.where(col(tables.Escalation.id).in_(ids))))
    return escalation_items(session, rows, at) if rows else []


def counts(
    session: Session, at: datetime, most: int, views: Mapping[str, Wanted]
) -> dict[str, int]:
    """How many escalations are in each view, as far as it is worth counting; one statement."""
    table = tables.Escalation
    asked = []
    for name, wanted in views.items():
        # In the order of the view, though it is only counted: without it SQLite takes an index that
        # has the closed ones in it as well.
        some = escalations_statement(session, at, **wanted).with_only_columns(col(table.id))
        counted = select(func.count()).select_from(some.limit(most).subquery())
        asked.append(counted.scalar_subquery().label(name))
    row = session.execute(select(*asked)).one()
    return dict(zip(views, row, strict=True))


def escalations_statement(
    session: Session, at: datetime, *, cursor: str | None = None, **wanted: Unpack[Wanted]
) -> Select[tables.Escalation]:
    """What the database is asked for; tests look at its plan."""
    table = tables.Escalation
    statement = select(table)
    for name in ("owner", "team", "channel", "priority", "language"):
        if (value := wanted.get(name)) is not None:
            statement = statement.where(col(getattr(table, name)) == value)
    if (is_waiting := wanted.get("waiting")) is not None:
        statement = statement.where(col(table.is_waiting) == is_waiting)
    if (q := wanted.get("q")) is not None:
        statement = statement.where(col(table.id).in_(found(session, q)))
    stage, late = wanted.get("stage"), wanted.get("late")
    if stage == Stage.CLOSED:
        statement = statement.where(col(table.stage) == stage).order_by(col(table.id).desc())
        if late:
            statement = statement.where(literal(False))
        if cursor:
            statement = statement.where(col(table.id) < cursors.place_of_id(cursor, "closed"))
        return statement
    # The partial indexes are used only where the condition is spelt as theirs is.
    statement = statement.where(col(table.is_open)).order_by(col(table.sort_at), col(table.id))
    if stage is not None:
        statement = statement.where(col(table.stage) == stage)
    if before := at if late else wanted.get("before"):
        statement = statement.where(col(table.sort_at) < before)
    return after(statement, table.sort_at, table.id, "due", cursor)


def after(
    statement: Select[Any], moment: Any, row_id: Any, order: str, cursor: str | None
) -> Select[Any]:
    if not cursor:
        return statement
    last_at, last_id = cursors.place_of_moment(cursor, order)
    place = tuple_(literal(last_at, UtcDateTime()), literal(last_id))
    return statement.where(tuple_(col(moment), col(row_id)) > place)


def bounded(limit: int) -> int:
    """The length of a page as asked for. Raises Invalid for one that is too long."""
    if not 1 <= limit <= LIMIT:
        raise Invalid(
            "bad_limit", f"limit is between 1 and {LIMIT}", "ask for fewer", field="limit"
        )
    return limit


def check_stage(stage: str | None, stages: Iterable[str]) -> None:
    """Raise Invalid, naming those there are, for a filter that none of them is."""
    if stage is not None and stage not in list(stages):
        raise Invalid(
            "unknown_stage",
            f"there is no stage '{stage}'",
            f"use one of: {', '.join(stages)}",
            field="stage",
        )


def escalation_items(
    session: Session, rows: Sequence[tables.Escalation], at: datetime
) -> list[EscalationItem]:
    """Rows of the queue as they are shown, in one statement for all of them."""
    beside = {row.id: row for row in session.execute(_BESIDE, {"ids": [row.id for row in rows]})}
    return [_item(row, beside[row.id], at) for row in rows]


def _item(row: tables.Escalation, beside: Any, at: datetime) -> EscalationItem:
    return EscalationItem(
        **row.model_dump(
            exclude={
                "conversation_id",
                "comment_id",
                "predecessor",
                "sort_at",
                "is_open",
                "is_waiting",
            }
        ),
        owner_name=beside.owner_name,
        is_late=row.is_open and row.due_at is not None and row.due_at < at,
        author=to_author(beside) if beside.handle is not None else None,
        excerpt=beside.excerpt or "",
        comments=beside.comments,
    )


def _beside() -> Select[Any]:
    """What a list shows of an escalation that does not stand in its own row."""
    case, first, talk = tables.Escalation, tables.Comment, tables.Conversation
    every = aliased(tables.Comment)
    comments = (
        select(func.count())
        .select_from(every)
        .where(col(every.escalation_id) == col(case.id))
        .correlate(case)
        .scalar_subquery()
    )
    return (
        select(
            col(case.id),
            func.substr(tables.Words.text, 1, EXCERPT).label("excerpt"),
            col(tables.Author.handle),
            col(tables.Author.name),
            col(tables.Author.url),
            col(tables.Author.reach),
            col(tables.Person.name).label("owner_name"),
            comments.label("comments"),
        )
        .join(first, col(first.id) == col(case.comment_id), isouter=True)
        .join(talk, col(talk.id) == col(first.conversation_id), isouter=True)
        .join(tables.Author, col(tables.Author.id) == col(talk.author_id), isouter=True)
        .join(tables.Words, col(tables.Words.id) == col(first.words_id), isouter=True)
        .join(tables.Person, col(tables.Person.id) == col(case.owner), isouter=True)
        .where(col(case.id).in_(bindparam("ids", expanding=True)))
    )


_BESIDE = _beside()
"""Built once: building it for each page took longer than the database's answer."""


def to_author(row: Any) -> AuthorView:
    return AuthorView(handle=row.handle, name=row.name, url=row.url, reach=row.reach)


# Search. -------------------------------------------------------------------------------------

# Words are bound to the stream of their escalation, ``escalation/<id>``: the id starts at 12.
_FOUND_SQLITE = """
    SELECT substr(bound_to, 12) AS id FROM words WHERE purpose = 'comment' AND number IN
    (SELECT rowid FROM words_search WHERE words_search MATCH :terms ORDER BY rowid DESC LIMIT :hits)
"""
_FOUND_POSTGRESQL = """
    SELECT substr(bound_to, 12) AS id FROM words WHERE purpose = 'comment'
    AND to_tsvector('simple', text) @@ to_tsquery('simple', :terms)
    ORDER BY number DESC LIMIT :hits
"""


def found(session: Session, q: str) -> Select[Any]:
    """The ids of escalations in whose comments all these words stand, the last as a beginning."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    terms = search_terms(q, is_sqlite=is_sqlite)
    if terms is None:
        return select(literal("")).where(literal(False))
    statement: TextualSelect = (
        text(_FOUND_SQLITE if is_sqlite else _FOUND_POSTGRESQL)
        .bindparams(terms=terms, hits=HITS)
        .columns(id=tables.Escalation.__table__.c.id.type)  # type: ignore[attr-defined]
    )
    return select(statement.subquery().c.id)


def search_terms(q: str, *, is_sqlite: bool) -> str | None:
    """What somebody typed, as the database's own query that no sign in it can break.

    None where there is nothing to look for. Each word stands quoted; a quote in it separates.
    """
    quote, also = ('"', " ") if is_sqlite else ("'", " & ")
    found = [term for term in q.split() if re.search(r"[^\W_]", term)][:TERMS]
    if not found:
        return None
    prefix = "*" if is_sqlite else ":*"
    if len(found[-1]) < PREFIX:
        prefix = ""
    bare = [re.sub(r"[\"'\\\x00]", " ", term) for term in found]
    return also.join(f"{quote}{term}{quote}" for term in bare) + prefix


# Posts and commitments. ----------------------------------------------------------------------


def posts(
    session: Session,
    actor: Actor,
    *,
    stage: str | None = None,
    escalation_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> PostPage:
    """A page of our posts, newest first."""
    check_reader(actor)
    check_stage(stage, PostStage)
    table = tables.Post
    statement = select(table).order_by(col(table.id).desc()).limit(bounded(limit) + 1)
    if stage is not None:
        statement = statement.where(col(table.stage) == stage)
    if escalation_id is not None:
        statement = statement.where(col(table.escalation_id) == escalation_id)
    if cursor:
        statement = statement.where(col(table.id) < cursors.place_of_id(cursor, "posts"))
    rows = list(session.scalars(statement))
    next_cursor = cursors.encode("posts", (rows[limit - 1].id,)) if len(rows) > limit else None
    items = post_items(session, rows[:limit], actor)
    return PostPage(items=tuple(items), next_cursor=next_cursor)


def post_items(session: Session, rows: Sequence[tables.Post], actor: Actor) -> list[PostItem]:
    """Posts as this person may see them: drafts are for insiders until they are published."""
    readable = {
        row.id
        for row in rows
        if row.published_at is not None or is_insider(actor, row.team, row.writer)
    }
    texts = words.texts(session, [row.words_id for row in rows if row.id in readable])
    table = tables.Delivery
    found = session.scalars(select(table).where(col(table.post_id).in_([row.id for row in rows])))
    deliveries = {delivery.post_id: delivery for delivery in found}
    items = []
    for row in rows:
        delivery = deliveries.get(row.id)
        items.append(
            PostItem(
                **row.model_dump(exclude={"words_id", "is_open"}),
                text=texts.get(row.words_id) if row.id in readable else None,
                external_id=delivery.external_id if delivery else None,
                url=delivery.url if delivery else None,
            )
        )
    return items


def commitments(
    session: Session,
    actor: Actor,
    at: datetime,
    *,
    stage: str | None = None,
    accountable: str | None = None,
    escalation_id: str | None = None,
    whose: ColumnElement[bool] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> CommitmentPage:
    """A page of our promises, the one that is due first at the top. ``whose``: see
    ``promises.Whose``."""
    check_reader(actor)
    check_stage(stage, CommitmentStage)
    table = tables.Commitment
    statement = select(table).order_by(col(table.due_at), col(table.id)).limit(bounded(limit) + 1)
    if stage is not None:
        statement = statement.where(col(table.stage) == stage)
    if accountable is not None:
        statement = statement.where(col(table.accountable) == accountable)
    if escalation_id is not None:
        statement = statement.where(col(table.escalation_id) == escalation_id)
    if whose is not None:
        statement = statement.where(whose)
    statement = after(statement, table.due_at, table.id, "promises", cursor)
    rows = list(session.scalars(statement))
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = cursors.encode("promises", (last.due_at, last.id))
    items = commitment_items(session, rows[:limit], at)
    return CommitmentPage(items=tuple(items), next_cursor=next_cursor)


def commitment_items(
    session: Session, rows: Sequence[tables.Commitment], at: datetime
) -> list[CommitmentItem]:
    """Promises as they are shown; they were published, so every reader sees their words."""
    texts = words.texts(session, [row.words_id for row in rows])
    return [
        CommitmentItem(
            **row.model_dump(
                exclude={"words_id", "is_open", "link", "is_renegotiated", "first_due_at"}
            ),
            first_due_at=row.first_due_at or row.due_at,
            sentence=texts.get(row.words_id),
            is_late=row.is_open and row.due_at < at,
        )
        for row in rows
    ]


def author_of(session: Session, escalation_id: str) -> str | None:
    """The id of the person whose open escalation this is; None where it is not open."""
    row = tables.Escalation
    statement = (
        select(col(tables.Conversation.author_id))
        .join(row, col(row.conversation_id) == col(tables.Conversation.id))
        .where(col(row.id) == escalation_id, col(row.is_open))
    )
    return session.scalars(statement).first()


TALKS = 50
"""Conversations of one author that are looked at for their other escalations, the newest."""


def others_of_author(
    session: Session, actor: Actor, escalation_id: str, at: datetime, most: int = 10
) -> list[EscalationItem]:
    """What else the author of an escalation has said, the newest first.

    Comments and outcomes, which every reader may see; nothing that only insiders do.
    """
    check_reader(actor)
    case, talk = tables.Escalation, tables.Conversation
    author = (
        select(col(talk.author_id))
        .join(case, col(case.conversation_id) == col(talk.id))
        .where(col(case.id) == escalation_id)
        .scalar_subquery()
    )
    talks = (
        select(col(talk.id)).where(col(talk.author_id) == author)
        .order_by(col(talk.id).desc()).limit(TALKS)
    )  # fmt: skip
    rows = session.scalars(
        select(case)
        .where(col(case.conversation_id).in_(talks), col(case.id) != escalation_id)
        .order_by(col(case.id).desc())
        .limit(most)
    )
    return escalation_items(session, list(rows), at)


def recent_replies(session: Session, most: int, *, not_of: str) -> list[tuple[str, str]]:
    """Post id and text of the organisation's latest published replies, newest first, without
    those of one escalation and of matters: going on with one's own words is no template, and the
    answer of a matter says openly that it is the same for many."""
    post = tables.Post
    statement = (
        select(col(post.id), col(tables.Words.text))
        .join(tables.Words, col(tables.Words.id) == col(post.words_id))
        .where(
            col(post.published_at).is_not(None),
            col(post.escalation_id) != not_of,
            col(post.matter_id).is_(None),
        )
        .order_by(col(post.published_at).desc())
        .limit(most)
    )
    return [(row.id, row.text) for row in session.execute(statement)]
