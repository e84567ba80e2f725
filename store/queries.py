"""The lists that pages and JSON show: the queue, posts, commitments, and the search.

Each page takes a handful of statements, however long it is, and goes on by keyset: the indexes
that carry it are named in ``tables``. The detail of one case is in ``store.details``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypedDict, Unpack

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    TextualSelect,
    bindparam,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)
from sqlmodel import Session, col

from domain.commitment import CommitmentStage
from domain.errors import Forbidden, Invalid
from domain.escalation import Stage
from domain.people import Actor, Role
from domain.post import PostStage
from store import cursors, tables, words
from store.statements import ask, dialect_of, plain
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
"""A search looks at this many comments, the newest that match, and at as many cases of authors: a
word that stands in a million comments is answered as fast as a rare one."""

PREFIX = 3
"""Letters from which on the last word is a beginning: a single one begins half of all words."""

ID_PREFIX = 6
"""Characters from which on a word may be the beginning of an id: fewer stand for months of ids."""

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
    chosen = choose(session, at, cursor=cursor, most=bounded(limit) + 1, **wanted)
    rows = ask(session, chosen.statement, **chosen.values).all()
    rows, is_more = rows[:limit], len(rows) > limit
    next_cursor = None
    if is_more and stage == Stage.CLOSED:
        next_cursor = cursors.encode("closed", (rows[-1].id,))
    elif is_more:
        next_cursor = cursors.encode("due", (rows[-1].sort_at, rows[-1].id))
    items = escalation_items(session, [row.id for row in rows], at)
    return EscalationPage(items=tuple(items), next_cursor=next_cursor)


def of_these(
    session: Session, actor: Actor, at: datetime, ids: Sequence[str], **wanted: Unpack[Wanted]
) -> list[EscalationItem]:
    """Those of these escalations that are in a view, in no order."""
    check_reader(actor)
    parts = _parts(session, at, None, wanted) | {"ids": list(ids)}
    found = ask(session, _choosing(tuple(parts)), **parts).scalars().all()
    return escalation_items(session, found, at)


def counts(
    session: Session, at: datetime, most: int, views: Mapping[str, Wanted]
) -> dict[str, int]:
    """How many escalations are in each of these views of what is open, as far as it is worth
    counting; in one statement, or in two where what they share chooses many."""
    asked = {name: _parts(session, at, None, wanted) for name, wanted in views.items()}
    shapes = tuple((name, tuple(values)) for name, values in asked.items())
    values = {
        f"{name}_{part}": value for name, parts in asked.items() for part, value in parts.items()
    }
    if shared := _shared(list(asked.values())):
        among = _counting_among(tuple(shared), shapes)
        found = ask(session, among, **shared, **values, most=most + 1).one()
        if found[0] <= most:
            return dict(zip(views, found[1:], strict=True))
    row = ask(session, _counting(shapes), **values, most=most).one()
    return dict(zip(views, row, strict=True))


def counts_found(
    session: Session, at: datetime, q: str, views: Mapping[str, Wanted]
) -> tuple[dict[str, int], bool]:
    """How many of those that this search finds are in each of these views of what is open, and
    whether these are all there are: a search that reached its bound knows of no others."""
    counting, values = counting_found(session, at, q, views)
    if "nothing" in values:
        return dict.fromkeys(views, 0), True
    row = ask(session, counting, **values).one()
    return dict(zip(views, row[1:], strict=True)), (row[0] or 0) < HITS


def counting_found(
    session: Session, at: datetime, q: str, views: Mapping[str, Wanted]
) -> tuple[Select[Any], dict[str, Any]]:
    """What the database is asked for these counts; tests look at its plan."""
    values, shapes = _sought(dialect_of(session), q), []
    for name, wanted in views.items():
        parts = _parts(session, at, None, {**wanted, "q": None})
        shapes.append((name, tuple(parts)))
        values |= {f"{name}_{part}": value for part, value in parts.items()}
    return _counting_found(dialect_of(session), tuple(shapes)), values


def _shared(views: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What all these views want alike."""
    first, *others = views
    return {
        part: value
        for part, value in first.items()
        if part in _EQUAL and all(other.get(part) == value for other in others)
    }


