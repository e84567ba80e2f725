"""The inbox: from here on a comment is never lost, even with Temporal away.

In one transaction a comment is stored, its conversation is locked, and the one open escalation of
that conversation is found or named. What is left is to hand each arrival over to its workflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from domain.base import Words as WordsRef
from domain.comments import Incoming
from store import tables, words
from store.database import Database
from store.statements import THIS, dialect_of, insert_into, plain, update_of

CHUNK = 500
"""Rows of one statement: far below SQLite's 32,766 and PostgreSQL's 65,535 parameters."""


class Result(StrEnum):
    OPENED = "opened"
    JOINED = "joined"
    REPEATED = "repeated"
    REVISED = "revised"
    REMOVED = "removed"


@dataclass(frozen=True)
class Receipt:
    """What became of one incoming comment; ``arrival_id`` is None where nothing is to be done."""

    result: Result
    escalation_id: str
    comment_id: str
    arrival_id: str | None


@dataclass(frozen=True)
class Delivery:
    """One arrival with all that its hand-over needs."""

    arrival_id: str
    escalation_id: str
    predecessor: str | None
    comment_id: str
    revision: int
    words: WordsRef
    conversation_id: str
    channel: str
    posted_at: datetime
    received_at: datetime
    is_backlog: bool
    is_removed: bool = False


@dataclass
class _Talk:
    """A conversation row while its lock is held."""

    id: str
    open_escalation_id: str | None
    is_changed: bool = False


def receive(
    database: Database, comments: Sequence[Incoming], at: datetime, *, is_backlog: bool = False
) -> list[Receipt]:
    """Store comments and answer a receipt each, in order. Repeating a call changes nothing.

    The comments must have been checked. At most a few thousand at a time: it is one transaction.
    """
    return database.write(lambda session: _receive(session, comments, at, is_backlog))


def _receive(
    session: Session, comments: Sequence[Incoming], at: datetime, is_backlog: bool
) -> list[Receipt]:
    receipts: dict[int, Receipt] = {}
    for wave in _waves(comments):
        receipts.update(_Wave(session, wave, at, is_backlog).receive())
    return [receipts[n] for n in range(len(comments))]


def _waves(comments: Sequence[Incoming]) -> list[dict[int, Incoming]]:
    """Split a list so that no comment stands twice in a part, later copies in later parts."""
    waves: list[dict[int, Incoming]] = []
    seen: dict[tuple[str, str], int] = {}
    for n, comment in enumerate(comments):
        key = (comment.channel, comment.external_id)
        depth = seen.get(key, 0)
        seen[key] = depth + 1
        if depth == len(waves):
            waves.append({})
        waves[depth][n] = comment
    return waves


class _Wave:
    """One pass over comments that are all different."""

    def __init__(
        self, session: Session, wave: dict[int, Incoming], at: datetime, is_backlog: bool
    ) -> None:
        self.session = session
        self.wave = wave
        self.at = at
        self.is_backlog = is_backlog
        self.texts: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.arrivals: list[dict[str, Any]] = []

    def receive(self) -> dict[int, Receipt]:
        authors = self._authors()
        threads = self._threads()
        talks = self._lock_conversations(authors, threads)
        known = self._known()
        receipts = {}
        for n, comment in self.wave.items():
            stored = known.get((comment.channel, comment.external_id))
            if stored is None:
                author_id = authors[comment.channel, comment.author.handle]
                talk = talks[comment.channel, threads[n], author_id]
                receipts[n] = self._new(comment, talk)
            elif stored.text in (None, comment.text) and stored.removed_at is None:
                receipts[n] = Receipt(Result.REPEATED, stored.escalation_id, stored.id, None)
            else:
                receipts[n] = self._revised(comment, stored)
        self._write(talks)
        return receipts

    def _authors(self) -> dict[tuple[str, str], str]:
        rows = {
            (c.channel, c.author.handle): {
                "id": words.new_id(),
                "channel": c.channel,
                **c.author.model_dump(),
            }
            for c in self.wave.values()
        }
        ordered = [rows[key] for key in sorted(rows)]
        _insert_missing(self.session, tables.Author, ordered, "channel", "handle")
        table = tables.Author
        found = _select_in(
            self.session,
            select(col(table.id), col(table.channel), col(table.handle)),
            (col(table.channel), col(table.handle)),
            rows,
        )
        return {(row.channel, row.handle): row.id for row in found}

    def _threads(self) -> dict[int, str]:
        """The thread of each comment: as told, or that of the comment it answers, or itself."""
        replies = {
            (c.channel, c.in_reply_to)
            for c in self.wave.values()
            if c.in_reply_to and c.conversation_id is None
        }
        table, talk = tables.Comment, tables.Conversation
        found = _select_in(
            self.session,
            select(col(table.channel), col(table.external_id), col(talk.thread)).join(
                talk, col(talk.id) == col(table.conversation_id)
            ),
            (col(table.channel), col(table.external_id)),
            replies,
        )
        threads = {(row.channel, row.external_id): row.thread for row in found}
        for c in self.wave.values():
            key = (c.channel, c.external_id)
            above = threads.get((c.channel, c.in_reply_to)) if c.in_reply_to else None
            threads[key] = c.conversation_id or above or c.in_reply_to or c.external_id
        return {n: threads[c.channel, c.external_id] for n, c in self.wave.items()}

    def _lock_conversations(
        self, authors: dict[tuple[str, str], str], threads: dict[int, str]
    ) -> dict[tuple[str, str, str], _Talk]:
        """Find or make each conversation and hold its row until the transaction ends."""
        keys = {
            (c.channel, threads[n], authors[c.channel, c.author.handle])
            for n, c in self.wave.items()
        }
        # Always locked in the same order, so that two lists cannot wait for each other.
        rows = [
            {"id": words.new_id(), "channel": a, "thread": b, "author_id": c}
            for a, b, c in sorted(keys)
        ]
        table = tables.Conversation
        _insert_missing(self.session, table, rows, "channel", "thread", "author_id")
        columns = (col(table.channel), col(table.thread), col(table.author_id))
        found = _select_in(
            self.session,
            select(col(table.id), col(table.open_escalation_id), *columns)
            .order_by(*columns)
            .with_for_update(),
            columns,
            sorted(keys),
        )
        return {
            (row.channel, row.thread, row.author_id): _Talk(row.id, row.open_escalation_id)
            for row in found
        }

    def _known(self) -> dict[tuple[str, str], Any]:
        table = tables.Comment
        keys = {(c.channel, c.external_id) for c in self.wave.values()}
        found = _select_in(
            self.session,
            select(
                col(table.id),
                col(table.channel),
                col(table.external_id),
                col(table.escalation_id),
                col(table.conversation_id),
                col(table.revision),
                col(table.removed_at),
                col(tables.Words.text),
            ).join(tables.Words, col(tables.Words.id) == col(table.words_id), isouter=True),
            (col(table.channel), col(table.external_id)),
            keys,
        )
        return {(row.channel, row.external_id): row for row in found}

    def _new(self, comment: Incoming, talk: _Talk) -> Receipt:
        result = Result.JOINED
        if talk.open_escalation_id is None:
            talk.open_escalation_id, talk.is_changed = words.new_id(), True
            result = Result.OPENED
        comment_id = words.new_id()
        escalation_id = talk.open_escalation_id
        self.comments.append(
            {
                "id": comment_id,
                "channel": comment.channel,
                "external_id": comment.external_id,
                "conversation_id": talk.id,
                "escalation_id": escalation_id,
                "words_id": self._store_text(comment.text, escalation_id),
                "revision": 1,
                "url": comment.url,
                "in_reply_to": comment.in_reply_to,
                "posted_at": comment.posted_at,
                "received_at": self.at,
                "language": comment.language,
            }
        )
        arrival_id = self._arrive(comment_id, 1, self.comments[-1]["words_id"], escalation_id)
        return Receipt(result, escalation_id, comment_id, arrival_id)

    def _revised(self, comment: Incoming, stored: Any) -> Receipt:
        """Keep both texts; an open escalation is told, a closed one is not reopened by an edit."""
        talk = self.session.get_one(
            tables.Conversation, stored.conversation_id, with_for_update=True
        )
        is_open = talk.open_escalation_id is not None
        escalation_id = talk.open_escalation_id or stored.escalation_id
        words_id = self._store_text(comment.text, escalation_id)
        revision = stored.revision + 1
        self.session.execute(
            update(tables.Comment)
            .where(col(tables.Comment.id) == stored.id)
            .values(revision=revision, words_id=words_id, removed_at=None)
        )
        handed_over_at = None if is_open else self.at
        arrival_id = self._arrive(stored.id, revision, words_id, escalation_id, handed_over_at)
        waiting = arrival_id if is_open else None
        return Receipt(Result.REVISED, escalation_id, stored.id, waiting)

    def _store_text(self, text: str, escalation_id: str) -> str:
        row = words.new_row(text, "comment", self.at, bound_to=f"escalation/{escalation_id}")
        self.texts.append(row)
        return str(row["id"])

    def _arrive(
        self,
        comment_id: str,
        revision: int,
        words_id: str,
        escalation_id: str,
        handed_over_at: datetime | None = None,
    ) -> str:
        arrival_id = words.new_id()
        self.arrivals.append(
            {
                "id": arrival_id,
                "comment_id": comment_id,
                "revision": revision,
                "words_id": words_id,
                "escalation_id": escalation_id,
                "is_backlog": self.is_backlog,
                "received_at": self.at,
                "handed_over_at": handed_over_at,
            }
        )
        return arrival_id

    def _write(self, talks: dict[tuple[str, str, str], _Talk]) -> None:
        changed = [t for t in talks.values() if t.is_changed]
        if changed:
            self.session.connection().execute(
                update_of(tables.Conversation),
                [{THIS: t.id, "open_escalation_id": t.open_escalation_id} for t in changed],
            )
        for table_type, rows in (
            (tables.Words, self.texts),
            (tables.Comment, self.comments),
            (tables.Arrival, self.arrivals),
        ):
            if rows:
                self.session.execute(insert_into(table_type), rows)


def remove(database: Database, channel: str, external_id: str, at: datetime) -> Receipt | None:
    """Note that the commenter has taken a comment back; None where there is no such comment.

    Its text stays for those who decide on it. A removal is the last revision of a comment, so it
    reaches the escalation as any other. Safe to repeat.
    """
    return database.write(lambda session: _remove(session, channel, external_id, at))


def _remove(session: Session, channel: str, external_id: str, at: datetime) -> Receipt | None:
    table = tables.Comment
    comment = session.scalars(
        select(table).where(col(table.channel) == channel, col(table.external_id) == external_id)
    ).first()
    if comment is None:
        return None
    talk = session.get_one(tables.Conversation, comment.conversation_id, with_for_update=True)
    session.refresh(comment)
    if comment.removed_at is not None:
        return Receipt(Result.REPEATED, comment.escalation_id, comment.id, None)
    comment.revision += 1
    comment.removed_at = at
    is_open = talk.open_escalation_id is not None
    escalation_id = talk.open_escalation_id or comment.escalation_id
    arrival = tables.Arrival(
        id=words.new_id(),
        comment_id=comment.id,
        revision=comment.revision,
        words_id=comment.words_id,
        escalation_id=escalation_id,
        is_removed=True,
        received_at=at,
        handed_over_at=None if is_open else at,
    )
    session.add(arrival)
    waiting = arrival.id if is_open else None
    return Receipt(Result.REMOVED, escalation_id, comment.id, waiting)


def _insert_missing(
    session: Session, table: type[SQLModel], rows: list[dict[str, Any]], *unique: str
) -> None:
    """Insert the rows that are not there yet, whoever else does the same right now."""
    if rows:
        dialect = sqlite if dialect_of(session) == "sqlite" else postgresql
        statement = dialect.insert(plain(table)).on_conflict_do_nothing(index_elements=unique)
        session.execute(statement, rows)


def _select_in(
    session: Session, statement: Any, columns: tuple[Any, ...], keys: Iterable[Any]
) -> list[Any]:
    rows: list[Any] = []
    chosen = statement.where(tuple_(*columns).in_(bindparam("keys", expanding=True)))
    for part in _chunks(list(keys)):
        rows += session.execute(chosen, {"keys": part}).all()
    return rows


def _chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _deliveries() -> Any:
    a, c = tables.Arrival, tables.Comment
    return (
        select(
            col(a.id).label("arrival_id"),
            col(a.escalation_id),
            col(a.predecessor),
            col(a.comment_id),
            col(a.revision),
            col(a.is_backlog),
            col(a.is_removed),
            col(a.received_at),
            col(c.conversation_id),
            col(c.channel),
            col(c.posted_at),
            col(tables.Words.id).label("words_id"),
            col(tables.Words.digest),
        )
        .join(c, col(c.id) == col(a.comment_id))
        .join(tables.Words, col(tables.Words.id) == col(a.words_id))
    )


def _to_delivery(row: Any) -> Delivery:
    values = row._asdict()
    words_id, digest = values.pop("words_id"), values.pop("digest")
    return Delivery(**values, words=WordsRef(id=words_id, digest=digest))


_DELIVERY = _deliveries().where(col(tables.Arrival.id) == bindparam("arrival"))
_OPENER = (
    _deliveries()
    .where(col(tables.Arrival.escalation_id) == bindparam("escalation"))
    .order_by(col(tables.Arrival.id))
    .limit(1)
)


def delivery(session: Session, arrival_id: str) -> Delivery:
    """One arrival by its id; raises NoResultFound for one that is not there."""
    return _to_delivery(session.execute(_DELIVERY, {"arrival": arrival_id}).one())


def opener(session: Session, escalation_id: str) -> Delivery:
    """The first arrival of an escalation: the same one whoever asks, so it opens one way only."""
    return _to_delivery(session.execute(_OPENER, {"escalation": escalation_id}).one())


def waiting(session: Session, limit: int, after: str = "") -> list[str]:
    """Ids of arrivals that still have to be handed over, oldest first."""
    statement = (
        select(col(tables.Arrival.id))
        .where(col(tables.Arrival.handed_over_at).is_(None), col(tables.Arrival.id) > after)
        .order_by(col(tables.Arrival.id))
        .limit(limit)
    )
    return list(session.scalars(statement))


def escalations_of(session: Session, arrival_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Arrival id and escalation id of these arrivals, oldest arrival first."""
    pairs: list[tuple[str, str]] = []
    table = tables.Arrival
    for part in _chunks(arrival_ids):
        rows = session.execute(
            select(col(table.id), col(table.escalation_id)).where(col(table.id).in_(part))
        )
        pairs += [(row.id, row.escalation_id) for row in rows]
    return sorted(pairs)