class Chosen(NamedTuple):
    """Rows of the queue: what finds ``id``, ``sort_at`` and ``due_at`` of each in the order of
    their view, and the values that it is asked with."""

    statement: Select[Any]
    values: dict[str, Any]


def choose(
    session: Session,
    at: datetime,
    *,
    most: int,
    cursor: str | None = None,
    **wanted: Unpack[Wanted],
) -> Chosen:
    """What the database is asked for a view of the queue; tests look at its plan."""
    values = _parts(session, at, cursor, wanted)
    return Chosen(_choosing(tuple(values)), values | {"most": most})


_EQUAL = ("owner", "team", "channel", "priority", "language")


def _parts(session: Session, at: datetime, cursor: str | None, wanted: Wanted) -> dict[str, Any]:
    """What is wanted of the queue: the parts of the statement that finds it, with their values.

    Two that want the same things have the same parts, whatever the values.
    """
    asked = ((name, wanted.get(name)) for name in (*_EQUAL, "waiting"))
    parts: dict[str, Any] = {name: value for name, value in asked if value is not None}
    if (q := wanted.get("q")) is not None:
        dialect = dialect_of(session)
        sought = _sought(dialect, q)
        parts |= sought if "nothing" in sought else {dialect: None} | sought
    stage, late = wanted.get("stage"), wanted.get("late")
    if stage == Stage.CLOSED:
        parts["closed"] = True
    elif stage is not None:
        parts["stage"] = stage
    before = at if late else wanted.get("before")
    if stage == Stage.CLOSED:
        if late:
            parts["nothing"] = None
        if cursor:
            parts["after_id"] = cursors.place_of_id(cursor, "closed")
        return parts
    if before:
        parts["before"] = before
    if cursor:
        parts["after_at"], parts["after_id"] = cursors.place_of_moment(cursor, "due")
    return parts


_CASES = plain(tables.Escalation).c


@lru_cache(maxsize=256)
def _choosing(parts: tuple[str, ...], prefix: str = "") -> Select[Any]:
    """The statement that has these parts. Built once for all that want the same: building it took
    longer than the database's answer."""

    statement = select(_CASES.id, _CASES.sort_at, _CASES.due_at)
    # The partial indexes are used only where the condition is spelt as theirs is.
    kept = _CASES.stage == Stage.CLOSED if "closed" in parts else _CASES.is_open
    statement = statement.where(kept, *_conditions(_CASES, parts, prefix))
    if "ids" in parts:
        return statement
    order = (_CASES.id.desc(),) if "closed" in parts else (_CASES.sort_at, _CASES.id)
    return statement.order_by(*order).limit(bindparam("most", type_=Integer()))


def _conditions(cases: Any, parts: tuple[str, ...], prefix: str) -> list[ColumnElement[bool]]:
    """What these parts ask of each row with these columns, beside whether it is open."""

    def value(part: str, **how: Any) -> BindParameter[Any]:
        return bindparam(prefix + part, **how)

    def condition(part: str) -> Any:
        match part:
            case "waiting":
                return cases.is_waiting == value(part)
            case "sqlite" | "postgresql":
                return cases.id.in_(select(_found(part).subquery().c.id))
            case "nothing":
                return literal(False)
            case "ids":
                return cases.id.in_(value(part, expanding=True))
            case "before":
                return cases.sort_at < value(part)
            case "after_at":
                place = (value(part, type_=UtcDateTime()), value("after_id", type_=Text()))
                return tuple_(cases.sort_at, cases.id) > tuple_(*place)
            case "after_id":
                return cases.id < value(part) if "after_at" not in parts else None
            case "closed" | "terms" | "names" | "first_id" | "last_id" | "exact":
                return None
            case _:
                return cases[part] == value(part)

    return [found for part in parts if (found := condition(part)) is not None]


@lru_cache(maxsize=256)
def _counting_among(
    shared: tuple[str, ...], shapes: tuple[tuple[str, tuple[str, ...]], ...]
) -> Select[Any]:
    """How many open escalations there are of what all views want alike, and how many of them are in
    each view: read once, by the index that finds the few of one channel or language."""
    views = {name: tuple(p for p in parts if p not in shared) for name, parts in shapes}
    asked = {part for parts in views.values() for part in parts} & set(_EQUAL)
    columns = [_CASES[name] for name in sorted({"id", "sort_at", "stage", "is_waiting", *asked})]
    some = _choosing(shared).with_only_columns(*columns).subquery()
    counted = [
        func.count().filter(true(), *_conditions(some.c, parts, f"{name}_")).label(name)
        for name, parts in views.items()
    ]
    return select(func.count()).add_columns(*counted).select_from(some)


@lru_cache(maxsize=256)
def _counting(shapes: tuple[tuple[str, tuple[str, ...]], ...]) -> Select[Any]:
    """How many rows each of these views has. They are counted in the order of the view: without it
    SQLite takes an index that has the closed ones in it as well."""
    asked = []
    for name, parts in shapes:
        some = _choosing(parts, f"{name}_").with_only_columns(_CASES.id).subquery()
        asked.append(select(func.count()).select_from(some).scalar_subquery().label(name))
    return select(*asked)


@lru_cache(maxsize=256)
def _counting_found(dialect: str, shapes: tuple[tuple[str, tuple[str, ...]], ...]) -> Select[Any]:
    """How many a search has found by the way that found most, and how many are in each view: it
    is made once for all of them."""
    some = _found(dialect).cte("found").prefix_with("MATERIALIZED")
    ways = select(func.count().label("number")).select_from(some).group_by(some.c.how).subquery()
    counted = [
        func.count().filter(true(), *_conditions(_CASES, parts, f"{name}_")).label(name)
        for name, parts in shapes
    ]
    return (
        select(select(func.max(ways.c.number)).scalar_subquery(), *counted)
        .select_from(plain(tables.Escalation))
        .where(_CASES.is_open, _CASES.id.in_(select(some.c.id)))
    )


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


def escalation_items(session: Session, ids: Sequence[str], at: datetime) -> list[EscalationItem]:
    """Rows of the queue as they are shown, in this order, in one statement for all of them."""
    if not ids:
        return []
    found = {row.id: row for row in ask(session, _ITEMS, ids=list(ids))}
    return [_item(found[one], at) for one in ids if one in found]


def _item(row: Any, at: datetime) -> EscalationItem:
    shown = row._asdict()
    said_by = {part: shown.pop(part) for part in ("handle", "name", "url", "reach")}
    author = AuthorView(**said_by) if said_by["handle"] is not None else None
    is_open, due_at = shown.pop("is_open"), shown["due_at"]
    is_late = is_open and due_at is not None and due_at < at
    return EscalationItem(**shown, is_late=is_late, author=author)


def _items() -> Select[Any]:
    case, first, talk = _CASES, plain(tables.Comment).c, plain(tables.Conversation).c
    author, said, owner = plain(tables.Author).c, plain(tables.Words).c, plain(tables.Person).c
    every = plain(tables.Comment).alias().c
    comments = select(func.count()).where(every.escalation_id == case.id).scalar_subquery()
    return (
        select(
            case.id, case.seq, case.stage, case.is_open, case.owner, case.team, case.channel,
            case.opened_at, case.due_at, case.outcome, case.closed_at, case.matter_id,
            case.matter_state, case.priority, case.language, first.posted_at,
            author.handle, author.name, author.url, author.reach, owner.name.label("owner_name"),
            func.coalesce(func.substr(said.text, 1, EXCERPT), "").label("excerpt"),
            comments.label("comments"),
        )
        .select_from(plain(tables.Escalation))
        .join(plain(tables.Comment), first.id == case.comment_id, isouter=True)
        .join(plain(tables.Conversation), talk.id == first.conversation_id, isouter=True)
        .join(plain(tables.Author), author.id == talk.author_id, isouter=True)
        .join(plain(tables.Words), said.id == first.words_id, isouter=True)
        .join(plain(tables.Person), owner.id == case.owner, isouter=True)
        .where(case.id.in_(bindparam("ids", expanding=True)))
    )  # fmt: skip