def handed_over(session: Session, arrival_ids: Sequence[str]) -> dict[str, str]:
    """Those of these arrivals that have been handed over, with the escalation each went to."""
    table = tables.Arrival
    rows = session.execute(
        select(col(table.id), col(table.escalation_id)).where(
            col(table.id).in_(arrival_ids), col(table.handed_over_at).is_not(None)
        )
    )
    return {row.id: row.escalation_id for row in rows}


def count_waiting(session: Session) -> int:
    statement = select(func.count()).where(col(tables.Arrival.handed_over_at).is_(None))
    return session.scalar(statement) or 0


_HANDED_OVER = (
    update(plain(tables.Arrival))
    .where(
        plain(tables.Arrival).c.id.in_(bindparam("arrivals", expanding=True)),
        plain(tables.Arrival).c.handed_over_at.is_(None),
    )
    .values(handed_over_at=bindparam("at"))
)


def mark_handed_over(database: Database, arrival_ids: Sequence[str], at: datetime) -> None:
    def work(session: Session) -> None:
        for part in _chunks(arrival_ids):
            session.execute(_HANDED_OVER, {"arrivals": list(part), "at": at})

    database.write(work)


def take_successor(database: Database, arrival_id: str, closed_id: str) -> str:
    """The escalation an arrival goes to now that the one it was meant for has closed.

    Names a new one where the conversation has none, and moves the arrival and its comment there.
    Safe to repeat.
    """

    def work(session: Session) -> str:
        arrival = session.get_one(tables.Arrival, arrival_id)
        comment = session.get_one(tables.Comment, arrival.comment_id)
        talk = session.get_one(tables.Conversation, comment.conversation_id, with_for_update=True)
        if arrival.escalation_id != closed_id:
            return arrival.escalation_id
        if talk.open_escalation_id in (None, closed_id):
            talk.open_escalation_id = words.new_id()
        successor = talk.open_escalation_id
        assert successor is not None
        arrival.escalation_id, arrival.predecessor = successor, closed_id
        comment.escalation_id = successor
        # Text search finds an escalation by the stream that the words of its comments are bound to.
        session.execute(
            update(tables.Words)
            .where(col(tables.Words.id) == arrival.words_id)
            .values(bound_to=f"escalation/{successor}")
        )
        return successor

    return database.write(work)