_ITEMS = _items()


def to_author(row: Any) -> AuthorView:
    return AuthorView(handle=row.handle, name=row.name, url=row.url, reach=row.reach)


# Search. -------------------------------------------------------------------------------------

# Words are bound to the stream of their escalation, ``escalation/<id>``: the id starts at 12. What
# is found is told by how: of each way there are so many at most. Of authors and of conversations
# the newest count, which their ids tell.
_SAID = {
    "sqlite": """
    SELECT substr(bound_to, 12) AS id FROM words WHERE purpose = 'comment' AND number IN
    (SELECT rowid FROM words_search WHERE words_search MATCH :terms
    ORDER BY rowid DESC LIMIT :hits)
""",
    "postgresql": """
    SELECT substr(bound_to, 12) AS id FROM words WHERE purpose = 'comment'
    AND to_tsvector('simple', text) @@ to_tsquery('simple', :terms)
    ORDER BY number DESC LIMIT :hits
""",
}
_AUTHORS = {
    "sqlite": """
    SELECT id FROM author_search WHERE author_search MATCH :names ORDER BY rowid DESC LIMIT :hits
""",
    "postgresql": """
    SELECT id FROM author WHERE to_tsvector('simple',
    translate(coalesce(name, '') || ' ' || handle, '@_.-/+#:', '        '))
    @@ to_tsquery('simple', :names) ORDER BY id DESC LIMIT :hits
""",
}
_FOUND = """
    SELECT 'said' AS how, id FROM ({said}) AS said
    UNION ALL SELECT 'author', id FROM (SELECT id FROM escalation WHERE conversation_id IN
        (SELECT id FROM conversation WHERE author_id IN ({authors})
        ORDER BY author_id DESC, id DESC LIMIT :hits) LIMIT :hits) AS by_author
    UNION ALL SELECT 'id', id FROM
        (SELECT id FROM escalation WHERE id BETWEEN :first_id AND :last_id
        ORDER BY id DESC LIMIT :hits) AS by_id
    UNION ALL SELECT 'post', escalation_id FROM
        (SELECT escalation_id FROM comment WHERE external_id = :exact LIMIT :hits) AS by_post
    UNION ALL SELECT 'url', escalation_id FROM
        (SELECT escalation_id FROM comment WHERE url = :exact LIMIT :hits) AS by_url
"""

_SOUGHT = ("terms", "names", "first_id", "last_id", "exact")
"""The values that a search is asked with."""

_ID = re.compile(rf"[0-7][0-9A-HJKMNP-TV-Z]{{{ID_PREFIX - 1},25}}")

_APART = str.maketrans(dict.fromkeys("@_.-/+#:", " "))
"""Signs that part the words of a name or handle, as the index of PostgreSQL has them."""


def found(session: Session, q: str) -> Select[Any]:
    """The ids of the escalations that a search finds: by all these words in a comment, or in the
    name and handle of its author, the last as a beginning; by their own id, or how it begins; by
    the id or the address of a comment at its channel."""
    sought = _sought(dialect_of(session), q)
    if "nothing" in sought:
        return select(literal("")).where(literal(False))
    return select(_found(dialect_of(session)).subquery().c.id).params(sought)


def _sought(dialect: str, q: str) -> dict[str, Any]:
    """What a search is asked with; that it finds nothing, where there is nothing to look for."""
    is_sqlite = dialect == "sqlite"
    terms = search_terms(q, is_sqlite=is_sqlite)
    if terms is None:
        return {"nothing": None}
    names = f"{{name handle}} : ({terms})" if is_sqlite else None
    # Whoever has the address of a case may paste it as it is.
    place = q.strip().rpartition("/")[2].upper()
    is_id = _ID.fullmatch(place) is not None
    return {
        "terms": terms,
        "names": names or search_terms(q, is_sqlite=False, apart=_APART),
        "first_id": place.ljust(26, "0") if is_id else "",
        "last_id": place.ljust(26, "Z") if is_id else "",
        "exact": q.strip().replace("\0", ""),
    }


@cache
def _found(dialect: str) -> TextualSelect:
    """What finds the ids of escalations, and how each was found; given what is sought."""
    sql = _FOUND.format(said=_SAID[dialect], authors=_AUTHORS[dialect])
    sought = [bindparam(name, type_=Text()) for name in _SOUGHT]
    return text(sql).bindparams(*sought, hits=HITS).columns(how=Text(), id=_CASES.id.type)


def search_terms(q: str, *, is_sqlite: bool, apart: Mapping[int, str] | None = None) -> str | None:
    """What somebody typed, as the database's own query that no sign in it can break.

    None where there is nothing to look for. Each word stands quoted; a quote in it separates, and
    so does each sign of ``apart``.
    """
    quote, also = ('"', " ") if is_sqlite else ("'", " & ")
    found = [term for term in q.split() if re.search(r"[^\W_]", term)][:TERMS]
    if not found:
        return None
    prefix = "*" if is_sqlite else ":*"
    if len(found[-1]) < PREFIX:
        prefix = ""
    bare = [re.sub(r"[\"'\\\x00]", " ", term).translate(apart or {}) for term in found]
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
    statement = POSTS.order_by(_POSTS.id.desc()).limit(bounded(limit) + 1)
    if stage is not None:
        statement = statement.where(_POSTS.stage == stage)
    if escalation_id is not None:
        statement = statement.where(_POSTS.escalation_id == escalation_id)
    if cursor:
        statement = statement.where(_POSTS.id < cursors.place_of_id(cursor, "posts"))
    rows = ask(session, statement).all()
    next_cursor = cursors.encode("posts", (rows[limit - 1].id,)) if len(rows) > limit else None
    items = post_items(session, rows[:limit], actor)
    return PostPage(items=tuple(items), next_cursor=next_cursor)


_POSTS, _DELIVERED = plain(tables.Post).c, plain(tables.Delivery).c
POSTS = select(plain(tables.Post), _DELIVERED.external_id, _DELIVERED.url).join(
    plain(tables.Delivery), _DELIVERED.post_id == _POSTS.id, isouter=True
)
"""Our posts, each with where it is to be found."""


def post_items(session: Session, rows: Sequence[Row[Any]], actor: Actor) -> list[PostItem]:
    """Posts as this person may see them: drafts are for insiders until they are published. The
    rows are some of ``POSTS``."""
    readable = {
        row.id
        for row in rows
        if row.published_at is not None or is_insider(actor, row.team, row.writer)
    }
    texts = words.texts(session, [row.words_id for row in rows if row.id in readable])
    return [
        PostItem(**row._asdict(), text=texts.get(row.words_id) if row.id in readable else None)
        for row in rows
    ]


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
    ids = ask(session, _OTHERS, escalation_id=escalation_id, most=most).scalars().all()
    return escalation_items(session, ids, at)


def _others() -> Select[Any]:
    talk = plain(tables.Conversation).c
    author = (
        select(talk.author_id)
        .join(plain(tables.Escalation), _CASES.conversation_id == talk.id)
        .where(_CASES.id == bindparam("escalation_id"))
        .scalar_subquery()
    )
    talks = select(talk.id).where(talk.author_id == author).order_by(talk.id.desc()).limit(TALKS)
    return (
        select(_CASES.id)
        .where(_CASES.conversation_id.in_(talks), _CASES.id != bindparam("escalation_id"))
        .order_by(_CASES.id.desc())
        .limit(bindparam("most", type_=Integer()))
    )


_OTHERS = _others()


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
